"""A pulse's tokens and answers: what is signed without being seen, sealed until the wave closes, and counted once.

The sealing key is in a file of its own and not in the database: who reads tables, copies or backups reads no answer.
Limits and what is not protected from: docs/pulse.md and record 0067.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.envelope import Source
from domain.errors import ActNotAllowed, Forbidden, InvalidField, NotFound
from domain.instants import to_micros
from domain.member.member import Member, Role
from domain.pulse.publishing import assign_cells, select_blocks
from domain.pulse.pulse import (
    CloseWave,
    ItemSum,
    Pulse,
    PulseCell,
    PulseItem,
    PulseResult,
    WithheldResult,
    is_complete,
)
from ledger.commands import Command, Receipt
from ledger.pulses import PULSES_COMPARED, PulseStore, SealingKeyMissing, StoredBallot, StoredCell, WaveToCount
from services import blind_tokens
from services.blind_tokens import Unfit

if TYPE_CHECKING:
    from ledger.ledger import Ledger
    from services.settings import Settings

_KEY_BYTES, _NONCE_BYTES = 32, 12
#: Bytes of a token's secret part.
TOKEN_BYTES = blind_tokens.RANDOMIZER_BYTES
#: The block of all cells that are not shown by themselves.
_REST = UUID(int=0)


class Pulses:
    """Tokens and answers of one store's waves."""

    def __init__(
        self,
        store: PulseStore,
        ledger: Ledger,
        handle: Callable[[Command], Receipt],
        settings: Settings,
        clock: Callable[[], datetime],
    ) -> None:
        self.store = store
        self._ledger = ledger
        self._handle = handle
        self._settings = settings
        self._clock = clock

    # --- opening ------------------------------------------------------------------------------------------------

    def prepare(
        self, wave: UUID, organisation_id: UUID, people: Collection[Member], *, team: UUID | None, closes_at: datetime
    ) -> tuple[PulseCell, ...]:
        """Cells with fresh keys for those who are asked, kept; none where fewer than five would be."""
        humans = {member.id: member.teams for member in people if Role.INTEGRATION not in member.roles}
        standing = assign_cells(humans, team=team)
        if not standing:
            return ()
        key = self._wave_key(wave, create=True)
        sizes = Counter(standing.values())
        stored, cells, ids = [], [], dict[UUID | None, UUID]()
        for of in sorted(sizes, key=lambda each: (each is None, 0 if each is None else each.int)):
            private = blind_tokens.generate_key()
            ids[of] = cell = UUID(bytes=secrets.token_bytes(16), version=4)
            public = b64encode(blind_tokens.encode_public_key(private)).decode()
            sealed = _seal(key, blind_tokens.encode_private_key(private), cell.bytes)
            stored.append(StoredCell(cell, of, public, sealed))
            cells.append(PulseCell(id=cell, team=of, members=sizes[of], public_key=public))
        seats = {member: ids[of] for member, of in standing.items()}
        self.store.add(wave, organisation_id, closes_at=closes_at, key_check=_check_of(key), cells=stored, seats=seats)
        return tuple(cells)

    # --- one token, one answer ----------------------------------------------------------------------------------

    def sign(self, organisation_id: UUID, wave: UUID, member: UUID, blinded: bytes) -> tuple[UUID, bytes]:
        """The member's cell and the blind signature of the one token; the same again for the same blinded token.

        Raises `Forbidden` for a member who is not asked or has had a token, and `InvalidField`.
        """
        self._require_wave(wave, organisation_id)
        cell = self.store.find_seat(wave, member)
        if cell is None:
            raise Forbidden(
                "this pulse does not ask you: you joined later, or stand in no group of five", allowed=("asked",)
            )
        key = self._wave_key(wave)
        stored = self.store.find_cell(wave, cell)
        if stored is None:
            raise _closed()
        private = _load_private_key(_unseal(key, stored.private_key, cell.bytes))
        try:
            signature = blind_tokens.sign_blinded(private, blinded)
        except Unfit as error:
            raise InvalidField(f"no blinded token: {error}", pointer="/blinded") from None
        asked = hashlib.sha256(blinded).hexdigest()
        _require_taken(
            self.store.take_token(wave, member, asked, self._clock()), "your token of this pulse was signed before"
        )
        return cell, signature

    def answer(
        self, wave: UUID, cell: UUID, token: bytes, signature: bytes, answers: tuple[int, ...], items: int
    ) -> None:
        """Keep one answer, sealed. Whose it is was never sent.

        Raises `Forbidden` for a token that this pulse has not signed or that has answered, and `InvalidField`.
        """
        self._require_wave(wave, None)
        stored = self.store.find_cell(wave, cell)
        if stored is None or not _is_good(stored.public_key, token, signature, wave):
            # The same words for a token of another wave, cell or organisation, and for one that was made up.
            raise Forbidden("this token is none of this pulse", allowed=("a token that this pulse signed",))
        if len(answers) != items:
            raise InvalidField(f"one rating for each of the {items} items", pointer="/ratings")
        digest = hashlib.sha256(token).hexdigest()
        sealed = _seal(self._wave_key(wave), bytes(answers), cell.bytes + digest.encode())
        taken = self.store.add_ballot(wave, StoredBallot(digest, cell, sealed), self._clock())
        _require_taken(taken, "this token has answered")

    def _require_wave(self, wave: UUID, organisation_id: UUID | None) -> None:
        found = self.store.find_wave(wave)
        if found is None or organisation_id not in (None, found.organisation_id):
            raise NotFound("no such pulse")
        if found.state != "open" or found.closes_at <= to_micros(self._clock()):
            raise _closed()

    # --- closing ------------------------------------------------------------------------------------------------

    def count(self, wave: UUID, items: Sequence[PulseItem]) -> tuple[CloseWave, WaveToCount, dict[UUID, UUID]] | None:
        """What may be published of a wave, from which no answer is taken any more; None where it is closed already.

        With what it was counted from, and each member's block.
        """
        counted = self.store.begin_closing(wave, self._clock() - PULSES_COMPARED)
        if counted is None:
            return None
        key = self._wave_key(wave) if counted.ballots else b""
        answers: dict[UUID, list[bytes]] = {cell: [] for cell in counted.teams}
        for ballot in counted.ballots:
            plain = _unseal(key, ballot.sealed, ballot.cell.bytes + ballot.token.encode())
            if ballot.cell in answers and is_complete(tuple(plain), tuple(items)):
                answers[ballot.cell].append(plain)
        numbers = {cell: len(given) for cell, given in answers.items()}
        blocks = select_blocks(counted.seats, numbers, counted.earlier, _REST)
        members = {member: blocks[cell] for member, cell in counted.seats.items() if cell in blocks}
        return _publish(answers, blocks, counted.teams, items), counted, _stable(members, counted)

    def end(self, wave: UUID, counted: WaveToCount, blocks: Mapping[UUID, UUID]) -> None:
        """Delete what is not published; of each member stays with whom the member was counted."""
        self.store.end(wave, counted.seats, blocks, self._clock())

    def close(self, pulse: Pulse, command: Command) -> Receipt:
        """The receipt of `command`, whose act becomes what may be known. Raises its `Refusal`: then it stays open.

        That goes into the log first, then everything else is deleted. Interrupted in between, it is done again: the
        answers are still there, and come to the same.
        """
        # Asked first with nothing to publish: a wave whose end is refused goes on being answered.
        self._ledger.preview(_with_act(command, CloseWave(results=(), withheld=())))
        counted = self.count(pulse.id, pulse.items)
        if counted is None:
            raise _closed()
        act, wave, blocks = counted
        receipt = self._handle(_with_act(command, act))
        self.end(pulse.id, wave, blocks)
        return receipt

    def close_due(self, limit: int = 20) -> int:
        """Close the waves whose time is over; how many. The command has no actor; its source is `worker`."""
        closed = 0
        for organisation_id, wave in self.store.find_due(self._clock(), limit):
            entry = self._ledger.load_current(organisation_id, "pulse", wave)
            if entry is None:
                # It was prepared and never opened.
                self.store.remove(wave)
            elif entry.state.state == "closed":
                self._finish(entry.state)
            else:
                command = Command(
                    organisation_id=organisation_id,
                    kind="pulse",
                    stream_id=wave,
                    act=None,
                    actor=None,
                    source=Source.WORKER,
                    must_exist=True,
                )
                with suppress(ActNotAllowed, SealingKeyMissing):
                    self.close(entry.state, command)
                    closed += 1
        return closed

    def _finish(self, pulse: Pulse) -> None:
        """Delete what an interrupted closing left."""
        counted = self.count(pulse.id, pulse.items)
        if counted is not None:
            self.end(pulse.id, counted[1], counted[2])

    # --- the sealing key ----------------------------------------------------------------------------------------

    def _wave_key(self, wave: UUID, *, create: bool = False) -> bytes:
        """The wave's key, derived from the file's; raises `SealingKeyMissing`."""
        secret = _read_secret(self._key_file(), create=create)
        key = HKDF(hashes.SHA256(), _KEY_BYTES, salt=wave.bytes, info=b"plimsoll pulse").derive(secret)
        known = None if create else self.store.find_wave(wave)
        if known is not None and known.key_check not in ("", _check_of(key)):
            raise SealingKeyMissing
        return key

    def _key_file(self) -> Path:
        given, url = self._settings.pulse_key_file, self._settings.database_url
        if given:
            return Path(given)
        if url.startswith("sqlite:///"):
            return Path(url.removeprefix("sqlite:///") + ".pulse-key")
        raise SealingKeyMissing


def _with_act(command: Command, act: CloseWave) -> Command:
    return msgspec.structs.replace(command, act=act)


def _publish(
    answers: Mapping[UUID, Sequence[bytes]],
    blocks: Mapping[UUID, UUID],
    teams: Mapping[UUID, UUID | None],
    items: Sequence[PulseItem],
) -> CloseWave:
    """The sums of the blocks, and why the other cells have none; in the order of the teams' ids."""
    order = sorted(teams, key=lambda cell: (teams[cell] is None, getattr(teams[cell], "int", 0)))
    results, withheld = [], []
    for block in dict.fromkeys(blocks[cell] for cell in order if cell in blocks):
        given = [one for cell in order if blocks.get(cell) == block for one in answers[cell]]
        sums = tuple(ItemSum(item=item.id, total=sum(one[n] for one in given)) for n, item in enumerate(items))
        team = None if block == _REST else teams[block]
        results.append(PulseResult(team=team, answers=len(given), sums=sums))
    for cell in order:
        if blocks.get(cell) != cell:
            rule: Literal["small_group", "small_difference"] = (
                "small_difference" if len(answers[cell]) >= 5 else "small_group"  # noqa: PLR2004 - the rule of five
            )
            withheld.append(WithheldResult(team=teams[cell], rule=rule))
    return CloseWave(results=tuple(results), withheld=tuple(withheld))


def _stable(members: Mapping[UUID, UUID], counted: WaveToCount) -> dict[UUID, UUID]:
    """Member -> block, each block under one of its cells' ids, so that blocks of two waves never share one."""
    rest = next((cell for member, cell in counted.seats.items() if members.get(member) == _REST), _REST)
    return {member: rest if block == _REST else block for member, block in members.items()}


def _require_taken(outcome: Literal["taken", "spent", "closed"], spent: str) -> None:
    if outcome == "closed":
        raise _closed()
    if outcome == "spent":
        raise ActNotAllowed(spent)


def _closed() -> ActNotAllowed:
    return ActNotAllowed("this pulse is closed")


def _is_good(public_key: str, token: bytes, signature: bytes, wave: UUID) -> bool:
    return len(token) == TOKEN_BYTES and blind_tokens.is_signed(
        _load_public_key(public_key), token + wave.bytes, signature
    )


@lru_cache(maxsize=1024)
def _load_public_key(public_key: str) -> rsa.RSAPublicKey:
    return blind_tokens.decode_public_key(b64decode(public_key))


def _load_private_key(der: bytes) -> rsa.RSAPrivateKey:
    key = serialization.load_der_private_key(der, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SealingKeyMissing
    return key


def _read_secret(path: Path, *, create: bool) -> bytes:
    if create and not path.exists():
        # Whole or not at all, and readable by its owner alone; of two processes the first one's stays.
        part = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
        try:
            os.link(part, path)
        except FileExistsError:
            pass
        finally:
            part.unlink()
    try:
        secret = path.read_bytes()
    except OSError:
        raise SealingKeyMissing from None
    if len(secret) < _KEY_BYTES:
        raise SealingKeyMissing
    return secret


def _check_of(key: bytes) -> str:
    return hashlib.sha256(b"plimsoll pulse check" + key).hexdigest()


def _seal(key: bytes, plain: bytes, about: bytes) -> str:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return b64encode(nonce + AESGCM(key).encrypt(nonce, plain, about)).decode()


def _unseal(key: bytes, sealed: str, about: bytes) -> bytes:
    raw = b64decode(sealed)
    try:
        return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], about)
    except InvalidTag:
        raise SealingKeyMissing from None
