"""Which acts on a goal are this viewer's to say, and what the form of each asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from domain.goal import acts as a
from domain.goal.agreement import TRANSITIONS
from domain.goal.decide import find_standing_roles
from domain.goal.state import Goal, Promised
from projections.history.history import HistoryEntry
from services.api.console.act_fields import Choice, FormContent, FormField, build_fields
from services.api.routes.goal_queries import GoalView
from services.authorization import Viewer, may_act, roles_for_command

#: Act -> what its button says.
LABELS: dict[str, str] = {
    "accept": "Accept",
    "accept_change": "Accept the change",
    "affirm": "Still right",
    "affirm_link": "It still supports this",
    "answer_need": "Answer a request for help",
    "cancel": "Cancel: the need is gone",
    "check_in": "Check in",
    "choose_approach": "Choose an approach",
    "clarify": "Ask or answer a question",
    "close_broken": "Close it",
    "counter": "Counter with other terms",
    "counter_change": "Yes, if",
    "declare_complete": "Declare it complete",
    "declare_satisfied": "Conditions are met",
    "decline": "Decline",
    "defer_answer": "Answer later",
    "discard": "Discard the draft",
    "dispute": "Name a mediator",
    "feedback": "Give feedback",
    "join": "Join as named",
    "offer": "Offer it",
    "promise": "Promise it",
    "propose_change": "Propose a change",
    "raise_blocker": "Raise a blocker",
    "reassign_sponsor": "Name another sponsor",
    "record_value": "Record a value",
    "refuse": "Refuse to be named",
    "reject_change": "Reject the change",
    "reject_delivery": "Send it back",
    "release": "Release the owner",
    "release_departed": "Release: the owner left",
    "request": "Request it",
    "resolve_blocker": "Resolve a blocker",
    "resume": "Resume",
    "retitle": "Change title or tags",
    "retract_completion": "Take the delivery back",
    "revise_draft": "Revise the draft",
    "rule_broken": "Rule: not kept",
    "rule_satisfied": "Rule: conditions are met",
    "take_back": "Take a statement back",
    "unlink": "It no longer supports this",
    "withdraw": "Withdraw",
    "withdraw_change": "Withdraw the change",
    "withdraw_promise": "Withdraw the promise",
}
#: Acts that answer the other party come first, then those that report, change and end the goal.
_ANSWERS = (
    *("promise", "accept", "accept_change", "join", "declare_satisfied", "rule_satisfied", "answer_need", "counter"),
    *("counter_change", "defer_answer", "decline", "reject_change", "reject_delivery", "refuse", "rule_broken"),
)
_IN_TOUCH = (
    *("check_in", "affirm", "affirm_link", "feedback", "raise_blocker", "resolve_blocker", "record_value", "clarify"),
    *("choose_approach", "take_back"),
)
_CHANGES = (
    *("propose_change", "withdraw_change", "revise_draft", "request", "offer", "resume", "retitle", "unlink"),
    *("reassign_sponsor", "withdraw"),
)
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Answer", _ANSWERS),
    ("Keep in touch", _IN_TOUCH),
    ("Change", _CHANGES),
    ("End", tuple(act for act in LABELS if act not in {*_ANSWERS, *_IN_TOUCH, *_CHANGES})),
)


def find_my_roles(viewer: Viewer, goal: Goal) -> frozenset[str]:
    """The roles in which the viewer may say something about this goal, as its acts are decided by them."""
    me = viewer.member_id
    roles = set(find_standing_roles(goal, me, roles_for_command(viewer)))
    if isinstance(goal, Promised):
        if any((need.addressee or goal.sponsor) == me for need in goal.needs):
            roles.add("addressee")
        if any(each.blocker.acts_next == me for each in goal.blockers):
            roles.add("assignee")
    return frozenset(roles)


def list_my_acts(viewer: Viewer, view: GoalView) -> list[str]:
    """The acts that the agreement knows from this state for the viewer's roles, and that could be said now."""
    if not may_act(viewer):
        return []
    roles = find_my_roles(viewer, view.goal)
    allowed = dict.fromkeys(act for role in roles for act in view.acts.get(role, ()))
    return [act for act in LABELS if act in allowed and _has_subject(act, view.goal)]


def _has_subject(act: str, goal: Goal) -> bool:
    """Whether there is what the act is about: no need, no answer to one."""
    if act in ("answer_need", "resolve_blocker", "resume", "affirm_link", "unlink"):
        if not isinstance(goal, Promised):
            return False
        subjects: dict[str, object] = {
            "answer_need": goal.needs,
            "resolve_blocker": goal.blockers,
            "resume": goal.pause,
            "affirm_link": goal.links,
            "unlink": goal.links,
        }
        return bool(subjects[act])
    return True


def group_acts(acts: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The acts in groups, in the order in which they are wanted."""
    found = [(name, [act for act in members if act in acts]) for name, members in GROUPS]
    return [(name, members) for name, members in found if members]


def build_act_fields(
    act: str,
    view: GoalView,
    history: Sequence[HistoryEntry],
    *,
    roles: frozenset[str],
    values: Mapping[str, str],
    problems: Mapping[str, str],
) -> list[FormField]:
    """The fields of the form for this act on this goal."""
    content = FormContent(
        choices=_build_choices(act, view.goal, history),
        constants=_build_constants(act, view),
        current=_build_current(view.goal),
        suggestions={f"/*/{name}": "people" for name in _MEMBER_FIELDS},
        left_out=_LEFT_OUT | (frozenset() if {"owner", "sponsor"} <= roles else frozenset({"/as"})),
        required=_find_required(act, view.goal.state, roles),
        rows=_build_rows(view.goal),
        values=values,
        problems=problems,
    )
    return build_fields(a.ACTS[act], content)


_MEMBER_FIELDS = ("owner", "sponsor", "mediator", "addressee", "acts_next")
#: Ids of other systems, and what a form cannot ask for in a line: they are said through `/v1`.
_LEFT_OUT = frozenset(
    {"/ref", "/follow_up_of", "/changes/supports", "/terms/supports", "/conflict_with", "/trade_offs/0/for", "/freedom"}
)


def _find_required(act: str, state: str, roles: frozenset[str]) -> frozenset[str]:
    """A reason, where the agreement asks for one: R for code and words, c for a code."""
    asked = {
        transition.reason
        for transition in TRANSITIONS
        if transition.origin == state and transition.act == act and roles & set(transition.by)
    }
    return {"R": frozenset({"/reason/code", "/reason/text"}), "c": frozenset({"/reason/code"})}.get(
        next(iter(asked), "-"), frozenset()
    )


def _build_constants(act: str, view: GoalView) -> dict[str, str]:
    constants: dict[str, str] = {}
    if view.open is not None:
        constants["/answers"] = str(view.open)
    if act == "check_in":
        # A correction names what it corrects; a form says how it is now.
        constants["/corrects"] = ""
    terms = getattr(view.goal, "terms", None)
    for place, condition in enumerate(getattr(terms, "conditions", None) or ()):
        constants[f"/evidence/{place}/condition"] = condition.id
        constants[f"/verdicts/{place}/condition"] = condition.id
    return constants


def _build_choices(act: str, goal: Goal, history: Sequence[HistoryEntry]) -> dict[str, list[Choice]]:
    found: dict[str, list[Choice]] = {}
    conditions = getattr(getattr(goal, "terms", None), "conditions", None) or ()
    found["/condition"] = [(condition.id, condition.text[:120]) for condition in conditions]
    if isinstance(goal, Promised):
        sentences = {entry.event_id: entry.text for entry in history}
        found["/blocker"] = [(str(each.id), each.blocker.text[:120]) for each in goal.blockers]
        found["/need"] = [
            (f"{need.check_in}/{need.index}", sentences.get(need.check_in, "a request for help")[:160])
            for need in goal.needs
        ]
        found["/supports/0/goal"] = [(str(one.support.goal), "") for one in goal.links if one.support.goal]
    if act == "raise_blocker":
        del found["/blocker"]
    if act in ("take_back", "record_value"):
        found["/corrects"] = [
            (str(entry.event_id), entry.text[:160])
            for entry in history
            if entry.type.startswith(("goal.checked_in.", "goal.value_recorded."))
        ]
    return {pointer: choices for pointer, choices in found.items() if choices}


def _build_rows(goal: Goal) -> dict[str, list[Choice]]:
    conditions = getattr(getattr(goal, "terms", None), "conditions", None) or ()
    each_condition = [(str(place), condition.text) for place, condition in enumerate(conditions)]
    return {
        "/evidence": each_condition,
        "/verdicts": each_condition,
        "/trade_offs": [("0", "What gives for it")],
        "/needs": [("0", "Help that you ask for")],
        "/blockers": [("0", "What stands in the way")],
        "/supports": [("0", "What it supports")],
    }


def _build_current(goal: Goal) -> dict[str, str]:
    """How the terms stand, at the fields that would change them."""
    terms = getattr(goal, "terms", None)
    values: dict[str, Any] = msgspec.to_builtins(terms) if terms is not None else {}
    conditions = values.pop("conditions", None) or ()
    measure = values.pop("measure", None) or {}
    shown = {name: str(value) for name, value in values.items() if isinstance(value, str | int | float)}
    shown |= {f"measure/{name}": str(value) for name, value in measure.items()}
    shown["conditions"] = "; ".join(one["text"] if isinstance(one, dict) else str(one) for one in conditions)
    return {f"/{part}/{name}": value for part in ("changes", "terms") for name, value in shown.items() if value}
