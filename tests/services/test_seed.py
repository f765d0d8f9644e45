"""The demo's history holds under the rules as written, on any day, and tells its stories."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from domain.cycle.state import Closed, Running
from domain.goal.state import Ended, Promised
from services import seed
from services.imports.rows import parse_row
from services.seed.quarter import TEAM
from tests.story import Story

TODAY = date(2026, 11, 22)


def build_story(today: date) -> Story:
    """The history said act by act, each by its party, as an import does it."""
    story = Story(begins="2020-01-01")
    learnt = datetime.combine(today, datetime.min.time(), UTC)
    for number, row in enumerate(seed.rows(today), start=1):
        act = parse_row(number, msgspec.json.encode(row))
        assert act is not None
        story.says(act.by or "", act.act, on=act.ref, at=act.at, learnt=learnt, roles=frozenset({"steward"}))
    return story


@pytest.mark.parametrize("offset", [0, 1, 2, 3, 4, 5, 6, 100, 200, 463])
def test_every_row_is_accepted_whatever_the_day_of_the_demo(offset: int) -> None:
    today = TODAY + timedelta(days=offset)

    story = build_story(today)

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
    story = build_story(TODAY)

    report = story.state("settlement-report")
    assert isinstance(report, Promised)
    assert report.terms_version == 2
    assert report.lapsed_at is None

    shard = story.state("shard-orders")
    assert isinstance(shard, Promised)
    assert shard.confidence == "0.45"
    assert len(shard.needs) == 1


# --- the framework ---------------------------------------------------------------------------------------------------


def test_checkouts_charter_was_made_by_a_decision_that_an_objection_changed() -> None:
    story = build_story(TODAY)
    charter, decision = story.state("checkout", "charter"), story.state("checkout-purpose", "decision")

    assert charter.purpose.decision == story.id("checkout-purpose", "decision")
    assert charter.in_force_since is not None
    assert 4 == len(charter.non_negotiables_in_force)
    assert (True, "consent", True) == (
        decision.decided.in_favour,
        decision.decided.by,
        decision.decided.inside_time_box,
    )
    assert [story.id("dario")] == [o.by for o in decision.objections]
    assert ([], 1) == (list(charter.breaches), charter.breaches_repaired)


def test_one_member_has_not_acknowledged_what_was_worded_anew() -> None:
    story = build_story(TODAY)
    (answered,) = [n for n in story.state("checkout", "charter").non_negotiables_in_force if n.ref == "answered"]

    assert 2 == answered.version
    missing = {story.id(who) for who in TEAM} - {said.member for said in answered.acknowledged}
    assert {story.id("dario")} == missing


def test_the_revised_purpose_is_affirmed_by_one_team_renegotiated_by_another_and_met_with_silence_once() -> None:
    story = build_story(TODAY)
    purpose = story.state("organisation", "charter").purpose

    def affirmed(goal: str) -> bool:
        return bool(story.state(goal).links[0].affirmed_at > purpose.since)

    assert 2 == purpose.version
    assert [True, True, False] == [affirmed(goal) for goal in ("open-figures", "night-batch", "status-page")]
    assert [1, 2, 1] == [story.state(goal).terms_version for goal in ("open-figures", "night-batch", "status-page")]


@pytest.mark.parametrize("offset", [0, 1, 2, 3, 4, 5, 6, 200])
def test_the_last_quarter_is_closed_with_every_goal_decided_and_its_open_improvements_run_on(offset: int) -> None:
    story = build_story(TODAY + timedelta(days=offset))
    last, now = story.state("checkout-last", "cycle"), story.state("checkout-now", "cycle")

    assert isinstance(last, Closed)
    assert {"carried_on": 4, "renegotiated": 1, "dropped": 1, None: 2} == Counter(g.how for g in last.at_close)
    assert {"satisfied", "broken", "active"} <= {g.state for g in last.at_close}
    assert isinstance(now, Running)
    assert {"carried": 2, "new": 1} == Counter("carried" if i.carried else "new" for i in now.improvements)
    assert 5 == len(now.goals)
    assert {"broken", None} == {lesson.ended for lesson in now.learned}


def test_a_need_was_answered_and_another_is_overdue() -> None:
    story = build_story(TODAY)

    assert () == story.state("open-figures").needs
    (waiting,) = story.state("night-batch").needs
    assert (story.id("omar"), True) == (waiting.addressee, waiting.answer_by < TODAY)


def test_a_decision_ran_out_of_time_and_another_runs() -> None:
    story = build_story(TODAY)

    assert "fallback" == story.state("dashboards-home", "decision").decided.by
    assert "open" == story.state("which-can-wait", "decision").state
