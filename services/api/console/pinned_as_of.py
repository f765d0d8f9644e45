"""As of which time, and knowing what: the two times of a page, and an address that says both for good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.instants import encode_json, format_instant
from projections.as_of import AsOf
from projections.history.narrative.context import find_ids
from services.api.console.page import PageRequest
from services.api.http.parsing import parse_as_of
from services.api.http.problems import field_error
from services.api.operations import AsOfQuery
from services.api.queries import as_of_now, sight_of


class PinnedAsOf(msgspec.Struct, frozen=True, kw_only=True):
    """A point in both times, spelt so that the same question has the same answer for good."""

    view: AsOf
    as_of: str
    recorded_as_of: str

    @property
    def query(self) -> AsOfQuery:
        """The times as a read of `/v1` takes them."""
        return AsOfQuery(as_of=self.as_of, recorded_as_of=self.recorded_as_of)

    @property
    def known_at(self) -> datetime:
        """When the last event that is known was recorded."""
        return self.view.recorded_as_of


def pin_as_of(request: PageRequest, as_of: str, known: str, names: tuple[str, str]) -> PinnedAsOf:
    """The pinned of these texts: a day (its end), an RFC 3339 instant, or nothing for now.

    `names`: the fields that they came from. Raises ProblemError 422 for another text and for a time to know that is yet
    to come.
    """
    context = request.context
    at = parse_as_of(as_of, names[0]) if as_of else None
    recorded = _parse_known(request, known, names[1]) if known else None
    view = as_of_now(context, as_of=at, recorded_as_of=recorded)
    is_day = isinstance(at, date) and not isinstance(at, datetime)
    return PinnedAsOf(
        view=view,
        as_of=as_of if is_day else format_instant(view.at),
        recorded_as_of=format_instant(view.recorded_as_of if recorded is None else recorded),
    )


def _parse_known(request: PageRequest, text: str, name: str) -> datetime | None:
    """The instant; the end of an earlier day; None for today, during which more will be recorded."""
    found = parse_as_of(text, name)
    if isinstance(found, datetime):
        if found > request.context.now:
            raise field_error(f"/{name}", "an instant that is yet to come", where="query")
        return found
    zone = as_of_now(request.context).tzinfo
    today = request.context.now.astimezone(zone).date()
    if found > today:
        raise field_error(f"/{name}", "a day that is yet to come", where="query")
    if found == today:
        return None
    return datetime.combine(found + timedelta(days=1), time(), zone) - timedelta(microseconds=1)


def load_names(
    request: PageRequest, pinned: PinnedAsOf, *values: Any, ids: Iterable[UUID | None] = ()
) -> Mapping[str, str]:
    """Id -> how it was called at the pinned, of all ids in these values, as far as the viewer may see."""
    found = {*find_ids(*(encode_json(value).decode() for value in values)), *(str(i) for i in ids if i is not None)}
    context = replace(request.context, query=pinned.query)
    return sight_of(context, pinned.view).load_names(context.runtime.database, pinned.view, found)


def permanent_url(path: str, asked: Mapping[str, Any]) -> str:
    """The address of the record of a view; what was not asked is left out."""
    given = {name: value for name, value in asked.items() if value not in ("", None, [], ())}
    return f"{path}?{urlencode({**given, 'record': 'true'}, doseq=True)}"
