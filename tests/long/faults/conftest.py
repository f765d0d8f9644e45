"""What a campaign found is told in figures at the end of the run, whether it passed or not."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.long.faults.cluster import Cluster, cluster
from tests.servers import ServerUnavailableError

ReportFigures = Callable[..., None]
_report_lines = pytest.StashKey[list[str]]()


@pytest.fixture
def report_figures(request: pytest.FixtureRequest) -> ReportFigures:
    """Say a figure of this campaign."""

    def say(**figures: Any) -> None:
        lines = request.config.stash.setdefault(_report_lines, [])
        lines.append(f"{request.node.name}: {json.dumps(figures, default=str)}")

    return say


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_report_lines, []):
        terminalreporter.write_line(line)


@pytest.fixture
def rng(report_figures: ReportFigures) -> random.Random:
    seed = os.environ.get("PLIMSOLL_TEST_SEED") or str(random.SystemRandom().randrange(10_000))
    report_figures(seed=seed)
    return random.Random(seed)


@pytest.fixture
def postgres() -> Iterator[Cluster]:
    """A cluster for this test alone: it will not be well treated."""
    try:
        with cluster() as (found, _):
            yield found
    except ServerUnavailableError as refusal:
        pytest.skip(str(refusal))
