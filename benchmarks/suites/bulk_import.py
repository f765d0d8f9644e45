"""Suite `bulk`: a large history, decided act by act, compared with `COPY` of the very rows that it leaves in the log.

Rates are acts a second on both sides: what COPY is given is the rows of as many acts. A million acts are imported once,
50,000 in every round; both tell their peak memory, which must not grow with the history.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import perf_counter

from benchmarks.harness import Bench, Case, Contender, Sample, Target
from benchmarks.import_history import GOALS
from benchmarks.stores import Store, build_settings
from benchmarks.worker_process import ROOT
from services import runtime as composition
from tests.fixtures import synthetic

_CHUNK_BYTES = 1 << 20
#: Acts of one copy of the made-up history, about.
ACTS = 7206
INDEXED = "COPY of the same rows, same table and indexes"
PLAIN = "COPY of the same rows, no index"


def suite(bench: Bench) -> Iterator[Case]:
    """Acts per second, and peak memory."""
    for store in bench.stores:
        if store.name == "postgresql":
            few = BulkHistory(store, bench.home, copies=2 if bench.quick else 7)
            many = BulkHistory(store, bench.home, copies=max(1, round(bench.most_acts / ACTS)))
            yield _build_case(few, None)
            yield _build_case(many, 1)
            yield _build_memory_case(few, many)


class BulkHistory:
    """One history: imported by a process of its own, then copied as rows."""

    def __init__(self, store: Store, home: Path, *, copies: int, goals: int = GOALS) -> None:
        self._store = store
        self._history = home / f"bulk-{copies}.ndjson"
        self._rows = home / f"bulk-{copies}.rows"
        self.acts = synthetic.write(self._history, goals=goals, copies=copies)
        #: The largest so far.
        self.peak_mb = 0.0
        self._seconds = 0.0

    def measure_import(self) -> Sample:
        url = self._store.create_database()
        command = [sys.executable, "-m", "benchmarks.memory_probe", url, str(self._history)]
        result = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
        assert result["acts"] == self.acts
        self.peak_mb = max(self.peak_mb, result["peak_mb"])
        if not self._rows.exists():
            self._keep_rows(url)
        return Sample(self.acts / result["seconds"], {"seconds": result["seconds"], "peak_mb": result["peak_mb"]})

    def _keep_rows(self, url: str) -> None:
        with self._store.connect(url) as connection, self._rows.open("wb") as file:
            query = "COPY (SELECT * FROM stored_events ORDER BY notification_id) TO STDOUT"
            with connection.cursor().copy(query) as copy:
                for block in copy:
                    file.write(block)

    def measure_copy(self, *, indexed: bool) -> Sample:
        """The rows as PostgreSQL wrote them go back in, block by block: nothing of ours is in the way."""
        url = self._store.create_database()
        with self._store.connect(self._create_empty_table(url, indexed=indexed)) as connection:
            began = perf_counter()
            with connection.cursor().copy("COPY copied FROM STDIN") as copy, self._rows.open("rb") as file:
                while block := file.read(_CHUNK_BYTES):
                    copy.write(block)
            seconds = perf_counter() - began
        return Sample(self.acts / seconds, {"seconds": seconds})

    def _create_empty_table(self, url: str, *, indexed: bool) -> str:
        composition.migrate(build_settings(url))
        with self._store.connect(url) as connection:
            including = " INCLUDING ALL" if indexed else ""
            connection.execute(f"CREATE TABLE copied (LIKE stored_events{including})")
        return url


def _build_case(history: BulkHistory, most_rounds: int | None) -> Case:
    return Case(
        suite="bulk",
        name=f"import of {history.acts:,} acts",
        store="postgresql",
        unit="1/s",
        ours=Contender("plimsoll", history.measure_import),
        peers=[
            Contender(INDEXED, partial(history.measure_copy, indexed=True)),
            Contender(PLAIN, partial(history.measure_copy, indexed=False)),
        ],
        targets=[Target(limit=0.05, of="ratio", peer=INDEXED)],
        most_rounds=most_rounds,
    )


def _build_memory_case(few: BulkHistory, many: BulkHistory) -> Case:
    return Case(
        suite="bulk",
        name=f"peak memory of an import of {many.acts:,} acts",
        store="postgresql",
        unit="MB",
        ours=Contender("plimsoll", lambda: Sample(many.peak_mb)),
        peers=[Contender(f"the same, {few.acts:,} acts", lambda: Sample(few.peak_mb))],
        targets=[Target(limit=1.3, of="ratio")],
        most_rounds=1,
    )
