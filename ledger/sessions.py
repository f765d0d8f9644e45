"""Sessions of the console: a browser's cookie holds a token in place of an API key, and the store says whose it is.

A session is the key's that it was exchanged for: it has its member, scopes and rate, and ends with it. Only the SHA-256
of a token is stored, as of a key; signing out deletes the row, so that a copy of the cookie is worth nothing (0073).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from domain.instants import to_micros
from ledger.api_keys import KeyStore, digest_of, generate_token, is_well_formed
from ledger.storage.protocol import row_uuid

#: Of the token in a cookie. No API key begins so: neither is taken for the other.
SESSION_PREFIX = "plims_"
#: Of the token in a link.
LINK_PREFIX = "plimo_"
SESSION_LIFETIME = timedelta(hours=12)
LINK_LIFETIME = timedelta(minutes=10)


class Sessions:
    """The sessions of all organisations. Raises `LedgerUnavailable` where the store is away."""

    def __init__(self, ledger: KeyStore) -> None:
        self._recorder = ledger.recorder
        self._clock: Callable[[], datetime] = ledger.clock
        #: Counts the sessions that this process has ended: what is remembered of tokens is stale when it has grown.
        self.epoch = 0

    def begin(self, organisation_id: UUID, member_id: UUID, key_id: UUID) -> str:
        """The token of a new session of this key; it is known to the caller alone."""
        token = generate_token(SESSION_PREFIX)
        with self._recorder.write() as session:
            session.run(
                "add_console_session",
                digest=digest_of(token),
                key_id=key_id,
                organisation_id=organisation_id,
                member_id=member_id,
                expires_at=to_micros(self._clock() + SESSION_LIFETIME),
            )
        return token

    def end(self, token: str) -> None:
        """End this session; ending it twice does no harm."""
        with self._recorder.write() as session:
            session.run("end_console_session", digest=digest_of(token))
        self.epoch += 1

    def end_all(self, organisation_id: UUID, member_id: UUID) -> int:
        """End every session of a member; how many there were."""
        with self._recorder.write() as session:
            ended = session.run("end_console_sessions", organisation_id=organisation_id, member_id=member_id)
        self.epoch += 1
        return ended

    def create_link(self, organisation_id: UUID, key_id: UUID) -> str:
        """The token of a link that signs in once, with this key."""
        token = generate_token(LINK_PREFIX)
        with self._recorder.write() as session:
            session.run(
                "add_console_link",
                digest=digest_of(token),
                key_id=key_id,
                organisation_id=organisation_id,
                expires_at=to_micros(self._clock() + LINK_LIFETIME),
            )
        return token

    def use_link(self, token: str) -> tuple[UUID, UUID] | None:
        """The organisation and the key of this link, which works no more; None where it was used, or is over."""
        if not is_well_formed(token, LINK_PREFIX):
            return None
        digest = digest_of(token)
        with self._recorder.write() as session:
            rows = session.query("console_link", digest=digest, now=to_micros(self._clock()))
            # Of two who use it at once one deletes it.
            if not session.run("use_console_link", digest=digest) or not rows:
                return None
        key_id, organisation_id = rows[0]
        return row_uuid(organisation_id), row_uuid(key_id)

    def purge(self, now: datetime) -> int:
        """Delete the sessions and links that are over; how many."""
        with self._recorder.write() as session:
            at = to_micros(now)
            return session.run("purge_console_sessions", now=at) + session.run("purge_console_links", now=at)


def is_session_token(text: str) -> bool:
    """Whether the text is a session's token at all."""
    return is_well_formed(text, SESSION_PREFIX)
