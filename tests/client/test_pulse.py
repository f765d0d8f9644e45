"""The client's side of a pulse's blind tokens: what the server signs, and what it cannot."""

from __future__ import annotations

from base64 import b64decode, b64encode
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from plimsoll_client.pulse import Unfit, blind, finalize
from services import blind_tokens


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return blind_tokens.generate_key()


def public_of(key: rsa.RSAPrivateKey) -> str:
    return b64encode(blind_tokens.encode_public_key(key)).decode()


def test_the_server_takes_what_the_client_finalized(key: rsa.RSAPrivateKey) -> None:
    pulse = uuid4()
    token = blind(public_of(key), pulse)
    signed = b64encode(blind_tokens.sign_blinded(key, b64decode(token.blinded_text))).decode()

    ballot = finalize(public_of(key), token, signed)

    message = b64decode(ballot["token"]) + pulse.bytes
    assert blind_tokens.is_signed(key.public_key(), message, b64decode(ballot["signature"]))


def test_another_key_is_noticed(key: rsa.RSAPrivateKey) -> None:
    token = blind(public_of(key), uuid4())
    other = blind_tokens.sign_blinded(blind_tokens.generate_key(), b"\x01" * 256)

    with pytest.raises(Unfit):
        finalize(public_of(key), token, b64encode(other).decode())
