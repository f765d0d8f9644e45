"""What charters, cycles and decisions ask of one member: a consent, a review, an improvement, an acknowledgement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from domain.calendar import end_of_day
from domain.charter.state import Charter, charter_id
from domain.cycle.state import Cycle
from domain.decision.state import Decision
from domain.member import Member, Role
from projections import decisions
from projections.charters import charter_of
from projections.cycles import open_cycles_at
from projections.database import Database
from projections.lens import Lens
from projections.people import member_at, teams_at
from projections.waiting import Ask

#: Open decisions of one member that are looked at.
_MOST_DECISIONS = 200


class Asking(NamedTuple):
    """What asks, as an inbox names it, and its questions."""

    #: "decision/<id>", "cycle/<id>" or "charter/<id>".
    subject: str
    title: str
    state: str
    team: UUID | None
    asks: list[Ask]


def framework_asks(database: Database, lens: Lens, member_id: UUID) -> list[Asking]:
    """Everything that the charters, cycles and decisions of the organisation ask of this member at the lens."""
    member = member_at(database, lens, member_id)
    if member is None or member.left_at is not None:
        return []
    leads = {team.id for team in teams_at(database, lens) if team.lead == member_id}
    return [
        *_decisions(database, lens, member, leads),
        *_reviews(database, lens, member, leads),
        *_improvements(database, lens, member_id),
        *_acknowledgements(database, lens, member, leads),
    ]


def _decisions(database: Database, lens: Lens, member: Member, leads: set[UUID]) -> Iterator[Asking]:
    """To deciders who have neither consented nor objected; past the deadline to the lead, where that is the rule."""
    mine = decisions.Filters(decider=member.id, states=("open",))
    for held in decisions.page(database, lens, mine, limit=_MOST_DECISIONS).decisions:
        spoken = {given.decider for given in held.consents} | {objection.by for objection in held.open_objections}
        if member.id not in spoken:
            acts = ("share_perspective", "consent", "raise_objection")
            yield _decision(
                held,
                Ask(
                    kind="decision",
                    whom=member.id,
                    since=held.time_box_from,
                    until=held.deadline,
                    overdue=held.deadline <= lens.at,
                    acts=acts,
                    event=held.opened_event,
                ),
            )
    steward = Role.STEWARD in member.roles
    late = decisions.page(database, lens, decisions.Filters(states=("with_lead",)), limit=_MOST_DECISIONS).decisions
    for held in late:
        if held.of.team in leads or (held.of.team is None and steward):
            until = held.lead_until
            yield _decision(
                held,
                Ask(
                    kind="decision",
                    whom=member.id,
                    since=held.deadline,
                    until=until,
                    overdue=until is not None and until <= lens.at,
                    acts=("decide",),
                    event=held.opened_event,
                ),
            )


def _reviews(database: Database, lens: Lens, member: Member, leads: set[UUID]) -> Iterator[Asking]:
    """Of a decision whose day to look again has come: to whoever opened it; to who leads where that member has left."""
    steward = Role.STEWARD in member.roles
    for held in decisions.to_review(database, lens, member.id, leads, own=steward, limit=_MOST_DECISIONS):
        if held.opened_by != member.id and not _has_left(database, lens, held.opened_by):
            continue
        if held.review_on is None or held.decided is None:
            continue
        until = end_of_day(held.review_on, lens.tzinfo)
        yield _decision(
            held,
            Ask(
                kind="review",
                whom=member.id,
                since=end_of_day(held.review_on - timedelta(days=1), lens.tzinfo),
                until=until,
                overdue=until <= lens.at,
                acts=("review", "set_review", "reopen"),
                event=held.decided.event_id,
            ),
        )


def _has_left(database: Database, lens: Lens, member_id: UUID | None) -> bool:
    found = member_at(database, lens, member_id) if member_id is not None else None
    return found is None or found.left_at is not None


def _decision(held: Decision, ask: Ask) -> Asking:
    return Asking(f"decision/{held.id}", held.question, held.state, held.of.team, [ask])


def _improvements(database: Database, lens: Lens, member: UUID) -> Iterator[Asking]:
    """Open ones of open cycles: what a closed cycle left open is ended in the one that it is carried into."""
    for cycle in open_cycles_at(database, lens):
        asks = list(_improving(cycle, lens, member))
        if asks:
            yield Asking(f"cycle/{cycle.id}", cycle.name, "improving", cycle.of.team, asks)


def _improving(cycle: Cycle, lens: Lens, member: UUID) -> Iterator[Ask]:
    for held in cycle.improvements:
        if held.owner == member and held.state == "open":
            until = end_of_day(held.due, lens.tzinfo)
            yield Ask(
                kind="improvement",
                whom=member,
                since=end_of_day(cycle.starts, lens.tzinfo),
                until=until,
                overdue=until <= lens.at,
                acts=("finish_improvement", "drop_improvement"),
                event=held.id,
                text=held.text,
            )


def _acknowledgements(database: Database, lens: Lens, member: Member, leads: set[UUID]) -> Iterator[Asking]:
    """Of what stands in the organisation's charter and in those of the member's teams, in its present wording."""
    for team in (None, *sorted({*member.teams, *leads}, key=str)):
        charter = charter_of(database, lens, team, voice=member.id)
        asks = list(_acknowledging(charter, member.id)) if charter is not None else []
        if asks:
            subject = f"charter/{charter_id(lens.organisation_id, team)}"
            yield Asking(subject, "non-negotiables", "standing", team, asks)


def _acknowledging(charter: Charter, member: UUID) -> Iterator[Ask]:
    for held in charter.kept:
        if member not in {told.member for told in held.acknowledged}:
            acts = ("acknowledge",)
            yield Ask(
                kind="acknowledgement",
                whom=member,
                since=held.since,
                until=None,
                acts=acts,
                event=held.id,
                version=held.version,
                text=held.text,
            )
