"""`plimsoll events tail`: the feed of events as it grows, from where the last call left off."""

from __future__ import annotations

import argparse
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from services.client import words
from services.client.server import NoAnswer, Refused, Server
from services.console import CommandFailed, Console

#: Seconds for which one pull waits for news; below the server's own limit, and well below the client's patience.
_PULL_WAIT_S = 25
_PAGE = 200
#: Between two pulls that bring nothing at once, and before a server that is away is tried again, doubled each time.
_LEAST_PAUSE_S, _MOST_PAUSE_S = 1.0, 30.0
#: Seconds of lag from which on it is reported.
_REPORTED_LAG_S = 60


class _Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Up to where the feed of one server was printed."""

    url: str
    epoch: str
    after: int


class _Page(NamedTuple):
    events: list[dict[str, Any]]
    after: int
    epoch: str


def tail_events(server: Server, console: Console, given: argparse.Namespace) -> int:
    """Print events as they come; with a checkpoint each at least once, whatever ends this process in between."""
    path = Path(given.checkpoint) if given.checkpoint else None
    saved = _load_checkpoint(path, server.url) if path is not None else None
    epoch = saved.epoch if saved is not None else None
    after = given.after if given.after is not None else saved.after if saved is not None else None
    if after is None:
        after = _find_start(server, given.last)
    try:
        while True:
            page = _pull(server, console, given, after, epoch)
            for event in page.events:
                console.print_line(_format_event(event, as_json=console.as_json))
            _report_lag(console, page.events)
            if path is not None and (page.after, page.epoch) != (after, epoch):
                _save_checkpoint(path, _Checkpoint(url=server.url, epoch=page.epoch, after=page.after))
            after, epoch = page.after, page.epoch
            if given.once and not page.events:
                return 0
    except KeyboardInterrupt:
        # The way in which following ends.
        return 0


def _find_start(server: Server, last: int) -> int:
    """The position before the last events that the read models have followed."""
    position = server.get_answer("/v1/teams").headers.get("Plimsoll-Position", "0")
    return max(0, int(position) - last) if position.isdecimal() else 0


def _pull(server: Server, console: Console, given: argparse.Namespace, after: int, epoch: str | None) -> _Page:
    """The next page, however long its server is away. Raises Refused, as for the epoch of another log."""
    query = {"types": given.type, "subject": given.subject, "epoch": epoch, "limit": _PAGE, "after": str(after)}
    pause = _LEAST_PAUSE_S
    while True:
        began = time.monotonic()
        try:
            answer = server.get_answer("/v1/events", **query, timeout=None if given.once else _PULL_WAIT_S)
            page = _parse_page(server, answer.body, answer.headers)
        except (NoAnswer, Refused) as error:
            if given.once or (isinstance(error, Refused) and error.code not in _PASSING_CODES):
                raise _explain(error, given.checkpoint) from None
            console.print_note(f"{error}; trying again in {pause:.0f} s")
            time.sleep(pause)
            pause = min(2 * pause, _MOST_PAUSE_S)
            continue
        if not page.events and not given.once:
            # A server that stops, or that lets nothing wait, answers at once.
            time.sleep(max(0.0, _LEAST_PAUSE_S - (time.monotonic() - began)))
        return page


_PASSING_CODES = ("unavailable", "overloaded", "stopping", "rate_limited")


def _explain(error: CommandFailed, checkpoint: str | None) -> CommandFailed:
    if isinstance(error, Refused) and error.code == "epoch_changed" and checkpoint:
        return CommandFailed(f"{error}; remove {checkpoint} to begin anew")
    return error


def _parse_page(server: Server, body: bytes, headers: Any) -> _Page:
    position = headers.get("Plimsoll-Position", "")
    try:
        events = msgspec.json.decode(body, type=list[dict[str, Any]])
        return _Page(events, int(position), headers.get("Plimsoll-Epoch", ""))
    except (msgspec.DecodeError, ValueError):
        raise CommandFailed(f"{server.url} does not answer as Plimsoll does: it has no feed of events") from None


def _format_event(event: dict[str, Any], *, as_json: bool) -> str:
    if as_json:
        return msgspec.json.encode(event).decode()
    kind, _, identity = str(event["subject"]).partition("/")
    reason = f"  because {event['reasoncode'].replace('_', ' ')}" if event.get("reasoncode") else ""
    subject = f"{kind}/{words.shorten_id(identity)}"
    return f"{int(event['sequence'])}  {words.format_instant(event['time'])}  {event['type']}  {subject}{reason}"


def _report_lag(console: Console, events: list[dict[str, Any]]) -> None:
    """How far behind the last printed event was recorded, while there is more than a moment to catch up."""
    if events:
        recorded = datetime.fromisoformat(events[-1]["recordedtime"])
        seconds = (datetime.now(UTC) - recorded).total_seconds()
        if len(events) == _PAGE and seconds > _REPORTED_LAG_S:
            console.print_note(f"at {int(events[-1]['sequence'])}, {seconds:.0f} s behind")


def _load_checkpoint(path: Path, url: str) -> _Checkpoint | None:
    try:
        saved = msgspec.json.decode(path.read_bytes(), type=_Checkpoint)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CommandFailed(f"cannot read {path}: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise CommandFailed(f"{path} is no checkpoint of this command ({error}); remove it to begin anew") from None
    if urlsplit(saved.url).netloc != urlsplit(url).netloc:
        raise CommandFailed(f"{path} is a checkpoint of {saved.url}, not of {url}")
    return saved


def _save_checkpoint(path: Path, checkpoint: _Checkpoint) -> None:
    """Replace the file in one step: a kill leaves the old one or the new one."""
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("wb") as file:
        file.write(msgspec.json.encode(checkpoint) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
