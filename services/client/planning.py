"""From what a person means to an act that is sent: the goal found, the act looked at, and recorded once."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

import msgspec

from domain.goal.acts import ACTS
from services.client import words
from services.client.goals import call_with_goal
from services.client.server import NoAnswer, Refused, Server, quote_segment
from services.client.words import Json
from services.console import CommandFailed, WrongUsage
from services.plain_text import clean

#: Entries of an inbox that the API lists at most.
_LARGEST_INBOX = 200
#: Acts by which a goal may begin.
_OPENING_ACTS = ("draft", "request", "offer")
#: Fields of a body that the act's name and the goal's say: given otherwise, another act would be sent than was named.
NAMED_APART = ("do", "ref")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
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


class PreviewedAct(NamedTuple):
    """An act that was looked at and not recorded."""

    plan: Plan
    preview: Json
    #: What it answers, what would be recorded, what would change.
    lines: Sequence[str]


def parse_act(name: str) -> str:
    """The act that is called so, with either dash. Raises WrongUsage for a name that no act has."""
    act = name.replace("-", "_")
    if act not in ACTS:
        near = get_close_matches(act, ACTS, n=3)
        every = ", ".join(map(words.spell, sorted(ACTS)))
        hint = f"did you mean {' or '.join(map(words.spell, near))}?" if near else f"there are: {every}"
        raise WrongUsage(f"no act is called {name!r}; {hint}")
    return act


def _require_own_fields(body: dict[str, Any]) -> None:
    """Raise WrongUsage for a field that names another act or goal."""
    for field in NAMED_APART:
        if field in body:
            raise WrongUsage(f"{field} is no field of an act: the act and its goal are named before the fields")


def plan_unseen(server: Server, goal: str, name: str, body: dict[str, Any]) -> Plan:
    """The act on a goal that was not looked at; only whether it exists is looked up."""
    _require_own_fields(body)
    view = _find_goal(server, goal, begins=name in _OPENING_ACTS)
    if view is None:
        return Plan(act=name, body={"do": name, "ref": goal, **body}, step=None)
    return Plan(act=name, body=body, step=view["id"])


def _find_goal(server: Server, goal: str, *, begins: bool) -> Json | None:
    """The goal; None where there is none and it may begin. Raises Refused."""
    try:
        view: Json = call_with_goal(server, goal, lambda step: server.get(f"/v1/goals/{step}", "id", "version", "open"))
    except Refused as refused:
        if refused.code != "not_found" or not begins:
            raise
        return None
    return view


def look_at(server: Server, goal: str, name: str, body: dict[str, Any], width: int) -> PreviewedAct:
    """The act and its preview; what it is about is filled in where one waits. Raises Refused as the act would."""
    _require_own_fields(body)
    view = _find_goal(server, goal, begins=name in _OPENING_ACTS)
    answered = ""
    if view is not None:
        body, answered = _fill_needed(server, view, name, body)
    step = view["id"] if view is not None else quote_segment(goal)
    preview = server.post(f"/v1/goals/{step}/preview", {"do": name, **body}, "would", "before", "after", "load")
    lines = [f"It answers: {answered}"] if answered else []
    names = _load_party_names(server, preview)
    lines = [words.rewrap(line, width) for line in (*lines, *words.format_preview(preview, width))]
    lines = [_replace_ids(line, names) for line in lines]
    if view is None:
        return PreviewedAct(Plan(act=name, body={"do": name, "ref": goal, **body}, step=None), preview, lines)
    return PreviewedAct(Plan(act=name, body=body, step=view["id"], version=view["version"]), preview, lines)


def _load_party_names(server: Server, preview: Json) -> dict[str, str]:
    """How the parties that would change are called; one whose name may not be read keeps the id."""
    before, after = preview["before"] or {}, preview["after"] or {}
    changed = {after.get(role) for role in ("owner", "sponsor") if before.get(role) != after.get(role)}
    names: dict[str, str] = {}
    for identity in sorted(filter(None, changed)):
        try:
            names[identity] = clean(server.get(f"/v1/members/{identity}", "name")["name"])
        except Refused:
            continue
    return names


def _replace_ids(line: str, names: dict[str, str]) -> str:
    for identity, name in names.items():
        line = line.replace(identity, name)
    return line


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


def record(server: Server, plan: Plan, identity: str, *, again: str) -> Json:
    """What was recorded. `identity` is the `Idempotency-Key`; `again` says how to send the same once more.

    Raises Refused, and CommandFailed where the outcome is unknown.
    """
    if_match = f'"v{plan.version}"' if plan.version is not None else ""
    try:
        summary: Json = server.post(plan.path, plan.body, "id", "version", identity=identity, if_match=if_match)
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
    return summary


def describe_result(server: Server, summary: Json, width: int) -> str:
    """What was recorded, as the history has it; the views are waited for, so that the next command shows it too."""
    state = f"{words.name_goal(summary)} is {words.spell(summary['state'])}" if "state" in summary else "recorded"
    query = {"after": max(0, summary["version"] - len(summary.get("events") or [0]))}
    try:
        page = server.get(
            f"/v1/goals/{summary['id']}/history", "entries", after_position=summary.get("position"), **query
        )
    except CommandFailed:
        return f"Recorded: {state}."
    return "\n".join([*words.format_history(page["entries"], width), f"{state}."])
