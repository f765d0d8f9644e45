"""Suite `lake`: bringing a large lake to where the log is."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from time import process_time
from uuid import UUID

import msgspec

from benchmarks.harness import Bench, Case, Contender, Sample, Target, measure_seconds
from benchmarks.import_history import import_history
from benchmarks.stores import analyse, open_organisation
from projections.marts.snapshots import refresh_snapshots
from services.lake.delta import Lake
from services.lake.sync import open_session, sync_lake
from services.runtime import Runtime
from services.seed.scale import Scale, scale_rows

#: Of 336,000 events; a lake has three rows for each of them.
SCALE, QUICK_SCALE = Scale(members=500, goals=4_600), Scale(members=40, goals=200)
EVENTS = 1_000
#: Rounds that there are new events for.
MOST_ROUNDS = 7
#: Seconds of a sync of so many new events.
SYNC = Target(limit=3.0)


def suite(bench: Bench) -> Iterator[Case]:
    """A history without its last days, a lake of it, and these days a thousand events at a time."""
    for store in bench.stores:
        url, uri = store.create_database(), bench.home / f"lake-{store.name}"
        lines = (
            json.dumps(row).encode() for row in scale_rows(QUICK_SCALE if bench.quick else SCALE, date(2026, 3, 1))
        )
        with open_organisation(url) as (runtime, founded):
            kept: deque[bytes] = deque()
            import_history(runtime, founded, _keep_last(lines, kept))
            runtime.engine.catch_up()
            analyse(store, url)
            rows = _sync(runtime, founded.organisation_id, uri)

            def run(runtime: Runtime = runtime, uri: Path = uri, kept: deque[bytes] = kept) -> Sample:
                import_history(runtime, founded, iter([kept.popleft() for _ in range(EVENTS)]))
                runtime.engine.catch_up()
                # As the worker has done every minute.
                refresh_snapshots(runtime.database, runtime.ledger, founded.organisation_id, runtime.clock())
                began = process_time()
                sample = measure_seconds(partial(_sync, runtime, founded.organisation_id, uri))
                return msgspec.structs.replace(sample, beside={"processor_s": round(process_time() - began, 2)})

            yield Case(
                suite="lake",
                name=f"sync {EVENTS} new events into a lake of {rows} rows",
                store=store.name,
                unit="s",
                ours=Contender("plimsoll", run),
                targets=[SYNC],
                most_rounds=MOST_ROUNDS - 1,
            )


def _keep_last(lines: Iterable[bytes], kept: deque[bytes]) -> Iterator[bytes]:
    """All lines but the last ones, which are kept for the rounds."""
    lines = iter(lines)
    kept.extend(islice(lines, MOST_ROUNDS * EVENTS))
    for line in lines:
        kept.append(line)
        yield kept.popleft()


def _sync(runtime: Runtime, organisation_id: UUID, uri: Path) -> int:
    with open_session(runtime, organisation_id, Lake(str(uri), {}), names=False) as session:
        certificate = sync_lake(session)
    assert certificate.equal
    return sum(each.rows for each in certificate.tables)
