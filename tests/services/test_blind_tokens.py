"""Blind signatures: the vectors of RFC 9474, and what is refused."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from services import blind_tokens
from services.blind_tokens import BlindToken, Unfit

VECTOR = msgspec.json.decode(Path(__file__).with_name("rfc9474.json").read_bytes())


def number(name: str) -> int:
    return int(VECTOR[name], 16)


def octets(name: str) -> bytes:
    return bytes.fromhex(VECTOR[name])


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    """The RFC's."""
    p, q, d = number("p"), number("q"), number("d")
    public = rsa.RSAPublicNumbers(65537, number("n"))
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
    return numbers.private_key()


@pytest.fixture(scope="module")
def own_key() -> rsa.RSAPrivateKey:
    return blind_tokens.generate_key()


def test_the_vector_of_the_rfc(key: rsa.RSAPrivateKey) -> None:
    # given the RFC's blinding factor, by its inverse
    factor = pow(number("inv"), -1, number("n"))

    # when
    token = blind_tokens.blind_with(key.public_key(), octets("msg_prefix") + octets("msg"), factor, octets("salt"))
    blind_signature = blind_tokens.sign_blinded(key, token.blinded)

    # then
    assert (octets("blinded_msg"), number("inv")) == (token.blinded, token.inverse)
    assert octets("blind_sig") == blind_signature
    assert octets("sig") == blind_tokens.finalize(key.public_key(), token, blind_signature)


def test_what_is_signed_is_never_seen_and_the_signature_is_good(own_key: rsa.RSAPrivateKey) -> None:
    public = blind_tokens.decode_public_key(blind_tokens.encode_public_key(own_key))
    token = blind_tokens.blind(public, b"wave")

    signature = blind_tokens.finalize(public, token, blind_tokens.sign_blinded(own_key, token.blinded))

    assert blind_tokens.is_signed(public, token.message, signature)
    assert not blind_tokens.is_signed(public, token.message + b"!", signature)
    assert token.blinded != blind_tokens.blind(public, b"wave").blinded


@pytest.mark.parametrize("blinded", [b"", b"\x00" * 256, b"\x00" * 255 + b"\x01", b"\xff" * 256, b"\x01" * 255])
def test_no_number_is_signed_that_no_client_sends(own_key: rsa.RSAPrivateKey, blinded: bytes) -> None:
    with pytest.raises(Unfit):
        blind_tokens.sign_blinded(own_key, blinded)


def test_a_client_notices_another_key(own_key: rsa.RSAPrivateKey) -> None:
    """A server that signed each member's token with a key of its own could tell the answers apart."""
    other = blind_tokens.generate_key()
    token: BlindToken = blind_tokens.blind(own_key.public_key(), b"wave")

    with pytest.raises(Unfit):
        blind_tokens.finalize(own_key.public_key(), token, blind_tokens.sign_blinded(other, b"\x01" * 256))


def test_another_kind_of_key_is_refused() -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - that it is refused

    with pytest.raises(Unfit):
        blind_tokens.decode_public_key(blind_tokens.encode_public_key(small))
