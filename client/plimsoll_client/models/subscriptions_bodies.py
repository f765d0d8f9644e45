"""Models of subscriptions_bodies. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from typing import Literal
from uuid import UUID
from msgspec import UNSET, Struct, UnsetType


class PauseSubscription(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Send nothing until it is resumed; what is recorded meanwhile is sent then."""

    do: Literal["pause"] | UnsetType = UNSET


class Redeliver(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to send again: one event, or all that were given up (`dead`), or not sent after a restore (`held`)."""

    event: UUID | UnsetType | None = UNSET
    state: Literal["dead", "delivered", "held", "pending", "withheld"] | UnsetType | None = UNSET


class RemoveSubscription(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """End it for good."""

    do: Literal["remove"] | UnsetType = UNSET


class ReplaySubscription(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From where to send again: a position, or an instant."""

    after: int | UnsetType | None = UNSET
    since: str | UnsetType | None = UNSET


class ResumeSubscription(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Send again, from where it stopped; also after it was disabled."""

    do: Literal["resume"] | UnsetType = UNSET


class RotateSecret(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Sign with a new secret; with the former one too until the overlap is over."""

    do: Literal["rotate_secret"] | UnsetType = UNSET
    overlap_hours: int = 24


class SendWebhookTest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """No fields: one message of the type `webhook.test`, signed as any other, is sent at once."""


class Subscribe(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Have events sent to an address from now on, as far as the key's member sees them."""

    do: Literal["create"] | UnsetType = UNSET
    handshake: bool = True
    name: str = ""
    ordering: Literal["none", "strict"] = "strict"
    payload: Literal["auto", "full", "thin"] = "auto"
    secret: str | UnsetType | None = UNSET
    subject: str | UnsetType | None = UNSET
    team: str | UnsetType | None = UNSET
    types: list[str] = []
    url: str
