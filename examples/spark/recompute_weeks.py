"""`fact_load_week`, and `dim_goal` as of every week, from a lake's events, on Spark with the product's own functions.

    python3 run.py spark examples/spark/recompute_weeks.py LAKE OUTPUT

Streams are folded where their events are, weeks are computed in blocks; Spark decides on which machine. There is no
Plimsoll server, and no database but a scratch file of each task.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from domain.envelope import RecordedEvent
from domain.instants import to_micros
from domain.organisation.organisation import Organisation, evolve
from projections.as_of import AsOf
from projections.database.database import Database
from projections.database.tables import END_OF_TIME, Table
from projections.engine.fold import Projection
from projections.engine.stream_events import StreamEvents
from projections.marts.columns import ColumnType, Mart
from projections.marts.dim_goal import DIM_GOAL
from projections.marts.load_weeks import (
    FACT_LOAD_WEEK,
    WeekEvent,
    beginning_of,
    build_week_event,
    list_changed_weeks,
    list_rows_of_week,
    view_of_week,
)
from projections.marts.projection import MARTS_PROJECTION
from projections.overload.facts import OVERLOAD
from projections.people import MEMBERS
from services.exports.columnar import arrow_schema, batches_of_rows
from services.lake.events import decode_events

#: The read models that a week's load rests on.
_PROJECTIONS: tuple[Projection, ...] = (OVERLOAD, MEMBERS)
_TABLES: dict[str, Table] = {table.name: table for each in _PROJECTIONS for table in each.tables}
_COLUMNS = {name: {column: n for n, column in enumerate(table.column_names)} for name, table in _TABLES.items()}
#: Weeks of one task: a quarter, so that the facts are loaded once for all of them.
_WEEKS_AT_ONCE = 13
_WEEK_SCHEMA = "position bigint, event_id string, week date, bears_from date"
_TOUCHED = pa.schema(
    [("position", pa.int64()), ("event_id", pa.string()), ("week", pa.date32()), ("bears_from", pa.date32())]
)
_FACT_SCHEMA = "name string, row string, begins bigint, ends bigint"
_SPARK_TYPES: dict[ColumnType, str] = {
    "integer": "bigint",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "decimal": "decimal(38, 6)",
}


def open_spark() -> SparkSession:
    """The session of the job; instants are UTC in it."""
    spark = (
        SparkSession.builder.appName("plimsoll recompute weeks")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        # `2026-03` is a month's name, and not the date that Spark would take it for.
        .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("WARN")
    return spark


def read_events(spark: SparkSession, lake: str) -> DataFrame:
    """The lake's events: the files that its Delta log names. No Delta library of Spark's own is needed."""
    table = DeltaTable(f"{lake}/events")
    return spark.read.option("basePath", f"{lake}/events").parquet(*table.file_uris())


def recompute(spark: SparkSession, lake: str) -> tuple[DataFrame, DataFrame]:
    """`fact_load_week`, and `dim_goal` with the column `as_of`: the Monday as of whose beginning its rows are."""
    events = read_events(spark, lake).cache()
    organisation, as_of = find_organisation(events)
    weeks = list_weeks(events, ZoneInfo(organisation.zone))
    return compute_load_weeks(spark, events, organisation, as_of, weeks), compute_goal_versions(
        events, [beginning_of(week, as_of.tzinfo) for week, _, _ in weeks], as_of.tzinfo
    )


def find_organisation(events: DataFrame) -> tuple[Organisation, AsOf]:
    """The organisation with its policies, and the view at the end of its log."""
    rows = events.where("kind = 'organisation'").orderBy("position").collect()
    state: Organisation | None = None
    for event in decode_events(_with_zone(row.asDict()) for row in rows):
        state = evolve(state, event)
    if state is None:
        raise SystemExit("the lake has no organisation")
    head, last = events.agg(f.max("position"), f.max("recorded_at")).first() or (0, None)
    now = datetime.now(UTC)
    return state, AsOf(
        organisation_id=state.id,
        at=now,
        today=now.astimezone(ZoneInfo(state.zone)).date(),
        zone=state.zone,
        known_position=head,
        position=head,
        recorded_as_of=now if last is None else last.replace(tzinfo=UTC),
        policy=state.policy_at(now),
        as_of_text=now.date().isoformat(),
    )


def _with_zone(row: dict[str, Any]) -> dict[str, Any]:
    """Spark's rows have instants without a zone, in that of the session."""
    return {name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for name, value in row.items()}


# --- which weeks there are ---------------------------------------------------------------------------------------


def list_weeks(events: DataFrame, zone: ZoneInfo) -> list[tuple[date, int, str]]:
    """Each week, the position that its rows have, and the event at that position."""

    def touch(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = batch.to_pydict()
            columns = zip(rows["position"], rows["event_id"], rows["occurred_at"], strict=True)
            touched = [build_week_event(position, event, to_micros(at), zone) for position, event, at in columns]
            yield pa.RecordBatch.from_pydict(
                {name: [getattr(each, name) for each in touched] for name in WeekEvent._fields},
                _TOUCHED,
            )

    touched = events.select("position", "event_id", "occurred_at").mapInArrow(touch, _WEEK_SCHEMA)
    # A week's first event may add weeks, its last one bears on it; those between do neither.
    ends = touched.groupBy("week", "bears_from").agg(
        f.min_by(f.struct("position", "event_id"), "position").alias("first"),
        f.max_by(f.struct("position", "event_id"), "position").alias("last"),
    )
    found = {
        WeekEvent(each.position, each.event_id, row.week, row.bears_from)
        for row in ends.collect()
        for each in (row.first, row.last)
    }
    ids = {event.position: event.event_id for event in found}
    return [(week, position, ids[position]) for week, position in list_changed_weeks(sorted(found), None)]


# --- fact_load_week ----------------------------------------------------------------------------------------------


def compute_load_weeks(
    spark: SparkSession,
    events: DataFrame,
    organisation: Organisation,
    as_of: AsOf,
    weeks: list[tuple[date, int, str]],
) -> DataFrame:
    """Fold the streams, and compute the weeks in blocks from what held in each block."""
    facts = events.where("kind IN ('goal', 'member')").groupBy("stream_id").applyInArrow(fold_facts, _FACT_SCHEMA)
    rows = [
        (n // _WEEKS_AT_ONCE, week, to_micros(beginning_of(week, as_of.tzinfo)), position, event)
        for n, (week, position, event) in enumerate(weeks)
        if week <= as_of.today
    ]
    blocks = spark.createDataFrame(rows, "block int, week date, at bigint, position bigint, event_id string")
    instants: dict[int, list[int]] = {}
    for block, _, at, _, _ in rows:
        instants.setdefault(block, []).append(at)
    spans = spark.createDataFrame(
        [(block, min(of_block), max(of_block)) for block, of_block in instants.items()],
        "block int, first bigint, last bigint",
    )
    held = facts.join(f.broadcast(spans), (f.col("begins") <= f.col("last")) & (f.col("ends") > f.col("first")))
    compute = build_week_function(organisation, as_of)
    return (
        blocks.groupBy("block")
        .cogroup(held.select("block", "name", "row").groupBy("block"))
        .applyInArrow(compute, _ddl_of(FACT_LOAD_WEEK))
    )


def fold_facts(table: pa.Table) -> pa.Table:
    """The rows that the read models have of one stream, each with the instants between which it can matter."""
    stream = StreamEvents(_stream_of(table))
    found: list[tuple[str, str, int, int]] = []
    for projection in _PROJECTIONS:
        if stream.kind not in projection.kinds:
            continue
        for name, rows in projection.rows(stream).items():
            places = _COLUMNS[name]
            first = places.get("valid_from", places.get("occurred_at"))
            last = places.get("valid_to")
            for row in rows:
                begins = row[first] if first is not None else 0
                encoded = msgspec.json.encode(row).decode()
                found.append((name, encoded, begins, END_OF_TIME if last is None else row[last]))
    kinds = (pa.string(), pa.string(), pa.int64(), pa.int64())
    columns = list(zip(*found, strict=True)) or [()] * len(kinds)
    arrays = [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    return pa.table(arrays, names=["name", "row", "begins", "ends"])


def build_week_function(organisation: Organisation, as_of: AsOf) -> Callable[[pa.Table, pa.Table], pa.Table]:
    """What computes a block of weeks from the facts that held in it."""

    def compute(weeks: pa.Table, facts: pa.Table) -> pa.Table:
        rows: dict[str, list[tuple[Any, ...]]] = {}
        for name, row in zip(facts["name"].to_pylist(), facts["row"].to_pylist(), strict=True):
            rows.setdefault(name, []).append(tuple(msgspec.json.decode(row)))
        with tempfile.TemporaryDirectory(prefix="plimsoll-spark-") as home:
            database = Database.open(f"sqlite:///{home}/facts")
            try:
                database.migrate(list(_TABLES.values()))
                with database.transaction() as transaction:
                    for name, of_table in rows.items():
                        transaction.insert_many(_TABLES[name], of_table)
                found = [
                    row
                    for week in weeks.to_pylist()
                    for row in list_rows_of_week(
                        database,
                        view_of_week(as_of, organisation, week["week"]),
                        week["position"],
                        week["event_id"],
                    )
                ]
            finally:
                database.close()
        return _to_table(FACT_LOAD_WEEK, found)

    return compute


# --- dim_goal ----------------------------------------------------------------------------------------------------


def compute_goal_versions(events: DataFrame, instants: list[datetime], zone: ZoneInfo) -> DataFrame:
    """The dimension as of each instant, where nothing is known of what happened after it."""

    def list_versions(table: pa.Table) -> pa.Table:
        stream = sorted(_stream_of(table), key=lambda event: event.occurred_at)
        as_of: list[date] = []
        found: list[tuple[Any, ...]] = []
        happened, rows = 0, list[tuple[Any, ...]]()
        for instant in instants:
            now = sum(event.occurred_at <= instant for event in stream)
            if now != happened:
                known = sorted(stream[:now], key=lambda event: event.version)
                folded = MARTS_PROJECTION.fold_whole(known).get(DIM_GOAL.name, ())
                # Behind organisation, stream and the positions between which it was believed.
                rows = [tuple(row[4:]) for row in folded if row[3] == END_OF_TIME and not row[-1]]
                happened = now
            found += rows
            as_of += [instant.astimezone(zone).date()] * len(rows)
        return _to_table(DIM_GOAL, found).add_column(0, "as_of", pa.array(as_of, pa.date32()))

    goals = events.where("kind = 'goal'").groupBy("stream_id")
    return goals.applyInArrow(list_versions, f"as_of date, {_ddl_of(DIM_GOAL)}")


# --- rows ----------------------------------------------------------------------------------------------------------


def _stream_of(table: pa.Table) -> list[RecordedEvent]:
    return list(decode_events(table.sort_by("stream_version").to_pylist()))


def _to_table(mart: Mart, rows: list[tuple[Any, ...]]) -> pa.Table:
    """The rows that stand, as the mart's columns but for `deleted`."""
    whole = arrow_schema(mart)
    return pa.Table.from_batches(batches_of_rows(mart, iter(rows)), whole).drop_columns("deleted")


def _ddl_of(mart: Mart) -> str:
    columns = (column for column in mart.columns if column.name != "deleted")
    return ", ".join(f"`{column.name}` {_SPARK_TYPES.get(column.type, 'string')}" for column in columns)


def main(lake: str, output: str) -> None:
    """Write both as Parquet below `output`, and say how many rows they have."""
    spark = open_spark()
    try:
        for name, frame in zip(("fact_load_week", "dim_goal_as_of"), recompute(spark, lake), strict=True):
            frame.write.mode("overwrite").parquet(f"{output}/{name}")
            print(f"{name}: {spark.read.parquet(f'{output}/{name}').count()} rows")
    finally:
        spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
