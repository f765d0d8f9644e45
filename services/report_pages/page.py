"""A report as a page of HTML that stands alone, and as a picture: mailed, kept, or put into another page."""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from projections.figures import Report, ReportScope
from services.html_templates import create_environment
from services.pictures.style import STYLE, hash_style
from services.pictures.svg import as_file, fit
from services.plain_text import clean
from services.report_pages.drawings import draw_report
from services.report_pages.tables import MOST_ROWS, Cell, PageTable, build_tables
from services.report_text import describe_report
from services.report_text.page import ISOLATE, POP_ISOLATE, Paragraph
from services.report_text.people import Names

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

#: What is read aloud in a picture's place: pixels of text, some 600 characters.
_LONGEST_DESCRIPTION = 4000
_SHEET = STYLE + files("services.report_pages").joinpath("templates", "report.css").read_text()


def _policy(*styles: str) -> str:
    """Nothing runs, nothing is fetched, nothing is sent; the page's own sheet alone applies."""
    sources = " ".join(map(hash_style, styles))
    return (
        f"default-src 'none'; style-src {sources}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
    )


#: The Content Security Policy of each form.
HTML_POLICY, SVG_POLICY = _policy(_SHEET), _policy(STYLE)


class ReportPage(NamedTuple):
    """What a page shows of a report."""

    heading: str
    when: str
    policy_version: int
    sections: Sequence[Sequence[Paragraph]]
    picture: str
    tables: Sequence[PageTable]


def build_report_page(
    report: Report,
    scope: ReportScope,
    names: Mapping[str, str],
    *,
    sections: Collection[str] | None = None,
    most: int = MOST_ROWS,
) -> ReportPage:
    """The report as its viewer may see it. `names`: of the ids that it and its scope mention, as of the question.

    `sections`, `most`: which tables, and how many rows of each, as `build_tables` takes them.
    """
    known = Names(names)
    heading, when, sentences = describe_report(report, scope, known)
    picture = draw_report(report, known, heading, _describe(heading, when, sentences))
    tables = list(build_tables(report, known, sections=sections, most=most))
    return ReportPage(heading, when, report.policy_version, sentences, picture, tables)


def render_html(report: Report, scope: ReportScope, names: Mapping[str, str]) -> str:
    """A whole page, without a script and without another file."""
    return (
        _environment()
        .get_template("report.html")
        .render(page=build_report_page(report, scope, names), sheet=_SHEET, goals="")
    )


class ReportParts(NamedTuple):
    """What a page of other things puts in its places."""

    sentences: Markup
    picture: Markup
    #: Caption and table.
    tables: Sequence[tuple[str, Markup]]


def render_parts(page: ReportPage, *, goals: str = "") -> ReportParts:
    """The sentences, the picture and the tables, each by itself. `goals`: the path of the goals' pages."""
    from markupsafe import Markup  # noqa: PLC0415 - with Jinja

    def render(part: str, **values: object) -> Markup:
        return Markup(_environment().get_template(part).render(goals=goals, **values))  # noqa: S704 - escaped there

    tables = [(table.caption, render("report_table.html", table=table)) for table in page.tables]
    # A picture escapes every text by itself.
    return ReportParts(render("report_sentences.html", page=page), Markup(page.picture), tables)  # noqa: S704


def render_svg(report: Report, scope: ReportScope, names: Mapping[str, str]) -> str:
    """The picture alone, as a file."""
    known = Names(names)
    heading, when, sections = describe_report(report, scope, known)
    return as_file(draw_report(report, known, heading, _describe(heading, when, sections)))


def _describe(heading: str, when: str, sections: Sequence[Sequence[Paragraph]]) -> str:
    """The picture in words: which report, of when, and its first sentences."""
    return fit(f"{heading}, {when}. {' '.join(text for text, _ in sections[0])}", _LONGEST_DESCRIPTION)


@cache
def _environment() -> Environment:
    """Loaded with the first page."""
    return create_environment(
        "services.report_pages",
        {
            "prose": _format_prose,
            "plain": clean,
            "capitalise": lambda text: text[:1].upper() + text[1:],
            "by_list": lambda section: [list(entries) for _, entries in groupby(section, key=lambda one: one.is_entry)],
            "row": _format_row,
        },
    )


def _format_prose(text: str) -> Markup:
    """The text escaped, the words of persons in it isolated from its direction of writing."""
    from markupsafe import Markup, escape  # noqa: PLC0415 - with Jinja

    return escape(text).replace(ISOLATE, Markup("<bdi>")).replace(POP_ISOLATE, Markup("</bdi>"))


def _format_row(row: Sequence[Cell], goals: str, *, is_head: bool = False) -> Markup:
    """The cells of a row, of which the first names it, or of a table's head.

    Cell by cell through a template, a page of 1,500 cells took 40 ms.
    """
    from markupsafe import Markup  # noqa: PLC0415 - with Jinja

    parts = []
    for place, cell in enumerate(row):
        tag, scope = ("th", ' scope="col"') if is_head else ("td", "") if place else ("th", ' scope="row"')
        classes = " ".join([*(["number"] if cell.is_number else []), *([cell.tone] if cell.tone is not None else [])])
        classes = f' class="{classes}"' if classes else ""
        words = html.escape(cell.text).replace(ISOLATE, "<bdi>").replace(POP_ISOLATE, "</bdi>")
        if goals and cell.goal is not None:
            words = f'<a href="{goals}/{cell.goal}">{words}</a>'
        parts.append(f"<{tag}{scope}{classes}>{words}</{tag}>")
    return Markup("".join(parts))  # noqa: S704 - every text is escaped above
