"""On Spark every week comes out as the read models have it, row for row.

    python3 run.py test -m long tests/long/spark

The first run installs Spark (500 MB) into `.venv-spark-job`; Java 17 has to be there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pyarrow import parquet

import run
from projections.as_of import AsOf, resolve_as_of
from projections.marts.columns import Mart
from projections.marts.dim_goal import DIM_GOAL
from projections.marts.load_weeks import FACT_LOAD_WEEK, beginning_of
from projections.marts.reading import read_rows, read_rows_as_of
from services import seed
from services.exports.columnar import batches_of_rows
from services.imports.importer import import_lines
from services.lake.delta import Lake
from services.lake.sync import open_session, sync_lake
from services.organisations import create_organisation
from services.runtime import Runtime, migrate
from services.settings import Settings
from tests.conftest import skip_or_fail

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

Row = tuple[Any, ...]
LAST_DAY = date(2026, 3, 4)


@pytest.fixture(scope="module")
def spark_submit() -> list[str]:
    """The command that runs a job in local mode."""
    if shutil.which("java") is None:
        skip_or_fail("Spark needs Java 17, which is not installed")
    home = run.ensure_spark_job()
    options = ["spark.driver.bindAddress=127.0.0.1", "spark.driver.host=127.0.0.1", "spark.ui.enabled=false"]
    options += ["spark.sql.shuffle.partitions=4"]
    confs = [word for option in options for word in ("--conf", option)]
    return [str(home / "bin" / "spark-submit"), "--master", "local[2]", *confs]


class Computed(msgspec.Struct):
    """An organisation's read models, and what Spark made of its lake."""

    runtime: Runtime
    view: AsOf
    output: Path

    def read(self, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = parquet.read_table(self.output / name).to_pylist()
        return rows


@pytest.fixture(scope="module")
def computed(spark_submit: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Computed]:
    home = tmp_path_factory.mktemp("spark")
    settings = Settings(database_url=f"sqlite:///{home}/store")
    migrate(settings)
    with Runtime.open(settings) as runtime:
        founded = create_organisation(runtime, "default", steward=seed.STEWARD)
        principal = runtime.keys.authenticate(founded.api_key, runtime.clock())
        assert principal is not None
        organisation, lines = founded.organisation_id, [msgspec.json.encode(row) for row in seed.rows(LAST_DAY)]
        assert 0 == import_lines(runtime, organisation, lines, principal=principal).refused
        runtime.engine.catch_up()
        with open_session(runtime, organisation, Lake(str(home / "lake"), {}), names=False) as session:
            assert sync_lake(session).equal
            view = session.view
        python = str(Path(spark_submit[0]).with_name("python"))
        environment = {**os.environ, "PYSPARK_PYTHON": python, "PYTHONPATH": str(run.ROOT)}
        job = ["examples/spark/recompute_weeks.py", str(home / "lake"), str(home / "output")]
        subprocess.run([*spark_submit, *job], cwd=run.ROOT, check=True, env=environment)
        yield Computed(runtime, view, home / "output")


def as_rows(mart: Mart, rows: Iterable[Row]) -> list[dict[str, Any]]:
    found = [row for batch in batches_of_rows(mart, iter(rows)) for row in batch.to_pylist()]
    return [{name: value for name, value in row.items() if name != "deleted"} for row in found]


def ordered(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(repr(sorted(row.items())) for row in rows)


def test_the_load_of_every_week_is_the_read_models(computed: Computed) -> None:
    expected = as_rows(FACT_LOAD_WEEK, read_rows(computed.runtime.database, computed.view, FACT_LOAD_WEEK))

    found = computed.read("fact_load_week")

    assert len(expected) > 100
    assert ordered(expected) == ordered(found)


def test_goals_as_of_every_week_are_the_read_models(computed: Computed) -> None:
    runtime, found = computed.runtime, computed.read("dim_goal_as_of")
    weeks = sorted({row["week"] for row in computed.read("fact_load_week")})

    for week in weeks:
        instant = beginning_of(week, computed.view.tzinfo)
        as_of = resolve_as_of(
            runtime.database, runtime.ledger, computed.view.organisation_id, as_of=instant, now=runtime.clock()
        )
        rows = read_rows_as_of(runtime.ledger, runtime.database, as_of, DIM_GOAL)
        expected = [{"as_of": week, **row} for row in as_rows(DIM_GOAL, rows)]
        assert ordered(expected) == ordered([row for row in found if row["as_of"] == week])

    assert len(weeks) > 10
    assert len({row["goal_id"] for row in found}) > 10
