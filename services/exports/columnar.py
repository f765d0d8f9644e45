"""Rows of marts as Arrow and as Parquet. The only module that imports pyarrow, which comes with the extra `bi`.

PostgreSQL writes its rows as text faster than any driver reads them (COPY), and Arrow's reader takes that text apart
outside of Python: a million rows are never Python objects.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from projections.marts.columns import DELETED, ColumnType, Mart
from services.exports.errors import FormatUnavailable

if TYPE_CHECKING:
    import pyarrow as pa

#: Arrow's classes as others name them in annotations: without the library they are not there to be named.
RecordBatch = Any
Schema = Any
#: Rows that are put into columns at a time.
_BATCH_ROWS = 8_192
#: Rows of a row group of Parquet: what is in memory at once.
_GROUP_ROWS = 65_536
#: Bytes of text that Arrow's reader takes apart at a time.
_BLOCK_BYTES = 1 << 20
_DECIMAL_DIGITS, _DECIMAL_PLACES = 38, 6


def load_pyarrow() -> Any:
    """The library; raises `FormatUnavailable` where it is not installed."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra, and 60 ms of every command that does without it
    except ImportError:
        raise FormatUnavailable(
            "parquet and arrow need pyarrow, which is not installed: pip install 'plimsoll[bi]'"
        ) from None
    return pa


def arrow_type(kind: ColumnType) -> pa.DataType:
    """What a column's type is in Arrow, and so in Parquet."""
    pa = load_pyarrow()
    types = {
        "integer": pa.int64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "decimal": pa.decimal128(_DECIMAL_DIGITS, _DECIMAL_PLACES),
    }
    # Ids are text, as in every other form: each engine joins them.
    return types.get(kind, pa.string())


def arrow_schema(mart: Mart, *, deleted: bool = True) -> pa.Schema:
    """A mart's columns; what each is stands in its metadata, the mart and its version in the schema's.

    `deleted`: with the rows that are no more, and the column that says so.
    """
    pa = load_pyarrow()
    fields = []
    for column in mart.columns:
        if column.name == DELETED.name and not deleted:
            continue
        notes = {"comment": column.comment, "personal": column.personal, "since": str(column.since)}
        notes |= {"unit": column.unit} if column.unit else {}
        may_lack = mart.may_lack(column) if deleted else column.nullable
        fields.append(pa.field(column.name, arrow_type(column.type), nullable=may_lack, metadata=notes))
    about = {"mart": mart.name, "schema_version": str(mart.version), "comment": mart.comment}
    return pa.schema(fields, metadata={**about, "key": ",".join(mart.key)})


def write_rows(mart: Mart, rows: Iterable[tuple[Any, ...]], file: BinaryIO, *, form: str) -> int:
    """Write rows, given as stored, as `parquet` or as an `arrow` stream; how many there were."""
    return _write_batches(arrow_schema(mart), batches_of_rows(mart, iter(rows)), file, form)


def write_copied(mart: Mart, parts: Iterable[bytes], file: BinaryIO, *, form: str) -> int:
    """The same from the text of PostgreSQL's COPY in CSV, without its header."""
    return _write_batches(arrow_schema(mart), batches_of_text(mart, iter(parts)), file, form)


def _write_batches(schema: pa.Schema, batches: Iterator[pa.RecordBatch], file: BinaryIO, form: str) -> int:
    pa = load_pyarrow()
    count = 0
    if form == "arrow":
        with pa.ipc.new_stream(file, schema) as stream:
            for batch in batches:
                stream.write_batch(batch)
                count += batch.num_rows
        return count
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for table in _row_groups(batches, schema):
            writer.write_table(table, row_group_size=_GROUP_ROWS)
            count += table.num_rows
    return count


def _row_groups(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    pa = load_pyarrow()
    held: list[Any] = []
    size = 0
    for batch in batches:
        held.append(batch)
        size += batch.num_rows
        if size >= _GROUP_ROWS:
            yield pa.Table.from_batches(held, schema)
            held, size = [], 0
    if held:
        yield pa.Table.from_batches(held, schema)


def batches_of_rows(mart: Mart, rows: Iterator[tuple[Any, ...]]) -> Iterator[pa.RecordBatch]:
    """Rows, given as stored, some thousand at a time."""
    pa, schema = load_pyarrow(), arrow_schema(mart)
    while page := list(islice(rows, _BATCH_ROWS)):
        columns = [
            _to_array(pa, values, field.type) for values, field in zip(zip(*page, strict=True), schema, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _to_array(pa: Any, values: tuple[Any, ...], kind: pa.DataType) -> Any:
    """A column: text of dates and decimals, and numbers of booleans, are what is stored."""
    if pa.types.is_boolean(kind):
        return pa.array(values, pa.int8()).cast(kind)
    if pa.types.is_date(kind) or pa.types.is_decimal(kind):
        return pa.array(values, pa.string()).cast(kind)
    return pa.array(values, kind)


def batches_of_text(mart: Mart, parts: Iterator[bytes]) -> Iterator[pa.RecordBatch]:
    """The same of the text of PostgreSQL's COPY in CSV, without its header."""
    pa = load_pyarrow()
    from pyarrow import csv  # noqa: PLC0415 - as above

    schema = arrow_schema(mart)
    # An instant is written as a number.
    types = {f.name: pa.int64() if pa.types.is_timestamp(f.type) else f.type for f in schema}
    source = io.BufferedReader(_Parts(parts), _BLOCK_BYTES)
    if not source.peek(1):
        return
    reader = csv.open_csv(
        source,
        read_options=csv.ReadOptions(column_names=list(types), block_size=_BLOCK_BYTES, use_threads=False),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )
    for batch in reader:
        columns = [batch.column(n).cast(field.type) for n, field in enumerate(schema)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def open_reader(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> pa.RecordBatchReader:
    """Batches as another library reads them, one at a time."""
    return load_pyarrow().RecordBatchReader.from_batches(schema, batches)


def read_stream(source: Any) -> Iterator[pa.RecordBatch]:
    """The batches of another library's stream."""
    return iter(load_pyarrow().RecordBatchReader.from_stream(source))


def drop_deleted(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows that are not `deleted`, with the columns of a schema."""
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    for batch in batches:
        rows = batch
        if DELETED.name in batch.schema.names:
            rows = batch.filter(pc.invert(batch.column(DELETED.name)))
        yield rows.select(schema.names).cast(schema)


def plain_rows(batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    """The rows as numbers, booleans and texts: equal where the values are, whatever wrote them."""
    columns = [column.cast(_plain_type(column.type)).to_pylist() for column in batch.columns]
    return zip(*columns, strict=True)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    pa = load_pyarrow()
    if pa.types.is_timestamp(kind):
        return pa.int64()
    if pa.types.is_date(kind):
        return pa.int32()
    return pa.string() if pa.types.is_decimal(kind) else kind


class _Parts(io.RawIOBase):
    """Parts of bytes as a file to be read."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._rest = memoryview(part)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
