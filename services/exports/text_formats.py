"""Rows of marts as NDJSON and as CSV (RFC 4180)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from domain.instants import format_instant, from_micros
from projections.marts.columns import ColumnType, Mart
from services.csv_text import format_csv_row

Converter = Callable[[Any], Any]


def _to_instant(micros: int) -> str:
    return format_instant(from_micros(micros))


def _to_raw_json(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


def _to_boolean_text(value: int) -> str:
    return "true" if value else "false"


#: From a value as it is stored to one of JSON, or to a cell's text; what is left out stays as it is.
_JSON_CONVERTERS: dict[ColumnType, Converter] = {"timestamp": _to_instant, "boolean": bool, "json": _to_raw_json}
_CSV_CONVERTERS: dict[ColumnType, Converter] = {"timestamp": _to_instant, "boolean": _to_boolean_text}


def encode_rows(mart: Mart, rows: Iterable[tuple[Any, ...]], *, form: str) -> Iterator[bytes]:
    """One part per row, given as stored; CSV has a part with the names before them."""
    names = mart.column_names
    converters = _CSV_CONVERTERS if form == "csv" else _JSON_CONVERTERS
    convert = [(place, converters[c.type]) for place, c in enumerate(mart.columns) if c.type in converters]
    if form == "csv":
        json = {place for place, column in enumerate(mart.columns) if column.type == "json"}
        yield format_csv_row(names)
        for row in _convert(rows, len(names), convert):
            yield format_csv_row(_to_cell(value, is_json=place in json) for place, value in enumerate(row))
        return
    encoder = msgspec.json.Encoder()
    for row in _convert(rows, len(names), convert):
        yield encoder.encode(dict(zip(names, row, strict=True))) + b"\n"


def _convert(
    rows: Iterable[tuple[Any, ...]], width: int, converters: list[tuple[int, Converter]]
) -> Iterator[list[Any]]:
    for row in rows:
        if len(row) != width:
            raise ValueError(f"a row of {len(row)} values for {width} columns")
        values = list(row)
        for place, convert in converters:
            if values[place] is not None:
                values[place] = convert(values[place])
        yield values


def _to_cell(value: Any, *, is_json: bool) -> str:
    """A cell's text: of a `json` column always JSON, of any other column nothing where there is no value."""
    if value is None:
        return "null" if is_json else ""
    return str(value)
