"""Imports over HTTP: counted, repeatable, all or nothing; every bad row named by line, field and rule."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from domain.errors import VersionConflict
from ledger.bulk.append import BulkAppend
from tests.api.app_under_test import ApiApp, offer
from tests.api.test_bad_input import assert_refused

NDJSON = {"Content-Type": "application/x-ndjson"}


def row(**fields: Any) -> dict[str, Any]:
    return {"at": "2026-02-02T09:00:00Z", "by": "ana", **fields}


def good(goal: str) -> list[dict[str, Any]]:
    opening = offer()
    return [
        row(do="goal.offer", goal=goal, **{k: v for k, v in opening.items() if k != "do"}),
        row(by="sam", at="2026-02-03T09:00:00Z", do="goal.accept", goal=goal),
    ]


def lines(*rows: dict[str, Any] | bytes) -> bytes:
    return b"\n".join(r if isinstance(r, bytes) else json.dumps(r).encode() for r in rows) + b"\n"


def test_an_import_is_counted_and_the_same_again_adds_nothing(app: ApiApp) -> None:
    stella, content = app.as_member("stella"), lines(*good("a"), *good("b"))

    first = stella.post("/v1/imports", content=content, headers=NDJSON)
    before = app.count_events()
    again = stella.post("/v1/imports", content=gzip.compress(content), headers=NDJSON)

    position = app.runtime.ledger.position(app.organisation_id())
    assert (200, {"accepted": 4, "already": 0, "position": position}) == (first.status_code, first.json())
    assert (200, {"accepted": 0, "already": 4, "position": position}) == (again.status_code, again.json())
    assert before == app.count_events()
    assert "active" == stella.get_ok("/v1/goals/a")["state"]


def test_what_was_imported_is_read_by_its_position(app: ApiApp) -> None:
    # given
    headers = {"Authorization": f"Bearer {app.keys['acme']['stella']}"}

    # when
    first, again = (
        app.client.post("/v1/imports", content=lines(*good("a")), headers=headers | NDJSON) for _ in range(2)
    )
    follower = threading.Timer(0.2, app.runtime.engine.catch_up)
    follower.start()
    read = app.client.get(f"/v1/goals/a?after_position={first.json()['position']}", headers=headers)
    follower.join()

    # then
    assert first.json()["position"] == again.json()["position"] == int(again.headers["Plimsoll-Position"])
    assert (200, "active") == (read.status_code, read.json()["state"])


@pytest.mark.parametrize("how", ["?dry_run=true", ""])
def test_an_import_that_keeps_nothing_says_no_position(app: ApiApp, how: str) -> None:
    bad = [] if how else [b"{broken"]

    response = app.as_member("stella").post(f"/v1/imports{how}", content=lines(*good("a"), *bad), headers=NDJSON)

    assert "position" not in response.json()
    assert "Plimsoll-Position" not in response.headers


@pytest.mark.parametrize(
    ("bad", "field", "code"),
    [
        (b"{broken", None, "malformed_line"),
        (b'{"at": NaN}', None, "malformed_line"),
        (row(do="goal.explode", goal="a"), "/do", "invalid_field"),
        (row(do="goal.affirm", goal="a", by="nobody"), "/by", "not_found"),
        (row(do="goal.affirm", goal="never-heard-of"), "/goal", "not_found"),
        (row(do="goal.affirm", goal="a", surprise=1), "/surprise", "invalid_field"),
        (row(do="goal.affirm", goal="a", at="yesterday"), "/at", "invalid_field"),
        (row(do="goal.affirm", goal="a", at="9999-01-01T00:00:00Z"), "/at", "in_the_future"),
    ],
)
def test_a_bad_row_in_the_middle_is_named_and_nothing_is_kept(
    app: ApiApp, bad: dict[str, Any] | bytes, field: str | None, code: str
) -> None:
    before = app.count_events()
    content = lines(*good("a"), bad, *good("b"))

    response = app.as_member("stella").post("/v1/imports", content=content, headers=NDJSON)

    told = response.json()
    assert (422, "import_refused", 0, 1) == (response.status_code, told["code"], told["accepted"], told["refused"])
    assert [(3, field, code)] == [(e["line"], e.get("field"), e["code"]) for e in told["errors"]]
    assert before == app.count_events()


def test_a_partial_import_keeps_the_good_rows(app: ApiApp) -> None:
    content = lines(*good("a"), b"{broken")

    response = app.as_member("stella").post("/v1/imports?partial=true", content=content, headers=NDJSON)

    assert (200, 2, 1) == (response.status_code, response.json()["accepted"], response.json()["refused"])


def test_a_dry_run_counts_and_keeps_nothing(app: ApiApp) -> None:
    before = app.count_events()

    told = app.as_member("stella").post_ok("/v1/imports?dry_run=true", content=lines(*good("a")), headers=NDJSON)

    assert {"accepted": 2, "already": 0, "dry_run": True} == told
    assert before == app.count_events()


def test_a_broken_gzip_is_refused(app: ApiApp) -> None:
    before = app.count_events()
    content = gzip.compress(lines(*good("a")))[:-20]

    response = app.as_member("stella").post("/v1/imports", content=content, headers=NDJSON)

    assert 422 == response.status_code, response.text
    assert "gzip" in response.json()["detail"]
    assert before == app.count_events()


@pytest.mark.parametrize("how", ["", "?partial=true", "?dry_run=true"])
def test_a_table_is_refused_once_with_what_it_is(app: ApiApp, how: str) -> None:
    table, before = b"at,by,do,goal\n2026-01-05T09:00:00Z,ana,goal.offer,a\n", app.count_events()

    for content in (table, gzip.compress(table)):
        refused = app.as_member("stella").post(f"/v1/imports{how}", content=content, headers=NDJSON)
        assert (422, "invalid_field") == (refused.status_code, refused.json()["code"])
        assert "it is CSV (columns at, by, do, goal)" in refused.json()["detail"]
    assert before == app.count_events()


def test_a_gzip_that_unpacks_beyond_the_limit_is_refused(serve_app: Callable[..., ApiApp]) -> None:
    app = serve_app(import_limit_bytes=100_000)

    response = app.as_member("stella").post("/v1/imports", content=gzip.compress(b" " * 10_000_000), headers=NDJSON)

    assert 422 == response.status_code, response.text


def test_an_import_over_its_limit_is_refused(serve_app: Callable[..., ApiApp]) -> None:
    app = serve_app(import_limit_bytes=1024)

    response = app.as_member("stella").post("/v1/imports", content=lines(*good("a")) * 10, headers=NDJSON)

    assert_refused(app, response, 413, "body_too_large")


@pytest.mark.parametrize(("person", "code"), [("ana", "insufficient_scope"), ("aud", "insufficient_scope")])
def test_imports_are_for_those_with_the_scope(app: ApiApp, person: str, code: str) -> None:
    response = app.as_member(person).post("/v1/imports", content=lines(*good("a")), headers=NDJSON)

    assert_refused(app, response, 403, code)


def test_the_import_scope_alone_makes_nobody_an_importer(app: ApiApp) -> None:
    principal = app.resolve_id("member", "ana")
    asked = {"member": principal, "scopes": ["import"]}
    key = app.as_member("stella").post_ok("/v1/keys", asked)["key"]

    response = app.with_key(key).post("/v1/imports", content=lines(*good("a")), headers=NDJSON)

    assert_refused(app, response, 403, "forbidden")


@pytest.mark.parametrize(
    "act",
    [
        {"do": "member.grant_role", "member": "ana", "role": "steward"},
        {"do": "member.revoke_role", "member": "aud", "role": "auditor"},
        {"do": "organisation.policy", "policy": {"wip_limit": 99}},
    ],
)
def test_who_may_do_what_is_not_imported_without_the_admin_scope(app: ApiApp, act: dict[str, Any]) -> None:
    # given
    stella = app.as_member("stella")
    key = stella.post_ok("/v1/keys", {"member": "stella", "scopes": ["import"]})["key"]
    content = lines(row(at="2026-03-02T09:00:00Z", **act))

    # when
    without = app.with_key(key).post("/v1/imports", content=content, headers=NDJSON)
    with_ = stella.post("/v1/imports", content=content, headers=NDJSON)

    # then
    assert (422, "forbidden") == (without.status_code, without.json()["errors"][0]["code"])
    assert (200, 1) == (with_.status_code, with_.json()["accepted"])


def test_an_import_of_another_media_type_is_refused(app: ApiApp) -> None:
    response = app.as_member("stella").post(
        "/v1/imports", content=lines(*good("a")), headers={"Content-Type": "text/csv"}
    )

    assert_refused(app, response, 415, "unsupported_media_type")


def test_an_import_that_keeps_meeting_live_writers_is_asked_to_come_again(
    app: ApiApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def met_somebody(_bulk: BulkAppend) -> None:
        raise VersionConflict

    monkeypatch.setattr(BulkAppend, "commit", met_somebody)

    response = app.as_member("stella").post("/v1/imports", content=lines(*good("a")), headers=NDJSON)

    assert_refused(app, response, 409, "busy")
    assert "1" == response.headers["Retry-After"]


def test_a_mirrored_goal_says_where_it_came_from_and_where_its_clocks_stand(app: ApiApp) -> None:
    stella, ana = app.as_member("stella"), app.as_member("ana")

    def bring(*rows: dict[str, Any], source: str = "") -> None:
        answer = stella.post(f"/v1/imports{source}", content=lines(*rows), headers=NDJSON)
        assert 200 == answer.status_code, answer.text

    bring(*good("a"), source="?source=tracker")
    unmarked = stella.get_ok("/v1/goals/a")
    bring({"do": "source.watermark", "source": "tracker", "at": "2026-02-04T00:00:00Z"})
    marked = ana.get("/v1/goals/a")
    [listed] = ana.get_ok("/v1/goals?owner=ana")["goals"]
    tag = marked.headers["ETag"]
    affirmed = ana.post("/v1/goals/a/affirm", {}, headers={"If-Match": tag})

    assert ("tracker", None) == (unmarked["source"], unmarked["clock_at"])
    assert ("tracker", "2026-02-04T00:00:00Z") == (marked.json()["source"], marked.json()["clock_at"][:19] + "Z")
    assert marked.json()["clock_at"] == listed["clock_at"]
    assert (200, True) == (affirmed.status_code, tag.startswith('"v2.'))
    bring({"do": "source.watermark", "source": "tracker", "at": "2026-02-05T00:00:00Z"})
    assert 200 == ana.get("/v1/goals/a", headers={"If-None-Match": tag}).status_code


def test_a_source_that_is_no_reference_is_a_bad_field(app: ApiApp) -> None:
    answer = app.as_member("stella").post("/v1/imports?source=%20", content=lines(*good("a")), headers=NDJSON)

    assert_refused(app, answer, 422, "invalid_field", "/source")
