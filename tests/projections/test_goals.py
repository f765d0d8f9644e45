"""Goals at any time, under any belief: one, a list, a timeline."""

from __future__ import annotations

import base64
import json
import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.errors import InvalidField
from domain.goal.acts import (
    Accept,
    AcceptChange,
    Cancel,
    Changes,
    CheckIn,
    ProposeChange,
    Retitle,
)
from domain.goal.evolve import evolve
from domain.goal.state import Ended, Promised
from domain.organisation.organisation import Organisation
from projections.as_of import AsOf
from projections.catalogue import PROJECTIONS
from projections.database.database import Database
from projections.database.sql import named_statements
from projections.engine.checkpoints import CHECKPOINTS, EMPTY_DIGEST
from projections.engine.engine import Engine
from projections.engine.versions import compute_versions, encode_state
from projections.goals import (
    GOALS,
    GoalFilters,
    GoalVisibilityFilter,
    ReportedEnd,
    ReportedPromise,
    ReportedTerms,
    goal_at,
    goals_at,
    load_goals_page,
    to_promised_goal,
)
from projections.people import members_at, team_at, teams_at
from projections.sight import EVERYTHING
from tests.projections.conftest import ProjectStory
from tests.projections.random_histories import steps, story_of
from tests.spec import offer, why
from tests.story import Story


def promise_goal(story: Story, goal: str, title: str = "A goal", **fields: Any) -> None:
    said = offer(**fields)
    story.says(said.owner or "", type(said)(**{**fields_of(said), "title": title}), on=goal)
    story.says(said.sponsor or "", Accept(), on=goal)


def fields_of(act: Any) -> dict[str, Any]:
    return {name: getattr(act, name) for name in act.__struct_fields__}


def renegotiate(story: Story, goal: str, at: str, **changes: Any) -> None:
    story.says("ana", ProposeChange(changes=Changes(**changes), reason=why()), on=goal, at=at)
    story.says("sam", AcceptChange(), on=goal)


def list_titles(found: Any) -> list[str]:
    return [goal.title for goal in found.goals]


@pytest.fixture
def story() -> Story:
    """Five goals of different dues, owners and states."""
    story = Story(begins="2026-03-01")
    promise_goal(story, "parent", "Übersicht", due=date(2026, 6, 30), owner="lea")
    promise_goal(story, "a", "alpha", due=date(2026, 3, 27), supports=["parent"])
    promise_goal(story, "b", "Beta 100%", due=date(2026, 3, 27), owner="ben", supports=["parent"])
    promise_goal(story, "c", "gamma_x", due=date(2026, 3, 20), sponsor="lea", outcome="Something Else")
    story.says("sam", offer(owner="sam", sponsor="mia", due=date(2026, 4, 1)), on="d")
    return story


def id_of(story: Story, goal: str) -> Any:
    return story.id(goal, "goal")


# --- one goal ----------------------------------------------------------------------------------------------------


def test_a_goal_is_what_it_was_at_that_time(database: Database, project: ProjectStory, story: Story) -> None:
    renegotiate(story, "a", "2026-03-04", due=date(2026, 4, 10))

    now, before = project(story), project(story, date(2026, 3, 3))

    assert date(2026, 4, 10) == due_of(goal_at(database, now, id_of(story, "a")))
    assert date(2026, 3, 27) == due_of(goal_at(database, before, id_of(story, "a")))
    assert None is goal_at(database, project(story, date(2026, 2, 1)), id_of(story, "a"))
    assert story.state("a") == goal_at(database, now, id_of(story, "a"))


def due_of(goal: Any) -> date:
    found: date = goal.terms.due
    return found


def test_what_was_told_late_is_seen_by_those_who_know_it_only(
    database: Database, project: ProjectStory, story: Story
) -> None:
    story.says("ana", CheckIn(progress=0.5), on="a", at="2026-03-05T09:00")
    story.says("ana", CheckIn(progress=0.2), on="a", at="2026-03-03T09:00", learnt="2026-03-09T09:00")
    asked = datetime(2026, 3, 4, tzinfo=UTC)

    known = project(story, asked)
    unknown = project(story, asked, recorded_as_of=datetime(2026, 3, 8, tzinfo=UTC))

    assert ["0.2", "0"] == [
        getattr(goal_at(database, view, id_of(story, "a")), "progress", "") for view in (known, unknown)
    ]


def test_the_version_counts_every_event_that_is_known(database: Database, project: ProjectStory, story: Story) -> None:
    story.says("ana", CheckIn(progress=0.5), on="a", at="2026-03-05T09:00")
    story.says("ana", CheckIn(progress=0.2), on="a", at="2026-03-03T09:00", learnt="2026-03-09T09:00")

    goal = goal_at(database, project(story), id_of(story, "a"))

    assert goal is not None
    assert len(story.stream("a")) == goal.version


def test_another_organisation_sees_nothing_of_it(database: Database, project: ProjectStory, story: Story) -> None:
    stranger = Story(seed=2)
    own = project(story)
    foreign = AsOf(**{**fields_of(own), "organisation_id": stranger.organisation_id})

    assert None is goal_at(database, foreign, id_of(story, "a"))
    assert [] == goals_at(database, foreign)
    assert [] == load_goals_page(database, foreign).goals
    assert [] == members_at(database, foreign)
    assert [] == members_at(database, foreign, team=story.id("core", "team"))
    assert [] == teams_at(database, foreign)
    assert None is team_at(database, foreign, story.id("core", "team"))
    assert {} == EVERYTHING.load_names(database, foreign, [story.id("ana"), id_of(story, "a")])


# --- lists -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"owner": "ana"}, ["gamma_x", "alpha"]),
        ({"sponsor": "lea"}, ["gamma_x"]),
        ({"team": "core"}, ["gamma_x", "Beta 100%", "alpha", "A goal", "Übersicht"]),
        ({"team": "elsewhere"}, []),
        ({"states": ("offered",)}, ["A goal"]),
        ({"states": ("offered", "active"), "owner": "ben"}, ["Beta 100%"]),
        ({"supports": "parent"}, ["Beta 100%", "alpha"]),
        ({"q": "ALPHA"}, ["alpha"]),
        ({"q": "ü"}, ["Übersicht"]),
        ({"q": "something gamma"}, ["gamma_x"]),
        ({"q": "100%"}, ["Beta 100%"]),
        ({"q": "a_x"}, ["gamma_x"]),
        ({"q": "ph_"}, []),
        ({"q": "\\"}, []),
        ({"due_from": date(2026, 3, 28)}, ["A goal", "Übersicht"]),
        ({"due_from": date(2026, 3, 20), "due_to": date(2026, 3, 26)}, ["gamma_x"]),
    ],
)
def test_a_list_holds_what_all_filters_hold_for(
    database: Database, project: ProjectStory, story: Story, filters: dict[str, Any], expected: list[str]
) -> None:
    kinds = {"owner": "member", "sponsor": "member", "team": "team", "supports": "goal"}
    resolved: dict[str, Any] = {k: story.id(v, kinds[k]) if k in kinds else v for k, v in filters.items()}

    found = load_goals_page(database, project(story), GoalFilters(**resolved))

    assert sorted(expected) == sorted(list_titles(found))
    assert [due_of(goal) for goal in found.goals] == sorted(due_of(goal) for goal in found.goals)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("title", ["A goal", "alpha", "Beta 100%", "gamma_x", "Übersicht"]),
        ("-title", ["Übersicht", "gamma_x", "Beta 100%", "alpha", "A goal"]),
        ("updated", ["Übersicht", "alpha", "Beta 100%", "gamma_x", "A goal"]),
        ("-updated", ["A goal", "gamma_x", "Beta 100%", "alpha", "Übersicht"]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_of_any_size_add_up_to_the_list_in_its_order(
    database: Database, project: ProjectStory, story: Story, sort: str, expected: list[str], limit: int
) -> None:
    view, cursor, seen = project(story), None, []

    while True:
        found = load_goals_page(database, view, sort=sort, cursor=cursor, limit=limit)
        seen += list_titles(found)
        cursor = found.next
        if cursor is None:
            break

    assert expected == seen


def test_goals_are_found_by_every_beginning_of_their_ids(
    database: Database, project: ProjectStory, story: Story
) -> None:
    view = project(story)
    ids = [str(goal.id) for goal in goals_at(database, view)]

    for prefix in {found[:length] for found in ids for length in range(4, 37)}:
        page = load_goals_page(database, view, GoalFilters(id_prefix=prefix))
        assert {found for found in ids if found.startswith(prefix)} == {str(goal.id) for goal in page.goals}


def test_goals_without_a_due_date_come_last(database: Database, project: ProjectStory, story: Story) -> None:
    from domain.goal.acts import Draft
    from domain.terms import TermsInput

    story.says("ana", Draft(title="Some day", owner="ana", sponsor="sam", terms=TermsInput(outcome="?")), on="e")

    assert "Some day" == list_titles(load_goals_page(database, project(story)))[-1]
    assert "Some day" == list_titles(load_goals_page(database, project(story), sort="-due"))[0]


def test_a_page_is_not_shifted_by_what_is_written_meanwhile(
    database: Database, project: ProjectStory, story: Story
) -> None:
    first = load_goals_page(database, project(story), sort="title", limit=3)
    story.says("ana", Retitle(title="aa first of all"), on="c", at="2026-03-02")
    story.says("sam", Cancel(reason=why()), on="b")

    second = load_goals_page(database, project(story), sort="title", limit=3, cursor=first.next)

    assert ["A goal", "alpha", "Beta 100%"] == list_titles(first)
    assert ["gamma_x", "Übersicht"] == list_titles(second)


def test_pages_stay_full_when_only_some_goals_may_be_seen(
    database: Database, project: ProjectStory, story: Story
) -> None:
    visible = GoalVisibilityFilter(member=story.id("ben"), teams=frozenset())

    assert ["Beta 100%"] == list_titles(load_goals_page(database, project(story), limit=1, visible=visible))


@pytest.mark.parametrize("limit", [0, 201, -1])
def test_a_limit_outside_its_range_is_refused(
    database: Database, project: ProjectStory, story: Story, limit: int
) -> None:
    with pytest.raises(InvalidField) as refusal:
        load_goals_page(database, project(story), limit=limit)

    assert "/limit" == refusal.value.pointer


def test_an_unknown_sort_is_refused_with_those_that_are(
    database: Database, project: ProjectStory, story: Story
) -> None:
    with pytest.raises(InvalidField) as refusal:
        load_goals_page(database, project(story), sort="priority")

    assert "-updated" in refusal.value.allowed


@pytest.mark.parametrize("cursor", ["x", "AAAA", "W10", "bnVsbA", "%", "é", "WzEsMiwiYSIsImIiLCJjIl0"])
def test_a_cursor_that_no_list_gave_is_refused(
    database: Database, project: ProjectStory, story: Story, cursor: str
) -> None:
    with pytest.raises(InvalidField) as refusal:
        load_goals_page(database, project(story), cursor=cursor)

    assert "/cursor" == refusal.value.pointer


def test_a_cursor_that_somebody_wrote_with_what_no_text_can_hold_is_refused(
    database: Database, project: ProjectStory, story: Story
) -> None:
    cursor = load_goals_page(database, project(story), sort="title", limit=1).next
    assert cursor is not None
    at, known, question, _, goal = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    written = base64.urlsafe_b64encode(json.dumps([at, known, question, "a\0b", goal]).encode()).decode().rstrip("=")

    with pytest.raises(InvalidField) as refusal:
        load_goals_page(database, project(story), sort="title", limit=1, cursor=written)

    assert "/cursor" == refusal.value.pointer


def test_a_cursor_of_another_list_is_refused(database: Database, project: ProjectStory, story: Story) -> None:
    view = project(story)
    cursor = load_goals_page(database, view, sort="due", limit=1).next

    with pytest.raises(InvalidField):
        load_goals_page(database, view, sort="-due", limit=1, cursor=cursor)
    with pytest.raises(InvalidField):
        load_goals_page(database, view, GoalFilters(q="a"), sort="due", limit=1, cursor=cursor)


@pytest.mark.parametrize("written", ["Käufe der Zoë", unicodedata.normalize("NFD", "Käufe der Zoë")])
def test_a_goal_is_found_in_every_unicode_form(
    database: Database, project: ProjectStory, story: Story, written: str
) -> None:
    story.says("ana", replace(offer(), title=written), on="purchases", at="2026-03-20")
    view = project(story)

    for form in ("NFC", "NFD"):
        for word in ("käufe", "ZOË"):
            found = load_goals_page(database, view, GoalFilters(q=unicodedata.normalize(form, word))).goals
            assert [written] == [goal.title for goal in found]


def test_goals_at_takes_those_of_a_team_or_of_owners(database: Database, project: ProjectStory, story: Story) -> None:
    view = project(story)

    assert 5 == len(goals_at(database, view)) == len(goals_at(database, view, team=story.id("core", "team")))
    assert 3 == len(goals_at(database, view, owners=[story.id("ana"), story.id("ben")]))
    assert [] == goals_at(database, view, owners=[])


# --- the lens ----------------------------------------------------------------------------------------------------


def test_a_lens_waits_for_every_view_of_the_house() -> None:
    assert all(f"'{projection.name}'" in named_statements("as_of")["followed"] for projection in PROJECTIONS)


def test_a_view_that_another_version_left_behind_does_not_hold_the_lens_back(
    database: Database, project: ProjectStory, story: Story
) -> None:
    project(story)
    with database.transaction() as transaction:
        transaction.upsert_many(CHECKPOINTS, [("retired", 1, 2, 2, EMPTY_DIGEST)])

    assert len(story.events) == project(story).known_position


def test_a_date_means_the_end_of_that_day_in_the_organisations_zone(database: Database, project: ProjectStory) -> None:
    story = Story(zone="America/New_York", begins="2026-03-01")

    view = project(story, date(2026, 3, 8))  # the day on which its clocks change

    assert datetime(2026, 3, 9, 4, tzinfo=UTC) - timedelta(microseconds=1) == view.at
    assert (date(2026, 3, 8), "2026-03-08") == (view.today, view.as_of_text)


def test_the_policy_is_the_one_in_force_then_as_far_as_it_was_known(database: Database, project: ProjectStory) -> None:
    from domain.organisation.organisation import SetPolicy

    story = Story(begins="2026-03-01")
    story.says("stella", SetPolicy(policy={"cadence_days": 7}), at="2026-03-10")
    story.says("ana", offer(), at="2026-03-20")

    versions = [
        project(story).policy.version,
        project(story, date(2026, 3, 9)).policy.version,
        project(story, date(2019, 1, 1)).policy.version,
        project(story, recorded_as_of=datetime(2026, 3, 9, tzinfo=UTC)).policy.version,
        project(story, recorded_as_of=datetime(2026, 1, 1, tzinfo=UTC)).policy.version,
    ]

    assert [1, 0, 0, 0, 0] == versions


def test_a_lens_shows_the_same_however_far_the_views_have_moved_on(
    database: Database, project: ProjectStory, story: Story
) -> None:
    view = project(story)
    before = [
        goals_at(database, view),
        load_goals_page(database, view),
        members_at(database, view),
    ]
    story.says("ana", CheckIn(progress=0.2), on="a", at="2026-03-01T09:30", learnt="2026-03-09T09:00")
    renegotiate(story, "a", "2026-03-10", due=date(2026, 4, 10))
    project(story)

    after = [
        goals_at(database, view),
        load_goals_page(database, view),
        members_at(database, view),
    ]

    assert before == after


@given(steps)
@settings(max_examples=20, deadline=None)
def test_what_reports_read_of_a_promise_is_what_its_whole_state_says(draws: Any) -> None:
    story = story_of(draws)
    streams = [[e for e in story.events if e.stream == stream] for stream in {e.stream for e in story.events}]
    goals = [events for events in streams if events[0].stream.startswith("goal/")]
    states = [version.state for events in goals for version in compute_versions(events, evolve)]
    whole = [state for state in states if isinstance(state, Promised | Ended)]

    read = [to_promised_goal(encode_state(state)) for state in whole]

    assert whole
    assert [project_fields(state, part) for state, part in zip(whole, read, strict=True)] == read


@given(steps, st.lists(st.tuples(st.integers(0, 60), st.integers(1, 60)), min_size=4, max_size=8))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_goals_are_what_their_facts_say_at_every_time_under_every_belief(
    database: Database, draws: Any, questions: list[tuple[int, int]]
) -> None:
    story = story_of(draws)
    engine = Engine(story, database, [GOALS])
    with database.transaction() as transaction:
        transaction.execute("DELETE FROM goals")
        transaction.upsert_many(CHECKPOINTS, [(GOALS.name, GOALS.version, 0, 0, EMPTY_DIGEST)])
    while engine.catch_up(limit=7):
        pass
    views = [
        view_of(story, story.events[0].occurred_at + timedelta(days=days), min(known, story.head()))
        for days, known in questions
    ]

    found = [[encode_state(goal) for goal in goals_at(database, view)] for view in views]

    assert [fold_goals(story, view) for view in views] == found


def test_what_was_agreed_is_stored_once_until_it_changes(database: Database, project: ProjectStory) -> None:
    story = Story(begins="2026-03-02")
    story.says("ana", offer(due=date(2026, 3, 27), effort_hours=40), at="2026-03-02T09:00")
    story.says("sam", Accept(), at="2026-03-02T10:00")
    for number in range(5):
        story.says("ana", CheckIn(note="on it", progress=number / 10))
    story.says("ana", ProposeChange(changes=Changes(effort_hours=50), reason=why()))
    story.says("sam", AcceptChange())
    view = project(story)

    parts = [row.part for row in database.query("SELECT part FROM goal_agreements ORDER BY stream_id, number")]
    rows = database.query("SELECT agreement, body FROM goals ORDER BY version")

    assert [None, *[1] * 7, 2] == [row.agreement for row in rows]
    assert [False, True] == ['"effort_hours":"50"' in part for part in parts]
    # The offer has its terms; no row behind it says them again.
    assert [True] + [False] * 8 == ["conditions" in row.body for row in rows]
    (goal,) = goals_at(database, view)
    assert isinstance(goal, Promised)
    assert ("50", "40", "0.4") == (goal.terms.effort_hours, goal.first_terms.effort_hours, goal.progress)


def view_of(story: Story, at: datetime, known: int) -> AsOf:
    return AsOf(
        organisation_id=story.organisation_id,
        at=at,
        today=at.date(),
        zone="UTC",
        known_position=known,
        position=known,
        recorded_as_of=at,
        policy=Organisation(id=story.organisation_id, name="").policy_at(at),
        as_of_text="",
    )


def fold_goals(story: Story, view: AsOf) -> list[str]:
    """Each goal by definition: what was known, in the order of business time, up to the instant asked about."""
    known = [e for e in story.events if e.log_position <= view.known_position and e.occurred_at <= view.at]
    states: dict[str, Any] = {}
    for event in sorted(known, key=lambda e: (e.occurred_at, e.version)):
        if event.stream.startswith("goal/"):
            states[event.stream] = evolve(states.get(event.stream), event)
    return [encode_state(states[stream]) for stream in sorted(states) if states[stream] is not None]


def project_fields(state: Any, part: Any) -> Any:
    """The state with no more fields than the part has, and what follows from them alike."""
    if isinstance(part, ReportedPromise):
        assert (state.share_done, state.silent_since) == (part.share_done, part.silent_since)
        assert state.list_sources("due", "progress", "owner") == part.list_sources("due", "progress", "owner")
    if not isinstance(part, ReportedPromise | ReportedEnd | ReportedTerms):
        return state
    names = type(part).__struct_fields__
    return type(part)(**{name: project_fields(getattr(state, name), getattr(part, name)) for name in names})


@pytest.mark.parametrize(
    "asked",
    [date.min, date.max, datetime(2026, 3, 1), datetime.max.replace(tzinfo=UTC)],  # noqa: DTZ001
)
def test_a_time_that_makes_no_sense_is_refused(project: ProjectStory, asked: date) -> None:
    with pytest.raises(InvalidField):
        project(Story(begins="2026-03-01"), asked)
