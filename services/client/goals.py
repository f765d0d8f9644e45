"""Goals as a person names them: by reference, by id, or by the beginning of an id."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from domain.goal.agreement import STATES, TERMINAL
from services.client.server import Refused, Server, quote_segment
from services.client.words import Json, name_goal
from services.console import CommandFailed
from services.plain_text import clean

#: States in which something may still be said, other than feedback.
OPEN_STATES = sorted(STATES - TERMINAL)
#: Goals of which the beginning of an id tells one.
_MAX_CANDIDATES = 5
_ID_PREFIX = re.compile("[0-9a-f]{4,8}|[0-9a-f]{8}-[0-9a-f-]{0,27}")
_LARGEST_PAGE = 200

_T = TypeVar("_T")


def call_with_goal(server: Server, name: str, call: Callable[[str], _T]) -> _T:
    """The answer of `call` to the goal's segment of a path.

    Where no goal has the reference, the beginning of an id may be meant. Raises CommandFailed where several begin so.
    """
    try:
        return call(quote_segment(name))
    except Refused as refused:
        if refused.code != "not_found":
            raise
        prefix = name.lower()
        given = {"id_prefix": prefix, "limit": _MAX_CANDIDATES}
        found = server.get("/v1/goals", "goals", **given)["goals"] if _ID_PREFIX.fullmatch(prefix) else []
        if not found:
            raise Refused(refused.code, f"{refused}: {name!r}") from None
    if len(found) > 1:
        named = ", ".join(f"{goal['id']} ({clean(goal['title'])})" for goal in found)
        raise CommandFailed(f"{name} is the beginning of several ids: {named}")
    return call(found[0]["id"])


def list_goals(server: Server, limit: int, **query: Any) -> tuple[list[Json], dict[str, str], bool]:
    """At most `limit` goals, how their parties are called, and whether there are more."""
    goals: list[Json] = []
    names: dict[str, str] = {}
    cursor: str | None = None
    while True:
        size = min(_LARGEST_PAGE, limit - len(goals))
        page = server.get("/v1/goals", "goals", "next", names=True, limit=size, cursor=cursor, **query)
        goals += page["goals"]
        names |= page.get("names", {})
        cursor = page["next"]
        if cursor is None or len(goals) >= limit:
            return goals, names, cursor is not None


def load_named_goal(server: Server, name: str, **query: Any) -> tuple[Json, dict[str, str]]:
    """The goal with everything that is known of it, and how its parties are called."""
    view = call_with_goal(server, name, lambda step: server.get(f"/v1/goals/{step}", "id", "goal", **query))
    named = server.get("/v1/goals", id_prefix=view["id"], names=True)
    return view, named.get("names", {})


def list_own_acts(view: Json, me: Json) -> list[str]:
    """The acts that the agreement lets me take from the goal's state, in the order of the agreement."""
    mine = [role for role in ("owner", "sponsor") if _find_party(view["goal"], role) == me["member"]]
    mine += [role for role in me["roles"] if role != "member"]
    return list(dict.fromkeys(act for role in mine for act in view["acts"].get(role, ())))


def _find_party(goal: Json, role: str) -> str | None:
    found: str | None = goal.get(role) or (goal.get("promised") or {}).get(role)
    return found


def complete_goals(server: Server, prefix: str) -> list[str]:
    """References of the caller's open goals that begin so."""
    me = server.get("/v1/me", "member")["member"]
    both = [list_goals(server, _LARGEST_PAGE, state=OPEN_STATES, **{role: me})[0] for role in ("owner", "sponsor")]
    return sorted({name for goals in both for goal in goals if (name := name_goal(goal)).startswith(prefix)})
