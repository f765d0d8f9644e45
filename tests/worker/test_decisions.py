"""A decision whose deadline passes is decided by the worker's sweep alone, dated to the deadline."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from typing import Any

from domain.envelope import Source
from domain.references import derive_organisation_id, resolve_stream_id
from services.imports.importer import import_lines
from services.settings import Settings
from services.worker.embedded import start_runtime
from tests.services.conftest import open_installation

ORGANISATION = derive_organisation_id("default")
ASKED = datetime.fromisoformat("2024-05-06T08:00:00+00:00")
DEADLINE = ASKED + timedelta(days=4)


def rows() -> list[bytes]:
    """A team asks something in an import of the past and never comes back to it."""
    at = ASKED.isoformat()
    acts: list[dict[str, Any]] = [
        {"do": "team.create", "team": "web", "name": "Web", "lead": "lea"},
        {"do": "member.join", "member": "lea", "team": "web"},
        {
            "do": "decision.open",
            "decision": "on-call",
            "question": "How do we hand over?",
            "options": ["In a call", "As now"],
            "deciders": ["lea"],
            "deadline": DEADLINE.isoformat(),
            "fallback": {"rule": "status_quo"},
            "status_quo": "o2",
            "team": "web",
        },
    ]
    return [json.dumps({"at": at, "by": "lea", **act}).encode() for act in acts]


def test_the_worker_rings_a_decisions_deadline(database_url: str) -> None:
    settings = Settings(database_url=database_url, sweep_seconds=1)
    installation = open_installation(settings)
    installation.runtime.close()
    decision = resolve_stream_id(ORGANISATION, "decision", "on-call")

    with start_runtime(settings) as runtime:
        assert 0 == import_lines(runtime, ORGANISATION, rows(), principal=installation.principal).refused
        deadline = time.monotonic() + 60
        while len(events := runtime.ledger.events(ORGANISATION, decision)) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)

    assert ["decision.opened.v1", "decision.decided.v1"] == [event.type for event in events]
    assert (Source.TIMER, DEADLINE) == (events[1].source, events[1].occurred_at)
