"""Who made which key for whom, and what was said with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.key.key import KeyMade, KeyReplaced, KeyRevoked
from ledger.api_keys import digest_of
from services.organisations import OPERATOR, create_key
from tests.api.app_under_test import ApiApp, create_active_goal


def make_key(app: ApiApp, member: str = "ana", **fields: Any) -> str:
    made = app.as_member("stella").post_ok("/v1/keys", {"member": member, "scopes": ["read", "act"], **fields})
    return str(made["key"])


def list_key_events(app: ApiApp, person: str = "stella", **query: Any) -> list[dict[str, Any]]:
    found = app.as_member(person).get_ok("/v1/events", params={"limit": 1000, **query})
    return [event for event in found if event["subject"].startswith("key/")]


def list_keys(app: ApiApp) -> dict[str, dict[str, Any]]:
    return {key["name"]: key for key in app.as_member("stella").get_ok("/v1/keys")["keys"]}


def test_a_key_that_is_made_is_a_fact_without_its_secret(app: ApiApp) -> None:
    text = make_key(app, name="laptop")

    (event,) = [e for e in list_key_events(app) if e["data"].get("name") == "laptop"]
    key_id = list_keys(app)["laptop"]["key_id"]
    assert ("key.made.v1", f"key/{key_id}") == (event["type"], event["subject"])
    assert app.resolve_id("member", "stella") == event["authid"]
    assert {
        "type": "key.made.v1",
        "member": app.resolve_id("member", "ana"),
        "scopes": ["act", "read"],
        "expires_at": list_keys(app)["laptop"]["expires_at"],
        "name": "laptop",
    } == event["data"]
    assert text not in str(event)
    assert digest_of(text) not in str(event)


def test_what_is_said_names_the_key_with_which_it_was_said(app: ApiApp) -> None:
    text = make_key(app, name="phone")
    key_id = list_keys(app)["phone"]["key_id"]
    goal = create_active_goal(app)

    app.with_key(text).post_ok(f"/v1/goals/{goal}/check-in", {"progress": "0.5"})

    events = app.as_member("ana").get_ok(f"/v1/events?subject=goal/{goal}")
    history = app.as_member("ana").get_ok(f"/v1/goals/{goal}/history")["entries"]
    assert "goal.checked_in.v1" == events[-1]["type"]
    assert key_id == events[-1]["keyid"] == history[-1]["key_id"]
    assert key_id not in {event["keyid"] for event in events[:-1]}


def test_an_import_names_its_key(app: ApiApp) -> None:
    row = b'{"at": "2026-03-01T09:00:00Z", "by": "stella", "do": "member.join", "member": "zoe"}\n'
    response = app.as_member("stella").post(
        "/v1/imports", content=row, headers={"Content-Type": "application/x-ndjson"}
    )

    assert 1 == response.json()["accepted"], response.text
    joined = app.as_member("stella").get_ok("/v1/events", params={"limit": 1000, "types": "member.joined.v1"})[-1]
    keys = app.as_member("stella").get_ok("/v1/keys")["keys"]
    (importer,) = [k for k in keys if k["name"] == "test" and k["member_id"] == app.resolve_id("member", "stella")]
    assert importer["key_id"] == joined["keyid"]


def test_what_the_clock_brings_names_no_key(app: ApiApp) -> None:
    goal = create_active_goal(app)
    app.clock.now += timedelta(days=60)
    app.as_member("ana").post_ok(f"/v1/goals/{goal}/check-in", {"progress": "0.5"})

    events = app.as_member("ana").get_ok(f"/v1/events?subject=goal/{goal}")

    assert {"timer": False, "api": True} == {event["recordsource"]: "keyid" in event for event in events}


def test_a_rotation_and_the_end_of_a_key_are_facts(app: ApiApp) -> None:
    make_key(app, name="laptop")
    old = list_keys(app)["laptop"]["key_id"]
    steward = app.as_member("stella")

    steward.post_ok(f"/v1/keys/{old}/rotate", {"overlap_hours": 2})
    (new,) = [k["key_id"] for k in steward.get_ok("/v1/keys")["keys"] if k["name"] == "laptop" and k["key_id"] != old]
    for _ in range(2):
        steward.post_ok(f"/v1/keys/{new}/revoke", {})

    def load(key: str) -> list[Any]:
        return [e.data for e in app.runtime.ledger.events(app.organisation_id(), UUID(key))]

    first, second = load(old), load(new)
    assert [KeyMade, KeyReplaced] == [type(event) for event in first]
    assert [KeyMade, KeyRevoked] == [type(event) for event in second]
    assert (new, old) == (str(first[1].replaced_by), str(second[0].replaces))
    shortened = next(k for k in steward.get_ok("/v1/keys")["keys"] if k["key_id"] == old)["expires_at"]
    assert shortened.startswith(f"{first[1].expires_at:%Y-%m-%dT%H:%M:%S}")


def test_a_key_from_before_is_valid_and_its_end_is_a_fact(app: ApiApp) -> None:
    # given a row without a fact, as the store of the fixture has them
    keys = app.as_member("stella").get_ok("/v1/keys")["keys"]
    (key,) = [k for k in keys if k["name"] == "test" and k["member_id"] == app.resolve_id("member", "ana")]
    assert 200 == app.as_member("ana").get("/v1/me").status_code

    app.as_member("stella").post_ok(f"/v1/keys/{key['key_id']}/revoke", {})

    assert ["key.revoked.v1"] == [e["type"] for e in list_key_events(app, subject=f"key/{key['key_id']}")]
    assert 401 == app.as_member("ana").get("/v1/me").status_code


def test_key_facts_are_for_whose_key_it_is_who_made_it_and_who_sees_everything(app: ApiApp) -> None:
    make_key(app, name="laptop")

    seen = {person: bool(list_key_events(app, person)) for person in ("ana", "stella", "aud", "lea", "ben", "eva")}

    assert {"ana": True, "stella": True, "aud": True, "lea": False, "ben": False, "eva": False} == seen


def test_a_person_is_told_of_a_key_that_another_made_in_their_name(app: ApiApp) -> None:
    make_key(app, name="laptop", expires_at="2026-09-01T00:00:00Z")
    make_key(app, "stella", name="own")

    inboxes = {p: app.as_member(p).get_ok("/v1/me/inbox")["entries"] for p in ("ana", "ben", "stella")}

    (entry,) = inboxes["ana"]
    assert ("laptop", "in_force") == (entry["title"], entry["state"])
    assert entry["subject"] == f"key/{list_keys(app)['laptop']['key_id']}"
    assert [("key", "may act, read as you until 2026-09-01")] == [(a["kind"], a["text"]) for a in entry["asks"]]
    assert ([], []) == (inboxes["ben"], inboxes["stella"])


@pytest.mark.parametrize("how", ["revoked", "old"])
def test_the_notice_ends_with_the_key_and_with_time(app: ApiApp, how: str) -> None:
    make_key(app, name="laptop")
    if how == "revoked":
        app.as_member("stella").post_ok(f"/v1/keys/{list_keys(app)['laptop']['key_id']}/revoke", {})
    else:
        app.clock.now += timedelta(days=29)

    assert [] == app.as_member("ana").get_ok("/v1/me/inbox")["entries"]


def test_a_key_whose_fact_cannot_be_recorded_is_not_made(app: ApiApp, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    before = len(list_keys(app))
    monkeypatch.setattr(app.runtime, "handle", fail)

    response = app.as_member("stella").post("/v1/keys", {"member": "ana", "scopes": ["read"], "name": "never"})

    assert 500 == response.status_code
    assert before == len(list_keys(app))


def test_a_plain_member_makes_no_key_and_leaves_no_fact(app: ApiApp) -> None:
    before = app.count_events()

    assert 403 == app.as_member("lea").post("/v1/keys", {"member": "ana", "scopes": ["read"]}).status_code
    assert before == app.count_events()


def test_the_list_says_who_issued_and_who_revoked_each_key(app: ApiApp) -> None:
    # given
    make_key(app, name="lost")
    stella = app.as_member("stella")
    lost = list_keys(app)["lost"]

    # when
    stella.post_ok(f"/v1/keys/{lost['key_id']}/revoke", {})

    # then
    events = {event["type"]: event for event in list_key_events(app, subject=f"key/{lost['key_id']}")}
    made, revoked = events["key.made.v1"], events["key.revoked.v1"]
    by = app.resolve_id("member", "stella")
    assert None is lost["revoked"]
    found = list_keys(app)["lost"]
    assert {"at": made["recordedtime"], "by": by, "by_key": made["keyid"]} == found["issued"]
    assert {"at": revoked["recordedtime"], "by": by, "by_key": revoked["keyid"]} == found["revoked"]


def test_the_list_says_where_an_operator_issued_a_key_and_where_nothing_is_known(app: ApiApp) -> None:
    ana = UUID(app.resolve_id("member", "ana"))

    create_key(app.runtime, app.organisation_id(), ana, ["read"], by=OPERATOR, name="by hand")
    app.runtime.keys.create(app.organisation_id(), ana, ["read"], name="of old")

    keys = list_keys(app)
    assert (None, None) == (keys["by hand"]["issued"]["by"], keys["by hand"]["issued"]["by_key"])
    assert None is keys["of old"]["issued"]


def test_keys_come_in_pages(app: ApiApp) -> None:
    stella = app.as_member("stella")
    every = [key["key_id"] for key in stella.get_ok("/v1/keys")["keys"]]

    pages, path = [], "/v1/keys?limit=4"
    while path:
        page = stella.get_ok(path)
        pages.append([key["key_id"] for key in page["keys"]])
        path = f"/v1/keys?limit=4&cursor={page['next']}" if page["next"] else ""

    assert every == [key for page in pages for key in page]
    assert [4] * (len(pages) - 1) == [len(page) for page in pages[:-1]]
    # Another organisation's key, and none at all, are no place to go on from.
    other = app.as_member("stella", "rival").get_ok("/v1/keys")["keys"][0]["key_id"]
    for cursor in (other, "nonsense", app.resolve_id("member", "ana")):
        assert "/cursor" == stella.get(f"/v1/keys?cursor={cursor}").json()["errors"][0]["pointer"]
