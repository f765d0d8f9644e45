"""Expectation drift: who has not acknowledged what stands, breaches and their repairs, and how old the last look is.

Counted about charters and events, never as a person's score: breaches are a group's, not a member's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import msgspec

from domain.charter.state import charter_id
from domain.instants import to_micros
from domain.member.member import Member
from domain.policy import Policy
from domain.quantities import to_fraction
from projections.as_of import AsOf
from projections.database.database import Database, Row
from projections.drift.facts import REVIEW_KINDS
from projections.figures import (
    SMALL_SAMPLE,
    Figure,
    GroupFigure,
    build_share,
    event_ids,
    line_of_limit,
    line_of_share,
    of_group,
    round_for_report,
)
from projections.lineage.links import query_facts


class PurposeInForce(msgspec.Struct, frozen=True):
    """The version in force; `at` is its adoption or revision, microseconds UTC."""

    version: int
    event_id: UUID
    at: int
    text: str

    @property
    def is_revised(self) -> bool:
        """Whether it took the place of another: links to it that are older are unaffirmed."""
        return self.version > 1


class NonNegotiableInForce(msgspec.Struct, frozen=True):
    """A standing expectation in its current version; `at` in microseconds UTC."""

    id: UUID
    version: int
    event_id: UUID
    at: int
    text: str


class BreachFact(msgspec.Struct, frozen=True, kw_only=True):
    """An event at which a non-negotiable was not kept, and the repair talk if it was held; microseconds UTC."""

    event_id: UUID
    at: int
    by: UUID | None
    text: str
    repair: UUID | None = None
    repaired_at: int | None = None


class CharterSnapshot(msgspec.Struct, kw_only=True):
    """One charter as `as_of` shows it."""

    id: UUID
    #: Whose it is; None: the organisation's own.
    team: UUID | None
    purpose: PurposeInForce | None = None
    #: Those in force, by id.
    non_negotiables: dict[UUID, NonNegotiableInForce] = {}
    #: (member, non-negotiable, version) -> the acknowledgement.
    acknowledged: dict[tuple[UUID, UUID, int], UUID] = {}
    #: By the event that raised them, oldest first.
    breaches: dict[UUID, BreachFact] = {}
    #: When it was last adopted, changed or reviewed: the event and its time, microseconds UTC.
    reviewed: tuple[UUID, int] | None = None

    @property
    def has_content(self) -> bool:
        """Whether it has any content yet."""
        return self.purpose is not None or bool(self.non_negotiables)


def load_charters(database: Database, as_of: AsOf, teams: Iterable[UUID]) -> dict[UUID, CharterSnapshot]:
    """The charters of these teams and the organisation's own, by their ids; those without any event are absent.

    Facts count in the order of business time; one recorded late takes its place among the others.
    """
    ids = [charter_id(as_of.organisation_id, team) for team in (None, *teams)]
    rows = query_facts(database, as_of, "expectations", ids)
    charters: dict[UUID, CharterSnapshot] = {}
    for row in sorted(rows, key=lambda r: (r.occurred_at, r.known_from)):
        charter = UUID(row.stream_id)
        framework = charters.get(charter)
        if framework is None:
            framework = charters[charter] = CharterSnapshot(id=charter, team=UUID(row.team) if row.team else None)
        _apply_fact(framework, row)
    return charters


def _apply_fact(charter: CharterSnapshot, row: Row) -> None:
    event, at = UUID(row.event_id), row.occurred_at
    item = UUID(row.item) if row.item else event
    if row.kind in REVIEW_KINDS:
        charter.reviewed = (event, at)
    match row.kind:
        case "purpose" if charter.purpose is None or row.number >= charter.purpose.version:
            charter.purpose = PurposeInForce(row.number, event, at, row.text)
        case "non_negotiable":
            charter.non_negotiables[item] = NonNegotiableInForce(item, row.number, event, at, row.text)
        case "retired":
            charter.non_negotiables.pop(item, None)
        case "acknowledged":
            charter.acknowledged[UUID(row.member), item, row.number] = event
        case "breach":
            non_negotiable = charter.non_negotiables.get(item)
            by = UUID(row.member) if row.member else None
            charter.breaches[event] = BreachFact(
                event_id=event, at=at, by=by, text=non_negotiable.text if non_negotiable else ""
            )
        case "repair" if item in charter.breaches:
            charter.breaches[item] = msgspec.structs.replace(charter.breaches[item], repair=event, repaired_at=at)


FIGURE_NAMES = ("acknowledgement_share", "breach_rate", "repair_share", "review_age_days")
#: A breach is repaired in time within so many days.
REPAIR_DAYS = 7
_DAY_MICROS = timedelta(days=1) // timedelta(microseconds=1)
_WEEK_MICROS = 7 * _DAY_MICROS


class MissingAcknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """A member, and what stands in one charter that she has not acknowledged as it is worded now."""

    member: UUID
    framework: CharterSnapshot
    waiting: list[NonNegotiableInForce]


class ExpectationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Charters, those to whom they apply, and the window of w days that ends with the day of `as_of`."""

    as_of: AsOf
    frameworks: list[CharterSnapshot]
    #: Joined members of whom it is asked what they acknowledged.
    members: list[Member]
    #: Those whose weeks breaches are counted over; the same, unless the organisation's charter speaks for a team.
    everybody: list[Member]
    leads: dict[UUID, UUID]
    window: int
    #: One member was asked about: what belongs to a group is left unsaid.
    personal: bool = False

    @property
    def until(self) -> int:
        """Microseconds UTC."""
        return to_micros(self.as_of.at)

    @property
    def since(self) -> int:
        """Microseconds UTC; the window begins behind it."""
        return self.until - self.window * _DAY_MICROS

    def is_applicable(self, framework: CharterSnapshot, member: Member) -> bool:
        """A team's charter to its members and its lead, the organisation's to everybody."""
        team = framework.team
        return team is None or team in member.teams or self.leads.get(team) == member.id

    def list_recent_breaches(self) -> list[BreachFact]:
        """Raised within the window, by the event that raised them."""
        recent = [b for framework in self.frameworks for b in framework.breaches.values() if b.at > self.since]
        return sorted(recent, key=lambda b: b.event_id.int)


def find_unacknowledged(facts: ExpectationFacts) -> Iterator[MissingAcknowledgement]:
    """Per member and charter, in the order of their ids."""
    for member in facts.members:
        for framework in facts.frameworks:
            if not facts.is_applicable(framework, member):
                continue
            in_force = sorted(framework.non_negotiables.values(), key=lambda n: n.event_id.int)
            waiting = [n for n in in_force if (member.id, n.id, n.version) not in framework.acknowledged]
            if waiting:
                yield MissingAcknowledgement(member=member.id, framework=framework, waiting=waiting)


def build_expectation_figures(
    facts: ExpectationFacts, policy: Policy, group: dict[str, Any]
) -> Iterator[Figure | GroupFigure]:
    """The four figures, each with the events that made it."""
    if not facts.frameworks:
        yield from (of_group(Figure(name=name, value=None, status="no_charter", **group)) for name in FIGURE_NAMES)
        return
    yield _acknowledgement_figure(facts, policy, group)
    if facts.personal:
        yield from (Figure(name=name, value=None, status="not_personal", **group) for name in FIGURE_NAMES[1:3])
    else:
        yield _breach_rate_figure(facts, policy, group)
        yield _repair_share_figure(facts, policy, group)
    # Of charters: nobody is behind it.
    yield of_group(_review_age_figure(facts, policy, group))


def _acknowledgement_figure(facts: ExpectationFacts, policy: Policy, group: dict[str, Any]) -> GroupFigure:
    speaking = [framework for framework in facts.frameworks if framework.non_negotiables]
    people = {m.id for m in facts.members if any(facts.is_applicable(framework, m) for framework in speaking)}
    lacking = {u.member for u in find_unacknowledged(facts)}
    in_force = [n for framework in speaking for n in framework.non_negotiables.values()]
    worded = {(n.id, n.version) for n in in_force}
    acknowledgements = [
        event
        for framework in speaking
        for (member, item, version), event in framework.acknowledged.items()
        if member in people and (item, version) in worded
    ]
    share = build_share(
        "acknowledgement_share",
        len(lacking),
        len(people),
        limit=to_fraction(policy.acknowledgement_line),
        census=True,
        events=event_ids([*(n.event_id for n in in_force), *acknowledgements]),
        **group,
    )
    return of_group(share, [(None, person) for person in people])


def _breach_rate_figure(facts: ExpectationFacts, policy: Policy, group: dict[str, Any]) -> GroupFigure:
    """Breaches of the window per 100 member-weeks; `n` is the whole member-weeks."""
    people = [m for m in facts.everybody if any(facts.is_applicable(framework, m) for framework in facts.frameworks)]
    weeks = sum((_count_member_weeks(m, facts) for m in people), Fraction(0))
    raised = facts.list_recent_breaches()
    rate = 100 * len(raised) / weeks if weeks else None
    small = weeks < SMALL_SAMPLE
    figure = Figure(
        name="breach_rate",
        count=len(raised),
        n=int(weeks),
        value=round_for_report(rate),
        status=None if weeks else "no_data",
        line=None if rate is None or small else line_of_limit(rate, to_fraction(policy.breach_line)),
        small_sample=small,
        events=event_ids(b.event_id for b in raised),
        **group,
    )
    return of_group(figure, [(None, m.id) for m in people])


def _count_member_weeks(member: Member, facts: ExpectationFacts) -> Fraction:
    """How much of the window the member has been there."""
    joined = facts.since if member.joined_at is None else max(facts.since, to_micros(member.joined_at))
    return Fraction(max(0, facts.until - joined), _WEEK_MICROS)


def _repair_share_figure(facts: ExpectationFacts, policy: Policy, group: dict[str, Any]) -> GroupFigure:
    """Of the window's breaches those repaired within 7 days; a younger one that is still open does not count yet."""
    due = [
        b
        for b in facts.list_recent_breaches()
        if b.repaired_at is not None or facts.until - b.at > REPAIR_DAYS * _DAY_MICROS
    ]
    kept = [b for b in due if b.repaired_at is not None and b.repaired_at - b.at <= REPAIR_DAYS * _DAY_MICROS]
    figure = build_share(
        "repair_share", len(kept), len(due), events=event_ids(e for b in due for e in (b.event_id, b.repair)), **group
    )
    line = line_of_share(len(due) - len(kept), len(due), limit=to_fraction(policy.unrepaired_line))
    teams = {b.event_id: framework.team for framework in facts.frameworks for b in framework.breaches.values()}
    return of_group(msgspec.structs.replace(figure, line=line), [(teams[b.event_id], b.by) for b in due])


def _review_age_figure(facts: ExpectationFacts, policy: Policy, group: dict[str, Any]) -> Figure:
    """Of several charters the one that has waited longest; `n` is how many there are."""
    event, at = min(list_last_reviews(facts.frameworks), key=lambda look: (look[1], look[0].int))
    age = Fraction(facts.until - at, _DAY_MICROS)
    return Figure(
        name="review_age_days",
        n=len(facts.frameworks),
        value=round_for_report(age),
        line=line_of_limit(age, Fraction(policy.review_days)),
        events=[event],
        **group,
    )


def list_last_reviews(frameworks: Iterable[CharterSnapshot]) -> Sequence[tuple[UUID, int]]:
    """When each of them was last reviewed; a charter with content counts as reviewed when it got its content."""
    return [framework.reviewed for framework in frameworks if framework.reviewed is not None]
