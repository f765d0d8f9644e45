"""A team's digest, to be read whenever one has time: what changed, what is needed of whom, what stands as it was.

It replaces a status meeting. Every list is bounded and states how many there were in all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from domain.charter.state import charter_id
from domain.goal import events as e
from domain.goal.state import PROMISED_STATES, Promised
from domain.instants import from_micros, to_micros
from projections.as_of import AsOf
from projections.database.database import Database, Row, named_statements, to_id
from projections.goals import goals_at
from projections.history.history import render_entries
from projections.history.narrative.phrases import quote
from projections.inbox.goal_requests import AWAITING_ANSWER_STATES, OpenRequest, list_open_requests, with_texts
from projections.sight import Sight

#: What counts as a change of a goal: it begins, its terms change, it is delivered or sent back, it lapses, it ends.
CHANGE_TAGS: tuple[str, ...] = tuple(
    str(cls.__struct_config__.tag)
    for cls in (
        *(e.GoalPromised, e.GoalAccepted, e.ChangeAccepted, e.CompletionDeclared, e.DeliveryRejected),
        *(e.CompletionRetracted, e.GoalLapsed, e.SatisfactionDeclared, e.RuledSatisfied, e.RuledBroken),
        *(e.DeemedSatisfied, e.GoalCancelled, e.GoalReleased, e.PromiseWithdrawn, e.ClosedBroken, e.GivenUp),
        *(e.SponsorReassigned, e.DepartedReleased, e.Unlinked, e.Resumed),
    )
)
#: Of a charter, cycle or decision everything is listed but individual statements: these are read where they were made.
QUIET = (
    *("charter.acknowledged.v1", "decision.perspective_shared.v1", "decision.consented.v1"),
    *("cycle.reflection_shared.v1",),
)
#: Of the organisation's own charter, what every member may read.
_PRIVATE_TAGS = ("charter.breach_raised.v1", "charter.repair_agreed.v1")

_ZERO = timedelta(0)


class DigestChange(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, in a sentence that names its subject; names as they were at the time asked about."""

    at: datetime
    #: "goal/<id>", "charter/<id>", "cycle/<id>" or "decision/<id>".
    subject: str
    type: str
    event: UUID
    text: str


class UnchangedGoal(msgspec.Struct, frozen=True, kw_only=True):
    """A promise that nothing changed and that asks for nothing: its owner has lately said that it stands."""

    goal: UUID
    title: str
    owner: UUID
    due: date
    judged_at: datetime


class ChangedSection(msgspec.Struct, frozen=True, kw_only=True):
    """The latest changes, the newest first, and how many there were."""

    count: int
    items: list[DigestChange]


class RequestSection(msgspec.Struct, frozen=True, kw_only=True):
    """Questions of one sort by deadline, and how many there are."""

    count: int
    overdue: int
    items: list[OpenRequest]


class UnchangedGoals(msgspec.Struct, frozen=True, kw_only=True):
    """Goals that stand as they were, by due, and how many they are."""

    count: int
    items: list[UnchangedGoal]


class Digest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One team between two times."""

    team: UUID
    since: datetime
    as_of: str
    recorded_as_of: datetime
    policy_version: int
    changed: ChangedSection
    #: Help that was asked for.
    needs: RequestSection
    blockers: RequestSection
    #: Requests, offers, changes, deliveries and hand-overs that wait for an answer.
    answers: RequestSection
    #: Goals without a word for a cadence, and promises whose time has passed.
    quiet: RequestSection
    #: Links whose parent has changed or ended since they were affirmed.
    links: RequestSection
    unchanged: UnchangedGoals
    #: Id -> how members, goals and charters named here were called at `as_of`; only when asked for.
    names: dict[str, str] = {}


def load_digest(
    database: Database, as_of: AsOf, team: UUID, *, since: datetime, sight: Sight, limit: int = 20
) -> Digest:
    """What happened to the team's goals, charter, cycles and decisions from `since` on, and how they stand.

    Each list holds `limit` items at most.
    """
    goals = goals_at(database, as_of, team=team, states=(*AWAITING_ANSWER_STATES, *PROMISED_STATES))
    owners = {goal.id: goal.owner for goal in goals if isinstance(goal, Promised)}
    # A lapsed promise asks both of its parties; in a team's digest it is one.
    requests = [
        ask
        for ask in list_open_requests(database, as_of, goals, ahead=_ZERO)
        if ask.goal is None or ask.kind != "lapsed" or ask.whom == owners[ask.goal]
    ]
    changed, moved = _load_changes(database, as_of, team, since, limit, sight)

    def section(*kinds: str) -> RequestSection:
        return _build_request_section(database, as_of, [ask for ask in requests if ask.kind in kinds], limit)

    return Digest(
        team=team,
        since=since,
        as_of=as_of.as_of_text,
        recorded_as_of=as_of.recorded_as_of,
        policy_version=as_of.policy.version,
        changed=changed,
        needs=section("need"),
        blockers=section("blocker"),
        answers=section("answer", "join", "verdict", "ruling"),
        quiet=section("check_in", "lapsed"),
        links=section("link"),
        unchanged=_build_unchanged_goals(
            (goal for goal in goals if isinstance(goal, Promised)),
            moved | {ask.goal for ask in requests if ask.goal},
            as_of,
            limit,
        ),
    )


def _load_changes(  # noqa: PLR0913 - what, from when, how much, for whom
    database: Database, as_of: AsOf, team: UUID, since: datetime, limit: int, sight: Sight
) -> tuple[ChangedSection, set[UUID]]:
    """The latest changes, and the goals that any of them concerns."""
    types = {f"type_{n}": name for n, name in enumerate(CHANGE_TAGS)}
    params = {**as_of.params, **types, "team": str(team), "since": to_micros(since), "rows": limit}
    marks = ", ".join(f":{name}" for name in types)

    def rows(name: str) -> list[Row]:
        return database.query(named_statements("support")[name].replace(":types", marks), params)

    counted = rows("changed_goals")
    framework, happened = _load_framework_events(database, as_of, team, since, limit)
    latest = sorted([*rows("changes_of_goals"), *framework], key=lambda r: (r.occurred_at, r.position))
    latest = latest[::-1][:limit]
    entries = {str(entry.event_id): entry for entry in render_entries(database, as_of, latest, sight)}
    subjects = _load_subjects(database, as_of, team, latest, sight)
    items = [
        DigestChange(
            at=from_micros(row.occurred_at),
            subject=f"{row.kind}/{row.stream_id}",
            type=row.type,
            event=entry.event_id,
            text=f"{subjects[row.stream_id]}: {entry.text}" if row.stream_id in subjects else entry.text,
        )
        for row in latest
        if (entry := entries.get(row.event_id)) is not None
    ]
    count = sum(row.n for row in counted) + happened
    return ChangedSection(count=count, items=items), {to_id(row.stream_id) for row in counted}


def _load_subjects(database: Database, as_of: AsOf, team: UUID, rows: Sequence[Row], sight: Sight) -> dict[str, str]:
    """Stream -> what a line about it begins with: title of a goal, name of a cycle, question, or whose charter."""
    known = sight.load_names(database, as_of, {team, *(row.stream_id for row in rows)})
    subjects = {row.stream_id: quote(known[row.stream_id]) for row in rows if row.stream_id in known}
    return subjects | {
        str(charter_id(as_of.organisation_id, team)): f"The charter of {known.get(str(team), 'the team')}",
        str(charter_id(as_of.organisation_id, None)): "The organisation's charter",
    }


def _load_framework_events(
    database: Database, as_of: AsOf, team: UUID, since: datetime, limit: int
) -> tuple[list[Row], int]:
    """The latest of a team's charter, cycles and decisions, and how many there are: a long past is only counted."""
    quiet = {f"quiet_{n}": name for n, name in enumerate(QUIET)}
    private = {f"private_{n}": name for n, name in enumerate(_PRIVATE_TAGS)}
    own = str(charter_id(as_of.organisation_id, None))
    params = {**as_of.params, **quiet, **private, "own": own, "team": str(team), "since": to_micros(since)}

    def rows(name: str, **more: int) -> list[Row]:
        sql = named_statements("support")[name]
        for mark, names in ((":quiet", quiet), (":private", private)):
            sql = sql.replace(f"({mark})", f"({', '.join(f':{each}' for each in names)})")
        return database.query(sql, {**params, **more})

    return rows("framework", rows=limit), rows("framework_count")[0].n


def _build_request_section(
    database: Database, as_of: AsOf, requests: Sequence[OpenRequest], limit: int
) -> RequestSection:
    ordered = sorted(requests, key=lambda ask: (ask.until is None, ask.until or ask.since, str(ask.goal), ask.kind))
    return RequestSection(
        count=len(requests),
        overdue=sum(ask.overdue for ask in requests),
        items=with_texts(database, as_of, ordered[:limit]),
    )


def _build_unchanged_goals(goals: Iterable[Promised], busy: set[UUID], as_of: AsOf, limit: int) -> UnchangedGoals:
    """Active, not paused, and in no other list: silence within the cadence after a word that it stands."""
    still = [
        goal
        for goal in goals
        if goal.state == "active"
        and goal.id not in busy
        and not (goal.pause is not None and goal.pause.paused_from <= as_of.today < goal.pause.resume_on)
    ]
    still.sort(key=lambda goal: (goal.terms.due, str(goal.id)))
    items = [
        UnchangedGoal(goal=goal.id, title=goal.title, owner=goal.owner, due=goal.terms.due, judged_at=goal.judged_at)
        for goal in still[:limit]
    ]
    return UnchangedGoals(count=len(still), items=items)
