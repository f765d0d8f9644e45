"""What holds for every command: versions, idempotency keys, reading one's own writes, previews, hand-written paths."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from domain.goal.acts import ACTS
from tests.api.app_under_test import ApiApp, create_active_goal, offer, why


def test_every_act_of_the_agreement_has_a_route(app: ApiApp) -> None:
    paths = app.client.get("/openapi.json").json()["paths"]

    missing = [name for name in ACTS if f"/v1/goals/{{goal}}/{name.replace('_', '-')}" not in paths]

    assert [] == missing


def test_an_act_with_the_version_one_has_seen_is_taken(app: ApiApp) -> None:
    goal = create_active_goal(app)
    tag = app.as_member("ana").get(f"/v1/goals/{goal}").headers["ETag"]

    response = app.as_member("ana").post(f"/v1/goals/{goal}/affirm", {}, headers={"If-Match": tag})

    assert (200, '"v3"') == (response.status_code, response.headers["ETag"])


def test_an_act_on_a_version_that_has_passed_is_refused(app: ApiApp) -> None:
    goal = create_active_goal(app)
    before = app.count_events()

    response = app.as_member("ana").post(f"/v1/goals/{goal}/affirm", {}, headers={"If-Match": '"v1"'})

    assert (412, "version_conflict") == (response.status_code, response.json()["code"])
    assert before == app.count_events()


@pytest.mark.parametrize("tags", ["v2", "", '"v2', '"v1" "v2"', '*, "v2"', 'w/"v2"', '"v\u007f2"'])
def test_an_if_match_that_is_no_list_of_tags_is_refused_by_name(app: ApiApp, tags: str) -> None:
    goal = create_active_goal(app)

    response = app.as_member("ana").post(f"/v1/goals/{goal}/affirm", {}, headers={"If-Match": tags})

    assert 422 == response.status_code
    assert [("/If-Match", "header")] == [(e["pointer"], e["in"]) for e in response.json()["errors"]]


@pytest.mark.parametrize("tags", ["*", " * ", '"v2"', '"v1", "v2"', '"v2","x"', ', "v1",, "v2" ,', 'W/"v9", "v2"'])
def test_an_if_match_that_lists_the_version_is_taken(app: ApiApp, tags: str) -> None:
    goal = create_active_goal(app)

    response = app.as_member("ana").post(f"/v1/goals/{goal}/affirm", {}, headers={"If-Match": tags})

    assert (200, '"v3"') == (response.status_code, response.headers["ETag"])


@pytest.mark.parametrize(
    "tags", ['"v1", "v3"', '"abc"', 'W/"v2"', '"2"', '"v0"', '"v02"', '"v99999999999999999999999"', '"a,b"', '""']
)
def test_an_if_match_without_the_version_is_a_failed_precondition(app: ApiApp, tags: str) -> None:
    # given
    goal = create_active_goal(app)
    before = app.count_events()

    # when
    response = app.as_member("ana").post(f"/v1/goals/{goal}/affirm", {}, headers={"If-Match": tags})

    # then
    assert (412, "version_conflict") == (response.status_code, response.json()["code"])
    assert before == app.count_events()


def test_if_match_in_several_lines_is_one_list(app: ApiApp) -> None:
    goal, path = create_active_goal(app), "/v1/goals/{}/affirm"
    lines = [("Authorization", f"Bearer {app.keys['acme']['ana']}"), ("If-Match", '"v2"'), ("If-Match", '"v9"')]

    response = app.client.post(path.format(goal), json={}, headers=lines)

    assert 200 == response.status_code


def test_the_same_request_with_its_key_is_recorded_once_and_answered_alike(app: ApiApp) -> None:
    # given
    ana, key = app.as_member("ana"), {"Idempotency-Key": "first of march"}
    first = ana.post("/v1/goals", offer(), headers=key)
    goal = first.json()["id"]
    app.as_member("sam").post_ok(f"/v1/goals/{goal}/accept", {"answers": first.json()["open"]})
    before = app.count_events()

    # when
    again = ana.post("/v1/goals", offer(), headers=key)

    # then
    assert (201, first.json()) == (again.status_code, again.json())
    assert "true" == again.headers["Idempotent-Replayed"]
    assert first.headers["Location"] == again.headers["Location"]
    assert before == app.count_events()


def test_a_key_used_with_another_body_is_refused(app: ApiApp) -> None:
    ana, key = app.as_member("ana"), {"Idempotency-Key": "k"}
    ana.post_ok("/v1/goals", offer(), headers=key)
    before = app.count_events()

    response = ana.post("/v1/goals", offer(due="2026-03-30"), headers=key)

    assert (422, "idempotency_key_reused") == (response.status_code, response.json()["code"])
    assert before == app.count_events()


def test_a_key_used_on_another_goal_is_refused(app: ApiApp) -> None:
    one, two = create_active_goal(app), create_active_goal(app)
    key = {"Idempotency-Key": "k"}
    app.as_member("ana").post_ok(f"/v1/goals/{one}/affirm", {}, headers=key)

    response = app.as_member("ana").post(f"/v1/goals/{two}/affirm", {}, headers=key)

    assert "idempotency_key_reused" == response.json()["code"]


def test_the_same_key_of_another_member_or_route_is_another_key(app: ApiApp) -> None:
    goal = create_active_goal(app)
    key = {"Idempotency-Key": "k"}

    app.as_member("ana").post_ok(f"/v1/goals/{goal}/feedback", {"text": "thanks", "as": "owner"}, headers=key)
    app.as_member("sam").post_ok(f"/v1/goals/{goal}/feedback", {"text": "thanks", "as": "sponsor"}, headers=key)
    taken = app.as_member("ana").post_ok(f"/v1/goals/{goal}/affirm", {}, headers=key)

    assert 5 == taken["version"]


def test_a_refused_act_may_be_sent_again_with_its_key_and_another_body(app: ApiApp) -> None:
    goal = create_active_goal(app)
    ana, key = app.as_member("ana"), {"Idempotency-Key": "k"}
    refused = ana.post(f"/v1/goals/{goal}/propose-change", {"changes": {"due": "2026-04-10"}}, headers=key)
    assert "reason_required" == refused.json()["code"]

    body = {"changes": {"due": "2026-04-10"}, "reason": why()}

    assert 200 == ana.post(f"/v1/goals/{goal}/propose-change", body, headers=key).status_code


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_an_idempotency_key_that_is_none_is_refused_by_name(app: ApiApp, key: str) -> None:
    response = app.as_member("ana").post("/v1/goals", offer(), headers={"Idempotency-Key": key})

    assert (422, "/Idempotency-Key") == (response.status_code, response.json()["errors"][0]["pointer"])


def test_two_requests_with_one_key_at_a_time_are_one(app: ApiApp) -> None:
    # given
    gate = threading.Barrier(4)

    def send(_: int) -> tuple[int, str]:
        gate.wait()
        response = app.client.post(
            "/v1/goals",
            json=offer(),
            headers={"Authorization": f"Bearer {app.keys['acme']['ana']}", "Idempotency-Key": "together"},
        )
        return response.status_code, response.json()["id"]

    # when
    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(send, range(4)))

    # then
    assert 1 == len(answers)
    assert {201} == {status for status, _ in answers}


def test_many_at_once_on_one_goal_are_all_taken(app: ApiApp) -> None:
    goal = create_active_goal(app)
    header = {"Authorization": f"Bearer {app.keys['acme']['ana']}"}

    def send(number: int) -> int:
        body = {"note": f"check-in {number}"}
        return int(app.client.post(f"/v1/goals/{goal}/check-in", json=body, headers=header).status_code)

    with ThreadPoolExecutor(8) as pool:
        assert [200] * 24 == list(pool.map(send, range(24)))


def test_whoever_wrote_reads_it_with_after_position(serve_app: Callable[..., ApiApp]) -> None:
    # given a projector that follows a moment later
    app = serve_app()
    header = {"Authorization": f"Bearer {app.keys['acme']['ana']}"}
    written = app.client.post("/v1/goals", json=offer(), headers=header).json()
    assert 404 == app.client.get(f"/v1/goals/{written['id']}", headers=header).status_code
    later = threading.Timer(0.2, app.runtime.engine.catch_up)
    later.start()

    # when
    path = f"/v1/goals/{written['id']}?after_position={written['position']}"
    response = app.client.get(path, headers=header)
    later.join()

    # then
    assert (200, "offered") == (response.status_code, response.json()["state"])
    assert int(response.headers["Plimsoll-Position"]) >= written["position"]
    assert "0" == response.headers["Plimsoll-Lag"]


def test_a_read_that_waits_in_vain_says_try_again(serve_app: Callable[..., ApiApp]) -> None:
    app = serve_app(position_wait_s=0.05)
    header = {"Authorization": f"Bearer {app.keys['acme']['ana']}"}
    written = app.client.post("/v1/goals", json=offer(), headers=header).json()

    response = app.client.get("/v1/goals", headers={**header, "Plimsoll-After-Position": str(written["position"])})

    assert (503, "not_caught_up", "1") == (
        response.status_code,
        response.json()["code"],
        response.headers["Retry-After"],
    )


def test_a_lagging_read_says_what_it_contains(serve_app: Callable[..., ApiApp]) -> None:
    app = serve_app()
    header = {"Authorization": f"Bearer {app.keys['acme']['ana']}"}
    before = int(app.client.get("/v1/goals", headers=header).headers["Plimsoll-Position"])
    written = app.client.post("/v1/goals", json=offer(), headers=header).json()

    response = app.client.get("/v1/goals", headers=header)

    assert (str(before), "1") == (response.headers["Plimsoll-Position"], response.headers["Plimsoll-Lag"])
    assert before + 1 == written["position"]


@pytest.mark.parametrize("position", ["999999", "9" * 18])
def test_a_position_that_was_never_reached_is_refused_at_once(app: ApiApp, position: str) -> None:
    response = app.as_member("ana").get(f"/v1/goals?after_position={position}")

    assert (422, "/after_position") == (response.status_code, response.json()["errors"][0]["pointer"])


def test_a_preview_tells_what_would_be_and_records_nothing(app: ApiApp) -> None:
    # given
    ana = app.as_member("ana")
    offered = ana.post_ok("/v1/goals", offer(effort_hours=64))
    before = app.count_events()

    # when
    told = app.as_member("sam").post_ok(
        f"/v1/goals/{offered['id']}/preview", {"do": "accept", "answers": offered["open"]}
    )

    # then
    assert ["goal.accepted.v1"] == [fact["type"] for fact in told["would"]]
    assert ("offered", "active") == (told["before"]["state"], told["after"]["state"])
    assert [] == told["load"], "the owner's weeks are not for the sponsor"
    assert before == app.count_events()


def test_a_preview_shows_the_owner_the_weeks_without_and_with_the_act(app: ApiApp) -> None:
    ana = app.as_member("ana")
    body = offer(owner="ana", sponsor="ana", effort_hours="64")

    [load] = ana.post_ok("/v1/goals/not-there-yet/preview", body)["load"]

    assert app.resolve_id("member", "ana") == load["member"]
    assert (0, 0.5) == (load["before"][0]["ratio"], load["after"][0]["ratio"])


def test_a_preview_meets_the_refusal_that_the_act_would_meet(app: ApiApp) -> None:
    goal = create_active_goal(app)

    response = app.as_member("ana").post(f"/v1/goals/{goal}/preview", {"do": "propose_change", "changes": {}})

    assert 422 == response.status_code


def test_no_act_begins_a_goal_that_is_not_there(app: ApiApp) -> None:
    before = app.count_events()

    for ref in (str(uuid4()), "nothing-of-that-name"):
        response = app.as_member("ana").post(f"/v1/goals/{ref}/offer", {**offer(), "do": "offer"})

        assert (404, "not_found") == (response.status_code, response.json()["code"])
    assert before == app.count_events()


def test_a_reference_in_use_begins_no_second_goal(app: ApiApp) -> None:
    app.as_member("ana").post_ok("/v1/goals", offer(ref="kep-1"))

    response = app.as_member("ana").post("/v1/goals", offer(ref="kep-1"))

    assert (409, "already_exists") == (response.status_code, response.json()["code"])


def test_an_empty_body_is_an_act_without_fields(app: ApiApp) -> None:
    goal = create_active_goal(app)

    assert 200 == app.as_member("ana").post(f"/v1/goals/{goal}/affirm").status_code
