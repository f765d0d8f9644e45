"""Signatures as the reference library makes and takes them, and as ed25519 has them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from domain.errors import InvalidField
from services.webhooks.signatures import (
    NotVerified,
    Signer,
    generate_private_key,
    generate_secret,
    parse_secret,
    to_public_key,
    verify,
)

NOW = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
AT = int(NOW.timestamp())


@given(st.binary(max_size=200), st.binary(min_size=24, max_size=64))
def test_a_signature_is_the_one_that_the_reference_library_makes(body: bytes, key: bytes) -> None:
    text = body.hex()
    secret = "whsec_" + base64.b64encode(key).decode()

    headers = Signer([secret]).sign("msg_1", AT, text.encode())

    assert Webhook(secret).sign("msg_1", NOW, text) == headers["webhook-signature"]


def test_the_reference_library_takes_a_message_signed_with_two_secrets_and_a_key() -> None:
    old, new = generate_secret(), generate_secret()
    body = '{"word": "Grüße"}'.encode()

    headers = Signer([new, old], [generate_private_key()[1]]).sign("msg_1", int(datetime.now(UTC).timestamp()), body)

    assert Webhook(old).verify(body, headers) == Webhook(new).verify(body, headers) == {"word": "Grüße"}


def test_a_published_key_verifies_the_signature() -> None:
    key_id, private = generate_private_key()
    published = to_public_key(key_id, private)

    headers = Signer([], [private]).sign("msg_1", AT, b"{}")

    version, _, signature = headers["webhook-signature"].partition(",")
    assert version == "v1a"
    raw = base64.urlsafe_b64decode(published.x + "=")
    Ed25519PublicKey.from_public_bytes(raw).verify(base64.b64decode(signature), f"msg_1.{AT}.{{}}".encode())
    assert "whpk_" + base64.b64encode(raw).decode() == published.webhook_key
    verify(headers, b"{}", now=AT, public_keys=[published.webhook_key])


@pytest.mark.parametrize("changed", ["webhook-id", "webhook-timestamp", "body", "signature", "secret", "late"])
def test_a_message_that_was_changed_or_is_old_is_not_verified(changed: str) -> None:
    secret = generate_secret()
    key_id, private = generate_private_key()
    headers, body, now = Signer([secret], [private]).sign("msg_1", AT, b"{}"), b"{}", AT
    keys = [to_public_key(key_id, private).webhook_key]
    match changed:
        case "body":
            body = b"{ }"
        case "signature":
            headers["webhook-signature"] = "v1,AAAA v1a,AAAA v2,x nonsense"
        case "secret":
            secret, keys = generate_secret(), [to_public_key(*generate_private_key()).webhook_key]
        case "late":
            now += 301
        case _:
            headers[changed] = headers[changed][:-1] + "0" if headers[changed][-1] != "0" else headers[changed] + "1"

    with pytest.raises(NotVerified):
        verify(headers, body, now=now, secret_texts=[secret], public_keys=keys)


@pytest.mark.parametrize(
    "text", ["whsec_YWJj", "abc", "", "whsec_", "whsec_" + base64.b64encode(b"x" * 65).decode(), "whsec_not base64!"]
)
def test_a_secret_of_three_bytes_or_none_or_too_many_is_refused(text: str) -> None:
    with pytest.raises(InvalidField) as refused:
        parse_secret(text)
    assert refused.value.pointer == "/secret"
