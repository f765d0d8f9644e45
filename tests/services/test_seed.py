"""The demo's history holds under the rules as written, on any day, and tells its stories."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from domain.goal.state import Ended, Promised
from services import seed
from services.import_rows import row_of
from tests.story import Story

TODAY = date(2026, 11, 22)


def told(today: date) -> Story:
    """The history said act by act, each by its party, as an import does it."""
    story = Story(begins="2020-01-01")
    learnt = datetime.combine(today, datetime.min.time(), UTC)
    for number, row in enumerate(seed.rows(today), start=1):
        act = row_of(number, msgspec.json.encode(row))
        assert act is not None
        story.says(act.by, act.act, on=act.ref, at=act.at, learnt=learnt, roles=frozenset({"steward"}))
    return story


@pytest.mark.parametrize("offset", [0, 1, 2, 3, 4, 5, 6, 100, 200, 463])
def test_every_row_is_accepted_whatever_the_day_of_the_demo(offset: int) -> None:
    today = TODAY + timedelta(days=offset)

    story = told(today)

    states = [story.state(f"{team}-1-{owner}") for owner, (_, team, _) in seed.MEMBERS.items() if team]
    assert all(isinstance(state, Ended) for state in states if state is not None)


def test_the_same_day_tells_the_same_history() -> None:
    assert seed.rows(TODAY) == seed.rows(TODAY)


def test_the_history_is_as_large_as_promised() -> None:
    rows = seed.rows(TODAY)
    did = Counter(row["do"] for row in rows)

    assert did["team.create"] >= 3
    assert did["goal.offer"] + did["goal.request"] >= 40
    assert date.fromisoformat(rows[0]["at"][:10]) <= TODAY - timedelta(days=728)
    assert all(row["at"][:10] < TODAY.isoformat() for row in rows)


def test_a_renegotiation_in_time_and_one_late_end_are_both_there() -> None:
    story = told(TODAY)

    report = story.state("settlement-report")
    assert isinstance(report, Promised)
    assert report.terms_version == 2
    assert report.lapsed_at is None

    shard = story.state("shard-orders")
    assert isinstance(shard, Promised)
    assert shard.confidence == "0.45"
    assert len(shard.needs) == 1
