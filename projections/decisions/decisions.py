"""Decisions as versions: each as it stood at any business time, as believed at any log position; and every asking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.decision.events import PerspectiveShared
from domain.decision.evolve import evolve
from domain.decision.state import STATES, Decision, Objection, Outcome
from domain.errors import InvalidField
from domain.instants import from_micros, to_micros
from projections.as_of import AsOf
from projections.database.database import Database, named_statements, to_id
from projections.database.paging import Order, RowSelection, query_digest_of
from projections.database.sql import in_clause, without_nul
from projections.database.tables import Column
from projections.engine.versions import VersionedProjection
from projections.streams import VisibilityFilter, load_row, query_page

_SQL = "decisions"
MAX_PERSPECTIVES = 200
_PERSPECTIVE_TAG = str(PerspectiveShared.__struct_config__.tag)


def time_box_end(deadline: datetime, outcome: Outcome | None) -> datetime:
    """When an asking's time-box was over: decided, or at its deadline, whichever came first."""
    return min(deadline, outcome.at) if outcome is not None else deadline


def _fields(state: Decision) -> tuple[Any, ...]:
    return (
        state.ref,
        None if state.of.team is None else str(state.of.team),
        without_nul(state.question),
        state.state,
        " ".join(sorted(map(str, state.deciders))),
        " ".join(sorted(map(str, state.pending_deciders))),
        to_micros(state.opened_at),
        to_micros(state.deadline),
        to_micros(time_box_end(state.deadline, state.decided)),
        None if state.decided is None else state.decided.by,
        len(state.rounds) + 1,
        None if state.opened_by is None else str(state.opened_by),
        None if state.decided is None or state.review_on is None else state.review_on.isoformat(),
    )


DECISIONS = VersionedProjection(
    name="decisions",
    version=4,
    kind="decision",
    evolve=evolve,
    columns=(
        Column("ref", "text", "The source's own id of the decision.", nullable=True),
        Column("team", "uuid", "The team whose decision it is; empty: the organisation's own.", nullable=True),
        Column("question", "text", "What is asked."),
        Column("state", "text", "open, with_lead (the deadline has passed and the lead decides) or decided."),
        Column("deciders", "text", "Ids of the members who decide, ascending, parted by spaces."),
        Column("waiting_for", "text", "Those of them who have consented to nothing, while it is open."),
        Column("opened_at", "integer", "When it was asked first, microseconds UTC."),
        Column("deadline", "integer", "End of the time-box, microseconds UTC."),
        Column("time_box_end", "integer", "When it was decided or its deadline, whichever is first, microseconds UTC."),
        Column("decided_by", "text", "consent, fallback or lead; empty until it is decided.", nullable=True),
        Column("askings", "integer", "How often the question was asked: 1, and 1 more each time it was reopened."),
        Column("opened_by", "uuid", "Who asked it.", nullable=True),
        Column("review_on", "date", "Of one that is decided: the day on which to look again.", nullable=True),
    ),
    fields=_fields,
    indexes=(
        ("organisation_id", "time_box_end"),
        ("organisation_id", "askings"),
        ("organisation_id", "review_on"),
    ),
    # Who decides stands beside the order: rows need not be read to be left out. 50 of them are 1,850 of the 2,704 bytes
    # that an entry of a PostgreSQL index may have.
    latest_indexes=(
        ("opened_at", "stream_id", "state", "deciders"),
        ("state", "opened_at", "stream_id", "deciders"),
        ("team", "opened_at", "stream_id", "state"),
    ),
    comment="Decisions: question, options, consents, objections, outcome and earlier askings (in body).",
)

_DECISION = msgspec.json.Decoder(Decision)


class DecisionFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which decisions to list; all that are given must hold."""

    #: Only those with an event behind this log position. Unset it is no part of a cursor's question.
    changed_after: int | msgspec.UnsetType = msgspec.UNSET
    team: UUID | None = None
    #: The organisation's own, and no team's.
    own: bool = False
    decider: UUID | None = None
    #: A decider who has consented to nothing yet.
    waiting_for: UUID | None = None
    #: Any of these states.
    states: tuple[str, ...] = ()


class DecisionPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some decisions, the latest asked first, and the cursor that leads on; None: these were the last."""

    decisions: list[Decision]
    next: str | None


def decision_at(database: Database, as_of: AsOf, decision_id: UUID) -> Decision | None:
    """One decision; None where there is none (yet, at that time). Its `version` counts all its events known by then."""
    row = load_row(database, as_of, "decisions", decision_id)
    return None if row is None else msgspec.structs.replace(_DECISION.decode(row.body), version=row.stream_version)


def load_decisions_page(
    database: Database,
    as_of: AsOf,
    filters: DecisionFilters,
    *,
    cursor: str | None = None,
    limit: int = 50,
    visible: VisibilityFilter | None = None,
) -> DecisionPage:
    """One page. Later pages see the same moment as the first, whatever is written in between.

    `visible`: the organisation's own, those of the teams, and where the member decides; None: all.

    Raises `InvalidField` for an unknown state, a limit outside 1..200, or a cursor that another question gave.
    """
    if unknown := [state for state in filters.states if state not in STATES]:
        raise InvalidField(f"no decision is {unknown[0]!r}", pointer="/state", allowed=STATES)
    where, params = _build_where(filters)
    few_of = ["team = :team"] if visible is None and filters.team is not None else []
    any_of, seen = list[str](), dict[str, Any]()
    if visible is not None:
        marks, teams = in_clause("seen", sorted(map(str, visible.teams)))
        any_of, few_of = ["team IS NULL", "deciders LIKE :viewer"], [f"team IN ({marks})"]
        seen = {"viewer": f"%{visible.member}%", **teams}
    rows, following = query_page(
        database,
        as_of,
        RowSelection(table="decisions", where=where, any_of=any_of, few_of=few_of),
        {**params, **seen},
        Order(key="opened_at", descending=True, number=True),
        changed_after=filters.changed_after,
        question=query_digest_of("decisions", filters),
        cursor=cursor,
        limit=limit,
    )
    return DecisionPage(decisions=[_DECISION.decode(row.body) for row in rows], next=following)


def _build_where(filters: DecisionFilters) -> tuple[list[str], dict[str, Any]]:
    where, params = ["1 = 1"], dict[str, Any]()
    if filters.team is not None:
        where.append("team = :team")
        params["team"] = str(filters.team)
    if filters.own:
        where.append("team IS NULL")
    for column, name, member in (
        ("deciders", "decider", filters.decider),
        ("waiting_for", "waiting_for", filters.waiting_for),
    ):
        if member is not None:
            # Who is waited for decides: that is found beside the order.
            where += [f"{held} LIKE :{name}" for held in dict.fromkeys(("deciders", column))]
            params[name] = f"%{member}%"
    if filters.states:
        marks, values = in_clause("state", filters.states)
        where.append(f"state IN ({marks})")
        params |= values
    return where, params


def load_decisions_to_review(
    database: Database, as_of: AsOf, member: UUID, teams: Iterable[UUID], *, own: bool, limit: int
) -> list[Decision]:
    """Decided, and the day to look again has come: those that this member opened, and those of the `teams`.

    `own`: and the organisation's. Those that wait longest, `limit` at most.
    """
    marks, params = in_clause("led", sorted(map(str, teams)))
    rows = database.query(
        f"SELECT body FROM decisions WHERE {as_of.predicate} AND review_on <= :today"
        f" AND (opened_by = :member OR team IN ({marks}){' OR team IS NULL' if own else ''})"
        " ORDER BY review_on, stream_id LIMIT :rows",
        {**as_of.params, **params, "today": as_of.today.isoformat(), "member": str(member), "rows": limit},
    )
    return [_DECISION.decode(row.body) for row in rows]


class Perspective(msgspec.Struct, frozen=True, kw_only=True):
    """How it looks from one decider's place."""

    event_id: UUID
    member: UUID | None
    option: str | None
    text: str
    at: datetime


def load_perspectives(database: Database, as_of: AsOf, decision_id: UUID) -> list[Perspective]:
    """What was shared by then, the first `MAX_PERSPECTIVES` in the order of the stream; all stand in the history."""
    params = {**as_of.params, "stream_id": str(decision_id), "tag": _PERSPECTIVE_TAG, "rows": MAX_PERSPECTIVES}
    return [
        Perspective(
            event_id=to_id(row.event_id),
            member=None if row.party is None else to_id(row.party),
            option=(said := msgspec.json.decode(row.data, type=PerspectiveShared)).option,
            text=said.text,
            at=from_micros(row.occurred_at),
        )
        for row in database.query(named_statements(_SQL)["perspectives"], params)
    ]


class DecisionRound(msgspec.Struct, frozen=True, kw_only=True):
    """One asking of one question: its time-box, and what came of it."""

    decision: UUID
    opened_event: UUID
    opened_at: datetime
    deadline: datetime
    outcome: Outcome | None
    objections: tuple[Objection, ...]
    #: Whose decision it is; None: the organisation's.
    team: UUID | None
    #: Who opened it, and who decides.
    parties: frozenset[UUID]
    #: When it was asked again, and by which event.
    reopened_at: datetime | None = None
    reopened_event: UUID | None = None

    @property
    def ended_at(self) -> datetime:
        """The end of its time-box."""
        return time_box_end(self.deadline, self.outcome)


def rounds_of(decision: Decision) -> Iterator[DecisionRound]:
    """Every asking of the question, oldest first."""
    parties = frozenset(member for member in (decision.opened_by, *decision.deciders) if member is not None)
    for number, past in enumerate(decision.rounds):
        yield DecisionRound(
            decision=decision.id,
            team=decision.of.team,
            parties=parties,
            opened_event=past.opened_event,
            opened_at=past.time_box_from,
            deadline=past.deadline,
            outcome=past.outcome,
            objections=tuple(o for o in decision.objections if o.round == number),
            reopened_at=past.reopened_at,
            reopened_event=past.reopened_event,
        )
    yield DecisionRound(
        decision=decision.id,
        team=decision.of.team,
        parties=parties,
        opened_event=decision.opened_event,
        opened_at=decision.time_box_from,
        deadline=decision.deadline,
        outcome=decision.decided,
        objections=tuple(o for o in decision.objections if o.round == decision.reopen_count),
    )


def load_ended_rounds(
    database: Database, as_of: AsOf, since: int, *, team: UUID | None = None, decider: UUID | None = None
) -> list[DecisionRound]:
    """The questions whose time-box ended from `since` (microseconds UTC) to then, in the order of opening.

    Of a team's decisions, of those in which a member decides, or of all.
    """
    where, params = _build_where(DecisionFilters(team=team, decider=decider))
    wanted = f"SELECT body FROM decisions WHERE {as_of.predicate} AND {' AND '.join(where)}"
    # Apart, so that each finds its index: what ended in time, and the few whose earlier askings may have.
    rows = database.query(
        f"{wanted} AND time_box_end BETWEEN :since AND :at UNION ALL {wanted} AND askings > 1 AND time_box_end > :at",
        {**as_of.params, **params, "since": since},
    )
    found = [asking for row in rows for asking in rounds_of(_DECISION.decode(row.body))]
    ended = [a for a in found if since <= to_micros(a.ended_at) <= to_micros(as_of.at)]
    return sorted(ended, key=lambda a: (a.opened_at, str(a.opened_event)))
