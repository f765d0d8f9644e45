"""API keys: a request with one acts for a member, within its scopes, until it expires.

A key is 256 random bits. Only its SHA-256 is stored: nothing that random can be guessed or looked up in a table, so the
slow, salted hashes that passwords need would buy nothing here and cost every request. The checksum at its end refuses a
mistyped or cut-off key without asking the database; it is no secret.
"""

from __future__ import annotations

import hashlib
import secrets
import zlib
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Protocol
from uuid import UUID

import msgspec

from domain.errors import InvalidField, NotFound
from domain.instants import from_micros, to_micros
from domain.references import as_uuid as spelled_uuid
from domain.text import check_text
from ledger.storage.protocol import LogStore, row_uuid

PREFIX = "plim_"
SCOPES = frozenset({"read", "act", "import", "admin"})
#: A guest's key has one scope, which names the one decision that it opens: `decide:<its id>`.
GUEST_SCOPE_PREFIX = "decide:"
MAX_LIFETIME = timedelta(days=365)
#: `last_used_at` is this coarse: a busy key costs one write a minute.
LAST_USED_GRANULARITY = timedelta(minutes=1)
_ALL_KEYS = 2**31

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_BITS = 256
#: Digits in base 62: 62^43 > 2^256, 62^6 > 2^32.
_SECRET_DIGITS, _CHECK_DIGITS = 43, 6


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The holder of a valid key: a member of one organisation, within scopes."""

    key_id: UUID
    organisation_id: UUID
    member_id: UUID
    scopes: frozenset[str]


class KeyHolder(msgspec.Struct, frozen=True, kw_only=True):
    """A key that has not been revoked, and what it grants; the caller checks whether it has expired."""

    principal: Principal
    #: Aware, UTC.
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class KeyAction(msgspec.Struct, frozen=True, kw_only=True):
    """Who issued or revoked a key, and when, as its event says."""

    at: datetime
    #: The member; None: an operator at the command line.
    by: UUID | None
    #: The key with which it was done; None: at the command line, or with the organisation's creation.
    by_key: UUID | None


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What may be shown of a key; the key itself is known to its holder alone."""

    key_id: UUID
    member_id: UUID
    #: In the order of their names: every process gives one answer.
    scopes: Annotated[tuple[str, ...], msgspec.Meta(extra_json_schema={"uniqueItems": True})]
    name: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    #: When it ended with a leave of its member; a return does not make it valid again.
    ended_at: datetime | None = None
    #: None: the key was issued before keys were facts; it was not revoked, or before that.
    issued: KeyAction | None = None
    revoked: KeyAction | None = None


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a key before it is there."""

    key_id: UUID
    organisation_id: UUID
    member_id: UUID
    scopes: frozenset[str]
    name: str
    expires_at: datetime
    #: The key in whose place it is made, and when that one ends.
    replaces: UUID | None = None
    replaced_until: datetime | None = None


#: Records a key before it is stored: where that fails there is no key.
RecordKey = Callable[[NewKey], object]


class KeyStore(Protocol):
    """What the keys need of the ledger."""

    recorder: LogStore

    @property
    def clock(self) -> Callable[[], datetime]: ...
    @property
    def new_id(self) -> Callable[[], UUID]: ...


class Keys:
    """The keys of all organisations, in tables next to the log. Raises `LedgerUnavailable` where the store is away."""

    def __init__(self, ledger: KeyStore) -> None:
        self._recorder = ledger.recorder
        self._clock = ledger.clock
        self._new_id = ledger.new_id
        #: Counts the changes to keys by this process: a cache of holders is stale when it has grown.
        self.epoch = 0

    def create(
        self,
        organisation_id: UUID,
        member_id: UUID,
        scopes: Collection[str],
        expires_at: datetime | None = None,
        name: str = "",
        *,
        replaces: KeyRecord | None = None,
        overlap: timedelta = timedelta(0),
        record: RecordKey | None = None,
    ) -> str:
        """A new key, which is shown this once. It ends at `expires_at`, at most (and by default) a year from now.

        `record` is called before it is stored: a key that no fact names never works, and a fact may be left whose key
        was never stored. `replaces`: another that ends after `overlap`. Raises `InvalidField` and what `record` raises.
        """
        now = self._clock()
        expires_at = expires_at or now + MAX_LIFETIME
        _check_key(scopes, name, now, expires_at)
        new = NewKey(
            key_id=self._new_id(),
            organisation_id=organisation_id,
            member_id=member_id,
            scopes=frozenset(scopes),
            name=name,
            expires_at=expires_at,
            replaces=replaces.key_id if replaces is not None else None,
            replaced_until=min(now + overlap, replaces.expires_at) if replaces is not None else None,
        )
        if record is not None:
            record(new)
        text = generate_token()
        self._store(new, text, now)
        self.epoch += 1
        return text

    def _store(self, new: NewKey, text: str, now: datetime) -> None:
        """Write the key's row, and shorten that of the key in whose place it is, in one transaction."""
        with self._recorder.write() as session:
            session.run(
                "create_key",
                key_id=new.key_id,
                organisation_id=new.organisation_id,
                member_id=new.member_id,
                name=new.name,
                scopes=msgspec.json.encode(sorted(new.scopes)).decode(),
                digest=digest_of(text),
                created_at=to_micros(now),
                expires_at=to_micros(new.expires_at),
            )
            if new.replaced_until is not None:
                ends = {"key_id": new.replaces, "until": to_micros(new.replaced_until)}
                session.run("shorten_key", organisation_id=new.organisation_id, **ends)

    def authenticate(self, text: str, now: datetime) -> Principal | None:
        """The holder of this key; None for one that is mistyped, unknown, expired or revoked."""
        if not is_well_formed(text):
            return None
        digest = digest_of(text)
        holder = self.find_holders([digest]).get(digest)
        if holder is None or holder.expires_at <= now:
            return None
        if holder.last_used_at is None or holder.last_used_at < now - LAST_USED_GRANULARITY:
            self.record_use([holder.principal.key_id], now)
        return holder.principal

    def find_holders(self, digests: Collection[str]) -> dict[str, KeyHolder]:
        """The holders of these keys (by `digest_of`), in one query; an unknown or revoked one is left out.

        A session of the console (`ledger.sessions`) has the holder of its key, until it ends itself.
        """
        with self._recorder.read() as session:
            rows = session.query("keys_by_digest", digests=sorted(digests))
        return {
            digest: KeyHolder(
                principal=Principal(
                    key_id=row_uuid(key_id),
                    organisation_id=row_uuid(organisation_id),
                    member_id=row_uuid(member_id),
                    scopes=msgspec.json.decode(scopes, type=frozenset[str]),
                ),
                created_at=from_micros(created),
                expires_at=from_micros(expires),
                last_used_at=from_micros(used) if used is not None else None,
            )
            for digest, key_id, organisation_id, member_id, scopes, created, expires, revoked, used in rows
            if revoked is None
        }

    def record_use(self, key_ids: Collection[UUID], now: datetime) -> None:
        """Record that these keys were used; once within `LAST_USED_GRANULARITY` is enough."""
        with self._recorder.write() as session:
            for key_id in sorted(key_ids):
                session.run(
                    "touch_key", key_id=key_id, at=to_micros(now), before=to_micros(now - LAST_USED_GRANULARITY)
                )

    def find_holder(self, key_id: UUID, organisation_id: UUID) -> KeyHolder | None:
        """The holder of the key of this id; None for one that is unknown or revoked."""
        try:
            record = self.find(key_id, organisation_id)[1]
        except NotFound:
            return None
        if record.revoked_at is not None:
            return None
        return KeyHolder(
            principal=Principal(
                key_id=key_id,
                organisation_id=organisation_id,
                member_id=record.member_id,
                scopes=frozenset(record.scopes),
            ),
            created_at=record.created_at,
            expires_at=record.expires_at,
            last_used_at=record.last_used_at,
        )

    def list(self, organisation_id: UUID, *, after: UUID | None = None, limit: int = _ALL_KEYS) -> list[KeyRecord]:
        """The organisation's keys, oldest first, ended ones too: behind one of them, `limit` at most.

        Raises `NotFound` where that one is no key of the organisation.
        """
        with self._recorder.read() as session:
            behind = (-1, UUID(int=0))
            if after is not None:
                known = session.query("key", organisation_id=organisation_id, key_id=after)
                if not known:
                    raise NotFound("no such key")
                behind = (known[0][4], after)
            rows = session.query(
                "keys", organisation_id=organisation_id, created_at=behind[0], key_id=behind[1], limit=limit
            )
        return [_to_record(row) for row in rows]

    def rotate(
        self,
        key_id: UUID,
        overlap: timedelta,
        *,
        organisation_id: UUID | None = None,
        record: RecordKey | None = None,
    ) -> str:
        """A new key with the same member, scopes, name and length of life; the old one ends after `overlap`.

        Only an operator leaves `organisation_id` out. Raises `NotFound` for a key of another organisation, or one that
        has ended already.
        """
        if overlap < timedelta(0):
            raise InvalidField("an overlap is not negative", pointer="/overlap")
        now = self._clock()
        tenant, old = self.find(key_id, organisation_id)
        if old.revoked_at is not None or old.expires_at <= now:
            raise NotFound("this key has ended; create another")
        life = min(old.expires_at - old.created_at, MAX_LIFETIME)
        return self.create(
            tenant,
            old.member_id,
            old.scopes,
            now + life,
            old.name,
            replaces=old,
            overlap=overlap,
            record=record,
        )

    def revoke(self, key_id: UUID, *, organisation_id: UUID | None = None) -> KeyRecord:
        """End a key now; revoking twice does no harm. Only an operator leaves `organisation_id` out.

        The key as it was. Raises `NotFound`.
        """
        tenant, record = self.find(key_id, organisation_id)
        with self._recorder.write() as session:
            session.run("revoke_key", organisation_id=tenant, key_id=key_id, at=to_micros(self._clock()))
        self.epoch += 1
        return record

    def find(self, key_id: UUID, organisation_id: UUID | None) -> tuple[UUID, KeyRecord]:
        """The key and its organisation. Only an operator leaves `organisation_id` out. Raises `NotFound`."""
        with self._recorder.read() as session:
            owners = session.query("organisation_of_key", key_id=key_id)
            tenant = row_uuid(owners[0][0]) if owners else None
            if tenant is None or organisation_id not in (None, tenant):
                raise NotFound("no such key")
            rows = session.query("key", organisation_id=tenant, key_id=key_id)
        return tenant, _to_record(rows[0])


def _to_record(row: Sequence[Any]) -> KeyRecord:
    key_id, member_id, scopes, name, created_at, expires_at, last_used_at, revoked_at = row
    return KeyRecord(
        key_id=row_uuid(key_id),
        member_id=row_uuid(member_id),
        scopes=msgspec.json.decode(scopes, type=tuple[str, ...]),
        name=name,
        created_at=from_micros(created_at),
        expires_at=from_micros(expires_at),
        last_used_at=from_micros(last_used_at) if last_used_at is not None else None,
        revoked_at=from_micros(revoked_at) if revoked_at is not None else None,
    )


def _check_key(scopes: Collection[str], name: str, now: datetime, expires_at: datetime) -> None:
    """Raises `InvalidField`."""
    if not now < expires_at <= now + MAX_LIFETIME:
        raise InvalidField("a key ends after now and within a year", pointer="/expires_at")
    if not (scopes and SCOPES.issuperset(scopes)) and not _is_guest_scope(scopes):
        allowed = (*sorted(SCOPES), f"{GUEST_SCOPE_PREFIX}<id of a decision>, alone")
        raise InvalidField("a key has one or more scopes", pointer="/scopes", allowed=allowed)
    if name:
        check_text(name, "/name", has_lines=False)


def is_well_formed(text: str, prefix: str = PREFIX) -> bool:
    """Whether the text is a key at all: prefix, length, and the checksum of its secret."""
    secret, check = text[len(prefix) : -_CHECK_DIGITS], text[-_CHECK_DIGITS:]
    return (
        text.startswith(prefix)
        and text.isascii()
        and len(secret) == _SECRET_DIGITS
        and secrets.compare_digest(check, _checksum(secret))
    )


def generate_token(prefix: str = PREFIX) -> str:
    """A new secret text: 256 random bits between its prefix and its checksum."""
    secret = _base62(secrets.randbits(_SECRET_BITS), _SECRET_DIGITS)
    return f"{prefix}{secret}{_checksum(secret)}"


def _checksum(secret: str) -> str:
    return _base62(zlib.crc32(secret.encode()), _CHECK_DIGITS)


def _base62(number: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, 62)
        text = _ALPHABET[digit] + text
    return text


def digest_of(text: str) -> str:
    """All that is stored of a key's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _is_guest_scope(scopes: Collection[str]) -> bool:
    """One scope that names one decision."""
    return len(scopes) == 1 and all(
        s.startswith(GUEST_SCOPE_PREFIX) and spelled_uuid(s.removeprefix(GUEST_SCOPE_PREFIX)) is not None
        for s in scopes
    )
