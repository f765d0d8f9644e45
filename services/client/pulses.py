"""A person's pulses: opened, shown, answered with a token that the server has signed without seeing it, closed.

What an answer is sent with is kept in a file until it has been taken, so that a lost reply costs no answer; then the
file says only that this pulse was answered.
"""

from __future__ import annotations

import argparse
import os
import sys
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from services.client.server import Refused, Server, quote_segment
from services.client.words import Json
from services.console import CommandFailed, WrongUsage

if TYPE_CHECKING:
    from services.blind_tokens import BlindToken
    from services.console import Console

_LOWEST, _HIGHEST = 1, 7


class KeptToken(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is kept of a pulse on this machine."""

    cell: str = ""
    message: str = ""
    blinded: str = ""
    #: As hexadecimal digits.
    inverse: str = ""
    signature: str = ""
    answered: bool = False


def manage(server: Server, console: Console, given: argparse.Namespace) -> int:
    """`plimsoll pulse ...`."""
    match given.what:
        case "list":
            return _list(server, console)
        case "open":
            return _open(server, console, given)
        case "show":
            return _show(server, console, given.pulse)
        case "answer":
            return _answer(server, console, given)
        case _:
            closed = server.post(f"/v1/pulses/{quote_segment(given.pulse)}/close", {})
            console.print_result(closed, "closed; what may be known of it: plimsoll report pulse")
            return 0


def _list(server: Server, console: Console) -> int:
    found: list[Json] = server.get("/v1/pulses", "pulses")["pulses"]
    rows = [(p["id"], p.get("ref", ""), p["state"], p["closes_at"]) for p in found]
    console.print_table(found, ("id", "ref", "state", "closes at"), rows)
    return 0


def _open(server: Server, console: Console, given: argparse.Namespace) -> int:
    body = {name: value for name in ("team", "closes_on", "ref") if (value := getattr(given, name))}
    opened = server.post("/v1/pulses", body)
    console.print_result(opened, f"opened {opened['id']}, to be answered until {opened['closes_at']}")
    return 0


def _show(server: Server, console: Console, pulse: str) -> int:
    found = _load(server, pulse)
    lines = [f"{found['id']} is {found['state']}", *_describe_items(found)]
    if (cell := _find_cell(found)) is not None:
        print_of_key = sha256(b64decode(cell["public_key"])).hexdigest()[:16]
        lines.append(f"you stand among {cell['members']}; key {print_of_key}: the same for each of them, or ask why")
    elif found["state"] == "open":
        lines.append("you are not asked")
    console.print_result(found, "\n".join(lines))
    return 0


def _answer(server: Server, console: Console, given: argparse.Namespace) -> int:
    found = _load(server, given.pulse)
    kept_in = _file_of(found["id"])
    kept = _read(kept_in)
    if kept.answered:
        raise CommandFailed("this pulse was answered from here")
    cell = _find_cell(found)
    if cell is None:
        raise CommandFailed("this pulse is over" if found["state"] == "closed" else "this pulse does not ask you")
    answers = _parse_answers(given.answers, found["items"])
    kept = _take_token(server, found["id"], cell, kept, kept_in)
    body = {
        "cell": kept.cell,
        # The randomizer; the rest of the message is the pulse's id.
        "token": b64encode(b64decode(kept.message)[:-16]).decode(),
        "signature": kept.signature,
        "ratings": answers,
    }
    path = f"/v1/pulses/{found['id']}/answers"
    try:
        server.post_without_key(path, body)
    except Refused as refused:
        # The reply to it may have been lost before.
        if refused.code != "act_not_allowed" or not given.again:
            raise
    _write(kept_in, KeptToken(answered=True))
    console.print_result({"answered": True}, "answered; nothing that was sent with it says who you are")
    return 0


def _take_token(server: Server, pulse: str, cell: Json, kept: KeptToken, kept_in: Path) -> KeptToken:
    """The token with its signature, kept before it is asked for: the server signs no second one."""
    # It takes a quarter of a second to import what signs, which other commands are spared.
    from services import blind_tokens  # noqa: PLC0415

    try:
        key = blind_tokens.decode_public_key(b64decode(cell["public_key"]))
        if not kept.message:
            kept = _keep(blind_tokens.blind(key, UUID(pulse).bytes), cell["id"])
            _write(kept_in, kept)
        if not kept.signature:
            signed = server.post(f"/v1/pulses/{pulse}/token", {"blinded": kept.blinded}, "signature")
            token = blind_tokens.BlindToken(b64decode(kept.message), b64decode(kept.blinded), int(kept.inverse, 16))
            signature = blind_tokens.finalize(key, token, b64decode(signed["signature"]))
            kept = msgspec.structs.replace(kept, signature=b64encode(signature).decode())
            _write(kept_in, kept)
    except blind_tokens.Unfit as error:
        raise CommandFailed(f"the server did not sign as it should: {error}; do not answer, and ask why") from None
    return kept


def _keep(token: BlindToken, cell: str) -> KeptToken:
    return KeptToken(
        cell=cell,
        message=b64encode(token.message).decode(),
        blinded=b64encode(token.blinded).decode(),
        inverse=f"{token.inverse:x}",
    )


def _load(server: Server, pulse: str) -> Json:
    found: Json = server.get(f"/v1/pulses/{quote_segment(pulse)}", "id", "state", "items")
    return found


def _find_cell(pulse: Json) -> Json | None:
    return next((cell for cell in pulse.get("cells", ()) if cell["id"] == pulse.get("cell")), None)


def _describe_items(pulse: Json) -> list[str]:
    return [f"{place}. {item['text']}" for place, item in enumerate(pulse["items"], 1)]


def _parse_answers(given: list[int], items: list[Json]) -> list[int]:
    """The answers, asked for one by one where none are given. Raises WrongUsage."""
    if not given and sys.stdin.isatty():
        given = [_ask(place, item["text"]) for place, item in enumerate(items, 1)]
    if len(given) != len(items) or not all(_LOWEST <= answer <= _HIGHEST for answer in given):
        raise WrongUsage(f"{len(items)} answers from 1 (not at all) to 7; plimsoll pulse show lists the items")
    return given


def _ask(place: int, text: str) -> int:
    while True:
        answer = input(f"{place}. {text} (1 to 7): ").strip()
        if answer.isascii() and answer.isdecimal() and _LOWEST <= int(answer) <= _HIGHEST:
            return int(answer)


def _file_of(pulse: str) -> Path:
    """Where it is kept (XDG Base Directory Specification)."""
    home = os.environ.get("XDG_STATE_HOME") or Path(os.environ.get("HOME") or Path.home()) / ".local" / "state"
    return Path(home) / "plimsoll" / "pulses" / f"{UUID(pulse)}.json"


def _read(path: Path) -> KeptToken:
    try:
        return msgspec.json.decode(path.read_bytes(), type=KeptToken)
    except FileNotFoundError:
        return KeptToken()
    except (OSError, msgspec.DecodeError) as error:
        raise CommandFailed(f"cannot read {path}: {error}") from None


def _write(path: Path, kept: KeptToken) -> None:
    """Whole or not at all, readable by its owner alone."""
    data: Any = msgspec.json.encode(kept)
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        part.replace(path)
    except OSError as error:
        raise CommandFailed(f"cannot write {path}: {error.strerror}") from None
