"""The demo's pulse: asked of everybody, answered as the stories would have it, and closed.

No import can hold one: an answer comes with a token that is signed without being seen, as a client of the API has it.
"""

from __future__ import annotations

from base64 import b64decode
from datetime import date, timedelta
from uuid import UUID

from domain.calendar import end_of_day
from domain.pulse.pulse import SAFETY_ITEMS, CloseWave, OpenWave, Pulse, PulseCell
from domain.references import resolve_stream_id
from ledger.api_keys import Principal
from ledger.commands import Command
from projections.as_of import resolve_as_of
from projections.people import members_at
from services import blind_tokens
from services.runtime import Runtime

REF = "how-safe-is-it"
#: By a team's reference: what its members answer to the seven items, by turns. Platform says yes to all and tells
#: little; Checkout has mended a breach. Empty: all others.
_ANSWERS = {
    "platform": ((5, 3, 3, 2, 6, 4, 5), (4, 3, 2, 3, 5, 5, 4), (6, 2, 3, 2, 5, 4, 5)),
    "checkout": ((2, 6, 1, 6, 2, 6, 6), (1, 6, 2, 5, 2, 7, 6)),
    "": ((3, 5, 2, 4, 3, 5, 6), (2, 5, 2, 5, 4, 6, 5)),
}


def hold_pulse(runtime: Runtime, principal: Principal, day: date) -> None:
    """Open, answer and close it; safe to call again after a crash: what was opened is closed with what came."""
    organisation = principal.organisation_id
    wave = resolve_stream_id(organisation, "pulse", REF)
    runtime.engine.catch_up()
    entry = runtime.ledger.load_current(organisation, "pulse", wave)
    if entry is None:
        runtime.pulse_store.remove(wave)
        _answer(runtime, _open(runtime, principal, wave, day + timedelta(days=7)))
    elif entry.state.state == "closed":
        return
    state: Pulse = runtime.ledger.load(organisation, "pulse", wave)
    runtime.pulses.close(state, _command(principal, wave, CloseWave(results=(), withheld=())))


def _open(runtime: Runtime, principal: Principal, wave: UUID, closes_on: date) -> Pulse:
    view = resolve_as_of(runtime.database, runtime.ledger, principal.organisation_id, now=runtime.clock())
    people = members_at(runtime.database, view)
    ends = end_of_day(closes_on, view.tzinfo)
    cells = runtime.pulses.prepare(wave, principal.organisation_id, people, team=None, closes_at=ends)
    runtime.handle(_command(principal, wave, OpenWave(closes_on=closes_on, ref=REF, cells=cells)))
    state: Pulse = runtime.ledger.load(principal.organisation_id, "pulse", wave)
    return state


def _answer(runtime: Runtime, pulse: Pulse) -> None:
    """One answer of each who is asked: the token blinded, signed, unblinded, and sent without saying whose it is."""
    view = resolve_as_of(runtime.database, runtime.ledger, pulse.organisation_id, now=runtime.clock())
    cells = {cell.id: cell for cell in pulse.cells}
    given = dict.fromkeys(cells, 0)
    for member in members_at(runtime.database, view):
        seat = runtime.pulse_store.find_seat(pulse.id, member.id)
        if seat is None:
            continue
        key = blind_tokens.decode_public_key(b64decode(cells[seat].public_key))
        token = blind_tokens.blind(key, pulse.id.bytes)
        _, signed = runtime.pulses.sign(pulse.organisation_id, pulse.id, member.id, token.blinded)
        signature = blind_tokens.finalize(key, token, signed)
        said = _find_answers(pulse, cells[seat])
        runtime.pulses.answer(
            pulse.id,
            seat,
            token.message[: blind_tokens.RANDOMIZER_BYTES],
            signature,
            said[given[seat] % len(said)],
            len(SAFETY_ITEMS),
        )
        given[seat] += 1


def _find_answers(pulse: Pulse, cell: PulseCell) -> tuple[tuple[int, ...], ...]:
    teams = {resolve_stream_id(pulse.organisation_id, "team", ref): said for ref, said in _ANSWERS.items() if ref}
    return _ANSWERS[""] if cell.team is None else teams.get(cell.team, _ANSWERS[""])


def _command(principal: Principal, wave: UUID, act: OpenWave | CloseWave) -> Command:
    return Command(
        organisation_id=principal.organisation_id,
        kind="pulse",
        stream_id=wave,
        act=act,
        actor=principal.member_id,
        roles=frozenset({"steward"}),
    )
