"""Audit: a search of what happened, and its record, which is the same bytes whenever it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from domain.reasons import ReasonCode
from domain.references import as_uuid
from domain.text import fold
from projections.history.search import FoundEvent
from projections.people import members_at
from services.api.console.navigation import NavigationEntry, NavigationSection
from services.api.console.page import PageRequest, page
from services.api.console.pinned_as_of import PinnedAsOf, load_names, permanent_url, pin_as_of
from services.api.console.rendering import format_value, to_event_words, to_words
from services.api.http.problems import PROBLEM_DEFINITIONS, FieldError, ProblemError
from services.api.http.responses import HttpResponse
from services.api.operations import ReadQuery, Route, Weight
from services.api.queries import as_of_now
from services.api.routes.goal_queries import GoalsQuery, list_goals
from services.api.routes.history_search import HistorySearchPage, HistorySearchQuery, search_history
from services.event_filter import TYPE_PATTERNS

PATH = "/console/audit"
#: Events of a page.
_LIMIT = 30
#: Choices that are offered where a name fits several.
_MAX_CHOICES = 10
Text = Annotated[str, msgspec.Meta(max_length=200)]


#: Patterns that stand for every version of a type, or for a kind, in words.
_TYPES = [
    (pattern, f"{to_words(pattern.split('.')[0])}: {to_event_words(pattern) if pattern.count('.') > 1 else 'any'}")
    for pattern in TYPE_PATTERNS
    if pattern.endswith(".*")
]


class AuditQuery(ReadQuery, frozen=True, kw_only=True):
    """What is looked for; a field left empty does not narrow."""

    person: Text = ""
    goal: Text = ""
    type: Text = ""
    reason: Text = ""
    words: Text = ""
    from_: Text = msgspec.field(name="from", default="")
    to: Text = ""
    position: Text = ""
    as_of: Text = ""
    known: Text = ""
    cursor: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    #: The record: without navigation, everything unfolded, its times in the address.
    record: bool = False


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """Whom or what a name may mean: (address of the search for it, name)."""

    field: str
    options: Sequence[tuple[str, str]]


class AuditedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event with everything that is known of it, its values in words."""

    found: FoundEvent
    #: (field, before, after).
    changes: list[tuple[str, str, str]]
    #: Days between the day on which it happened and the one on which it was recorded.
    late_days: int
    data: str


@page(
    PATH,
    title="Audit",
    template="audit.html",
    query=AuditQuery,
    weight=Weight.PAGE,
    entry=NavigationEntry(name="Audit", section=NavigationSection.RECORD, order=10),
)
def show_audit(request: PageRequest) -> Mapping[str, Any] | HttpResponse:
    query: AuditQuery = request.query
    pinned = pin_as_of(request, query.as_of, query.known, ("as_of", "known"))
    values = _frame_values(query, pinned)
    try:
        wanted, choices = _build_search(request, query, pinned)
        if choices:
            return values | {"choices": choices}
        found: HistorySearchPage = request.ask(search_history, wanted)
    except ProblemError as error:
        if query.record or not error.errors:
            raise
        problems = {"problems": {_field_of(each): each.detail for each in error.errors}}
        status = PROBLEM_DEFINITIONS[error.code].status
        return request.render("audit.html", "Audit", values | problems, status=status)
    names = {**load_names(request, pinned, [found.events]), **found.names}
    asked = _asked(query) | {"person": wanted.person, "goal": wanted.goal, "cursor": query.cursor}
    times = {"as_of": pinned.as_of, "known": pinned.recorded_as_of}
    return values | {
        "events": [describe_event(event, names, pinned) for event in found.events],
        "names": names,
        "is_searched": True,
        "older": None if found.next is None else _page_url(query, asked | times | {"cursor": found.next}),
        "permalink": permanent_url(PATH, asked | times),
        "asked": [(name, _words_of(name, str(value), names)) for name, value in asked.items() if value],
    }


def _frame_values(query: AuditQuery, pinned: PinnedAsOf) -> dict[str, Any]:
    return {
        "layout": "record.html" if query.record else "base.html",
        "is_record": query.record,
        "query": query,
        "pinned": pinned,
        "types": _TYPES,
        "reasons": [(str(code), to_words(code)) for code in ReasonCode],
        "problems": {},
        "choices": [],
        "events": [],
        "names": {},
        "is_searched": False,
        "older": None,
        "permalink": None,
        "asked": [],
    }


def _asked(query: AuditQuery) -> dict[str, str]:
    names = ("person", "goal", "type", "reason", "words", "from_", "to", "position")
    return {name.rstrip("_"): getattr(query, name) for name in names}


def _page_url(query: AuditQuery, asked: Mapping[str, Any]) -> str:
    url = permanent_url(PATH, asked)
    return url if query.record else url.removesuffix("&record=true")


def _field_of(error: FieldError) -> str:
    """The form's field that the search's own is made of."""
    name = error.pointer.strip("/").partition("/")[0]
    return {"types": "type"}.get(name, name)


def _words_of(name: str, value: str, names: Mapping[str, str]) -> str:
    return names.get(value, value) if name in ("person", "goal") else value


def _build_search(
    request: PageRequest, query: AuditQuery, pinned: PinnedAsOf
) -> tuple[HistorySearchQuery, list[Choices]]:
    """The search of `/v1`, and what has to be chosen first. Raises ProblemError 422 for a field that cannot be."""
    given = {name: value for name, value in _asked(query).items() if value}
    choices = []
    for name, find in (("person", _find_people), ("goal", _find_goals)):
        if name in given:
            options = find(request, given[name])
            if len(options) > 1:
                addresses = [(_page_url(query, _asked(query) | {name: id_}), called) for id_, called in options]
                choices.append(Choices(field=name, options=addresses))
            given[name] = options[0][0] if options else given[name]
    asked: dict[str, Any] = {**given, "as_of": pinned.as_of, "recorded_as_of": pinned.recorded_as_of, "names": True}
    for name, listed in (("type", "types"), ("reason", "reason")):
        if name in given:
            asked[listed] = [asked.pop(name)]
    if query.cursor:
        asked["cursor"] = query.cursor
    return _convert(asked | {"limit": _LIMIT}), choices


_HINTS = {
    "from": "a day, as 2026-03-04",
    "to": "a day, as 2026-03-04",
    "position": "a whole number",
    "types": "none of the types",
    "reason": "none of the codes",
}


def _convert(asked: dict[str, Any]) -> HistorySearchQuery:
    """The query; raises ProblemError 422 that names every field that does not fit."""
    try:
        return msgspec.convert(asked, HistorySearchQuery, strict=False)
    except msgspec.ValidationError as error:
        wrong = [name for name in _HINTS if name in asked and not _fits(name, asked[name])]
        errors = tuple(FieldError(pointer=f"/{name}", detail=_HINTS[name], in_="query") for name in wrong)
        raise ProblemError("invalid_field", str(error), errors=errors) from None


def _fits(name: str, value: Any) -> bool:
    try:
        msgspec.convert({name: value}, HistorySearchQuery, strict=False)
    except msgspec.ValidationError:
        return False
    return True


def _find_people(request: PageRequest, text: str) -> list[tuple[str, str]]:
    """Members whom the text means: by id or reference, else by a part of their name."""
    context = request.context
    known = context.runtime.ledger.load_current(
        context.viewer.organisation_id, "member", context.resolve_id("member", text)
    )
    if known is not None and known.state is not None:
        return [(str(known.state.id), known.state.name)]
    wanted = fold(text)
    members = members_at(context.runtime.database, as_of_now(context))
    found = sorted((each.name, str(each.id)) for each in members if wanted in fold(each.name))
    return [(id_, name) for name, id_ in found[:_MAX_CHOICES]]


def _find_goals(request: PageRequest, text: str) -> list[tuple[str, str]]:
    """Goals that the text means, of those that the viewer sees: by id or reference, else by words of their title."""
    context = request.context
    goal = context.resolve_id("goal", text)
    known = context.runtime.ledger.load_current(context.viewer.organisation_id, "goal", goal)
    if (known is not None and known.state is not None) or as_uuid(text) is not None:
        return [(str(goal), text)]
    found = request.ask(list_goals, GoalsQuery(q=text, limit=_MAX_CHOICES))
    return [(str(goal.id), goal.title) for goal in found.goals]


def describe_event(event: FoundEvent, names: Mapping[str, str], pinned: PinnedAsOf) -> AuditedEvent:
    """The event as the page shows it."""
    zone = pinned.view.tzinfo
    return AuditedEvent(
        found=event,
        changes=[
            (name, format_value(event.before.get(name), names), format_value(value, names))
            for name, value in event.after.items()
            if event.before.get(name) is not None or value is not None
        ],
        late_days=(event.recorded_at.astimezone(zone).date() - event.occurred_at.astimezone(zone).date()).days,
        data=msgspec.json.format(msgspec.json.encode(event.data), indent=1).decode(),
    )


ROUTES: list[Route] = [show_audit]
