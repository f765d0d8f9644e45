"""Why is it so? From a goal's value now, back through each accepted change, to the promise that began it.

Every link names its author, the reason, the cost and who consented. `upstream` lists what above it had changed (a goal
that this one supports, a purpose, the decision behind that) and whether that is why; `downstream` what became of those
who build on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.errors import InvalidField, NotFound
from domain.goal import events as e
from domain.goal.state import Goal
from domain.reasons import Reason
from projections import goals
from projections.as_of import AsOf
from projections.database.database import Database, named_statements, to_id
from projections.history.history import (
    CHANGE_PROPOSAL_TAGS,
    FIELDS,
    HistoryEntry,
    goal_values,
    load_history,
    to_json_value,
)
from projections.lineage.downstream import Consequence, Consequences, find_downstream_consequences
from projections.lineage.links import load_material_changes
from projections.lineage.upstream import Upstream, find_upstream_causes
from projections.sight import Sight


def _event_tags(*events: type) -> frozenset[str]:
    return frozenset(str(cls.__struct_config__.tag) for cls in events)  # type: ignore[attr-defined]


_UNPROMISED_TAGS = _event_tags(e.GoalDrafted, e.DraftRevised, e.GoalRequested, e.GoalOffered, e.GoalCountered)
_OPENING_TAGS = _event_tags(e.GoalRequested, e.GoalOffered)
_COUNTER_TAGS = _event_tags(e.GoalCountered)
_PROMISE_TAGS = _event_tags(e.GoalPromised, e.GoalAccepted)
_CHANGE_TAGS = _event_tags(e.ChangeAccepted)
_JOINED_TAGS = _event_tags(e.HandOverJoined)


class Party(msgspec.Struct, frozen=True):
    """A member and how people call them."""

    id: UUID
    name: str


class ProposalDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal, request, offer or counter: what was said before the consent."""

    event_id: UUID
    type: str
    by: Party | None
    at: datetime
    text: str
    reason: Reason | None = None
    #: Of a proposal: what set it off, what gives for it, and whether it came early enough.
    trigger: str | None = None
    trade_offs: list[e.TradeOff] = []
    in_time: bool | None = None
    retroactive: bool | None = None
    causation_id: UUID | None = None


class WhyStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the chain. `by` is who said it; of a change or promise, who consented and so made it hold."""

    #: change: an accepted change; promise: the first promise; asked: not promised yet; act: any other act that set it.
    kind: Literal["change", "promise", "asked", "act"]
    event_id: UUID
    type: str
    before: Any
    after: Any
    by: Party | None
    at: datetime
    recorded_at: datetime
    text: str
    reason: Reason | None = None
    #: What was consented to.
    said: ProposalDetails | None = None
    #: Of a hand-over: the new owner or sponsor, who had to agree before it could be accepted.
    joined: list[Party] = []
    #: How it stood to the owner's load line when it was taken.
    taken_as: str | None = None
    #: Some of the hours that this was judged by rest on an effort that was not stated.
    load_estimated: bool = False
    #: The proposer consented in the other role (a self-set goal).
    self_accepted: bool = False


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why a field of a goal has its value: the steps back to the promise, what stands above, and what it led to."""

    goal: UUID
    title: str
    field: str
    value: Any
    #: Newest first; the last link is where the value first came from. Empty: the field never had a value.
    chain: list[WhyStep]
    #: What is above and whether it led here; nearest first, at most 5 steps up.
    upstream: list[Upstream]
    #: What the chain's events caused below, nearest first, at most 5 steps down.
    downstream: list[Consequence]
    #: There is more below than the 200 entries that are listed.
    more: bool


class _Act(msgspec.Struct, frozen=True):
    """What `why` reads of an event beyond its entry: fields that are there in some events only."""

    answers: UUID | None = None
    trigger: str | None = None
    trade_offs: list[e.TradeOff] = []
    in_time: bool | None = None
    retroactive: bool = False
    taken_as: Any = None
    load_estimated: bool = False
    self_accepted: bool = False


def explain_field(database: Database, as_of: AsOf, goal_id: UUID, field: str, *, sight: Sight) -> Why:
    """The causal chain of one field's value.

    Raises `NotFound` for a goal that is not there, `InvalidField` naming the fields that one can ask for.
    """
    if field not in FIELDS:
        raise InvalidField(f"cannot ask why for {field[:64]!r}", pointer="/field", allowed=FIELDS)
    goal = goals.goal_at(database, as_of, goal_id)
    if goal is None:
        raise NotFound("no such goal")
    entries = load_history(database, as_of, goal_id, sight=sight)
    acts = _load_acts(database, as_of, goal_id)
    parties = sight.load_names(database, as_of, (entry.party for entry in entries))
    chain = _build_chain(entries, acts, parties, field)
    caused = _find_consequences(database, as_of, goal_id, chain)
    return Why(
        goal=goal_id,
        title=goal.title,
        field=field,
        value=to_json_value(goal_values(goal).get(field)),
        chain=chain,
        upstream=find_upstream_causes(
            database, as_of, goal_id, [link.event_id for link in chain], _list_supports(goal), sight=sight
        ),
        downstream=caused.entries,
        more=caused.more,
    )


def _load_acts(database: Database, as_of: AsOf, goal_id: UUID) -> dict[UUID, _Act]:
    params = {**as_of.params, "stream_id": str(goal_id)}
    rows = database.query(named_statements("history")["acts"], params)
    return {to_id(row.event_id): msgspec.json.decode(row.data, type=_Act) for row in rows}


def _build_chain(
    entries: Sequence[HistoryEntry], acts: Mapping[UUID, _Act], parties: Mapping[str, str], field: str
) -> list[WhyStep]:
    """Newest first. What was asked for and never promised is left out once there is a promise."""
    by_id = {entry.event_id: entry for entry in entries}
    links: list[WhyStep] = []
    set_by: UUID | None = None
    for entry in entries:
        if entry.type in CHANGE_PROPOSAL_TAGS:
            continue
        if entry.type in _OPENING_TAGS or (entry.type in _COUNTER_TAGS and field in entry.after):
            set_by = entry.event_id
        if field in entry.after:
            links.append(_build_step(entry, acts, parties, by_id, (entry.before.get(field), entry.after[field])))
        elif entry.type in _PROMISE_TAGS and links:
            # The promise makes what was last asked for hold, as it was; its reason is theirs who asked for it.
            promise = _build_step(entry, acts, parties, by_id, (None, links[-1].after), set_by)
            links = [*(link for link in links if link.kind != "asked"), promise]
    return links[::-1]


def _build_step(
    entry: HistoryEntry,
    acts: Mapping[UUID, _Act],
    parties: Mapping[str, str],
    by_id: Mapping[UUID, HistoryEntry],
    values: tuple[Any, Any],
    set_by: UUID | None = None,
) -> WhyStep:
    """`set_by`: of a promise, the request, offer or counter from which the field has its value."""
    act = acts[entry.event_id]
    kind: Literal["change", "promise", "asked", "act"] = "act"
    for name, tags in (("change", _CHANGE_TAGS), ("promise", _PROMISE_TAGS), ("asked", _UNPROMISED_TAGS)):
        if entry.type in tags:
            kind = name  # type: ignore[assignment]
    answers = set_by or act.answers
    answered = by_id.get(answers) if answers and kind in ("change", "promise") else None
    return WhyStep(
        kind=kind,
        event_id=entry.event_id,
        type=entry.type,
        before=values[0],
        after=values[1],
        by=_to_party(entry, parties),
        at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        text=entry.text,
        reason=entry.reason,
        said=_build_proposal_details(answered, acts, parties, by_id) if answered else None,
        joined=_find_joined_parties(answered, entry, by_id, parties) if answered and kind == "change" else [],
        taken_as=act.taken_as["how"] if act.taken_as else None,
        load_estimated=act.load_estimated,
        self_accepted=act.self_accepted,
    )


def _build_proposal_details(
    entry: HistoryEntry, acts: Mapping[UUID, _Act], parties: Mapping[str, str], by_id: Mapping[UUID, HistoryEntry]
) -> ProposalDetails:
    proposal, act = entry.type in CHANGE_PROPOSAL_TAGS, acts[entry.event_id]
    began = _find_first_proposal(entry, acts, by_id) if proposal else entry
    return ProposalDetails(
        event_id=entry.event_id,
        type=entry.type,
        by=_to_party(entry, parties),
        at=entry.occurred_at,
        text=entry.text,
        reason=entry.reason,
        trigger=(acts[began.event_id].trigger or "other") if proposal else None,
        trade_offs=act.trade_offs,
        in_time=act.in_time,
        retroactive=act.retroactive if proposal else None,
        causation_id=entry.causation_id or began.causation_id,
    )


def _find_joined_parties(
    proposal: HistoryEntry, accepted: HistoryEntry, by_id: Mapping[UUID, HistoryEntry], parties: Mapping[str, str]
) -> list[Party]:
    """Who joined between the proposal and its acceptance."""
    between = (x for x in by_id.values() if proposal.version < x.version < accepted.version and x.type in _JOINED_TAGS)
    return [party for entry in between if (party := _to_party(entry, parties)) is not None]


def _find_first_proposal(
    entry: HistoryEntry, acts: Mapping[UUID, _Act], by_id: Mapping[UUID, HistoryEntry]
) -> HistoryEntry:
    """The proposal that a counter goes back to: what set it off set off the counter too."""
    while (answers := acts[entry.event_id].answers) is not None and answers in by_id:
        entry = by_id[answers]
    return entry


def _to_party(entry: HistoryEntry, parties: Mapping[str, str]) -> Party | None:
    return None if entry.party is None else Party(entry.party, parties.get(str(entry.party), "somebody"))


# --- up and down -----------------------------------------------------------------------------------------------------


def _list_supports(goal: Goal) -> list[tuple[UUID, bool]]:
    """What it supports now: goals, and (True) charters."""
    supports = (goal.terms.supports if goal.terms else None) or ()
    return [(parent, s.goal is None) for s in supports if (parent := s.goal or s.purpose) is not None]


def _find_consequences(database: Database, as_of: AsOf, goal_id: UUID, chain: Iterable[WhyStep]) -> Consequences:
    """What those of the chain's events caused below that others build on."""
    events = {link.event_id for link in chain}
    moved = load_material_changes(database, as_of, [goal_id]).get(goal_id, [])
    return find_downstream_consequences(database, as_of, {goal_id: [m for m in moved if m.event_id in events]})
