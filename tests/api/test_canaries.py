"""Nobody meets a canary that is not theirs to see, on any route, in any role; and each rule taken out lets one out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from services import authorization
from services.api.app import ROUTES
from services.api.carried import CARRIED, Carried
from services.authorization import Capability, Reach
from services.visibility import events, policy, reports, sight
from tests.api.app_under_test import ApiApp, MemberClient
from tests.api.canaries import World, create_world, walk

EVERYTHING = (
    "goal",
    "cycle",
    "own_cycle",
    "decision",
    "experiment",
    "breach",
    "person",
    "key",
    "subscription",
    "recognition",
)
#: Who walks -> the kinds of canaries that they may not see.
UNSEEN: dict[str, tuple[str, ...]] = {
    "a plain colleague": EVERYTHING,
    "a lead of another team": (
        "goal",
        "cycle",
        "own_cycle",
        "decision",
        "experiment",
        "breach",
        "key",
        "subscription",
        "recognition",
    ),
    "a sponsor from another team": ("person", "key", "subscription"),
    "the lead of the sponsor": ("person", "key"),
    "a former member": EVERYTHING,
    "an integration that reads": EVERYTHING,
    "an integration that acts": EVERYTHING,
    "an integration that imports": EVERYTHING,
    "a guest of another decision": EVERYTHING,
    "the steward of another organisation": EVERYTHING,
    "a steward's key that acts": EVERYTHING,
}
PEOPLE = {
    "a plain colleague": "mia",
    "a lead of another team": "lea",
    "a sponsor from another team": "ned",
    "the lead of the sponsor": "eva",
    "a former member": "ben",
}


@pytest.fixture(scope="module")
def world(shared_app: ApiApp) -> World:
    """One for all who only read: they change nothing of it."""
    return create_world(shared_app)


def find_reader(app: ApiApp, role: str) -> MemberClient:
    """The person in this role."""
    stella = app.as_member("stella")

    def with_key(member: str, *scopes: str) -> MemberClient:
        return app.with_key(stella.post_ok("/v1/keys", {"member": member, "scopes": list(scopes)})["key"])

    match role:
        case "a former member":
            stella.post_ok("/v1/members/ben/leave", {})
        case "an integration that reads":
            return with_key("bot", "read")
        case "an integration that acts":
            return with_key("bot", "act")
        case "an integration that imports":
            return with_key("bot", "import")
        case "a steward's key that acts":
            return with_key("stella", "act")
        case "a guest of another decision":
            question = {
                "question": "Ours?",
                "options": ["Yes", "As now"],
                "status_quo": "o2",
                "deciders": ["lea", "mia"],
            }
            when = {"deadline": "2026-03-20T09:00:00Z", "fallback": {"rule": "status_quo"}, "team": "core"}
            decision = app.as_member("lea").post_ok("/v1/decisions", {**question, **when})
            return with_key("bot", f"decide:{decision['id']}")
        case "the steward of another organisation":
            return app.as_member("stella", "rival")
    return app.as_member(PEOPLE[role])


@pytest.mark.parametrize("role", UNSEEN)
def test_nobody_meets_a_canary_that_is_not_theirs_to_see(shared_app: ApiApp, world: World, role: str) -> None:
    reader = find_reader(shared_app, role)

    assert [] == list(walk(shared_app, reader, world, UNSEEN[role]))


@pytest.mark.parametrize("role", ["a plain colleague", "a lead of another team"])
def test_no_act_that_names_what_is_hidden_lets_a_canary_out(app: ApiApp, role: str) -> None:
    world, reader = create_world(app), find_reader(app, role)

    assert [] == list(walk(app, reader, world, UNSEEN[role], acts=True))


#: What a canary stands in -> what its answer carries.
CARRIES = {
    "goal": {Carried.GOAL},
    "cycle": {Carried.CYCLE},
    "own_cycle": {Carried.CYCLE, Carried.GOAL},
    "decision": {Carried.DECISION},
    "experiment": {Carried.EXPERIMENT},
    "breach": {Carried.CHARTER},
    "person": {Carried.PERSON},
    "key": {Carried.KEY},
    "subscription": {Carried.SUBSCRIPTION},
    "recognition": {Carried.RECOGNITION},
}


def find_operation(request: str) -> str:
    """The operation of a request as a sighting names it: with or without its method."""
    method, _, path = request.rpartition(" ")
    return next(
        route.operation.id
        for route in ROUTES
        if route.method == (method or "GET")
        and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route.path), path.partition("?")[0])
    )


def test_whoever_may_see_them_meets_every_canary_on_the_same_walk(shared_app: ApiApp, world: World) -> None:
    # given
    planted = {token for kind in EVERYTHING for token in world.canaries[kind]}

    # when
    sightings = list(walk(shared_app, shared_app.as_member("stella"), world, EVERYTHING))

    # then all of them, and none where the operation does not say that it carries such
    assert planted == {sighting.canary for sighting in sightings}
    kinds = {token: kind for kind in EVERYTHING for token in world.canaries[kind]}
    undeclared = {
        (operation, kinds[sighting.canary])
        for sighting in sightings
        if not CARRIES[kinds[sighting.canary]] <= CARRIED[operation := find_operation(sighting.request)]
    }
    assert set() == undeclared


def test_every_read_says_what_it_carries() -> None:
    reads = {route.operation.id for route in ROUTES if route.method == "GET" and route.operation.scopes}

    assert reads == CARRIED.keys()


def _always(*_args: Any) -> bool:
    return True


def _give_reach(capability: Capability) -> Callable[[pytest.MonkeyPatch], None]:
    def take_out(patch: pytest.MonkeyPatch) -> None:
        patch.setitem(authorization.ROLE_CAPABILITIES[authorization.MEMBER], capability, Reach.ALL)

    return take_out


def _open_stream(kind: str) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setitem(policy.STREAM_RULES, kind, _always)


def _replace(owner: Any, name: str, value: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(owner, name, value)


#: A rule taken out -> how, who walks then, and of which kind they meet a canary.
RULES: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str, str]] = {
    "goals are for their parties and teams": (_give_reach(Capability.SEE_GOAL), "mia", "goal"),
    "figures are for the person and the lead": (_give_reach(Capability.SEE_PERSON), "mia", "person"),
    "events of goals": (_open_stream("goal"), "mia", "goal"),
    "events of members": (_open_stream("member"), "mia", "person"),
    "events of cycles": (_open_stream("cycle"), "mia", "cycle"),
    "events of decisions": (_open_stream("decision"), "mia", "decision"),
    "events of experiments": (_open_stream("experiment"), "mia", "experiment"),
    "events of keys": (_open_stream("key"), "mia", "key"),
    "events of recognitions": (_open_stream("recognition"), "mia", "recognition"),
    "events of subscriptions": (_open_stream("subscription"), "mia", "subscription"),
    "breaches in the feed": (_replace(events, "PRIVATE_CHARTER_EVENTS", frozenset()), "mia", "breach"),
    "goals of the organisation's cycle": (
        _replace(events, "redact_cycle_event", lambda fact, _sees: fact),
        "mia",
        "own_cycle",
    ),
    "figures inside events": (_replace(events, "list_figure_fields", lambda _cls: ()), "ned", "person"),
    "titles in sentences": (_replace(sight, "_NAMED_FOR_ALL", frozenset({"goal", "member", "team"})), "lea", "goal"),
    "rows of reports": (_replace(reports.ReportVisibility, "redact", lambda _self, report: report), "mia", "goal"),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_taken_out_lets_a_canary_out(
    shared_app: ApiApp, world: World, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_out, person, kind = RULES[rule]
    take_out(monkeypatch)

    assert None is not next(walk(shared_app, shared_app.as_member(person), world, [kind]), None)
