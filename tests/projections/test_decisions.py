"""Decisions as the views tell them: at any time, page by page, in plain words, and the report of how they go."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.decision import acts as a
from domain.decision.events import Fallback
from domain.decision.evolve import evolve
from domain.errors import InvalidField
from projections.catalogue import PROJECTIONS
from projections.database.database import Database
from projections.decisions import decisions
from projections.decisions import report as decisions_report
from projections.engine.engine import Engine
from projections.figures import Figure, ReportScope, wilson_interval
from projections.history import history
from projections.sight import EVERYTHING
from projections.streams import VisibilityFilter
from tests.domain.decisions import (
    ASKED_AT,
    DEADLINE,
    LATER,
    LEAD_DECIDES,
    ask_question,
    consent,
    decision,
    objection,
    question,
)
from tests.domain.test_decision_properties import DecisionRun
from tests.projections.conftest import ProjectStory, dump_views
from tests.projections.explained import count_named
from tests.spec import Story, given, says, why


def build_story(*history: Any) -> Story:
    """A story with these things said."""
    story = Story()
    given(*history, story=story)
    return story


def agree_decision(story: Story, ref: str, day: str, *, days: int = 1, team: str | None = "core") -> None:
    """Ana asks on that day, with a week's time; ana and ben consent after so many days."""
    at = datetime.fromisoformat(day).replace(hour=9, tzinfo=UTC)
    story.says("ana", question(team=team, deadline=at + timedelta(days=7)), on=ref, at=at)
    for by in ("ana", "ben"):
        story.says(by, consent(), on=ref, at=at + timedelta(days=days))


def build_figures(database: Database, project: ProjectStory, story: Story, **asked_: Any) -> dict[str, Figure]:
    """The report's figures by name."""
    report = decisions_report.build_report(database, project(story, asked_.pop("as_of", None)), ReportScope(**asked_))
    return {figure.name: figure for figure in report.figures}


# --- as versions -----------------------------------------------------------------------------------------------------


def test_a_decision_is_shown_as_it_stood_at_any_time(database: Database, project: ProjectStory) -> None:
    story = build_story(
        ask_question(),
        says("ben", objection(), at="2026-01-12T10:00"),
    )
    story.says("ben", a.WithdrawObjection(), at="2026-01-14")
    identity = decision(story).id

    then = decisions.decision_at(database, project(story, datetime(2026, 1, 13, 23, tzinfo=UTC)), identity)
    now = decisions.decision_at(database, project(story), identity)

    assert then is not None
    assert now is not None
    assert [None] == [o.settled for o in then.objections]
    assert ["withdrawn"] == [o.settled for o in now.objections]
    assert decisions.decision_at(database, project(story, date(2026, 1, 11)), identity) is None
    assert 3 == now.version


@pytest.mark.parametrize("seed", range(6))
def test_any_talk_is_shown_as_the_domain_folds_it(database: Database, project: ProjectStory, seed: int) -> None:
    talk, chance = DecisionRun(seed), Random(seed)
    for _ in range(40):
        talk.step(chance.randrange(2**32))
    stream = talk.story.stream("decision", "decision")

    for event in (stream[0], stream[len(stream) // 2], stream[-1]):
        state = None
        for past in sorted((e for e in stream if e.occurred_at <= event.occurred_at), key=lambda e: e.occurred_at):
            state = evolve(state, past)
        assert state is not None
        shown = decisions.decision_at(database, project(talk.story, event.occurred_at), talk.decision.id)
        assert msgspec.structs.replace(state, version=len(stream)) == shown
    assert [] == Engine(talk.story, database, PROJECTIONS).verify()


def test_followed_step_by_step_the_view_is_what_a_replay_gives(database: Database, project: ProjectStory) -> None:
    talk, chance = DecisionRun(3), Random(3)
    for _ in range(60):
        talk.step(chance.randrange(2**32))
        project(talk.story)
    followed = dump_views(database, only=("decisions", "history"))

    Engine(talk.story, database, PROJECTIONS).rebuild("decisions")

    assert followed == dump_views(database, only=("decisions", "history"))


# --- lists -----------------------------------------------------------------------------------------------------------


def list_questions(database: Database, project: ProjectStory, story: Story, **how: Any) -> list[str]:
    """The questions of the first page."""
    visible = how.pop("visible", None)
    page = decisions.load_decisions_page(database, project(story), decisions.DecisionFilters(**how), visible=visible)
    return [found.question for found in page.decisions]


def story_with_five_decisions() -> Story:
    story = Story()
    for number in range(5):
        team = None if number == 4 else "core"
        asked_ = question(question=f"Q{number}", team=team, deciders=["ana"] if number % 2 else ["ben", "mia"])
        story.says("ana", asked_, on=f"d{number}")
    story.says("ana", consent(), on="d1")
    return story


def test_decisions_are_listed_the_latest_first_and_by_what_is_asked(database: Database, project: ProjectStory) -> None:
    story = story_with_five_decisions()

    assert ["Q4", "Q3", "Q2", "Q1", "Q0"] == list_questions(database, project, story)
    assert ["Q1"] == list_questions(database, project, story, states=("decided",))
    assert ["Q3", "Q2", "Q1", "Q0"] == list_questions(database, project, story, team=story.id("core", "team"))
    assert ["Q4"] == list_questions(database, project, story, own=True)
    assert ["Q3", "Q1"] == list_questions(database, project, story, decider=story.id("ana"))
    assert ["Q3"] == list_questions(database, project, story, waiting_for=story.id("ana"))


def test_those_to_be_looked_at_again_are_found_by_their_day(database: Database, project: ProjectStory) -> None:
    story = story_with_five_decisions()
    for number, on in (("d1", date(2026, 1, 20)), ("d3", date(2026, 1, 10))):
        story.says("ana", a.SetReview(on=on), on=number)
    ana, core = story.id("ana"), story.id("core", "team")

    def found(day: date, *, member: UUID = ana, teams: tuple[UUID, ...] = (), own: bool = False) -> list[str]:
        view = project(story, day)
        told = decisions.load_decisions_to_review(database, view, member, teams, own=own, limit=10)
        return [decision.question for decision in told]

    # Q3 is still open.
    assert ([], ["Q1"], ["Q1"]) == tuple(found(date(2026, 1, day)) for day in (19, 20, 21))
    assert [] == found(date(2026, 1, 20), member=story.id("ben"))
    assert ["Q1"] == found(date(2026, 1, 20), member=story.id("ben"), teams=(core,))
    assert [] == found(date(2026, 1, 20), member=story.id("ben"), own=True)


def test_a_list_shows_what_its_reader_may_see(database: Database, project: ProjectStory) -> None:
    story = story_with_five_decisions()
    visible = VisibilityFilter(member=story.id("mia"), teams=frozenset())

    assert ["Q4", "Q2", "Q0"] == list_questions(database, project, story, visible=visible)


def test_later_pages_see_the_moment_of_the_first(database: Database, project: ProjectStory) -> None:
    story = story_with_five_decisions()
    first = decisions.load_decisions_page(database, project(story), decisions.DecisionFilters(), limit=2)
    story.says("ana", question(question="Q5"), on="d5")
    story.says("ana", consent(), on="d3")

    second = decisions.load_decisions_page(
        database, project(story), decisions.DecisionFilters(), limit=2, cursor=first.next
    )
    third = decisions.load_decisions_page(
        database, project(story), decisions.DecisionFilters(), limit=2, cursor=second.next
    )

    assert ["Q4", "Q3", "Q2", "Q1", "Q0"] == [
        found.question for page in (first, second, third) for found in page.decisions
    ]
    assert third.next is None


def test_a_cursor_is_good_for_the_list_that_it_came_from(database: Database, project: ProjectStory) -> None:
    story = story_with_five_decisions()
    first = decisions.load_decisions_page(database, project(story), decisions.DecisionFilters(), limit=2)

    with pytest.raises(InvalidField, match="other filters"):
        decisions.load_decisions_page(database, project(story), decisions.DecisionFilters(own=True), cursor=first.next)


def test_no_list_has_a_state_that_no_decision_has(database: Database, project: ProjectStory) -> None:
    with pytest.raises(InvalidField) as refused:
        decisions.load_decisions_page(database, project(Story()), decisions.DecisionFilters(states=("closed",)))

    assert ("open", "with_lead", "decided") == refused.value.allowed


# --- in plain words --------------------------------------------------------------------------------------------------


def test_a_decision_reads_in_plain_words(database: Database, project: ProjectStory) -> None:
    story = build_story(
        ask_question(),
        says("sam", a.SharePerspective(text="I like calls.")),
        says("ben", objection()),
        says("ana", a.IntegrateObjection(how="Tuesdays")),
        says("sam", objection("Too early")),
        says("sam", a.WithdrawObjection()),
    )
    answers = str(decision(story).wording_event("o1"))
    for by in ("ana", "ben"):
        story.says(by, a.Consent(option="o1", answers=answers))
    story.says("ana", a.SetReview(on=date(2026, 4, 1)))
    story.says("lea", a.Review(note="Works", next=date(2026, 7, 1)))
    story.says("ben", a.Reopen(deadline=datetime(2026, 1, 20, 12, tzinfo=UTC), reason=why()))
    story.sweep("2026-01-21")

    texts = [e.text for e in history.load_history(database, project(story), decision(story).id, sight=EVERYTHING)]

    assert [
        (
            'Ana asked "How do we hand over on-call?" ("In a call each Monday" or "As we do now"), for Ana and Ben to'
            " decide by consent until 2026-01-16 12:00 UTC; otherwise things stay as they are."
        ),
        "Sam shared a perspective: I like calls.",
        'Ben objected to "In a call each Monday": I am away on Mondays.',
        'Ana integrated Ben\'s objection to "In a call each Monday": Tuesdays.',
        'Sam objected to "In a call each Monday": Too early.',
        'Sam took the objection to "In a call each Monday" back.',
        'Ana consented to "In a call each Monday": no open objection, safe enough to try.',
        'Ben consented to "In a call each Monday": no open objection, safe enough to try.',
        'Ben completed the consent: "In a call each Monday" holds.',
        "Ana set 2026-04-01 as the day to look at the decision again.",
        "Lea looked at the decision again, and it stands, to be looked at again on 2026-07-01: Works.",
        "Ben asked the question again, until 2026-01-20 12:00 UTC because new information: we know more than we did.",
        'The clock: the time was over without consent: "As we do now" holds.',
    ] == texts


def test_what_the_lead_decides_reads_in_plain_words(database: Database, project: ProjectStory) -> None:
    story = build_story(ask_question(fallback=LEAD_DECIDES, status_quo=None))
    story.says("lea", a.Decide(), at=LATER)

    texts = [e.text for e in history.load_history(database, project(story), decision(story).id, sight=EVERYTHING)]

    assert [
        "The clock: the time-box ended without consent; the lead decides until 2026-01-24 00:00 UTC.",
        "Lea decided as the lead: things stay as they are.",
    ] == texts[1:]


def test_a_perspective_is_shown_from_its_own_time_on(database: Database, project: ProjectStory) -> None:
    story = build_story(ask_question())
    story.says("sam", a.SharePerspective(text="I like calls", option="o1"), at="2026-01-13")
    identity = decision(story).id

    [shown] = decisions.load_perspectives(database, project(story), identity)

    assert (story.id("sam"), "o1", "I like calls") == (shown.member, shown.option, shown.text)
    assert [] == decisions.load_perspectives(database, project(story, date(2026, 1, 12)), identity)


# --- the report ------------------------------------------------------------------------------------------------------


def story_of_a_month() -> Story:
    """Three agreed after 1, 2 and 6 days, one left to its fallback after 7, one that the lead decides after 9."""
    story = Story()
    for number, days in enumerate((1, 2, 6)):
        agree_decision(story, f"d{number}", f"2026-01-{6 + number:02}", days=days)
    at = datetime(2026, 1, 12, 9, tzinfo=UTC)
    story.says("ana", question(deadline=at + timedelta(days=7)), on="d3", at=at)
    story.says("ben", objection(), on="d3", at=at + timedelta(hours=1))
    story.says("sam", objection("Too early"), on="d3", at=at + timedelta(hours=2))
    story.says("ana", a.IntegrateObjection(how="Tuesdays", objection="ben"), on="d3", at=at + timedelta(hours=3))
    story.says(
        "ana", question(deadline=at + timedelta(days=8), fallback=LEAD_DECIDES), on="d4", at=at + timedelta(days=1)
    )
    story.sweep(at + timedelta(days=9))
    story.says("lea", a.Decide(option="o1"), on="d4", at=at + timedelta(days=10))
    return story


def test_latency_is_the_median_of_days_from_asked_to_decided(database: Database, project: ProjectStory) -> None:
    latency = build_figures(database, project, story_of_a_month(), explain=True)["decision_latency_days"]

    assert (6.0, 5, True) == (latency.value, latency.n, latency.small_sample)
    assert 10 == len(latency.events or ())


def test_inside_the_time_box_are_those_agreed_before_their_deadline(database: Database, project: ProjectStory) -> None:
    story = story_of_a_month()
    found = build_figures(database, project, story, explain=True)

    inside = found["decisions_inside_time_box"]
    assert (3, 5, 0.6, wilson_interval(3, 5), True) == (
        *(inside.count, inside.n, inside.value),
        *(inside.interval, inside.small_sample),
    )
    assert inside.line is None
    assert (1, 1) == (found["decisions_by_fallback"].count, found["decisions_by_lead"].count)
    for name in ("decisions_inside_time_box", "decisions_by_fallback", "decisions_by_lead"):
        assert 5 == count_named(story.events, found[name])["Opened"]


def test_objections_that_changed_an_option_are_counted(database: Database, project: ProjectStory) -> None:
    story = story_of_a_month()
    integrated = build_figures(database, project, story, explain=True)["objections_integrated"]

    assert (1, 2, 0.5) == (integrated.count, integrated.n, integrated.value)
    assert {"ObjectionRaised": 2, "ObjectionIntegrated": 1} == count_named(story.events, integrated)


def test_what_is_asked_again_within_thirty_days_did_not_hold(database: Database, project: ProjectStory) -> None:
    story = Story()
    agree_decision(story, "soon", "2026-01-06")
    agree_decision(story, "late", "2026-01-06")
    for ref, after in (("soon", 30), ("late", 31)):
        at = datetime(2026, 1, 7, 9, tzinfo=UTC) + timedelta(days=after)
        story.says("ana", a.Reopen(deadline=at + timedelta(days=60), reason=why()), on=ref, at=at)

    found = build_figures(database, project, story, window=60, explain=True)["decisions_reopened"]

    assert (1, 2) == (found.count, found.n)
    assert {"Opened": 2, "Decided": 2, "Reopened": 2} == count_named(story.events, found)
    before = build_figures(database, project, story, window=60, as_of=date(2026, 2, 5))["decisions_reopened"]
    assert (0, 2) == (before.count, before.n)


def test_each_asking_has_its_own_time_box(database: Database, project: ProjectStory) -> None:
    story = Story()
    agree_decision(story, "d", "2026-01-06")
    story.says("ana", a.Reopen(deadline=datetime(2026, 1, 16, 9, tzinfo=UTC), reason=why()), on="d", at="2026-01-12")
    story.sweep("2026-01-20")

    found = build_figures(database, project, story)

    assert (1, 2) == (found["decisions_inside_time_box"].count, found["decisions_inside_time_box"].n)
    assert 2.5 == found["decision_latency_days"].value


def test_a_window_takes_the_time_boxes_that_ended_in_it(database: Database, project: ProjectStory) -> None:
    story = Story()
    agree_decision(story, "old", "2026-01-06")
    agree_decision(story, "new", "2026-02-02")
    story.says("ana", question(deadline=datetime(2026, 3, 1, tzinfo=UTC)), on="open", at="2026-02-04")

    def n(**how: Any) -> int | None:
        return build_figures(database, project, story, **how)["decisions_inside_time_box"].n

    assert 2 == n(as_of=date(2026, 2, 3))
    assert 1 == n(as_of=date(2026, 2, 4))
    assert 2 == n(as_of=date(2026, 2, 4), window=29)
    assert 1 == n(as_of=date(2026, 1, 7))
    assert 0 == n(as_of=date(2026, 1, 6))


def test_a_deadline_that_has_passed_ends_the_time_box_before_any_sweep(
    database: Database, project: ProjectStory
) -> None:
    story = build_story(ask_question())

    found = build_figures(database, project, story, as_of=date(2026, 1, 16))

    assert (0, 1) == (found["decisions_inside_time_box"].count, found["decisions_inside_time_box"].n)
    assert ("no_data", 0) == (found["decision_latency_days"].status, found["decision_latency_days"].n)


def test_the_report_of_a_team_is_about_its_own_decisions(database: Database, project: ProjectStory) -> None:
    story = Story()
    agree_decision(story, "ours", "2026-01-06")
    agree_decision(story, "everybodys", "2026-01-06", team=None)
    core = story.id("core", "team")

    ours = build_figures(database, project, story, team=core)["decisions_inside_time_box"]
    every = build_figures(database, project, story)["decisions_inside_time_box"]
    of_mia = build_figures(database, project, story, member=story.id("mia"))["decisions_inside_time_box"]

    assert (1, core) == (ours.n, ours.team)
    assert (2, None) == (every.n, every.team)
    assert (0, story.id("mia"), "no_data") == (of_mia.n, of_mia.member, of_mia.status)


def test_what_was_not_yet_known_is_not_in_the_report(database: Database, project: ProjectStory) -> None:
    story = Story()
    story.says("ana", question(deadline=DEADLINE), at=ASKED_AT)
    story.says("ana", consent(), at="2026-01-13", learnt="2026-02-02")
    known = datetime(2026, 1, 20, tzinfo=UTC)

    view = project(story, date(2026, 1, 20), recorded_as_of=known)
    again = project(story, date(2026, 1, 20), recorded_as_of=known)

    assert decisions_report.build_report(database, view) == decisions_report.build_report(database, again)
    found = decisions.decision_at(database, view, decision(story).id)
    assert found is not None
    assert () == found.consents


def test_no_event_is_named_unless_asked_for(database: Database, project: ProjectStory) -> None:
    assert {None} == {figure.events for figure in build_figures(database, project, story_of_a_month()).values()}


def test_a_fallback_to_an_option_is_no_consent(database: Database, project: ProjectStory) -> None:
    story = build_story(ask_question(fallback=Fallback(rule="option", option="o1")))
    story.sweep(LATER)

    found = build_figures(database, project, story)

    assert (0, 1) == (found["decisions_inside_time_box"].count, found["decisions_by_fallback"].count)
