"""A quantity is a number or a decimal string, in every body and row, and is kept exactly as it was written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from msgspec import inspect

from domain.registry import AGGREGATES
from services.api.http.parsing import parse_body
from services.imports.rows import parse_row
from tests.api.app_under_test import ApiApp, create_active_goal, offer, why
from tests.api.test_bad_input import assert_refused
from tests.api.test_imports import NDJSON

JSON = {"Content-Type": "application/json"}
EXACT = "123456789012345.123456"


def find_numbers(kind: inspect.Type, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The fields of an act that take a quantity."""
    match kind:
        case inspect.Metadata(type=inner, extra_json_schema=schema):
            if isinstance(inner, inspect.AnyType) and schema:
                yield path
            yield from find_numbers(inner, path)
        case inspect.UnionType(types=kinds):
            for each in kinds:
                yield from find_numbers(each, path)
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from find_numbers(field.type, (*path, field.encode_name))


def every_number() -> list[Any]:
    acts = [(kind, act) for kind, aggregate in AGGREGATES.items() for act in get_args(aggregate.acts)]
    found = [(kind, act, path) for kind, act in acts for path in find_numbers(inspect.type_info(act))]
    return [pytest.param(*each, id=f"{each[1].__struct_config__.tag}-{'-'.join(each[2])}") for each in found]


def nest(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for step in reversed(path):
        value = {step: value}
    return dict(value)


def dig(value: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        value = getattr(value, step)
    return value


@pytest.mark.parametrize(("kind", "act", "path"), every_number())
@pytest.mark.parametrize("written", ["0.1", "40", EXACT, "1e999", "0.1000000000000000055"])
def test_every_quantity_of_an_act_reaches_its_rule_with_all_its_digits(
    kind: str, act: type[Any], path: tuple[str, ...], written: str
) -> None:
    # given
    whole = nest(path, "HERE") | {"from": "2026-03-02"} if path == ("hours_per_week",) else nest(path, "HERE")
    if "measure" in path:
        whole[path[0]]["measure"]["kind"] = "number"
    text = json.dumps(whole).replace('"HERE"', written).encode()
    row = json.dumps(
        {"at": "2026-02-02T09:00:00Z", "by": "ana", "do": f"{kind}.{act.__struct_config__.tag}", kind: "x"}
    )
    line = row[:-1].encode() + b", " + text[1:]

    # when
    body, imported = parse_body(text, act, media_type="application/json"), parse_row(1, line)

    # then
    assert imported is not None
    assert ["1E+999" if written == "1e999" else written] * 2 == [str(dig(one, path)) for one in (body, imported.act)]


def test_a_number_and_its_decimal_string_are_recorded_alike(app: ApiApp) -> None:
    measure = {"kind": "number", "baseline": 0.1, "target": "10.50"}
    goal = create_active_goal(app, effort_hours=12.5, measure=measure)
    path, ana = f"/v1/goals/{goal}", app.as_member("ana")
    for body in ('{"progress": 0.1, "confidence": "0.10"}', f'{{"value": {EXACT}}}', f'{{"value": "{EXACT}"}}'):
        assert 200 == ana.post(f"{path}/check-in", content=body, headers=JSON).status_code
    ana.post_ok("/v1/members/ana/capacity", {"hours_per_week": 32.5, "from": "2026-03-02"})
    told = app.as_member("stella").post_ok("/v1/policies", {"policy": {"focus": 0.75, "wip_limit": "4"}})

    events = [e["data"] for e in app.as_member("stella").get_ok(f"/v1/events?subject=goal/{goal}")]
    terms, *said = events[0]["terms"], *events[2:]

    assert ("12.5", "0.1", "10.5") == (terms["effort_hours"], terms["measure"]["baseline"], terms["measure"]["target"])
    assert [("0.1", "0.1", None), (None, None, EXACT), (None, None, EXACT)] == [
        (e.get("progress"), e.get("confidence"), e.get("value")) for e in said
    ]
    assert ("0.75", 4) == (told["in_force"]["policy"]["focus"], told["in_force"]["policy"]["wip_limit"])


@pytest.mark.parametrize(
    "number",
    [
        *("1e999", "1e-999", "0.1000000000000000055", "1234567890123456", '"NaN"', '"1e999"', '"0.1234567"', '" 1"'),
        *("true", "[]", "[1]", "{}", "null", '""'),
    ],
)
def test_what_is_no_quantity_is_refused_at_its_field(app: ApiApp, number: str) -> None:
    goal = create_active_goal(app)
    before = app.count_events()
    bodies = [
        (f"/v1/goals/{goal}/record-value", f'{{"value": {number}}}', "/value"),
        ("/v1/policies", f'{{"policy": {{"focus": {number}}}}}', "/policy/focus"),
        ("/v1/members/ana/capacity", f'{{"hours_per_week": {number}, "from": "2026-03-02"}}', "/hours_per_week"),
    ]

    for path, body, pointer in bodies:
        person = "stella" if path == "/v1/policies" else "ana"
        response = app.as_member(person).post(path, content=body, headers=JSON)

        assert_refused(app, response, 422, "invalid_field", pointer)
    assert before == app.count_events()


def test_a_row_that_is_no_quantity_is_refused_at_its_field(app: ApiApp) -> None:
    row = {"at": "2026-03-01T09:00:00Z", "by": "stella", "do": "organisation.policy", "policy": {"focus": "HERE"}}
    content = json.dumps(row).replace('"HERE"', "0.7500000000000000001")

    response = app.as_member("stella").post("/v1/imports", content=content, headers=NDJSON)

    assert ["/policy/focus"] == [error["field"] for error in response.json()["errors"]]


def test_a_repeated_request_with_numbers_is_the_same_request(app: ApiApp) -> None:
    goal, ana = create_active_goal(app), app.as_member("ana")

    def send(key: str, number: str) -> Any:
        headers = {**JSON, "Idempotency-Key": key}
        return ana.post(f"/v1/goals/{goal}/record-value", content=f'{{"value": {number}}}', headers=headers)

    for key, number, same, other in (("a", "0.1", "0.10", "0.2"), ("b", EXACT, EXACT, f"{EXACT[:-1]}7")):
        first, again, differs = send(key, number), send(key, same), send(key, other)

        assert ("true", first.json()) == (again.headers.get("Idempotent-Replayed"), again.json())
        assert (422, "idempotency_key_reused") == (differs.status_code, differs.json()["code"])


def test_an_offer_in_numbers_is_previewed_in_numbers(app: ApiApp) -> None:
    body = {**offer(ref="g", effort_hours=0.5, measure={"kind": "number", "target": 0.1}), "reason": why()}

    would = app.as_member("ana").post_ok("/v1/goals/g/preview", body)["would"]

    assert ("0.5", "0.1") == (would[0]["data"]["terms"]["effort_hours"], would[0]["data"]["terms"]["measure"]["target"])
