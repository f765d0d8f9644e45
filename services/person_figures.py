"""Figures of persons inside events, and whether an organisation keeps person level to the persons."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, get_args, get_type_hints
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.envelope import RecordedEvent
from domain.personal import PERSON_FIGURE
from ledger.ledger import Ledger


def is_co_determined(ledger: Ledger, organisation_id: UUID) -> bool:
    """Whether the organisation shows person level to the person alone, by its last policy: also of times before it."""
    entry = ledger.load_current(organisation_id, "organisation", organisation_id)
    return entry is not None and entry.state is not None and entry.state.policies[-1].policy.co_determination


def count_switches(ledger: Ledger, organisation_id: UUID) -> int:
    """How often the organisation has switched co-determination on or off; odd: it is on."""
    entry = ledger.load_current(organisation_id, "organisation", organisation_id)
    policies = () if entry is None or entry.state is None else entry.state.policies
    states = [False, *(each.policy.co_determination for each in policies)]
    return sum(before != after for before, after in pairwise(states))


def withhold_figures(ledger: Ledger, events: Sequence[RecordedEvent]) -> list[RecordedEvent]:
    """The events as they leave for a broker, where there is no viewer.

    Without figures of persons where their organisation is co-determined, and of those whom a charter keeps for few.
    """
    rules = {of: find_withheld(ledger, of) for of in {event.organisation_id for event in events}}
    return [_withhold(event, rules[event.organisation_id]) for event in events]


def find_withheld(ledger: Ledger, organisation_id: UUID) -> frozenset[UUID] | None:
    """The members whose figures charters keep for few, who are named there; None: everybody's (co-determination)."""
    if is_co_determined(ledger, organisation_id):
        return None
    return frozenset(ledger.load_sight_limits(organisation_id).members)


def _withhold(event: RecordedEvent, members: frozenset[UUID] | None) -> RecordedEvent:
    if members is not None and not members:
        return event
    figures = {name: getattr(event.data, name) for name in list_figure_fields(type(event.data))}
    found = {
        name: withhold_figure(figure)
        for name, figure in figures.items()
        if figure is not None and (members is None or _subject_of(figure, event) in {*members, None})
    }
    return replace(event, data=replace(event.data, **found)) if found else event


def _subject_of(figure: Any, event: RecordedEvent) -> UUID | None:
    """Whose figure it is; None: an event of before does not say it."""
    named: UUID | None = figure.of or getattr(event.data, "member", None)
    return named


def withhold_figure(figure: msgspec.Struct) -> msgspec.Struct:
    """The figure without its numbers, and saying so."""
    cls: type[msgspec.Struct] = type(figure)
    return replace(figure, withheld=True, **dict.fromkeys(_list_figures(cls)))


@lru_cache(maxsize=512)
def list_figure_fields(cls: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields of an event that hold a Struct with figures of a person."""
    hints = get_type_hints(cls)
    parts = {name: [hints[name], *get_args(hints[name])] for name in cls.__struct_fields__}
    return tuple(
        name for name, types in parts.items() if any(_list_figures(each) for each in types if isinstance(each, type))
    )


@lru_cache(maxsize=512)
def _list_figures(cls: type) -> tuple[str, ...]:
    """The fields of a Struct that are declared as figures of a person; none of another class."""
    if not issubclass(cls, msgspec.Struct):
        return ()
    hints: dict[str, Any] = get_type_hints(cls, include_extras=True)
    return tuple(
        name
        for name in cls.__struct_fields__
        if any(PERSON_FIGURE in (mark.extra or {}) for mark in getattr(hints[name], "__metadata__", ()))
    )
