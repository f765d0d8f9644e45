"""Purpose drift and acknowledgements, recomputed the plain way from the events of histories of any shape."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.charter.acts import Acknowledge, RetireNonNegotiable, Review, ReviseNonNegotiable
from domain.charter.state import charter_id
from domain.errors import Refusal
from domain.goal.acts import Accept, AcceptChange, AffirmLink, Cancel, Changes, DeclareComplete, ProposeChange, Unlink
from domain.goal.state import LIVE_STATES, Promised
from domain.member import member
from domain.registry import AGGREGATES
from domain.team import team
from domain.terms import SupportInput
from projections.as_of import resolve_as_of
from projections.database.database import Database
from projections.drift import report as drift_report
from projections.figures import ReportScope
from tests.domain.charters import adopt_dated_purpose, adopt_non_negotiable_texts, leader
from tests.projections.test_replay import PrefixReader, engine_with_empty_views
from tests.spec import Story, offer, why

_GOALS = ("g0", "g1", "g2", "g3", "g4")
_OWNERS = ("ana", "ben", "sam", "ana", "ben")
_TARGETS = (
    *(SupportInput(goal=goal) for goal in _GOALS),
    *(SupportInput(purpose=whose) for whose in ("core", "edge", "organisation")),
)
_CHARTERS = ("core", "edge", "organisation")
_STEWARD = frozenset({"steward"})

_steps = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, 4), st.integers(0, 7), st.integers(0, 7), st.sampled_from([1, 9, 30])),
    min_size=25,
    max_size=45,
)


def story_of(draws: list[tuple[int, int, int, int, int]]) -> Story:
    """Two teams, five goals that support each other and purposes in any way, charters that change under them."""
    story = Story()
    story.says("stella", team.Create(name="Edge", lead="lea", ref="edge"), on="edge", roles=_STEWARD)
    story.says("stella", member.Join(team="edge"), on="sam", roles=_STEWARD)
    for number, (goal, owner) in enumerate(zip(_GOALS, _OWNERS, strict=True)):
        # One supports the one before it; the first serves a purpose that is still to come.
        above = [SupportInput(goal=_GOALS[number - 1])] if number else [SupportInput(purpose="core")]
        said = offer(owner=owner, sponsor="mia", due=date(2026, 12, 1), start=story.now.date(), supports=above)
        story.says(owner, msgspec.structs.replace(said, team=("core", "edge")[number % 2]), on=goal)
        story.says("mia", Accept(), on=goal)
    for number, whose in enumerate(_CHARTERS):
        adopt_non_negotiable_texts(story, "Say it early", "Ask first", of=whose, at=f"2026-01-{10 + number}")
    for draw in draws:
        story.now += timedelta(hours=draw[4])
        with suppress(Refusal):
            _apply_draw(story, *draw[:4])
    return story


def _apply_draw(story: Story, kind: int, goal: int, first: int, second: int) -> None:
    name, owner = _GOALS[goal], _OWNERS[goal]
    whose, expected = _CHARTERS[first % 3], f"nn{1 + second % 2}"
    by = leader(story, whose)
    act: Any
    match kind:
        case 0 | 1:
            adopt_dated_purpose(
                story, (story.now.date() + timedelta(days=2)).isoformat(), of=whose, text=f"So, {first} {second}"
            )
        case 2 | 3 | 4:
            held = _list_supports(story, name)
            named = [held[first % len(held)]] if held else []
            act = Unlink(supports=named, reason=why("purpose_changed")) if kind == 2 else AffirmLink(supports=named)
            story.says(owner, act, on=name)
        case 5 | 6:
            targets = [t for t in dict.fromkeys((_TARGETS[first], _TARGETS[second])) if t.goal != name]
            change = ProposeChange(changes=Changes(supports=targets), reason=why(), trigger="purpose")
            story.says(owner, change, on=name)
            story.says("mia", AcceptChange(), on=name)
        case 7 if second < 3:
            act = DeclareComplete(reason=why()) if second % 2 else Cancel(reason=why())
            story.says(owner if second % 2 else "mia", act, on=name)
        case 8:
            act = ReviseNonNegotiable(non_negotiable=expected, text=f"Say it so {goal} {first}", reason=why())
            story.says(by, act, on=whose)
        case 9:
            retire = RetireNonNegotiable(non_negotiable=expected, reason=why())
            story.says(by, retire if goal == 0 else Review(), on=whose)
        case _:
            stands = {nn.ref: nn.version for nn in story.state(whose, "charter").non_negotiables_in_force}
            for person in ("lea", "ana", "ben", "sam", "mia", "stella")[: goal + 2]:
                with suppress(Refusal):
                    act = Acknowledge(non_negotiable=expected, version=stands.get(expected, 1))
                    story.says(person, act, on=whose)


def _list_supports(story: Story, name: str) -> list[SupportInput]:
    """What the goal supports just then, as its owner would name it."""
    goal = story.state(name)
    supports = [link.support for link in goal.links] if isinstance(goal, Promised) else []
    return [SupportInput(goal=str(s.goal)) if s.goal else SupportInput(purpose=str(s.purpose)) for s in supports]


# --- the plain way ---------------------------------------------------------------------------------------------------


def fold_states(story: Story, at: Any, known: int) -> dict[tuple[str, UUID], Any]:
    """Every stream as the domain folds what had happened by then and was known."""
    found: dict[tuple[str, UUID], Any] = {}
    told = [e for e in story.events if e.occurred_at <= at and e.log_position <= known]
    for event in sorted(told, key=lambda e: (e.occurred_at, e.log_position)):
        key = (event.kind, event.stream_id)
        found[key] = AGGREGATES[event.kind].evolve(found.get(key), event)
    return found


def has_path_to_purpose(
    goal: Any, charter: Any, held: dict[tuple[str, UUID], Any], seen: frozenset[UUID] = frozenset()
) -> bool:
    """Whether some path of standing promises ends with a link to this purpose, affirmed since it was last revised."""
    if not isinstance(goal, Promised) or goal.id in seen:
        return False
    for link in goal.links:
        if link.support.purpose == charter.id:
            if charter.purpose.version == 1 or link.affirmed_at >= charter.purpose.since:
                return True
        elif has_path_to_purpose(held.get(("goal", link.support.goal or goal.id)), charter, held, seen | {goal.id}):
            return True
    return False


def count_drifting(story: Story, held: dict[tuple[str, UUID], Any], whose: UUID | None) -> tuple[int, int] | None:
    """Goals adrift and counted; None where there is no purpose."""
    purposes = {key[1]: s for key, s in held.items() if key[0] == "charter" and s.purpose is not None}
    within = [charter_id(story.organisation_id, t) for t in (whose, None)] if whose else list(purposes)
    if not purposes.keys() & set(within):
        return None
    count = n = 0
    for (kind, _), goal in held.items():
        if kind != "goal" or goal.state not in LIVE_STATES or whose not in (None, goal.team):
            continue
        own = [purposes.get(charter_id(story.organisation_id, t)) for t in (goal.team, None)]
        n += any(own)
        count += any(own) and not any(has_path_to_purpose(goal, charter, held) for charter in own if charter)
    return count, n


def count_lacking(story: Story, held: dict[tuple[str, UUID], Any], whose: UUID | None) -> tuple[int, int] | None:
    """Members who lack an acknowledgement and who are asked for one; None where there is no charter."""
    charters = [
        s for key, s in held.items() if key[0] == "charter" and (s.purpose is not None or s.non_negotiables_in_force)
    ]
    if whose is not None:
        own = [c for c in charters if c.of.team == whose]
        charters = own or [c for c in charters if c.of.team is None]
    if not charters:
        return None
    count = n = 0
    for (kind, _), person in held.items():
        if kind != "member" or not person.is_present:
            continue
        led = {s.id for key, s in held.items() if key[0] == "team" and s.lead == person.id}
        teams = {None, *person.teams, *led}
        if whose is not None and whose not in teams:
            continue
        asked = [nn for c in charters if c.of.team in teams for nn in c.non_negotiables_in_force]
        n += bool(asked)
        count += any(person.id not in {a.member for a in nn.acknowledged} for nn in asked)
    return count, n


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    database = Database.open(sqlite_url)
    yield database
    database.close()


# Each example empties the one database.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_steps, st.sampled_from([0, 0, 1, 3, 9, 20]), st.sampled_from([0, 0, 1, 3, 9, 30]))
def test_the_report_says_what_the_plain_way_finds(database: Database, draws: Any, days: int, unknown: int) -> None:
    story = story_of(draws)
    engine_with_empty_views(database, story).catch_up()
    at = max(story.events[0].occurred_at, story.now - timedelta(days=days))
    known = len(story.events) - unknown
    view = resolve_as_of(database, story, story.organisation_id, as_of=at, now=story.now)
    view = msgspec.structs.replace(view, known_position=known)
    held = fold_states(story, at, known)

    for whose in (None, story.id("core", "team"), story.id("edge", "team")):
        figures = {
            f.name: f
            for f in drift_report.build_report(database, view, ReportScope(team=whose)).figures
            if f.goal is None
        }
        for name, expected in (
            ("purpose_drift", count_drifting(story, held, whose)),
            ("acknowledgement_share", count_lacking(story, held, whose)),
        ):
            told = figures[name]
            assert expected == (None if told.status == "no_charter" else (told.count, told.n)), name


# Each example empties the one database.
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_steps, st.lists(st.integers(1, 25), min_size=1, max_size=12))
def test_charters_followed_in_any_steps_and_replayed_give_the_same_tables(
    database: Database, draws: Any, strides: list[int]
) -> None:
    story = story_of(draws)
    reader = PrefixReader(story)
    engine = engine_with_empty_views(database, reader)

    for stop in [*(stop for stop in accumulate(strides) if stop < len(story.events)), len(story.events)]:
        reader.length = stop
        engine.catch_up()

        assert [] == engine.verify()
