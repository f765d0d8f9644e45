"""Promises whose owner or sponsor has left: what only a steward can do about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec

from domain.goal.agreement import allowed_acts
from domain.goal.state import PROMISED_STATES, Promised
from domain.member.member import Member
from projections.as_of import AsOf
from projections.database.database import Database
from projections.database.paging import ALL_ROWS, ORDER_BY_ID, RowSelection, page_sql
from projections.database.sql import goal_body_sql, in_clause
from projections.inbox.goal_requests import OpenRequest
from projections.people import load_departed_members

#: The departed member's role in the goal -> what a steward can do about it where no hand-over is open.
_ACTS = {"owner": "release_departed", "sponsor": "reassign_sponsor"}
#: Departed members in one statement.
_CHUNK_SIZE = 200

_DECODER = msgspec.json.Decoder(Promised)


def list_departed_requests(database: Database, as_of: AsOf, steward: UUID) -> Iterator[tuple[Promised, OpenRequest]]:
    """Each promised goal whose owner or sponsor has left, with the acts of a steward: by goal, the owner first."""
    departed = {member.id: member for member in load_departed_members(database, as_of)}
    for goal in _load_goals(database, as_of, sorted(map(str, departed))):
        for side, party in (("owner", goal.owner), ("sponsor", goal.sponsor)):
            request = _departed_request(goal, side, departed.get(party), steward)
            if request is not None:
                yield goal, request


def _load_goals(database: Database, as_of: AsOf, departed: Sequence[str]) -> list[Promised]:
    """The promises that these members own or sponsor, by id. Indexes find them: no other promise is read."""
    state, states = in_clause("state", PROMISED_STATES)
    goals = dict[str, Promised]()
    for start in range(0, len(departed), _CHUNK_SIZE):
        gone, members = in_clause("gone", departed[start : start + _CHUNK_SIZE])
        few = (f"owner IN ({gone})", f"sponsor IN ({gone})")
        selection = RowSelection(table="goals", where=[f"state IN ({state})"], few_of=few, body=goal_body_sql("v"))
        sql = page_sql(selection, as_of.disjoint_predicates, ORDER_BY_ID)
        rows = database.query(sql, {**as_of.params, **states, **members, "rows": ALL_ROWS})
        goals |= {str(row.stream_id): _DECODER.decode(row.body) for row in rows}
    return [goal for _, goal in sorted(goals.items())]


def _departed_request(goal: Promised, side: str, member: Member | None, steward: UUID) -> OpenRequest | None:
    if member is None or member.left_at is None:
        return None
    allowed = allowed_acts(goal.state, frozenset({"steward"}))
    event, acts = None, tuple(act for act in (_ACTS[side],) if act in allowed)
    proposal = goal.proposal
    if proposal is not None and proposal.by != side and getattr(proposal.changes, side) in proposal.joined:
        # A successor has joined. The answer that is missing is the departed member's, and a steward may give it.
        event, acts = proposal.id, ("accept_change", *acts)
    if not acts:
        return None
    return OpenRequest(
        kind="departed", goal=goal.id, whom=steward, since=member.left_at, until=None, acts=acts, event=event
    )
