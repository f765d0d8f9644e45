"""Signatures of the Standard Webhooks specification: v1 (HMAC-SHA256) and v1a (ed25519), made and verified.

Signed is `<webhook-id>.<webhook-timestamp>.<body>`. A message carries a signature by each secret in force, and one by
each of the deployment's key pairs in force, which a receiver verifies without sharing a secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from domain.errors import InvalidField
from ledger.deliveries import Deliveries, SigningKey

SECRET_PREFIX, PUBLIC_PREFIX = "whsec_", "whpk_"
#: Bytes that a secret has, by the specification.
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64
_NEW_SECRET_BYTES = 32
#: Seconds that the clocks of sender and receiver may differ by.
TOLERANCE_S = 300
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


class NotVerified(Exception):
    """The message is not signed with one of the secrets or keys, was changed, or is too old."""


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """The public half of a key pair, as a JSON Web Key (RFC 8037), and in the form of Standard Webhooks."""

    kid: str
    kty: str = "OKP"
    crv: str = "Ed25519"
    alg: str = "EdDSA"
    use: str = "sig"
    #: The key, base64url without padding.
    x: str
    #: The key with `whpk_` before it, as libraries of Standard Webhooks take it.
    webhook_key: str


def generate_secret() -> str:
    """A new secret, as receivers keep it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_NEW_SECRET_BYTES)).decode()


def parse_secret(text: str, pointer: str = "/secret") -> bytes:
    """The bytes of a secret; raises `InvalidField` for one that is too short, too long or not base64."""
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidField(f"{SECRET_PREFIX} and base64", pointer=pointer) from None
    if not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES:
        raise InvalidField(
            f"a secret has {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes, not {len(key)}", pointer=pointer
        )
    return key


def generate_private_key() -> tuple[str, bytes]:
    """A new key pair: its id, and the 32 bytes of its private half."""
    private = _ed25519().Ed25519PrivateKey.generate()
    public: bytes = private.public_key().public_bytes_raw()
    return hashlib.sha256(public).hexdigest()[:16], private.private_bytes_raw()


def to_public_key(key_id: str, private_key: bytes) -> PublicKey:
    """What is published of a key pair."""
    public = _ed25519().Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()
    return PublicKey(
        kid=key_id,
        x=base64.urlsafe_b64encode(public).decode().rstrip("="),
        webhook_key=PUBLIC_PREFIX + base64.b64encode(public).decode(),
    )


def load_signing_keys(deliveries: Deliveries) -> list[SigningKey]:
    """The deployment's key pairs that sign now, the newest first; the first call makes one."""
    keys = deliveries.load_signing_keys()
    if not keys:
        deliveries.add_signing_key(*generate_private_key())
        keys = deliveries.load_signing_keys()
    return keys


def load_signer(deliveries: Deliveries, subscription_id: UUID) -> Signer:
    """What signs a subscription's messages now. It queries the store."""
    private_keys = [key.private_key for key in load_signing_keys(deliveries)]
    return Signer(deliveries.load_secrets(subscription_id), private_keys)


class Signer:
    """Signs the messages of one subscription."""

    def __init__(self, secret_texts: Iterable[str], private_keys: Iterable[bytes] = ()) -> None:
        self._secrets = [parse_secret(text) for text in secret_texts]
        self._private = [_ed25519().Ed25519PrivateKey.from_private_bytes(key) for key in private_keys]

    def sign(self, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
        """The three headers of a message. `timestamp`: Unix time, seconds."""
        content = _signed_content(message_id, str(timestamp), body)
        signatures = [f"v1,{_hmac(key, content)}" for key in self._secrets]
        signatures += [f"v1a,{base64.b64encode(key.sign(content)).decode()}" for key in self._private]
        return {ID: message_id, TIMESTAMP: str(timestamp), SIGNATURE: " ".join(signatures)}


def verify(
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: int,
    secret_texts: Sequence[str] = (),
    public_keys: Sequence[str] = (),
) -> None:
    """Raise `NotVerified` unless one of the signatures is by one of these secrets or public keys, and is recent.

    `headers`: names in lower case. `public_keys`: `whpk_...`. `now`: Unix time, seconds.
    """
    message_id, timestamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    if not (message_id and timestamp.isascii() and timestamp.isdigit()):
        raise NotVerified(f"a message has {ID} and {TIMESTAMP}")
    if abs(now - int(timestamp)) > TOLERANCE_S:
        raise NotVerified(f"the message was sent at {timestamp}, which is not within {TOLERANCE_S} s of now")
    content = _signed_content(message_id, timestamp, body)
    expected = [f"v1,{_hmac(parse_secret(text), content)}" for text in secret_texts]
    for signature in headers.get(SIGNATURE, "").split():
        if any(hmac.compare_digest(signature.encode(), one.encode()) for one in expected):
            return
        version, _, text = signature.partition(",")
        if version == "v1a" and any(_is_signed_by(key, text, content) for key in public_keys):
            return
    raise NotVerified("no signature is by a known secret or key")


def _ed25519() -> Any:
    """The library's module: a server that sends nothing need not import it at its start."""
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415

    return ed25519


def _signed_content(message_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{message_id}.{timestamp}.".encode() + body


def _hmac(key: bytes, content: bytes) -> str:
    return base64.b64encode(hmac.digest(key, content, "sha256")).decode()


def _is_signed_by(public_key: str, signature: str, content: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - as below

    try:
        key = _ed25519().Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix(PUBLIC_PREFIX)))
        key.verify(base64.b64decode(signature), content)
    except (InvalidSignature, ValueError):
        return False
    return True
