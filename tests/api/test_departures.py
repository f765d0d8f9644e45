"""What ends when a member leaves stays ended when they return: keys, roles, leads."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.app_under_test import ApiApp
from tests.api.test_imports import NDJSON, lines


def create_key(app: ApiApp, member: str, *scopes: str) -> str:
    created = app.as_member("stella").post_ok("/v1/keys", {"member": member, "scopes": scopes or ["read", "act"]})
    key: str = created["key"]
    return key


def statuses(app: ApiApp, *keys: str) -> list[int]:
    return [app.with_key(key).get("/v1/me").status_code for key in keys]


def ended(app: ApiApp, member: str) -> list[bool]:
    """Of the member's keys, oldest first, whether each has ended with a leave."""
    listed = app.as_member("stella").get_ok("/v1/keys")["keys"]
    return [key["ended_at"] is not None for key in listed if key["member_id"] == app.resolve_id("member", member)]


def import_rows(app: ApiApp, *rows: dict[str, Any]) -> None:
    response = app.as_member("stella").post("/v1/imports", content=lines(*rows), headers=NDJSON)
    assert response.status_code == 200, response.text


def test_keys_end_with_the_leave_and_a_return_does_not_bring_them_back(app: ApiApp) -> None:
    stella = app.as_member("stella")
    old = [create_key(app, "ben"), create_key(app, "ben", "read", "admin")]
    assert [200, 200] == statuses(app, *old)

    stella.post_ok("/v1/members/ben/leave")
    stella.post_ok("/v1/members/ben/join", {"team": "core"})
    fresh = create_key(app, "ben")

    assert [401, 401, 200] == statuses(app, *old, fresh)
    # The template's own key of ben is the first.
    assert [True, True, True, False] == ended(app, "ben")
    [_, key_id, *_] = [
        k["key_id"] for k in stella.get_ok("/v1/keys")["keys"] if k["member_id"] == app.resolve_id("member", "ben")
    ]
    assert "not_found" == stella.post(f"/v1/keys/{key_id}/rotate", {"overlap_hours": 1}).json()["code"]


def test_a_leave_that_is_told_late_ends_the_keys_of_before_the_return(app: ApiApp) -> None:
    # given a key of today
    key = create_key(app, "ben")

    # when an import says that ben left an hour after joining, and he returns today
    import_rows(app, {"at": "2026-03-01T10:00:00Z", "by": "stella", "do": "member.leave", "member": "ben"})
    assert [401] == statuses(app, key)
    app.as_member("stella").post_ok("/v1/members/ben/join", {"team": "core"})

    # then
    assert [401] == statuses(app, key)


def test_who_left_and_returned_before_a_key_was_created_keeps_it(app: ApiApp) -> None:
    key = create_key(app, "ben")

    import_rows(
        app,
        {"at": "2026-03-01T10:00:00Z", "by": "stella", "do": "member.leave", "member": "ben"},
        {"at": "2026-03-01T11:00:00Z", "by": "stella", "do": "member.join", "member": "ben", "team": "core"},
    )

    assert [200] == statuses(app, key)


def test_a_join_that_is_older_than_the_leave_brings_nobody_back(app: ApiApp) -> None:
    key = create_key(app, "ben")
    app.as_member("stella").post_ok("/v1/members/ben/leave")

    import_rows(
        app, {"at": "2026-03-01T10:00:00Z", "by": "stella", "do": "member.join", "member": "ben", "team": "edge"}
    )

    assert [401] == statuses(app, key)
    assert not app.as_member("stella").get_ok("/v1/members/ben")["present"]


def test_a_lead_who_left_does_not_lead_again_until_appointed_again(app: ApiApp) -> None:
    stella = app.as_member("stella")
    stella.post_ok("/v1/members/lea/leave")
    stella.post_ok("/v1/members/lea/join", {"team": "core"})
    lea = app.with_key(create_key(app, "lea"))

    assert [] == lea.get_ok("/v1/me")["leads"]
    assert stella.get_ok("/v1/teams/core")["lead_left"]
    assert [True] == [team["lead_left"] for team in stella.get_ok("/v1/teams")["teams"] if "lead_left" in team]
    assert 403 == lea.post("/v1/teams/core/rename", {"name": "Mine"}).status_code
    assert 403 == lea.post("/v1/members", {"ref": "nora", "team": "core"}).status_code

    stella.post_ok("/v1/teams/core/appoint-lead", {"lead": "lea"})

    assert [app.resolve_id("team", "core")] == lea.get_ok("/v1/me")["leads"]
    assert "lead_left" not in stella.get_ok("/v1/teams/core")
    assert 200 == lea.post("/v1/teams/core/rename", {"name": "Ours"}).status_code


@pytest.mark.parametrize("granted_at", ["2026-03-01T10:00:00Z", "2026-03-01T11:30:00Z"])
def test_a_role_of_before_the_return_is_gone(app: ApiApp, granted_at: str) -> None:
    """Also one that was granted in the time that a leave, told later, made an absence."""
    import_rows(
        app,
        {"at": granted_at, "by": "stella", "do": "member.grant_role", "member": "ben", "role": "auditor"},
        {"at": "2026-03-01T11:00:00Z", "by": "stella", "do": "member.leave", "member": "ben"},
        {"at": "2026-03-01T12:00:00Z", "by": "stella", "do": "member.join", "member": "ben", "team": "core"},
    )

    assert [] == app.as_member("stella").get_ok("/v1/members/ben")["roles"]
