"""Pictures: well-formed, escaped, readable without colours, and the same for the same data."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.pictures.bars import Bar, Stack, StackPart, WeekBar, draw_bars, draw_load, draw_stacks
from services.pictures.heat_map import HeatCell, HeatRow, draw_heat_map
from services.pictures.style import PALETTE, STYLE
from services.pictures.svg import as_file, fit
from services.pictures.time_lines import (
    Mark,
    Span,
    Step,
    StepPanel,
    TimeRow,
    draw_steps,
    draw_time_line,
)
from services.pictures.tree import MOST_ROWS, TreeNode, draw_tree
from services.plain_text import columns

_SVG = "{http://www.w3.org/2000/svg}"
FIRST, DAY, LAST = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)

#: Every kind of picture, with one text in every place that takes one.
KINDS: dict[str, Callable[[str], str]] = {
    "heat map": lambda text: draw_heat_map(
        "p", text, text, columns=[text], rows=[HeatRow(text, [HeatCell(text, "red"), None])], legend=[("red", text)]
    ),
    "bars": lambda text: draw_bars(
        "p", text, text, bars=[Bar(text, 0.4, text, "amber", (0.1, 0.9)), Bar(text, None, text)]
    ),
    "stacks": lambda text: draw_stacks(
        "p", text, text, stacks=[Stack(text, [StackPart(text, 3, "kept")]), Stack(text, [], text)]
    ),
    "load": lambda text: draw_load(
        "p", text, text, weeks=[WeekBar(text, 1.2, text, "red"), WeekBar(text, None, text, "red")], lines=[(text, 1)]
    ),
    "steps": lambda text: draw_steps(
        "p",
        text,
        text,
        panels=[StepPanel(text, [Step(FIRST, 3, text), Step(DAY, 5, text)]), StepPanel(text, [])],
        first=FIRST,
        last=LAST,
        marks=[Mark(DAY, text)],
    ),
    "time line": lambda text: draw_time_line(
        "p", text, text, rows=[TimeRow(text, text, [Span(DAY, LAST)], [Mark(DAY, text)])], first=FIRST, last=LAST
    ),
    "tree": lambda text: draw_tree(
        "p", text, text, nodes=[TreeNode(text, text, is_heading=True, children=[TreeNode(text, text, 0.995)])]
    ),
}


def read(picture: str) -> list[str]:
    """The texts of a picture in their order; raises ParseError where it is not well-formed."""
    return [element.text or "" for element in ET.fromstring(picture).iter(f"{_SVG}text")]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(text=st.text(max_size=60))
def test_every_picture_is_well_formed_whatever_it_is_called(kind: str, text: str) -> None:
    picture = KINDS[kind](text)
    root = ET.fromstring(as_file(picture))

    assert "img" == root.get("role")
    assert [f"{_SVG}title", f"{_SVG}desc", f"{_SVG}style"] == [element.tag for element in root][:3]
    assert {f"{root[0].get('id')} {root[1].get('id')}"} == {root.get("aria-labelledby")}
    assert picture == KINDS[kind](text)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text", ["</text><script>x()</script>", '" onload="x()', "&amp;<b>'", "a\u202eb\u2066c\x1b[31m"]
)
def test_no_text_becomes_markup_or_turns_its_surroundings(kind: str, text: str) -> None:
    picture = KINDS[kind](text)
    root = ET.fromstring(picture)

    assert {"svg", "title", "desc", "text", "rect", "path"} >= {one.tag.removeprefix(_SVG) for one in root.iter()}
    assert not [name for one in root.iter() for name in one.attrib if name.startswith("on") or name == "style"]
    assert re.search("[\u202a-\u202e\u2066-\u2069\x1b]", picture) is None
    assert root[0].text == fit(text, 10_000)


@given(st.text(max_size=80), st.integers(20, 400))
def test_what_does_not_fit_ends_in_an_ellipsis_within_its_width(text: str, width: int) -> None:
    assert max(2, width / 6.8) >= columns(fit(text, width))


def test_a_heat_map_has_a_number_in_each_cell_and_keeps_the_order_of_its_rows() -> None:
    rows = [
        HeatRow("Zoe", [HeatCell("1.40", "red"), HeatCell("0.20", "low")]),
        HeatRow("Ana", [None, HeatCell("0.90", "amber")]),
    ]

    picture = draw_heat_map("load", "Load", "by week", columns=["03-02", "03-09"], rows=rows, legend=[("red", "over")])

    assert ["03-02", "03-09", "Zoe", "1.40", "0.20", "Ana", "0.90", "over"] == read(picture)
    assert '<text x="174" y="43" text-anchor="middle" font-weight="600">1.40</text>' in picture
    assert '<rect x="151" y="27" width="46" height="24" rx="2" class="pf-red" fill="#f5a39c"/>' in picture


def test_a_bar_that_is_withheld_is_an_empty_box_with_that_word() -> None:
    picture = draw_bars("p", "t", "d", bars=[Bar("Needs answered", None, "withheld")])

    assert ["Needs answered", "withheld"] == read(picture)
    assert 1 == picture.count("<rect")
    assert "stroke-dasharray" in picture


def test_bars_without_a_case_say_that_there_is_nothing_to_draw() -> None:
    assert ["There is nothing to draw yet."] == read(draw_bars("p", "t", "d", bars=[]))


@given(st.lists(st.one_of(st.none(), st.floats(-1, 9)), min_size=1, max_size=5))
def test_no_bar_leaves_its_frame(shares: list[float | None]) -> None:
    picture = draw_bars("p", "t", "d", bars=[Bar("x", share, "y") for share in shares])

    assert {"180"} >= {width for width in re.findall(r'width="([\d.]+)" height="18"', picture) if float(width) > 180}
    assert "-" not in "".join(re.findall(r'<rect [^>]*?width="([^"]*)"', picture))


def test_parts_of_a_whole_have_lengths_as_their_counts_and_counts_in_them() -> None:
    parts = [StackPart("kept", 6, "kept"), StackPart("renegotiated", 2, "changed"), StackPart("late", 0, "amber")]

    picture = draw_stacks("p", "t", "d", stacks=[Stack("Promises", parts)])

    assert ["315", "105"] == re.findall(r'width="([\d.]+)" height="20"', picture)
    assert ["Promises", "6", "2", "kept", "renegotiated", "late"] == read(picture)


def test_a_step_line_goes_along_and_then_up_at_the_day_of_the_change() -> None:
    panel = StepPanel("Due", [Step(FIRST, 10, "03-20"), Step(date(2026, 1, 31), 20, "04-10")])

    picture = draw_steps("p", "t", "d", panels=[panel], first=FIRST, last=date(2026, 3, 2))

    assert ["M170 84H410V34H650"] == re.findall(r'<path d="(M[^"]*)" fill="none" class="ps-ink"', picture)
    assert ["Due", "03-20", "04-10"] == read(picture)[:3]
    assert ["2026-01-01", "2026-03-02"] == [read(picture)[3], read(picture)[-1]]


def test_a_tree_of_any_depth_is_drawn_and_what_is_left_out_is_counted() -> None:
    node = TreeNode("leaf")
    for depth in range(3000):
        node = TreeNode(f"at {depth}", children=[node])

    texts = read(draw_tree("p", "t", "d", nodes=[node]))

    assert f"and {3001 - MOST_ROWS} more" == texts[-1]


def test_what_is_nearly_done_does_not_read_as_done_nor_a_little_as_nothing() -> None:
    texts = read(draw_tree("p", "t", "d", nodes=[TreeNode("a", progress=p) for p in (0.999, 1, 0.004, 0)]))

    assert ["99 %", "100 %", "1 %", "0 %"] == [text for text in texts if "%" in text]


def test_every_tone_can_be_read_with_ink_on_it_in_light_and_dark() -> None:
    for scheme in (0, 1):
        ink = PALETTE["ink"][scheme]
        grounds = PALETTE.keys() - {"ink", "quiet", "rule"}
        assert [] == [tone for tone in grounds if contrast(ink, PALETTE[tone][scheme]) < 4.5]
        assert 4.5 <= contrast(PALETTE["quiet"][scheme], PALETTE["paper"][scheme])
        assert 3 <= contrast(PALETTE["rule"][scheme], PALETTE["paper"][scheme])


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast of two colours."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_sheet_has_both_schemes_of_each_tone() -> None:
    for tone, colours in PALETTE.items():
        assert all(f"--picture-{tone}:{colour};" in STYLE for colour in colours)
    assert "prefers-color-scheme:dark" in STYLE
