"""Previews of acts. What was previewed is in the preview's name, signed, so that no process has to remember it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from services.client.planning import NAMED_APART, Plan
from services.console import WrongUsage

#: Seconds for which a preview holds.
PREVIEW_S = 900
_DIGEST_BYTES, _NONCE_BYTES, _SIGNATURE_BYTES = 8, 6, 16


class PreviewedCall(NamedTuple):
    """An act in the words of its call."""

    goal: str
    act: str
    fields: dict[str, Any]

    def digest(self) -> bytes:
        """The same for the same call, whatever the order of its fields."""
        ordered = msgspec.json.encode(msgspec.to_builtins(self), order="sorted")
        return hashlib.sha256(ordered).digest()[:_DIGEST_BYTES]


class _Content(msgspec.Struct, frozen=True, array_like=True):
    """What a preview's name says."""

    #: Seconds since 1970.
    previewed_at: int
    #: Two previews of one act are two acts.
    nonce: bytes
    call: bytes
    #: The goal's id, and its version as it was previewed; None: the goal begins with the act.
    step: str | None
    version: int | None
    #: Fields that the preview filled in: what the act answers.
    filled: dict[str, Any]


class Previews:
    """Previews under one key. A name is the `Idempotency-Key` of its act, so that acting twice records once."""

    def __init__(self, sign: Callable[[bytes], bytes], clock: Callable[[], float] = time.time) -> None:
        self._sign = sign
        self._clock = clock

    def name(self, call: PreviewedCall, plan: Plan) -> str:
        """The name of a new preview: 150 characters at most where only ids are filled in."""
        filled = {
            name: value
            for name, value in plan.body.items()
            if name not in NAMED_APART and call.fields.get(name) != value
        }
        content = _Content(int(self._clock()), os.urandom(_NONCE_BYTES), call.digest(), plan.step, plan.version, filled)
        encoded = msgspec.msgpack.encode(content)
        return base64.urlsafe_b64encode(self._sign(encoded)[:_SIGNATURE_BYTES] + encoded).decode().rstrip("=")

    def find(self, name: str, call: PreviewedCall) -> Plan:
        """What was previewed. Raises WrongUsage where it was not, was too long ago, or was another act."""
        content = self._read(name)
        if content is None:
            raise WrongUsage("nothing was previewed so: call preview_act, and show its words to the person first")
        if self._clock() - content.previewed_at > PREVIEW_S:
            raise WrongUsage(f"that preview is older than {PREVIEW_S // 60} minutes: call preview_act again")
        if content.call != call.digest():
            raise WrongUsage("another goal, act or fields were previewed: call preview_act for this act")
        body = {**call.fields, **content.filled}
        if content.step is None:
            body = {"do": call.act, "ref": call.goal, **body}
        return Plan(act=call.act, body=body, step=content.step, version=content.version)

    def _read(self, name: str) -> _Content | None:
        try:
            decoded = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4))
        except (binascii.Error, ValueError):
            return None
        signature, encoded = decoded[:_SIGNATURE_BYTES], decoded[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(encoded)[:_SIGNATURE_BYTES]):
            return None
        return msgspec.msgpack.decode(encoded, type=_Content)
