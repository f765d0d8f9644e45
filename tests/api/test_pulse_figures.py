"""Pulses over HTTP on both databases: reports and every form of the mart equal a plain fold of the events."""

from __future__ import annotations

import io
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pyarrow.ipc
import pyarrow.parquet
import pytest
from litestar.testing import TestClient
from msgspec.structs import replace

from services import blind_tokens
from services.api.pipeline import HttpPipeline
from services.runtime import Runtime
from services.settings import Settings
from tests.api.app_under_test import TickingClock, create_members, open_client
from tests.naive_pulse import Outcome, list_waves

#: More members of both teams: edge has seven then, core five.
MORE = {"edge": ("e1", "e2", "e3", "e4", "e5"), "core": ()}


class Journey:
    """Two pulses of an organisation: edge lost one person before the second, which four of core answered."""

    def __init__(self, runtime: Runtime, client: TestClient[HttpPipeline]) -> None:
        self.runtime, self.client = runtime, client
        self.keys = create_members(runtime, "acme")
        for team, people in MORE.items():
            for name in people:
                self.post("stella", "/v1/members", {"name": name.title(), "ref": name, "team": team})
                key = self.post("stella", "/v1/keys", {"member": name, "scopes": ["read", "act"]})["key"]
                self.keys[name] = key
        self.core, self.edge = ("lea", "ana", "ben", "sam", "mia"), ("eva", "ned", *MORE["edge"])
        self._random = Random(7)
        self.policy = self.post("stella", "/v1/policies", {"policy": {"pulse_items": "I look forward to Mondays."}})
        self.ask("first", (*self.core, *self.edge))
        self.post("stella", "/v1/members/e5/leave-team", {"team": "edge"})
        self.ask("second", (*self.core[:4], *self.edge[:-1]))
        runtime.engine.catch_up()

    def request(self, person: str, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.keys[person]}"}
        self.runtime.engine.catch_up()
        response = self.client.request(method, path, json=body, headers=headers)
        assert response.is_success, response.text
        return response

    def post(self, person: str, path: str, body: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.request(person, "POST", path, body).json()
        return found

    def get(self, person: str, path: str) -> Any:
        return self.request(person, "GET", path).json()

    def ask(self, ref: str, people: tuple[str, ...]) -> None:
        """One wave of all, which these answer."""
        clock: Any = self.runtime.clock
        closes_on = (clock().date() + timedelta(days=7)).isoformat()
        pulse = self.post("stella", "/v1/pulses", {"closes_on": closes_on, "ref": ref})["id"]
        for person in people:
            seen = self.get(person, f"/v1/pulses/{ref}")
            [cell] = [cell for cell in seen["cells"] if cell["id"] == seen["cell"]]
            public = blind_tokens.decode_public_key(b64decode(cell["public_key"]))
            token = blind_tokens.blind(public, UUID(pulse).bytes)
            blinded = {"blinded": b64encode(token.blinded).decode()}
            signed = self.post(person, f"/v1/pulses/{ref}/token", blinded)["signature"]
            answer = {
                "cell": cell["id"],
                "token": b64encode(token.message[: blind_tokens.RANDOMIZER_BYTES]).decode(),
                "signature": b64encode(blind_tokens.finalize(public, token, b64decode(signed))).decode(),
                "ratings": [self._random.randint(1, 7) for _ in seen["items"]],
            }
            sent = self.client.post(f"/v1/pulses/{pulse}/answers", json=answer)
            assert sent.is_success, sent.text
        clock.now += timedelta(days=8)
        assert self.runtime.close_due_pulses() == 1

    def list_waves(self) -> list[tuple[str, dict[str | None, Outcome]]]:
        events = self.get("stella", "/v1/events?types=pulse.*&limit=500")
        return list_waves(events, self.runtime.clock())

    def export(self, person: str, form: str = "ndjson", **query: str) -> bytes:
        asked = "".join(f"&{name}={value}" for name, value in query.items())
        content: bytes = self.request(person, "GET", f"/v1/exports/fact_pulse?format={form}{asked}").content
        return content


@pytest.fixture
def journey(database_url: str, tmp_path: Path) -> Iterator[Journey]:
    (tmp_path / "pulse-key").write_bytes(b"k" * 32)
    settings = replace(Settings(database_url=database_url), pulse_key_file=str(tmp_path / "pulse-key"))
    with Runtime(settings, clock=TickingClock()) as runtime, open_client(runtime) as client:
        yield Journey(runtime, client)


def test_reports_and_the_mart_say_what_the_events_say(journey: Journey) -> None:
    waves = journey.list_waves()
    ids = {team: journey.get("stella", f"/v1/teams/{team}")["id"] for team in ("core", "edge")}

    # then: the difference of edge's two sums would be about e5 alone, and four answers are too few
    (_, second), (_, first) = waves
    assert {ids["core"]: "small_group", ids["edge"]: "small_complement", None: "small_group"} == second
    assert isinstance(first[None], dict)

    # the report, of each group and of each wave
    for who, query, team in (("mia", "?team=core", ids["core"]), ("ned", "?team=edge", ids["edge"]), ("mia", "", None)):
        for place, (_, groups) in enumerate(waves):
            closed = journey.get("stella", "/v1/events?types=pulse.wave_closed.v1")[1 - place]["time"]
            day = datetime.fromisoformat(closed).date().isoformat()
            path = f"/v1/reports/pulse{query}{'&' if query else '?'}as_of={day}"
            figures = journey.get(who, path)["figures"]
            assert groups[team] == _outcome_of(figures), (team, place)

    # the mart, in each form
    expected = {
        (pulse, team or "", item): values
        for pulse, groups in waves
        for team, outcome in groups.items()
        for item, values in _spread(outcome, journey).items()
    }
    rows = [json.loads(line) for line in journey.export("stella").splitlines()]
    assert expected == {_key_of(row): _values_of(row) for row in rows if row["grouping"] != "others"}
    assert {"organisation", "team", "others"} >= {row["grouping"] for row in rows}
    parquet = pyarrow.parquet.read_table(io.BytesIO(journey.export("stella", "parquet"))).to_pylist()
    arrow = pyarrow.ipc.open_stream(io.BytesIO(journey.export("stella", "arrow"))).read_all().to_pylist()
    assert parquet == arrow
    assert {_key_of(row): _values_of(row) for row in rows} == {_key_of(row): _values_of(row) for row in parquet}
    assert len(rows) + 1 == len(journey.export("stella", "csv").splitlines())

    # and of each only what is its own
    seen = [json.loads(line) for line in journey.export("mia").splitlines()]
    assert {ids["core"], None} == {row["team_id"] for row in seen}
    assert [row for row in rows if row["team_id"] != ids["edge"]] == seen
    assert all(row["answers"] is None or row["answers"] >= 5 for row in rows)


def _outcome_of(figures: list[dict[str, Any]]) -> Outcome:
    rules = {figure.get("rule") for figure in figures}
    if rules != {None}:
        [rule] = rules
        return str(rule)
    return {figure["name"]: (figure["value"], figure["n"]) for figure in figures}


def _spread(outcome: Outcome, journey: Journey) -> dict[str, tuple[float, int] | str]:
    names = ["psychological_safety", *(f"safety_{n}" for n in range(1, 8)), "own_1"]
    return dict.fromkeys(names, outcome) if isinstance(outcome, str) else dict(outcome)


def _key_of(row: dict[str, Any]) -> tuple[str, str, str]:
    return str(row["pulse_id"]), str(row["team_id"] or ""), row["item"]


def _values_of(row: dict[str, Any]) -> tuple[float, int] | str:
    if row["withheld_by"] is not None:
        assert row["answers"] is row["mean"] is row["total"] is None
        return str(row["withheld_by"])
    return float(row["mean"]), int(row["answers"])
