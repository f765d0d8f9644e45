"""Who creates an organisation and sets its policies."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from domain.context import DecisionContext
from domain.envelope import NewEvent, Source
from domain.errors import AlreadyExists, Forbidden, InvalidField, NotFound, OutOfOrder
from domain.instants import format_instant
from domain.organisation.organisation import (
    MAX_COLUMN_MAP_BYTES,
    MAX_COLUMN_MAPS,
    MAX_POLICY_VERSIONS,
    MAX_SOURCES,
    AddSource,
    ColumnMapKept,
    Create,
    Created,
    KeepColumnMap,
    Organisation,
    OrganisationAct,
    OrganisationEvent,
    OrganisationRenamed,
    PolicySet,
    RenameOrganisation,
    SetPolicy,
    SetWatermark,
    SourceAdded,
    WatermarkSet,
    insert_policy,
)
from domain.policy import DIAL_TYPES, TEXT_DIALS, Policy
from domain.quantities import parse_quantity, to_fraction
from domain.references import require_external_reference
from domain.text import check_text, compose


def decide(organisation: Organisation | None, act: OrganisationAct, world: DecisionContext) -> list[NewEvent]:
    """The events that `act` leads to; raises a `Refusal` where a rule forbids it."""
    event: OrganisationEvent | None
    match act:
        case Create():
            if organisation is not None:
                raise AlreadyExists("this organisation exists already")
            event = Created(name=act.name, zone=_check_zone(act.zone))
        case RenameOrganisation():
            _require_organisation(organisation)
            if "steward" not in world.roles:
                raise Forbidden("only a steward renames the organisation", allowed=("steward",))
            event = OrganisationRenamed(name=act.name)
        case SetPolicy():
            known = _require_organisation(organisation)
            if "steward" not in world.roles:
                raise Forbidden("only a steward sets policies", allowed=("steward",))
            if len(known.policies) > MAX_POLICY_VERSIONS:
                full = f"an organisation has {MAX_POLICY_VERSIONS} policy versions at most, and this one has them all"
                raise InvalidField(full, pointer="/policy")
            event = _set_policy(known, act, world)
        case AddSource():
            event = _add_source(_require_organisation(organisation), act, world)
        case SetWatermark():
            event = _set_watermark(_require_organisation(organisation), act, world)
        case KeepColumnMap():
            event = _keep_column_map(_require_organisation(organisation), act, world)
    return [] if event is None else [NewEvent(event_id=world.next_id(), data=event, occurred_at=world.at)]


def _require_organisation(organisation: Organisation | None) -> Organisation:
    if organisation is None:
        raise NotFound("no such organisation")
    return organisation


def _add_source(organisation: Organisation, act: AddSource, world: DecisionContext) -> SourceAdded | None:
    _require_import(world)
    name = require_external_reference(act.source, "/source")
    if any(known.name == name for known in organisation.sources):
        return None
    if len(organisation.sources) >= MAX_SOURCES:
        raise InvalidField(f"an organisation mirrors {MAX_SOURCES} sources at most", pointer="/source")
    return SourceAdded(source=name)


def _set_watermark(organisation: Organisation, act: SetWatermark, world: DecisionContext) -> WatermarkSet | None:
    _require_import(world)
    names = tuple(known.name for known in organisation.sources)
    name = compose(act.source)
    if name not in names:
        raise NotFound(f"no goal came from a source {name!r}", pointer="/source", allowed=names)
    before = organisation.watermark_of(name)
    if before is not None and world.at < before:
        raise OutOfOrder(
            f"a watermark does not go back: {name} has reported everything up to {format_instant(before)}",
            pointer="/at",
            allowed=(f">= {format_instant(before)}",),
        )
    return None if before == world.at else WatermarkSet(source=name, watermark=world.at)


def _keep_column_map(organisation: Organisation, act: KeepColumnMap, world: DecisionContext) -> ColumnMapKept | None:
    """Those who import keep it."""
    if world.roles.isdisjoint({"steward", "integration"}):
        raise Forbidden("column maps are for stewards and integrations", allowed=("steward", "integration"))
    if not act.name.isprintable() or act.name != act.name.strip():
        raise InvalidField("a name that can be read, without blanks around it", pointer="/name")
    if len(msgspec.json.encode(act.map)) > MAX_COLUMN_MAP_BYTES:
        raise InvalidField(f"a column map has {MAX_COLUMN_MAP_BYTES} bytes of JSON at most", pointer="/map")
    known = organisation.column_map(act.name)
    if known == act.map:
        return None
    if known is None and len(organisation.column_maps) >= MAX_COLUMN_MAPS:
        raise InvalidField(f"an organisation keeps {MAX_COLUMN_MAPS} column maps at most", pointer="/name")
    return ColumnMapKept(name=act.name, map=act.map)


def _require_import(world: DecisionContext) -> None:
    if world.source is not Source.IMPORT:
        raise Forbidden("only an import speaks for a source", allowed=("import",))


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidField(f"{name!r} is not an IANA time zone", pointer="/zone") from None
    return name


def _set_policy(known: Organisation, act: SetPolicy, world: DecisionContext) -> PolicySet:
    policy = _merge_policy(known.policy_at(world.at).policy, act.policy)
    event = PolicySet(policy=policy, dials=tuple(sorted(act.policy)))
    # One recorded late also holds in the versions behind it.
    for version in insert_policy(known, event, world.at):
        if to_fraction(version.policy.load_amber) > to_fraction(version.policy.load_red):
            raise InvalidField("the amber line is at or under the red one", pointer="/policy/load_amber")
    return event


def _parse_dial(name: str, value: Any, pointer: str) -> Any:
    """A dial's value as it is kept: a decimal as a string, a count as an integer, however the number was written."""
    kept = DIAL_TYPES[name]
    if kept is str and name not in TEXT_DIALS and isinstance(value, int | float | Decimal):
        return parse_quantity(value, pointer)
    if name in TEXT_DIALS and isinstance(value, str):
        # Each of its lines is a text of its own; `splitlines` ends lines also at characters that the pattern lets pass.
        for line in value.split("\n"):
            check_text(line, pointer, has_lines=False)
    if kept is int and isinstance(value, float | Decimal | str):
        return int(parse_quantity(value, pointer, places=0))
    return value


def _merge_policy(current: Policy, changes: dict[str, Any]) -> Policy:
    dials = Policy.__struct_fields__
    changed = {}
    for name, value in changes.items():
        pointer = f"/policy/{name}"
        if name not in dials:
            raise InvalidField(f"no dial is called {name!r}", pointer=pointer, allowed=dials)
        changed[name] = _parse_dial(name, value, pointer)
        try:
            msgspec.convert({name: changed[name]}, Policy)
        except msgspec.ValidationError as error:
            detail = str(error).partition(" - at ")[0]
            if DIAL_TYPES[name] is str and name not in TEXT_DIALS:
                detail = f"not a decimal number that this dial takes, such as {getattr(Policy(), name)}"
            raise InvalidField(detail, pointer=pointer) from None
    return msgspec.convert({**msgspec.to_builtins(current), **changed}, Policy)
