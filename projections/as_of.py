"""Where one stands when asking: at which business time, knowing what, under which policy, on which day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol
from uuid import UUID
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

import msgspec

from domain.errors import InvalidField, NotFound
from domain.instants import format_instant, to_micros
from domain.organisation.organisation import ExternalSource, Organisation, PolicyVersion
from ledger.commands import EventPosition
from projections.bounded_cache import BoundedCache
from projections.database.database import Database, named_statements
from projections.database.sql import END_UNKNOWN, in_force_sql
from projections.database.tables import END_OF_TIME, IS_LATEST

#: The one predicate of every question about versions: this organisation's, valid at `:at`, believed at `:known`.
BITEMPORAL_PREDICATE = f"organisation_id = :organisation_id AND {in_force_sql()}"
_EARLIEST, _LATEST = date(1900, 1, 1), date(9998, 12, 31)
#: Organisations as they were known at some position, each of some kB.
_MAX_ORGANISATIONS = 1_000
_ORGANISATIONS: WeakKeyDictionary[Database, BoundedCache[tuple[UUID, int], Organisation]] = WeakKeyDictionary()


class NotFollowed(Exception):
    """The views have not followed yet all that had been recorded by the instant asked about."""


class PositionLookup(Protocol):
    """What `resolve_as_of` needs of the ledger."""

    def last_known(
        self, organisation_id: UUID, followed: int, *, recorded_as_of: datetime | None = None
    ) -> EventPosition:
        """The last event that is known to who has followed the log so far; or the last one recorded by then."""


class AsOf(msgspec.Struct, frozen=True, kw_only=True):
    """A point in both times. The same `AsOf` always selects the same rows, whatever the views have followed since."""

    organisation_id: UUID
    #: Business time, inclusive, UTC.
    at: datetime
    #: The day of `at` in the organisation's zone.
    today: date
    #: IANA name of the organisation's zone.
    zone: str
    #: Log position: what had been recorded (and followed by the views) up to here is known.
    known_position: int
    #: The organisation's position there.
    position: int
    #: When the last event that is known was recorded, UTC: asked again with it, the same is known.
    recorded_as_of: datetime
    #: In force at `at`, as believed at `known`.
    policy: PolicyVersion
    #: `as_of` as it was asked for: a date, or an instant in RFC 3339.
    as_of_text: str
    #: External sources and their watermarks, as believed at `known`.
    sources: tuple[ExternalSource, ...] = ()

    @property
    def predicate(self) -> str:
        """The predicate that selects its rows; the parameters are in `params`."""
        return BITEMPORAL_PREDICATE

    @property
    def disjoint_predicates(self) -> tuple[str, str, str, str]:
        """The predicate in four parts that share no row, each with an index of its own.

        The streams' latest versions, in the order of an index on them; those whose belief has ended behind `known`;
        those that have ended behind `at`; and those of whose earlier end was not known yet. Of a question about now the
        last three find next to nothing.
        """
        # The latest versions have no end: with a condition on one, an index would be chosen by that. `+`: nor by this.
        begun = self.predicate.partition(" AND (")[0]
        latest = begun.replace("valid_from", "+valid_from").replace("known_from", "+known_from")
        return (
            f"{latest} AND {IS_LATEST}",
            f"{begun} AND valid_to = {END_OF_TIME} AND known_to < {END_OF_TIME} AND known_to > :known",
            f"{begun} AND valid_to > :at AND valid_to < {END_OF_TIME} AND known_to > :known",
            f"{begun} AND {END_UNKNOWN}",
        )

    def changed_after(self, table: str, position: int) -> tuple[str, dict[str, int]]:
        """The condition that a row's stream has an event behind this log position, known here, and its parameters.

        Each event of a stream has its row, so that one which changed no column counts too.
        """
        condition = (
            f"EXISTS (SELECT 1 FROM {table} AS later WHERE later.organisation_id = :organisation_id"
            f" AND later.stream_id = {table}.stream_id AND later.known_from > :changed_after"
            " AND later.known_from <= :known)"
        )
        return condition, {"changed_after": position}

    @property
    def params(self) -> dict[str, Any]:
        """The values of `organisation_id`, `at` (microseconds UTC) and `known` (log position)."""
        return {"organisation_id": str(self.organisation_id), "at": to_micros(self.at), "known": self.known_position}

    def clock_at(self, source: str | None) -> datetime | None:
        """Up to when the clocks of a source's goals have run; None: it sets no watermarks, they run as any others."""
        watermark = next((known.watermark for known in self.sources if known.name == source), None)
        return None if watermark is None else min(watermark, self.at)

    @property
    def tzinfo(self) -> ZoneInfo:
        """The organisation's zone."""
        return ZoneInfo(self.zone)


def resolve_as_of(
    database: Database,
    log: PositionLookup,
    organisation_id: UUID,
    *,
    as_of: date | datetime | None = None,
    recorded_as_of: datetime | None = None,
    now: datetime,
    known: EventPosition | None = None,
    may_cache: bool = False,
) -> AsOf:
    """The `AsOf` of one organisation. A date means the end of that day in its zone; nothing asked for means `now`.

    What the views have not followed yet is not known, so that no answer contains half of a batch. `known`: the last
    event that they have followed, where it was just looked up; `may_cache`: they hold back none of the organisation's
    streams, so that what is known there changes no more, and the organisation may be kept.
    Raises `NotFound` for an organisation that the views do not know (yet), `NotFollowed` where they have yet to follow
    what was recorded by `recorded_as_of`, `InvalidField` for an instant without a zone or outside 1900..9998.
    """
    followed = known.log_position if known else database.query(named_statements("as_of")["followed"])[0].position or 0
    if recorded_as_of is not None:
        instant = _validate_instant(recorded_as_of, "/recorded_as_of")
        known = log.last_known(organisation_id, followed, recorded_as_of=instant)
        if known.log_position > followed:
            raise NotFollowed
    elif known is None:
        known = log.last_known(organisation_id, followed)
    organisation, believed = _find_organisation(database, organisation_id, known.log_position, may_cache=may_cache)
    zone = ZoneInfo(organisation.zone)
    at = _resolve_at(as_of, now, zone)
    policies = organisation.policy_at(at) if believed else Organisation(id=organisation_id, name="").policy_at(at)
    return AsOf(
        organisation_id=organisation_id,
        at=at,
        today=at.astimezone(zone).date(),
        zone=organisation.zone,
        known_position=known.log_position,
        position=known.position,
        recorded_as_of=(known.recorded_at or recorded_as_of or now).astimezone(UTC),
        policy=policies,
        as_of_text=_format_as_of(now if as_of is None else as_of),
        sources=organisation.sources if believed else (),
    )


def _find_organisation(
    database: Database, organisation_id: UUID, known: int, *, may_cache: bool
) -> tuple[Organisation, bool]:
    """Its state, and whether that was known already; from the cache, where it may be kept."""
    if not may_cache:
        return _load_organisation(database, organisation_id, known)
    cache = _ORGANISATIONS.setdefault(database, BoundedCache(_MAX_ORGANISATIONS))
    cached = cache.get((organisation_id, known))
    if cached is not None:
        return cached, True
    organisation, believed = _load_organisation(database, organisation_id, known)
    if believed:
        cache.put((organisation_id, known), organisation)
    return organisation, believed


def _load_organisation(database: Database, organisation_id: UUID, known: int) -> tuple[Organisation, bool]:
    """Its state, and whether that was known already: the zone never changes, the policies do."""
    rows = database.query(
        named_statements("as_of")["organisation"], {"organisation_id": str(organisation_id), "known": known}
    )
    if not rows:
        raise NotFound("no such organisation")
    return msgspec.json.decode(rows[0].body, type=Organisation), bool(rows[0].believed)


def _resolve_at(as_of: date | datetime | None, now: datetime, zone: ZoneInfo) -> datetime:
    if as_of is None:
        return now.astimezone(UTC)
    if isinstance(as_of, datetime):
        return _validate_instant(as_of, "/as_of").astimezone(UTC)
    if not _EARLIEST <= as_of <= _LATEST:
        raise InvalidField(f"as_of must be within {_EARLIEST}..{_LATEST}", pointer="/as_of")
    midnight = datetime.combine(as_of + timedelta(days=1), time(), zone)
    return midnight.astimezone(UTC) - timedelta(microseconds=1)


def _validate_instant(value: datetime, pointer: str) -> datetime:
    if value.tzinfo is None:
        raise InvalidField("an instant needs a zone: 2026-03-04T12:00:00Z", pointer=pointer)
    if not _EARLIEST < value.date() < _LATEST:
        raise InvalidField(f"an instant must be within {_EARLIEST}..{_LATEST}", pointer=pointer)
    return value


def _format_as_of(as_of: date | datetime) -> str:
    return format_instant(as_of) if isinstance(as_of, datetime) else as_of.isoformat()
