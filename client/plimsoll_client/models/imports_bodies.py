"""Models of imports_bodies. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from typing import Literal
from msgspec import UNSET, Struct, UnsetType

from plimsoll_client.models.event_parts_bodies import ColumnMap


class KeepColumnMap(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Keep how a spreadsheet is read, by a name; a map that was kept by it before is replaced."""

    do: Literal["keep_column_map"] | UnsetType = UNSET
    map: ColumnMap
    name: str
