"""Answers of the API in words, for a terminal of any width: what is for people, and no contract."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from domain.quantities import to_percent
from services.plain_text import clean, columns, pad, wrap

Json = Mapping[str, Any]

#: Columns where there is no terminal to ask; fewer than the least are taken for a mistake of the terminal's.
_DEFAULT_WIDTH, _LEAST_WIDTH = 100, 30
#: Columns that a table leaves for titles at least; with fewer each goal takes two lines.
_TITLE_WIDTH = 24
_LABEL_WIDTH = 11
#: Fields of an event that its type or its goal shows already.
_OMITTED_FIELDS = ("type", "by", "answers", "in_time")
#: What an inbox waits for, where the acts alone do not say it.
_REQUESTS = {
    "answer": "it waits for your answer",
    "join": "you are named as a party to it",
    "verdict": "it was delivered: is it what was promised?",
    "ruling": "you are its mediator",
    "need": "a need is addressed to you",
    "blocker": "you act next on a blocker",
    "lapsed": "its due date passed",
    "check_in": "a word about it is due",
    "link": "what it supports has changed",
    "decision": "you are asked for a say",
    "review": "a look back is due",
    "experiment": "an experiment waits for your word",
    "improvement": "an improvement is yours to do",
    "acknowledgement": "a non-negotiable waits to be acknowledged",
}


def terminal_width() -> int:
    """Columns of the terminal (or of `COLUMNS`)."""
    return max(_LEAST_WIDTH, shutil.get_terminal_size((_DEFAULT_WIDTH, 24)).columns)


def spell(word: str) -> str:
    """A word of the API as people write it: `check_in`, `check-in`."""
    return word.replace("_", "-")


def shorten_id(identity: str) -> str:
    """As much of an id as tells it from others: of one that begins with its time that time to the millisecond."""
    return identity[:13] if identity[14:15] == "7" else identity[:8]


def name_goal(goal: Json) -> str:
    """What the commands take for the goal: its reference, or the beginning of its id."""
    return clean(str(goal.get("ref") or shorten_id(goal["id"])))


def format_instant(instant: str) -> str:
    """An instant to the minute, UTC."""
    return instant[:16].replace("T", " ")


def rewrap(text: str, width: int) -> str:
    """A page of text in lines of at most `width` columns; each line keeps its indentation."""
    lines: list[str] = []
    for line in text.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        lines += [line] if columns(line) <= width else wrap(line, width, indent)
    return "\n".join(lines)


# --- me ----------------------------------------------------------------------------------------------------------


def describe_me(me: Json, member: Json, teams: Mapping[str, str]) -> str:
    """Who the key speaks for, in one sentence."""
    parts = [f"{clean(member['name'])} at {clean(me['organisation_name'])}"]
    for verb, ids in (("leads", me["leads"]), ("in", [team for team in me["teams"] if team not in me["leads"]])):
        named = sorted(clean(teams.get(team, shorten_id(team))) for team in ids)
        parts += [f"{verb} {', '.join(named)}"] if named else []
    roles = [role for role in me["roles"] if role not in ("member", "lead")]
    parts += [", ".join(roles)] if roles else []
    return "; ".join(parts) + f" (key: {', '.join(me['scopes'])})"


def format_inbox(inbox: Json, width: int) -> Iterator[str]:
    """What waits for the member, the nearest deadline first."""
    if not inbox["count"]:
        yield "Nothing waits for you."
        return
    overdue = f", {inbox['overdue']} overdue" if inbox["overdue"] else ""
    yield f"{_count(inbox['count'], 'thing')} for you{overdue}:"
    for entry in inbox["entries"]:
        kind, _, identity = entry["subject"].partition("/")
        day = (entry["until"] or "no date")[:10]
        subject = shorten_id(identity) if kind == "goal" else f"{kind} {shorten_id(identity)}"
        yield ""
        late = ", overdue" if entry.get("overdue") else ""
        yield from wrap(f"{subject}  {clean(entry['title'])} ({day}{late})", width)
        for ask in entry["asks"]:
            text = f": {clean(ask['text'])}" if ask.get("text") else ""
            acts = ", ".join(spell(act) for act in ask["acts"])
            yield from wrap(f"{_REQUESTS.get(ask['kind'], ask['kind'])}{text} -> {acts}", width, "  ")
    if inbox["rest"]:
        yield f"and {inbox['rest']} more"


# --- goals -------------------------------------------------------------------------------------------------------


def format_goals(goals: Sequence[Json], names: Mapping[str, str], me: str, width: int) -> Iterator[str]:
    """A line for each goal, or two where the terminal is narrow."""
    rows = [(*_goal_cells(goal), _describe_parties(goal, names, me)) for goal in goals]
    widths = [max(map(columns, cells)) for cells in zip(*rows, strict=True)] if rows else []
    taken = sum(widths) + 2 * len(widths)
    for goal, row in zip(goals, rows, strict=True):
        title = clean(goal.get("title", ""))
        if width - taken >= _TITLE_WIDTH:
            head = "".join(f"{pad(cell, size)}  " for cell, size in zip(row, widths, strict=True))
            yield from _row(head, title, width)
        else:
            yield from wrap(", ".join(cell for cell in row[:-1] if cell), width)
            yield from wrap(f"{title}; {row[-1]}" if row[-1] else title, width, "  ")


def _row(head: str, title: str, width: int) -> Iterator[str]:
    """The cells, and the title in what is left of the lines."""
    first, *rest = list(wrap(title, width - columns(head), hanging="")) or [""]
    yield (head + first).rstrip()
    yield from (" " * columns(head) + line for line in rest)


def _goal_cells(goal: Json) -> tuple[str, ...]:
    progress = goal.get("progress")
    done = f"{to_percent(progress)}%" if progress is not None else ""
    return name_goal(goal), spell(goal.get("state", "")), goal.get("due", ""), done


def _describe_parties(goal: Json, names: Mapping[str, str], me: str) -> str:
    """The other party, or both where none is me."""
    owner, sponsor = goal.get("owner"), goal.get("sponsor")
    parts = [
        f"{preposition} {clean(names.get(party, shorten_id(party)))}"
        for preposition, party in (("by", owner), ("for", sponsor))
        if party is not None and party != me
    ]
    return " ".join(parts)


def format_goal(view: Json, names: Mapping[str, str], acts: Sequence[str], width: int) -> Iterator[str]:
    """One goal with its terms, and what one may do with it."""
    goal = view["goal"]
    # An ended goal shows the promise that it was.
    goal = {**(goal.get("promised") or {}), **{name: value for name, value in goal.items() if value is not None}}
    terms = goal.get("terms") or {}
    yield from wrap(f"{clean(goal['title'])} ({name_goal(goal)}), {spell(view['state'])}", width)
    named = {role: names.get(goal.get(role) or "", "") for role in ("owner", "sponsor", "team")}
    first = (goal.get("first_terms") or {}).get("due")
    due = terms.get("due") or ""
    shares = {name: f"{to_percent(goal[name])}%" for name in ("progress", "confidence") if goal.get(name) is not None}
    lines = {
        **named,
        "due": f"{due} (first promised: {first})" if first and first != due else due,
        "effort": f"{terms['effort_hours']} hours" if terms.get("effort_hours") else "",
        **shares,
        "outcome": terms.get("outcome") or "",
        "conditions": "; ".join(f"{each['id']} {each['text']}" for each in terms.get("conditions") or ()),
        "blockers": "; ".join(each["blocker"]["text"] for each in goal.get("blockers") or ()),
        "open": view["open"] or "",
        "you may": ", ".join(spell(act) for act in acts),
    }
    for label, value in lines.items():
        if value:
            yield from _row(f"  {label:<{_LABEL_WIDTH}}", clean(value), width)


# --- history and why ---------------------------------------------------------------------------------------------


def format_history(entries: Iterable[Json], width: int) -> Iterator[str]:
    """A sentence for each event, the first one first."""
    for entry in entries:
        yield from _row(f"{format_instant(entry['occurred_at'])}  ", clean(entry["text"]), width)


def format_why(why: Json, width: int) -> Iterator[str]:
    """The value and the chain behind it, the newest step first."""
    value = why["value"]
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # An id says nothing to a reader, and the sentences below name who it is.
    is_party = why["field"] in ("owner", "sponsor", "team")
    head = f"{clean(why['title'])}: {why['field'].replace('_', ' ')}"
    yield from wrap(f"{head}, because" if is_party else f"{head} is {clean(shown)}, because", width)
    if not why["chain"]:
        yield "  it never had a value."
    for step in why["chain"]:
        yield from _row(f"{step['at'][:10]}  ", clean(step["text"]), width)
        if step.get("said"):
            yield from _row(f"  {step['said']['at'][:10]}  ", clean(step["said"]["text"]), width)
    for heading, rows in (("What stands above", why["upstream"]), ("What came of it", why["downstream"])):
        if rows:
            yield f"{heading}:"
            for row in rows:
                text = row.get("text") or row.get("title") or ""
                yield from _row(f"{(row.get('changed_at') or row.get('at') or '')[:10]:<10}  ", clean(text), width)


# --- what an act would do ------------------------------------------------------------------------------------------


def format_preview(preview: Json, width: int) -> Iterator[str]:
    """What would be recorded, and what it would do to the owners' weeks."""
    before, after = preview["before"] or {}, preview["after"] or {}
    for event in preview["would"]:
        kind = event["type"].rsplit(".", 1)[0]
        details = list(
            _describe_data({name: event["data"][name] for name in event["data"] if name not in _OMITTED_FIELDS})
        )
        if reason := event.get("reason"):
            text = clean(reason.get("text", ""))
            details.append(f"because {reason['code'].replace('_', ' ')}" + (f": {text}" if text else ""))
        named = kind.replace(".", ": ").replace("_", " ")
        yield from wrap(f"{named} ({'; '.join(details)})" if details else named, width)
    for name in ("state", "due", "effort_hours", "owner", "sponsor", "priority", "progress", "confidence"):
        if before.get(name) != after.get(name):
            yield f"  {name.replace('_', ' ')}: {before.get(name) or 'none'} -> {after.get(name) or 'none'}"
    for load in preview["load"]:
        yield from _format_load(load)


def _describe_data(data: Json) -> Iterator[str]:
    """The fields of an event, those of its parts among them."""
    for name, value in data.items():
        if isinstance(value, dict):
            yield from _describe_data(value)
        elif value not in (None, [], ""):
            yield f"{name.replace('_', ' ')} {_format_value(value)}"


def _format_load(load: Json) -> Iterator[str]:
    """The weeks whose load would change."""
    for before, after in zip(load["before"], load["after"], strict=False):
        if before["planned_hours"] != after["planned_hours"]:
            line = f", {after['line']} line" if after["line"] else ""
            yield (
                f"  week of {after['week']}: {_hours(before['planned_hours'])} -> {_hours(after['planned_hours'])}"
                f" of {_hours(after['available_hours'])} hours{line}"
            )


def _hours(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"


def _format_value(value: Any) -> str:
    return clean(value) if isinstance(value, str) else clean(json.dumps(value, ensure_ascii=False))


def _count(number: int, word: str) -> str:
    return f"{number} {word} waits" if number == 1 else f"{number} {word}s wait"
