"""Webhooks that the client takes for genuine are exactly those that the specification's own library takes."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from plimsoll_client import InvalidSignature
from plimsoll_client.webhooks import verify
from services.webhooks.signatures import generate_secret

NOW = 1_790_000_000


def sign(secret: str, body: str, at: int = NOW) -> dict[str, str]:
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(at, UTC), body)
    return {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(at), "Webhook-Signature": signature}


@given(st.text(max_size=200))
def test_what_the_reference_signs_is_verified(body: str) -> None:
    secret = generate_secret()

    assert "msg_1" == verify(sign(secret, body), body.encode(), secrets=[generate_secret(), secret], now=NOW)


@pytest.mark.parametrize("change", ["body", "secret", "id", "time", "old", "missing", "version", "garbage"])
def test_a_message_that_was_changed_is_refused(change: str) -> None:
    secret, body = generate_secret(), b'{"a": 1}'
    headers = sign(secret, body.decode())
    now = NOW
    if change == "body":
        body += b" "
    elif change == "secret":
        secret = generate_secret()
    elif change == "id":
        headers["Webhook-Id"] = "msg_2"
    elif change == "time":
        headers["Webhook-Timestamp"] = str(NOW + 1)
    elif change == "old":
        now += 301
    elif change == "missing":
        del headers["Webhook-Timestamp"]
    elif change == "version":
        headers["Webhook-Signature"] = headers["Webhook-Signature"].replace("v1,", "v2,")
    else:
        headers["Webhook-Signature"] = "v1,???? v1a,aaaa v1"

    with pytest.raises(InvalidSignature):
        verify(headers, body, secrets=[secret], public_keys=["whpk_" + base64.b64encode(bytes(32)).decode()], now=now)


def test_no_secret_verifies_nothing() -> None:
    with pytest.raises(InvalidSignature):
        verify(sign(generate_secret(), "x"), b"x", secrets=["", "whsec_"], now=NOW)


def test_an_empty_secret_is_none_though_a_message_is_signed_with_it() -> None:
    signature = base64.b64encode(hmac.digest(b"", f"msg_1.{NOW}.x".encode(), "sha256")).decode()
    headers = {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(NOW), "Webhook-Signature": f"v1,{signature}"}

    with pytest.raises(InvalidSignature):
        verify(headers, b"x", secrets=["", "whsec_"], now=NOW)
