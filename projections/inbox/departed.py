"""Promises that wait for a steward: their owner or sponsor has left, and a steward alone acts in that place."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import msgspec

from domain.goal.agreement import allowed_acts
from domain.goal.state import PROMISED_STATES, Promised
from domain.member.member import Member
from projections.as_of import AsOf
from projections.database.database import Database
from projections.database.paging import ALL_ROWS, ORDER_BY_ID, RowSelection, page_sql
from projections.database.sql import all_in_force_sql, goal_body_sql, in_clause
from projections.inbox.goal_requests import OpenRequest
from projections.people import load_members_by_id

_GONE = f"(SELECT stream_id FROM {all_in_force_sql('members')} AS m WHERE present = 0 AND last_left IS NOT NULL)"
#: Whose place is empty -> what a steward does where nobody has been named for it.
_ACTS = {"owner": "release_departed", "sponsor": "reassign_sponsor"}

_DECODER = msgspec.json.Decoder(Promised)


def list_departed_requests(database: Database, as_of: AsOf, steward: UUID) -> Iterator[tuple[Promised, OpenRequest]]:
    """Promised goals whose owner or sponsor has left, by goal, the owner's place first, and what a steward may do."""
    goals = _load_goals(database, as_of)
    members = load_members_by_id(database, as_of, {member for goal in goals for member in (goal.owner, goal.sponsor)})
    for goal in goals:
        for side in ("owner", "sponsor"):
            request = _departed_request(goal, side, members.get(getattr(goal, side)), steward)
            if request is not None:
                yield goal, request


def _load_goals(database: Database, as_of: AsOf) -> list[Promised]:
    marks, states = in_clause("state", PROMISED_STATES)
    few = (f"owner IN {_GONE}", f"sponsor IN {_GONE}")
    selection = RowSelection(table="goals", where=[f"state IN ({marks})"], few_of=few, body=goal_body_sql("v"))
    sql = page_sql(selection, as_of.disjoint_predicates, ORDER_BY_ID)
    rows = database.query(sql, {**as_of.params, **states, "rows": ALL_ROWS})
    return [_DECODER.decode(row.body) for row in rows]


def _departed_request(goal: Promised, side: str, member: Member | None, steward: UUID) -> OpenRequest | None:
    if member is None or member.left_at is None:
        return None
    allowed = allowed_acts(goal.state, frozenset({"steward"}))
    event, acts = None, tuple(act for act in (_ACTS[side],) if act in allowed)
    proposal = goal.proposal
    if proposal is not None and proposal.by != side and getattr(proposal.changes, side) in proposal.joined:
        # A successor has promised or agreed: what is left is the answer of the one who has gone.
        event, acts = proposal.id, ("accept_change", *acts)
    if not acts:
        return None
    return OpenRequest(
        kind="departed", goal=goal.id, whom=steward, since=member.left_at, until=None, acts=acts, event=event
    )
