"""Requests of keys. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from uuid import UUID

from plimsoll_client import models as m
from plimsoll_client.request import Request, build_command, build_request


def create_key(body: m.CreateKey) -> Request[m.CreatedKey]:
    """Create a key for a member; its text is answered this once."""
    return build_request("POST", "/v1/keys", m.CreatedKey, body=body)


def list_keys(*, cursor: str | None = None, limit: int | None = None) -> Request[m.KeyList]:
    """Every key: who issued and revoked it, when it ends and when it was last used."""
    return build_request("GET", "/v1/keys", m.KeyList, query={"cursor": cursor, "limit": limit})


def revoke_key(
    key: str | UUID, body: m.RevokeKey | None = None, *, idempotency_key: str | None = None
) -> Request[m.RevokedKey]:
    """End a key now."""
    return build_command("/v1/keys/{key}/revoke", m.RevokedKey, body, idempotency_key, key=key)


def rotate_key(key: str | UUID, body: m.RotateKey | None = None) -> Request[m.CreatedKey]:
    """A new key like this one; the old one ends after the overlap."""
    return build_request("POST", "/v1/keys/{key}/rotate", m.CreatedKey, path_values={"key": key}, body=body)
