"""Recognitions as versions: each as it stood at any business time, as believed at any log position."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec

from domain.instants import to_micros
from domain.recognition.recognition import Recognition, RecognitionKind, evolve
from projections.as_of import AsOf
from projections.database.database import Database, to_id
from projections.database.paging import Order, RowSelection, query_digest_of
from projections.database.sql import in_clause
from projections.database.tables import Column
from projections.engine.versions import VersionedProjection
from projections.streams import load_row, load_stream_versions, query_page

_SQL = "recognitions"


def _text_of(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _fields(state: Recognition) -> tuple[Any, ...]:
    ids = (state.giver, state.member, state.goal, state.cycle, state.team, state.given_event)
    return (state.ref, state.kind, state.state, *map(_text_of, ids), to_micros(state.given_at))


RECOGNITIONS = VersionedProjection(
    name="recognitions",
    version=3,
    kind="recognition",
    evolve=evolve,
    columns=(
        Column("ref", "text", "The source's own id of the recognition.", nullable=True),
        Column("kind", "text", "result or relationship."),
        Column("state", "text", "given or taken_back."),
        Column("giver", "uuid", "Who gave it."),
        Column("member", "uuid", "Who is recognised."),
        Column("goal", "uuid", "The goal that it is for.", nullable=True),
        Column("cycle", "uuid", "The cycle that it is for.", nullable=True),
        Column("team", "uuid", "The team of that goal or cycle; empty: the organisation's own.", nullable=True),
        Column("given_event", "uuid", "The event by which it was given."),
        Column("given_at", "integer", "When that was, microseconds UTC."),
    ),
    fields=_fields,
    indexes=(
        ("organisation_id", "given_at"),
        ("organisation_id", "member", "given_at"),
        ("organisation_id", "goal"),
    ),
    # Whether it stands, and of which team it is, are in the index: rows need not be read to be left out.
    latest_indexes=(
        ("given_at", "stream_id", "state", "team"),
        ("giver", "given_at", "stream_id", "state"),
        ("member", "given_at", "stream_id", "state"),
        ("team", "given_at", "stream_id", "state"),
    ),
    comment="Recognitions: what one member said of another for a goal or a cycle (in body).",
)

_RECOGNITION = msgspec.json.Decoder(Recognition)


class RecognitionFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which recognitions to list; all that are given must hold."""

    #: Only those with an event behind this log position. Unset it is no part of a cursor's question.
    changed_after: int | msgspec.UnsetType = msgspec.UNSET
    giver: UUID | None = None
    member: UUID | None = None
    goal: UUID | None = None
    cycle: UUID | None = None
    team: UUID | None = None
    kind: RecognitionKind | None = None


class RecognitionVisibilityFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What of the list its reader may see: what the reader gave or received, and what is of the teams (None: all)."""

    member: UUID
    teams: frozenset[UUID] | None
    #: Of and by these members the reader sees only what is between the reader and them.
    hidden: frozenset[UUID] = frozenset()
    #: Of and by these members also what is of the teams that the reader leads.
    hidden_but_from_lead: frozenset[UUID] = frozenset()
    led: frozenset[UUID] = frozenset()


class RecognitionPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some recognitions, the latest first, and the cursor that leads on; None: these were the last."""

    recognitions: list[Recognition]
    versions: dict[UUID, int]
    next: str | None


def recognition_at(database: Database, as_of: AsOf, recognition_id: UUID) -> tuple[Recognition, int] | None:
    """One recognition and its stream's version; None where there is none (yet, at that time)."""
    row = load_row(database, as_of, "recognitions", recognition_id)
    return None if row is None else (_RECOGNITION.decode(row.body), row.stream_version)


def load_recognitions_page(
    database: Database,
    as_of: AsOf,
    filters: RecognitionFilters,
    *,
    cursor: str | None = None,
    limit: int = 50,
    visible: RecognitionVisibilityFilter | None = None,
) -> RecognitionPage:
    """One page, the latest given first, without those taken back; `visible` None: all.

    Later pages see the same moment as the first. Raises `InvalidField` for a limit outside 1..200, or a cursor that
    another question gave.
    """
    where, params = _build_where(filters)
    few_of = ["team = :team"] if visible is None and filters.team is not None else []
    any_of, seen = list[str](), dict[str, Any]()
    if visible is not None:
        seen = {"viewer": str(visible.member)}
        if visible.teams is not None:
            any_of = ["giver = :viewer", "member = :viewer"]
            few_of = [_build_in("team", "of", visible.teams, seen)] if visible.teams else []
        where += _hide(visible, seen)
    rows, following = query_page(
        database,
        as_of,
        RowSelection(table="recognitions", where=where, any_of=any_of, few_of=few_of),
        {**params, **seen},
        Order(key="given_at", descending=True, number=True),
        changed_after=filters.changed_after,
        question=query_digest_of("recognitions", filters),
        cursor=cursor,
        limit=limit,
    )
    return RecognitionPage(
        recognitions=[_RECOGNITION.decode(row.body) for row in rows],
        versions=load_stream_versions(database, as_of.params, _SQL, [to_id(row.stream_id) for row in rows]),
        next=following,
    )


def _hide(visible: RecognitionVisibilityFilter, params: dict[str, Any]) -> Iterator[str]:
    """The condition that leaves out what charters hide; its values are added to `params`."""
    sides = ("giver", "member")
    conditions = [_build_in(side, "hidden", visible.hidden, params) for side in sides if visible.hidden]
    few = [_build_in(side, "few", visible.hidden_but_from_lead, params) for side in sides]
    if visible.hidden_but_from_lead:
        led = f"team IS NOT NULL AND {_build_in('team', 'led', visible.led, params)}"
        conditions.append(f"({' OR '.join(few)}) AND NOT ({led})")
    if conditions:
        yield f"(giver = :viewer OR member = :viewer OR NOT ({' OR '.join(conditions)}))"


def _build_in(column: str, name: str, ids: frozenset[UUID], params: dict[str, Any]) -> str:
    marks, values = in_clause(name, sorted(map(str, ids)))
    params |= values
    return f"{column} IN ({marks})" if ids else "1 = 0"


def _build_where(filters: RecognitionFilters) -> tuple[list[str], dict[str, Any]]:
    where, params = ["1 = 1"], dict[str, Any]()
    if filters.changed_after is msgspec.UNSET:
        # Who follows the list learns that one was taken back.
        where.append("state = 'given'")
    for column in ("giver", "member", "goal", "cycle", "team", "kind"):
        value = getattr(filters, column)
        if value is not None:
            where.append(f"{column} = :{column}")
            params[column] = str(value)
    return where, params
