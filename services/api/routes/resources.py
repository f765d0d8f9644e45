"""What a stream is at one of its versions, as one viewer may see it; and all of them at one position of the log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Annotated, Any, Literal, cast
from uuid import UUID

import msgspec

from domain.cycle.state import Cycle
from domain.decision.state import Decision
from domain.envelope import Instant, RecordedEvent
from domain.experiment.state import Experiment
from domain.goal.state import Ended, Goal, Promised, without_statements
from domain.organisation.organisation import Organisation
from domain.registry import AGGREGATES
from ledger.commands import EventPosition
from ledger.ledger import Ledger
from ledger.states import NO_STREAM, StreamState, extend, fold
from projections.cycles.cycles import state_of
from services.api.context import RequestContext
from services.api.http.problems import field_error
from services.api.http.responses import StreamResponse, encode
from services.api.operations import NoQuery, Operation, Position, Route, Weight, query_route
from services.api.queries import as_of_now, record_person_read
from services.api.routes.charters import CharterSummary, charter_summary
from services.api.summaries import (
    MemberSummary,
    PolicyValues,
    TeamSummary,
    member_summary,
    team_summary,
    to_policy_values,
)
from services.authorization import READ, Viewer
from services.visibility.events import EventVisibility
from services.visibility.policy import can_see_person, can_see_scope, redact_cycle

NDJSON = "application/x-ndjson"
#: Kinds of resources, those that others refer to first.
KINDS = ("organisation", "team", "member", "charter", "cycle", "decision", "experiment", "goal")
ResourceKind = Literal["organisation", "team", "member", "charter", "cycle", "decision", "experiment", "goal"]
#: Streams that are read and folded at a time.
_BATCH_SIZE = 200
#: Seconds in which a batch has to be taken.
_SEND_S = 30.0


class OrganisationState(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation and every version of its policies, the last one in force."""

    name: str
    zone: str
    policies: list[PolicyValues]


class Resource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One stream at one version. The field that is named as `kind` holds it."""

    kind: ResourceKind
    id: UUID
    version: int
    #: The word for where a goal, cycle, decision or experiment stands.
    state: str | None = None
    organisation: OrganisationState | None = None
    team: TeamSummary | None = None
    member: MemberSummary | None = None
    charter: CharterSummary | None = None
    cycle: Cycle | None = None
    decision: Decision | None = None
    experiment: Experiment | None = None
    goal: Goal | None = None


class SnapshotHead(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a snapshot: of which log, and at which position, everything behind it is."""

    organisation: UUID
    position: int
    epoch: str
    recorded_as_of: Instant | None


class SnapshotEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of a snapshot: one that lacks it is not whole."""

    position: int
    resources: int


class SnapshotLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line, of the kind that its only field names."""

    snapshot: SnapshotHead | None = None
    resource: Resource | None = None
    end: SnapshotEnd | None = None


# --- one stream ------------------------------------------------------------------------------------------------------


class ResourceSight:
    """What one viewer may see of streams; made anew for each page or batch."""

    def __init__(self, ledger: Ledger, viewer: Viewer) -> None:
        self._viewer = viewer
        self._events = EventVisibility(ledger, viewer)
        #: Other members whose figures were shown.
        self.persons: set[UUID] = set()

    def build(self, entry: StreamState, stream_id: UUID) -> Resource | None:
        """The stream as it may be shown; None: it may not, or is none that is published."""
        kind, state = entry.kind, entry.state
        if kind not in KINDS or state is None:
            return None
        # Members and charters are known to all, as in their lists; what of them is not, is left out below.
        if kind in ("goal", "cycle", "decision", "experiment") and not self._events.can_see_stream(kind, stream_id):
            return None
        word = state_of(state) if kind == "cycle" else getattr(state, "state", None) if kind != "member" else None
        shown = {kind: self._redact(kind, state, entry.version)}
        return Resource(kind=_as_kind(kind), id=stream_id, version=entry.version, state=word, **shown)

    def _redact(self, kind: str, state: Any, version: int) -> Any:
        match kind:
            case "organisation":
                return _organisation_state(state)
            case "team":
                return team_summary(state, version)
            case "member":
                return self._redact_member(state, version)
            case "charter":
                return charter_summary(state, version, within=can_see_scope(self._viewer, state.of.team))
            case "cycle":
                return redact_cycle(state, lambda goal: self._events.can_see_stream("goal", goal))
        # What only later corrections are folded by is no part of what a goal is.
        return without_statements(state) if isinstance(state, Promised | Ended) else state

    def _redact_member(self, state: Any, version: int) -> MemberSummary:
        personal = can_see_person(self._viewer, state.id, self._events.load_state("member", state.id))
        if personal and state.id != self._viewer.member_id:
            self.persons.add(state.id)
        return member_summary(state, version, personal=personal)


def _as_kind(kind: str) -> ResourceKind:
    return cast("ResourceKind", kind)


def _organisation_state(organisation: Organisation) -> OrganisationState:
    return OrganisationState(
        name=organisation.name,
        zone=organisation.zone,
        policies=[to_policy_values(each) for each in organisation.policies],
    )


def load_states(context: RequestContext, events: Sequence[RecordedEvent]) -> dict[UUID, Resource]:
    """Event -> what its stream is after it. Each stream is folded once, however many of its events there are."""
    if not events:
        return {}
    ledger, sight = context.runtime.ledger, ResourceSight(context.runtime.ledger, context.viewer)
    streams = ledger.read_streams(list({event.stream_id for event in events}), max(e.log_position for e in events))
    wanted = {event.event_id for event in events}
    found: dict[UUID, Resource] = {}
    for stream_id, whole in streams.items():
        for event_id, entry in _fold_each(whole):
            if event_id in wanted and (resource := sight.build(entry, stream_id)) is not None:
                found[event_id] = resource
    _record_persons(context, sight)
    return found


def _fold_each(events: Sequence[RecordedEvent]) -> Iterator[tuple[UUID, StreamState]]:
    """Each event of a stream, and the state that it left."""
    entry = NO_STREAM
    for number, event in enumerate(events, start=1):
        # The whole again where one was recorded late.
        entry = extend(entry, [event], AGGREGATES) or fold(events[:number], AGGREGATES)
        yield event.event_id, entry


def _record_persons(context: RequestContext, sight: ResourceSight) -> None:
    if sight.persons:
        record_person_read(context, as_of_now(context), context.path.removeprefix("/v1/"))


# --- all of them -----------------------------------------------------------------------------------------------------


class SnapshotQuery(NoQuery, frozen=True, kw_only=True):
    """At which position, and of which kinds."""

    position: Annotated[
        Position | None, msgspec.Meta(description="As everything stood after this event; where left out, the last one.")
    ] = None
    kinds: Annotated[list[ResourceKind], msgspec.Meta(max_length=20, description="Only these kinds of resources.")] = (
        msgspec.field(default_factory=list)
    )


@query_route(
    "/v1/snapshot",
    Operation(
        id="getSnapshot",
        summary="Everything that you may see at one position of the log, a line each; then follow the feed from there",
        tag="events",
        scopes=(READ,),
        query=SnapshotQuery,
        answer=SnapshotLine,
        media=(NDJSON,),
        codes=("too_many_at_once", "overloaded"),
        weight=Weight.WAIT,
    ),
)
async def get_snapshot(context: RequestContext) -> StreamResponse:
    query: SnapshotQuery = context.query
    at = await context.run_in_thread(Weight.LIGHT, _find_position, context, query.position)
    resources = AsyncExitStack()
    await resources.enter_async_context(context.hold(Weight.WAIT))
    headers = {"Plimsoll-Position": str(at.position), "Plimsoll-Epoch": context.runtime.ledger.epoch}
    return StreamResponse(
        produce=_Snapshot(context, at, query.kinds or list(KINDS)).produce,
        resources=resources,
        media_type=NDJSON,
        headers={"Cache-Control": "no-store", **headers},
    )


def _find_position(context: RequestContext, position: int | None) -> EventPosition:
    ledger, organisation = context.runtime.ledger, context.viewer.organisation_id
    if position is None:
        return ledger.positions(organisation)[0]
    found = ledger.event_position(organisation, position)
    if found is None:
        head = ledger.position(organisation)
        raise field_error("/position", f"this organisation has positions 1 to {head}", where="query")
    return found


class _Snapshot:
    """The body of one snapshot. The log does not change behind the position, so that it needs no transaction."""

    def __init__(self, context: RequestContext, at: EventPosition, kinds: Sequence[str]) -> None:
        self._context = context
        self._at = at
        self._kinds = kinds
        self._is_recorded = False

    async def produce(self, _receive: Any, send_part: Any) -> bool:
        context, at, live = self._context, self._at, self._context.live
        try:
            async with context.waits.limit(None):
                streams = await live.run_in_thread(self._list_streams)
                head = SnapshotHead(
                    organisation=context.viewer.organisation_id,
                    position=at.position,
                    epoch=context.runtime.ledger.epoch,
                    recorded_as_of=at.recorded_at,
                )
                await send_part(_encode_lines([SnapshotLine(snapshot=head)]))
                count = 0
                for begin in range(0, len(streams), _BATCH_SIZE):
                    batch = await live.run_in_thread(self._load_batch, streams[begin : begin + _BATCH_SIZE])
                    count += len(batch)
                    async with asyncio.timeout(_SEND_S):
                        await send_part(_encode_lines(SnapshotLine(resource=resource) for resource in batch))
                await send_part(_encode_lines([SnapshotLine(end=SnapshotEnd(position=at.position, resources=count))]))
        except TimeoutError:
            # The reader does not read, or the server stops: without its last line it is not whole.
            return False
        return True

    def _list_streams(self) -> list[UUID]:
        """Those of the wanted kinds that had begun, kind by kind."""
        begun = self._context.runtime.ledger.list_streams(self._context.viewer.organisation_id, self._at.position)
        return [stream_id for kind in KINDS if kind in self._kinds for stream_id in begun.get(kind, ())]

    def _load_batch(self, stream_ids: Sequence[UUID]) -> list[Resource]:
        ledger = self._context.runtime.ledger
        sight = ResourceSight(ledger, self._context.viewer)
        found: Mapping[UUID, list[RecordedEvent]] = ledger.read_streams(stream_ids, self._at.log_position)
        built = [sight.build(fold(found[stream_id], AGGREGATES), stream_id) for stream_id in stream_ids]
        if sight.persons and not self._is_recorded:
            # Once for the whole of it.
            self._is_recorded = True
            _record_persons(self._context, sight)
        return [resource for resource in built if resource is not None]


def _encode_lines(lines: Iterable[SnapshotLine]) -> bytes:
    return b"".join(encode(line) + b"\n" for line in lines)


ROUTES: list[Route] = [get_snapshot]
