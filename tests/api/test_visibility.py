"""Who sees what over HTTP: the role table, goal by goal, person by person, figure by figure, event by event."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.app_under_test import ApiApp, create_active_goal, offer, why

EVERYBODY = ("stella", "lea", "ana", "ben", "sam", "mia", "eva", "ned", "aud", "bot")
CORE = {"lea", "ana", "ben", "sam", "mia"}


def status_for_each(app: ApiApp, path: str) -> dict[str, int]:
    return {person: app.as_member(person).get(path).status_code for person in EVERYBODY}


def expected_statuses(allowed: set[str]) -> dict[str, int]:
    return {person: 200 if person in allowed else 403 for person in EVERYBODY}


@pytest.mark.parametrize("part", ["", "/history", "/why?field=due", "/diff?from=2026-03-01"])
def test_a_goal_is_for_its_parties_its_team_stewards_and_auditors(app: ApiApp, part: str) -> None:
    goal = create_active_goal(app)

    assert expected_statuses({*CORE, "stella", "aud"}) == status_for_each(app, f"/v1/goals/{goal}{part}")


def test_a_goal_without_a_team_is_for_its_parties_alone(app: ApiApp) -> None:
    goal = create_active_goal(app, owner="ana", sponsor="ned", team=None)

    assert expected_statuses({"ana", "ned", "stella", "aud"}) == status_for_each(app, f"/v1/goals/{goal}")


def test_whoever_is_asked_for_help_sees_what_for(app: ApiApp) -> None:
    goal = create_active_goal(app)
    assert 403 == app.as_member("ned").get(f"/v1/goals/{goal}").status_code

    needs = [{"text": "a review", "addressee": "ned"}]
    app.as_member("ana").post_ok(f"/v1/goals/{goal}/check-in", {"note": "stuck", "needs": needs})

    assert 200 == app.as_member("ned").get(f"/v1/goals/{goal}").status_code


def test_a_list_shows_what_its_reader_may_see_and_its_pages_are_full(app: ApiApp) -> None:
    # given
    ours = [create_active_goal(app, title=f"core {n}") for n in range(3)]
    theirs = [create_active_goal(app, "ned", "eva", team="edge", title=f"edge {n}") for n in range(3)]

    # when
    seen = {person: _list_goal_ids(app, person) for person in ("ana", "ned", "stella", "aud", "bot")}

    # then
    assert {"ana": {*ours}, "ned": {*theirs}, "stella": {*ours, *theirs}, "aud": {*ours, *theirs}, "bot": set()} == seen


def _list_goal_ids(app: ApiApp, person: str) -> set[str]:
    found: set[str] = set()
    path = "/v1/goals?limit=2"
    while path:
        response = app.as_member(person).get(path)
        goals = [goal["id"] for goal in response.json()["goals"]]
        assert not found & set(goals)
        found |= set(goals)
        link = response.links.get("next")
        path = link["url"] if link else ""
        assert len(goals) == 2 or not path
    return found


def test_pages_stay_the_same_under_writes(app: ApiApp) -> None:
    # given
    wanted = [create_active_goal(app, title=f"goal {n}", due=f"2026-04-{n + 1:02}") for n in range(5)]
    ana = app.as_member("ana")
    first = ana.get_ok("/v1/goals?limit=2")

    # when goals are added before, and changed within, what was read
    create_active_goal(app, title="new", due="2026-03-10")
    ana.post_ok(f"/v1/goals/{wanted[3]}/retitle", {"title": "renamed"})

    # then
    second = ana.get_ok(f"/v1/goals?limit=2&cursor={first['next']}")
    third = ana.get_ok(f"/v1/goals?limit=2&cursor={second['next']}")
    assert wanted == [goal["id"] for page in (first, second, third) for goal in page["goals"]]
    assert third["next"] is None


def test_capacity_absences_and_roles_are_for_the_person_the_lead_stewards_and_auditors(app: ApiApp) -> None:
    # given
    app.as_member("ana").post_ok("/v1/members/ana/capacity", {"hours_per_week": 32, "from": "2026-03-01"})

    # when
    told = {person: "capacities" in app.as_member(person).get_ok("/v1/members/ana") for person in EVERYBODY}

    # then
    assert {person: person in ("ana", "lea", "stella", "aud") for person in EVERYBODY} == told


def test_the_list_of_members_tells_no_more_than_each_page_does(app: ApiApp) -> None:
    listed = app.as_member("ben").get_ok("/v1/members?limit=500")["members"]

    assert [app.resolve_id("member", "ben")] == [member["id"] for member in listed if "capacities" in member]
    assert len(EVERYBODY) == len(listed)


def test_a_team_names_its_members(app: ApiApp) -> None:
    told = app.as_member("ned").get_ok("/v1/teams/core")

    assert {app.resolve_id("member", person) for person in CORE} == set(told["members"])
    assert app.resolve_id("member", "lea") == told["lead"]


@pytest.mark.parametrize("report", ["overload", "drift"])
def test_a_persons_report_is_for_the_person_the_lead_stewards_and_auditors(app: ApiApp, report: str) -> None:
    found = status_for_each(app, f"/v1/reports/{report}?member=ana")

    assert expected_statuses({"ana", "lea", "stella", "aud"}) == found


@pytest.mark.parametrize("report", ["overload", "drift"])
def test_a_teams_report_is_for_its_members_its_lead_stewards_and_auditors(app: ApiApp, report: str) -> None:
    found = status_for_each(app, f"/v1/reports/{report}?team=core")

    assert expected_statuses({*CORE, "stella", "aud"}) == found


def _list_members(report: dict[str, Any]) -> set[str]:
    return {figure["member"] for figure in report["figures"] if "member" in figure}


def test_a_report_shows_each_reader_the_persons_they_may_see(app: ApiApp) -> None:
    # given
    create_active_goal(app, "ana", "sam", effort_hours=200)
    create_active_goal(app, "ned", "eva", team="edge", effort_hours=200)

    # when
    seen = {
        person: _list_members(app.as_member(person).get_ok("/v1/reports/overload"))
        for person in ("ana", "lea", "eva", "stella")
    }

    # then
    every = {app.resolve_id("member", person) for person in EVERYBODY}
    assert {app.resolve_id("member", "ana")} == seen["ana"]
    assert {app.resolve_id("member", person) for person in CORE} == seen["lea"]
    assert {app.resolve_id("member", person) for person in ("eva", "ned")} == seen["eva"]
    assert every == seen["stella"]


def test_relief_is_for_the_overloaded_and_those_who_may_see_them(app: ApiApp) -> None:
    create_active_goal(app, "ana", "sam", effort_hours=300)

    told = {
        p: app.as_member(p).get_ok("/v1/reports/overload?team=core")["relief"] for p in ("ana", "lea", "ben", "stella")
    }

    assert {"ana": 1, "lea": 1, "ben": 0, "stella": 1} == {person: len(relief) for person, relief in told.items()}


def test_a_small_groups_figures_are_withheld_from_those_who_may_not_see_its_persons(app: ApiApp) -> None:
    # given team edge of two
    create_active_goal(app, "ned", "eva", team="edge")

    # when
    told = app.as_member("ned").get_ok("/v1/reports/drift?team=edge")
    lead = app.as_member("eva").get_ok("/v1/reports/drift?team=edge")

    # then
    groups = [figure for figure in told["figures"] if "goal" not in figure and "member" not in figure]
    assert groups
    assert {(None, "withheld", "small_group")} == {(f["value"], f["status"], f["rule"]) for f in groups}
    assert "withheld" not in {figure.get("status") for figure in lead["figures"]}


def test_a_group_of_five_with_five_outside_is_shown_to_its_members(app: ApiApp) -> None:
    # given team core of five, each with a goal; eva, ned, stella, aud, bot are five outside
    for owner in CORE:
        create_active_goal(app, owner, "stella")

    told = app.as_member("ben").get_ok("/v1/reports/drift?team=core")

    figures = {figure["name"]: figure for figure in told["figures"]}
    assert (0, 5, 0.0) == tuple(figures["stale_share"][key] for key in ("count", "n", "value"))
    assert "withheld" not in {figure.get("status") for figure in told["figures"]}


def test_drift_tells_nobody_the_title_of_a_goal_that_they_may_not_see(app: ApiApp) -> None:
    # given a goal of core that supports one of edge, which moves on
    parent = create_active_goal(app, "ned", "eva", team="edge", title="A quiet plan")
    child = create_active_goal(app, supports=[{"goal": parent}])
    body = {"changes": {"due": "2026-04-20"}, "reason": why()}
    opened = app.as_member("ned").post_ok(f"/v1/goals/{parent}/propose-change", body)["open"]
    app.as_member("eva").post_ok(f"/v1/goals/{parent}/accept-change", {"answers": opened})

    # when
    told = {person: app.as_member(person).get("/v1/reports/drift?names=true") for person in ("ana", "stella")}

    # then
    assert "A quiet plan" in told["stella"].text
    assert "A quiet plan" not in told["ana"].text
    assert parent not in told["ana"].text
    assert [(child, "alignment")] == [(mend["goal"], mend["kind"]) for mend in told["ana"].json()["mend"]]


def test_a_report_on_nobody_is_no_good_news(app: ApiApp) -> None:
    for path in ("/v1/reports/drift?team=no-such-team", "/v1/reports/overload?member=no-such-member"):
        assert 404 == app.as_member("stella").get(path).status_code


def _list_subjects(app: ApiApp, person: str) -> set[str]:
    found: set[str] = set()
    path = "/v1/events?limit=7"
    while True:
        response = app.as_member(person).get(path)
        found |= {event["subject"] for event in response.json()}
        if response.links["next"]["url"] == path:
            return found
        path = response.links["next"]["url"]


def test_the_feed_tells_each_reader_what_they_may_see(app: ApiApp) -> None:
    # given
    ours, theirs = create_active_goal(app), create_active_goal(app, "ned", "eva", team="edge")

    # when
    seen = {person: _list_subjects(app, person) for person in ("ana", "ned", "stella", "aud")}

    # then
    goals = {person: {s for s in subjects if s.startswith("goal/")} for person, subjects in seen.items()}
    both = {f"goal/{ours}", f"goal/{theirs}"}
    assert {"ana": {f"goal/{ours}"}, "ned": {f"goal/{theirs}"}, "stella": both, "aud": both} == goals
    mine = {s for s in seen["ana"] if s.startswith("member/")}
    assert {f"member/{app.resolve_id('member', 'ana')}"} == mine


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/goals", offer("aud", "sam")),
        ("/v1/members/aud/capacity", {"hours_per_week": 1, "from": "2026-03-01"}),
        ("/v1/policies", {"policy": {"wip_limit": 3}}),
        ("/v1/teams", {"name": "x", "lead": "aud"}),
        ("/v1/keys", {"member": "aud", "scopes": ["read"]}),
        ("/v1/imports", None),
    ],
)
def test_an_auditor_acts_on_nothing(app: ApiApp, path: str, body: Any) -> None:
    before = app.count_events()

    response = app.as_member("aud").post(path, body)

    assert 403 == response.status_code, response.text
    assert before == app.count_events()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/policies", {"policy": {"wip_limit": 3}}),
        ("/v1/teams", {"name": "x", "lead": "ana"}),
        ("/v1/members", {"ref": "new", "team": "edge"}),
        ("/v1/members/ben/grant-role", {"role": "steward"}),
        ("/v1/members/ana/grant-role", {"role": "steward"}),
        ("/v1/members/ben/capacity", {"hours_per_week": 1, "from": "2026-03-01"}),
        ("/v1/members/ben/leave", {}),
        ("/v1/teams/core/rename", {"name": "mine"}),
        ("/v1/teams/core/appoint-lead", {"lead": "ana"}),
        ("/v1/keys", {"member": "ana", "scopes": ["admin"]}),
    ],
)
def test_a_member_has_no_powers_of_a_lead_or_steward(app: ApiApp, path: str, body: dict[str, Any]) -> None:
    before = app.count_events()

    response = app.as_member("ana").post(path, body)

    assert 403 == response.status_code, response.text
    assert before == app.count_events()


def test_a_lead_names_the_team_and_its_members(app: ApiApp) -> None:
    lea = app.as_member("lea")

    assert "Heart" == lea.post_ok("/v1/teams/core/rename", {"name": "Heart"})["name"]
    assert [app.resolve_id("team", "core")] == lea.post_ok("/v1/members", {"ref": "new", "team": "core"})["teams"]
    assert 403 == lea.post("/v1/teams/edge/rename", {"name": "Ours too"}).status_code


def test_whoever_has_left_sees_nothing_more(app: ApiApp) -> None:
    assert 200 == app.as_member("ben").get("/v1/teams").status_code

    app.as_member("stella").post_ok("/v1/members/ben/leave", {})

    assert 401 == app.as_member("ben").get("/v1/teams").status_code


def test_a_key_knows_who_it_speaks_for(app: ApiApp) -> None:
    told = app.as_member("lea").get_ok("/v1/me")

    assert app.resolve_id("member", "lea") == told["member"]
    assert (["member", "lead"], ["act", "read"], [app.resolve_id("team", "core")]) == (
        told["roles"],
        told["scopes"],
        told["leads"],
    )


def test_why_tells_of_a_supported_goal_only_those_who_may_see_it(app: ApiApp) -> None:
    # given a goal of team core that supports one of team edge
    parent = create_active_goal(app, "ned", "eva", team="edge", title="Edge's own plan")
    change = {"changes": {"due": "2026-04-24"}, "reason": {"code": "capacity", "text": "ned's own trouble"}}
    proposed = app.as_member("ned").post_ok(f"/v1/goals/{parent}/propose-change", change)
    app.as_member("eva").post_ok(f"/v1/goals/{parent}/accept-change", {"answers": proposed["open"]})
    goal = create_active_goal(app, supports=[{"goal": parent}])

    # when
    asked = {person: app.as_member(person).get_ok(f"/v1/goals/{goal}/why?field=due") for person in ("ana", "stella")}

    # then
    assert [] == asked["ana"]["upstream"]
    assert [parent] == [up["goal"] for up in asked["stella"]["upstream"]]


def test_an_integration_that_records_a_value_of_a_goal_it_cannot_see_hears_only_that_it_was_recorded(
    app: ApiApp,
) -> None:
    goal = create_active_goal(app, measure={"kind": "number", "unit": "pages", "baseline": "0", "target": "10"})
    bot = app.as_member("bot")
    assert 403 == bot.get(f"/v1/goals/{goal}").status_code

    told = bot.post_ok(f"/v1/goals/{goal}/record-value", {"value": "3"})

    assert {"id", "version", "position", "events"} == set(told)
    assert "3" == app.as_member("ana").get_ok(f"/v1/goals/{goal}")["goal"]["value"]


def test_an_integration_hears_what_is_wrong_with_its_value_and_not_how_the_goal_stands(app: ApiApp) -> None:
    goal = create_active_goal(app, measure={"kind": "number", "unit": "pages", "baseline": "0", "target": "10"})
    bot, path = app.as_member("bot"), f"/v1/goals/{goal}/record-value"

    wrong = bot.post(path, {"value": "many"})
    said = bot.post(path, {"value": "3"}, headers={"Idempotency-Key": "k"})
    again, other = (bot.post(path, {"value": v}, headers={"Idempotency-Key": "k"}) for v in ("3", "4"))
    app.as_member("sam").post_ok(f"/v1/goals/{goal}/cancel", {"reason": why()})
    late = bot.post(path, {"value": "5"})

    assert (422, "invalid_field") == (wrong.status_code, wrong.json()["code"])
    assert said.json() == again.json()
    assert (422, "idempotency_key_reused") == (other.status_code, other.json()["code"])
    assert (403, "forbidden") == (late.status_code, late.json()["code"])


#: Acts that are refused in other words in each state, where one may see it.
PROBES: list[tuple[str, dict[str, Any]]] = [
    ("promise", {"answers": "00000000-0000-7000-8000-000000000000"}),
    ("accept", {"answers": "00000000-0000-7000-8000-000000000000"}),
    ("check-in", {"note": "so far"}),
    ("declare-satisfied", {}),
    ("close-broken", {"reason": {"code": "other", "text": "because it is a probe"}}),
    ("answer-need", {"need": "none/0", "text": "x"}),
    ("resolve-blocker", {"blocker": "none", "resolution": "x"}),
    ("resume", {"as": "sponsor"}),
    ("reassign-sponsor", {"sponsor": "bot", "reason": {"code": "other", "text": "because it is a probe"}}),
]


@pytest.mark.parametrize("person", ["bot", "ned"])
def test_refusals_are_the_same_however_a_goal_stands_that_one_may_not_see(app: ApiApp, person: str) -> None:
    offered = app.as_member("ana").post_ok("/v1/goals", offer())["id"]
    proposed, delivered = create_active_goal(app), create_active_goal(app)
    change = {"changes": {"due": "2026-04-24"}, "reason": why()}
    app.as_member("ana").post_ok(f"/v1/goals/{proposed}/propose-change", change)
    app.as_member("ana").post_ok(f"/v1/goals/{delivered}/declare-complete", {})

    def told(goal: str, act: str, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = app.as_member(person).post(f"/v1/goals/{goal}/{act}", body).json()
        return {name: value for name, value in answer.items() if name not in ("instance", "request_id")}

    for act, body in PROBES:
        first, *others = (told(goal, act, body) for goal in (offered, create_active_goal(app), proposed, delivered))
        assert [first] * 3 == others, act


def test_a_refusal_tells_nobody_how_a_goal_stands_that_they_may_not_see(app: ApiApp) -> None:
    goal = create_active_goal(app)

    act = app.as_member("bot").post(f"/v1/goals/{goal}/promise", {})
    stale = app.as_member("bot").post(f"/v1/goals/{goal}/check-in", {}, headers={"If-Match": '"v99"'})

    for refused in (act, stale):
        assert (403, "active" in refused.text) == (refused.status_code, False)


def test_a_team_sees_how_much_of_it_is_owned_outside_and_not_by_whom(app: ApiApp) -> None:
    # given a goal of core that ned, of edge, owns
    create_active_goal(app, "ned", "sam", team="core")
    ned = app.resolve_id("member", "ned")

    for reader in ("lea", "stella", "aud"):
        report = app.as_member(reader).get_ok("/v1/reports/overload?team=core&explain=true&names=true")
        outside = [f for f in report["figures"] if f["name"] == "owned_outside"]

        assert [(1, 1)] == [(f["count"], f["n"]) for f in outside]
        assert ned not in str(report["figures"])
        assert (reader in ("stella", "aud")) == (ned in report["names"])  # of the additions, which they may see


def test_a_team_of_few_is_not_shown_to_its_members_as_a_group(app: ApiApp) -> None:
    create_active_goal(app, "ana", "sam", team="edge")

    report = app.as_member("ned").get_ok("/v1/reports/overload?team=edge")
    (outside,) = [f for f in report["figures"] if f["name"] == "owned_outside"]
    assert {"name", "team", "value", "status", "rule"} == outside.keys()
    assert (None, "withheld") == (outside["value"], outside["status"])
