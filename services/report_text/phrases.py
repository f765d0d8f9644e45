"""A figure in words: what is counted, of how many, and what is to be known about the number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from typing import NamedTuple

from projections.figures import ESTIMATED_ONLY, WITHHELD, Figure
from projections.history.narrative.phrases import format_percent
from projections.privacy import WithheldBy
from services.report_text.page import Paragraph

#: Days that are printed as under a tenth.
_LEAST_DAYS = 0.01


def format_number(value: float) -> str:
    """A number with at most two decimals; one close to 1, the usual line, does not read as 1, and a little not as 0."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    whole = "0" if text == "-0" else text
    if whole in ("0", "1") and value != int(whole):
        return f"just {'over' if value > int(whole) else 'under'} {whole}"
    return whole


def format_amount(value: float, unit: str) -> str:
    """An amount with at most one decimal: "1 day", "3.5 days"; a little does not read as 0."""
    text = f"{value:.1f}".removesuffix(".0")
    if text in ("0", "-0"):
        return f"under 0.1 {unit}s" if value > 0 else f"0 {unit}s"
    return f"{text} {unit if text == '1' else unit + 's'}"


def format_minute(instant: datetime) -> str:
    """An instant to the minute, UTC: the headers and the JSON have it in full."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def format_share(value: float) -> str:
    """A share of a whole, as a percentage."""
    return format_percent(Fraction(str(value)))


def _days(value: float) -> str:
    """Days that have passed: a tenth that is not over yet does not count."""
    return format_amount(int(value * 10) / 10 or min(value, _LEAST_DAYS), "day")


def _minutes(value: float) -> str:
    return format_amount(value, "minute")


class Phrase(NamedTuple):
    """How a figure is called in a sentence, and how its value is written."""

    label: str
    format: Callable[[float], str] = format_number


#: Every figure that a line of its own tells, by name.
PHRASES: dict[str, Phrase] = {
    "yes_and_ratio": Phrase("Additions without a trade-off"),
    "yes_and_by_effort": Phrase("Added hours without freed ones", format_share),
    "trade_offs_undone": Phrase("Trade-offs that came back"),
    "critical_displacement_days": Phrase("Critical goals put off for additions, on average", _days),
    "imposed_share": Phrase("Promises that began as imposed requests"),
    "owned_outside": Phrase("Goals owned outside of the team"),
    "abandoned_share": Phrase("Abandoned goals, lapsed and without a word since"),
    "stale_share": Phrase("Stale goals"),
    "alignment_drift": Phrase("Loose links, whose parent moved on"),
    "unaffirmed_days": Phrase("Median time for which links have been loose", _days),
    "purpose_drift": Phrase("Goals that do not lead to the purpose of now"),
    "acknowledgement_share": Phrase("Members who have not acknowledged all that stands"),
    "breach_rate": Phrase("Breaches per 100 member-weeks"),
    "repair_share": Phrase("Breaches with a repair talk within 7 days"),
    "review_age_days": Phrase("Time since the charter was last looked at", _days),
    "purpose_progress": Phrase("Progress of a purpose", format_share),
    "untied_share": Phrase("Tasks that lead to no team outcome"),
    "single_contributor_share": Phrase("Outcomes that hang on one person"),
    "adherence": Phrase("Cadences with a word about the goal"),
    "needs_raised": Phrase("Needs raised"),
    "needs_answered": Phrase("Needs answered, of those raised"),
    "need_answer_days": Phrase("Median time to answer a need", _days),
    "needs_past_answer_by": Phrase("Open needs past their answer-by"),
    "blockers_open": Phrase("Open blockers"),
    "blocker_age_days": Phrase("Median age of the open blockers", _days),
    "blocker_resolve_days": Phrase("Median time to resolve a blocker", _days),
    "feedback_to_owner": Phrase("Feedback to owners"),
    "feedback_to_sponsor": Phrase("Feedback to sponsors"),
    "kept_as_promised": Phrase("Kept as first promised"),
    "kept_as_renegotiated": Phrase("Kept as renegotiated in time, or revoked in time"),
    "late_or_broken": Phrase("Late or broken"),
    "honoured": Phrase("Honoured, the first two together"),
    "awaiting_sponsor": Phrase("Kept, and waiting for the sponsor's verdict"),
    "undecided": Phrase("Undecided: a change or rework in time is open"),
    "sponsor_missed_answer": Phrase("Left out: the sponsor did not answer a timely proposal"),
    "surprise_rate": Phrase("Late or broken without a word before"),
    "self_set_kept_as_promised": Phrase("Self-set goals kept as first promised"),
    "self_set_kept_as_renegotiated": Phrase("Self-set goals changed or revoked in time"),
    "self_set_late_or_broken": Phrase("Self-set goals late or dropped late"),
    "self_set_honoured": Phrase("Self-set goals honoured"),
    "renegotiation_lead_days": Phrase("Median time before the due at which changes are proposed", _days),
    "renegotiation_lead_days_p15": Phrase("Of 15 % of them at most", _days),
    "owner_answer_days": Phrase("Median time for an owner's answer", _days),
    "sponsor_answer_days": Phrase("Median time for a sponsor's answer", _days),
    "owner_answers_missed": Phrase("Questions that owners left unanswered"),
    "sponsor_answers_missed": Phrase("Questions that sponsors left unanswered"),
    "pushback_rate": Phrase("Requests declined, countered or deferred"),
    "decision_latency_days": Phrase("Median time to decide", _days),
    "decisions_inside_time_box": Phrase("Decided within the time-box"),
    "decisions_by_fallback": Phrase("Decided by the fallback"),
    "decisions_by_lead": Phrase("Decided by the lead, after the deadline"),
    "objections_integrated": Phrase("Objections that changed the option"),
    "decisions_reopened": Phrase("Decisions asked again within 30 days"),
    "psychological_safety": Phrase("Psychological safety, 1 to 7"),
    "recognitions": Phrase("Recognitions"),
    "relationship_share": Phrase("Recognitions of working together"),
    "results_recognised": Phrase("Kept goals for which anyone was recognised"),
    "helpers_recognised": Phrase("Helpers who were recognised"),
    "received_gini": Phrase("Gini of recognitions received (0: all received as many)"),
    "recognitions_received": Phrase("Recognitions received"),
    "recognitions_given": Phrase("Recognitions given"),
    "improvements_overdue": Phrase("Open improvements whose due is over"),
    "improvements_open": Phrase("Improvements still open"),
    "improvements_done": Phrase("Improvements done"),
    "improvements_dropped": Phrase("Improvements dropped"),
    "goals_undecided": Phrase("Goals of open cycles still to be decided on"),
    "goals_carried_on": Phrase("Goals carried on"),
    "goals_renegotiated": Phrase("Goals renegotiated"),
    "goals_kept": Phrase("Goals kept"),
    "goals_dropped": Phrase("Goals dropped"),
    "reflections": Phrase("Reflections"),
    "contributions": Phrase("Contributions credited"),
    "approaches_chosen": Phrase("Approaches chosen"),
    "freedoms_used": Phrase("Freedoms of the charter that were made use of"),
    "lessons": Phrase("Lessons"),
    "reflection_share": Phrase("Members who have reflected"),
    "ritual_minutes": Phrase("Rituals held together, a week and member", _minutes),
    "ritual_minutes_before": Phrase("The same a week before", _minutes),
    "goals_without_measure": Phrase("Goals that are only done or not done"),
    "changes_accepted": Phrase("Counters and proposals that were accepted"),
    "approaches_in_window": Phrase("Approaches chosen in the window"),
    "check_ins_a_week": Phrase("Check-ins per goal and week"),
    "static_share": Phrase("Older goals that nothing changed or affirmed"),
    "async_minutes": Phrase("Rituals at a time of one's own, a week and member", _minutes),
    "async_share": Phrase("Share of ritual time at a time of one's own", format_share),
}
#: Status -> what it says of a figure without a value. Others are written as they are.
_STATUS_WORDS = {"not_personal": "a group's figure alone", "too_early": "too early to tell"}


def find_phrase(name: str) -> Phrase:
    """How the figure is put: without words of its own by its name, all moves of due dates and targets as one."""
    if name.startswith("scope_"):
        return Phrase("Moves of due dates and targets")
    return PHRASES.get(name) or Phrase(name.replace("_", " ").capitalize())


def describe_figure(figure: Figure, label: str | None = None) -> str:
    """The figure in one sentence: "Stale goals: 3 of 12 (25 %), over the line; small sample"."""
    phrase = find_phrase(figure.name)
    return f"{label or phrase.label}: {describe_value(figure, phrase)}{describe_notes(figure)}"


def describe_value(figure: Figure, phrase: Phrase) -> str:
    """The number with the counts that it rests on, or why there is none."""
    if figure.value is None:
        return _describe_status(figure)
    if figure.name == "breach_rate":
        return f"{phrase.format(figure.value)} ({figure.count or 0} in {format_amount(figure.n or 0, 'member-week')})"
    if figure.count is not None and figure.n:
        return f"{figure.count} of {figure.n} ({format_percent(Fraction(figure.count, figure.n))})"
    value = phrase.format(figure.value)
    if figure.name == "trade_offs_undone":
        return f"{value} of {figure.n or 0}"
    if figure.n is not None:
        return f"{value} (n = {figure.n})"
    return value


def _describe_status(figure: Figure) -> str:
    """Why there is no value."""
    status = figure.status or "no_data"
    return _STATUS_WORDS.get(status, status.replace("_", " "))


def describe_notes(figure: Figure) -> str:
    """What is to be known about the number, after it: its line, and on how little it rests."""
    notes = []
    if figure.value is not None and figure.small_sample:
        notes.append("small sample")
    if figure.value is not None and figure.status is not None:
        notes.append(figure.status.replace("_", " "))
    if (figure.estimated or figure.estimated_share) and figure.status != ESTIMATED_ONLY:
        notes.append("estimated")
    notes += [f"{figure.overdue} overdue"] if figure.overdue else []
    notes += [f"{figure.absorbed} more absorbed"] if figure.absorbed and figure.count is not None else []
    notes += [f"{figure.inferred} paired by inference"] if figure.inferred and figure.count is not None else []
    if figure.planned_hours:
        notes.append(f"{format_amount(figure.planned_hours, 'hour')} planned")
    notes += [f"{figure.window} days"] if figure.window is not None and figure.value is not None else []
    return describe_line(figure.line) + (f" [{', '.join(notes)}]" if notes else "")


def describe_line(line: str | None) -> str:
    """Which line was crossed, after a number."""
    return "" if line is None else ", over the line" if line == "over" else f", over the {line} line"


def figure_lines(figures: Iterable[Figure]) -> Iterator[Paragraph]:
    """A line for each figure that is not withheld, those over a line first; those without a value by why."""
    shown = sorted((f for f in figures if f.status != WITHHELD), key=lambda f: _LINES.index(f.line))
    empty: dict[str, list[str]] = {}
    for figure in shown:
        if figure.value is None and figure.line is None:
            empty.setdefault(_describe_status(figure), []).append(find_phrase(figure.name).label)
        else:
            yield Paragraph(describe_figure(figure))
    for status, labels in empty.items():
        yield Paragraph(f"{status.capitalize()}: {'; '.join(labels)}.")


#: What asks for an act first.
_LINES = ("red", "over", "amber", None)


def withheld_lines(figures: Iterable[Figure]) -> Iterator[Paragraph]:
    """Which figures are not for this viewer, each once, by the rule."""
    by_rule: dict[str, dict[str, None]] = {}
    for figure in figures:
        if figure.status == WITHHELD:
            by_rule.setdefault(describe_rule(figure), {})[find_phrase(figure.name).label] = None
    for why, names in by_rule.items():
        yield Paragraph(f"Withheld ({why}): {'; '.join(names)}.")


def describe_rule(figure: Figure) -> str:
    """Why a figure is withheld."""
    return _RULES[figure.rule or WithheldBy.SMALL_GROUP]


_RULES = {
    WithheldBy.SMALL_GROUP: "fewer than five persons behind it",
    WithheldBy.SMALL_COMPLEMENT: "what it leaves out would be fewer than five persons",
    WithheldBy.PRESENT_ONLY: "shown of today only",
    WithheldBy.DEFAULT_WINDOW_ONLY: "shown without a window only",
    WithheldBy.OTHER_TEAM: "another team's",
}
