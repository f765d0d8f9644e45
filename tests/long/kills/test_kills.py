"""A hundred kills of every part leave everything equal: the log, views, followers, and what receivers have."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.long.faults.cluster import Cluster
from tests.long.faults.conftest import ReportFigures
from tests.long.kills.campaign import KILLS, MINUTES, run_killed_deployment, run_kills
from tests.long.kills.victims import BackendVictim, PostmasterVictim, RedisVictim, Victim
from tests.servers import ServerUnavailableError

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

#: Of all kills and minutes, what an embedded server gets.
_EMBEDDED = 0.2


@pytest.fixture
def killed_redis() -> Iterator[RedisVictim]:
    try:
        victim = RedisVictim()
    except ServerUnavailableError as refusal:
        pytest.skip(str(refusal))
    yield victim
    victim.close()


def test_kills_of_every_part_of_a_deployment_lose_nothing_and_double_nothing(
    tmp_path: Path, postgres: Cluster, killed_redis: RedisVictim, rng: random.Random, report_figures: ReportFigures
) -> None:
    kills = KILLS - round(KILLS * _EMBEDDED)
    with run_killed_deployment(tmp_path, postgres.url, killed_redis.url, apis=2, workers=2) as deployed:
        parts: list[Victim] = [BackendVictim(postgres.url), PostmasterVictim(postgres), killed_redis]
        figures = run_kills(
            deployed,
            tmp_path,
            rng,
            parts,
            kills=kills,
            minutes=MINUTES * (1 - _EMBEDDED),
            database_url=postgres.url,
        )

    report_figures(**figures)


def test_kills_of_an_embedded_server_lose_nothing_and_double_nothing(
    tmp_path: Path, rng: random.Random, report_figures: ReportFigures
) -> None:
    url = f"sqlite:///{tmp_path / 'plimsoll.sqlite'}"
    with run_killed_deployment(tmp_path, url, None, apis=1, workers=0) as deployed:
        figures = run_kills(
            deployed,
            tmp_path,
            rng,
            [],
            kills=round(KILLS * _EMBEDDED),
            minutes=MINUTES * _EMBEDDED,
            database_url=None,
        )

    report_figures(**figures)
