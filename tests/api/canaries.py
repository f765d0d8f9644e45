"""An organisation with a canary in every text and number that some of its members may not see, and a walk that looks.

`create_world` plants them in a goal, a cycle, a decision and a charter of team edge, in a person's figures, and in what
the organisation's own cycle holds of edge's goal. `walk` asks every route of the OpenAPI document, by whatever names
something of them, and then everything about the goals that its reader made meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from httpx import Response

from projections.history.history import FIELDS
from projections.marts.registry import MARTS
from tests.api.app_under_test import ApiApp, MemberClient, create_active_goal, offer, why
from tests.api.route_walk import TenantSecrets, create_subscription, fill_path, generate_requests, load_document
from tests.api.test_cycles import adopt_purpose, open_cycle

#: Forms of a report that are made of its sentences and figures.
PAGES = ("format=html", "format=svg")
#: What a canary stands in -> how its text begins. Letters that occur nowhere else, in one word as searches want it: at
#: least six, as an ETag in base64 is 43 of 64, and four ("Qkey") were found in one of every 25 runs or so.
GOAL, CYCLE, OWN_CYCLE, DECISION, BREACH = "Qgoalname", "Qcycle", "Qowncycle", "Qdecision", "Qbreach"
KEY, SUBSCRIPTION, RECOGNITION = "Qkeyname", "Qsubscription", "Qrecognition"
EXPERIMENT = "Qexperiment"
#: Figures of ana: hours a week, days of an absence, and what they make of the load that she took on.
HOURS, ABSENT_FROM, ABSENT_TO = "31.37", "2031-05-06", "2031-05-09"
#: 12:48:31.374113: seconds with their fraction read as one of the numbers, about once in a thousand walks.
_TIME_OF_DAY = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?")
#: Numbers of edge's goal.
EFFORT, TARGET, VALUE, PROGRESS, CONFIDENCE = "217.93", "98765.43", "4711.25", "0.4713", "0.8317"


class World(msgspec.Struct, frozen=True):
    """What there is, by the names that a route takes, and the canaries in it."""

    #: What is edge's, and ana's.
    hidden: TenantSecrets
    #: Of ana, promised to ned of edge; and one that he is still to accept.
    shared: str
    offered: str
    #: Kind of what is hidden -> its canaries.
    canaries: dict[str, tuple[str, ...]]


class Sighting(msgspec.Struct, frozen=True):
    """An answer with a canary that was not for its reader."""

    request: str
    status: int
    canary: str


def create_world(app: ApiApp) -> World:
    """Plant the canaries."""
    stella, ana, ned, eva = (app.as_member(person) for person in ("stella", "ana", "ned", "eva"))
    ana.post_ok("/v1/members/ana/capacity", {"hours_per_week": float(HOURS), "from": "2026-02-01"})
    ana.post_ok("/v1/members/ana/absence", {"from": ABSENT_FROM, "to": ABSENT_TO})
    stella.post_ok("/v1/keys", {"member": "stella", "scopes": ["read"], "name": KEY})
    [key] = [held for held in stella.get_ok("/v1/keys")["keys"] if held.get("name") == KEY]
    charter = _create_charter(app, eva)
    goal, proposal = _create_goal(app)
    cycle = _create_cycles(app, goal)
    decision, consent = _create_decision(ned, eva)
    breach = {"non_negotiable": "kind", "about": {"goal": "hidden"}, "text": f"{BREACH} text", "ref": "hurt"}
    ned.post_ok("/v1/charters/edge/raise-breach", breach)
    eva.post_ok("/v1/charters/edge/agree-repair", {"breach": "hurt", "text": f"{BREACH} repair"})
    shared = create_active_goal(app, "ana", "ned", ref="shared", title="For edge", effort_hours=93.71)
    offered = ana.post_ok("/v1/goals", offer("ana", "ned", ref="offered", effort_hours=57.13))["id"]
    _create_link(app)
    accepted: Any = app.runtime.ledger.events(app.organisation_id(), UUID(shared))[-1].data
    ratio = accepted.taken_as.worst_ratio
    assert len(ratio) > 5  # noqa: PLR2004 - short enough to stand somewhere else
    # As a cell of an export has it.
    basis_points = f",{round(Decimal(ratio) * 10_000)},"
    hidden = TenantSecrets(
        goal=goal,
        goal_ref="hidden",
        member=app.resolve_id("member", "ana"),
        member_ref="ana",
        team=app.resolve_id("team", "edge"),
        team_ref="edge",
        key=key["key_id"],
        organisation=str(app.organisation_id()),
        open=proposal,
        charter=charter,
        cycle=cycle,
        cycle_ref="e1",
        decision=decision,
        decision_ref="edge-only",
        experiment=_create_experiment(ned, eva),
        experiment_ref="edge-tries",
        proposal=proposal,
        consent=consent,
        subscription=create_subscription(app, "eva", SUBSCRIPTION),
        recognition=_create_recognition(eva),
        pulse=str(stella.post_ok("/v1/pulses", {"team": "core", "closes_on": "2026-03-20"})["id"]),
    )
    canaries = {
        "goal": (GOAL, EFFORT, TARGET, VALUE, PROGRESS, CONFIDENCE),
        "cycle": (CYCLE,),
        "own_cycle": (OWN_CYCLE,),
        "decision": (DECISION,),
        "experiment": (EXPERIMENT,),
        "breach": (BREACH,),
        "person": (HOURS, ABSENT_FROM, ABSENT_TO, ratio, basis_points),
        "key": (KEY,),
        "subscription": (SUBSCRIPTION,),
        "recognition": (RECOGNITION,),
    }
    return World(hidden=hidden, shared=shared, offered=offered, canaries=canaries)


def _create_charter(app: ApiApp, eva: MemberClient) -> str:
    adopt_purpose(eva, app.clock, "edge")
    for name in ("kind", "open", "brave"):
        body = {"non_negotiable": name, "text": f"We are {name}"}
        charter = eva.post_ok("/v1/charters/edge/adopt-non-negotiable", body)
    return str(charter["id"])


def _create_goal(app: ApiApp) -> tuple[str, str]:
    """A goal of ned's, promised to eva, with a canary in each text and number; and its open proposal."""
    ned, eva = app.as_member("ned"), app.as_member("eva")

    def text(of: str) -> str:
        return f"{GOAL} {of}"

    opening = offer(
        "ned",
        "eva",
        ref="hidden",
        title=text("title"),
        team="edge",
        outcome=text("outcome"),
        conditions=[text("condition"), text("other condition")],
        measure={"kind": "number", "unit": text("unit"), "baseline": "0", "target": TARGET},
        effort_hours=float(EFFORT),
    )
    reason = {"code": "new_need", "text": text("reason")}
    goal = ned.post_ok("/v1/goals", {**opening, "reason": reason, "description": text("words"), "tags": [text("tag")]})
    path = f"/v1/goals/{goal['id']}"
    eva.post_ok(f"{path}/clarify", {"text": text("question")})
    eva.post_ok(f"{path}/accept", {"answers": goal["open"], "promises_back": text("promise")})
    ned.post_ok(f"{path}/choose-approach", {"text": text("approach")})
    said = {
        "note": text("note"),
        "progress": float(PROGRESS),
        "confidence": float(CONFIDENCE),
        "ideas": [text("idea")],
        "needs": [{"text": text("need"), "addressee": "eva"}],
        "blockers": [{"text": text("listed"), "acts_next": "eva", "next_action": text("next")}],
    }
    check_in = ned.post_ok(f"{path}/check-in", said)["events"][-1]
    eva.post_ok(f"{path}/answer-need", {"need": f"{check_in}/0", "text": text("answer")})
    eva.post_ok(f"{path}/feedback", {"text": text("feedback")})
    blocker = ned.post_ok(f"{path}/raise-blocker", {"blocker": {"text": text("blocker")}})["events"][-1]
    ned.post_ok(f"{path}/resolve-blocker", {"blocker": blocker, "resolution": text("resolution")})
    ned.post_ok(f"{path}/record-value", {"value": float(VALUE)})
    reason = {"code": "new_information", "text": text("second reason")}
    change = {"changes": {"due": "2026-04-20"}, "reason": reason, "conflict_with": text("conflict")}
    opened = ned.post_ok(f"{path}/propose-change", change)["open"]
    eva.post_ok(f"{path}/accept-change", {"answers": opened})
    opened = ned.post_ok(f"{path}/propose-change", {"changes": {"outcome": text("new outcome")}, "reason": reason})
    return str(goal["id"]), str(opened["open"])


def _create_cycles(app: ApiApp, goal: str) -> str:
    """Edge's own cycle, and the organisation's, which holds edge's goal."""
    stella, eva, ned = (app.as_member(person) for person in ("stella", "eva", "ned"))
    cycle = open_cycle(eva, "e1", team="edge", name=f"{CYCLE} name", to_team=f"{CYCLE} purpose", goals=[goal])
    ned.post_ok("/v1/cycles/e1/share-reflection", {"worked": f"{CYCLE} worked", "improve": f"{CYCLE} improve"})
    eva.post_ok("/v1/cycles/e1/agree-improvement", {"text": f"{CYCLE} mend", "owner": "ned", "due": "2026-03-20"})
    adopt_purpose(stella, app.clock, "organisation")
    open_cycle(stella, "o1", team=None, goals=[goal])
    credit = {"goal": goal, "member": "ned", "text": f"{OWN_CYCLE} credit"}
    stella.post_ok("/v1/cycles/o1/credit-contribution", credit)
    stella.post_ok("/v1/cycles/o1/record-learning", {"goal": goal, "text": f"{OWN_CYCLE} lesson"})
    return str(cycle["id"])


def _create_decision(ned: MemberClient, eva: MemberClient) -> tuple[str, str]:
    question = {
        "question": f"{DECISION} question",
        "options": [f"{DECISION} option", "As now"],
        "status_quo": "o2",
        "deciders": ["ned", "eva"],
        "deadline": "2026-03-20T09:00:00Z",
        "fallback": {"rule": "status_quo"},
        "team": "edge",
        "ref": "edge-only",
    }
    decision = eva.post_ok("/v1/decisions", question)
    ned.post_ok("/v1/decisions/edge-only/share-perspective", {"text": f"{DECISION} view"})
    objection = {"option": "o1", "text": f"{DECISION} objection"}
    raised = ned.post_ok("/v1/decisions/edge-only/raise-objection", objection)["events"][-1]
    how = {"objection": raised, "how": f"{DECISION} how"}
    integrated = eva.post_ok("/v1/decisions/edge-only/integrate-objection", how)["events"][-1]
    consented = {"option": "o1", "answers": integrated}
    consent = eva.post_ok("/v1/decisions/edge-only/consent", consented)["events"][-1]
    return str(decision["id"]), str(consent)


def _create_experiment(ned: MemberClient, eva: MemberClient) -> str:
    written = {"tension": "silent_drift", "hypothesis": f"{EXPERIMENT} what", "measure": f"{EXPERIMENT} how"}
    whose = {"team": "edge", "ref": "edge-tries", "owner": "ned", "review_on": "2026-04-20"}
    experiment = eva.post_ok("/v1/experiments", {**written, **whose})
    ned.post_ok("/v1/experiments/edge-tries/agree")
    ned.post_ok("/v1/experiments/edge-tries/review", {"finding": f"{EXPERIMENT} found", "next": "2026-04-21"})
    return str(experiment["id"])


def _create_recognition(eva: MemberClient) -> str:
    said = {"member": "ned", "kind": "relationship", "goal": "hidden", "text": f"{RECOGNITION} text"}
    given = str(eva.post_ok("/v1/recognitions", said)["id"])
    eva.post_ok(f"/v1/recognitions/{given}/correct", {"text": f"{RECOGNITION} other text"})
    return given


def _create_link(app: ApiApp) -> None:
    """A goal of ben's, in core, that names edge's wherever an act can; edge's has moved since."""
    ben, lea = app.as_member("ben"), app.as_member("lea")
    gives = [{"kind": "drop", "goal": "hidden"}]
    body = offer("ben", "lea", ref="linked", supports=[{"goal": "hidden"}], effort_hours=400, trade_offs=gives)
    opened = ben.post_ok("/v1/goals", body)
    lea.post_ok("/v1/goals/linked/accept", {"answers": opened["open"]})
    change = {"changes": {"due": "2026-04-20"}, "reason": why(), "trigger": "parent", "trade_offs": gives}
    opened = ben.post_ok("/v1/goals/linked/propose-change", change)["open"]
    lea.post_ok("/v1/goals/linked/accept-change", {"answers": opened})
    ben.post_ok("/v1/goals/linked/affirm-link", {"supports": [{"goal": "hidden"}]})
    eva, ned = app.as_member("eva"), app.as_member("ned")
    [waiting] = [g for g in eva.get_ok("/v1/goals?limit=200")["goals"] if g.get("ref") == "hidden"]
    eva.post_ok("/v1/goals/hidden/accept-change", {"answers": waiting["open"]})
    app.clock.now += timedelta(minutes=1)
    reason = {"code": "new_information", "text": f"{GOAL} third reason"}
    ned.post_ok("/v1/goals/hidden/propose-change", {"changes": {"due": "2026-05-04"}, "reason": reason})


def walk(
    app: ApiApp, reader: MemberClient, world: World, unseen: Sequence[str], *, acts: bool = False
) -> Iterator[Sighting]:
    """Every canary of the kinds `unseen` in an answer to this reader: its body, or a header of it.

    `acts`: posts too, with the names of what is hidden in every field that takes one, and then reads on.
    """
    tokens = [token for kind in unseen for token in world.canaries[kind]]
    asked = set[str]()
    for method, path, how in _list_requests(app, world, acts=acts):
        if method == "GET" and (path in asked or not path.startswith("/v1/")):
            continue
        asked.add(path)
        yield from _look(reader.request(method, path, **how), f"{method} {path}", tokens)
    listed = reader.get("/v1/goals?limit=200")
    for goal in listed.json()["goals"] if listed.is_success else ():
        for path in _list_goal_paths(goal["id"]):
            yield from _look(reader.get(path), path, tokens)


def _list_requests(app: ApiApp, world: World, *, acts: bool) -> Iterator[tuple[str, str, dict[str, Any]]]:
    document = load_document(app)
    for method, path, how in generate_requests(document, world.hidden):
        if method == "GET" or acts:
            yield method, path, how
    shared = msgspec.structs.replace(world.hidden, goal=world.shared, goal_ref="shared")
    for method, path, how in generate_requests(document, shared):
        if method == "GET" and "/goals/" in path:
            yield method, path, how
    for more in ("names=true&explain=true", "names=true&limit=200", "format=text", "format=csv", *PAGES, "limit=200"):
        for template, methods in document["paths"].items():
            taken = {p["name"] for p in methods.get("get", {}).get("parameters", ()) if p.get("in") == "query"}
            if {pair.partition("=")[0] for pair in more.split("&")} <= taken:
                names = {"goal": world.shared, "team": "core", "member": "ana", "of": "core", "cycle": "o1"}
                names |= {"decision": "edge-only", "subscription": world.hidden.subscription}
                names |= {"recognition": world.hidden.recognition, "pulse": world.hidden.pulse}
                names |= {"experiment": "edge-tries"}
                yield "GET", f"{fill_path(template, names)}?{more}", {}
    # Without a place to begin at it tells what happens from now on.
    yield "GET", "/v1/events/stream?after=0", {}
    yield from (("GET", f"/v1/exports/{mart}?format=csv", {}) for mart in MARTS)
    accept = {"do": "accept", "answers": _find_open(app, world.offered)}
    yield "POST", f"/v1/goals/{world.offered}/preview", {"json": accept}
    for position in range(0, app.runtime.ledger.position(app.organisation_id()), 40):
        yield "GET", f"/v1/events?after={position}&limit=40", {}


def _find_open(app: ApiApp, goal: str) -> str:
    return str(app.as_member("stella").get_ok(f"/v1/goals/{goal}")["open"])


def _list_goal_paths(goal: str) -> Iterator[str]:
    yield from (f"/v1/goals/{goal}{part}" for part in ("", "/history", "/links", "/diff?from=2026-03-01"))
    yield from (f"/v1/goals/{goal}/why?field={field}" for field in FIELDS)
    yield f"/v1/events?subject=goal/{goal}"


def _look(response: Response, request: str, tokens: list[str]) -> Iterator[Sighting]:
    if response.status_code >= 500:  # noqa: PLR2004 - a failure of ours
        yield Sighting(request, response.status_code, response.text[:200])
    told = _TIME_OF_DAY.sub("", f"{response.text} {dict(response.headers)}")
    yield from (Sighting(request, response.status_code, token) for token in tokens if token in told)
