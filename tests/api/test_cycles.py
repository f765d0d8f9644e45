"""Cycles over HTTP: the purpose restated, what was said, and an end only when every goal is decided."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.organisations import create_organisation
from services.runtime import Runtime
from services.settings import Settings
from tests.api.app_under_test import START, ApiApp, MemberClient, TickingClock, create_active_goal, open_client, why
from tests.api.app_under_test import offer as offered

WHY = {
    "to_team": "we see that it is used",
    "to_clients": "they get their money back in a day",
    "to_organisation": "fewer calls, more trust",
}
QUARTER = {"name": "Spring", "starts": "2026-03-02", "ends": "2026-05-29", **WHY}


def adopt_purpose(lead: MemberClient, clock: TickingClock, of: str = "core") -> None:
    """Proposed today, adopted when its time-box is over."""
    until = clock.now.date().isoformat()
    path = f"/v1/charters/{of}"
    proposed = lead.post_ok(f"{path}/propose-purpose", {"text": "Money back, fast", **WHY, "until": until, "ref": "p1"})
    assert proposed["version"] == 1
    clock.now += timedelta(days=2)
    lead.post_ok(f"{path}/adopt-purpose", {"proposal": "p1"})


@pytest.fixture
def lea(app: ApiApp) -> MemberClient:
    """The lead of core, which has a purpose."""
    person = app.as_member("lea")
    adopt_purpose(person, app.clock)
    return person


def open_cycle(lead: MemberClient, ref: str = "spring", **fields: Any) -> dict[str, Any]:
    """Core's cycle under this reference."""
    return lead.post_ok("/v1/cycles", {"do": "open", "team": "core", "ref": ref, **QUARTER, **fields})


def find_figure(report: dict[str, Any], name: str) -> dict[str, Any]:
    (found_,) = [f for f in report["figures"] if f["name"] == name]
    return dict(found_)


def test_a_cycle_from_its_opening_to_the_next_one(app: ApiApp, lea: MemberClient) -> None:
    kept, moved = create_active_goal(app, ref="kept"), create_active_goal(app, ref="moved")
    cycle = open_cycle(lea, goals=["kept"])
    assert ("open", 1, 1) == (cycle["state"], cycle["goals"], cycle["purpose_version"])

    lea.post_ok("/v1/cycles/spring/include-goal", {"goal": "moved"})
    app.as_member("ben").post_ok("/v1/cycles/spring/share-reflection", {"worked": "pairs", "improve": "fewer meetings"})
    improvement = {"improvement": "meet-less", "text": "Meet less", "owner": "ben", "due": "2026-03-20"}
    lea.post_ok("/v1/cycles/spring/agree-improvement", improvement)
    lea.post_ok("/v1/cycles/spring/record-learning", {"goal": "moved", "text": "Ask the vendor first"})
    app.as_member("ana").post_ok(
        "/v1/cycles/spring/credit-contribution", {"goal": "kept", "member": "mia", "text": "Found the slow query"}
    )
    change = app.as_member("ana").post_ok(
        "/v1/goals/moved/propose-change", {"changes": {"effort_hours": 9}, "reason": why()}
    )
    app.as_member("sam").post_ok("/v1/goals/moved/accept-change", {"answers": change["open"]})
    lea.post_ok("/v1/cycles/spring/settle-goal", {"goal": "moved", "how": "renegotiated"})

    undecided = lea.post("/v1/cycles/spring/close", {})
    assert (409, "act_not_allowed", [kept]) == (
        undecided.status_code,
        undecided.json()["code"],
        undecided.json()["allowed"],
    )
    told = app.as_member("mia").get_ok("/v1/cycles/spring")
    assert [{"goal": kept, "state": "active", "possible": ["carried_on"]}] == told["undecided"]

    lea.post_ok("/v1/cycles/spring/settle-goal", {"goal": "kept", "how": "carried_on"})
    assert "closed" == lea.post_ok("/v1/cycles/spring/close", {})["state"]
    following = open_cycle(lea, "summer", follows="spring")
    assert (2, 1, cycle["id"]) == (following["goals"], following["improvements_open"], following["follows"])

    listed = app.as_member("mia").get_ok("/v1/cycles?team=core")["cycles"]
    assert ["summer", "spring"] == sorted((c["ref"] for c in listed), reverse=True)
    assert ["spring"] == [c["ref"] for c in lea.get_ok("/v1/cycles?state=closed")["cycles"]]
    assert {kept, moved} == {g["id"] for g in app.as_member("ana").get_ok("/v1/goals?cycle=summer")["goals"]}
    assert [] == app.as_member("ana").get_ok("/v1/goals?cycle=spring&as_of=2026-03-01")["goals"]


def test_its_history_reads_in_plain_words(app: ApiApp, lea: MemberClient) -> None:
    create_active_goal(app, ref="one", title="Refunds in a day")
    open_cycle(lea, goals=["one"])
    ben = app.as_member("ben")
    ben.post_ok("/v1/cycles/spring/share-reflection", {"worked": "pairs", "improve": "fewer meetings"})
    agreed = {"improvement": "meet", "text": "Meet less", "owner": "ben", "due": "2026-03-20"}
    ben.post_ok("/v1/cycles/spring/agree-improvement", agreed)
    ben.post_ok("/v1/cycles/spring/finish-improvement", {"improvement": "meet"})
    lea.post_ok("/v1/cycles/spring/settle-goal", {"goal": "one", "how": "carried_on"})
    lea.post_ok("/v1/cycles/spring/close")

    told = [entry["text"] for entry in app.as_member("mia").get_ok("/v1/cycles/spring/history")["entries"]]

    opening = (
        'Lea opened the cycle "Spring" from 2026-03-02 to 2026-05-29, with 1 goal, and restated version 1 of the'
        " purpose; to the team: we see that it is used; to clients: they get their money back in a day;"
        " to the organisation: fewer calls, more trust."
    )
    assert [
        opening,
        "Ben reflected: what worked: pairs; what can improve: fewer meetings.",
        'Ben agreed an improvement: "Meet less", which Ben sees to by 2026-03-20.',
        'Ben saw "Meet less" done.',
        'Lea settled that "Refunds in a day" is carried on.',
        "Lea closed the cycle: of its goals 1 carried on.",
    ] == told


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("/v1/cycles/spring", 403),
        ("/v1/cycles/spring/history", 403),
        # A filter says no more than that it found nothing.
        ("/v1/goals?cycle=spring", 404),
    ],
)
def test_a_teams_cycle_is_its_own_business(app: ApiApp, lea: MemberClient, path: str, refused: int) -> None:
    open_cycle(lea)

    for person in ("mia", "lea", "stella", "aud"):
        app.as_member(person).get_ok(path)
    for person in ("eva", "ned", "bot"):
        assert refused == app.as_member(person).get(path).status_code
    assert [] == app.as_member("ned").get_ok("/v1/cycles")["cycles"]
    assert 404 == app.as_member("mia", "rival").get(path).status_code


def test_the_list_of_cycles_goes_on_where_its_page_ended(app: ApiApp, lea: MemberClient) -> None:
    for ref, starts in (("one", "2026-03-02"), ("two", "2026-03-03"), ("three", "2026-03-03")):
        open_cycle(lea, ref, starts=starts)
        lea.post_ok(f"/v1/cycles/{ref}/share-reflection", {"worked": "it runs"})
        lea.post_ok(f"/v1/cycles/{ref}/close", {})

    first = app.as_member("mia").get("/v1/cycles?limit=2&state=closed&team=core")
    open_cycle(lea, "four", starts="2026-03-04")
    second = app.as_member("mia").get_ok(first.headers["link"].partition(">")[0].lstrip("<"))

    assert {"two", "three"} == {found["ref"] for found in first.json()["cycles"]}
    assert (["one"], None) == ([found["ref"] for found in second["cycles"]], second["next"])
    assert 3 == second["cycles"][0]["version"]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=x", "state=over"])
def test_a_page_of_cycles_has_its_bounds(app: ApiApp, query: str) -> None:
    assert 422 == app.as_member("mia").get(f"/v1/cycles?{query}").status_code


def test_the_organisations_cycle_is_everybodys_but_not_the_titles_of_other_teams_goals(app: ApiApp) -> None:
    stella = app.as_member("stella")
    adopt_purpose(stella, app.clock, "organisation")
    create_active_goal(app, ref="one", title="A secret of core")
    stella.post_ok("/v1/cycles", {"do": "open", "ref": "year", **QUARTER, "goals": ["one"]})
    stella.post_ok("/v1/cycles/year/settle-goal", {"goal": "one", "how": "carried_on"})

    def told(person: str) -> list[str]:
        return [entry["text"] for entry in app.as_member(person).get_ok("/v1/cycles/year/history")["entries"]]

    assert 'stella settled that "A secret of core" is carried on.' == told("mia")[-1]
    assert ["stella opened the cycle"] == [text.partition(' "')[0] for text in told("ned")]
    assert ["year"] == [c["ref"] for c in app.as_member("ned").get_ok("/v1/cycles?team=organisation")["cycles"]]


@pytest.mark.parametrize(
    "path", ["/v1/cycles/year", "/v1/cycles/year/history", "/v1/events?limit=500", "/v1/reports/cycles"]
)
def test_who_did_what_for_a_goal_is_for_those_who_see_the_goal(app: ApiApp, path: str) -> None:
    stella = app.as_member("stella")
    adopt_purpose(stella, app.clock, "organisation")
    goal = create_active_goal(app, ref="one")
    stella.post_ok("/v1/cycles", {"do": "open", "ref": "year", **QUARTER, "goals": ["one"]})
    stella.post_ok("/v1/cycles/year/credit-contribution", {"goal": "one", "member": "ben", "text": "Wrote it twice"})
    told = {who: app.as_member(who).get(path) for who in ("mia", "stella", "aud", "ned")}

    assert [200] * 4 == [answer.status_code for answer in told.values()]
    assert ["mia", "stella", "aud"] == [who for who, answer in told.items() if "Wrote it twice" in answer.text]
    if path == "/v1/cycles/year":
        assert ([], []) == (told["ned"].json()["undecided"], told["ned"].json()["cycle"].get("goals", []))
        assert [goal] == [held["goal"] for held in told["mia"].json()["cycle"]["goals"]]


@pytest.mark.parametrize("path", ["/v1/cycles/next", "/v1/cycles/year/history", "/v1/events?limit=500"])
def test_what_became_of_a_goal_is_for_those_who_see_the_goal(app: ApiApp, path: str) -> None:
    stella = app.as_member("stella")
    adopt_purpose(stella, app.clock, "organisation")
    unseen, seen = (
        create_active_goal(app, ref="core's"),
        create_active_goal(app, ref="edge's", owner="ned", sponsor="eva", team="edge"),
    )
    stella.post_ok("/v1/cycles", {"do": "open", "ref": "year", **QUARTER, "goals": ["core's"]})
    stella.post_ok("/v1/cycles/year/include-goal", {"goal": "edge's"})
    stella.post_ok("/v1/cycles/year/share-reflection", {"worked": "much"})
    for goal in ("core's", "edge's"):
        stella.post_ok("/v1/cycles/year/record-learning", {"goal": goal, "text": f"{goal} took long"})
        stella.post_ok("/v1/cycles/year/settle-goal", {"goal": goal, "how": "carried_on"})
    stella.post_ok("/v1/cycles/year/close", {})
    stella.post_ok("/v1/cycles", {"do": "open", "ref": "next", **QUARTER, "follows": "year"})

    told = {who: app.as_member(who).get(path).text for who in ("mia", "ned", "stella", "aud")}

    assert {"mia", "stella", "aud"} == {who for who, text in told.items() if unseen in text or "core's took" in text}
    assert {"ned", "stella", "aud"} == {who for who, text in told.items() if seen in text or "edge's took" in text}


def test_a_feed_tells_everybody_that_the_organisations_cycle_closed_with_the_goals_that_they_see(app: ApiApp) -> None:
    stella = app.as_member("stella")
    adopt_purpose(stella, app.clock, "organisation")
    unseen, seen = (
        create_active_goal(app, ref="one"),
        create_active_goal(app, ref="two", owner="ned", sponsor="eva", team="edge"),
    )
    stella.post_ok("/v1/cycles", {"do": "open", "ref": "year", **QUARTER, "goals": ["one", "two"]})
    stella.post_ok("/v1/cycles/year/share-reflection", {"worked": "much"})
    for goal in ("one", "two"):
        stella.post_ok("/v1/cycles/year/settle-goal", {"goal": goal, "how": "carried_on"})
    stella.post_ok("/v1/cycles/year/close", {})

    def told(person: str, tag: str) -> list[Any]:
        return [event["data"] for event in app.as_member(person).get_ok(f"/v1/events?types={tag}&limit=500")]

    kept = {"state": "active", "how": "carried_on"}
    assert [[{"goal": seen, **kept}]] == [closed["goals"] for closed in told("ned", "cycle.closed.v1")]
    assert [{"goal": goal, **kept} for goal in (unseen, seen)] == told("stella", "cycle.closed.v1")[0]["goals"]
    assert [[seen]] == [opening["goals"] for opening in told("ned", "cycle.opened.v1")]
    assert [seen] == [settled["goal"] for settled in told("ned", "cycle.goal_settled.v1")]


def test_an_act_is_for_those_whose_cycle_it_is(app: ApiApp, lea: MemberClient) -> None:
    open_cycle(lea)
    before = app.count_events()

    assert 403 == app.as_member("ned").post("/v1/cycles/spring/share-reflection", {"worked": "x"}).status_code
    assert 403 == app.as_member("ana").post("/v1/cycles/spring/close", {}).status_code
    assert 403 == app.as_member("aud").post("/v1/cycles/spring/close", {}).status_code
    assert 404 == app.as_member("lea", "rival").post("/v1/cycles/spring/close", {}).status_code
    assert before == app.count_events()


BAD_REQUESTS: list[tuple[str, dict[str, Any], int, str]] = [
    ("/v1/cycles", {"do": "open", "team": "core", **QUARTER}, 409, "act_not_allowed"),
    ("/v1/cycles", {"do": "open", "team": "core", **QUARTER, "ref": "spring"}, 409, "already_exists"),
    ("/v1/cycles", {"do": "open", "team": "edge", **QUARTER}, 403, "forbidden"),
    ("/v1/cycles", {"do": "open", "team": "core", **QUARTER, "to_clients": ""}, 422, "invalid_field"),
    ("/v1/cycles", {"do": "open", "team": "core", "name": "x"}, 422, "invalid_field"),
    ("/v1/cycles", {"do": "open", "team": "core", **QUARTER, "surprise": 1}, 422, "invalid_field"),
    ("/v1/cycles/spring/close", {}, 409, "act_not_allowed"),
    ("/v1/cycles/spring/settle-goal", {"goal": "none", "how": "carried_on"}, 404, "not_found"),
    ("/v1/cycles/spring/settle-goal", {"goal": "none", "how": "forgotten"}, 422, "invalid_field"),
    ("/v1/cycles/spring/finish-improvement", {"improvement": "none"}, 404, "not_found"),
    ("/v1/cycles/spring/share-reflection", {}, 422, "invalid_field"),
    ("/v1/cycles/spring/include-goal", {"goal": "none"}, 404, "not_found"),
    ("/v1/cycles/nothing/close", {}, 404, "not_found"),
]


@pytest.mark.parametrize(("path", "body", "status", "code"), BAD_REQUESTS)
def test_bad_input_is_refused_and_leaves_no_event(
    app: ApiApp, lea: MemberClient, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    open_cycle(lea)
    before = app.count_events()

    answer = lea.post(path, body)

    assert (status, code) == (answer.status_code, answer.json()["code"]), answer.text
    assert before == app.count_events()


def test_without_a_purpose_no_cycle_is_opened(app: ApiApp) -> None:
    answer = app.as_member("lea").post("/v1/cycles", {"do": "open", "team": "core", **QUARTER})

    assert (422, "purpose_required") == (answer.status_code, answer.json()["code"])
    assert ["propose_purpose", "adopt_purpose"] == answer.json()["allowed"]


def test_the_same_request_twice_opens_one_cycle(app: ApiApp, lea: MemberClient) -> None:
    body = {"do": "open", "team": "core", **QUARTER}
    first = lea.post("/v1/cycles", body, headers={"Idempotency-Key": "k1"})
    again = lea.post("/v1/cycles", body, headers={"Idempotency-Key": "k1"})

    assert (201, 201, "true") == (first.status_code, again.status_code, again.headers["Idempotent-Replayed"])
    assert first.json() == again.json()


def test_a_stale_version_is_refused(app: ApiApp, lea: MemberClient) -> None:
    open_cycle(lea)
    lea.post_ok("/v1/cycles/spring/record-learning", {"text": "Ask early"}, headers={"If-Match": '"v1"'})

    late = lea.post("/v1/cycles/spring/record-learning", {"text": "Ask"}, headers={"If-Match": '"v1"'})

    assert 412 == late.status_code


# --- the report ------------------------------------------------------------------------------------------------------


def test_the_review_counts_and_tells(app: ApiApp, lea: MemberClient) -> None:
    create_active_goal(app, ref="one")
    open_cycle(lea, goals=["one"])
    app.as_member("ben").post_ok("/v1/cycles/spring/share-reflection", {"worked": "pairs"})
    for name, due in (("a", "2026-03-05"), ("b", "2026-04-20")):
        agreed = {"improvement": name, "text": f"Do {name}", "owner": "ben", "due": due}
        lea.post_ok("/v1/cycles/spring/agree-improvement", agreed)
    app.clock.now = datetime.fromisoformat("2026-03-10T09:00:00+00:00")

    report = lea.get_ok("/v1/reports/cycles?team=core&names=true&explain=true")

    assert (1, 2) == (
        find_figure(report, "improvements_overdue")["count"],
        find_figure(report, "improvements_overdue")["n"],
    )
    assert (1, 5) == (find_figure(report, "reflection_share")["count"], find_figure(report, "reflection_share")["n"])
    assert 1 == find_figure(report, "goals_undecided")["value"]
    assert [True, False] == [i.get("overdue", False) for i in report["improvements"]]
    assert {"Ben", "Spring"} <= set(report["names"].values())
    assert [1] == [c["undecided"] for c in report["cycles"]]
    assert 1 == len(find_figure(report, "reflections")["events"])


def test_the_review_of_another_team_is_not_shown_and_of_all_only_what_is_ones_own(
    app: ApiApp, lea: MemberClient
) -> None:
    open_cycle(lea)
    app.as_member("ben").post_ok("/v1/cycles/spring/share-reflection", {"worked": "pairs"})

    assert 403 == app.as_member("ned").get("/v1/reports/cycles?team=core").status_code
    seen = app.as_member("ned").get_ok("/v1/reports/cycles")
    assert ([], []) == (seen["cycles"], seen["reflections"])
    assert 1 == len(app.as_member("stella").get_ok("/v1/reports/cycles")["cycles"])
    assert "Spring" == app.as_member("mia").get_ok("/v1/reports/cycles?team=core")["cycles"][0]["name"]


def test_the_feed_shows_a_teams_cycle_to_the_team_only(app: ApiApp, lea: MemberClient) -> None:
    open_cycle(lea)

    def types(person: str) -> set[str]:
        return {e["type"] for e in app.as_member(person).get_ok("/v1/events?types=cycle.opened.v1")}

    assert {"cycle.opened.v1"} == types("mia")
    assert set() == types("ned")


# --- both stores -----------------------------------------------------------------------------------------------------


@pytest.fixture
def steward(database_url: str) -> Iterator[tuple[Any, TickingClock]]:
    """A founded organisation on either store: what its steward sends, and the clock."""
    settings = Settings(database_url=database_url)
    clock = TickingClock(START)
    with contextlib.ExitStack() as stack:
        runtime = stack.enter_context(Runtime(settings, clock=clock))
        key = create_organisation(runtime, "acme", steward="stella").api_key
        client = stack.enter_context(open_client(runtime))

        def send(path: str, body: Any = None) -> Any:
            headers = {"Authorization": f"Bearer {key}"}
            if body is None:
                return client.get(path, headers=headers).json()
            answer = client.post(path, json=body, headers=headers).json()
            runtime.engine.catch_up()
            return answer

        runtime.engine.catch_up()
        yield send, clock


def test_the_organisations_cycle_runs_on_either_store(steward: tuple[Any, TickingClock]) -> None:
    send, clock = steward
    send("/v1/charters/organisation/propose-purpose", {"text": "x", **WHY, "until": "2026-03-02", "ref": "p1"})
    clock.now += timedelta(days=2)
    send("/v1/charters/organisation/adopt-purpose", {"proposal": "p1"})
    send("/v1/goals", {**offered("stella", "stella", ref="mine"), "team": None})

    send("/v1/cycles", {"do": "open", "ref": "year", **QUARTER, "goals": ["mine"]})
    assert "act_not_allowed" == send("/v1/cycles", {"do": "open", "ref": "other", **QUARTER})["code"]
    send("/v1/cycles/year/share-reflection", {"worked": "it runs"})
    send("/v1/cycles/year/settle-goal", {"goal": "mine", "how": "carried_on"})
    assert "closed" == send("/v1/cycles/year/close", {})["state"]
    assert 1 == send("/v1/cycles", {"do": "open", "ref": "next", **QUARTER, "follows": "year"})["goals"]

    first = send("/v1/cycles?limit=1")
    second = send(f"/v1/cycles?limit=1&cursor={first['next']}")
    assert ({"year", "next"}, None) == ({page["cycles"][0]["ref"] for page in (first, second)}, second["next"])
    assert ["mine"] == [g["ref"] for g in send("/v1/goals?cycle=next")["goals"]]
    report = send("/v1/reports/cycles")
    assert (1, 1) == (find_figure(report, "goals_carried_on")["count"], find_figure(report, "reflections")["value"])
    assert 2 == len(report["cycles"])

    send("/v1/cycles/next/share-reflection", {"worked": "it runs"})
    send("/v1/cycles/next/settle-goal", {"goal": "mine", "how": "carried_on"})
    assert "closed" == send("/v1/cycles/next/close", {})["state"]
    refused = send("/v1/cycles", {"do": "open", "ref": "more", **QUARTER, "follows": "year"})
    assert ("act_not_allowed", ["next"]) == (refused["code"], refused["allowed"])

    # the organisation's charter, which the new team's digest tells of too
    send("/v1/teams", {"name": "Web", "lead": "stella", "ref": "web"})
    changed = send("/v1/teams/web/digest?since=1970-01-01&limit=1")["changed"]
    assert (2, 1) == (changed["count"], len(changed["items"]))


def test_what_somebody_made_possible_is_for_that_person_alone(app: ApiApp) -> None:
    # given an outcome of core, a goal of ana's that supports it, and a need that she answers for ned
    lea, ana, ned = app.as_member("lea"), app.as_member("ana"), app.as_member("ned")
    adopt_purpose(lea, app.clock)
    outcome = create_active_goal(app, "lea", "eva", title="The outcome", kind="outcome")
    own = create_active_goal(app, "ana", "lea", supports=[{"goal": outcome}], title="Her part")
    helped = create_active_goal(app, "ned", "eva", team="edge", title="Edge's own")
    cycle = open_cycle(lea, goals=[outcome])["id"]
    credit = {"goal": outcome, "member": "ana", "text": "found the missing case"}
    lea.post_ok(f"/v1/cycles/{cycle}/credit-contribution", credit)
    lea.post_ok(f"/v1/cycles/{cycle}/credit-contribution", {**credit, "member": "ben", "text": "tried it first"})
    need = {"needs": [{"text": "a second pair of eyes", "addressee": "ana"}], "note": "stuck"}
    check_in = ned.post_ok(f"/v1/goals/{helped}/check-in", need)["events"][-1]
    ana.post_ok(f"/v1/goals/{helped}/answer-need", {"need": f"{check_in}/0", "text": "I look at it"})
    assert [("credited", outcome)] == [(e["how"], e["goal"]) for e in ana.get_ok("/v1/me/made-possible")["entries"]]

    # when they are kept
    for goal, owner, sponsor in ((own, "ana", "lea"), (outcome, "lea", "eva"), (helped, "ned", "eva")):
        delivered = app.as_member(owner).post_ok(f"/v1/goals/{goal}/declare-complete")["events"][-1]
        app.as_member(sponsor).post_ok(f"/v1/goals/{goal}/declare-satisfied", {"answers": delivered})

    # then, the latest first
    found = ana.get_ok("/v1/me/made-possible?names=true")
    assert [("supported", outcome, own), ("helped", helped, None), ("credited", outcome, None)] == [
        (entry["how"], entry["goal"], entry.get("own_goal")) for entry in found["entries"]
    ]
    assert ("found the missing case", "Lea") == (found["entries"][2]["text"], found["names"][found["entries"][2]["by"]])
    # She is no party to edge's goal any more.
    assert {"The outcome", "Her part", "Lea"} == set(found["names"].values())
    assert [] == app.as_member("mia").get_ok("/v1/me/made-possible")["entries"]
    for other in ("lea", "stella", "aud"):
        assert "missing case" not in app.as_member(other).get("/v1/me/made-possible").text
        assert 404 == app.as_member(other).get("/v1/members/ana/made-possible").status_code


def test_the_review_shows_how_it_was_gone_about_and_which_freedoms_were_used(app: ApiApp) -> None:
    # given two freedoms, and a cycle in whose time ana changes her approach once
    lea, ana = app.as_member("lea"), app.as_member("ana")
    adopt_purpose(lea, app.clock)
    for name, text in (("tools", "We choose our tools"), ("hours", "We choose our hours")):
        lea.post_ok("/v1/charters/core/grant-freedom", {"freedom": name, "text": text, "purpose_version": 1})
    goal = create_active_goal(app, title="Her goal")
    path = f"/v1/goals/{goal}"
    ana.post_ok(f"{path}/choose-approach", {"text": "before the cycle"})
    cycle = open_cycle(lea, goals=[goal])["id"]
    first = ana.post_ok(f"{path}/choose-approach", {"text": "figures first"})["events"][-1]
    second = ana.post_ok(f"{path}/choose-approach", {"text": "interviews first", "freedom": "tools"})["events"][-1]
    ana.post_ok(f"{path}/check-in", {"progress": 0.5, "note": "half of it"})

    # when
    report = lea.get_ok("/v1/reports/cycles?team=core")

    # then
    assert [(first, "figures first", True, 0.5), (second, "interviews first", False, 0.5)] == [
        (a["event"], a["text"], a.get("replaced", False), a["progress"]) for a in report["approaches"]
    ]
    assert ["active", "active"] == [a["state"] for a in report["approaches"]]
    freedoms = {f["text"]: (f["cycle"], f.get("uses", 0), f["freedom"]) for f in report["freedoms"]}
    assert {"We choose our tools": (cycle, 1), "We choose our hours": (cycle, 0)} == {
        text: of[:2] for text, of in freedoms.items()
    }
    assert report["approaches"][1]["freedom"] == freedoms["We choose our tools"][2]
    assert 2 == find_figure(report, "approaches_chosen")["value"]
    assert (1, 2) == tuple(find_figure(report, "freedoms_used")[key] for key in ("count", "n"))
    entries = ana.get_ok(f"{path}/history?limit=200")["entries"]
    assert any("in a freedom of the charter: interviews first" in entry["text"] for entry in entries)
    text = lea.get("/v1/reports/cycles?team=core&format=text").text
    assert "“Her goal” (active): interviews first" in text
    assert "figures first" not in text


def test_an_approach_names_a_freedom_that_stands(app: ApiApp) -> None:
    lea, ana = app.as_member("lea"), app.as_member("ana")
    adopt_purpose(lea, app.clock)
    granted = {"freedom": "tools", "text": "We choose our tools", "purpose_version": 1}
    lea.post_ok("/v1/charters/core/grant-freedom", granted)
    goal, elsewhere = create_active_goal(app), create_active_goal(app, "ned", "eva", team="edge")
    before = app.count_events()

    unknown = ana.post(f"/v1/goals/{goal}/choose-approach", {"text": "so", "freedom": "hours"})
    of_another_team = app.as_member("ned").post(
        f"/v1/goals/{elsewhere}/choose-approach", {"text": "so", "freedom": "tools"}
    )

    for response, allowed in ((unknown, ["tools"]), (of_another_team, None)):
        problem = response.json()
        assert (404, "/freedom") == (response.status_code, problem["errors"][0]["pointer"])
        assert allowed == (problem.get("allowed") or None)
    assert before == app.count_events()
    ana.post_ok(f"/v1/goals/{goal}/choose-approach", {"text": "so", "freedom": "tools"})
