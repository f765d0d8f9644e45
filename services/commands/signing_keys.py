"""`plimsoll signing-keys`: the key pairs with which webhooks are signed (v1a)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from services.console import WrongUsage
from services.runtime import Runtime
from services.webhooks.signatures import (
    PublicKey,
    generate_private_key,
    load_signing_keys,
    to_public_key,
)

if TYPE_CHECKING:
    from services.console import Console
    from services.settings import Settings

#: Hours for which the former key signs too, at most.
MAX_OVERLAP_HOURS = 24 * 30


class SigningKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key pair that signs, without its private half."""

    public_key: PublicKey
    created_at: datetime
    #: When it signs no more; None: that is not decided.
    retired_at: datetime | None


def list_signing_keys(settings: Settings, console: Console) -> int:
    """List the key pairs that sign now: those that are published."""
    with Runtime.open(settings) as runtime:
        keys = [
            SigningKeyView(
                public_key=to_public_key(key.key_id, key.private_key),
                created_at=key.created_at,
                retired_at=key.retired_at,
            )
            for key in load_signing_keys(runtime.deliveries)
        ]
    rows = [
        (
            key.public_key.kid,
            f"{key.created_at:%Y-%m-%d %H:%M}",
            f"until {key.retired_at:%Y-%m-%d %H:%M}" if key.retired_at is not None else "signs",
            key.public_key.webhook_key,
        )
        for key in keys
    ]
    console.print_table(list(keys), ("key", "created (UTC)", "state", "public key"), rows)
    return 0


def rotate_signing_key(settings: Settings, console: Console, *, overlap_hours: int) -> int:
    """Sign with a new key pair from now on, and with those before it for the overlap."""
    if not 0 <= overlap_hours <= MAX_OVERLAP_HOURS:
        raise WrongUsage(f"--overlap-hours: 0 to {MAX_OVERLAP_HOURS}")
    key_id, private_key = generate_private_key()
    with Runtime.open(settings) as runtime:
        former_until = runtime.clock() + timedelta(hours=overlap_hours)
        runtime.deliveries.add_signing_key(key_id, private_key, former_until=former_until)
    public = to_public_key(key_id, private_key)
    console.print_result(
        {"public_key": public, "former_until": former_until},
        f"{public.webhook_key}\nMessages are signed with it from now on, and with the former key until"
        f" {former_until:%Y-%m-%d %H:%M} UTC; both are at /.well-known/webhook-keys until then.",
    )
    return 0
