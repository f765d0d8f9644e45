"""One journey over HTTP, in every shape that Plimsoll is deployed in; the scenario does not know which."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.servers import PostgresServer
from tests.system.deployment import Client, Deployment, deploy, wait_until

#: Name -> on PostgreSQL, with Redis, API processes, workers.
SHAPES = {
    "embedded": (False, False, 1, 0),
    "one process on PostgreSQL": (True, False, 1, 0),
    "PostgreSQL, Redis, two APIs, two workers": (True, True, 2, 2),
}

WHY = {"code": "new_need", "text": "planned together for the spring"}


@pytest.fixture(scope="module", params=SHAPES, ids=list(SHAPES))
def deployment(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    start_postgres: Callable[[], PostgresServer],
    start_redis: Callable[[], str],
) -> Iterator[Deployment]:
    """One deployment of each shape; every test founds an organisation of its own in it."""
    on_postgres, with_redis, apis, workers = SHAPES[request.param]
    folder = tmp_path_factory.mktemp("deployment")
    url = f"sqlite:///{folder / 'plimsoll.sqlite'}"
    if on_postgres:
        server = start_postgres()
        url = server.url(server.create_database())
    with deploy(folder, url, start_redis() if with_redis else None, apis=apis, workers=workers) as running:
        yield running


def example_rows() -> list[dict[str, Any]]:
    """The worked example of the reports' page, as import rows."""

    def offer(goal: str, hours: int, start: str, due: str, at: str) -> list[dict[str, Any]]:
        terms = {"conditions": ["done"], "start": start, "due": due, "effort_hours": hours}
        who = {"title": goal, "owner": "ana", "sponsor": "sam", "team": "core"}
        return [
            {"at": at, "by": "ana", "do": "goal.offer", "goal": goal, **who, "terms": terms, "reason": WHY},
            {"at": at, "by": "sam", "do": "goal.accept", "goal": goal},
        ]

    first = "2026-01-05T09:00:00Z"
    return [
        {"at": first, "by": "lea", "do": "team.create", "team": "core", "name": "Core", "lead": "lea"},
        *({"at": first, "by": "lea", "do": "member.join", "member": m, "team": "core"} for m in ("lea", "ana", "sam")),
        {
            "at": first,
            "by": "ana",
            "do": "member.capacity",
            "member": "ana",
            "hours_per_week": 40,
            "from": "2026-01-05",
        },
        *offer("A", 64, "2026-03-02", "2026-03-27", "2026-01-20T10:00:00Z"),
        *offer("B", 30, "2026-03-02", "2026-03-13", "2026-01-20T10:00:00Z"),
        *offer("C", 20, "2026-03-04", "2026-03-13", "2026-03-04T12:00:00Z"),
        {
            "at": "2026-03-05T09:00:00Z",
            "by": "ana",
            "do": "goal.propose_change",
            "goal": "B",
            "changes": {"due": "2026-03-27"},
            "reason": {"code": "capacity", "text": "makes room for C"},
            "trade_offs": [{"kind": "defer", "for": "C"}],
        },
        {"at": "2026-03-05T09:30:00Z", "by": "sam", "do": "goal.accept_change", "goal": "B"},
    ]


@pytest.fixture
def steward(deployment: Deployment, request: pytest.FixtureRequest) -> Client:
    """The steward of a new organisation."""
    told = deployment.run_command("organisation", "create", request.node.originalname, "--steward", "stella")
    return deployment.client(told["api_key"])


def import_rows(steward: Client, rows: list[dict[str, Any]]) -> dict[str, Any]:
    body = b"\n".join(json.dumps(row).encode() for row in rows)
    answer = steward.call("POST", "/v1/imports", content=body, headers={"Content-Type": "application/x-ndjson"})
    assert answer.is_success, answer.text
    told: dict[str, Any] = answer.json()
    return told


def find_figures(report: dict[str, Any], name: str, **of: Any) -> list[dict[str, Any]]:
    """The figures of that name with these keys."""
    return [f for f in report["figures"] if f["name"] == name and all(f.get(k) == v for k, v in of.items())]


def find_value(report: dict[str, Any], name: str, **of: Any) -> float:
    """The one figure of that name, to four decimals, as the worked example prints them."""
    (figure,) = find_figures(report, name, **of)
    number: float = figure["value"]
    return round(number, 4)


def test_the_worked_example_reads_as_written(steward: Client) -> None:
    rows = example_rows()

    first, again = import_rows(steward, rows), import_rows(steward, rows)
    assert {"accepted": len(rows), "already": 0, "position": first["position"]} == first
    assert {"accepted": 0, "already": len(rows), "position": again["position"]} == again
    # Nothing of it is recorded twice: what may have come between the two is a sweep of the example's timers.
    since: Any = steward.get("/v1/events", after=first["position"])
    assert {"system"} >= {event["authtype"] for event in since}
    steward.position = again["position"]

    def overload(as_of: str) -> dict[str, Any]:
        return steward.get("/v1/reports/overload", team="core", as_of=as_of, window=28)

    ana = steward.get("/v1/members/ana")["id"]
    week = {"member": ana, "week": "2026-03-02"}
    monday = overload("2026-03-02")
    (load,) = find_figures(monday, "load_ratio", **week)
    assert (0.96875, "amber") == (load["value"], load["line"])

    before_c = overload("2026-03-04T11:59:59Z")
    (load,) = find_figures(before_c, "load_ratio", **week)
    assert (1.1415, "red") == (round(load["value"], 4), load["line"])

    with_c = overload("2026-03-04")
    assert 1.5321 == find_value(with_c, "load_ratio", **week)
    (yes_and,) = find_figures(with_c, "yes_and_ratio")
    assert (1, 1, 1) == (yes_and["value"], yes_and["count"], yes_and["n"])

    paired = overload("2026-03-05")
    (yes_and,) = find_figures(paired, "yes_and_ratio")
    assert (0, 0, 1) == (yes_and["value"], yes_and["count"], yes_and["n"])
    assert 0.1176 == find_value(paired, "yes_and_by_effort")
    assert with_c["figures"] == overload("2026-03-04")["figures"]


def create_clients(steward: Client, deployment: Deployment, *members: str) -> list[Client]:
    """A key for each of these members."""
    asked = [steward.act("/v1/keys", {"member": member, "scopes": ["read", "act"]}) for member in members]
    return [deployment.client(answer["key"]) for answer in asked]


def test_a_promise_is_made_renegotiated_and_kept(deployment: Deployment, steward: Client) -> None:
    steward.act("/v1/teams", {"ref": "core", "name": "Core", "lead": "stella"})
    for member in ("ana", "sam"):
        steward.act("/v1/members", {"ref": member, "team": "core", "name": member.title()})
    ana, sam = create_clients(steward, deployment, "ana", "sam")

    terms = {"conditions": ["works", "documented"], "due": "2030-06-28", "effort_hours": 12}
    offer = {"do": "offer", "ref": "g", "title": "Ship it", "sponsor": "sam", "team": "core", "terms": terms}
    offered = ana.act("/v1/goals", {**offer, "reason": WHY}, **{"Idempotency-Key": "first-offer"})
    again = ana.act("/v1/goals", {**offer, "reason": WHY}, **{"Idempotency-Key": "first-offer"})
    assert offered == again

    sam.act("/v1/goals/g/accept", {"answers": offered["open"]})
    changed = ana.act("/v1/goals/g/propose-change", {"changes": {"due": "2030-07-12"}, "reason": WHY})
    stale = sam.call("POST", "/v1/goals/g/accept-change", json={"answers": offered["open"]})
    assert (409, "answers_superseded") == (stale.status_code, stale.json()["code"])
    sam.act("/v1/goals/g/accept-change", {"answers": changed["open"]})
    ana.act("/v1/goals/g/check-in", {"note": "half way", "progress": "0.5", "confidence": 0.8})
    done = ana.act("/v1/goals/g/declare-complete", {})
    ended = sam.act("/v1/goals/g/declare-satisfied", {"answers": done["open"]})

    assert "satisfied" == ended["state"]
    sam.position = ended["position"]
    assert "satisfied" == sam.get("/v1/goals/g")["state"]
    entries = sam.get("/v1/goals/g/history")["entries"]
    assert [
        "goal.offered.v1",
        "goal.accepted.v1",
        "goal.change_proposed.v1",
        "goal.change_accepted.v1",
        "goal.checked_in.v1",
        "goal.completion_declared.v1",
        "goal.satisfaction_declared.v1",
    ] == [entry["type"] for entry in entries]
    why = sam.get("/v1/goals/g/why", field="due")
    assert ("2030-07-12", ["change", "promise"]) == (why["value"], [link["kind"] for link in why["chain"]])


def test_the_clock_lapses_a_promise_nobody_spoke_about(deployment: Deployment, steward: Client) -> None:
    rows = example_rows()
    import_rows(steward, rows)

    def lapsed() -> bool | None:
        goal = steward.call("GET", "/v1/goals/A")
        return True if goal.is_success and goal.json()["state"] == "lapsed" else None

    assert wait_until(lapsed, deployment.read_logs)
    (entry,) = [e for e in steward.get("/v1/goals/A/history")["entries"] if e["type"] == "goal.lapsed.v1"]
    assert ("2026-03-31T00:00:00.000000Z", "timer") == (entry["occurred_at"], entry["source"])


def test_the_log_is_complete_and_the_views_follow_it(deployment: Deployment, steward: Client) -> None:
    import_rows(steward, example_rows())

    def settled() -> bool | None:
        # It fails as long as a view is empty.
        code, views = deployment.try_command("projections", "status")
        return True if code == 0 and all(view["missing"] == 0 for view in views) else None

    assert wait_until(settled, deployment.read_logs)

    def healthy() -> bool | None:
        code, checks = deployment.try_command("doctor")
        return True if code == 0 and all(check["ok"] for check in checks) else None

    # Timers are swept each second here: what one records is for a moment not in the views.
    assert wait_until(healthy, deployment.read_logs)
