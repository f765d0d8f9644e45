"""Keys over HTTP: said once, never listed, rotated with an overlap, ended; never more than their member."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.app_under_test import ApiApp, offer


def test_a_key_is_said_once_and_works(app: ApiApp) -> None:
    # when
    response = app.as_member("stella").post("/v1/keys", {"member": "ben", "scopes": ["read"], "name": "laptop"})
    key = response.json()["key"]

    # then
    assert (201, "no-store") == (response.status_code, response.headers["Cache-Control"])
    assert key.startswith("plim_")
    ben = app.with_key(key)
    assert app.resolve_id("member", "ben") == ben.get_ok("/v1/me")["member"]
    assert "insufficient_scope" == ben.post("/v1/goals", offer("ben", "sam")).json()["code"]
    listed = app.as_member("stella").get("/v1/keys")
    assert ["laptop"] == [found["name"] for found in listed.json()["keys"] if found["name"] == "laptop"]
    assert "plim_" not in listed.text


def test_the_scopes_of_a_key_have_one_order_in_every_process(shared_app: ApiApp) -> None:
    scopes = ["read", "act", "import", "admin"]
    shared_app.as_member("stella").post_ok("/v1/keys", {"member": "stella", "scopes": scopes, "name": "all of them"})

    listed = shared_app.as_member("stella").get_ok("/v1/keys")["keys"]

    assert [sorted(scopes)] == [key["scopes"] for key in listed if key["name"] == "all of them"]


def test_a_rotated_key_has_an_heir_and_ends_after_the_overlap(app: ApiApp) -> None:
    # given
    stella = app.as_member("stella")
    old = stella.post_ok("/v1/keys", {"member": "ben", "scopes": ["read"], "name": "laptop"})["key"]
    [key_id] = [found["key_id"] for found in stella.get_ok("/v1/keys")["keys"] if found["name"] == "laptop"]

    # when
    new = stella.post_ok(f"/v1/keys/{key_id}/rotate", {"overlap_hours": 2})["key"]

    # then
    assert [200, 200] == [app.with_key(key).get("/v1/me").status_code for key in (old, new)]
    app.clock.now += timedelta(hours=3)
    assert [401, 200] == [app.with_key(key).get("/v1/me").status_code for key in (old, new)]


def test_an_ended_key_opens_nothing(app: ApiApp) -> None:
    stella = app.as_member("stella")
    key = stella.post_ok("/v1/keys", {"member": "ben", "scopes": ["read"], "name": "laptop"})["key"]
    [key_id] = [found["key_id"] for found in stella.get_ok("/v1/keys")["keys"] if found["name"] == "laptop"]

    ended = stella.post_ok(f"/v1/keys/{key_id}/revoke")

    assert key_id == ended["key_id"]
    assert 401 == app.with_key(key).get("/v1/me").status_code
    assert ended == stella.post_ok(f"/v1/keys/{key_id}/revoke"), "ending it twice does no harm"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"scopes": ["read"]}, "/member"),
        ({"member": "ben"}, "/scopes"),
        ({"member": "ben", "scopes": []}, "/scopes"),
        ({"member": "ben", "scopes": ["everything"]}, "/scopes"),
        ({"member": "ben", "scopes": ["read"], "expires_at": "2030-01-01T00:00:00Z"}, "/expires_at"),
        ({"member": "ben", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"member": "ben", "scopes": ["read"], "expires_at": "9999-12-31T23:59:59Z"}, "/expires_at"),
        ({"member": "ben", "scopes": ["read"], "expires_at": "0001-01-01T00:00:00+14:00"}, "/expires_at"),
        ({"member": "ben", "scopes": ["read"], "expires_at": "2026-05-01T00:00:00"}, "/expires_at"),
        ({"member": "ben", "scopes": ["read"], "name": "a\x00b"}, "/name"),
    ],
)
def test_a_bad_key_is_refused_by_its_field(app: ApiApp, body: dict[str, Any], pointer: str) -> None:
    response = app.as_member("stella").post("/v1/keys", body)

    assert (422, [pointer]) == (response.status_code, [e["pointer"] for e in response.json()["errors"]])


def test_nobody_who_has_not_joined_gets_a_key(app: ApiApp) -> None:
    response = app.as_member("stella").post("/v1/keys", {"member": "nobody", "scopes": ["read"]})

    assert (404, "/member") == (response.status_code, response.json()["errors"][0]["pointer"])


def test_a_secret_is_never_replayed(app: ApiApp) -> None:
    response = app.as_member("stella").post(
        "/v1/keys", {"member": "ben", "scopes": ["read"]}, headers={"Idempotency-Key": "k"}
    )

    assert (422, "/Idempotency-Key") == (response.status_code, response.json()["errors"][0]["pointer"])


def test_the_admin_scope_makes_nobody_a_steward(app: ApiApp) -> None:
    key = app.as_member("stella").post_ok("/v1/keys", {"member": "ben", "scopes": ["read", "act", "admin"]})["key"]

    assert 403 == app.with_key(key).get("/v1/keys").status_code
    assert 403 == app.with_key(key).post("/v1/policies", {"policy": {"wip_limit": 1}}).status_code


def test_a_steward_without_the_admin_scope_is_a_member(app: ApiApp) -> None:
    key = app.as_member("stella").post_ok("/v1/keys", {"member": "stella", "scopes": ["read", "act"]})["key"]

    assert 403 == app.with_key(key).post("/v1/members/ben/leave", {}).status_code
