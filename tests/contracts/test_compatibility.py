"""Every version of an event's schema is compatible with every other one, both ways."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from domain.instants import encode_json
from tests.contracts.__main__ import event_schemas
from tests.contracts.compatibility import (
    add_versions,
    current_schemas,
    find_broken_versions,
    find_incompatibilities,
    read_versions,
)
from tests.domain.golden import decode_golden

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "text"],
    "properties": {
        "type": {"enum": ["x.v1"]},
        "text": {"type": "string", "maxLength": 20},
        "by": {"enum": ["owner", "sponsor"]},
        "of": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "cost": {
            "type": "object",
            "required": ["hours"],
            "properties": {"hours": {"type": "integer"}},
            "additionalProperties": False,
        },
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}


def changed(*path: str, value: Any = None) -> dict[str, Any]:
    """The schema with another value there; None: without what is there."""
    found = deepcopy(SCHEMA)
    node = found
    for step in path[:-1]:
        node = node[step]
    if value is None:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return found


def test_every_version_that_was_published_is_compatible_with_every_other() -> None:
    versions = read_versions()
    for tag, schema in current_schemas(event_schemas()).items():
        if versions.setdefault(tag, [schema])[-1] != schema:
            versions[tag].append(schema)

    assert [] == find_broken_versions(versions)


def test_the_last_version_kept_of_each_type_is_the_one_in_the_code() -> None:
    kept = read_versions()

    assert current_schemas(event_schemas()) == {tag: schemas[-1] for tag, schemas in kept.items()}


def test_a_field_may_be_added_that_may_be_missing() -> None:
    assert [] == find_incompatibilities(SCHEMA, changed("properties", "note", value={"type": "string"}))


@pytest.mark.parametrize(
    ("newer", "words"),
    [
        (changed("properties", "by"), "data.by was taken away"),
        (changed("required", value=["type"]), "data.text became optional"),
        (changed("required", value=["type", "text", "by"]), "data.by became required"),
        (changed("properties", "text", "type", value="integer"), "data.text: type string became integer"),
        (changed("properties", "text", "maxLength", value=10), "data.text: maxLength 20 became 10"),
        (changed("properties", "text", "maxLength"), "data.text: maxLength 20 became None"),
        (
            changed("properties", "by", "enum", value=["owner", "sponsor", "lead"]),
            "data.by: enum ['owner', 'sponsor'] became ['owner', 'sponsor', 'lead']",
        ),
        (changed("properties", "of", "anyOf", value=[{"type": "string"}]), "data.of: the option null was taken away"),
        (
            changed("properties", "cost", "properties", "days", value={"type": "integer"}),
            "data.cost.days was added to a value that refuses unknown fields",
        ),
        (changed("properties", "tags", "items", "type", value="integer"), "data.tags[]: type string became integer"),
    ],
)
def test_what_a_reader_of_either_version_could_not_read_is_found(newer: dict[str, Any], words: str) -> None:
    assert [words] == find_incompatibilities(SCHEMA, newer)


def test_a_required_field_that_is_new_is_found() -> None:
    newer = changed("properties", "note", value={"type": "string"})
    newer["required"] = [*newer["required"], "note"]

    assert ["data.note was added and is required"] == find_incompatibilities(SCHEMA, newer)


def test_a_change_is_held_against_all_versions_before_it_not_only_the_last() -> None:
    # given a field that went, and came back as something else
    first, second = changed("properties", "note", value={"type": "string"}), SCHEMA
    third = changed("properties", "note", value={"type": "integer"})

    broken = find_broken_versions({"x.v1": [first, second, third]})

    assert ["x.v1: data.note was taken away", "x.v1: data.note: type string became integer"] == broken


def test_versions_are_added_once_and_never_edited(tmp_path: Path) -> None:
    # given
    path = tmp_path / "versions.ndjson"
    add_versions({"events/x.v1.json": '{"type": "object"}'}, path)
    before = path.read_text()

    # when
    add_versions({"events/x.v1.json": '{"type": "object", "description": "words"}'}, path)
    assert before == path.read_text()
    add_versions({"events/x.v1.json": '{"type": "object", "properties": {"a": {"type": "string"}}}'}, path)

    # then
    assert path.read_text().startswith(before)
    assert 2 == len(read_versions(path)["x.v1"])


def test_golden_events_are_valid_by_every_version_of_their_schema() -> None:
    for tag, versions in read_versions().items():
        data = json.loads(encode_json(decode_golden(tag).data))
        for schema in versions:
            jsonschema.Draft202012Validator(schema).validate(data)
