"""Streams that began before references were composed (NFC): found once, when their table is made, and kept reachable.

A stream's id is made from its reference: from the spelling that it began under comes its id, from the composed spelling
another one. The table says which stream each of the two names.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID, uuid5

import msgspec

from domain.references import ORGANISATIONS, name_based_id
from domain.text import compose
from ledger.storage.protocol import MigrationSession

#: The events that may say a stream's reference; only a character beyond ASCII can be spelt in two ways.
_CANDIDATES = {
    "sqlite": """
        SELECT state FROM stored_events
        WHERE (instr(state, CAST('"ref":"' AS BLOB)) > 0 OR topic = 'organisation.created.v1')
            AND length(state) <> length(CAST(state AS TEXT))
        """,
    "postgresql": """
        SELECT state FROM stored_events
        WHERE (position('"ref":"'::bytea IN state) > 0 OR topic = 'organisation.created.v1')
            AND octet_length(state) <> length(convert_from(state, 'UTF8'))
        """,
}


class _Header(msgspec.Struct):
    organisation_id: UUID
    stream: str


class _Data(msgspec.Struct):
    ref: str | None = None
    name: str | None = None


class _State(msgspec.Struct):
    """What of a stored event says how its stream was named."""

    header: _Header
    data: _Data


_decoder = msgspec.json.Decoder(_State)


def record_former_ids(session: MigrationSession) -> None:
    """Fill the table from the log."""
    states = (_decoder.decode(row[0]) for row in session.fetch(_CANDIDATES[session.dialect]))
    for name, stream in find_former_ids(states).items():
        session.execute(
            f"INSERT INTO ledger_former_ids (name_id, stream_id) VALUES ('{name.hex}', '{stream.hex}')"  # noqa: S608 - ids
        )


def find_former_ids(states: Iterable[_State]) -> dict[UUID, UUID]:
    """The id of a spelling -> the id of its stream, for each stream that began under a spelling that is not composed.

    The composed spelling names it too, unless a stream of its own began under that; of several the first.
    """
    former, composed = dict[UUID, UUID](), dict[UUID, UUID]()
    for state in states:
        kind, _, text = state.header.stream.partition("/")
        stream, tenant = UUID(text), state.header.organisation_id
        name = state.data.name if kind == "organisation" else state.data.ref
        if name is None or _name_id(tenant, kind, name) != stream:
            continue
        composed.setdefault(_name_id(tenant, kind, compose(name)), stream)
        if compose(name) == name:
            composed[stream] = stream
        else:
            former[stream] = stream
    return {name: stream for name, stream in (composed | former).items() if stream in former}


def _name_id(tenant: UUID, kind: str, name: str) -> UUID:
    return uuid5(ORGANISATIONS, name) if kind == "organisation" else name_based_id(tenant, kind, name)
