"""A member's inbox: everything that waits for this person, one entry per goal, the nearest deadline first.

Decisions, cycles and charters ask in it too. And the day's reminders: each is a fact that the sweep recorded, once for
each silence; here they are gathered, one for a goal, a few a day. Nothing is sent anywhere.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Literal
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.calendar import end_of_day
from domain.goal.state import PROMISED_STATES, Goal
from domain.instants import from_micros, to_micros
from domain.member.member import Role
from projections.as_of import AsOf
from projections.attribution import load_attributed_acts
from projections.database.database import Database, named_statements, to_id
from projections.database.paging import ALL_ROWS, ORDER_BY_ID, RowSelection, page_sql
from projections.database.sql import goal_body_sql, in_clause
from projections.history.history import load_entries
from projections.inbox.departed import list_departed_requests
from projections.inbox.framework_requests import list_framework_requests
from projections.inbox.goal_requests import AWAITING_ANSWER_STATES, OpenRequest, list_open_requests, with_texts
from projections.people import member_at
from projections.sight import Sight

#: A check-in shows up in the inbox so long before its cadence is over.
CHECK_IN_LOOKAHEAD = timedelta(days=3)
#: Reminders that one day brings to one member; the rest is counted.
MAX_REMINDERS_PER_DAY = 10
#: Questions of one goal that are listed; the rest is counted.
MAX_REQUESTS_PER_GOAL = 10

_GOAL_DECODER: msgspec.json.Decoder[Goal] = msgspec.json.Decoder(Goal)


class InboxEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One goal (or decision, cycle, charter) that waits for the member, and what it asks."""

    #: "goal/<id>", "decision/<id>", "cycle/<id>", "charter/<id>" or "experiment/<id>"; your own "member/<id>": recorded
    #: in your name.
    subject: str
    goal: UUID | None = None
    title: str
    state: str
    team: UUID | None = None
    #: The nearest deadline of what it asks; None: no day was named.
    until: datetime | None
    overdue: bool = False
    asks: list[OpenRequest]
    #: What it asks beyond those.
    more: int = 0


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """A silence of which the member was reminded, dated to when the reminder fell due."""

    goal: UUID
    kind: Literal["check_in", "answer"]
    at: datetime
    event: UUID


class Reminders(msgspec.Struct, frozen=True, kw_only=True):
    """The day's reminders that still stand: one for a goal, `REMINDERS_A_DAY` at most."""

    day: date
    goals: list[Reminder]
    rest: int


class Inbox(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What waits for one member. `count` entries in all, `rest` of them beyond those that are listed."""

    as_of: str
    recorded_as_of: datetime
    policy_version: int
    count: int
    overdue: int
    entries: list[InboxEntry]
    rest: int
    reminders: Reminders
    #: Id -> how the goals and charters named here were called at `as_of`; only when asked for.
    names: dict[str, str] = {}


def load_inbox(database: Database, as_of: AsOf, member: UUID, *, sight: Sight, limit: int = 50) -> Inbox:
    """The `limit` most urgent goals that wait for the member at `as_of`: by deadline, those without one last."""
    goals = _load_goals(database, as_of, member)
    requests = [
        ask
        for ask in list_open_requests(database, as_of, list(goals.values()), ahead=CHECK_IN_LOOKAHEAD)
        if ask.whom == member
    ]
    person = member_at(database, as_of, member)
    if person is not None and Role.STEWARD in person.roles:
        for goal, ask in list_departed_requests(database, as_of, member):
            goals[goal.id] = goal
            requests.append(ask)
        requests.sort(key=lambda ask: str(ask.goal))
    entries = [
        _build_goal_entry(goals[goal_id], list(part))
        for goal_id, part in groupby(requests, key=lambda ask: ask.goal)
        if goal_id
    ]
    if person is not None and person.left_at is None:
        entries += [
            _build_entry(a.subject, a.title, a.state, a.team, a.asks)
            for a in list_framework_requests(database, as_of, person)
        ]
    entries += _load_attribution_entry(database, as_of, member, sight)
    entries.sort(key=lambda entry: (entry.until is None, entry.until or entry.asks[0].since, entry.subject))
    first = entries[:limit]
    words = iter(with_texts(database, as_of, [ask for entry in first for ask in entry.asks]))
    return Inbox(
        as_of=as_of.as_of_text,
        recorded_as_of=as_of.recorded_as_of,
        policy_version=as_of.policy.version,
        count=len(entries),
        overdue=sum(entry.overdue for entry in entries),
        entries=[replace(entry, asks=[next(words) for _ in entry.asks]) for entry in first],
        rest=len(entries) - len(first),
        reminders=_load_reminders(database, as_of, member, {ask.goal for ask in requests if ask.reminded and ask.goal}),
    )


def _load_attribution_entry(database: Database, as_of: AsOf, member: UUID, sight: Sight) -> list[InboxEntry]:
    """One entry for all that imports recorded in the member's name lately; none where they recorded nothing."""
    acts, count = load_attributed_acts(database, as_of, member, limit=MAX_REQUESTS_PER_GOAL)
    if not acts:
        return []
    sentences = load_entries(database, as_of, {(act.stream, act.event) for act in acts}, sight)
    asks = [
        OpenRequest(
            kind="attributed",
            goal=act.stream if act.kind == "goal" else None,
            whom=member,
            since=act.recorded_at,
            until=None,
            acts=(),
            event=act.event,
            text=sentences[act.event].text if act.event in sentences else None,
        )
        for act in acts
    ]
    return [
        replace(
            _build_entry(f"member/{member}", "Recorded in your name by an import", "recorded", None, asks),
            more=count - len(asks),
        )
    ]


#: Goals of which a member is a side, or named in what they wait for.
_CONCERNED = (
    "owner = :member",
    "sponsor = :member",
    """stream_id IN (
      SELECT stream_id FROM support_needs WHERE organisation_id = :organisation_id AND addressee = :member
      UNION SELECT stream_id FROM support_blockers WHERE organisation_id = :organisation_id AND acts_next = :member)""",
)


def _load_goals(database: Database, as_of: AsOf, member: UUID) -> dict[UUID, Goal]:
    """The goals in talk or promised that may ask something of the member, by id."""
    marks, states = in_clause("state", (*AWAITING_ANSWER_STATES, *PROMISED_STATES))
    selection = RowSelection(table="goals", where=[f"state IN ({marks})"], few_of=_CONCERNED, body=goal_body_sql("v"))
    sql = page_sql(selection, as_of.disjoint_predicates, ORDER_BY_ID)
    rows = database.query(sql, {**as_of.params, **states, "member": str(member), "rows": ALL_ROWS})
    return {goal.id: goal for goal in (_GOAL_DECODER.decode(row.body) for row in rows)}


def _build_goal_entry(goal: Goal, requests: list[OpenRequest]) -> InboxEntry:
    return replace(_build_entry(f"goal/{goal.id}", goal.title, goal.state, goal.team, requests), goal=goal.id)


def _build_entry(subject: str, title: str, state: str, team: UUID | None, requests: list[OpenRequest]) -> InboxEntry:
    return InboxEntry(
        subject=subject,
        title=title,
        state=state,
        team=team,
        until=min((ask.until for ask in requests if ask.until is not None), default=None),
        overdue=any(ask.overdue for ask in requests),
        asks=requests[:MAX_REQUESTS_PER_GOAL],
        more=max(0, len(requests) - MAX_REQUESTS_PER_GOAL),
    )


def _load_reminders(database: Database, as_of: AsOf, member: UUID, standing: set[UUID]) -> Reminders:
    """Of the day of `as_of`; a goal that was spoken of since needs no reminder."""
    since = to_micros(end_of_day(date.fromordinal(max(1, as_of.today.toordinal() - 1)), as_of.tzinfo))
    params = {**as_of.params, "member": str(member), "since": since}
    rows = database.query(named_statements("support")["reminders"], params)
    latest = {to_id(row.stream_id): row for row in rows if to_id(row.stream_id) in standing}
    reminders = [
        Reminder(
            goal=goal,
            kind="check_in" if row.kind == "check_in_due" else "answer",
            at=from_micros(row.occurred_at),
            event=to_id(row.event_id),
        )
        for goal, row in sorted(latest.items(), key=lambda item: (item[1].occurred_at, str(item[0])))
    ]
    return Reminders(
        day=as_of.today, goals=reminders[:MAX_REMINDERS_PER_DAY], rest=max(0, len(reminders) - MAX_REMINDERS_PER_DAY)
    )
