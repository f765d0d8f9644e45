"""Pulses: waves of questions, one blind token for each who is asked, and answers that come without a key."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from domain.calendar import end_of_day
from domain.envelope import Instant
from domain.errors import Forbidden, NotFound
from domain.pulse import pulse as acts
from domain.pulse.pulse import HIGHEST, LOWEST, Pulse, PulseCell, PulseItem, PulseResult, WithheldResult
from domain.references import as_uuid
from ledger.commands import Receipt
from ledger.pulses import SealingKeyMissing
from projections.database.paging import MAX_PAGE_SIZE
from projections.history import history
from projections.people import members_at
from projections.pulse import pulses
from services.api.commands import build_command, command_response, execute, new_stream_id, require_stream
from services.api.context import PublicContext, RequestContext
from services.api.http.parsing import decode_segment
from services.api.http.problems import ProblemError, field_error
from services.api.http.responses import HttpResponse, json_response
from services.api.operations import (
    AsOfQuery,
    Cursor,
    HistoryQuery,
    ListQuery,
    Operation,
    Route,
    Weight,
    command_route,
    query_route,
)
from services.api.queries import (
    as_of_now,
    find_changed_after,
    history_response,
    next_link,
    read_response,
    requested_as_of,
)
from services.api.summaries import StreamSummary
from services.authorization import ACT, ADMIN, READ, STEWARD, roles_for_command
from services.visibility.policy import redact_pulse

_TAG = "pulses"
#: A token, a blinded token and a signature, in base64.
Encoded = Annotated[str, msgspec.Meta(min_length=4, max_length=400)]
Rating = Annotated[int, msgspec.Meta(ge=LOWEST, le=HIGHEST)]


class PulseSummary(StreamSummary, frozen=True, kw_only=True, omit_defaults=True):
    """A pulse in a list, and after an act."""

    ref: str | None = None
    state: Literal["open", "closed"]
    #: Empty: the organisation is asked.
    team: UUID | None = None
    opened_at: Instant
    closes_at: Instant
    closed_at: Instant | None = None


class PulseView(PulseSummary, frozen=True, kw_only=True, omit_defaults=True):
    """One pulse: what is asked, the cells and their keys, and, once it is closed, what may be known of it."""

    items: tuple[PulseItem, ...] = ()
    cells: tuple[PulseCell, ...] = ()
    #: The cell in which you stand; missing: you are not asked, or it is closed.
    cell: UUID | None = None
    results: tuple[PulseResult, ...] = ()
    withheld: tuple[WithheldResult, ...] = ()


class PulseList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of pulses, the latest first; the next one's cursor, also as `Link: <...>; rel="next"`."""

    pulses: list[PulseSummary]
    next: str | None


class PulsesQuery(ListQuery, frozen=True, kw_only=True):
    """Which page."""

    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE_SIZE)] = 50


class TakeToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A blinded token that is to be signed: the only one that you get, and the same again if it is sent again."""

    blinded: Encoded


class SignedToken(msgspec.Struct, frozen=True, kw_only=True):
    """The blind signature, and with which cell's key it was made."""

    cell: UUID
    signature: str


class GiveAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rating of each item, and a token that this pulse signed without seeing it. Sent without a key."""

    cell: UUID
    token: Encoded
    signature: Encoded
    #: In the order of the items, 1 to 7 each.
    ratings: Annotated[list[Rating], msgspec.Meta(min_length=1, max_length=32)]


class TakenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """It was taken."""

    taken: bool = True


def _summarise(pulse: Pulse, version: int, receipt: Receipt | None = None) -> PulseSummary:
    return PulseSummary(
        id=pulse.id,
        version=version,
        position=receipt.position if receipt else None,
        events=receipt.event_ids if receipt else None,
        ref=pulse.ref,
        state=pulse.state,
        team=pulse.team,
        opened_at=pulse.opened_at,
        closes_at=pulse.closes_at,
        closed_at=pulse.closed_at,
    )


# --- reading ---------------------------------------------------------------------------------------------------------


@query_route(
    "/v1/pulses",
    Operation(
        id="listPulses",
        weight=Weight.PAGE,
        summary="Pulses of the organisation, a page at a time",
        tag=_TAG,
        scopes=(READ,),
        query=PulsesQuery,
        answer=PulseList,
        reads_view=True,
    ),
)
def list_pulses(context: RequestContext) -> HttpResponse:
    query: PulsesQuery = context.query
    view = requested_as_of(context)
    filters = pulses.PulseFilters(changed_after=find_changed_after(context))
    page, following = pulses.load_pulses_page(
        context.runtime.database, view, filters, cursor=query.cursor, limit=query.limit
    )
    answer = PulseList(pulses=[_summarise(pulse, version) for pulse, version in page], next=following)
    return read_response(context, answer, view, headers=next_link(context, query, cursor=following))


def _resolve(context: RequestContext, ref: str) -> UUID:
    return context.resolve_id("pulse", decode_segment(ref))


@query_route(
    "/v1/pulses/{pulse}",
    Operation(
        id="getPulse",
        summary="One pulse: what is asked, the keys of its cells, and what may be known of it",
        tag=_TAG,
        scopes=(READ,),
        query=AsOfQuery,
        answer=PulseView,
        reads_view=True,
    ),
)
def get_pulse(context: RequestContext, pulse: str) -> HttpResponse:
    view = requested_as_of(context)
    found = pulses.pulse_at(context.runtime.database, view, _resolve(context, pulse))
    if found is None:
        raise NotFound("no such pulse")
    state, version = found
    shown = redact_pulse(context.viewer, state)
    cell = context.runtime.pulse_store.find_seat(state.id, context.viewer.member_id) if state.state == "open" else None
    summary = msgspec.structs.asdict(_summarise(state, version))
    answer = PulseView(
        **summary, items=state.items, cells=state.cells, cell=cell, results=shown.results, withheld=shown.withheld
    )
    return read_response(context, answer, view)


@query_route(
    "/v1/pulses/{pulse}/history",
    Operation(
        id="getPulseHistory",
        summary="Each event in plain words, with what it changed",
        tag=_TAG,
        scopes=(READ,),
        query=HistoryQuery,
        answer=history.HistoryPage,
        reads_view=True,
    ),
)
def get_pulse_history(context: RequestContext, pulse: str) -> HttpResponse:
    view = requested_as_of(context)
    pulse_id = _resolve(context, pulse)
    if pulses.pulse_at(context.runtime.database, as_of_now(context), pulse_id) is None:
        raise NotFound("no such pulse")
    return history_response(context, view, pulse_id)


# --- opening and closing ---------------------------------------------------------------------------------------------


@command_route(
    "/v1/pulses",
    Operation(
        id="openPulse",
        summary="Ask the persons of a team, or of the organisation, how it stands with them",
        tag=_TAG,
        scopes=(ACT, ADMIN),
        body=acts.OpenPulse,
        answer=PulseSummary,
        status=201,
        codes=("already_exists", "act_not_allowed", "pulse_key_missing"),
    ),
)
async def open_pulse(context: RequestContext) -> HttpResponse:
    act: acts.OpenPulse = context.body
    viewer = context.viewer
    team = context.resolve_id("team", act.team) if act.team is not None else None
    # Keys are made before the rules are asked; they say the same in full.
    if STEWARD not in roles_for_command(viewer) and team not in viewer.leads:
        raise Forbidden("a steward opens and ends pulses", allowed=("steward",))
    wave = new_stream_id(context, "pulse", act.ref)
    cells = await context.run_in_thread(Weight.LIGHT, _prepare, context, act, wave, team)
    opened = acts.OpenWave(team=act.team, closes_on=act.closes_on, ref=act.ref, cells=cells)
    try:
        receipt = await execute(context, "pulse", wave, opened, creates=True)
    except BaseException:
        await asyncio.to_thread(_forget, context, wave)
        raise
    summary = _summarise(receipt.state, receipt.version, receipt)
    return command_response(summary, receipt, created=True)


def _prepare(context: RequestContext, act: acts.OpenPulse, wave: UUID, team: UUID | None) -> tuple[PulseCell, ...]:
    runtime = context.runtime
    if runtime.pulse_store.find_wave(wave) is not None:
        # The rules will say that it exists; what is kept of it stays.
        return ()
    view = as_of_now(context)
    people = members_at(runtime.database, view, team=team)
    try:
        return runtime.pulses.prepare(
            wave,
            context.viewer.organisation_id,
            people,
            team=team,
            closes_at=end_of_day(act.closes_on, view.tzinfo),
        )
    except SealingKeyMissing:
        raise ProblemError("pulse_key_missing") from None


def _forget(context: RequestContext, wave: UUID) -> None:
    """Forget what was kept of a wave that was not opened after all."""
    ledger = context.runtime.ledger
    if ledger.load_current(context.viewer.organisation_id, "pulse", wave) is None:
        context.runtime.pulse_store.remove(wave)


@command_route(
    "/v1/pulses/{pulse}/close",
    Operation(
        id="pulse.close",
        summary="Close. End the wave: what may be known of it is published, and the answers are deleted",
        tag=_TAG,
        scopes=(ACT, ADMIN),
        body=acts.ClosePulse,
        answer=PulseSummary,
        codes=("act_not_allowed", "pulse_key_missing"),
        weight=Weight.LIGHT,
    ),
)
def close_pulse(context: RequestContext, pulse: str) -> HttpResponse:
    wave = _resolve(context, pulse)
    state: Pulse = require_stream(context, "pulse", wave)
    command = build_command(context, "pulse", wave, acts.CloseWave(results=(), withheld=()))
    try:
        receipt = context.runtime.pulses.close(state, command)
    except SealingKeyMissing:
        raise ProblemError("pulse_key_missing") from None
    return command_response(_summarise(receipt.state, receipt.version, receipt), receipt)


# --- answering -------------------------------------------------------------------------------------------------------


@command_route(
    "/v1/pulses/{pulse}/token",
    Operation(
        id="takePulseToken",
        summary="Have your one token signed, blinded: the server sees neither it nor its signature",
        tag=_TAG,
        scopes=(ACT,),
        body=TakeToken,
        answer=SignedToken,
        codes=("act_not_allowed", "pulse_key_missing"),
        weight=Weight.LIGHT,
        is_logged=False,
    ),
)
def take_pulse_token(context: RequestContext, pulse: str) -> HttpResponse:
    body: TakeToken = context.body
    wave, viewer = _resolve(context, pulse), context.viewer
    require_stream(context, "pulse", wave)
    blinded = _decode(body.blinded, "/blinded")
    try:
        cell, signature = context.runtime.pulses.sign(viewer.organisation_id, wave, viewer.member_id, blinded)
    except SealingKeyMissing:
        raise ProblemError("pulse_key_missing") from None
    answer = SignedToken(cell=cell, signature=b64encode(signature).decode())
    return json_response(answer, headers={"Cache-Control": "no-store"})


@command_route(
    "/v1/pulses/{pulse}/answers",
    Operation(
        id="answerPulse",
        summary="Answer, with a token and without a key: nothing that is sent says who you are",
        tag=_TAG,
        body=GiveAnswer,
        answer=TakenAnswer,
        codes=("not_found", "forbidden", "act_not_allowed", "key_not_wanted", "pulse_key_missing"),
        weight=Weight.LIGHT,
        is_logged=False,
    ),
)
def answer_pulse(context: PublicContext, pulse: str) -> HttpResponse:
    if "authorization" in context.headers:
        raise ProblemError("key_not_wanted")
    body: GiveAnswer = context.body
    wave = as_uuid(decode_segment(pulse))
    if wave is None:
        raise NotFound("no such pulse: name it by its id, as a reference belongs to an organisation")
    runtime = context.api.runtime
    token, signature = _decode(body.token, "/token"), _decode(body.signature, "/signature")
    try:
        runtime.pulses.answer(wave, body.cell, token, signature, tuple(body.ratings), _count_items(context, wave))
    except SealingKeyMissing:
        raise ProblemError("pulse_key_missing") from None
    return json_response(TakenAnswer(), headers={"Cache-Control": "no-store"})


def _count_items(context: PublicContext, wave: UUID) -> int:
    """How many items the wave has; raises `NotFound` where there is no such wave."""
    runtime = context.api.runtime
    found = runtime.pulse_store.find_wave(wave)
    entry = runtime.ledger.load_current(found.organisation_id, "pulse", wave) if found is not None else None
    if entry is None or entry.state is None:
        raise NotFound("no such pulse")
    state: Pulse = entry.state
    return len(state.items)


def _decode(text: str, pointer: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raise field_error(pointer, "base64") from None


ROUTES: list[Route] = [
    list_pulses,
    get_pulse,
    get_pulse_history,
    open_pulse,
    close_pulse,
    take_pulse_token,
    answer_pulse,
]
