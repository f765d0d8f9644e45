"""Expectation drift: who has not acknowledged what stands, breaches and their repairs, and how old the last look is.

Counted about charters and events, never as a person's score: breaches are a group's, not a member's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from fractions import Fraction
from functools import cached_property
from itertools import chain
from uuid import UUID

import msgspec

from domain.charter.state import charter_id
from domain.instants import to_micros
from domain.member.member import Member
from domain.policy import Policy
from domain.quantities import to_fraction
from projections.as_of import AsOf
from projections.database.database import Database, Row, to_id, to_optional_id
from projections.drift.facts import REVIEW_KINDS
from projections.figures import (
    SMALL_SAMPLE,
    Figure,
    GroupFigure,
    ReportScope,
    build_share,
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

    def is_acknowledged_by(self, member: UUID, non_negotiable: NonNegotiableInForce) -> bool:
        """Whether the member has acknowledged it as it is worded now."""
        return (member, non_negotiable.id, non_negotiable.version) in self.acknowledged


def load_charters(database: Database, as_of: AsOf, teams: Iterable[UUID]) -> dict[UUID, CharterSnapshot]:
    """The charters of these teams and the organisation's own, by their ids; those without any event are absent.

    Facts count in the order of business time; one recorded late takes its place among the others.
    """
    ids = [charter_id(as_of.organisation_id, team) for team in (None, *teams)]
    rows = query_facts(database, as_of, "expectations", ids)
    charters: dict[UUID, CharterSnapshot] = {}
    for row in sorted(rows, key=lambda r: (r.occurred_at, r.known_from)):
        charter = to_id(row.stream_id)
        framework = charters.get(charter)
        if framework is None:
            framework = charters[charter] = CharterSnapshot(id=charter, team=to_optional_id(row.team))
        _apply_fact(framework, row)
    return charters


def _apply_fact(charter: CharterSnapshot, row: Row) -> None:
    event, at = to_id(row.event_id), row.occurred_at
    item = to_id(row.item) if row.item else event
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
            charter.acknowledged[to_id(row.member), item, row.number] = event
        case "breach":
            non_negotiable = charter.non_negotiables.get(item)
            by = to_optional_id(row.member)
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


class ExpectationFacts(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Charters, those to whom they apply, and the window of w days that ends with the day of `as_of`."""

    as_of: AsOf
    scope: ReportScope
    #: One of a team, and one of the organisation.
    frameworks: list[CharterSnapshot]
    #: Joined members of whom it is asked what they acknowledged.
    members: list[Member]
    #: Those whose weeks breaches are counted over; the same, unless the organisation's charter speaks for a team.
    everybody: list[Member]
    #: Team -> its lead.
    leads: Mapping[UUID, UUID]

    @property
    def is_personal(self) -> bool:
        """Whether one member was asked about: what belongs to a group is left unsaid."""
        return self.scope.member is not None

    @property
    def until(self) -> int:
        """Microseconds UTC."""
        return to_micros(self.as_of.at)

    @property
    def since(self) -> int:
        """Microseconds UTC; the window begins behind it."""
        return self.until - self.scope.window * _DAY_MICROS

    @cached_property
    def _places(self) -> dict[UUID | None, int]:
        """Team -> the place of its charter among them."""
        return {framework.team: place for place, framework in enumerate(self.frameworks)}

    @cached_property
    def _teams_led(self) -> dict[UUID, list[UUID]]:
        teams: dict[UUID, list[UUID]] = {}
        for team, lead in self.leads.items():
            teams.setdefault(lead, []).append(team)
        return teams

    def list_applicable_charters(self, member: Member) -> list[CharterSnapshot]:
        """A team's charter applies to its members and its lead, the organisation's to everybody."""
        teams = {None, *member.teams, *self._teams_led.get(member.id, ())}
        places = sorted(self._places[team] for team in teams if team in self._places)
        return [self.frameworks[place] for place in places]

    def list_recent_breaches(self) -> list[BreachFact]:
        """Raised within the window, by the event that raised them."""
        recent = [b for framework in self.frameworks for b in framework.breaches.values() if b.at > self.since]
        return sorted(recent, key=lambda b: b.event_id.int)

    @cached_property
    def unacknowledged(self) -> list[MissingAcknowledgement]:
        """Per member and charter, in the order of their ids."""
        in_force = {
            framework.id: sorted(framework.non_negotiables.values(), key=lambda n: n.event_id.int)
            for framework in self.frameworks
        }
        return [
            MissingAcknowledgement(member=member.id, framework=framework, waiting=waiting)
            for member in self.members
            for framework in self.list_applicable_charters(member)
            if (waiting := [n for n in in_force[framework.id] if not framework.is_acknowledged_by(member.id, n)])
        ]


def build_expectation_figures(facts: ExpectationFacts, policy: Policy) -> Iterator[Figure | GroupFigure]:
    """The four figures, each with the events that made it."""
    group = facts.scope.group
    if not facts.frameworks:
        yield from (of_group(Figure(name=name, value=None, status="no_charter", **group)) for name in FIGURE_NAMES)
        return
    yield _acknowledgement_figure(facts, policy)
    if facts.is_personal:
        yield from (Figure(name=name, value=None, status="not_personal", **group) for name in FIGURE_NAMES[1:3])
    else:
        yield _breach_rate_figure(facts, policy)
        yield _repair_share_figure(facts, policy)
    # Of charters: nobody is behind it.
    yield of_group(_review_age_figure(facts, policy))


def _acknowledgement_figure(facts: ExpectationFacts, policy: Policy) -> GroupFigure:
    speaking = [framework for framework in facts.frameworks if framework.non_negotiables]
    people = {m.id for m in facts.members if any(c.non_negotiables for c in facts.list_applicable_charters(m))}
    lacking = {u.member for u in facts.unacknowledged}
    in_force = [n for framework in speaking for n in framework.non_negotiables.values()]
    worded = {(n.id, n.version) for n in in_force}
    acknowledgements = (
        event
        for framework in speaking
        for (member, item, version), event in framework.acknowledged.items()
        if member in people and (item, version) in worded
    )
    share = build_share(
        "acknowledgement_share",
        len(lacking),
        len(people),
        limit=to_fraction(policy.acknowledgement_line),
        census=True,
        events=facts.scope.list_events(chain((n.event_id for n in in_force), acknowledgements)),
        **facts.scope.group,
    )
    return of_group(share, [(None, person) for person in people])


def _breach_rate_figure(facts: ExpectationFacts, policy: Policy) -> GroupFigure:
    """Breaches of the window per 100 member-weeks; `n` is the whole member-weeks."""
    people = [m for m in facts.everybody if facts.list_applicable_charters(m)]
    weeks = Fraction(sum(_count_member_micros(m, facts) for m in people), _WEEK_MICROS)
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
        events=facts.scope.list_events(b.event_id for b in raised),
        **facts.scope.group,
    )
    return of_group(figure, [(None, m.id) for m in people])


def _count_member_micros(member: Member, facts: ExpectationFacts) -> int:
    """How much of the window the member has been there."""
    joined = facts.since if member.joined_at is None else max(facts.since, to_micros(member.joined_at))
    return max(0, facts.until - joined)


def _repair_share_figure(facts: ExpectationFacts, policy: Policy) -> GroupFigure:
    """Of the window's breaches those repaired within 7 days; a younger one that is still open does not count yet."""
    due = [
        b
        for b in facts.list_recent_breaches()
        if b.repaired_at is not None or facts.until - b.at > REPAIR_DAYS * _DAY_MICROS
    ]
    kept = [b for b in due if b.repaired_at is not None and b.repaired_at - b.at <= REPAIR_DAYS * _DAY_MICROS]
    events = facts.scope.list_events(event for b in due for event in (b.event_id, b.repair))
    figure = build_share("repair_share", len(kept), len(due), events=events, **facts.scope.group)
    line = line_of_share(len(due) - len(kept), len(due), limit=to_fraction(policy.unrepaired_line))
    teams = {b.event_id: framework.team for framework in facts.frameworks for b in framework.breaches.values()}
    return of_group(msgspec.structs.replace(figure, line=line), [(teams[b.event_id], b.by) for b in due])


def _review_age_figure(facts: ExpectationFacts, policy: Policy) -> Figure:
    """Of several charters the one that has waited longest; `n` is how many there are."""
    event, at = min(list_last_reviews(facts.frameworks), key=lambda look: (look[1], look[0].int))
    age = Fraction(facts.until - at, _DAY_MICROS)
    return Figure(
        name="review_age_days",
        n=len(facts.frameworks),
        value=round_for_report(age),
        line=line_of_limit(age, Fraction(policy.review_days)),
        events=[event],
        **facts.scope.group,
    )


def list_last_reviews(frameworks: Iterable[CharterSnapshot]) -> Sequence[tuple[UUID, int]]:
    """When each of them was last reviewed; a charter with content counts as reviewed when it got its content."""
    return [framework.reviewed for framework in frameworks if framework.reviewed is not None]
