"""Small pieces of English: dates, amounts, lists, and what a change of terms comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from domain.quantities import to_percent

NameLookup = Callable[[object], str]

#: Field -> (the phrase of a proposal, the phrase of an accepted change); `_describe_values` adds the values.
_CHANGE_PHRASES: dict[str, tuple[str, str]] = {
    "due": ("to move the due date", "the due date moves"),
    "start": ("to move the start", "the start moves"),
    "effort_hours": ("to change the effort", "the effort changes"),
    "priority": ("to change the priority", "the priority changes"),
    "outcome": ("to reword the outcome", "the outcome is reworded"),
    "measure": ("to change the measure", "the measure changes"),
    "conditions": ("to change the conditions", "the conditions change"),
    "kind": ("to change the kind", "the kind changes"),
    "supports": ("to change what it supports", "what it supports changes"),
    "owner": ("to hand it over", "it is handed over"),
    "sponsor": ("to change the sponsor", "the sponsor changes"),
    "team": ("to change the team", "the team changes"),
    "title": ("to change the title", "the title changes"),
    "description": ("to rewrite the description", "the description is rewritten"),
    "tags": ("to change the tags", "the tags change"),
    "pause": ("to pause it", "it pauses"),
}


def format_day(value: date | str) -> str:
    """A date as it reads everywhere: 2026-03-13."""
    return value if isinstance(value, str) else value.isoformat()


def format_instant(value: datetime) -> str:
    """An instant as it reads: 2026-01-16 12:00 UTC."""
    return f"{value:%Y-%m-%d %H:%M} UTC"


def format_hours(value: str) -> str:
    """An amount of hours: "1 hour", "12.5 hours"."""
    return f"{value} {'hour' if value == '1' else 'hours'}"


def format_percent(share: str | Fraction) -> str:
    """A share of a whole as a percentage, to the nearest one: 100 % only of the whole or more, 0 % only of nothing."""
    return f"{to_percent(share)} %"


def format_days(days: float | Fraction) -> str:
    """Whole days that have passed, "12 days"; less than a whole day counts as one."""
    whole = max(int(days), 1) if days > 0 else 0
    return f"{whole} {'day' if whole == 1 else 'days'}"


def excerpt(text: str, longest: int) -> str:
    """The beginning of a text on one line, without a full stop at its end."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def quote(text: str) -> str:
    """A title or name in quotation marks."""
    return f'"{excerpt(text, 120)}"'


def join_list(parts: Sequence[str]) -> str:
    """One list in English: "a, b and c"."""
    if len(parts) < 2:  # noqa: PLR2004 - one needs no "and"
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def describe_changes(
    before: Mapping[str, Any], after: Mapping[str, Any], title: NameLookup, name: NameLookup, *, to: bool
) -> list[str]:
    """What changes, one phrase per field: to move the due date from ... to ... (`to`), or: the due date moves ..."""
    return [
        f"{moved if to else moves}{_describe_values(field, before.get(field), after[field], title, name)}"
        for field, (moved, moves) in _CHANGE_PHRASES.items()
        if field in after
    ]


def _describe_values(field: str, old: Any, new: Any, title: NameLookup, name: NameLookup) -> str:
    match field:
        case "conditions":
            return _describe_conditions(old or [], new or [])
        case "pause":
            return f" from {new['paused_from']} until {new['resume_on']}" if new else " no more"
        case "description":
            return ""
    said, was = _format_value(field, new, title, name), _format_value(field, old, title, name)
    return f" from {was} to {said}" if old not in (None, "", []) else f" to {said}"


def _format_value(field: str, value: Any, title: NameLookup, name: NameLookup) -> str:
    if value in (None, "", []):
        return "nothing"
    match field:
        case "effort_hours":
            return format_hours(value)
        case "outcome" | "title":
            return quote(value)
        case "measure":
            return _format_measure(value)
        case "supports":
            return join_list([title(s.get("goal") or s.get("purpose")) for s in value])
        case "owner" | "sponsor" | "team":
            return name(value)
        case "tags":
            return join_list(value)
    return str(value)


def _format_measure(measure: Mapping[str, Any]) -> str:
    unit = f" {measure['unit']}" if measure.get("unit") else ""
    if measure["kind"] == "range":
        return f"{measure.get('low', '…')} to {measure.get('high', '…')}{unit}"
    if measure.get("target") is not None:
        since = f" (from {measure['baseline']})" if measure.get("baseline") is not None else ""
        return f"{measure['target']}{unit}{since}"
    return "done or not" if measure["kind"] == "binary" else f"a {measure['kind']}{unit}"


def _describe_conditions(old: Sequence[Mapping[str, str]], new: Sequence[Mapping[str, str]]) -> str:
    were = {c["id"]: c["text"] for c in old}
    now = {c["id"]: c["text"] for c in new}
    parts = [f"adding {quote(text)}" for key, text in now.items() if key not in were and text not in were.values()]
    parts += [f"dropping {quote(text)}" for key, text in were.items() if key not in now and text not in now.values()]
    parts += [
        f"rewording {quote(were[key])} as {quote(text)}"
        for key, text in now.items()
        if key in were and were[key] != text
    ]
    return f", {join_list(parts)}" if parts else ""
