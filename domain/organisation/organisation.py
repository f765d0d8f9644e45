"""The organisation (tenant): its time zone and its policies. Its stream's id is the organisation's own id."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec

from domain.envelope import Event, Instant, RecordedEvent
from domain.organisation.column_map import ColumnMap
from domain.policy import Policy
from domain.references import Ref
from domain.text import compose

#: Trackers and files that one organisation mirrors.
MAX_SOURCES = 100

#: Spreadsheets that one organisation imports from time to time.
MAX_COLUMN_MAPS = 50
#: Of one of them as JSON: they are part of the organisation's state.
MAX_COLUMN_MAP_BYTES = 8_000

#: None of them can be left out: an act of long ago, recorded late, is decided by the policy of its own day.
MAX_POLICY_VERSIONS = 500


class PolicyVersion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A policy and the instant from which it applies; version 0 are the defaults."""

    version: int
    since: Instant | None
    policy: Policy
    #: The dials that it sets; the others are those of the version before. None: all (an event of earlier versions).
    dials: tuple[str, ...] | None = None


class ExternalSource(msgspec.Struct, frozen=True, kw_only=True):
    """A tracker or file that imports mirror, by its name."""

    name: str
    #: It has reported everything up to here: clocks of its goals run no further. None: they run as any others.
    watermark: Instant | None = None


class KeptColumnMap(msgspec.Struct, frozen=True, kw_only=True):
    """How one of the organisation's spreadsheets is read, by a name."""

    name: str
    map: ColumnMap


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's state."""

    id: UUID
    name: str
    #: Business time from which it is called so.
    named_at: datetime | None = None
    zone: str = "UTC"
    #: Ascending by version; the first is version 0 with no beginning.
    policies: tuple[PolicyVersion, ...] = (PolicyVersion(version=0, since=None, policy=Policy()),)

    #: Those that goals came from, by name.
    sources: tuple[ExternalSource, ...] = ()

    #: In the order in which they were first kept.
    column_maps: tuple[KeptColumnMap, ...] = ()

    def column_map(self, name: str) -> ColumnMap | None:
        """The column map that was kept by this name last."""
        return next((kept.map for kept in self.column_maps if compose(kept.name) == compose(name)), None)

    def watermark_of(self, source: str) -> datetime | None:
        """Up to when the source has reported everything; None where it never said so."""
        return next((known.watermark for known in self.sources if known.name == source), None)

    def policy_at(self, at: datetime) -> PolicyVersion:
        """The policy in force at an instant: the latest version that had begun."""
        return next(p for p in reversed(self.policies) if p.since is None or p.since <= at)


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Something done about the organisation itself."""

    #: Whether it carries authority (`domain.authority`).
    is_authoritative: ClassVar[bool] = True


class Create(Act, tag="create", frozen=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    zone: Annotated[str, msgspec.Meta(max_length=64)] = "UTC"


class SetPolicy(Act, tag="set_policy", frozen=True, kw_only=True):
    """Change the policies that are named; the others stay as they are."""

    #: Only the dials that change; unknown names and bad values are refused.
    policy: dict[str, Any]


class RenameOrganisation(Act, tag="rename", frozen=True, kw_only=True):
    """Give the organisation another name; its id and references stay."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class AddSource(Act, tag="add_source", frozen=True, kw_only=True):
    """A goal came from this source; said by the import itself."""

    is_authoritative: ClassVar[bool] = False

    source: Ref


class SetWatermark(Act, tag="set_watermark", frozen=True, kw_only=True):
    """The source has reported everything up to the act's time."""

    is_authoritative: ClassVar[bool] = False

    source: Ref


class KeepColumnMap(Act, tag="keep_column_map", frozen=True, kw_only=True):
    """Keep how a spreadsheet is read, by a name; a map that was kept by it before is replaced."""

    is_authoritative: ClassVar[bool] = False

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    map: ColumnMap


OrganisationAct = Create | SetPolicy | RenameOrganisation | AddSource | SetWatermark | KeepColumnMap


class Created(Event, tag="organisation.created.v1", frozen=True, kw_only=True):
    """The organisation was founded."""

    name: str
    zone: str = "UTC"


class PolicySet(Event, tag="organisation.policy_set.v1", frozen=True, kw_only=True):
    """A new version of all policies is in force."""

    policy: Policy
    #: The dials that were named; the others hold as they were set last before. Left out: all of them.
    dials: tuple[str, ...] | None = None


class OrganisationRenamed(Event, tag="organisation.renamed.v1", frozen=True, kw_only=True):
    """The organisation was given another name."""

    name: str


class SourceAdded(Event, tag="organisation.source_added.v1", frozen=True, kw_only=True):
    """The first goals of a tracker or file were imported."""

    source: str


class WatermarkSet(Event, tag="organisation.watermark_set.v1", frozen=True, kw_only=True):
    """A source has reported everything up to this instant: timers of its goals run up to it."""

    source: str
    #: Everything that happened up to here has been reported; it never goes back.
    watermark: Instant


class ColumnMapKept(Event, tag="organisation.column_map_kept.v1", frozen=True, kw_only=True):
    """It was kept how a spreadsheet is read: from now on by this map."""

    name: str
    map: ColumnMap


OrganisationEvent = Created | PolicySet | OrganisationRenamed | SourceAdded | WatermarkSet | ColumnMapKept


def evolve(organisation: Organisation | None, recorded: RecordedEvent) -> Organisation | None:
    """The state after `recorded`; never fails on a recorded event, and the same in whatever order they are recorded.

    Sorted by business time, an imported policy may come before the organisation that was created today.
    """
    event = recorded.data
    known = organisation or Organisation(id=recorded.stream_id, name="")
    match event:
        case Created():
            return msgspec.structs.replace(_rename(known, event.name, recorded.occurred_at), zone=event.zone)
        case OrganisationRenamed():
            return _rename(known, event.name, recorded.occurred_at)
        case PolicySet():
            return msgspec.structs.replace(known, policies=insert_policy(known, event, recorded.occurred_at))
        case SourceAdded():
            return _put_source(known, ExternalSource(name=event.source))
        case WatermarkSet():
            return _put_source(known, ExternalSource(name=event.source, watermark=event.watermark))
        case ColumnMapKept():
            return _put_column_map(known, KeptColumnMap(name=event.name, map=event.map))
    return organisation


def _rename(known: Organisation, name: str, at: datetime) -> Organisation:
    """The name that was given last in business time holds, in whatever order the names are recorded."""
    if known.named_at is not None and at < known.named_at:
        return known
    return msgspec.structs.replace(known, name=name, named_at=at)


def _put_source(known: Organisation, source: ExternalSource) -> Organisation:
    """The organisation with this source; of two watermarks the later one holds."""
    if source.name not in (each.name for each in known.sources):
        named = sorted((*known.sources, source), key=lambda each: each.name)
        return msgspec.structs.replace(known, sources=tuple(named))
    before = known.watermark_of(source.name)
    if source.watermark is None or (before is not None and before >= source.watermark):
        return known
    kept = tuple(source if each.name == source.name else each for each in known.sources)
    return msgspec.structs.replace(known, sources=kept)


def _put_column_map(known: Organisation, kept: KeptColumnMap) -> Organisation:
    if known.column_map(kept.name) is None:
        return msgspec.structs.replace(known, column_maps=(*known.column_maps, kept))
    maps = tuple(kept if compose(each.name) == compose(kept.name) else each for each in known.column_maps)
    return msgspec.structs.replace(known, column_maps=maps)


def insert_policy(known: Organisation, event: PolicySet, since: datetime) -> tuple[PolicyVersion, ...]:
    """All versions in the order in which they began, numbered so; one recorded late takes its place.

    What a late one sets also holds in the versions behind it, up to one that sets the same.
    """
    first, *later = known.policies
    added = PolicyVersion(version=0, since=since, policy=event.policy, dials=event.dials)
    versions = [first]
    for number, each in enumerate(sorted([*later, added], key=lambda version: version.since or since), start=1):
        policy = each.policy
        if each.dials is not None:
            changed = {name: getattr(policy, name) for name in each.dials}
            policy = msgspec.structs.replace(versions[-1].policy, **changed)
        versions.append(msgspec.structs.replace(each, version=number, policy=policy))
    return tuple(versions)
