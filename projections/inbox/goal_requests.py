"""Open requests: every question that a goal asks of a member, since when and until when.

One list for the inbox of a member and for the digest of a team. A question is read off the goal's state; its deadline
is the one at which the agreement's timer falls due, or the day that was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from domain.calendar import absence_end, end_of_day
from domain.goal.state import LIVE_STATES, Goal, Negotiating, Promised
from domain.goal.timers import awaited_answer, check_in_due_at
from domain.instants import from_micros
from domain.member.member import Member
from projections.as_of import AsOf
from projections.database.database import Database, named_statements
from projections.drift.goal_drift import find_unaffirmed_links
from projections.drift.queries import load_facts
from projections.lineage.links import Unaffirmed
from projections.people import load_members_by_id
from projections.support.queries import (
    UnresolvedBlocker,
    list_raised_blockers,
    load_listed_blockers,
)

GoalRequestKind = Literal[
    "answer", "join", "verdict", "ruling", "need", "blocker", "lapsed", "check_in", "link", "departed"
]
FrameworkRequestKind = Literal["decision", "review", "experiment", "improvement", "acknowledgement"]
NoticeKind = Literal["attributed", "subscription_disabled", "key"]
RequestKind = GoalRequestKind | FrameworkRequestKind | NoticeKind

#: States of a negotiation in which a party owes an answer and nothing is promised yet.
AWAITING_ANSWER_STATES = ("requested", "offered", "countered_by_owner", "countered_by_sponsor", "answer_deferred")

#: What the one who is asked can say.
ACTS_BY_REQUEST: dict[str, tuple[str, ...]] = {
    "requested": ("promise", "counter", "defer_answer", "decline"),
    "answer_deferred": ("promise", "counter", "decline"),
    "offered": ("accept", "counter", "decline"),
    "countered_by_owner": ("accept", "counter", "decline"),
    "countered_by_sponsor": ("promise", "counter", "decline"),
    "change_proposed_by_owner": ("accept_change", "reject_change", "counter_change"),
    "change_proposed_by_sponsor": ("accept_change", "reject_change", "counter_change"),
    "join": ("join", "refuse"),
    "verdict": ("declare_satisfied", "reject_delivery"),
    "ruling": ("rule_satisfied", "rule_broken"),
    "need": ("answer_need",),
    "raised": ("resolve_blocker",),
    "listed": ("check_in",),
    "lapsed": ("propose_change", "declare_complete", "withdraw_promise"),
    "lapsed_for_sponsor": ("propose_change", "release", "cancel", "close_broken"),
    "check_in": ("check_in", "affirm"),
    "link": ("affirm_link", "propose_change", "unlink"),
}


class OpenRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One question to one member, mostly about a goal."""

    kind: RequestKind
    #: None: asked by a decision, a cycle, a charter, an experiment or a subscription.
    goal: UUID | None = None
    whom: UUID
    since: datetime
    #: None: no day was named.
    until: datetime | None
    overdue: bool = False
    #: A reminder of it was recorded.
    reminded: bool = False
    #: The acts of the agreement that answer it.
    acts: tuple[str, ...]
    #: What `answers` (of a delivery, proposal, request or offer), `blocker`, `improvement` or `non_negotiable` names;
    #: of `attributed`, what was recorded.
    event: UUID | None = None
    #: What `answer_need` takes.
    need: str | None = None
    #: The goal or charter that moved on.
    parent: UUID | None = None
    #: The request or the blocker, in its author's words; of `attributed`, the event in a sentence.
    text: str | None = None
    #: Of a listed blocker: its place in the check-in.
    place: int = 0
    #: Of a non-negotiable: which version is to be acknowledged.
    version: int | None = None


#: Ids in one statement: few enough for any database's limit of parameters.
_CHUNK_SIZE = 200


class _DeadlineCalendar:
    """Members and zone, as the agreement's clocks ask for them."""

    def __init__(self, zone: ZoneInfo, members: dict[UUID, Member]) -> None:
        self.zone = zone
        self._members = members

    def member(self, member_id: UUID) -> Member | None:
        return self._members.get(member_id)


def list_open_requests(
    database: Database, as_of: AsOf, goals: Sequence[Goal], *, ahead: timedelta
) -> list[OpenRequest]:
    """Every question of these goals, by goal; check-ins that fall due within `ahead`."""
    live = [goal for goal in goals if isinstance(goal, Promised)]
    members = load_members_by_id(database, as_of, _list_involved_members(goals))
    facts = load_facts(database, as_of, [goal for goal in live if goal.state in LIVE_STATES], members)
    days = _DeadlineCalendar(as_of.tzinfo, members)
    requests = [ask for goal in goals for ask in _answer_requests(goal, as_of, days)]
    for goal in live:
        requests += _need_requests(goal, as_of, days)
        if goal.state in LIVE_STATES and not _is_paused(goal, as_of):
            requests += _check_in_requests(goal, as_of, days, ahead)
            links = facts.links.get(goal.id, [])
            requests += [_link_request(goal, link) for link in find_unaffirmed_links(links, facts, as_of)]
    blockers = [*(b for goal in live for b in list_raised_blockers(goal)), *load_listed_blockers(database, as_of, live)]
    owners = {goal.id: goal.owner for goal in live}
    return sorted([*requests, *(_blocker_request(b, owners[b.goal]) for b in blockers)], key=_sort_key)


def _sort_key(ask: OpenRequest) -> tuple[str, bool, datetime, str, str, int]:
    return str(ask.goal), ask.until is None, ask.until or ask.since, ask.kind, ask.need or str(ask.event), ask.place


def _list_involved_members(goals: Iterable[Goal]) -> Iterator[UUID]:
    for goal in goals:
        if isinstance(goal, Negotiating | Promised):
            yield from (goal.owner, goal.sponsor)
        if isinstance(goal, Promised):
            yield from (need.addressee for need in goal.needs if need.addressee is not None)


def _is_paused(goal: Promised, as_of: AsOf) -> bool:
    return goal.pause is not None and goal.pause.paused_from <= as_of.today < goal.pause.resume_on


def _answer_requests(goal: Goal, as_of: AsOf, days: _DeadlineCalendar) -> Iterator[OpenRequest]:
    """Whose turn it is in the conversation, and who is yet to join."""
    turn = awaited_answer(goal, as_of.policy.policy, days)
    if turn is None:
        return
    kind: RequestKind = "answer"
    acts, event, reminded = ACTS_BY_REQUEST.get(goal.state, ()), None, False
    if isinstance(goal, Negotiating):
        event, reminded = goal.open, goal.reminded
    elif isinstance(goal, Promised) and goal.proposal is not None:
        event = goal.proposal.id
        changes = goal.proposal.changes
        for party in dict.fromkeys(m for m in (changes.owner, changes.sponsor) if m and m not in goal.proposal.joined):
            late = turn.until <= as_of.at
            yield _build_request(
                "join", goal, party, (turn.since, turn.until), overdue=late, acts=ACTS_BY_REQUEST["join"], event=event
            )
    elif isinstance(goal, Promised) and goal.delivery is not None:
        kind, event = "verdict" if goal.delivery.mediator is None else "ruling", goal.delivery.id
        acts = ACTS_BY_REQUEST[kind]
    late = turn.until <= as_of.at
    span = (turn.since, turn.until)
    yield _build_request(kind, goal, turn.party, span, overdue=late, acts=acts, event=event, reminded=reminded)


def _build_request(  # noqa: PLR0913 - a question is made of its parts
    kind: RequestKind,
    goal: Negotiating | Promised | Goal,
    whom: UUID,
    span: tuple[datetime, datetime | None],
    *,
    acts: tuple[str, ...],
    overdue: bool,
    event: UUID | None,
    reminded: bool = False,
) -> OpenRequest:
    return OpenRequest(
        kind=kind,
        goal=goal.id,
        whom=whom,
        since=span[0],
        until=span[1],
        overdue=overdue,
        reminded=reminded,
        acts=acts,
        event=event,
    )


def _need_requests(goal: Promised, as_of: AsOf, days: _DeadlineCalendar) -> Iterator[OpenRequest]:
    for need in goal.needs:
        whom, until = need.addressee or goal.sponsor, None
        helper = days.member(whom)
        if need.answer_by is not None:
            until = absence_end(end_of_day(need.answer_by, days.zone), helper.absences if helper else (), days.zone)
        yield OpenRequest(
            kind="need",
            goal=goal.id,
            whom=whom,
            since=need.raised_at,
            until=until,
            overdue=until is not None and until <= as_of.at,
            acts=ACTS_BY_REQUEST["need"],
            need=f"{need.check_in}/{need.index}",
        )


def _check_in_requests(goal: Promised, as_of: AsOf, days: _DeadlineCalendar, ahead: timedelta) -> Iterator[OpenRequest]:
    """A promise whose time has passed wants a decision; one without a word for a cadence wants a check-in."""
    if goal.state == "lapsed" and goal.lapsed_at is not None:
        # Either party can end the silence, and the sponsor is the one who waits for what was promised.
        for whom, row in ((goal.owner, "lapsed"), (goal.sponsor, "lapsed_for_sponsor")):
            acts = ACTS_BY_REQUEST[row]
            yield _build_request("lapsed", goal, whom, (goal.lapsed_at, None), acts=acts, overdue=True, event=None)
        return
    due = check_in_due_at(goal, as_of.policy.policy, days)
    if due <= as_of.at + ahead:
        reminded, span = goal.reminded_of == goal.judged_by_event, (goal.judged_at, due)
        late = due <= as_of.at
        yield _build_request(
            "check_in",
            goal,
            goal.owner,
            span,
            acts=ACTS_BY_REQUEST["check_in"],
            overdue=late,
            event=None,
            reminded=reminded,
        )


def _blocker_request(blocker: UnresolvedBlocker, owner: UUID) -> OpenRequest:
    """A blocker that a check-in lists is over when its owner's next check-in lists it no more."""
    listed = ACTS_BY_REQUEST["listed"] if blocker.acts_next == owner else ()
    return OpenRequest(
        kind="blocker",
        goal=blocker.goal,
        whom=blocker.acts_next,
        since=from_micros(blocker.since),
        until=None,
        acts=ACTS_BY_REQUEST["raised"] if blocker.raised else listed,
        event=blocker.event_id,
        place=blocker.place,
    )


def _link_request(goal: Promised, unaffirmed: Unaffirmed) -> OpenRequest:
    return OpenRequest(
        kind="link",
        goal=goal.id,
        whom=goal.owner,
        since=from_micros(unaffirmed.since[0].at),
        until=unaffirmed.until,
        overdue=unaffirmed.overdue,
        acts=ACTS_BY_REQUEST["link"],
        parent=unaffirmed.link.parent,
    )


class _Text(msgspec.Struct, frozen=True):
    text: str = ""


class _EventTexts(msgspec.Struct, frozen=True):
    """What is read of an event: the words of a check-in's needs and blockers, or of a raised blocker."""

    needs: list[_Text] = []
    blockers: list[_Text] | None = None
    blocker: _Text | None = None


def with_texts(database: Database, as_of: AsOf, requests: Sequence[OpenRequest]) -> list[OpenRequest]:
    """The same questions with the words of the need or blocker."""
    where = {(str(ask.goal), _event_id(ask)) for ask in requests if ask.kind in ("need", "blocker")}
    texts: dict[str, _EventTexts] = {}
    ordered = sorted(where)
    for start in range(0, len(ordered), _CHUNK_SIZE):
        part = ordered[start : start + _CHUNK_SIZE]
        goals = {f"goal_{n}": goal for n, goal in enumerate(sorted({goal for goal, _ in part}))}
        events = {f"event_{n}": event for n, (_, event) in enumerate(part)}
        sql = named_statements("support")["words"].replace(":goals", ", ".join(f":{name}" for name in goals))
        sql = sql.replace(":events", ", ".join(f":{name}" for name in events))
        rows = database.query(sql, {"organisation_id": str(as_of.organisation_id), **goals, **events})
        texts |= {row.event_id: _TEXTS_DECODER.decode(row.data) for row in rows}
    return [replace(ask, text=_find_text(ask, texts.get(_event_id(ask)))) for ask in requests]


def _event_id(ask: OpenRequest) -> str:
    return ask.need.partition("/")[0] if ask.need is not None else str(ask.event)


def _find_text(ask: OpenRequest, texts: _EventTexts | None) -> str | None:
    if texts is None or ask.kind not in ("need", "blocker"):
        return ask.text
    if texts.blocker is not None:
        return texts.blocker.text
    place = int(ask.need.partition("/")[2]) if ask.need is not None else ask.place
    written = texts.needs if ask.kind == "need" else texts.blockers or []
    return written[place].text if place < len(written) else None


_TEXTS_DECODER = msgspec.json.Decoder(_EventTexts)
