"""Reports as text: pages of sentences that fit a screen, print safely, and tell no number that was withheld."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.decisions.report import DecisionsReport
from projections.drift.report import DriftReport
from projections.drift.suggestions import Suggestion
from projections.figures import Figure, Report, ReportScope
from projections.overload.additions import AdditionEntry, RequesterEntry
from projections.overload.report import OverloadReport
from projections.privacy import WithheldBy
from projections.support.report import BlockerEntry, NeedEntry, SupportReport
from services.api.routes.reports import REPORTS
from services.plain_text import clean, columns
from services.report_text import RENDERERS, render_report
from services.report_text.page import WIDTH, shorten, wrap
from services.report_text.phrases import PHRASES, describe_figure, format_amount, format_number, format_share

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reports.md"
WHOLE: dict[str, Any] = {
    "as_of": "2026-03-04",
    "recorded_as_of": datetime(2026, 3, 5, 8, tzinfo=UTC),
    "policy_version": 0,
}
_SHARES = ("yes_and_ratio", "yes_and_by_effort", "trade_offs_undone", "imposed_share", "owned_outside")
#: Told by a sentence of the report's own.
_IN_SENTENCES = {
    *("load_ratio", "wip_ratio", "required_pace", "stale_ratio", "abandoned", "contributors", "spi_t"),
    *("help_past_answer_by", "help_answer_days"),
}


def overload(figures: Sequence[Figure], **sections: Any) -> OverloadReport:
    return OverloadReport(
        **WHOLE, figures=list(figures), **{"additions": [], "requesters": [], "relief": []} | sections
    )


def render(report: Report, names: dict[UUID, str] | None = None, **scope: Any) -> str:
    return render_report(report, ReportScope(**scope), {str(key): name for key, name in (names or {}).items()})


def load(member: UUID, value: float | None, line: Any = None, week: date = date(2026, 3, 9), **more: Any) -> Figure:
    return Figure(name="load_ratio", member=member, week=week, value=value, line=line, **more)


def test_every_report_has_its_text() -> None:
    assert {report.answer for report in REPORTS.values()} == RENDERERS.keys()


def test_every_figure_of_the_reference_has_words() -> None:
    tables = re.findall(r"^\| (`[a-z_, `]+`)(?:, per goal[^|]*)? \|", DOCS.read_text(), re.MULTILINE)
    named = {name for cell in tables for name in re.findall(r"`(\w+)`", cell)}

    assert {"stale_share", "lessons", "async_share", "spi_t"} <= named
    assert set() == {name for name in named if not name.startswith("scope_")} - PHRASES.keys() - _IN_SENTENCES


def test_the_first_line_says_which_report_whose_of_when_and_known_up_to_when() -> None:
    ana, core = uuid4(), uuid4()

    text = render(overload([]), {ana: "Ana", core: "Core"}, team=core, member=ana)

    assert "Overload of Ana in Core, as of 2026-03-04, known up to 2026-03-05 08:00 UTC" == text.splitlines()[0]
    assert "Nothing to tell." == text.splitlines()[-1]


def test_a_load_is_told_as_members_over_the_line_and_the_worst_week() -> None:
    ana, ben, mia = uuid4(), uuid4(), uuid4()
    figures = [
        load(ben, 1.4, "red", estimated=True),
        load(ana, 1.2, "red"),
        load(mia, 0.9, "amber"),
        Figure(name="wip_ratio", member=ben, value=1.2, n=6, line="red"),
        Figure(name="wip_ratio", member=ana, value=1, n=5),
    ]

    lines = render(overload(figures), {ana: "Ana", ben: "Ben", mia: "Mia"}).splitlines()

    assert [
        "Load: 2 of 3 members shown over the red line in some week ahead, 1 more over the amber one; worst",
        "  1.4 in the week of 2026-03-09 (estimated).",
        "Over the red line:",
        "  Ana: 1 week, worst 1.2 in the week of 2026-03-09",
        "  Ben: 1 week, worst 1.4 in the week of 2026-03-09 (estimated)",
        "Work in progress: 1 of 2 members shown over the limit: Ben.",
    ] == lines[2:]


@given(st.permutations(["Ana", "ben", "Cleo", "Émile", "Zoe"]), st.lists(st.floats(1.01, 9), min_size=5, max_size=5))
def test_people_are_listed_by_name_whatever_their_figures(names: list[str], ratios: list[float]) -> None:
    members = {uuid4(): name for name in names}
    figures = [load(member, ratio, "red") for member, ratio in zip(members, ratios, strict=True)]

    listed = re.findall(r"^  (\w+): ", render(overload(figures), members), re.MULTILINE)

    assert sorted(names, key=str.casefold) == listed


def test_two_people_of_one_name_keep_their_own_weeks() -> None:
    figures = [load(UUID(int=1), 1.5, "red"), load(UUID(int=2), 2.5, "red")]

    text = render(overload(figures), {UUID(int=1): "Sam", UUID(int=2): "Sam"})

    assert 2 == len(re.findall(r"^  Sam: 1 week, worst [12]\.5 ", text, re.MULTILINE))


def test_suggestions_stay_in_the_reports_order_five_are_told_and_the_rest_is_counted() -> None:
    ana = uuid4()
    mend = [Suggestion(kind="stale", from_=ana, to=None, sentence=f"sentence {n}") for n in range(23)]

    text = render(DriftReport(**WHOLE, figures=[], mend=mend), {ana: "Ana"})

    assert [f"Ana: sentence {n}" for n in range(5)] == re.findall(r"Ana: sentence \d+", text)
    assert "(23 in all)" in text
    assert "  and 18 more" in text.splitlines()


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (
            Figure(name="stale_share", count=3, n=12, value=0.25, line="over"),
            "Stale goals: 3 of 12 (25 %), over the line",
        ),
        (
            Figure(name="stale_share", count=1, n=3, value=0.333333, small_sample=True),
            "Stale goals: 1 of 3 (33 %) [small sample]",
        ),
        (Figure(name="stale_share", count=0, n=0, value=None, status="no_data"), "Stale goals: no data"),
        (
            Figure(name="yes_and_by_effort", n=12, value=0.999999, status="estimated_only", estimated=True),
            "Added hours without freed ones: 99 % (n = 12) [estimated only]",
        ),
        (
            Figure(name="breach_rate", count=2, n=20, value=10, line="over"),
            "Breaches per 100 member-weeks: 10 (2 in 20 member-weeks), over the line",
        ),
        (Figure(name="decision_latency_days", n=11, value=6.58), "Median time to decide: 6.5 days (n = 11)"),
        (Figure(name="some_future_figure", value=3), "Some future figure: 3"),
    ],
)
def test_a_figure_says_what_there_is_to_know_about_its_number(figure: Figure, words: str) -> None:
    assert words == describe_figure(figure)


@given(st.floats(0, 1, exclude_max=True))
def test_nothing_under_1_reads_as_1_or_as_100_percent(value: float) -> None:
    assert "100 %" != format_share(value)
    assert "1" != format_number(value)


def test_what_is_just_over_the_line_does_not_read_as_on_it() -> None:
    assert ["just over 1", "1", "just under 1"] == [format_number(value) for value in (1.001, 1, 0.999)]


def test_a_little_does_not_read_as_nothing() -> None:
    assert ["just over 0", "0", "just under 0"] == [format_number(value) for value in (0.004, 0, -0.004)]
    assert ["under 0.1 days", "0 days", "0.1 days"] == [format_amount(value, "day") for value in (0.04, 0, 0.06)]
    figure = Figure(name="decision_latency_days", n=1, value=0.03)
    assert "Median time to decide: under 0.1 days (n = 1)" == describe_figure(figure)


def test_figures_without_a_value_are_named_by_why_in_one_line() -> None:
    empty = [Figure(name=name, value=None, status="no_data") for name in ("decision_latency_days", "decisions_by_lead")]
    report = DecisionsReport(
        **WHOLE, figures=[*empty, Figure(name="decisions_reopened", count=1, n=12, value=0.083333)]
    )

    assert [
        "Decisions asked again within 30 days: 1 of 12 (8 %)",
        "No data: Median time to decide; Decided by the lead, after the deadline.",
    ] == render(report).splitlines()[2:]


def test_a_percentage_is_on_one_line() -> None:
    assert all(not line.strip().startswith("%") for n in range(80, 110) for line in wrap("x" * n + " (12 %), over"))


# --- a screen --------------------------------------------------------------------------------------------------------


def test_the_overload_of_a_team_of_20_fits_in_a_screen_however_bad_it_is() -> None:
    # given
    people = {uuid4(): f"Person with a long name {n:02}" for n in range(20)}
    goals = {uuid4(): f"A goal with a title that is rather long, number {n:02}" for n in range(40)}
    weeks = [date(2026, 3, 9) + timedelta(weeks=n) for n in range(12)]
    figures = [
        *(load(member, 1.4, "red", week, estimated=True) for member in people for week in weeks),
        *(Figure(name="wip_ratio", member=member, value=2, n=10, line="red") for member in people),
        *(Figure(name="required_pace", goal=goal, value=3.3, n=4, line="over") for goal in goals),
        *(Figure(name="critical_displacement_days", goal=goal, value=9, n=1) for goal in goals),
        *(Figure(name=name, count=7, n=9, value=0.78, line="red", small_sample=True, window=84) for name in _SHARES),
    ]
    additions = [
        AdditionEntry(
            event=uuid4(),
            goal=goal,
            member=member,
            requester=member,
            kind="promise",
            day=date(2026, 3, 4),
            added_hours=20,
            freed_hours=0,
            worst_ratio=1.4,
        )
        for goal, member in zip(goals, people, strict=False)
    ]
    requesters = [
        RequesterEntry(requester=member, member=member, count=2, n=3, absorbed=1, added_hours=9) for member in people
    ]

    # when
    lines = render(overload(figures, additions=additions, requesters=requesters), people | goals).splitlines()

    # then
    assert 42 >= len(lines), "\n".join(lines)
    assert "  and 14 more" in lines


def test_the_drift_of_a_team_of_20_fits_in_a_screen_however_bad_it_is() -> None:
    # given
    goals = {uuid4(): f"A goal with a title that is rather long, number {n:02}" for n in range(40)}
    sentence = (
        f"“{'A title that is long ' * 3}” has been quiet for 48 days: it still stands as agreed, or this has changed."
    )
    mend = [Suggestion(kind="stale", goal=goal, from_=uuid4(), to=uuid4(), sentence=sentence) for goal in goals]
    shares = ("stale_share", "abandoned_share", "alignment_drift", "purpose_drift", "acknowledgement_share")
    others = ("unaffirmed_days", "breach_rate", "repair_share", "review_age_days")
    ways = ("due_slipped_days", "due_pulled_in_days", "target_raised", "target_lowered")
    consents: list[dict[str, Any]] = [{"negotiated": True}, {"negotiated": False}, {"retroactive": True}]
    figures = [
        *(Figure(name="stale_ratio", goal=goal, value=2.5, line="over") for goal in goals),
        *(Figure(name="abandoned", goal=goal, value=77, line="over") for goal in goals),
        *(Figure(name=name, count=7, n=9, value=0.78, line="over", small_sample=True) for name in (*shares, *others)),
        *(Figure(name=f"scope_{way}", value=9, ratio=0.4, n=20, line="over", **c) for way in ways for c in consents),
    ]

    # when
    lines = render(DriftReport(**WHOLE, figures=figures, mend=mend), goals).splitlines()

    # then
    assert 42 >= len(lines), "\n".join(lines)


def test_the_support_of_a_team_of_20_fits_in_a_screen_and_begins_with_what_is_overdue() -> None:
    # given
    people = {uuid4(): f"Person with a long name {n:02}" for n in range(20)}
    goals = {uuid4(): f"A goal with a title that is rather long, number {n:02}" for n in range(40)}
    ana = next(iter(people))
    asked: dict[str, Any] = {"asker": ana, "helper": ana, "answer_by": date(2026, 3, 1)}
    needs = [
        NeedEntry(goal=goal, need=f"n/{n}", open_days=float(n), overdue=n % 2 == 0, **asked)
        for n, goal in enumerate(goals)
    ]
    blockers = [
        BlockerEntry(goal=goal, blocker=uuid4(), acts_next=ana, age_days=float(n)) for n, goal in enumerate(goals)
    ]
    figures = [
        *(Figure(name="help_past_answer_by", member=member, count=2, n=3, value=0.666667) for member in people),
        *(Figure(name="help_answer_days", member=member, n=3, value=2.5) for member in people),
        *(Figure(name="spi_t", goal=goal, value=0.5) for goal in goals),
        *(Figure(name=name, count=7, n=9, value=0.78, small_sample=True) for name in ("adherence", "needs_answered")),
        *(Figure(name=name, value=7) for name in ("needs_raised", "blockers_open", "feedback_to_owner")),
    ]

    # when
    report = SupportReport(**WHOLE, figures=figures, needs=needs, blockers=blockers)
    lines = render(report, people | goals).splitlines()

    # then
    assert 42 >= len(lines), "\n".join(lines)
    text = " ".join(" ".join(lines).split())
    assert ["38", "36", "34", "32"] == re.findall(r"open for (\d+) days", text)
    assert ["39", "38", "37", "36"] == re.findall(r"blocked for (\d+) days", text)
    assert 2 == lines.count("  and 36 more")


# --- withheld --------------------------------------------------------------------------------------------------------

_GROUP_NAMES = st.sampled_from([*PHRASES, "scope_due_slipped_days", "scope_target_raised"])


@given(
    st.lists(st.tuples(_GROUP_NAMES, st.integers(7000, 7999), st.sampled_from(["red", "over", None])), max_size=20),
    st.sampled_from([OverloadReport, DriftReport, SupportReport, DecisionsReport]),
)
def test_no_number_that_was_withheld_is_in_the_text(drawn: list[tuple[str, int, Any]], report: type[Report]) -> None:
    # given
    empty: dict[type[Report], dict[str, Any]] = {
        OverloadReport: {"additions": [], "requesters": [], "relief": []},
        DriftReport: {"mend": []},
        SupportReport: {"needs": [], "blockers": []},
    }
    figures = [
        Figure(name=name, value=number, count=number, n=number, ratio=number, planned_hours=number, line=line)
        for name, number, line in drawn
    ]

    # when
    withheld = [f.as_withheld(rule) for f, rule in zip(figures, cycle(WithheldBy), strict=False)]
    text = render(report(**WHOLE, figures=withheld, **empty.get(report, {})))

    # then
    assert [] == re.findall(r"7\d\d\d|over the", text)
    assert bool(figures) == ("Withheld" in text)


# --- what is printed -------------------------------------------------------------------------------------------------


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_of_theirs_breaks_the_page(title: str, name: str) -> None:
    ana, goal = uuid4(), uuid4()
    figures = [
        load(ana, 1.4, "red"),
        Figure(name="required_pace", goal=goal, value=None, status="overdue", line="over"),
    ]

    text = render(overload(figures), {ana: name, goal: title}, member=ana)

    assert 12 > len(text.splitlines())
    assert all(columns(line) <= WIDTH for line in text.splitlines())
    assert text.isprintable() or {"\n"} >= {c for c in text if not c.isprintable() and ord(c) < 0xA0}
    assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", text) is None


def test_what_would_drive_a_terminal_or_turn_the_line_around_is_gone() -> None:
    assert "a b\ufffd[31mc" == clean("a\n\tb\x1b[31m\u202ec")


@given(st.text(max_size=400))
def test_lines_are_never_wider_than_the_page_and_lose_no_word(text: str) -> None:
    lines = list(wrap(clean(text), "  "))

    assert all(columns(line) <= WIDTH for line in lines)
    assert "".join(clean(text).split()) == "".join("".join(lines).split())


def test_wide_characters_count_twice() -> None:
    assert 60 >= columns(shorten("目" * 200, 60))
    assert 2 < len(list(wrap("目" * 120)))


def test_an_id_without_a_name_is_somebody_and_a_goal_without_one_is_a_goal() -> None:
    text = render(
        overload([load(uuid4(), 1.4, "red"), Figure(name="required_pace", goal=uuid4(), value=3, line="over")])
    )

    assert "  somebody: 1 week" in text
    assert "  a goal: needs 3 times the pace that it has" in text
