"""The data of an event: typed where this version of the client knows its type."""

from __future__ import annotations

from typing import Any

import msgspec


class EventData(msgspec.Struct, frozen=True):
    """What every event has: a type, and data of the shape that the type names."""

    @property
    def fact(self) -> msgspec.Struct | dict[str, Any]:
        """`data` as the Struct of its type; as a dict where the type came with a later server."""
        from plimsoll_client.models import EVENT_DATA  # noqa: PLC0415 - the models are made of this class

        event: Any = self
        kind = EVENT_DATA.get(event.type)
        decoded: Any = msgspec.json.decode(event.data, type=kind or dict[str, Any])
        found: msgspec.Struct | dict[str, Any] = decoded
        return found
