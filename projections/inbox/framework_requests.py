"""What charters, cycles, decisions, experiments and subscriptions ask of one member: a consent, a review, a look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.calendar import end_of_day
from domain.charter.state import Charter, charter_id
from domain.cycle.state import Cycle
from domain.decision.state import Decision
from domain.experiment.state import Experiment
from domain.instants import from_micros, to_micros
from domain.key.key import KeyMade, KeyRevoked
from domain.member.member import Member, Role
from projections.as_of import AsOf
from projections.charters.charters import charters_of
from projections.cycles.cycles import open_cycles_at
from projections.database.database import Database, named_statements, to_id
from projections.decisions import decisions
from projections.experiments import load_open_experiments
from projections.inbox.goal_requests import OpenRequest
from projections.people import member_at, teams_led_at, teams_without_lead_at
from projections.subscriptions import load_subscriptions_page

#: Open decisions of one member that are looked at.
_MAX_DECISIONS = 200
#: Days for which an inbox says that another made a key in one's name.
KEY_NOTICE_DAYS = 28
#: Keys made lately that are looked at.
_MAX_KEYS = 1000


class SubjectRequests(NamedTuple):
    """What asks, as an inbox names it, and its questions."""

    #: "decision/<id>", "cycle/<id>", "charter/<id>", "experiment/<id>" or "key/<id>".
    subject: str
    title: str
    state: str
    team: UUID | None
    asks: list[OpenRequest]


def list_framework_requests(database: Database, as_of: AsOf, member: Member) -> list[SubjectRequests]:
    """Everything that the charters, cycles and decisions of the organisation ask of this member at `as_of`."""
    leads = overseen = teams_led_at(database, as_of, member)
    if Role.STEWARD in member.roles:
        overseen |= teams_without_lead_at(database, as_of)
    return [
        *_decision_requests(database, as_of, member, overseen),
        *_review_requests(database, as_of, member, overseen),
        *_experiment_requests(database, as_of, member, overseen),
        *_improvement_requests(database, as_of, member.id),
        *_acknowledgement_requests(database, as_of, member, leads),
        *_subscription_requests(database, as_of, member),
        *_key_notices(database, as_of, member.id),
    ]


def _key_notices(database: Database, as_of: AsOf, member_id: UUID) -> Iterator[SubjectRequests]:
    """Keys that another made in the member's name lately and that are in force: it can act as the member."""
    since = to_micros(as_of.at - timedelta(days=KEY_NOTICE_DAYS))
    params = {**as_of.params, "since": since, "made": KeyMade.__struct_config__.tag, "rows": _MAX_KEYS}
    params["member"] = f"%{member_id}%"
    ended = {"revoked": KeyRevoked.__struct_config__.tag}
    for row in database.query(named_statements("history")["keys_made"], {**params, **ended}):
        made = msgspec.json.decode(row.data, type=KeyMade)
        if made.member != member_id or row.actor == str(member_id) or made.expires_at <= as_of.at:
            continue
        text = f"may {', '.join(made.scopes)} as you until {made.expires_at.astimezone(as_of.tzinfo):%Y-%m-%d}"
        ask = OpenRequest(
            kind="key",
            whom=member_id,
            since=from_micros(row.occurred_at),
            until=None,
            acts=(),
            event=to_id(row.event_id),
            text=text,
        )
        yield SubjectRequests(f"key/{row.stream_id}", made.name or "an API key", "in_force", None, [ask])


def _decision_requests(
    database: Database, as_of: AsOf, member: Member, leads: frozenset[UUID]
) -> Iterator[SubjectRequests]:
    """To deciders who have neither consented nor objected; past the deadline to who decides then."""
    mine = decisions.DecisionFilters(decider=member.id, states=("open",))
    for decision in decisions.load_decisions_page(database, as_of, mine, limit=_MAX_DECISIONS).decisions:
        spoken = {given.decider for given in decision.consents} | {
            objection.by for objection in decision.open_objections
        }
        if member.id not in spoken:
            acts = ("share_perspective", "consent", "raise_objection")
            yield _wrap_decision_request(
                decision,
                OpenRequest(
                    kind="decision",
                    whom=member.id,
                    since=decision.time_box_from,
                    until=decision.deadline,
                    overdue=decision.deadline <= as_of.at,
                    acts=acts,
                    event=decision.opened_event,
                ),
            )
    yield from _late_decision_requests(database, as_of, member, leads)


def _late_decision_requests(
    database: Database, as_of: AsOf, member: Member, leads: frozenset[UUID]
) -> Iterator[SubjectRequests]:
    """Past the deadline, to the lead of the team or a steward, where the lead then decides."""
    steward = Role.STEWARD in member.roles
    if not leads and not steward:
        return
    late = decisions.load_decisions_page(
        database, as_of, decisions.DecisionFilters(states=("with_lead",)), limit=_MAX_DECISIONS
    ).decisions
    for decision in late:
        if decision.of.team in leads or (decision.of.team is None and steward):
            until = decision.lead_until
            yield _wrap_decision_request(
                decision,
                OpenRequest(
                    kind="decision",
                    whom=member.id,
                    since=decision.deadline,
                    until=until,
                    overdue=until is not None and until <= as_of.at,
                    acts=("decide",),
                    event=decision.opened_event,
                ),
            )


def _review_requests(
    database: Database, as_of: AsOf, member: Member, leads: frozenset[UUID]
) -> Iterator[SubjectRequests]:
    """A decision whose review date has come: asked of its opener, or of the lead where the opener has left."""
    steward = Role.STEWARD in member.roles
    for decision in decisions.load_decisions_to_review(
        database, as_of, member.id, leads, own=steward, limit=_MAX_DECISIONS
    ):
        if decision.opened_by != member.id and not _has_left(database, as_of, decision.opened_by):
            continue
        if decision.review_on is None or decision.decided is None:
            continue
        until = end_of_day(decision.review_on, as_of.tzinfo)
        yield _wrap_decision_request(
            decision,
            OpenRequest(
                kind="review",
                whom=member.id,
                since=end_of_day(decision.review_on - timedelta(days=1), as_of.tzinfo),
                until=until,
                overdue=until <= as_of.at,
                acts=("review", "set_review", "reopen"),
                event=decision.decided.event_id,
            ),
        )


def _experiment_requests(
    database: Database, as_of: AsOf, member: Member, leads: frozenset[UUID]
) -> Iterator[SubjectRequests]:
    """A proposal waits for its owner; from its day on it waits for its owner, or the lead where the owner has left."""
    steward = Role.STEWARD in member.roles
    for experiment in load_open_experiments(database, as_of, member.id, leads, own=steward):
        if experiment.owner != member.id and not _has_left(database, as_of, experiment.owner):
            continue
        day = experiment.review_on
        ask = _ask_for_agreement if experiment.state == "proposed" else _ask_for_review
        if experiment.state == "proposed" or day is None or day <= as_of.today:
            title, team = experiment.hypothesis, experiment.of.team
            asks = [ask(experiment, as_of, member.id)]
            yield SubjectRequests(f"experiment/{experiment.id}", title, experiment.state, team, asks)


def _ask_for_agreement(experiment: Experiment, as_of: AsOf, member: UUID) -> OpenRequest:
    until = None if experiment.review_on is None else end_of_day(experiment.review_on, as_of.tzinfo)
    return OpenRequest(
        kind="experiment",
        whom=member,
        since=experiment.proposed_at,
        until=until,
        overdue=until is not None and until <= as_of.at,
        acts=("agree", "decline") if member == experiment.owner else ("withdraw",),
        event=experiment.proposed_event,
    )


def _ask_for_review(experiment: Experiment, as_of: AsOf, member: UUID) -> OpenRequest:
    """Without a day it was looked at, and is to be kept or dropped since then."""
    day, looks = experiment.review_on, experiment.findings
    until = None if day is None else end_of_day(day, as_of.tzinfo)
    since = looks[-1].at if looks else experiment.proposed_at
    return OpenRequest(
        kind="experiment",
        whom=member,
        since=since if day is None else end_of_day(day - timedelta(days=1), as_of.tzinfo),
        until=until,
        overdue=until is not None and until <= as_of.at,
        acts=("review", "keep", "drop") if looks else ("review", "drop"),
        event=looks[-1].id if looks else experiment.proposed_event,
    )


def _has_left(database: Database, as_of: AsOf, member_id: UUID | None) -> bool:
    member = member_at(database, as_of, member_id) if member_id is not None else None
    return member is None or member.left_at is not None


def _wrap_decision_request(decision: Decision, ask: OpenRequest) -> SubjectRequests:
    return SubjectRequests(f"decision/{decision.id}", decision.question, decision.state, decision.of.team, [ask])


def _improvement_requests(database: Database, as_of: AsOf, member: UUID) -> Iterator[SubjectRequests]:
    """Open ones of open cycles: what a closed cycle left open is ended in the one that it is carried into."""
    for cycle in open_cycles_at(database, as_of, naming=member):
        asks = list(_requests_of_cycle(cycle, as_of, member))
        if asks:
            yield SubjectRequests(f"cycle/{cycle.id}", cycle.name, "improving", cycle.of.team, asks)


def _requests_of_cycle(cycle: Cycle, as_of: AsOf, member: UUID) -> Iterator[OpenRequest]:
    for improvement in cycle.improvements:
        if improvement.owner == member and improvement.state == "open":
            until = end_of_day(improvement.due, as_of.tzinfo)
            yield OpenRequest(
                kind="improvement",
                whom=member,
                since=end_of_day(cycle.starts, as_of.tzinfo),
                until=until,
                overdue=until <= as_of.at,
                acts=("finish_improvement", "drop_improvement"),
                event=improvement.id,
                text=improvement.text,
            )


def _acknowledgement_requests(
    database: Database, as_of: AsOf, member: Member, leads: frozenset[UUID]
) -> Iterator[SubjectRequests]:
    """Of what stands in the organisation's charter and in those of the member's teams, in its present wording."""
    teams = (None, *sorted({*member.teams, *leads}, key=str))
    charters = charters_of(database, as_of, teams, voice=member.id)
    for team in teams:
        charter = charters.get(team)
        asks = list(_requests_of_charter(charter, member.id)) if charter is not None else []
        if asks:
            subject = f"charter/{charter_id(as_of.organisation_id, team)}"
            yield SubjectRequests(subject, "non-negotiables", "standing", team, asks)


def _requests_of_charter(charter: Charter, member: UUID) -> Iterator[OpenRequest]:
    for non_negotiable in charter.non_negotiables_in_force:
        if member not in {acknowledgement.member for acknowledgement in non_negotiable.acknowledged}:
            acts = ("acknowledge",)
            yield OpenRequest(
                kind="acknowledgement",
                whom=member,
                since=non_negotiable.since,
                until=None,
                acts=acts,
                event=non_negotiable.id,
                version=non_negotiable.version,
                text=non_negotiable.text,
            )


def _subscription_requests(database: Database, as_of: AsOf, member: Member) -> Iterator[SubjectRequests]:
    """A subscription whose deliveries have ended by themselves: asked of stewards and, while there, of its owner."""
    owner = None if Role.STEWARD in member.roles else member.id
    for subscription in load_subscriptions_page(database, as_of, owner=owner, states=("disabled",)):
        ended = subscription.disabled
        if ended is None:
            continue
        acts = ("remove",) if ended.reason == "owner_left" else ("resume", "remove")
        ask = OpenRequest(
            kind="subscription_disabled", whom=member.id, since=ended.at, until=None, acts=acts, event=ended.event_id
        )
        title = subscription.name or subscription.url
        yield SubjectRequests(f"subscription/{subscription.id}", title, "disabled", subscription.team, [ask])
