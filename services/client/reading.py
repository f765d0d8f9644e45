"""What a person asks: me, goals, one goal, its history, why, and reports."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from services.client import words
from services.client.goals import OPEN_STATES, call_with_goal, list_goals, list_own_acts, load_named_goal
from services.client.server import Refused, Server, quote_segment
from services.client.words import Json
from services.console import Console

_PAGE = 200


def show_me(server: Server, console: Console, given: argparse.Namespace) -> int:
    """Who the key speaks for, and what waits for them."""
    me = server.get("/v1/me", "organisation_name", "member", "scopes", "roles", "teams", "leads")
    inbox = server.get("/v1/me/inbox", "count", "entries", names=True, limit=given.limit, **_times(given))
    if console.as_json:
        console.print_result({"me": me, "inbox": inbox}, "")
        return 0
    width = words.terminal_width()
    lines = [words.describe_me(me, _load_member(server, me), _load_team_names(server, me))]
    lines = [words.rewrap(line, width) for line in lines]
    console.print_result(None, "\n".join([*lines, "", *words.format_inbox(inbox, width)]))
    return 0


def _load_member(server: Server, me: Json) -> Json:
    try:
        found: Json = server.get(f"/v1/members/{quote_segment(me['member'])}", "name")
    except Refused as refused:
        # The views may not have followed a member who joined a moment ago.
        if refused.code != "not_found":
            raise
        return {"name": words.shorten_id(me["member"])}
    return found


def _load_team_names(server: Server, me: Json) -> dict[str, str]:
    if not (me["teams"] or me["leads"]):
        return {}
    return {team["id"]: team["name"] for team in server.get("/v1/teams", "teams")["teams"]}


def show_goals(server: Server, console: Console, given: argparse.Namespace) -> int:
    """Goals: mine, or those that the options name."""
    states = given.state or ([] if given.ended else OPEN_STATES)
    me = server.get("/v1/me", "member")["member"]
    query = {name: getattr(given, name) for name in ("team", "owner", "sponsor", "cycle", "supports", "q")}
    query |= {"state": states, "sort": given.sort, **_times(given)}
    is_narrowed = given.all or any(query[name] for name in ("team", "owner", "sponsor", "cycle", "supports", "q"))
    found = load_sections(server, me, given.limit, own=not is_narrowed, **query)
    names = {identity: name for section in found for identity, name in section.names.items()}
    if console.as_json:
        each = {goal["id"]: goal for section in found for goal in section.goals}
        more = any(section.more for section in found)
        console.print_result({"goals": list(each.values()), "more": more, "names": names}, "")
        return 0
    lines: list[str] = []
    for section in found:
        if section.goals:
            lines += (
                ["", section.heading] if lines and section.heading else [section.heading] if section.heading else []
            )
            lines += words.format_goals(section.goals, names, me, words.terminal_width())
            lines += [f"and more: --limit {given.limit * 4} shows them"] if section.more else []
    console.print_result(None, "\n".join(lines) or "No goals.")
    return 0


class GoalSection(NamedTuple):
    """Goals under a heading, how their parties are called, and whether there are more."""

    heading: str
    goals: list[Json]
    names: dict[str, str]
    more: bool


def load_sections(server: Server, me: str, limit: int, *, own: bool, **query: Any) -> list[GoalSection]:
    """My `own` goals, those promised and those promised to me, or all that the query names; `limit` of each list."""
    sections: dict[str, dict[str, str]] = {"You promised:": {"owner": me}, "Promised to you:": {"sponsor": me}}
    return [
        GoalSection(heading, *list_goals(server, limit, **{**query, **party}))
        for heading, party in (sections if own else {"": {}}).items()
    ]


def show_goal(server: Server, console: Console, given: argparse.Namespace) -> int:
    """One goal, and what the caller may say about it."""
    view, names = load_named_goal(server, given.goal, **_times(given))
    acts = list_own_acts(view, server.get("/v1/me", "member", "roles"))
    lines = words.format_goal(view, names, acts, words.terminal_width())
    console.print_result({**view, "names": names}, "\n".join(lines))
    return 0


def show_history(server: Server, console: Console, given: argparse.Namespace) -> int:
    """Every event of a goal, in sentences."""
    entries = call_with_goal(server, given.goal, lambda step: list(load_history(server, step, **_times(given))))
    lines = words.format_history(entries, words.terminal_width())
    console.print_result({"entries": entries}, "\n".join(lines))
    return 0


def load_history(server: Server, step: str, **query: Any) -> Iterator[Json]:
    """Every event of a goal, the first one first."""
    after: int | None = None
    while True:
        page = server.get(f"/v1/goals/{step}/history", "entries", "next", after=after, limit=_PAGE, **query)
        yield from page["entries"]
        after = page["next"]
        if after is None:
            return


def show_why(server: Server, console: Console, given: argparse.Namespace) -> int:
    """Why a field of a goal has its value."""
    query = {"field": given.field, **_times(given)}
    why = call_with_goal(
        server, given.goal, lambda step: server.get(f"/v1/goals/{step}/why", "title", "chain", **query)
    )
    console.print_result(why, "\n".join(words.format_why(why, words.terminal_width())))
    return 0


def show_report(server: Server, console: Console, given: argparse.Namespace) -> int:
    """A report in sentences; as JSON, CSV, a page of HTML or a picture where that is asked for."""
    form = "json" if console.as_json else given.format
    query = {name: getattr(given, name) for name in ("team", "member", "window", "explain")} | _times(given)
    answer = server.get_answer(f"/v1/reports/{quote_segment(given.report)}", format=form, names=form == "json", **query)
    if form == "json":
        console.print_json(msgspec.json.format(answer.body, indent=2))
    elif form != "text":
        console.print_line(answer.body.decode().replace("\r\n", "\n").rstrip("\n"))
    else:
        console.print_line(words.rewrap(answer.body.decode().rstrip("\n"), words.terminal_width()))
    return 0


def _times(given: argparse.Namespace) -> dict[str, str | None]:
    return {"as_of": given.as_of, "recorded_as_of": given.recorded_as_of}
