"""Tokens that are signed without being seen: RSABSSA-SHA384-PSS-Randomized of RFC 9474.

The client blinds a token, the server signs what it was sent, and the client takes the blinding off: the signature is
good, and the server has never seen it. The blinding is a uniformly random number, so that what was sent says nothing of
the token, however much is computed. Keys and the verification are those of `cryptography`; what it has no public
function for (the encoding of RFC 8017, 9.1.1, and the two blind steps) is here, and is tested by the RFC's vectors.
"""

from __future__ import annotations

import hashlib
import secrets
from math import gcd
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KEY_BITS = 2048
_PUBLIC_EXPONENT = 65537
#: Bytes of SHA-384, of the salt, and of the randomizer that goes before each message.
HASH_BYTES = SALT_BYTES = 48
RANDOMIZER_BYTES = 32
_TRAILER = 0xBC


class BlindToken(NamedTuple):
    """What a client keeps until it has the signature."""

    #: The message that is signed: the randomizer, then what was to be signed.
    message: bytes
    #: What the server is sent.
    blinded: bytes
    #: The inverse of the blinding factor.
    inverse: int


class Unfit(Exception):
    """The signature, or what was to be signed, is not what it should be."""


def generate_key() -> rsa.RSAPrivateKey:
    """A key pair that signs the tokens of one group in one wave, and nothing else."""
    return rsa.generate_private_key(public_exponent=_PUBLIC_EXPONENT, key_size=KEY_BITS)


def encode_private_key(key: rsa.RSAPrivateKey) -> bytes:
    """PKCS #8, DER, without a passphrase."""
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.DER, form, none)


def encode_public_key(key: rsa.RSAPrivateKey | rsa.RSAPublicKey) -> bytes:
    """SubjectPublicKeyInfo, DER."""
    public = key.public_key() if isinstance(key, rsa.RSAPrivateKey) else key
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def decode_public_key(der: bytes) -> rsa.RSAPublicKey:
    """The key; raises `Unfit` for anything but an RSA key of `KEY_BITS`."""
    try:
        key = serialization.load_der_public_key(der)
    except ValueError as error:
        raise Unfit("no public key") from error
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size != KEY_BITS:
        raise Unfit("another kind of public key")
    return key


# --- the client ------------------------------------------------------------------------------------------------------


def blind(key: rsa.RSAPublicKey, content: bytes) -> BlindToken:
    """A fresh token for `content`, blinded (RFC 9474, 4.1 and 4.2)."""
    message = secrets.token_bytes(RANDOMIZER_BYTES) + content
    modulus = key.public_numbers().n
    while True:
        factor = secrets.randbelow(modulus - 1) + 1
        if gcd(factor, modulus) == 1:
            return blind_with(key, message, factor, secrets.token_bytes(SALT_BYTES))


def blind_with(key: rsa.RSAPublicKey, message: bytes, factor: int, salt: bytes) -> BlindToken:
    """The same with the random parts given, for the RFC's vectors. Raises `Unfit` for a key that is broken."""
    numbers = key.public_numbers()
    encoded = int.from_bytes(_encode_pss(message, numbers.n.bit_length() - 1, salt))
    if gcd(encoded, numbers.n) != 1:
        raise Unfit("the key is broken")
    blinded = encoded * pow(factor, numbers.e, numbers.n) % numbers.n
    return BlindToken(message, blinded.to_bytes(_length(numbers.n)), pow(factor, -1, numbers.n))


def finalize(key: rsa.RSAPublicKey, token: BlindToken, blind_signature: bytes) -> bytes:
    """The signature of the token's message (RFC 9474, 4.4); raises `Unfit` where the server signed something else."""
    modulus = key.public_numbers().n
    if len(blind_signature) != _length(modulus):
        raise Unfit("the signature has another length")
    signature = (int.from_bytes(blind_signature) * token.inverse % modulus).to_bytes(_length(modulus))
    if not is_signed(key, token.message, signature):
        raise Unfit("the server signed with another key, or something else")
    return signature


# --- the server ------------------------------------------------------------------------------------------------------


def sign_blinded(key: rsa.RSAPrivateKey, blinded: bytes) -> bytes:
    """The blind signature (RFC 9474, 4.3); raises `Unfit` for what no client of this key sends.

    The number is multiplied by a random one first: how long the power takes says nothing of the key then.
    """
    numbers = key.private_numbers()
    public = numbers.public_numbers
    asked = int.from_bytes(blinded)
    if len(blinded) != _length(public.n) or not 1 < asked < public.n:
        raise Unfit("a number below the key's modulus, as long as it")
    while True:
        mask = secrets.randbelow(public.n - 1) + 1
        if gcd(mask, public.n) == 1:
            break
    masked = _power(asked * pow(mask, public.e, public.n) % public.n, numbers)
    signed = masked * pow(mask, -1, public.n) % public.n
    if pow(signed, public.e, public.n) != asked:
        raise Unfit("the power was computed wrongly")
    return signed.to_bytes(_length(public.n))


def is_signed(key: rsa.RSAPublicKey, message: bytes, signature: bytes) -> bool:
    """Whether this is a signature of the message by the key's owner."""
    scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=SALT_BYTES)
    try:
        key.verify(signature, message, scheme, hashes.SHA384())
    except InvalidSignature:
        return False
    return True


def _power(number: int, key: rsa.RSAPrivateNumbers) -> int:
    """`number` to the private exponent, by the Chinese remainder theorem: four times as quick."""
    first, second = pow(number, key.dmp1, key.p), pow(number, key.dmq1, key.q)
    return second + key.q * ((first - second) * key.iqmp % key.p)


def _length(modulus: int) -> int:
    return (modulus.bit_length() + 7) // 8


def _encode_pss(message: bytes, bits: int, salt: bytes) -> bytes:
    """EMSA-PSS-ENCODE with SHA-384 and MGF1 (RFC 8017, 9.1.1)."""
    length = (bits + 7) // 8
    hashed = hashlib.sha384(message).digest()
    digest = hashlib.sha384(bytes(8) + hashed + salt).digest()
    block = bytes(length - len(salt) - HASH_BYTES - 2) + b"\x01" + salt
    masked = bytearray(a ^ b for a, b in zip(block, _mask(digest, len(block)), strict=True))
    masked[0] &= 0xFF >> (8 * length - bits)
    return bytes(masked) + digest + bytes([_TRAILER])


def _mask(seed: bytes, length: int) -> bytes:
    """MGF1 with SHA-384 (RFC 8017, B.2.1)."""
    blocks = -(-length // HASH_BYTES)
    return b"".join(hashlib.sha384(seed + place.to_bytes(4)).digest() for place in range(blocks))[:length]
