"""The committed contracts are those of the code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.contracts.__main__ import build_contracts, describe_differences, event_schemas, main, read_committed, write


@pytest.fixture
def schemas() -> dict[str, str]:
    return event_schemas()


def test_the_committed_event_schemas_are_those_of_the_code(schemas: dict[str, str]) -> None:
    events = {path: text for path, text in read_committed().items() if path.startswith("events/")}

    assert len(events) > 80
    assert [] == describe_differences(events, schemas)


def test_every_event_schema_names_its_tag(schemas: dict[str, str]) -> None:
    for path, text in schemas.items():
        schema = json.loads(text)
        [body] = [part for part in schema["$defs"].values() if schema["$ref"].endswith(f"/{part.get('title')}")]

        assert [Path(path).name.removesuffix(".json")] == body["properties"]["type"]["enum"]


def test_a_changed_an_added_and_a_removed_contract_are_each_reported() -> None:
    before = {"events/a.json": "1", "events/b.json": "1", "openapi.json": "1"}
    after = {"events/a.json": "2", "events/c.json": "1", "openapi.json": "1"}

    assert [
        "not committed: events/c.json",
        "no longer in the code: events/b.json",
        "changed: events/a.json",
    ] == describe_differences(before, after)


def test_what_was_written_is_in_step(tmp_path: Path, schemas: dict[str, str]) -> None:
    write({"events/gone.json": "{}\n"}, tmp_path)
    write(schemas, tmp_path)

    assert schemas == read_committed(tmp_path)


def test_the_contracts_are_the_same_on_every_call() -> None:
    assert build_contracts() == build_contracts()


def test_an_unknown_call_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(["chekc"])
    assert "check | write" in capsys.readouterr().out


def test_no_description_depends_on_how_a_python_version_indents_docstrings() -> None:
    assert [] == [path for path, text in read_committed().items() if "\\n    " in text]
