"""History in plain words, and what differs between two times."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidField, NotFound
from domain.goal import acts
from domain.member import member
from domain.organisation import organisation
from domain.reasons import Reason, ReasonCode
from domain.registry import EVENTS
from domain.team import team
from domain.terms import SupportInput, TermsInput
from projections.database.database import Database
from projections.history.history import FIELDS, diff_goal, load_history, load_history_page
from projections.history.narrative.context import NarrativeContext, find_ids
from projections.history.narrative.goals import NARRATORS, narrate
from projections.history.narrative.phrases import format_days, format_percent
from projections.sight import EVERYTHING
from tests.domain.golden import sample, to_recorded_event
from tests.projections.conftest import ProjectStory
from tests.spec import offer, request, terms, why
from tests.story import Story


def build_reason(code: str, text: str = "") -> Reason:
    return Reason(code=ReasonCode(code), text=text)


def narrate_history(
    database: Database, project: ProjectStory, story: Story, ref: str = "goal", kind: str = "goal"
) -> list[str]:
    return [entry.text for entry in load_history(database, project(story), story.id(ref, kind), sight=EVERYTHING)]


@pytest.fixture
def story() -> Story:
    story = Story(begins="2026-03-02")
    story.says("ana", offer(due=date(2026, 3, 27)), at="2026-03-02T09:00")
    story.says("sam", acts.Accept(promises_back="a review within two days"), at="2026-03-02T10:00")
    return story


def test_there_are_words_for_every_event() -> None:
    assert set(EVENTS.values()) == set(NARRATORS)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        *(("0", "0 %"), ("0.000001", "1 %"), ("0.004", "1 %"), ("0.005", "1 %"), ("0.015", "2 %"), ("0.5", "50 %")),
        *(
            ("0.985", "98 %"),
            ("0.996", "99 %"),
            ("0.999999", "99 %"),
            ("1", "100 %"),
            ("1.004", "100 %"),
            ("2", "200 %"),
        ),
    ],
)
def test_a_percentage_says_neither_all_of_less_nor_nothing_of_something(share: str, words: str) -> None:
    assert words == format_percent(share)


@given(st.fractions(0, 1))
def test_a_percentage_is_whole_or_nothing_only_of_the_whole_or_nothing(share: Fraction) -> None:
    percent = int(format_percent(share).removesuffix(" %"))

    assert (share == 0, share == 1) == (percent == 0, percent == 100)
    assert abs(percent - share * 100) <= 1


@given(st.fractions(0, 1000))
def test_days_that_have_passed_are_never_none(days: Fraction) -> None:
    number, _, word = format_days(days).partition(" ")

    assert (days == 0) == (number == "0")
    assert int(number) == max(int(days), min(1, days.numerator))
    assert ("day" if number == "1" else "days") == word


def test_a_check_in_short_of_its_end_does_not_read_as_done(
    database: Database, project: ProjectStory, story: Story
) -> None:
    story.says("ana", acts.CheckIn(progress="0.004", confidence="0.996"), at="2026-03-04")
    story.says("ana", acts.CheckIn(progress="0.996"), at="2026-03-05")

    lines = narrate_history(database, project, story)

    assert [
        "Ana checked in: progress 1 % (was 0 %); confidence 99 %.",
        "Ana checked in: progress 99 % (was 1 %).",
    ] == lines[-2:]


def test_a_goal_reads_from_offer_to_lapse(database: Database, project: ProjectStory, story: Story) -> None:
    story.says("ana", acts.CheckIn(progress=0.3, confidence=0.8, note="On course."), at="2026-03-04")
    story.says(
        "ana",
        acts.ProposeChange(changes=acts.Changes(due=date(2026, 4, 3)), reason=build_reason("capacity", "Two are ill.")),
        at="2026-03-13",
    )
    story.says("sam", acts.AcceptChange(), at="2026-03-13T10:00")
    story.sweep("2026-05-01")

    lines = narrate_history(database, project, story)

    assert [
        'Ana offered Sam "A goal" by 2026-03-27 because new information: we know more than we did.',
        "Sam accepted it, with slack (estimated), and promised back: a review within two days.",
        "Ana checked in: progress 30 % (was 0 %); confidence 80 %; On course.",
        "Ana proposed to move the due date from 2026-03-27 to 2026-04-03 because capacity: Two are ill.",
        "Sam accepted the change: the due date moves from 2026-03-27 to 2026-04-03, with slack (estimated).",
    ] == lines[:5]
    assert "The clock: the due date 2026-04-03 and its grace passed; the promise lapsed." == lines[-1]


@pytest.mark.parametrize(
    ("by", "act", "expected"),
    [
        (
            "ana",
            acts.ProposeChange(
                changes=acts.Changes(
                    effort_hours=12.5,
                    conditions=["It is published", "It is read"],
                    owner="ben",
                    pause=acts.Pause(paused_from=date(2026, 3, 9), resume_on=date(2026, 3, 16)),
                ),
                trigger="blocker",
                trade_offs=[acts.TradeOffInput(kind="drop", goal="parent")],
                reason=build_reason("new_need", "They ask."),
            ),
            (
                'Ana proposed to change the effort to 12.5 hours, to change the conditions, adding "It is read", to '
                "hand it over from Ana to Ben and to pause it from 2026-03-09 until 2026-03-16, against dropping "
                '"Parent", set off by a blocker because new need: They ask.'
            ),
        ),
        (
            "sam",
            acts.ProposeChange(
                changes=acts.Changes(due=date(2026, 3, 22)), conflict_with="No work on Sundays.", reason=why()
            ),
            (
                "Sam proposed to move the due date from 2026-03-27 to 2026-03-22, flagged as at odds with a "
                "non-negotiable: No work on Sundays because new information: we know more than we did."
            ),
        ),
        (
            "sam",
            acts.ProposeChange(changes=acts.Changes(supports=[SupportInput(goal="parent")]), reason=why()),
            'Sam proposed to change what it supports to "Parent" because new information: we know more than we did.',
        ),
        (
            "ana",
            acts.CheckIn(
                blockers=[acts.BlockerInput(text="no room."), acts.BlockerInput(text="no light")],
                needs=[acts.NeedInput(text="a desk", addressee="ben", answer_by=date(2026, 3, 9))],
                ideas=["work outside"],
            ),
            "Ana checked in: blocked by no room and no light; needs a desk from Ben by 2026-03-09; idea: work outside.",
        ),
        (
            "ana",
            acts.RaiseBlocker(blocker=acts.BlockerInput(text="no room", acts_next="sam", next_action="book one")),
            "Ana raised a blocker: no room; Sam acts next: book one.",
        ),
        (
            "ana",
            acts.Retitle(title="Better"),
            'Ana put it in other words: the title changes from "A goal" to "Better".',
        ),
        ("sam", acts.Feedback(text="well said", on="clarity"), "Sam gave feedback on clarity: well said."),
        (
            "sam",
            acts.Cancel(reason=build_reason("purpose_changed", "We stop.")),
            "Sam cancelled it because purpose changed: We stop.",
        ),
        (
            "ana",
            acts.WithdrawPromise(reason=build_reason("other", "It was never mine to promise."), mitigation="ask ben"),
            "Ana withdrew the promise in time; instead: ask ben because It was never mine to promise.",
        ),
        ("ana", acts.DeclareComplete(), "Ana declared it complete."),
    ],
)
def test_each_act_reads_as_what_was_said(
    database: Database, project: ProjectStory, story: Story, by: str, act: Any, expected: str
) -> None:
    parent = offer("lea", "mia")
    story.says(
        "lea", type(parent)(title="Parent", owner="lea", sponsor="mia", terms=terms(), reason=why()), on="parent"
    )
    story.says(by, act, at="2026-03-03")

    assert expected == narrate_history(database, project, story)[-1]


def test_an_assignment_says_that_it_still_needs_the_owners_promise(database: Database, project: ProjectStory) -> None:
    story = Story(begins="2026-03-02")
    story.says("sam", request(imposed=True))
    story.says("ana", acts.Counter(terms=TermsInput(due=date(2026, 4, 30)), reason=build_reason("capacity")))

    lines = narrate_history(database, project, story)

    assert lines[0].startswith('Sam assigned "A goal" by 2026-03-27 to Ana, whose promise it still needs because')
    assert (
        "Ana answered with other terms: to move the due date from 2026-03-27 to 2026-04-30 because capacity."
        == lines[1]
    )


def test_people_teams_and_policies_have_a_history_too(database: Database, project: ProjectStory) -> None:
    story = Story(begins="2026-03-02")
    steward = frozenset({"steward"})
    story.says("ana", member.DeclareCapacity(hours_per_week=30, from_=date(2026, 3, 2)))
    story.says("stella", member.DeclareAbsence(from_=date(2026, 3, 9), to=date(2026, 3, 13)), on="ana", roles=steward)
    story.says("stella", team.AppointLead(lead="ben"), roles=steward)
    story.says("stella", organisation.SetPolicy(policy={"cadence_days": 7, "require_trade_off": True}), roles=steward)

    assert [
        "Stella welcomed Ana to team Core.",
        "Ana declared 30 hours a week from 2026-03-02.",
        "Stella declared an absence from 2026-03-09 to 2026-03-13 for Ana.",
    ] == narrate_history(database, project, story, "ana", "member")
    assert "Stella made Ben the lead of the team." == narrate_history(database, project, story, "core", "team")[-1]
    assert (
        "Stella set policies: cadence days from 14 to 7 and require trade off from False to True."
        == narrate_history(database, project, story, "", "organisation")[-1]
    )


def test_names_are_those_of_today_and_a_stranger_is_somebody(database: Database, project: ProjectStory) -> None:
    story = Story(begins="2026-03-02")
    story.says("ana", offer())
    story.record_event(member.Joined(name="Samuel"), on="sam", by="stella")
    story.record_event(story.last_event().data, on="strange", by="nobody")

    assert narrate_history(database, project, story)[0].startswith('Ana offered Samuel "A goal"')
    assert narrate_history(database, project, story, "strange")[0].startswith('Somebody offered Samuel "A goal"')


@pytest.mark.parametrize("tag", sorted(EVENTS))
def test_every_event_in_full_reads_as_one_sentence(tag: str) -> None:
    event = to_recorded_event(sample(EVENTS[tag]))
    everybody = dict.fromkeys(find_ids(msgspec.json.encode(event).decode()), "Ana")

    line = narrate(
        NarrativeContext(
            type=tag,
            data=msgspec.json.encode(event.data).decode(),
            stream_id=str(event.stream_id),
            party=str(event.party),
            reason=event.reason,
            before={},
            after={},
            names=everybody,
        )
    )

    assert line.startswith("Ana ")
    assert line.endswith("because new information: a word of explanation.")
    assert "None" not in line
    assert "UUID" not in line


def test_an_event_from_a_newer_version_still_reads_as_something() -> None:
    line = narrate(
        NarrativeContext(
            type="goal.sung.v1", data="{}", stream_id="", party=None, reason=None, before={}, after={}, names={}
        )
    )

    assert "goal.sung.v1" in line


def test_a_history_is_read_in_pages_and_up_to_the_lens(database: Database, project: ProjectStory, story: Story) -> None:
    for day in range(4, 9):
        story.says("ana", acts.CheckIn(note=f"day {day}"), at=f"2026-03-0{day}")
    goal = story.id("goal", "goal")

    first = load_history_page(database, project(story), goal, sight=EVERYTHING, limit=3)
    rest = load_history_page(database, project(story), goal, sight=EVERYTHING, after=first.next or 0, limit=200)
    early = load_history_page(database, project(story, date(2026, 3, 5)), goal, sight=EVERYTHING)
    unknown = load_history_page(
        database, project(story, recorded_as_of=datetime(2026, 3, 6, tzinfo=UTC)), goal, sight=EVERYTHING
    )

    assert ([1, 2, 3], 3) == ([e.version for e in first.entries], first.next)
    assert ([4, 5, 6, 7], None) == ([e.version for e in rest.entries], rest.next)
    assert [1, 2, 3, 4] == [e.version for e in early.entries] == [e.version for e in unknown.entries]
    with pytest.raises(InvalidField):
        load_history_page(database, project(story), goal, sight=EVERYTHING, limit=0)


def test_an_entry_tells_before_and_after_and_whose_act_it_was(
    database: Database, project: ProjectStory, story: Story
) -> None:
    story.says("ana", acts.CheckIn(progress=0.5), at="2026-03-03T09:00", learnt="2026-03-09T09:00")

    entry = load_history(database, project(story), story.id("goal", "goal"), sight=EVERYTHING)[-1]

    assert ({"progress": "0"}, {"progress": "0.5"}) == (entry.before, entry.after)
    assert (story.id("ana"), story.id("stella"), "import") == (entry.party, entry.actor, entry.source)
    assert (datetime(2026, 3, 3, 9, tzinfo=UTC), datetime(2026, 3, 9, 9, tzinfo=UTC)) == (
        entry.occurred_at,
        entry.recorded_at,
    )


def test_a_proposal_says_what_would_change(database: Database, project: ProjectStory, story: Story) -> None:
    story.says("ana", acts.ProposeChange(changes=acts.Changes(due=date(2026, 4, 3)), reason=why()), at="2026-03-04")
    story.says("sam", acts.RejectChange(reason=why()))

    proposed, rejected = load_history(database, project(story), story.id("goal", "goal"), sight=EVERYTHING)[-2:]

    assert ("2026-03-27", "2026-04-03") == (proposed.before["due"], proposed.after["due"])
    assert {"state": "active"} == rejected.after


# --- diff --------------------------------------------------------------------------------------------------------


def test_a_diff_goes_field_by_field_and_names_the_events(
    database: Database, project: ProjectStory, story: Story
) -> None:
    story.says(
        "ana",
        acts.ProposeChange(changes=acts.Changes(due=date(2026, 4, 3), effort_hours=8), reason=why()),
        at="2026-03-04",
    )
    (accepted,) = story.says("sam", acts.AcceptChange(), at="2026-03-05")
    (renamed,) = story.says("ana", acts.Retitle(title="Better"), at="2026-03-06")
    goal = story.id("goal", "goal")

    found = diff_goal(database, project(story, date(2026, 3, 3)), project(story), goal)

    assert [
        ("due", "2026-03-27", "2026-04-03", [accepted.event_id]),
        ("effort_hours", None, "8", [accepted.event_id]),
        ("title", "A goal", "Better", [renamed.event_id]),
    ] == [(c.field, c.before, c.after, c.events) for c in found]


def test_a_diff_from_before_its_beginning_shows_everything(
    database: Database, project: ProjectStory, story: Story
) -> None:
    found = diff_goal(database, project(story, date(2026, 1, 1)), project(story), story.id("goal", "goal"))

    assert {c.field for c in found} <= set(FIELDS)
    assert all(c.before is None for c in found)
    assert "active" == next(c.after for c in found if c.field == "state")
    assert [] == diff_goal(database, project(story), project(story), story.id("goal", "goal"))


def test_a_diff_of_what_is_not_there_is_refused(database: Database, project: ProjectStory, story: Story) -> None:
    with pytest.raises(NotFound):
        diff_goal(database, project(story), project(story), story.id("nowhere", "goal"))
