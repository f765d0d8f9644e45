"""Freedoms, each anchored in the purpose, and rituals. Each rule raises the `Refusal` of what it forbids."""

from __future__ import annotations

from uuid import UUID

from domain.charter import acts as a
from domain.charter import events as e
from domain.charter.parts import RuleResult, external_reference, find_part, new_part_id, require_reason_text
from domain.charter.state import Charter, part_id
from domain.context import DecisionContext
from domain.errors import InvalidField, NoPurpose, VersionSuperseded
from domain.scope_rules import require_lead
from domain.text import require_text


def grant_freedom(charter: Charter, act: a.GrantFreedom, world: DecisionContext) -> RuleResult:
    """A freedom that serves the current purpose; one that is there already is anchored anew."""
    require_lead(charter.of, world)
    version = _require_current_purpose(charter, act.purpose_version)
    event = e.FreedomGranted(
        of=charter.of,
        freedom=_freedom_id(charter, act.freedom, world),
        text=require_text(act.text, "/text"),
        purpose_version=version,
        ref=external_reference(act.freedom),
    )
    return RuleResult(event=event, reason=act.reason)


def _require_current_purpose(charter: Charter, version: int | None) -> int:
    if charter.purpose is None:
        raise NoPurpose(
            "a freedom serves a purpose, and there is none yet: adopt one first",
            pointer="/purpose_version",
            allowed=("propose_purpose", "adopt_purpose"),
        )
    current = charter.purpose.version
    if version is None:
        raise NoPurpose(
            f"a freedom names the purpose version that it serves; the current one is {current}",
            pointer="/purpose_version",
            allowed=(str(current),),
        )
    if version != current:
        raise VersionSuperseded(
            f"version {version} is not the current purpose: a freedom serves version {current}",
            pointer="/purpose_version",
            allowed=(str(current),),
        )
    return version


def _freedom_id(charter: Charter, ref: str | None, world: DecisionContext) -> UUID:
    there = {freedom.id for freedom in charter.freedoms}
    if ref is not None and (identity := part_id(charter.id, "freedom", ref, there)) in there:
        return identity
    return new_part_id(charter, "freedom", ref, charter.freedoms, world)


def withdraw_freedom(charter: Charter, act: a.WithdrawFreedom, world: DecisionContext) -> RuleResult:
    """Taken back, with the reason."""
    require_lead(charter.of, world)
    freedom = find_part(charter, "freedom", act.freedom, charter.freedoms)
    reason = require_reason_text(act.reason, "withdrawing a freedom needs a reason")
    return RuleResult(event=e.FreedomWithdrawn(of=charter.of, freedom=freedom.id), reason=reason)


def set_ritual(charter: Charter, act: a.SetRitual, world: DecisionContext) -> RuleResult:
    """A new one."""
    require_lead(charter.of, world)
    event = e.RitualSet(
        of=charter.of,
        ritual=new_part_id(charter, "ritual", act.ritual, charter.rituals, world),
        name=require_text(act.name, "/name"),
        mode=act.mode,
        cadence_days=act.cadence_days,
        minutes=act.minutes,
        ref=external_reference(act.ritual),
    )
    return RuleResult(event=event, reason=act.reason)


def change_ritual(charter: Charter, act: a.ChangeRitual, world: DecisionContext) -> RuleResult:
    """Another name, mode, cadence or length; what is not said stays."""
    require_lead(charter.of, world)
    held = find_part(charter, "ritual", act.ritual, charter.rituals)
    names = ("name", "mode", "cadence_days", "minutes")
    was = {name: getattr(held, name) for name in names}
    said = {name: value for name in names if (value := getattr(act, name)) is not None}
    if {**was, **said} == was:
        raise InvalidField("a change says what differs", pointer="/ritual", allowed=names)
    require_text(said.get("name", held.name), "/name")
    return RuleResult(event=e.RitualChanged(of=charter.of, ritual=held.id, **{**was, **said}), reason=act.reason)


def end_ritual(charter: Charter, act: a.EndRitual, world: DecisionContext) -> RuleResult:
    """Held no more."""
    require_lead(charter.of, world)
    held = find_part(charter, "ritual", act.ritual, charter.rituals)
    return RuleResult(event=e.RitualEnded(of=charter.of, ritual=held.id), reason=act.reason)
