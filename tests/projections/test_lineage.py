"""Up and down: what led to a change, what it led to, and what became of each link that it left unaffirmed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest

from domain.charter.acts import AdoptPurpose, ProposePurpose
from domain.decision.acts import Consent, DecisionSubjectInput, Open
from domain.decision.events import Fallback
from domain.goal import acts
from domain.terms import SupportInput
from projections.database.database import Database
from projections.lineage import links as lineage_links
from projections.lineage.downstream import Consequence, find_purpose_consequences
from projections.lineage.goal_links import load_goal_links
from projections.lineage.links import LinkStatement, MaterialChange
from projections.lineage.why import Why, explain_field
from projections.sight import EVERYTHING
from tests.domain.charters import adopt_dated_purpose
from tests.projections.conftest import ProjectStory
from tests.projections.test_drift import promise_goal
from tests.spec import Story, instant
from tests.spec import why as because

CORE = SupportInput(purpose="core")


def move_due_date(story: Story, goal: str, at: str, due: date, by: str, trigger: str = "other") -> Story:
    """A due date proposed at 09:00 and accepted by sam at 10:00."""
    change = acts.ProposeChange(changes=acts.Changes(due=due), reason=because(), trigger=trigger)  # type: ignore[arg-type]
    story.says(by, change, on=goal, at=f"{at}T09:00")
    story.says("sam", acts.AcceptChange(), on=goal, at=f"{at}T10:00")
    return story


def story_with_chain() -> Story:
    """The purpose of core; lea's `top` serves it, ben's `middle` supports that, ana's `goal` supports `middle`."""
    story = promise_goal(adopt_dated_purpose(Story()), "top", owner="lea", due=date(2026, 9, 30), supports=[CORE])
    promise_goal(story, "middle", owner="ben", due=date(2026, 8, 31), supports=["top"])
    return promise_goal(story, due=date(2026, 7, 31), supports=["middle"])


def story_with_revised_purpose() -> Story:
    """The purpose is revised; top moves because of it, middle because of top, goal because of middle."""
    story = adopt_dated_purpose(story_with_chain(), "2026-04-01", text="Nobody waits")
    move_due_date(story, "top", "2026-04-02", date(2026, 9, 1), "lea", "purpose")
    move_due_date(story, "middle", "2026-04-03", date(2026, 8, 3), "ben", "parent")
    return move_due_date(story, "goal", "2026-04-06", date(2026, 7, 1), "ana", "parent")


def ask_why(
    database: Database, project: ProjectStory, story: Story, goal: str, field: str = "due", **as_of: Any
) -> Why:
    return explain_field(database, project(story, **as_of), story.id(goal, "goal"), field, sight=EVERYTHING)


def list_outcomes(story: Story, told: list[Consequence]) -> list[tuple[int, str, str, str | None]]:
    names = {story.id(name, "goal"): name for name in ("top", "middle", "goal", "other", "third")}
    return [(c.depth, names[c.goal], c.became, c.because) for c in told]


# --- up --------------------------------------------------------------------------------------------------------------


def test_what_led_to_a_change_is_told_up_to_the_purpose(database: Database, project: ProjectStory) -> None:
    story = story_with_revised_purpose()

    upstream = ask_why(database, project, story, "goal").upstream

    ids = {story.id(name, "goal"): name for name in ("top", "middle", "goal")}
    assert [
        (1, "goal", "goal", "middle", "trigger"),
        (2, "middle", "goal", "top", "trigger"),
        (3, "top", "purpose", None, "trigger"),
    ] == [(up.depth, ids[up.below], up.kind, ids[up.goal] if up.goal else None, up.because) for up in upstream]
    assert all(up.caused for up in upstream)
    purpose = upstream[-1]
    assert (story.id("core", "charter"), 2, "Nobody waits", story.last_event("core", "charter").event_id) == (
        purpose.charter,
        purpose.version,
        purpose.title,
        purpose.changed_by,
    )
    assert purpose.text is not None
    assert purpose.text.startswith("Lea revised the purpose, now version 2")
    assert "Sam accepted the change: the due date moves from 2026-09-30 to 2026-09-01" in (upstream[1].text or "")


def test_the_decision_that_adopted_a_purpose_stands_behind_it(database: Database, project: ProjectStory) -> None:
    # given a purpose that ana and lea adopt by consent
    story = Story()
    words = ProposePurpose(
        of="core", text="Nobody waits", to_team="Pride", to_clients="Trust", to_organisation="Growth"
    )
    [proposed] = story.says("ana", words, on="core", at="2026-01-12")
    story.says(
        "ana",
        Open(
            question="Is this why we are here?",
            options=["Yes", "As it is"],
            deciders=["ana", "lea"],
            deadline=instant("2026-01-16"),
            fallback=Fallback(rule="status_quo"),
            team="core",
            status_quo="o2",
            about=DecisionSubjectInput(proposal=str(proposed.event_id)),
        ),
        at="2026-01-13",
    )
    for who in ("ana", "lea"):
        story.says(who, Consent(option="o1"), at="2026-01-14")
    decided = story.last_event("decision", "decision")
    story.says("lea", AdoptPurpose(proposal=str(proposed.event_id), decision="decision"), on="core", at="2026-01-15")
    promise_goal(story, supports=[CORE])

    # when
    purpose, decision = ask_why(database, project, story, "goal").upstream

    # then
    assert ("purpose", False, 1) == (purpose.kind, purpose.caused, purpose.version)
    assert ("decision", story.id("decision", "decision"), purpose.charter, True, "causation") == (
        decision.kind,
        decision.decision,
        decision.below,
        decision.caused,
        decision.because,
    )
    assert ("Is this why we are here?", decided.event_id) == (decision.title, decision.changed_by)


def test_a_purpose_that_was_let_go_because_it_changed_stands_above_that(
    database: Database, project: ProjectStory
) -> None:
    story = adopt_dated_purpose(story_with_chain(), "2026-04-01", text="Nobody waits")
    unlink = acts.Unlink(supports=[CORE], reason=because("purpose_changed"))
    story.says("lea", unlink, on="top", at="2026-04-02")

    [purpose] = ask_why(database, project, story, "top", "supports").upstream

    assert ("purpose", True, "trigger", 2) == (purpose.kind, purpose.caused, purpose.because, purpose.version)


def test_rings_of_causes_come_to_an_end(database: Database, project: ProjectStory) -> None:
    story = story_with_revised_purpose()
    ring = acts.ProposeChange(
        changes=acts.Changes(supports=[SupportInput(goal="goal")]), reason=because(), trigger="parent"
    )
    story.says("lea", ring, on="top", at="2026-04-07T09:00")
    story.says("sam", acts.AcceptChange(), on="top", at="2026-04-07T10:00")

    answer = ask_why(database, project, story, "top", "supports")

    assert [1, 2, 3] == sorted({up.depth for up in answer.upstream})
    assert not answer.more


# --- down ------------------------------------------------------------------------------------------------------------


def test_what_a_change_led_to_is_told_down_to_the_last_goal(database: Database, project: ProjectStory) -> None:
    story = story_with_revised_purpose()

    downstream = ask_why(database, project, story, "top").downstream

    assert [(1, "middle", "renegotiated", "trigger"), (2, "goal", "renegotiated", "trigger")] == list_outcomes(
        story, downstream
    )
    assert [story.last_event(name).event_id for name in ("middle", "goal")] == [c.by for c in downstream]
    assert [story.last_event(name).event_id for name in ("top", "middle")] == [c.event for c in downstream]


def test_each_link_below_tells_what_became_of_it(database: Database, project: ProjectStory) -> None:
    story = promise_goal(adopt_dated_purpose(Story()), "top", owner="lea", due=date(2026, 9, 30), supports=[CORE])
    for goal, owner in (("middle", "ben"), ("goal", "ana"), ("other", "ana"), ("third", "ben")):
        promise_goal(story, goal, owner=owner, due=date(2026, 7, 31), supports=["top"])
    move_due_date(story, "top", "2026-04-02", date(2026, 9, 1), "lea")
    story.says("ben", acts.AffirmLink(supports=[SupportInput(goal="top")]), on="middle", at="2026-04-03")
    story.says("ana", acts.Unlink(supports=[SupportInput(goal="top")], reason=because()), on="goal", at="2026-04-04")
    story.says("sam", acts.Cancel(reason=because()), on="other", at="2026-04-05")

    soon = ask_why(database, project, story, "top", as_of=date(2026, 4, 10)).downstream
    late = ask_why(database, project, story, "top", as_of=date(2026, 4, 17)).downstream

    expected = {("middle", "affirmed"), ("goal", "unlinked"), ("other", "ended"), ("third", "waiting")}
    assert [expected] * 2 == [{(name, how) for _, name, how, _ in list_outcomes(story, told)} for told in (soon, late)]
    waiting = [next(c for c in told if c.became == "waiting") for told in (soon, late)]
    until = instant("2026-04-02T10:00") + timedelta(days=14)
    assert [(until, False), (until, True)] == [(c.until, c.overdue) for c in waiting]
    assert not any(c.overdue for c in soon)


def test_an_answer_after_the_window_stays_overdue(database: Database, project: ProjectStory) -> None:
    story = move_due_date(story_with_chain(), "middle", "2026-04-02", date(2026, 8, 3), "ben")
    story.says("ana", acts.AffirmLink(supports=[SupportInput(goal="middle")]), at="2026-04-30")

    [told] = ask_why(database, project, story, "middle").downstream

    assert ("affirmed", True, instant("2026-04-30")) == (told.became, told.overdue, told.at)


def test_who_did_not_support_it_then_is_not_among_them(database: Database, project: ProjectStory) -> None:
    story = move_due_date(story_with_chain(), "top", "2026-04-02", date(2026, 9, 1), "lea")
    promise_goal(story, "other", owner="ana", at="2026-04-03T09:00", supports=["top"])

    assert [(1, "middle", "waiting", None)] == list_outcomes(story, ask_why(database, project, story, "top").downstream)


def test_who_had_ended_before_it_or_answers_at_that_very_instant_does_not_wait(
    database: Database, project: ProjectStory
) -> None:
    story = promise_goal(story_with_chain(), "other", owner="ana", supports=["middle"])
    story.says("sam", acts.Cancel(reason=because()), on="other", at="2026-04-01")
    move_due_date(story, "middle", "2026-04-02", date(2026, 8, 3), "ben")
    story.says("ana", acts.AffirmLink(supports=[SupportInput(goal="middle")]), at="2026-04-02T10:00")

    assert [(1, "goal", "affirmed", None)] == list_outcomes(
        story, ask_why(database, project, story, "middle").downstream
    )


def test_a_renegotiation_that_names_no_cause_ends_the_chain(database: Database, project: ProjectStory) -> None:
    story = move_due_date(story_with_chain(), "top", "2026-04-02", date(2026, 9, 1), "lea")
    move_due_date(story, "middle", "2026-04-03", date(2026, 8, 3), "ben", "blocker")

    assert [(1, "middle", "renegotiated", None)] == list_outcomes(
        story, ask_why(database, project, story, "top").downstream
    )
    assert [False] == [up.caused for up in ask_why(database, project, story, "middle").upstream]


def test_what_happened_above_after_the_proposal_did_not_lead_to_it(database: Database, project: ProjectStory) -> None:
    # given a proposal set off by the parent's first move, accepted after its second
    story = move_due_date(story_with_chain(), "top", "2026-04-02", date(2026, 9, 1), "lea")
    first = story.last_event("top").event_id
    change = acts.ProposeChange(changes=acts.Changes(due=date(2026, 8, 3)), reason=because(), trigger="parent")
    story.says("ben", change, on="middle", at="2026-04-03T09:00")
    move_due_date(story, "top", "2026-04-03", date(2026, 9, 8), "lea")
    story.says("sam", acts.AcceptChange(), on="middle", at="2026-04-03T11:00")

    # then
    nearest = [c for c in ask_why(database, project, story, "top").downstream if c.depth == 1]
    assert [(first, "trigger"), (story.last_event("top").event_id, None)] == [(c.event, c.because) for c in nearest]
    [up] = ask_why(database, project, story, "middle").upstream
    assert (first, "trigger") == (up.changed_by, up.because)


def test_an_act_that_names_an_event_above_goes_before_what_its_trigger_would_mean() -> None:
    first, last = (MaterialChange(uuid5(NAMESPACE_OID, name), at, "due") for name, at in (("first", 1), ("last", 2)))
    said: dict[str, Any] = {
        "goal": first.event_id,
        "parent": first.event_id,
        "purpose": False,
        "event_id": last.event_id,
        "at": 4,
        "affirmed": True,
        "how": "renegotiated",
        "trigger": "parent",
        "said_at": 3,
    }

    assert (first, "causation") == LinkStatement(**said, cause=first.event_id).find_cause([first, last])
    assert (last, "trigger") == LinkStatement(**said, cause=None).find_cause([first, last])
    assert LinkStatement(**{**said, "trigger": "purpose"}, cause=None).find_cause([first, last]) is None


def test_only_the_asked_fields_changes_are_followed(database: Database, project: ProjectStory) -> None:
    story = move_due_date(story_with_chain(), "top", "2026-04-02", date(2026, 9, 1), "lea")

    assert [] == ask_why(database, project, story, "top", "owner").downstream
    assert 1 == len(ask_why(database, project, story, "top", "due").downstream)


def test_the_end_of_a_goal_is_told_to_those_who_supported_it(database: Database, project: ProjectStory) -> None:
    story = story_with_chain()
    story.says("sam", acts.Cancel(reason=because()), on="middle", at="2026-04-02")

    assert [(1, "goal", "waiting", None)] == list_outcomes(
        story, ask_why(database, project, story, "middle", "state").downstream
    )


def test_what_was_asked_as_of_then_knows_no_later_answer(database: Database, project: ProjectStory) -> None:
    story = story_with_revised_purpose()

    told = ask_why(database, project, story, "top", as_of=date(2026, 4, 2)).downstream

    assert [(1, "middle", "waiting", None)] == list_outcomes(story, told)


@pytest.mark.parametrize(("version", "expected"), [(None, 3), (2, 3), (1, 0)])
def test_a_purpose_tells_what_its_revision_caused(
    database: Database, project: ProjectStory, version: int | None, expected: int
) -> None:
    story = story_with_revised_purpose()

    told = find_purpose_consequences(
        database, project(story), story.id("core", "charter"), sight=EVERYTHING, version=version
    )

    assert [2, 1] if version is None else [version] == [v.version for v in told.versions]
    assert [
        (1, "top", "renegotiated", "trigger"),
        (2, "middle", "renegotiated", "trigger"),
        (3, "goal", "renegotiated", "trigger"),
    ][:expected] == list_outcomes(story, told.downstream)


def test_more_than_is_told_is_said(database: Database, project: ProjectStory, monkeypatch: pytest.MonkeyPatch) -> None:
    story = story_with_revised_purpose()
    monkeypatch.setattr("projections.lineage.downstream.MAX_DEPTH", 2)

    told = find_purpose_consequences(database, project(story), story.id("core", "charter"), sight=EVERYTHING)

    assert (2, True) == (len(told.downstream), told.more)
    assert (5, 200) == (lineage_links.MAX_DEPTH, lineage_links.MAX_ENTRIES)


# --- links -----------------------------------------------------------------------------------------------------------


def test_a_goals_links_say_what_is_affirmed_and_what_waits_until_when(
    database: Database, project: ProjectStory
) -> None:
    story = adopt_dated_purpose(
        move_due_date(story_with_chain(), "middle", "2026-04-02", date(2026, 8, 3), "ben"), "2026-04-08", text="Nobody"
    )

    middle = load_goal_links(database, project(story, date(2026, 4, 10)), story.id("middle", "goal"), sight=EVERYTHING)
    top = load_goal_links(database, project(story, date(2026, 4, 23)), story.id("top", "goal"), sight=EVERYTHING)

    [above], [below] = middle.supports, middle.supported_by
    assert ("goal", story.id("top", "goal"), None) == (above.kind, above.goal, above.unaffirmed_since)
    assert story.last_event("middle").event_id == above.affirmed_by
    assert (story.id("goal", "goal"), instant("2026-04-02T10:00"), instant("2026-04-16T10:00"), False) == (
        below.goal,
        below.unaffirmed_since,
        below.until,
        below.overdue,
    )
    [purpose] = top.supports
    assert ("purpose", story.id("core", "charter"), "Nobody", instant("2026-04-22T09:00"), True) == (
        purpose.kind,
        purpose.charter,
        purpose.title,
        purpose.until,
        purpose.overdue,
    )
    assert [story.last_event("core", "charter").event_id] == purpose.events
