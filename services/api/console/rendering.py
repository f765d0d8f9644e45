"""Templates into pages: escaped throughout, with dates in the organisation's zone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.quantities import to_percent
from domain.references import as_uuid
from services.api.console.static_files import static_url
from services.api.http.responses import HttpResponse
from services.html_templates import create_environment

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

#: Pages load what is ours and send forms to us; no script or style stands in a page, and no page in another site's.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
#: `same-origin`: with `no-referrer` a browser says of our own forms that they come from nowhere.
PAGE_HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",
    "Vary": "Cookie",
}
#: Less than this would be printed as 0.
_LEAST_HOURS = 0.1
_WORD_BOUNDARY = re.compile(r"[_-]")


def render_page(
    template: str,
    values: Mapping[str, Any],
    *,
    frame: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """The page that a template makes of these values. `frame`: what the layout shows around them."""
    text = _environment().get_template(template).render({**values, **frame})
    return HttpResponse(
        body=text.encode(), status=status, media_type="text/html", headers={**PAGE_HEADERS, **(headers or {})}
    )


def redirect(path: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Lead the browser to another page of ours, by a GET."""
    return HttpResponse(
        body=b"", status=303, media_type="text/html", headers={**PAGE_HEADERS, "Location": path, **(headers or {})}
    )


@cache
def _environment() -> Environment:
    """Loaded with the first page."""
    environment = create_environment(
        "services.api.console",
        {
            "day": format_day,
            "instant": format_instant_in,
            "deadline": format_deadline,
            "field_words": to_field_words,
            "words": to_words,
            "percent": format_percent,
            "hours": format_hours,
            "name": format_name,
            "picture": mark_as_safe,
            "code_marks": format_code_marks,
            "value_words": format_value,
            "event_words": to_event_words,
        },
    )
    environment.globals |= {"static_url": static_url, "zip": zip}
    return environment


# --- filters ---------------------------------------------------------------------------------------------------------


def mark_as_safe(picture: str) -> Markup:
    """A picture as a part of a page: it has escaped every text by itself."""
    from markupsafe import Markup  # noqa: PLC0415 - with Jinja

    return Markup(picture)  # noqa: S704


def format_day(value: date | str | None) -> Markup | str:
    """A day as a `time` element: 4 Mar 2026."""
    from markupsafe import Markup  # noqa: PLC0415 - with Jinja

    if value is None or value == "":
        return "no day"
    day = date.fromisoformat(value) if isinstance(value, str) else value
    return Markup('<time datetime="{}">{} {:%b %Y}</time>').format(day.isoformat(), day.day, day)


def format_instant_in(value: datetime | str | None, zone: str) -> Markup | str:
    """An instant as a `time` element in this zone: 4 Mar 2026, 09:30."""
    from markupsafe import Markup, escape  # noqa: PLC0415 - with Jinja

    if value is None or value == "":
        return "no time"
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    here = at.astimezone(ZoneInfo(zone))
    instant = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    # Put together by hand: `Markup.format` was half of the time of a page of events. Only the zone is a text.
    shown = f'<time datetime="{instant}" data-zone="{escape(zone)}">{here.day} {here:%b %Y, %H:%M}</time>'
    return Markup(shown)  # noqa: S704 - as said


def format_deadline(value: datetime, zone: str) -> Markup:
    """A deadline: one at midnight is the end of the day before, as people say it."""
    from markupsafe import Markup  # noqa: PLC0415 - with Jinja

    here = value.astimezone(ZoneInfo(zone))
    if (here.hour, here.minute) == (0, 0):
        return Markup("the end of {}").format(format_day(here.date() - timedelta(days=1)))
    return Markup("{}").format(format_instant_in(value, zone))


#: What a goal's field is called in a question.
_FIELD_WORDS = {
    "due": "the day on which it is due",
    "start": "its first day",
    "effort_hours": "its effort",
    "pause": "the pause",
    "conditions": "what it takes",
    "supports": "what it is for",
}


def to_field_words(field: str) -> str:
    """A field of a goal as a question names it: why is the outcome so."""
    return _FIELD_WORDS.get(field, f"the {field.replace('_', ' ')}")


def to_words(value: object) -> str:
    """An identifier as words: `declare_complete` is `Declare complete`."""
    return _WORD_BOUNDARY.sub(" ", str(value)).capitalize()


def format_percent(value: float | str | None) -> str:
    """A share as whole per cent: 100 % only of the whole or more, 0 % only of nothing."""
    return "unknown" if value is None else f"{to_percent(value)} %"


def format_hours(value: float | str | None) -> str:
    """Hours with at most one digit behind the point; 0 only of nothing."""
    if value is None:
        return "unknown"
    if 0 < float(value) < _LEAST_HOURS:
        return f"under {_LEAST_HOURS} h"
    return f"{round(float(value), 1):g} h"


def format_code_marks(value: str) -> Markup:
    """A sentence whose words in backticks are code."""
    from markupsafe import Markup, escape  # noqa: PLC0415 - with Jinja

    parts = value.split("`")
    if len(parts) % 2 == 0:
        return escape(value)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if n % 2 else escape(part) for n, part in enumerate(parts)
    )


def format_name(value: UUID | str | None, names: Mapping[str, str]) -> Markup:
    """How a member, team or goal is called, isolated: its letters may run the other way."""
    from markupsafe import Markup  # noqa: PLC0415 - with Jinja

    if value is None:
        return Markup("<span class=quiet>none</span>")
    called = names.get(str(value))
    if called is None:
        return Markup("<span class=quiet>not shown to you</span>")
    return Markup("<bdi>{}</bdi>").format(called)


#: Kind of a measure -> how it is said.
_MEASURES = {
    "binary": "done or not",
    "milestone": "by milestones",
    "number": "from {baseline} to {target} {unit}",
    "range": "between {low} and {high} {unit}",
}


class _Quantities(dict[str, Any]):
    """The quantities of a measure; one that is not stated reads so."""

    def __missing__(self, key: str) -> str:
        return "" if key == "unit" else "?"


def format_value(value: Any, names: Mapping[str, str]) -> str:
    """A value of a goal's field as people read it."""
    if value is None or value in ("", [], {}):
        return "none"
    if isinstance(value, list):
        return "; ".join(format_value(each, names) for each in value)
    if isinstance(value, dict):
        if "text" in value:
            return str(value["text"])
        if value.get("kind") in _MEASURES:
            return _MEASURES[value["kind"]].format_map(_Quantities(value)).strip()
        return ", ".join(
            f"{name.replace('_', ' ')} {format_value(each, names)}" for name, each in value.items() if each
        )
    text = str(value)
    if as_uuid(text) is not None:
        return names.get(text, "not shown to you")
    return text.replace("_", " ") if text.islower() and " " not in text else text


def to_event_words(tag: str) -> str:
    """The type of an event as words: `goal.change_accepted.v1` is `Change accepted`."""
    return to_words(tag.split(".")[1] if tag.count(".") > 1 else tag)
