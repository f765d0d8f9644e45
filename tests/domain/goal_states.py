"""Every state of the agreement, brought about by acts alone, and words for every act.

The goal is "goal": ana promises it to sam. lea is asked for help and to clear a blocker, ben is the member whom a
change names, mia mediates, ivy is an integration, stella a steward; `pat` is nobody in it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from domain.goal import acts as a
from domain.goal.state import Promised
from domain.member import member
from domain.member.member import Role
from domain.reasons import Reason, ReasonCode
from domain.terms import SupportInput, TermsInput
from tests.spec import Story, offer, request, terms, why

#: Who holds each role of the agreement towards the goal.
HOLDER = {
    "owner": "ana",
    "sponsor": "sam",
    "mediator": "mia",
    "new_party": "ben",
    "addressee": "lea",
    "assignee": "lea",
    "steward": "stella",
    "integration": "ivy",
    "stranger": "pat",
}
NEVER = "00000000-0000-7000-8000-000000000000"
CAPACITY = Reason(code=ReasonCode.CAPACITY)

#: A change that names ben.
HAND_OVER = a.Changes(owner="ben")
LATER = a.Changes(due=date(2026, 5, 29))
PAUSE = a.Changes(pause=a.Pause(paused_from=date(2026, 1, 5), resume_on=date(2026, 2, 2)))


def story_with_everybody(policy: dict[str, Any] | None = None) -> Story:
    """An organisation with everybody in it, and a goal "parent" that others can support."""
    story = Story(policy=policy)
    for name in ("ivy", "pat"):
        story.says("stella", member.Join(name=name.title(), ref=name), on=name)
    story.says("stella", member.GrantRole(role=Role.INTEGRATION), on="ivy")
    story.says("lea", offer("lea", "mia"), on="parent")
    return story


def goal_in_state(
    state: str, *, act: str = "", by: str = "owner", prior: str = "active", story: Story | None = None
) -> Story:
    """A story whose goal is in `state`, ready for `act` by that role; an open change began in `prior`."""
    story = story or story_with_everybody(_POLICY.get(act))
    if state == "draft":
        author = HOLDER[by] if by in ("owner", "sponsor") else "ana"
        story.says(author, a.Draft(title="A goal", owner="ana", sponsor="sam", terms=terms()))
    elif state in _NEGOTIATING or state in ("withdrawn", "declined", "expired"):
        _negotiate(story, state)
    else:
        _promise(story, state, act, prior)
    if act == "accept_change" and by == "steward":
        _hand_over_departed(story, state)
    if act == "reassign_sponsor":
        story.says("sam", member.Leave())
    if act == "release_departed":
        story.says("ana", member.Leave())
    assert state == story.state().state
    return story


_POLICY: dict[str, dict[str, Any]] = {"deem_satisfied": {"deem_satisfied": True}, "give_up": {"give_up_days": 30}}
_NEGOTIATING = ("requested", "offered", "countered_by_owner", "countered_by_sponsor", "answer_deferred")


def _negotiate(story: Story, state: str) -> None:
    if state in ("offered", "countered_by_sponsor"):
        story.says("ana", offer())
    else:
        story.says("sam", request())
    match state:
        case "countered_by_owner":
            story.says("ana", a.Counter(terms=TermsInput(effort_hours=8), reason=CAPACITY))
        case "countered_by_sponsor":
            story.says("sam", a.Counter(terms=TermsInput(effort_hours=8), reason=CAPACITY))
        case "answer_deferred":
            story.says("ana", a.DeferAnswer(answer_by=story.now.date() + timedelta(days=7), reason=CAPACITY))
        case "withdrawn":
            story.says("sam", a.Withdraw(reason=CAPACITY))
        case "declined":
            story.says("ana", a.Decline(reason=CAPACITY))
        case "expired":
            story.sweep("2026-02-02")


def _promise(story: Story, state: str, act: str, prior: str) -> None:
    story.says("ana", offer(supports=["parent"]))
    story.says("sam", a.Accept())
    story.says("ana", a.CheckIn(note="help!", needs=[a.NeedInput(text="a review", addressee="lea")]))
    story.says("sam", a.RaiseBlocker(blocker=a.BlockerInput(text="no key", acts_next="lea")))
    if act == "resume":
        story.says("ana", a.ProposeChange(changes=PAUSE, reason=why()))
        story.says("sam", a.AcceptChange())
    if "lapsed" in (state, prior) or state == "broken":
        story.sweep("2026-04-01")
    if state.startswith("change_proposed_by"):
        if act == "lapse":
            story.sweep("2026-03-26")
        changes = HAND_OVER if act in ("join", "refuse") else LATER
        by = HOLDER[state.rpartition("_")[2]]
        story.says(by, a.ProposeChange(changes=changes, reason=why()))
    elif state in _ENDS:
        by, last = _ENDS[state]
        if state == "satisfied":
            story.says("ana", a.DeclareComplete())
        story.says(by, last)
    elif state == "delivered":
        story.says("ana", a.DeclareComplete())
        if act.startswith("rule_"):
            story.says("ana", a.Dispute(mediator="mia", decide_by=date(2026, 6, 30), reason=why()))


def _hand_over_departed(story: Story, state: str) -> None:
    """The open change names ben for the party who waits to answer it, has left, and was proposed by the other."""
    proposer, gone = ("ana", "sam") if state.endswith("owner") else ("sam", "ana")
    story.says(proposer, a.WithdrawChange())
    changes = a.Changes(sponsor="ben") if gone == "sam" else HAND_OVER
    story.says(proposer, a.ProposeChange(changes=changes, reason=why()))
    story.says("ben", a.Join())
    story.says(gone, member.Leave())


_ENDS: dict[str, tuple[str, a.Act]] = {
    "satisfied": ("sam", a.DeclareSatisfied()),
    "broken": ("sam", a.CloseBroken(reason=why())),
    "released": ("sam", a.Release(reason=CAPACITY)),
    "promise_withdrawn": ("ana", a.WithdrawPromise(reason=why())),
    "cancelled": ("sam", a.Cancel(reason=why())),
}


# --- words -----------------------------------------------------------------------------------------------------------


def act_for(act: str, story: Story, reason: Reason | None = None) -> a.Act:
    """The act as somebody would say it in this story, with this reason or none."""
    fields = _FIELDS[act](story) if act in _FIELDS else {}
    return a.ACTS[act](**fields, reason=reason)


def _opening_fields(_story: Story) -> dict[str, Any]:
    return {"title": "A goal", "owner": "ana", "sponsor": "sam", "terms": terms()}


def _blocker_fields(story: Story) -> dict[str, Any]:
    goal = story.state()
    open_ = goal.blockers if isinstance(goal, Promised) else ()
    return {"blocker": str(open_[0].id) if open_ else NEVER, "resolution": "asked again"}


def _statement_fields(story: Story) -> dict[str, Any]:
    """A reading that was wrong: owners and machines alike take it back."""
    if not isinstance(story.state(), Promised):
        return {"corrects": NEVER}
    return {"corrects": str(story.says("ivy", a.RecordValue(value=4))[-1].event_id)}


def _need_fields(story: Story) -> dict[str, Any]:
    goal = story.state()
    open_ = goal.needs if isinstance(goal, Promised) else ()
    return {"need": f"{open_[0].check_in}/{open_[0].index}" if open_ else f"{NEVER}/0", "text": "on Monday"}


_FIELDS: dict[str, Callable[[Story], dict[str, Any]]] = {
    "draft": _opening_fields,
    "revise_draft": _opening_fields,
    "request": _opening_fields,
    "offer": _opening_fields,
    "counter": lambda _: {"terms": TermsInput(effort_hours=12)},
    "defer_answer": lambda story: {"answer_by": story.now.date() + timedelta(days=3)},
    "clarify": lambda _: {"text": "which report?"},
    "check_in": lambda _: {"note": "on the way"},
    "feedback": lambda _: {"text": "thank you"},
    "raise_blocker": lambda _: {"blocker": a.BlockerInput(text="no access")},
    "resolve_blocker": _blocker_fields,
    "answer_need": _need_fields,
    "record_value": lambda _: {"value": 3},
    "take_back": _statement_fields,
    "propose_change": lambda _: {"changes": LATER},
    "counter_change": lambda _: {"changes": a.Changes(due=date(2026, 6, 12))},
    "reject_delivery": lambda _: {"condition": "c1", "rework_by": date(2026, 6, 30)},
    "dispute": lambda _: {"mediator": "mia", "decide_by": date(2026, 6, 30)},
    "reassign_sponsor": lambda _: {"sponsor": "ben"},
    "choose_approach": lambda _: {"text": "by hand first"},
    "retitle": lambda _: {"title": "The same goal"},
    "affirm_link": lambda _: {"supports": [SupportInput(goal="parent")]},
    "unlink": lambda _: {"supports": [SupportInput(goal="parent")]},
}
