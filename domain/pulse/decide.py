"""Who opens a wave and who ends it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from domain.calendar import end_of_day
from domain.context import DecisionContext, require_own_reference
from domain.envelope import Event, NewEvent, Source
from domain.errors import ActNotAllowed, AlreadyExists, Forbidden, InvalidField, NotFound
from domain.participation import is_machine, require_not_archived, require_not_left
from domain.pulse.pulse import (
    MAX_OPEN_DAYS,
    SAFETY_ITEMS,
    CloseWave,
    OpenWave,
    Pulse,
    PulseAct,
    WaveClosed,
    WaveOpened,
    open_pulses_key,
    own_items,
)
from domain.scope import Scope
from domain.scope_rules import is_lead


def decide(pulse: Pulse | None, act: PulseAct, world: DecisionContext) -> list[NewEvent]:
    """The events that `act` leads to; raises a `Refusal` where a rule forbids it."""
    if isinstance(act, OpenWave):
        if pulse is not None:
            raise AlreadyExists("this pulse exists already", pointer="/ref")
        event: Event = _open(act, world)
    else:
        if pulse is None:
            raise NotFound("no such pulse")
        event = _close(pulse, act, world)
    return [NewEvent(event_id=world.next_id(), data=event, occurred_at=world.at)]


def _open(act: OpenWave, world: DecisionContext) -> WaveOpened:
    team = _require_team(act.team, world)
    require_opener(team, world)
    if not act.cells:
        raise ActNotAllowed("fewer than five persons would be asked: nothing of it could be shown", pointer="/team")
    if world.list_streams(open_pulses_key(world.organisation_id)):
        raise ActNotAllowed("another pulse is open: two at a time could be compared", allowed=("close",))
    return WaveOpened(
        team=team,
        closes_at=_require_end(act, world),
        items=SAFETY_ITEMS + own_items(world.policy.policy.pulse_items),
        cells=act.cells,
        ref=require_own_reference(act.ref, "pulse", world),
    )


def _require_team(ref: str | None, world: DecisionContext) -> UUID | None:
    if ref is None:
        return None
    team = world.team(world.id_of("team", ref))
    if team is None:
        raise NotFound(f"no team {ref!r}", pointer="/team")
    require_not_archived(team, world, "/team")
    return team.id


def require_opener(team: UUID | None, world: DecisionContext) -> None:
    """Raise `Forbidden` unless the party may open and end waves here: a steward, or by policy the team's lead."""
    require_not_left(world)
    if world.party is None or is_machine(world, "integration", "auditor"):
        raise Forbidden("a pulse is opened and ended by people", allowed=("steward",))
    if "steward" in world.roles:
        return
    if team is None or not is_lead(Scope(team=team), world):
        raise Forbidden("a steward opens and ends pulses", allowed=("steward",))
    if not world.policy.policy.pulse_by_leads:
        raise Forbidden("here leads do not: policy `pulse_by_leads`", allowed=("steward",))


def _require_end(act: OpenWave, world: DecisionContext) -> datetime:
    last = world.today + timedelta(days=MAX_OPEN_DAYS)
    if not world.today <= act.closes_on <= last:
        allowed = (f">= {world.today}", f"<= {last}")
        raise InvalidField("a day from today on, within two months", pointer="/closes_on", allowed=allowed)
    return end_of_day(act.closes_on, world.zone)


def _close(pulse: Pulse, act: CloseWave, world: DecisionContext) -> WaveClosed:
    if pulse.state == "closed":
        raise ActNotAllowed("this pulse is closed already")
    if world.source is not Source.WORKER:
        require_opener(pulse.team, world)
    return WaveClosed(results=act.results, withheld=act.withheld)
