"""Models of organisation_bodies. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from typing import Any, Literal
from msgspec import UNSET, Struct, UnsetType


class RenameOrganisation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Give the organisation another name; its id and references stay."""

    do: Literal["rename"] | UnsetType = UNSET
    name: str


class SetPolicy(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Change the policies that are named; the others stay as they are."""

    do: Literal["set_policy"] | UnsetType = UNSET
    policy: dict[str, Any]
