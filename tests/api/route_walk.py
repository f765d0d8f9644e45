"""A walk over every route of the OpenAPI document with one organisation's key and another one's ids.

Whatever the walk is told about the other organisation is a leak: its ids, its names, a position that moves, a 2xx on
a path that names something of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import msgspec
from httpx import Response

from domain.subscription.subscription import CreateSubscription
from ledger.commands import Command
from tests.api.app_under_test import ApiApp, offer, why

#: Stands in every text of the other organisation.
SECRET = "rival-secret"
VICTIM = "rival"


class TenantSecrets(msgspec.Struct, frozen=True):
    """What exists in the other organisation, by id and by reference."""

    goal: str
    goal_ref: str
    member: str
    member_ref: str
    team: str
    team_ref: str
    key: str
    organisation: str
    open: str
    charter: str
    cycle: str
    cycle_ref: str
    decision: str
    decision_ref: str
    experiment: str
    experiment_ref: str
    proposal: str
    consent: str
    subscription: str
    recognition: str
    pulse: str


class Leak(msgspec.Struct, frozen=True):
    """A request that told something."""

    request: str
    status: int
    what: str


def create_secrets(app: ApiApp) -> TenantSecrets:
    """Give the other organisation something to keep."""
    stella = app.as_member("stella", VICTIM)
    team = stella.post_ok(
        "/v1/teams", {"name": SECRET, "lead": app.resolve_id("member", "lea", VICTIM), "ref": f"{SECRET}-team"}
    )
    member = stella.post_ok("/v1/members", {"name": SECRET, "ref": f"{SECRET}-member", "team": f"{SECRET}-team"})
    ana, sam = app.as_member("ana", VICTIM), app.as_member("sam", VICTIM)
    body = offer(ref=f"{SECRET}-goal", title=SECRET, outcome=SECRET, team=f"{SECRET}-team")
    goal = ana.post_ok("/v1/goals", body)
    sam.post_ok(f"/v1/goals/{goal['id']}/accept", {"answers": goal["open"]})
    ana.post_ok(f"/v1/goals/{goal['id']}/check-in", {"note": SECRET, "progress": 0.1})
    change = {"changes": {"due": "2026-04-10"}, "reason": why(text=f"{SECRET}, because we know more")}
    proposed = ana.post_ok(f"/v1/goals/{goal['id']}/propose-change", change)
    framework = _create_framework(app)
    subscription = create_subscription(app, "ana", SECRET, VICTIM)
    key = stella.get_ok("/v1/keys")["keys"][0]["key_id"]
    # A reader knows the log up to its own organisation's last event: what lies behind that would be hidden anyway.
    app.as_member("stella").post_ok("/v1/policies", {"policy": {"wip_limit": 6}})
    return TenantSecrets(
        goal=goal["id"],
        goal_ref=f"{SECRET}-goal",
        member=member["id"],
        member_ref=f"{SECRET}-member",
        team=team["id"],
        team_ref=f"{SECRET}-team",
        key=key,
        organisation=str(app.organisation_id(VICTIM)),
        open=proposed["open"],
        subscription=subscription,
        recognition=_create_recognition(app),
        pulse=_create_pulse(app),
        **framework,
    )


def _create_recognition(app: ApiApp) -> str:
    """Sam's, of ana, for their goal."""
    said = {"member": "ana", "kind": "relationship", "goal": f"{SECRET}-goal", "text": SECRET}
    return str(app.as_member("sam", VICTIM).post_ok("/v1/recognitions", said)["id"])


def _create_pulse(app: ApiApp) -> str:
    asked = {"team": "core", "closes_on": "2026-03-20", "ref": f"{SECRET}-pulse"}
    return str(app.as_member("stella", VICTIM).post_ok("/v1/pulses", asked)["id"])


def create_subscription(app: ApiApp, owner: str, word: str, organisation: str = "acme") -> str:
    """The id of a member's subscription with this word in its name and address; no request is sent there."""
    stream_id = app.runtime.new_id()
    member = UUID(app.resolve_id("member", owner, organisation))
    app.runtime.handle(
        Command(
            organisation_id=app.organisation_id(organisation),
            kind="subscription",
            stream_id=stream_id,
            act=CreateSubscription(url=f"https://example.org/{word}", name=word),
            actor=member,
            must_exist=False,
        )
    )
    app.runtime.engine.catch_up()
    return str(stream_id)


def _create_framework(app: ApiApp) -> dict[str, str]:
    """A purpose adopted by a decision, a cycle that restates it, and another question that is open still."""
    lea, charter = app.as_member("lea", VICTIM), f"/v1/charters/{SECRET}-team"
    why_it_matters = {"text": SECRET, "to_team": SECRET, "to_clients": SECRET, "to_organisation": SECRET}
    proposed = lea.post_ok(f"{charter}/propose-purpose", why_it_matters)
    [proposal] = proposed["events"]
    question = {
        "question": SECRET,
        "options": [SECRET, "As now"],
        "status_quo": "o2",
        "deciders": ["lea"],
        "deadline": "2026-03-20T09:00:00Z",
        "fallback": {"rule": "status_quo"},
        "team": f"{SECRET}-team",
    }
    lea.post_ok("/v1/decisions", {**question, "ref": "why", "about": {"proposal": proposal}})
    consent = lea.post_ok("/v1/decisions/why/consent", {"option": "o1"})["events"][0]
    lea.post_ok(f"{charter}/adopt-purpose", {"proposal": proposal, "decision": "why"})
    restated = dict.fromkeys(("name", "to_team", "to_clients", "to_organisation"), SECRET)
    when = {"starts": "2026-03-02", "ends": "2026-03-31", "team": f"{SECRET}-team", "ref": f"{SECRET}-cycle"}
    cycle = lea.post_ok("/v1/cycles", {**restated, **when})
    decision = lea.post_ok("/v1/decisions", {**question, "ref": f"{SECRET}-decision"})
    lea.post_ok(f"/v1/decisions/{decision['id']}/share-perspective", {"text": SECRET})
    tried = {"tension": "silent_drift", "hypothesis": SECRET, "measure": SECRET, "review_on": "2026-04-20"}
    experiment = lea.post_ok("/v1/experiments", {**tried, "team": f"{SECRET}-team", "ref": f"{SECRET}-experiment"})
    return {
        "experiment": experiment["id"],
        "experiment_ref": f"{SECRET}-experiment",
        "charter": proposed["id"],
        "cycle": cycle["id"],
        "cycle_ref": f"{SECRET}-cycle",
        "decision": decision["id"],
        "decision_ref": f"{SECRET}-decision",
        "proposal": proposal,
        "consent": consent,
    }


@cache
def _decode(document: bytes) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(document)
    return found


def load_document(app: ApiApp) -> dict[str, Any]:
    """The OpenAPI document that the application answers; who walks reads it, and changes nothing of it."""
    return _decode(app.client.get("/openapi.json").content)


def walk_routes(app: ApiApp, hidden: TenantSecrets, person: str = "stella") -> Iterator[Leak]:
    """Every route, each way of naming what is hidden; what came out that should not have, as soon as it did."""
    document = load_document(app)
    visitor = app.as_member(person)
    victim = app.organisation_id(VICTIM)
    before = app.runtime.ledger.position(victim)
    for method, path, how in generate_requests(document, hidden):
        response = visitor.request(method, path, **how)
        for what in find_disclosures(response, path, hidden):
            yield Leak(f"{method} {path}", response.status_code, what)
        after = app.runtime.ledger.position(victim)
        if after != before:
            yield Leak(f"{method} {path}", response.status_code, "their log has grown")
            before = after


def find_disclosures(response: Response, path: str, hidden: TenantSecrets) -> Iterator[str]:
    """What an answer says about the other organisation."""
    if response.status_code >= 500:
        yield f"failed: {response.text[:200]}"
    text = response.text
    if response.is_success and "/affirmations" in path:
        # What it refused one by one repeats what the asker wrote, as an error does.
        answer = response.json()
        if any(one["code"] != "not_found" for one in answer.pop("refused")):
            yield "tells more of theirs than that it is not there"
        text = json.dumps(answer)
    if response.is_success:
        names = {*msgspec.structs.astuple(hidden), SECRET}
        yield from (name for name in sorted(names) if name in text)
        named = {hidden.goal, hidden.goal_ref, hidden.member, hidden.member_ref, hidden.team, hidden.team_ref}
        named |= {hidden.key, hidden.charter, hidden.cycle, hidden.cycle_ref, hidden.decision, hidden.decision_ref}
        named |= {hidden.experiment, hidden.experiment_ref}
        if set(path.partition("?")[0].split("/")) & named:
            yield "answered a path that names something of theirs"
    # An error may repeat what the asker wrote: the path, and a reference; never a name that it looked up.
    elif re.search(rf'"(?:title|name|outcome|note|text)":"{SECRET}', text):
        yield "an error that quotes them"


STREAM = "/v1/events/stream"


def generate_requests(document: dict[str, Any], hidden: TenantSecrets) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, keywords) for each operation, with ids and with references, in path, query and body."""
    ids = {
        "goal": hidden.goal,
        "member": hidden.member,
        "team": hidden.team,
        "key": hidden.key,
        "of": hidden.charter,
        "charter": hidden.charter,
        "cycle": hidden.cycle,
        "decision": hidden.decision,
        "experiment": hidden.experiment,
        "subscription": hidden.subscription,
        "recognition": hidden.recognition,
        "pulse": hidden.pulse,
    }
    refs = {
        "goal": hidden.goal_ref,
        "member": hidden.member_ref,
        "team": hidden.team_ref,
        "key": hidden.key,
        "of": hidden.team_ref,
        "charter": hidden.team_ref,
        "cycle": hidden.cycle_ref,
        "decision": hidden.decision_ref,
        "experiment": hidden.experiment_ref,
        "subscription": hidden.subscription,
        "recognition": hidden.recognition,
        "pulse": hidden.pulse,
    }
    for template, methods in document["paths"].items():
        for method, operation in methods.items():
            for names in (ids, refs):
                path = fill_path(template, names)
                how = {"headers": {"Content-Type": "application/x-ndjson"}}
                content = operation.get("requestBody", {}).get("content", {})
                if "application/json" in content:
                    body = build_example(content["application/json"]["schema"], document, names, hidden)
                    how = {"json": body}
                elif content:
                    how["content"] = build_import_body(names)  # type: ignore[assignment]
                # A stream has no end: its head says whether it would begin (`test_live_stream` reads what it shows).
                verb = "HEAD" if template == STREAM else method.upper()
                yield verb, path, how
                for query in generate_queries(operation, names):
                    yield verb, f"{path}?{query}", how


def fill_path(template: str, names: dict[str, str]) -> str:
    """The path with something of theirs wherever it names something."""
    kind = template.split("/")[2].removesuffix("s") if template.startswith("/v1/") else ""
    others = {"type": "goal.promised.v1", "code": "not_found", "mart": "dim_goal"}
    # One that is not there is answered like one of theirs.
    others |= dict.fromkeys(("subscription", "event"), str(UUID(int=1)))

    def name(match: re.Match[str]) -> str:
        return names.get(match[1]) or others.get(match[1]) or names[kind]

    return re.sub(r"\{(\w+)\}", name, template)


def generate_queries(operation: dict[str, Any], names: dict[str, str]) -> Iterator[str]:
    """One query per parameter that can name something."""
    naming = {"team": "team", "owner": "member", "sponsor": "member", "member": "member", "supports": "goal"}
    naming |= {"decider": "member", "giver": "member", "cycle": "cycle", "goal": "goal", "charter": "charter"}
    taken = {p["name"] for p in operation["parameters"] if p.get("in") == "query"}
    fixed = "&".join(f"{name}={value}" for name, value in (("field", "due"), ("from", "2026-03-01")) if name in taken)
    if fixed:
        yield fixed
    for parameter in sorted(taken & naming.keys()):
        yield f"{parameter}={names[naming[parameter]]}"
    if "subject" in taken:
        yield f"subject=goal/{names['goal']}"
        yield f"subject=decision/{names['decision']}"
        yield f"subject={names['goal']}"
    if "explain" in taken:
        yield "explain=true"
    if "q" in taken:
        yield f"q={SECRET}"


def build_import_body(names: dict[str, str]) -> bytes:
    """Rows that act on what is theirs."""
    rows = [
        {"at": "2026-03-01T09:00:00Z", "by": names["member"], "do": "goal.check_in", "goal": names["goal"]},
        {"at": "2026-03-01T09:00:00Z", "by": "ana", "do": "goal.check_in", "goal": names["goal"], "note": "mine now"},
        {"at": "2026-03-01T09:00:00Z", "by": "stella", "do": "team.rename", "team": names["team"], "name": "mine"},
        {
            "at": "2026-03-01T09:00:00Z",
            "by": "stella",
            "do": "decision.consent",
            "option": "o1",
            "decision": names["decision"],
        },
        {
            "at": "2026-03-01T09:00:00Z",
            "by": "stella",
            "do": "experiment.keep",
            "outcome": "mine",
            "experiment": names["experiment"],
        },
        {"at": "2026-03-01T09:00:00Z", "by": "stella", "do": "charter.review", "charter": names["charter"]},
        {"at": "2026-03-01T09:00:00Z", "by": "stella", "do": "cycle.close", "cycle": names["cycle"]},
    ]
    return b"\n".join(json.dumps(row).encode() for row in rows)


def build_example(
    schema: dict[str, Any], document: dict[str, Any], names: dict[str, str], hidden: TenantSecrets
) -> Any:
    """A body that this schema takes, naming what is theirs wherever it can."""
    said = {
        "goal": names["goal"],
        "owner": names["member"],
        "sponsor": names["member"],
        "lead": names["member"],
        "member": names["member"],
        "mediator": names["member"],
        "addressee": names["member"],
        "acts_next": names["member"],
        "team": names["team"],
        "follow_up_of": names["goal"],
        "answers": hidden.open,
        "reason": why(),
        "measure": {"kind": "binary"},
        "start": "2026-03-02",
        "ref": f"new-{uuid4()}",
        "policy": {"wip_limit": 5},
        "scopes": ["read"],
        "effort_hours": 4,
        "progress": 0.5,
        "confidence": 0.5,
        "value": 1,
        "low": None,
        "high": None,
        "need": f"{hidden.open}/0",
        "expires_at": None,
        "purpose": None,
        "as": None,
        "corrects": hidden.open,
        "of": names["of"],
        "charter": names["charter"],
        "cycle": names["cycle"],
        "decision": names["decision"],
        "experiment": names["experiment"],
        "review_on": "2026-04-20",
        "follows": names["cycle"],
        "deciders": [names["member"]],
        "options": ["A", "B"],
        "deadline": "2026-03-20T09:00:00Z",
        "proposal": hidden.proposal,
        "objection": hidden.open,
        "goals": [names["goal"]],
        "event": hidden.open,
        "cell": hidden.pulse,
    }
    return _build_example(schema, document, said, 0)


def _is_said(name: str, schema: dict[str, Any], said: dict[str, Any]) -> bool:
    """Whether what is said of this name fits: an experiment's measure is a text, a goal's is an object."""
    return name in said and not (isinstance(said[name], dict) and schema.get("type") == "string")


def _build_example(schema: dict[str, Any], document: dict[str, Any], said: dict[str, Any], depth: int) -> Any:
    if "$ref" in schema:
        return _build_example(document["components"]["schemas"][schema["$ref"].split("/")[-1]], document, said, depth)
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return _build_example(next(o for o in options if o != {"type": "null"}), document, said, depth)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            # Everything that can be said, two levels deep: the more is named, the more could leak.
            wanted = schema.get("properties", {})
            return {
                name: said[name] if _is_said(name, inner, said) else _build_example(inner, document, said, depth + 1)
                for name, inner in wanted.items()
                if name in schema.get("required", ()) or (name in said and depth < 3) or name in ("do", "terms")
            }
        case "array":
            return [_build_example(schema.get("items", {"type": "string"}), document, said, depth + 1)]
        case "string" if schema.get("format") == "date":
            return "2026-03-20"
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
    return "a" * max(1, schema.get("minLength", 1))
