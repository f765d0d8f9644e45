"""The OpenAPI document is one that generators take: clients made of it call five routes of a real server."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.timeout(300)

#: What the generator knows no other type for is bytes to it: an import's rows, a spreadsheet.
BYTES = (
    "application/x-ndjson",
    "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
#: And what it wrote needs no formatting here.
CONFIG = {"post_hooks": [], "content_type_overrides": dict.fromkeys(BYTES, "application/octet-stream")}
TERMS = {"conditions": ["It is published"], "due": "2199-12-31", "effort_hours": 8}


def generate(*command: str | Path) -> str:
    """What the generator prints; fails where it fails."""
    done = subprocess.run([sys.executable, "-m", *map(str, command)], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout + done.stderr


def load(home: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> Any:
    """The generated module."""
    monkeypatch.syspath_prepend(str(home))
    return importlib.import_module(name)


def test_openapi_python_client_generates_every_route_and_calls_five(
    document: Path, served: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    url, key = served
    config = tmp_path / "config.json"
    config.write_text(json.dumps(CONFIG))
    target = tmp_path / "generated_client"
    said = generate(
        "openapi_python_client", "generate", "--path", document, "--meta", "none", "--output-path", target,
        "--config", config,
    )  # fmt: skip
    assert "warning" not in said.lower(), said
    operations = [o["operationId"] for m in json.loads(document.read_text())["paths"].values() for o in m.values()]
    modules = [path for path in (target / "api").glob("*/*.py") if path.name != "__init__.py"]
    assert len(operations) == len(modules)

    # when
    client = load(tmp_path, monkeypatch, "generated_client").AuthenticatedClient(base_url=url, token=key)
    me_api, begin_api, list_api, report_api, events_api = (
        importlib.import_module(f"generated_client.api.{name}")
        for name in (
            "organisation.who_am_i",
            "goals.begin_goal",
            "goals.list_goals",
            "reports.overload_report",
            "events.pull_events",
        )
    )
    body = importlib.import_module("generated_client.models.begin_offer").BeginOffer.from_dict(
        {"title": "Quarterly report", "sponsor": "stella", "team": "core", "terms": TERMS, "do": "offer"}
        | {"reason": {"code": "new_need", "text": "the quarter begins"}}
    )
    with client:
        me = me_api.sync(client=client)
        offered = begin_api.sync(client=client, body=body)
        goals = list_api.sync(client=client, after_position=offered.position)
        load_report = report_api.sync(client=client, after_position=offered.position)
        events = events_api.sync(client=client)

    # then
    assert me.member == offered.owner == offered.sponsor
    assert ["Quarterly report"] == [goal.title for goal in goals.goals]
    assert {"load_ratio"} <= {figure.name for figure in load_report.figures}
    begun = next(event for event in events if event.type_ == "goal.offered.v1")
    assert ("GoalOfferedV1", "It is published") == (type(begun.data).__name__, begun.data.terms.conditions[0].text)


def test_datamodel_codegen_generates_models_that_five_routes_agree_with(
    document: Path, served: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    url, key = served
    generate(
        "datamodel_code_generator", "--input", document, "--input-file-type", "openapi", "--output",
        tmp_path / "generated_models.py", "--output-model-type", "pydantic_v2.BaseModel", "--use-annotated",
        "--strict-nullable", "--enum-field-as-literal", "one", "--formatters", "builtin", "--disable-warnings",
    )  # fmt: skip
    models = load(tmp_path, monkeypatch, "generated_models")
    body = models.BeginOffer(
        do="offer",
        title="Quarterly report",
        sponsor="stella",
        team="core",
        terms=models.OpeningTerms(**TERMS),
        reason=models.Reason(code="new_need", text="the quarter begins"),
    )

    # when
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client:
        me = models.CurrentMember.model_validate(client.get("/v1/me").json())
        taken = client.post("/v1/goals", json=body.model_dump(mode="json", by_alias=True, exclude_unset=True))
        offered = models.GoalSummary.model_validate(taken.json())
        after = {"after_position": offered.position}
        goals = models.GoalList.model_validate(client.get("/v1/goals", params=after).json())
        load_report = models.OverloadReport.model_validate(client.get("/v1/reports/overload", params=after).json())
        events = [models.CloudEvent.model_validate(event) for event in client.get("/v1/events").json()]

    # then
    assert me.member == offered.owner == offered.sponsor
    assert ["Quarterly report"] == [goal.title for goal in goals.goals]
    assert {"load_ratio"} <= {figure.name for figure in load_report.figures}
    begun = next(event for event in events if event.type == "goal.offered.v1")
    assert (models.GoalOfferedV1, "It is published") == (type(begun.data), begun.data.terms.conditions[0].text)
