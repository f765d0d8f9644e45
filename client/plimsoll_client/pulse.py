"""Answering a pulse: the client's side of blind signatures (RFC 9474, RSABSSA-SHA384-PSS-Randomized).

    token = blind(cell_key, pulse_id)            # keep it until the answer is taken
    signed = take_pulse_token(pulse_id, token.blinded_text)
    ballot = finalize(cell_key, token, signed)   # raises Unfit: do not answer then
    answer_pulse(pulse_id, cell=cell_id, **ballot, ratings=[...])   # without a key

The server signs one blinded token for each who is asked and sees neither it nor its signature. Needs `cryptography`
(the extra `v1a`).
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64decode, b64encode
from math import gcd
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_HASH_BYTES = _SALT_BYTES = 48
_RANDOMIZER_BYTES = 32
_KEY_BITS = 2048


class Unfit(Exception):
    """The key or the signature is not what it should be: the server could tell answers apart."""


class Token(NamedTuple):
    """What is kept until the answer was taken. It must not be sent anywhere but in the answer."""

    message: bytes
    blinded: bytes
    inverse: int

    @property
    def blinded_text(self) -> str:
        """What the server is sent."""
        return b64encode(self.blinded).decode()


def blind(public_key: str, pulse: UUID) -> Token:
    """A fresh token of a pulse, blinded for the key of one's cell (base64, as the API has it); raises `Unfit`."""
    key = _load(public_key)
    modulus, exponent = key.public_numbers().n, key.public_numbers().e
    message = secrets.token_bytes(_RANDOMIZER_BYTES) + pulse.bytes
    encoded = int.from_bytes(_encode_pss(message, modulus.bit_length() - 1), "big")
    factor = secrets.randbelow(modulus - 1) + 1
    while gcd(factor, modulus) != 1:
        factor = secrets.randbelow(modulus - 1) + 1
    blinded = encoded * pow(factor, exponent, modulus) % modulus
    return Token(message, blinded.to_bytes(_length(modulus), "big"), pow(factor, -1, modulus))


def finalize(public_key: str, token: Token, signed: str) -> dict[str, str]:
    """`token` and `signature` as an answer has them; raises `Unfit` where something else was signed."""
    key = _load(public_key)
    modulus = key.public_numbers().n
    blind_signature = int.from_bytes(b64decode(signed), "big")
    signature = (blind_signature * token.inverse % modulus).to_bytes(_length(modulus), "big")
    scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=_SALT_BYTES)
    try:
        key.verify(signature, token.message, scheme, hashes.SHA384())
    except InvalidSignature:
        raise Unfit("the server signed with another key, or something else") from None
    randomizer = token.message[:_RANDOMIZER_BYTES]
    return {"token": b64encode(randomizer).decode(), "signature": b64encode(signature).decode()}


def _load(public_key: str) -> rsa.RSAPublicKey:
    key = serialization.load_der_public_key(b64decode(public_key))
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size != _KEY_BITS:
        raise Unfit("not a key of a cell")
    return key


def _length(modulus: int) -> int:
    return (modulus.bit_length() + 7) // 8


def _encode_pss(message: bytes, bits: int) -> bytes:
    """EMSA-PSS-ENCODE with SHA-384 and MGF1 (RFC 8017, 9.1.1)."""
    length, salt = (bits + 7) // 8, secrets.token_bytes(_SALT_BYTES)
    digest = hashlib.sha384(bytes(8) + hashlib.sha384(message).digest() + salt).digest()
    block = bytes(length - _SALT_BYTES - _HASH_BYTES - 2) + b"\x01" + salt
    count = -(-len(block) // _HASH_BYTES)
    mask = b"".join(hashlib.sha384(digest + n.to_bytes(4, "big")).digest() for n in range(count))
    masked = bytearray(a ^ b for a, b in zip(block, mask, strict=False))
    masked[0] &= 0xFF >> (8 * length - bits)
    return bytes(masked) + digest + b"\xbc"
