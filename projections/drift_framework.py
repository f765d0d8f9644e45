"""What the charters ask for at one lens: purposes, non-negotiables, who acknowledged them, breaches and repairs."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from domain.charter.state import charter_id
from projections.database import Database, Row
from projections.drift_charters import REVIEWED
from projections.drift_evidence import fact_rows
from projections.lens import AsOf


class PurposeInForce(msgspec.Struct, frozen=True):
    """The version in force; `at` is its adoption or revision, microseconds UTC."""

    version: int
    event_id: UUID
    at: int
    text: str

    @property
    def revised(self) -> bool:
        """Whether it took the place of another: links to it that are older are unaffirmed."""
        return self.version > 1


class NonNegotiable(msgspec.Struct, frozen=True):
    """A standing expectation in its current version; `at` in microseconds UTC."""

    id: UUID
    version: int
    event_id: UUID
    at: int
    text: str


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """An event at which a non-negotiable was not kept, and the repair talk if it was held; microseconds UTC."""

    event_id: UUID
    at: int
    by: UUID | None
    text: str
    repair: UUID | None = None
    repaired_at: int | None = None


class CharterSnapshot(msgspec.Struct, kw_only=True):
    """One charter as the lens shows it."""

    id: UUID
    #: Whose it is; None: the organisation's own.
    team: UUID | None
    purpose: PurposeInForce | None = None
    #: Those in force, by id.
    non_negotiables: dict[UUID, NonNegotiable] = {}
    #: (member, non-negotiable, version) -> the acknowledgement.
    acknowledged: dict[tuple[UUID, UUID, int], UUID] = {}
    #: By the event that raised them, oldest first.
    breaches: dict[UUID, Breach] = {}
    #: When it was last adopted, changed or reviewed: the event and its time, microseconds UTC.
    reviewed: tuple[UUID, int] | None = None

    @property
    def exists(self) -> bool:
        """Whether it says anything yet."""
        return self.purpose is not None or bool(self.non_negotiables)


def load_charters(database: Database, as_of: AsOf, teams: Iterable[UUID]) -> dict[UUID, CharterSnapshot]:
    """The charters of these teams and the organisation's own, by their ids; those that nothing was said to are absent.

    Facts count in the order of business time; one told late takes its place among the others.
    """
    ids = [charter_id(as_of.organisation_id, team) for team in (None, *teams)]
    rows = fact_rows(database, as_of, "expectations", ids)
    found: dict[UUID, CharterSnapshot] = {}
    for row in sorted(rows, key=lambda r: (r.occurred_at, r.known_from)):
        charter = UUID(row.stream_id)
        framework = found.get(charter)
        if framework is None:
            framework = found[charter] = CharterSnapshot(id=charter, team=UUID(row.team) if row.team else None)
        _take(framework, row)
    return found


def _take(held: CharterSnapshot, row: Row) -> None:
    event, at = UUID(row.event_id), row.occurred_at
    item = UUID(row.item) if row.item else event
    if row.kind in REVIEWED:
        held.reviewed = (event, at)
    match row.kind:
        case "purpose" if held.purpose is None or row.number >= held.purpose.version:
            held.purpose = PurposeInForce(row.number, event, at, row.text)
        case "non_negotiable":
            held.non_negotiables[item] = NonNegotiable(item, row.number, event, at, row.text)
        case "retired":
            held.non_negotiables.pop(item, None)
        case "acknowledged":
            held.acknowledged[UUID(row.member), item, row.number] = event
        case "breach":
            words = held.non_negotiables.get(item)
            by = UUID(row.member) if row.member else None
            held.breaches[event] = Breach(event_id=event, at=at, by=by, text=words.text if words else "")
        case "repair" if item in held.breaches:
            held.breaches[item] = msgspec.structs.replace(held.breaches[item], repair=event, repaired_at=at)
