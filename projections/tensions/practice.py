"""Figures that only tensions need: how goals are worded, answered, spoken of and left alone.

Everything else that a tension is made of comes from the report that has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.envelope import Event
from domain.goal import events as e
from domain.instants import from_micros
from domain.quantities import to_fraction
from projections.as_of import AsOf
from projections.database.database import Database, Row, named_statements, query_by_ids, to_id, to_optional_id
from projections.database.sql import in_clause
from projections.figures import (
    SMALL_SAMPLE,
    Figure,
    GroupFigure,
    ReportScope,
    build_share,
    line_of_limit,
    of_group,
    round_for_report,
    window_begin,
)
from projections.goals import ReportedPromise
from projections.paused_time import DAY_MICROS, running_micros
from projections.support.queries import SupportFacts
from projections.tensions.past import PastFacts

_SQL = "tensions"
_WEEK_DAYS = 7
_WEEK_MICROS = _WEEK_DAYS * DAY_MICROS


def _by_owner(goals: Iterable[ReportedPromise]) -> list[tuple[UUID | None, UUID | None]]:
    return [(goal.team, goal.owner) for goal in goals]


# --- how goals are worded, and whether they move ---------------------------------------------------------------------


def build_measure_figure(live: Sequence[ReportedPromise], scope: ReportScope) -> GroupFigure:
    """Live goals that are only done or not done, which is what a goal without a stated measure gets."""
    lacking = [goal for goal in live if goal.terms.measure.kind == "binary"]
    events = scope.list_events(e for goal in live for e in goal.list_sources("measure"))
    share = build_share("goals_without_measure", len(lacking), len(live), census=True, events=events, **scope.group)
    return of_group(share, _by_owner(live))


def build_static_figure(
    database: Database, as_of: AsOf, scope: ReportScope, live: Sequence[ReportedPromise], past: PastFacts | None
) -> GroupFigure:
    """Of the live, unpaused goals promised before the window those that nothing in it has changed or affirmed."""
    since = window_begin(as_of, scope.window)
    begins = from_micros(since)
    older = [goal for goal in live if goal.promised_at < begins and not _is_paused(goal, as_of)]
    if past is not None:
        moved, changes = past.find_moved(since, as_of), list[Row]()
    else:
        ids = sorted(str(goal.id) for goal in older)
        changes = query_by_ids(database, _SQL, {"moved": ids}, {**as_of.params, "since": since})["moved"]
        moved = {to_id(row.stream_id) for row in changes}
    promises = (event for goal in older for event in goal.list_sources())
    events = scope.list_events(chain(promises, (to_id(row.event_id) for row in changes)))
    static = sum(goal.id not in moved for goal in older)
    share = build_share("static_share", static, len(older), census=True, events=events, **scope.group)
    return of_group(share, _by_owner(older))


def _is_paused(goal: ReportedPromise, as_of: AsOf) -> bool:
    return goal.pause is not None and goal.pause.paused_from <= as_of.today < goal.pause.resume_on


# --- what becomes of counters and proposals --------------------------------------------------------------------------


def _tags(*classes: type[Event]) -> tuple[str, ...]:
    return tuple(str(cls.__struct_config__.tag) for cls in classes)


_MADE = _tags(e.GoalCountered, e.ChangeProposed, e.ChangeCountered)
_ACCEPTED = _tags(e.GoalPromised, e.GoalAccepted, e.ChangeAccepted)
_CHOSEN = _tags(e.ApproachChosen)


class _Acceptance(msgspec.Struct, frozen=True):
    """What an accepting event says of what it answers."""

    answers: UUID
    self_accepted: bool = False


_ACCEPTANCE = msgspec.json.Decoder(_Acceptance)


class _Moves(NamedTuple):
    """The window's counters and proposals that another party could answer, and what was chosen alone."""

    made: Sequence[Row]
    #: Of what was made: the event that accepted it.
    accepted: Mapping[str, str]
    chosen: Sequence[Row]


def build_answer_figures(database: Database, as_of: AsOf, scope: ReportScope) -> Iterator[GroupFigure]:
    """The share of counters and proposals of the window that were accepted; the approaches that owners chose."""
    moves = _load_moves(database, as_of, scope)
    ids = [*(row.event_id for row in moves.made), *moves.accepted.values()]
    events = scope.list_events(map(to_id, ids))
    share = build_share("changes_accepted", len(moves.accepted), len(moves.made), events=events, **scope.group)
    yield of_group(share, _by_party(moves.made), _by_other_side(moves.made))
    events = scope.list_events(to_id(row.event_id) for row in moves.chosen)
    chosen = Figure(name="approaches_in_window", value=len(moves.chosen), events=events, **scope.group)
    yield of_group(chosen, _by_party(moves.chosen))


def _by_party(rows: Iterable[Row]) -> list[tuple[UUID | None, UUID | None]]:
    return [(to_optional_id(row.team), to_optional_id(row.party)) for row in rows]


def _by_other_side(rows: Iterable[Row]) -> list[tuple[UUID | None, UUID | None]]:
    """Who is behind the answers: what is measured is whether the other side accepts."""
    sides = ((row.team, row.sponsor if row.party == row.owner else row.owner) for row in rows)
    return [(to_optional_id(team), to_optional_id(other)) for team, other in sides]


def _load_moves(database: Database, as_of: AsOf, scope: ReportScope) -> _Moves:
    types, params = in_clause("type", (*_MADE, *_ACCEPTED, *_CHOSEN))
    accepting, more = in_clause("accepting", _ACCEPTED)
    whose, asked = (
        ("COALESCE(g.team, g.stream_id) = :team", {"team": str(scope.team)})
        if scope.team is not None
        else ("1 = 1", {})
    )
    sql = named_statements(_SQL)["moves"].replace(":types", types).replace(":accepting_types", accepting)
    since = {"since": window_begin(as_of, scope.window)}
    rows = database.query(sql.replace(":whose", whose), {**as_of.params, **params, **more, **asked, **since})
    answers = {
        str(said.answers): (row.event_id, said.self_accepted)
        for row in rows
        if row.data is not None
        for said in [_ACCEPTANCE.decode(row.data)]
    }
    # What a party proposes to itself says nothing about whether others agree.
    alone = {made for made, (_, by_itself) in answers.items() if by_itself}
    made = [row for row in rows if row.type in _MADE and row.event_id not in alone]
    accepted = {row.event_id: answers[row.event_id][0] for row in made if row.event_id in answers}
    return _Moves(made, accepted, [row for row in rows if row.type in _CHOSEN])


# --- how often goals are spoken of -----------------------------------------------------------------------------------


def build_check_in_figure(database: Database, evidence: SupportFacts) -> GroupFigure:
    """Check-ins of the window per goal and week in which its clock ran; `n` is the goals."""
    scope, as_of = evidence.scope, evidence.as_of
    running = [
        (standing.goal, time)
        for standing in evidence.standing_promises
        if (time := running_micros(max(evidence.since, standing.begun), standing.until, standing.stops))
    ]
    wanted = sorted(str(goal.id) for goal, _ in running)
    name = "check_ins" if scope.explain else "check_in_counts"
    rows = query_by_ids(database, _SQL, {name: wanted}, {**as_of.params, "since": evidence.since})[name]
    count = len(rows) if scope.explain else sum(row.n for row in rows)
    weeks = Fraction(sum(time for _, time in running), _WEEK_MICROS)
    policy = as_of.policy.policy
    limit = to_fraction(policy.monitoring_factor) * Fraction(_WEEK_DAYS, policy.cadence_days)
    figure = Figure(
        name="check_ins_a_week",
        n=len(running),
        value=round_for_report(count / weeks) if weeks else None,
        status=None if weeks else "no_data",
        line=line_of_limit(count / weeks, limit) if weeks else None,
        small_sample=len(running) < SMALL_SAMPLE,
        events=scope.list_events(to_id(row.event_id) for row in rows),
        **scope.group,
    )
    return of_group(figure, _by_owner(goal for goal, _ in running))
