"""The facts behind drift at one `as_of`: judgements, pauses, moves, links, and what became of their parents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Literal
from uuid import UUID

import msgspec

from domain.member.member import Member
from domain.quantities import to_fraction
from projections.as_of import AsOf
from projections.database.database import Database, Row, group_by_stream, query_by_ids, to_id
from projections.goals import AnyPromise
from projections.lineage.links import (
    Link,
    MaterialChange,
    SupportedGoal,
    group_links,
    select_standing_links,
    to_supported_goal,
)
from projections.paused_time import PauseRecord, Span, absent_spans, merge_spans, to_pause_record

#: Both sides agreed to a move, one alone moved it, or it was recorded after the fact, agreed or not.
Consent = Literal["negotiated", "alone", "retroactive"]


class Move(msgspec.Struct, frozen=True):
    """An accepted change of a due date (days) or target (units)."""

    event_id: UUID
    field: str
    moved: Fraction
    consent: Consent
    #: The proposal or counter that was accepted: it says where to.
    proposal: UUID


class DriftFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What one `as_of` shows about the goals asked for; by goal, lists in log order."""

    #: Of goals that were ever paused.
    pauses: dict[UUID, list[PauseRecord]]
    moves: dict[UUID, list[Move]] = {}
    links: dict[UUID, list[Link]] = {}
    #: By parent.
    material: dict[UUID, list[MaterialChange]] = {}
    parents: dict[UUID, SupportedGoal] = {}
    #: Present and departed owners.
    owners: dict[UUID, Member]
    #: When the clocks of owners who are or were absent stand.
    absences: dict[UUID, list[Span]]


def load_facts(
    database: Database, as_of: AsOf, goals: Sequence[AnyPromise], present: Mapping[UUID, Member]
) -> DriftFacts:
    """The facts behind these goals, their parents and owners. `present`: the members who have not left, by id."""
    own = sorted(str(goal.id) for goal in goals)
    rows = query_by_ids(database, "drift", dict.fromkeys(("moves", "links"), own), as_of.params)
    links = group_links(select_standing_links(rows["links"]))
    parents = sorted({str(link.parent) for of_goal in links.values() for link in of_goal})
    rows |= query_by_ids(database, "drift", dict.fromkeys(("material", "parents"), parents), as_of.params)
    return msgspec.structs.replace(
        load_clocks(database, as_of, goals, present),
        moves=group_by_stream(
            rows["moves"],
            lambda r: Move(to_id(r.event_id), r.field, to_fraction(r.moved), _to_consent(r), to_id(r.proposal_id)),
        ),
        links=links,
        material=group_by_stream(rows["material"], lambda r: MaterialChange(to_id(r.event_id), r.occurred_at, r.what)),
        parents={to_id(row.stream_id): to_supported_goal(row) for row in rows["parents"]},
    )


def load_clocks(
    database: Database, as_of: AsOf, goals: Sequence[AnyPromise], present: Mapping[UUID, Member]
) -> DriftFacts:
    """Of the facts when these goals' clocks stood still."""
    paused = sorted(str(goal.id) for goal in goals if "pause" in goal.sources)
    owners = {goal.owner for goal in goals}
    departed = sorted(str(owner) for owner in owners if owner not in present)
    rows = query_by_ids(database, "drift", {"pauses": paused, "owners": departed}, as_of.params)
    known = {owner: present[owner] for owner in owners if owner in present}
    known |= {to_id(r.stream_id): _MEMBER_DECODER.decode(r.body) for r in rows["owners"]}
    return DriftFacts(
        pauses=group_by_stream(rows["pauses"], to_pause_record),
        owners=known,
        absences={m.id: merge_spans(absent_spans(m.absences, as_of.tzinfo)) for m in known.values() if m.absences},
    )


def _to_consent(row: Row) -> Consent:
    return "retroactive" if row.retroactive == 1 else "negotiated" if row.negotiated == 1 else "alone"


_MEMBER_DECODER = msgspec.json.Decoder(Member)
