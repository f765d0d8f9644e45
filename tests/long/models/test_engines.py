"""Every model on Spark too, over the same files, and on a larger history.

`PLIMSOLL_HISTORY` names a file of acts to take instead of the made-up one: NDJSON, plain or gzipped, of the zone UTC.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

import run
from services.imports.rows import iter_lines
from tests.conftest import skip_or_fail
from tests.dbt.conftest import MODELS, Modelled, Rows, in_order, invoke_dbt, open_modelled
from tests.dbt.reported import COMPARISONS, Reports, find_differences
from tests.fixtures import synthetic
from tests.servers import PostgresServer

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]
_ZONE = "UTC"
_GOALS = 300


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines")


def read_history() -> Iterator[bytes]:
    named = os.environ.get("PLIMSOLL_HISTORY")
    if named is None:
        yield from synthetic.encode_lines(goals=_GOALS)
        return
    with Path(named).open("rb") as file:
        yield from iter_lines(file)


@pytest.fixture(scope="module")
def imported(
    start_postgres: Callable[[], PostgresServer], postgres_template: str, dbt_home: Path, work: Path
) -> Iterator[Modelled]:
    """The history with every model on DuckDB and PostgreSQL."""
    lines = read_history()
    with open_modelled(
        start_postgres(), postgres_template, dbt_home, work, lines, zone=_ZONE, command="run"
    ) as modelled:
        yield modelled


@pytest.fixture(scope="module")
def on_spark(imported: Modelled, work: Path) -> Callable[[str], Rows]:
    """The rows of a model as Spark made them."""
    if shutil.which("java") is None:
        skip_or_fail("Spark needs Java 17")
    tables = work / "spark"
    invoke_dbt(
        run.ensure_dbt(spark=True),
        [["run", "--target", "spark"]],
        {**imported.environment, "PLIMSOLL_SPARK": str(tables)},
        work,
    )

    def read(model: str) -> Rows:
        with duckdb.connect() as connection:
            files = f"{tables}/answers.db/{model}/*.parquet"
            return connection.execute("SELECT * FROM read_parquet(?)", [files]).fetchall()

    return read


@pytest.mark.parametrize("model", MODELS)
def test_a_model_answers_alike_on_all_engines(imported: Modelled, on_spark: Callable[[str], Rows], model: str) -> None:
    sql = f"SELECT * FROM answers.{model}"
    expected = in_order(imported.read_duckdb(sql))

    assert expected == in_order(imported.read_postgres(sql))
    assert expected == in_order(on_spark(model))


@pytest.mark.parametrize("model", COMPARISONS)
def test_a_model_of_a_larger_history_says_what_the_report_says(imported: Modelled, model: str) -> None:
    reports = Reports(imported.runtime, imported.organisation, _ZONE)

    compared, differing = find_differences(COMPARISONS[model](imported.rows(model), reports, imported.last_event()))

    # Of a history without needs or decisions nothing is compared.
    assert [] == differing, f"{len(differing)} of {compared}"
