"""A process of its own that exports the mart of events: `python -m benchmarks.export_probe URL ORGANISATION`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from uuid import UUID

from benchmarks.memory_probe import measure_peak_mb
from benchmarks.stores import build_settings
from services.exports.exporting import ExportQuery, export_mart
from services.runtime import Runtime


def main(url: str, organisation_id: str) -> None:
    """Export; then print the rows and the peak of this process' resident memory as JSON."""
    with tempfile.TemporaryDirectory() as home, Runtime.open(build_settings(url)) as runtime:
        query = ExportQuery(mart="fact_goal_event", form="parquet")
        summary = export_mart(runtime, UUID(organisation_id), query, output=Path(home) / "events.parquet")
    print(json.dumps({"rows": summary.rows, "peak_mb": round(measure_peak_mb(), 1)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
