"""Members and teams are folded in one order: what is decided, who may see, what is shown and reported is one answer."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import Refusal
from domain.member import member
from domain.member.member import Role
from domain.participation import lead_of
from domain.team import team
from projections.as_of import resolve_as_of
from projections.database.database import Database
from projections.engine.versions import encode_state
from projections.figures import WHOLE_ORGANISATION
from projections.overload.queries import OverloadFacts
from projections.people import member_at, members_at, teams_and_leads_at, teams_led
from tests.projections.test_replay import engine_with_empty_views
from tests.story import Story, instant

_PEOPLE = ("ana", "ben", "mia")
_STEWARD = frozenset({"steward"})
_BEGIN = instant("2026-02-01")
_LEARNT = instant("2026-06-01")
_TEAM_CORRECTIONS = 10

#: What is said (of fourteen things), of whom, a detail of it, and the hour to which it is dated: in any order.
draws = st.lists(
    st.tuples(st.integers(0, 13), st.integers(0, 2), st.integers(0, 5), st.integers(0, 2000)), min_size=1, max_size=25
)
#: The same of those who come to a team and go, and of the team that is archived meanwhile.
moves = st.lists(
    st.tuples(st.sampled_from([4, 5, 11, 12, 13, 13]), st.integers(0, 2), st.integers(0, 1), st.integers(0, 2000)),
    min_size=6,
    max_size=25,
)


def act_of_kind(kind: int, detail: int, corrects: str | None) -> tuple[str, Any]:
    """The `kind`-th thing that is said about people and their team; the last ones correct what was said before."""
    day = date(2026, 2, 1) + timedelta(days=20 * (detail % 3))
    capacity = member.DeclareCapacity(hours_per_week=5 * (detail + 1), from_=day)
    absence = member.DeclareAbsence(from_=day, to=day + timedelta(days=detail))
    lead = team.AppointLead(lead=_PEOPLE[detail % 3])
    named = corrects or str(detail)
    table: tuple[tuple[str, Any], ...] = (
        ("member", capacity),
        ("member", absence),
        ("member", member.GrantRole(role=list(Role)[detail % 3])),
        ("member", member.RevokeRole(role=list(Role)[detail % 3])),
        ("member", member.Leave()),
        ("member", member.Join(team=("core", "other")[detail % 2])),
        ("member", member.RenameMember(name=f"Name {detail}")),
        ("team", lead),
        ("member", member.TakeBackFact(corrects=named)),
        ("member", member.DeclareCapacity(hours_per_week=detail, from_=day, corrects=named)),
        ("team", (team.TakeBackAppointment(corrects=named), team.AppointLead(lead="ana", corrects=named))[detail % 2]),
        ("member", member.LeaveTeam(team=("core", "other")[detail % 2])),
        ("member", member.ChangeTeam(join=("core", "other")[detail % 2])),
        ("other", (team.Archive(), team.Restore(lead="ben"))[detail % 2]),
    )
    return table[kind]


def story_of(drawn: list[tuple[int, int, int, int]]) -> Story:
    """A history told hour by hour, each part of it dated to any hour before; what is refused is left out."""
    story = Story(begins="2026-01-05")
    story.says("stella", team.Create(name="Other", lead="sam", ref="other"), on="other", at="2026-01-06")
    for number, (kind, who, detail, hour) in enumerate(drawn):
        name = _PEOPLE[who]
        stream = story.stream("core", "team") if kind == _TEAM_CORRECTIONS else story.stream(name, "member")
        earlier = [event.event_id for event in stream]
        on, act = act_of_kind(kind, detail, str(earlier[-1 - detail % len(earlier)]))
        with suppress(Refusal):
            story.says(
                "stella",
                act,
                on={"member": name, "team": "core"}.get(on, on),
                at=_BEGIN + timedelta(hours=hour),
                learnt=_LEARNT + timedelta(hours=number),
                roles=_STEWARD,
            )
    return story


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draws)
def test_decisions_access_views_and_reports_give_one_answer_in_whatever_order_it_is_told(
    database: Database, drawn: list[tuple[int, int, int, int]]
) -> None:
    story = story_of(drawn)
    engine = engine_with_empty_views(database, story)
    engine.catch_up()
    view = resolve_as_of(database, story, story.organisation_id, now=story.now)
    world = story.world(story.organisation_id, story.now)

    assert [] == engine.verify()
    facts = OverloadFacts(database, view, WHOLE_ORGANISATION)
    for state in story.states("member"):
        shown = member_at(database, view, state.id)
        assert shown is not None
        assert encode_state(state) == encode_state(shown)
        reported = facts.availability_of(state.id)
        if state.is_present:
            assert state.capacities == reported.standing_capacities(len(reported.standing))
            assert set(state.absences) == {said.absence for said in reported.standing if said.absence}
        last_left = state.departures[-1].left_at if state.departures else None
        led = {each.id for each in story.states("team") if lead_of(each, world) == state.id}
        assert led == teams_led(database, story.organisation_id, state.id, last_left)
    assert {s.id for s in story.states("member") if s.is_present} == {m.id for m in members_at(database, view)}
    assert {t.id for t in story.states("team") if lead_of(t, world) is None} == {
        found.id for found, lead_left in teams_and_leads_at(database, view) if lead_left or found.archived_at
    }
    for known in story.states("team"):
        inside = {m.id for m in members_at(database, view, team=known.id)}
        assert {m.id for m in story.states("member") if known.id in m.teams} == inside


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves)
def test_an_archived_team_has_no_members_on_any_day_in_whatever_order_it_is_told(
    database: Database, drawn: list[tuple[int, int, int, int]]
) -> None:
    story = story_of(drawn)
    engine_with_empty_views(database, story).catch_up()

    for day in range(0, 90, 10):
        at = (_BEGIN + timedelta(days=day)).date()
        view = resolve_as_of(database, story, story.organisation_id, as_of=at, now=story.now)
        archived = [found.id for found, _ in teams_and_leads_at(database, view) if found.archived_at]
        assert [] == [m.ref for team_id in archived for m in members_at(database, view, team=team_id)]
