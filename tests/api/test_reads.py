"""What holds for every read: tags, freshness, the past, history, why, diff."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from tests.api.app_under_test import START, ApiApp, create_active_goal, offer, why

READS = [
    "/v1/goals",
    "/v1/goals/{goal}",
    "/v1/goals/{goal}/history",
    "/v1/goals/{goal}/why?field=due",
    "/v1/goals/{goal}/diff?from=2026-03-01",
    "/v1/members",
    "/v1/members/ana",
    "/v1/teams",
    "/v1/teams/core",
    "/v1/policies",
    "/v1/reports/overload",
    "/v1/reports/drift",
]


@pytest.mark.parametrize("read", READS)
def test_a_read_has_a_tag_a_freshness_and_no_second_body(app: ApiApp, read: str) -> None:
    # given
    path = read.format(goal=create_active_goal(app))
    ana, known = app.as_member("ana"), app.clock.now.isoformat().replace("+00:00", "Z")
    path += "&" if "?" in path else "?"
    path += "to=2026-03-04" if "diff" in path else f"as_of=2026-03-04&recorded_as_of={known}"

    # when
    first = ana.get(path)
    again = ana.get(path, headers={"If-None-Match": first.headers["ETag"]})
    other = ana.get(path, headers={"If-None-Match": '"something-else"'})

    # then
    assert 200 == first.status_code, first.text
    assert {"plimsoll-position", "plimsoll-lag", "plimsoll-as-of"} <= set(first.headers)
    assert "plimsoll-degraded" not in first.headers
    assert not first.headers["ETag"].startswith("W/")
    assert (304, b"", first.headers["ETag"]) == (again.status_code, again.content, again.headers["ETag"])
    assert (200, first.content) == (other.status_code, other.content)


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/goals/{child}/history", "/v1/goals/{child}/why?field=supports", "/v1/goals/{child}/links"),
        *("/v1/reports/alignment?names=true", "/v1/reports/overload?names=true", "/v1/reports/drift?names=true"),
        *("/v1/teams/core/digest?names=true", "/v1/me/inbox?names=true", "/v1/reports/support?names=true"),
    ],
)
def test_a_question_of_the_past_has_the_same_bytes_when_something_is_renamed(app: ApiApp, path: str) -> None:
    # given
    parent = create_active_goal(app, title="The old title", ref="parent")
    child = create_active_goal(app, title="A child", supports=[{"goal": "parent"}])
    app.as_member("ana").post_ok(f"/v1/goals/{child}/affirm-link", {"supports": [{"goal": "parent"}]})
    app.as_member("ana").post_ok(f"/v1/goals/{child}/check-in", {"needs": [{"text": "Help", "addressee": "sam"}]})
    app.clock.now += timedelta(minutes=5)
    asked = path.format(child=child) + ("&" if "?" in path else "?")
    asked += urlencode(dict.fromkeys(("as_of", "recorded_as_of"), app.clock.now.isoformat()))
    app.clock.now += timedelta(days=1)
    before = app.as_member("lea").get(asked)

    # when
    app.as_member("ana").post_ok(f"/v1/goals/{parent}/retitle", {"title": "The new title"})
    app.as_member("ana").post_ok(f"/v1/goals/{child}/retitle", {"title": "Another child"})
    app.as_member("lea").post_ok("/v1/teams/core/rename", {"name": "The new team"})
    after = app.as_member("lea").get(asked)

    # then
    assert 200 == before.status_code, before.text
    assert (before.headers["ETag"], before.text) == (after.headers["ETag"], after.text)
    assert "new t" not in after.text


UNREAD_VIEWS = (
    *("/openapi.json", "/docs", "/docs.js", "/docs.css", "/docs/swagger-ui.css", "/problems", "/problems/not_found"),
    *("/v1/event-types", "/v1/schemas/goal.promised.v1", "/v1/me", "/v1/events"),
)


@pytest.mark.parametrize("path", ["/v1/goals", "/v1/goals/{goal}", "/v1/teams", *UNREAD_VIEWS])
def test_every_read_with_a_tag_compares_it_with_a_list(app: ApiApp, path: str) -> None:
    # given
    path = path.format(goal=create_active_goal(app))
    path += "?as_of=2026-03-04" if path in ("/v1/goals", "/v1/teams") else ""
    ana = app.as_member("ana")
    tag = ana.get(path).headers["ETag"]

    # when
    same = [tag, f"W/{tag}", f'"x", {tag}', f',{tag},, "a,b"', "*"]
    other = ['"x"', tag.strip('"'), f"{tag} {tag}", f"*, {tag}", "W/"]
    answers = {given: ana.get(path, headers={"If-None-Match": given}) for given in (*same, *other)}

    # then
    assert dict.fromkeys(same, 304) | dict.fromkeys(other, 200) == {g: r.status_code for g, r in answers.items()}
    assert {tag} == {r.headers["ETag"] for r in answers.values()}
    assert {b""} == {answers[given].content for given in same}


def test_equal_tags_of_a_goal_mean_equal_bytes(app: ApiApp) -> None:
    goal = create_active_goal(app)
    ana, sam = app.as_member("ana").get(f"/v1/goals/{goal}"), app.as_member("sam").get(f"/v1/goals/{goal}")

    app.as_member("ana").post_ok(f"/v1/goals/{goal}/affirm", {})
    later = app.as_member("ana").get(f"/v1/goals/{goal}")

    assert (ana.headers["ETag"], ana.content) == (sam.headers["ETag"], sam.content)
    assert ana.headers["ETag"] != later.headers["ETag"]


def test_the_past_is_answered_as_it_was(app: ApiApp) -> None:
    # given
    goal = create_active_goal(app)
    then = app.clock.now
    app.clock.now = START + timedelta(days=2)
    body = {"changes": {"due": "2026-04-10"}, "reason": why()}
    opened = app.as_member("ana").post_ok(f"/v1/goals/{goal}/propose-change", body)["open"]
    app.as_member("sam").post_ok(f"/v1/goals/{goal}/accept-change", {"answers": opened})
    ana, instant = app.as_member("ana"), then.isoformat().replace("+00:00", "Z")

    # then
    assert "2026-04-10" == ana.get_ok(f"/v1/goals/{goal}")["goal"]["terms"]["due"]
    for query in ("as_of=2026-03-02", f"as_of={instant}", f"recorded_as_of={instant}"):
        assert "2026-03-27" == ana.get_ok(f"/v1/goals/{goal}?{query}")["goal"]["terms"]["due"], query
    assert 404 == ana.get(f"/v1/goals/{goal}?as_of=2026-03-01").status_code
    assert [] == ana.get_ok("/v1/goals?as_of=2026-03-01")["goals"]


def test_a_diff_names_what_changed_and_the_event_that_did_it(app: ApiApp) -> None:
    # given
    goal = create_active_goal(app)
    app.clock.now = START + timedelta(days=2)
    body = {"changes": {"due": "2026-04-10"}, "reason": why()}
    opened = app.as_member("ana").post_ok(f"/v1/goals/{goal}/propose-change", body)["open"]
    accepted = app.as_member("sam").post_ok(f"/v1/goals/{goal}/accept-change", {"answers": opened})

    # when
    told = app.as_member("ana").get_ok(f"/v1/goals/{goal}/diff?from=2026-03-02&to=2026-03-04")

    # then
    [change] = told["changes"]
    assert ("due", "2026-03-27", "2026-04-10", accepted["events"]) == tuple(
        change[name] for name in ("field", "before", "after", "events")
    )


def test_a_diff_backwards_is_refused(app: ApiApp) -> None:
    goal = create_active_goal(app)

    response = app.as_member("ana").get(f"/v1/goals/{goal}/diff?from=2026-03-04&to=2026-03-02")

    assert (422, "/from") == (response.status_code, response.json()["errors"][0]["pointer"])


def test_why_names_the_change_its_reason_and_who_consented(app: ApiApp) -> None:
    # given
    goal = create_active_goal(app)
    body = {"changes": {"due": "2026-04-10"}, "reason": why("dependency_slipped", "the supplier is late")}
    opened = app.as_member("ana").post_ok(f"/v1/goals/{goal}/propose-change", body)["open"]
    app.as_member("sam").post_ok(f"/v1/goals/{goal}/accept-change", {"answers": opened})

    # when
    told = app.as_member("ana").get_ok(f"/v1/goals/{goal}/why?field=due")

    # then
    link = told["chain"][0]
    assert ("change", "2026-03-27", "2026-04-10", "Sam") == (
        link["kind"],
        link["before"],
        link["after"],
        link["by"]["name"],
    )
    assert ("Ana", "dependency_slipped", "the supplier is late") == (
        link["said"]["by"]["name"],
        link["said"]["reason"]["code"],
        link["said"]["reason"]["text"],
    )


def test_why_of_a_field_that_is_none_is_refused(app: ApiApp) -> None:
    goal = create_active_goal(app)

    for field in ("colour", ""):
        assert 422 == app.as_member("ana").get(f"/v1/goals/{goal}/why?field={field}").status_code
    assert 422 == app.as_member("ana").get(f"/v1/goals/{goal}/why").status_code


def test_a_long_history_comes_in_pages(app: ApiApp) -> None:
    # given
    goal = create_active_goal(app)
    for number in range(5):
        app.as_member("ana").post_ok(f"/v1/goals/{goal}/check-in", {"note": f"day {number}"})

    # when
    found, path = [], f"/v1/goals/{goal}/history?limit=3"
    while path:
        response = app.as_member("ana").get(path)
        found += [entry["version"] for entry in response.json()["entries"]]
        path = response.links.get("next", {}).get("url", "")

    # then
    assert [1, 2, 3, 4, 5, 6, 7] == found


def test_a_list_filters_sorts_and_searches(app: ApiApp) -> None:
    # given
    early = create_active_goal(app, title="Alpha report", due="2026-03-10")
    late = create_active_goal(app, title="Beta report", due="2026-04-10", owner="ben")
    asked = app.as_member("ana").post_ok("/v1/goals", offer(title="Gamma", outcome="Silence"))["id"]
    ana = app.as_member("ana")

    def listed(query: str) -> list[str]:
        return [goal["id"] for goal in ana.get_ok(f"/v1/goals?{query}")["goals"]]

    # then
    assert [early, late] == listed("q=REPORT&sort=due")
    assert [late, early] == listed("q=report&sort=-due")
    assert [late] == listed("owner=ben")
    assert [asked] == listed("state=offered")
    assert {early, late, asked} == set(listed("state=offered&state=active"))
    assert {early, late, asked} == set(listed("state=offered,active"))
    assert [late] == listed("due_from=2026-04-01&due_to=2026-04-30")
    assert [] == listed("team=edge")


def test_a_list_says_how_members_and_teams_are_called_where_that_is_asked(app: ApiApp) -> None:
    goal = create_active_goal(app)

    ana = app.as_member("ana")
    assert "names" not in ana.get_ok("/v1/goals")
    named = ana.get_ok(f"/v1/goals?id_prefix={goal[:8]}&names=true")
    assert [goal] == [each["id"] for each in named["goals"]]
    assert {"Ana", "Sam", "Core"} == set(named["names"].values())


@pytest.mark.parametrize("prefix", ["abc", "0197-7f6e", "01977f6e-8-", "g1977f6e", "01977f6e8d3a", "ABCD"])
def test_a_beginning_of_no_id_is_refused(app: ApiApp, prefix: str) -> None:
    refused = app.as_member("ana").get("/v1/goals", params={"id_prefix": prefix})

    assert (422, "invalid_field") == (refused.status_code, refused.json()["code"])
    assert "/id_prefix" == refused.json()["errors"][0]["pointer"]


def test_policies_are_versions(app: ApiApp) -> None:
    # given
    stella = app.as_member("stella")
    assert 5 == stella.get_ok("/v1/policies")["in_force"]["policy"]["wip_limit"]

    # when
    response = stella.post("/v1/policies", {"policy": {"wip_limit": 3}}, headers={"If-Match": '"v1"'})

    # then
    assert (200, '"v2"') == (response.status_code, response.headers["ETag"])
    assert (1, 3) == tuple(
        response.json()["in_force"][k] if k == "version" else response.json()["in_force"]["policy"][k]
        for k in ("version", "wip_limit")
    )
    assert 0 == app.as_member("ana").get_ok("/v1/policies?as_of=2026-03-01")["in_force"]["version"]


@pytest.mark.parametrize(
    "policy",
    [
        {"wip_limit": 0},
        {"wip_limit": "three"},
        {"surprise": 1},
        {"focus": "NaN"},
        {"focus": "1E+99"},
        {"cadence_days": 10**30},
    ],
)
def test_a_bad_policy_is_refused(app: ApiApp, policy: dict[str, object]) -> None:
    before = app.count_events()

    response = app.as_member("stella").post("/v1/policies", {"policy": policy})

    assert (422, "invalid_field") == (response.status_code, response.json()["code"])
    assert before == app.count_events()


def test_head_is_get_without_its_body(app: ApiApp) -> None:
    goal = create_active_goal(app)

    got = app.as_member("ana").get(f"/v1/goals/{goal}")
    head = app.as_member("ana").request("HEAD", f"/v1/goals/{goal}")

    assert (200, b"", got.headers["ETag"]) == (head.status_code, head.content, head.headers["ETag"])


def test_the_next_page_of_members_asks_the_same_question(app: ApiApp) -> None:
    ana = app.as_member("ana")

    seen: list[str] = []
    path: str | None = "/v1/members?team=core&limit=2&as_of=2026-03-02"
    while path is not None:
        page = ana.get(path)
        seen += [member["name"] for member in page.json()["members"]]
        path = page.links.get("next", {}).get("url")

    assert ["Ana", "Ben", "Lea", "Mia", "Sam"] == sorted(seen)


def test_the_next_page_of_a_history_asks_about_the_same_time(app: ApiApp) -> None:
    # given
    goal, ana = create_active_goal(app), app.as_member("ana")
    then = app.clock.now.isoformat().replace("+00:00", "Z")
    app.clock.now += timedelta(days=1)
    ana.post_ok(f"/v1/goals/{goal}/check-in", {"note": "later"})

    # when
    seen: list[str] = []
    query: str | None = f"/v1/goals/{goal}/history?limit=1&as_of={then}"
    while query is not None:
        page = ana.get(query)
        seen += [entry["type"] for entry in page.json()["entries"]]
        query = page.links.get("next", {}).get("url")

    # then
    assert ["goal.offered.v1", "goal.accepted.v1"] == seen


def test_a_past_is_told_with_its_own_version_however_the_stream_grows(app: ApiApp) -> None:
    stella = app.as_member("stella")
    before = app.clock.now.isoformat().replace("+00:00", "Z")
    paths = [f"/v1/members/ana?as_of={before}", f"/v1/teams/core?as_of={before}", f"/v1/policies?as_of={before}"]
    told = [stella.get(path).content for path in paths]

    app.clock.now += timedelta(days=1)
    stella.post_ok("/v1/members/ana/capacity", {"hours_per_week": "30", "from": "2026-03-09"})
    stella.post_ok("/v1/teams/core/appoint-lead", {"lead": "sam"})
    stella.post_ok("/v1/policies", {"policy": {"wip_limit": 6}})

    assert told == [stella.get(path).content for path in paths]
