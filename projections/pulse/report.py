"""The pulse: how safe it is to speak, of a team or the organisation, as the last closed wave has it.

What may be known of a wave was decided when it was closed, and nothing else is kept of it (`domain.pulse.publishing`):
so the same is shown to everybody who may ask for the team, leads and stewards included.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from domain.errors import InvalidField
from domain.pulse.pulse import Pulse
from projections.as_of import AsOf
from projections.database.database import Database
from projections.figures import (
    WHOLE_ORGANISATION,
    EventRef,
    Figure,
    PartRef,
    Report,
    ReportScope,
    finish_report,
    round_for_report,
)
from projections.privacy import WithheldBy
from projections.pulse.pulses import closed_pulses_at
from projections.pulse.sums import SAFETY, GroupSums, mean_of, safety_of, sums_of_organisation, sums_of_team

#: Waves that the report lists.
MAX_WAVES = 8


class PulseItemEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked under a figure's name."""

    name: str
    text: str
    #: The mean is turned, so that more is better for every item.
    reversed: bool


class PulseWaveEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One closed wave: how safe it was to speak then."""

    pulse: PartRef
    closed_at: datetime
    #: By which this is known.
    event: EventRef
    psychological_safety: float | None = None
    answers: int | None = None
    #: By which rule it is withheld.
    rule: WithheldBy | None = None


class PulseReport(Report, frozen=True, kw_only=True):
    """The means of the last closed wave, its items, and the waves before."""

    #: It holds nothing that some may see and others not.
    is_published: ClassVar[bool] = True

    items: list[PulseItemEntry]
    waves: list[PulseWaveEntry]


def build_report(database: Database, as_of: AsOf, scope: ReportScope = WHOLE_ORGANISATION) -> PulseReport:
    """The pulse of a team, or of all who were asked; raises `InvalidField` for one member's: there is none."""
    if scope.member is not None:
        raise InvalidField("a pulse has no figures of one person", pointer="/member")
    found = [(wave, _find_sums(wave, scope)) for wave in closed_pulses_at(database, as_of, MAX_WAVES * 4)]
    waves = [(wave, sums) for wave, sums in found if sums is not None][:MAX_WAVES]
    figures = list(_list_figures(*waves[0], scope.group)) if waves else [_no_data(SAFETY, scope.group)]
    return finish_report(
        PulseReport,
        as_of,
        scope,
        figures,
        items=[PulseItemEntry(name=i.id, text=i.text, reversed=i.reversed) for i in waves[0][0].items] if waves else [],
        waves=[_build_entry(wave, sums) for wave, sums in waves],
    )


def _find_sums(wave: Pulse, scope: ReportScope) -> GroupSums | None:
    """Of a team its own sums; of the organisation those of all that is published. None: the wave did not ask there."""
    if scope.team is not None:
        return sums_of_team(wave, scope.team)
    return sums_of_organisation(wave) if wave.team is None else None


def _list_figures(wave: Pulse, sums: GroupSums, group: dict[str, Any]) -> Iterator[Figure]:
    names = [SAFETY, *(item.id for item in wave.items)]
    if sums.rule is not None:
        yield from (Figure(name=name, value=None, **group).as_withheld(sums.rule) for name in names)
        return
    events = [event for event in (wave.opened_event, wave.closed_event) if event is not None]
    means = [safety_of(wave.items, sums), *(mean_of(item, sums) for item in wave.items)]
    for name, mean in zip(names, means, strict=True):
        yield Figure(name=name, value=round_for_report(mean), n=sums.answers, events=events, **group)


def _build_entry(wave: Pulse, sums: GroupSums) -> PulseWaveEntry:
    is_known = sums.rule is None
    return PulseWaveEntry(
        pulse=wave.id,
        closed_at=wave.closed_at or wave.closes_at,
        event=wave.closed_event or wave.opened_event,
        psychological_safety=round_for_report(safety_of(wave.items, sums)) if is_known else None,
        answers=sums.answers if is_known else None,
        rule=sums.rule,
    )


def _no_data(name: str, group: dict[str, Any]) -> Figure:
    return Figure(name=name, value=None, status="no_data", **group)
