"""The main job over HTTP: offer, accept, propose a change, accept it, ask why."""

from __future__ import annotations

from tests.api.app_under_test import ApiApp, create_active_goal, offer, why


def test_a_goal_is_offered_accepted_changed_and_explained(app: ApiApp) -> None:
    # given
    ana, sam = app.as_member("ana"), app.as_member("sam")
    response = ana.post("/v1/goals", offer())
    assert 201 == response.status_code, response.text
    offered = response.json()
    assert "offered" == offered["state"]
    assert f"/v1/goals/{offered['id']}" == response.headers["Location"]
    assert '"v1"' == response.headers["ETag"]
    goal = f"/v1/goals/{offered['id']}"

    # when
    assert "active" == sam.post_ok(f"{goal}/accept", {"answers": offered["open"]})["state"]
    proposed = ana.post_ok(f"{goal}/propose-change", {"changes": {"due": "2026-04-10"}, "reason": why()})
    changed = sam.post_ok(f"{goal}/accept-change", {"answers": proposed["open"]})

    # then
    assert ("active", "2026-04-10", 2) == (changed["state"], changed["due"], changed["terms_version"])
    found = ana.get(goal)
    assert '"v4"' == found.headers["ETag"]
    assert "2026-04-10" == found.json()["goal"]["terms"]["due"]
    told = ana.get_ok(f"{goal}/why?field=due")
    assert "2026-04-10" == told["value"]
    assert ["goal.offered.v1", "goal.accepted.v1", "goal.change_proposed.v1", "goal.change_accepted.v1"] == [
        entry["type"] for entry in ana.get_ok(f"{goal}/history")["entries"]
    ]


def test_a_goal_is_found_by_its_reference_wherever_an_id_is_taken(app: ApiApp) -> None:
    # given
    goal = create_active_goal(app, ref="kep/19 stable")

    # when
    ana = app.as_member("ana")
    ana.post_ok("/v1/goals/kep%2F19%20stable/check-in", {"note": "half way", "progress": 0.5})

    # then
    assert goal == ana.get_ok("/v1/goals/kep%2F19%20stable")["id"]
    assert [goal] == [found["id"] for found in ana.get_ok("/v1/goals?team=core&owner=ana&state=active")["goals"]]
