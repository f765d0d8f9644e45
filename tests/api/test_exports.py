"""Marts over HTTP: what a key's holder may see, in a file that is whole or a problem."""

from __future__ import annotations

import base64
import csv
import errno
import hashlib
import io
import json
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from projections.marts.registry import MARTS
from services.api.routes import exports
from tests.api.app_under_test import ApiApp, MemberClient, offer, why

FORMATS = ("ndjson", "csv", "parquet", "arrow")


def promise(app: ApiApp, owner: str, sponsor: str, ref: str, **terms: Any) -> str:
    offered = app.as_member(owner).post_ok("/v1/goals", offer(owner, sponsor, ref=ref, **terms))
    app.as_member(sponsor).post_ok(f"/v1/goals/{offered['id']}/accept", {"answers": offered["open"]})
    return str(offered["id"])


@pytest.fixture
def goals(app: ApiApp) -> dict[str, str]:
    """A goal of Ana and Sam in core, one of Eva and Ned in edge, and a purpose of core."""
    found = {"core": promise(app, "ana", "sam", "report", team="core")}
    found["edge"] = promise(app, "eva", "ned", "launch", team="edge")
    app.as_member("ana").post_ok("/v1/goals/report/check-in", {"note": "half", "needs": [{"text": "a room"}]})
    app.runtime.engine.catch_up()
    return found


def export(client: MemberClient, mart: str, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/exports/{mart}", params=query)
    assert 200 == answer.status_code, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def problem(client: MemberClient, path: str, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/exports/{path}", params=query).json()
    return found


@pytest.mark.usefixtures("goals")
def test_every_format_holds_the_same_rows_and_says_what_it_is(app: ApiApp) -> None:
    stella = app.as_member("stella")
    read: dict[str, Callable[[bytes], list[str]]] = {
        "ndjson": lambda body: [json.loads(line)["event_id"] for line in body.splitlines()],
        "csv": lambda body: [row["event_id"] for row in csv.DictReader(io.StringIO(body.decode()))],
        "parquet": lambda body: parquet.read_table(io.BytesIO(body))["event_id"].to_pylist(),
        "arrow": lambda body: pa.ipc.open_stream(body).read_all()["event_id"].to_pylist(),
    }
    expected = [row["event_id"] for row in export(stella, "fact_goal_event")]

    for form in FORMATS:
        answer = stella.get("/v1/exports/fact_goal_event", params={"format": form})

        digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()
        assert expected == read[form](answer.content)
        assert f"sha-256=:{digest}:" == answer.headers["Repr-Digest"]
        assert str(len(answer.content)) == answer.headers["Content-Length"]
        assert str(len(expected)) == answer.headers["Plimsoll-Export-Rows"]
        assert exports.MEDIA_TYPES[form] == answer.headers["Content-Type"].partition(";")[0]


def test_the_link_leads_on_behind_what_was_exported(app: ApiApp, goals: dict[str, str]) -> None:
    stella = app.as_member("stella")
    first = stella.get("/v1/exports/fact_goal_event")
    following = first.headers["Link"].partition(">")[0].removeprefix("<")
    assert "" == stella.get(following).text

    app.as_member("ana").post_ok("/v1/goals/report/check-in", {"note": "done soon"})
    app.runtime.engine.catch_up()

    [row] = [json.loads(line) for line in stella.get(following).text.splitlines()]
    assert (goals["core"], "goal.checked_in.v1") == (row["goal_id"], row["type"])


@pytest.mark.parametrize(
    ("person", "seen"), [("stella", {"core", "edge"}), ("aud", {"core", "edge"}), ("ben", {"core"}), ("ned", {"edge"})]
)
def test_a_key_exports_the_goals_that_its_holder_sees(
    app: ApiApp, goals: dict[str, str], person: str, seen: set[str]
) -> None:
    client = app.as_member(person)

    for mart in ("fact_goal_event", "dim_goal", "fact_delivery"):
        assert {goals[team] for team in seen} == {row["goal_id"] for row in export(client, mart)}


@pytest.mark.usefixtures("goals")
@pytest.mark.parametrize(
    ("person", "seen"),
    [
        ("ana", {"ana"}),
        ("lea", {"lea", "ana", "ben", "sam", "mia"}),
        ("aud", {"lea", "ana", "ben", "sam", "mia", "eva", "ned", "aud", "bot", "stella"}),
    ],
)
def test_a_persons_load_is_exported_to_whom_may_see_the_person(app: ApiApp, person: str, seen: set[str]) -> None:
    app.clock.now = app.clock.now.replace(day=10)
    app.as_member("ana").post_ok("/v1/goals/report/check-in", {"note": "next week"})
    app.runtime.engine.catch_up()

    weeks = export(app.as_member(person), "fact_load_week")

    assert {app.resolve_id("member", name) for name in seen} == {row["member_id"] for row in weeks}


def test_no_mart_holds_anything_of_another_organisation(app: ApiApp, goals: dict[str, str]) -> None:
    theirs = {*goals.values(), *(app.resolve_id("member", name) for name in ("ana", "sam", "eva"))}

    for mart in MARTS:
        text = app.as_member("stella", "rival").get(f"/v1/exports/{mart}", params={"names": "true"}).text
        assert not {each for each in theirs if each in text}, mart


@pytest.mark.usefixtures("goals")
def test_names_are_for_keys_that_may_see_every_person(app: ApiApp) -> None:
    assert {None} == {row["name"] for row in export(app.as_member("stella"), "dim_member")}
    assert "Ana" in {row["name"] for row in export(app.as_member("stella"), "dim_member", names="true")}

    for person in ("ana", "lea", "bot"):
        refused = problem(app.as_member(person), "dim_member", names="true")
        assert ("forbidden", ["steward", "auditor"]) == (refused["code"], refused["allowed"])


@pytest.mark.usefixtures("goals")
@pytest.mark.parametrize(
    ("path", "query", "code", "pointer"),
    [
        ("dim_unicorn", {}, "not_found", None),
        ("fact_goal_event", {"format": "xlsx"}, "invalid_field", "/format"),
        ("fact_goal_event", {"after": 10**6}, "invalid_field", "/after"),
        ("fact_goal_event", {"after": -1}, "invalid_field", "/after"),
        ("fact_goal_event", {"at": 10**6}, "invalid_field", "/at"),
        ("fact_goal_event", {"as_of": "soon"}, "invalid_field", "/as_of"),
        ("fact_goal_event", {"as_of": "2026-03-02", "after": 1}, "invalid_field", "/after"),
        ("fact_goal_event", {"unicorn": 1}, "invalid_field", "/unicorn"),
    ],
)
def test_what_cannot_be_exported_is_a_problem(
    app: ApiApp, path: str, query: dict[str, Any], code: str, pointer: str | None
) -> None:
    found = problem(app.as_member("stella"), path, **query)

    assert code == found["code"]
    if pointer is None:
        assert list(MARTS) == found["allowed"]
    else:
        assert [(pointer, "query")] == [(error["pointer"], error["in"]) for error in found["errors"]]


@pytest.mark.usefixtures("goals")
def test_without_pyarrow_a_columnar_format_is_a_problem(app: ApiApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    found = problem(app.as_member("stella"), "dim_goal", format="parquet")

    assert ("format_unavailable", 501, ["ndjson", "csv"]) == (found["code"], found["status"], found["allowed"])
    assert "plimsoll[bi]" in found["detail"]


@pytest.mark.usefixtures("goals")
def test_a_full_disk_is_a_problem_and_no_half_of_a_file(app: ApiApp, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(exports, "write_export", fill)

    assert ("storage_full", 507) == tuple(problem(app.as_member("stella"), "dim_goal")[f] for f in ("code", "status"))
    monkeypatch.undo()
    assert export(app.as_member("stella"), "dim_goal")


@pytest.mark.usefixtures("goals")
def test_an_export_beyond_the_limit_is_asked_to_come_again(app: ApiApp) -> None:
    for _ in range(exports.MAX_EXPORTS):
        exports._slots.acquire()
    try:
        answer = app.as_member("stella").get("/v1/exports/dim_goal")
    finally:
        for _ in range(exports.MAX_EXPORTS):
            exports._slots.release()

    assert ("too_many_exports", "5") == (answer.json()["code"], answer.headers["Retry-After"])


@pytest.mark.usefixtures("goals")
def test_a_download_that_broke_off_goes_on_from_its_byte(app: ApiApp) -> None:
    stella = app.as_member("stella")
    whole = stella.get("/v1/exports/fact_goal_event")
    at = {"at": whole.headers["Plimsoll-Position"]}
    tag = whole.headers["ETag"]

    rest = stella.get("/v1/exports/fact_goal_event", params=at, headers={"Range": "bytes=100-", "If-Range": tag})
    part = stella.get("/v1/exports/fact_goal_event", params=at, headers={"Range": "bytes=10-19"})
    other = stella.get("/v1/exports/fact_goal_event", params=at, headers={"Range": "bytes=100-", "If-Range": '"x"'})
    beyond = stella.get("/v1/exports/fact_goal_event", params=at, headers={"Range": "bytes=99999999-"})
    same = stella.get("/v1/exports/fact_goal_event", params=at, headers={"If-None-Match": tag})

    assert (206, whole.content[100:]) == (rest.status_code, rest.content)
    assert f"bytes 100-{len(whole.content) - 1}/{len(whole.content)}" == rest.headers["Content-Range"]
    assert (206, whole.content[10:20]) == (part.status_code, part.content)
    assert (200, whole.content) == (other.status_code, other.content)
    assert (416, "range_not_satisfiable") == (beyond.status_code, beyond.json()["code"])
    assert (304, b"") == (same.status_code, same.content)


@pytest.mark.usefixtures("goals")
def test_turns_name_whose_answer_is_due_and_until_when(app: ApiApp) -> None:
    change = {"changes": {"due": "2026-05-01"}, "reason": why("capacity", "the room is taken until then")}
    app.as_member("ana").post_ok("/v1/goals/report/propose-change", change)
    app.runtime.engine.catch_up()

    row = export(app.as_member("stella"), "fact_goal_event")[-1]

    inbox = app.as_member("sam").get("/v1/me/inbox").json()
    [until] = [ask["until"] for entry in inbox["entries"] for ask in entry["asks"] if ask["kind"] == "answer"]
    # The deadline is the midnight that ends the day.
    day = (datetime.fromisoformat(until) - timedelta(microseconds=1)).date().isoformat()
    assert ("sponsor", app.resolve_id("member", "sam"), "change") == (row["turn"], row["turn_of"], row["turn_rule"])
    assert day == row["turn_until"]
