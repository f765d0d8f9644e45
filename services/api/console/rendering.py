"""Templates into pages: escaped throughout, with dates in the organisation's zone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.api.console.static_files import static_url
from services.api.http.responses import HttpResponse

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
    """Jinja's environment, loaded with the first page: no start imports it."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        loader=PackageLoader("services.api.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "day": format_day,
        "instant": format_instant_in,
        "words": to_words,
        "percent": format_percent,
        "hours": format_hours,
        "name": format_name,
        "code_marks": format_code_marks,
    }
    environment.globals["static_url"] = static_url
    return environment


# --- filters ---------------------------------------------------------------------------------------------------------


def format_day(value: date | str | None) -> Markup | str:
    """A day as a `time` element: 4 Mar 2026."""
    from markupsafe import Markup  # noqa: PLC0415 - with Jinja

    if value is None or value == "":
        return "no day"
    day = date.fromisoformat(value) if isinstance(value, str) else value
    return Markup('<time datetime="{}">{} {:%b %Y}</time>').format(day.isoformat(), day.day, day)


def format_instant_in(value: datetime | str | None, zone: str) -> Markup | str:
    """An instant as a `time` element in this zone: 4 Mar 2026, 09:30."""
    from markupsafe import Markup  # noqa: PLC0415 - with Jinja

    if value is None or value == "":
        return "no time"
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    here = at.astimezone(ZoneInfo(zone))
    return Markup('<time datetime="{}" data-zone="{}">{} {:%b %Y, %H:%M}</time>').format(
        at.astimezone(UTC).isoformat().replace("+00:00", "Z"), zone, here.day, here
    )


def to_words(value: object) -> str:
    """An identifier as words: `declare_complete` is `Declare complete`."""
    return _WORD_BOUNDARY.sub(" ", str(value)).capitalize()


def format_percent(value: float | str | None) -> str:
    """A share as whole per cent."""
    return "unknown" if value is None else f"{round(float(value) * 100)} %"


def format_hours(value: float | str | None) -> str:
    """Hours with at most one digit behind the point."""
    if value is None:
        return "unknown"
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
