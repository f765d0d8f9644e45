"""A mart's columns as JSON Schema: what a row of NDJSON is."""

from __future__ import annotations

from typing import Any

from projections.marts.columns import ColumnType, Mart, MartColumn

_TYPES: dict[ColumnType, dict[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
    "decimal": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    "json": {},
}


def json_schema(mart: Mart) -> dict[str, Any]:
    """JSON Schema 2020-12; `x-` members hold what it has no keyword for."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": mart.name,
        "description": mart.comment,
        "type": "object",
        "properties": {column.name: _property(mart, column) for column in mart.columns},
        "required": list(mart.column_names),
        "additionalProperties": False,
        "x-key": list(mart.key),
        "x-version": mart.version,
    }


def _property(mart: Mart, column: MartColumn) -> dict[str, Any]:
    known = dict(_TYPES[column.type])
    if "type" in known and mart.may_lack(column):
        known["type"] = [known["type"], "null"]
    extra = {"x-unit": column.unit} if column.unit else {}
    return {**known, "description": column.comment, **extra, "x-personal": column.personal, "x-since": column.since}
