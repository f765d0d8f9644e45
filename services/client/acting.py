"""What a person says: an act on a goal, looked at and confirmed before it is recorded."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec

from domain.goal.acts import ACTS
from services.client import words
from services.client.planning import Plan, describe_result, look_at, parse_act, plan_unseen, record
from services.client.server import Server
from services.console import CommandFailed, Console, WrongUsage

#: `due=2027-01-15`, `terms.conditions[]=it runs`, `trade_offs:=[{"kind": "drop"}]`.
_FIELD = re.compile(r"(?P<path>[a-z_]+(?:\.[a-z_]+)*)(?P<list>\[\])?(?P<sign>:?=)(?P<value>.*)", re.DOTALL)
_PERCENT = re.compile(r"(?P<number>[0-9]{1,3}(?:\.[0-9]+)?) ?%")


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
    name = parse_act(given.act)
    body = parse_fields(given.field)
    if given.reason:
        body["reason"] = {"code": given.reason.replace("-", "_"), "text": given.because}
    elif given.because:
        raise WrongUsage("--because explains a --reason CODE")
    return _act(server, console, given, name, body)


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
        return _record(server, console, given, plan_unseen(server, given.goal, name, body))
    plan, preview, lines = look_at(server, given.goal, name, body, words.terminal_width())
    for line in lines:
        # With --json stdout holds the result alone.
        (console.print_note if console.as_json else console.print_line)(line)
    if given.dry_run:
        console.print_result(preview, "Nothing was recorded.")
        return 0
    sys.stderr.write("Record this? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandFailed("nothing was recorded")
    return _record(server, console, given, plan)


def _record(server: Server, console: Console, given: argparse.Namespace, plan: Plan) -> int:
    """Send the act; the result in words is the sentence of the history."""
    identity = given.idempotency_key or str(uuid4())
    again = f"the same command with --idempotency-key {identity} records it once, or says that it is there"
    summary = record(server, plan, identity, again=again)
    console.print_result(summary, describe_result(server, summary, words.terminal_width()))
    return 0
