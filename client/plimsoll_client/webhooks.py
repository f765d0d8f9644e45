"""Verifying webhooks (Standard Webhooks): v1 with a shared secret, v1a with the server's public keys."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping

import msgspec

from plimsoll_client.errors import InvalidSignature
from plimsoll_client.models import CloudEvent

#: Seconds by which a message's time may differ from ours: against messages that are sent again by a listener.
TOLERANCE = 300
_SECRET, _PUBLIC_KEY = "whsec_", "whpk_"


def verify(
    headers: Mapping[str, str],
    body: bytes,
    *,
    secrets: Iterable[str] = (),
    public_keys: Iterable[str] = (),
    now: float | None = None,
) -> str:
    """The message's id, `webhook-id`, once it is proved to be from the server; keep it to find repeated ones.

    `secrets`: `whsec_...`, during a rotation both. `public_keys`: `whpk_...` of `/.well-known/webhook-keys`; they need
    the extra `v1a`. Raises InvalidSignature for a message that is not signed with one of them, or is too old.
    """
    given = {name.lower(): value for name, value in headers.items()}
    identity, sent_at = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not identity or not sent_at.isascii() or not sent_at.isdigit():
        raise InvalidSignature("webhook-id or webhook-timestamp is missing")
    if abs((time.time() if now is None else now) - int(sent_at)) > TOLERANCE:
        raise InvalidSignature(f"sent more than {TOLERANCE} s from now")
    signed = f"{identity}.{sent_at}.".encode() + body
    signatures = [part.partition(",") for part in given.get("webhook-signature", "").split()]
    for version, _, text in signatures:
        signature = _decode_base64(text)
        if version == "v1" and any(_is_from(secret, signed, signature) for secret in secrets):
            return identity
        if version == "v1a" and any(_is_signed_by(key, signed, signature) for key in public_keys):
            return identity
    raise InvalidSignature("no signature is of a secret or key that was given")


def parse_event(body: bytes) -> CloudEvent:
    """The event in a verified message of `payload: full`."""
    return msgspec.json.decode(body, type=CloudEvent)


def _decode_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _is_from(secret: str, signed: bytes, signature: bytes) -> bool:
    key = _decode_base64(secret.removeprefix(_SECRET))
    return bool(key) and hmac.compare_digest(hmac.new(key, signed, hashlib.sha256).digest(), signature)


def _is_signed_by(public_key: str, signed: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature as NotSigned  # noqa: PLC0415 - an extra
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - an extra

    try:
        key = Ed25519PublicKey.from_public_bytes(_decode_base64(public_key.removeprefix(_PUBLIC_KEY)))
        key.verify(signature, signed)
    except (NotSigned, ValueError):
        return False
    return True
