"""What a person says: an act on a goal, looked at and confirmed before it is recorded."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Any
from uuid import uuid4

import msgspec

from domain.goal.acts import ACTS
from services.client import words
from services.client.goals import call_with_goal
from services.client.server import NoAnswer, Refused, Server, quote_segment
from services.client.words import Json
from services.commands.console import CommandFailed, Console, WrongUsage
from services.plain_text import clean

#: `due=2027-01-15`, `terms.conditions[]=it runs`, `trade_offs:=[{"kind": "drop"}]`.
_FIELD = re.compile(r"(?P<path>[a-z_]+(?:\.[a-z_]+)*)(?P<list>\[\])?(?P<sign>:?=)(?P<value>.*)", re.DOTALL)
_PERCENT = re.compile(r"(?P<number>[0-9]{1,3}(?:\.[0-9]+)?) ?%")
#: Entries of an inbox that the API lists at most.
_LARGEST_INBOX = 200
#: Acts by which a goal may begin.
_OPENING_ACTS = ("draft", "request", "offer")


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    """An act that is ready to be sent."""

    act: str
    body: dict[str, Any]
    #: The goal's step in a path; None: the goal begins with this act.
    step: str | None
    #: Of the goal that was looked at; None: it was not.
    version: int | None = None

    @property
    def path(self) -> str:
        """Where it is sent."""
        return "/v1/goals" if self.step is None else f"/v1/goals/{self.step}/{words.spell(self.act)}"


def check_in(server: Server, console: Console, given: argparse.Namespace) -> int:
    """Say how a goal stands. It can be taken back, so it is recorded without a question."""
    body: dict[str, Any] = {name: getattr(given, name) for name in ("note", "progress", "confidence", "value")}
    body = {name: _to_share(value) for name, value in body.items() if value is not None}
    body |= {"blockers": [{"text": text} for text in given.blocker]} if given.blocker else {}
    body |= {"needs": [{"text": text} for text in given.need]} if given.need else {}
    body |= {"ideas": given.idea} if given.idea else {}
    if not body:
        raise WrongUsage(f"say something: --note, --progress, ...; or: plimsoll act {given.goal} affirm")
    given.yes = not given.dry_run
    return _act(server, console, given, "check_in", body)


def act(server: Server, console: Console, given: argparse.Namespace) -> int:
    """Take any act of the agreement."""
    name = given.act.replace("-", "_")
    if name not in ACTS:
        near = get_close_matches(name, ACTS, n=3)
        hint = f"did you mean {' or '.join(map(words.spell, near))}?" if near else f"there are: {_list_acts()}"
        raise WrongUsage(f"no act is called {given.act!r}; {hint}")
    body = parse_fields(given.field)
    if given.reason:
        body["reason"] = {"code": given.reason.replace("-", "_"), "text": given.because}
    elif given.because:
        raise WrongUsage("--because explains a --reason CODE")
    return _act(server, console, given, name, body)


def _list_acts() -> str:
    return ", ".join(map(words.spell, sorted(ACTS)))


def parse_fields(fields: Sequence[str]) -> dict[str, Any]:
    """The body that the fields spell. Raises WrongUsage for one that is none."""
    body: dict[str, Any] = {}
    for text in fields:
        found = _FIELD.fullmatch(text)
        if found is None:
            raise WrongUsage(f"{text!r} is no field: write NAME=TEXT, NAME[]=TEXT for one more of a list, NAME:=JSON")
        value: Any = found["value"]
        if found["sign"] == ":=":
            try:
                value = msgspec.json.decode(value)
            except msgspec.DecodeError as error:
                raise WrongUsage(f"{found['path']}:= takes JSON: {error}") from None
        _set_field(body, found["path"], _to_share(value), more=bool(found["list"]))
    return body


def _set_field(body: dict[str, Any], path: str, value: Any, *, more: bool) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        body = body.setdefault(parent, {})
        if not isinstance(body, dict):
            raise WrongUsage(f"{path} lies in {parent}, which is given as a value")
    if not more and last in body:
        raise WrongUsage(f"{path} is given twice; a list is written {path}[]=TEXT")
    if more and not isinstance(body.setdefault(last, []), list):
        raise WrongUsage(f"{path} is given as a value and as a list")
    if more:
        body[last].append(value)
    else:
        body[last] = value


def _to_share(value: Any) -> Any:
    """A percentage as the share that the API takes; anything else as it is."""
    found = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    return value if found is None else f"{(Decimal(found['number']) / 100).normalize():f}"


def _act(server: Server, console: Console, given: argparse.Namespace, name: str, body: dict[str, Any]) -> int:
    asks = not (given.yes or given.dry_run)
    if asks and not sys.stdin.isatty():
        raise WrongUsage("nobody is there to confirm it: say --yes, or --dry-run to look at it only")
    if given.yes:
        if "answers" in ACTS[name].needed and "answers" not in body:
            raise WrongUsage(
                f"with --yes, say which event it answers: answers=ID, as `plimsoll goal {given.goal}` shows it"
            )
        return _record(server, console, given, _plan_unseen(server, given.goal, name, body))
    plan, preview = _look(server, console, given.goal, name, body)
    if given.dry_run:
        console.print_result(preview, "Nothing was recorded.")
        return 0
    sys.stderr.write("Record this? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandFailed("nothing was recorded")
    return _record(server, console, given, plan)


def _plan_unseen(server: Server, goal: str, name: str, body: dict[str, Any]) -> _Plan:
    """The act on a goal that was not looked at; only whether it exists is looked up."""
    view = _find_goal(server, goal, begins=name in _OPENING_ACTS)
    if view is None:
        return _Plan(act=name, body={"do": name, "ref": goal, **body}, step=None)
    return _Plan(act=name, body=body, step=view["id"])


def _find_goal(server: Server, goal: str, *, begins: bool) -> Json | None:
    """The goal; None where there is none and it may begin. Raises Refused."""
    try:
        view: Json = call_with_goal(server, goal, lambda step: server.get(f"/v1/goals/{step}", "id", "version", "open"))
    except Refused as refused:
        if refused.code != "not_found" or not begins:
            raise
        return None
    return view


def _look(server: Server, console: Console, goal: str, name: str, body: dict[str, Any]) -> tuple[_Plan, Json]:
    """The act and its preview, which is printed: what it answers, what would be recorded, what would change."""
    view = _find_goal(server, goal, begins=name in _OPENING_ACTS)
    width, answered = words.terminal_width(), ""
    if view is not None:
        body, answered = _fill_needed(server, view, name, body)
    step = view["id"] if view is not None else quote_segment(goal)
    preview = server.post(f"/v1/goals/{step}/preview", {"do": name, **body}, "would", "before", "after", "load")
    lines = [f"It answers: {answered}"] if answered else []
    for line in (*lines, *words.format_preview(preview, width)):
        # With --json stdout holds the result alone.
        (console.print_note if console.as_json else console.print_line)(words.rewrap(line, width))
    if view is None:
        return _Plan(act=name, body={"do": name, "ref": goal, **body}, step=None), preview
    return _Plan(act=name, body=body, step=view["id"], version=view["version"]), preview


def _fill_needed(server: Server, view: Json, name: str, body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The body with the event, blocker or need that the act is about, and that in words; as it is where none waits."""
    (field,) = ACTS[name].needed or ("",)
    if not field:
        return body, ""
    if field == "answers":
        answers = body.get("answers") or view["open"]
        return ({**body, "answers": answers}, _describe_event(server, view["id"], answers)) if answers else (body, "")
    inbox = server.get("/v1/me/inbox", "entries", limit=_LARGEST_INBOX)
    asks = [ask for entry in inbox["entries"] if entry.get("goal") == view["id"] for ask in entry["asks"]]
    found = {ask["event" if field == "blocker" else "need"]: ask.get("text", "") for ask in asks if name in ask["acts"]}
    if field in body or not found:
        return body, clean(found.get(body.get(field, ""), ""))
    if len(found) > 1:
        named = "; ".join(f"{field}={identity} ({clean(text)})" for identity, text in found.items())
        raise CommandFailed(f"several wait for you, say which: {named}")
    ((identity, text),) = found.items()
    return {**body, field: identity}, clean(text)


def _describe_event(server: Server, goal: str, event: str) -> str:
    """The event as the history has it."""
    after: int | None = None
    while True:
        page = server.get(f"/v1/goals/{goal}/history", "entries", "next", after=after)
        for entry in page["entries"]:
            if entry["event_id"] == event:
                return f"{entry['occurred_at'][:10]} {entry['text']}"
        after = page["next"]
        if after is None:
            return event


def _record(server: Server, console: Console, given: argparse.Namespace, plan: _Plan) -> int:
    """Send the act; the result in words is the sentence of the history."""
    identity = given.idempotency_key or str(uuid4())
    if_match = f'"v{plan.version}"' if plan.version is not None else ""
    again = f"the same command with --idempotency-key {identity} records it once, or says that it is there"
    try:
        summary = server.post(plan.path, plan.body, "id", "version", identity=identity, if_match=if_match)
    except Refused as refused:
        if refused.code in ("unavailable", "stopping"):
            raise CommandFailed(f"{refused}; {again}") from None
        raise
    except NoAnswer as lost:
        if isinstance(lost.__cause__, ConnectionRefusedError):
            raise
        raise CommandFailed(f"{lost}; whether it was recorded is unknown: {again}") from None
    except KeyboardInterrupt:
        raise CommandFailed(f"interrupted; whether it was recorded is unknown: {again}") from None
    console.print_result(summary, _describe_result(server, summary))
    return 0


def _describe_result(server: Server, summary: Json) -> str:
    """What was recorded, as the history has it; the views are waited for, so that the next command shows it too."""
    state = f"{words.name_goal(summary)} is {words.spell(summary['state'])}" if "state" in summary else "recorded"
    query = {"after": max(0, summary["version"] - len(summary.get("events") or [0]))}
    try:
        page = server.get(
            f"/v1/goals/{summary['id']}/history", "entries", after_position=summary.get("position"), **query
        )
    except CommandFailed:
        return f"Recorded: {state}."
    return "\n".join([*words.format_history(page["entries"], words.terminal_width()), f"{state}."])
