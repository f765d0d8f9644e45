"""Whether a target wants messages from here: asked before it is sent any (CloudEvents, HTTP 1.1 Web Hooks, 4)."""

from __future__ import annotations

import msgspec

from domain.errors import HandshakeRefused, InvalidField
from services.webhooks.client import TargetResponse, WebhookClient


class Handshake(msgspec.Struct, frozen=True, kw_only=True):
    """What the target answered."""

    origin: str
    required: bool
    answer: TargetResponse

    @property
    def is_granted(self) -> bool:
        """Whether the target allows messages from this origin, or from any."""
        allowed = self.answer.headers.get("webhook-allowed-origin", "")
        origins = {origin.strip().lower() for origin in allowed.split(",")}
        return self.answer.is_success and not origins.isdisjoint({"*", self.origin.lower()})

    def require(self) -> None:
        """Raise `InvalidField` for an address that is refused, and `HandshakeRefused` where a grant is missing."""
        if self.answer.refused:
            raise InvalidField(self.answer.error.removeprefix("refused: "), pointer="/url")
        if not self.required or self.is_granted:
            return
        why = self.answer.error or f"it answered {self.answer.status} to OPTIONS without WebHook-Allowed-Origin"
        raise HandshakeRefused(f"the target did not grant messages from {self.origin}: {why}", pointer="/url")


async def shake_hands(client: WebhookClient, *, origin: str, required: bool) -> Handshake:
    """Ask the target. It is asked where that is not required too: whether its address is refused is known then."""
    headers = {"webhook-request-origin": origin, "accept-encoding": "identity"}
    return Handshake(origin=origin, required=required, answer=await client.send("OPTIONS", headers))
