"""Reliability without punishment: what became of promises, early renegotiation included, and how both sides answer.

Formulas: docs/reports.md. A triple, never a score; no figure has a line, and none is about a person unless this
person's own report is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from statistics import median
from typing import Any, Literal
from uuid import UUID

import msgspec

from projections.as_of import AsOf
from projections.database.database import Database
from projections.figures import (
    SMALL_SAMPLE,
    WHOLE_ORGANISATION,
    Figure,
    GroupFigure,
    MemberRef,
    Report,
    ReportScope,
    SubjectGoal,
    build_share,
    event_ids,
    finish_report,
    of_group,
    round_for_report,
)
from projections.paused_time import to_days
from projections.reliability.outcomes import Kept
from projections.reliability.queries import AnswerFact, DuePromise, ReliabilityFacts, by_owner

TRIPLE: tuple[Kept, ...] = ("kept_as_promised", "kept_as_renegotiated", "late_or_broken")
_HONOURED: tuple[Kept, ...] = TRIPLE[:2]


class OpenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What one side waits for from the other about a promise that was due: the conversation that is missing."""

    goal: SubjectGoal
    due: date
    what: Literal["verdict", "timely_change"]
    #: Who owes the answer, and who waits for it.
    answerer: MemberRef
    waits: MemberRef
    open_days: float


class ReliabilityReport(Report, frozen=True, kw_only=True):
    """The figures of reliability, and the answers that are missing about what was due."""

    open_answers: list[OpenAnswer]


def build_report(database: Database, as_of: AsOf, scope: ReportScope = WHOLE_ORGANISATION) -> ReliabilityReport:
    """The reliability of a team's goals, of one owner's, or of the whole organisation's."""
    evidence = ReliabilityFacts(database, as_of, scope)
    group = scope.group
    promised = [promise for promise in evidence.promises if not promise.self_set]
    self_set = [promise for promise in evidence.promises if promise.self_set]
    figures = [
        *_triple_figures(promised, "", group),
        *_open_figures(promised, group),
        _surprise_figure(promised, evidence, group),
        *_triple_figures(self_set, "self_set_", group),
        *_lead_figures(evidence, group),
        *_answer_figures(evidence, group),
        _pushback_figure(evidence, group),
    ]
    waiting = (promise for promise in promised if promise.awaits is not None)
    open_answers = [_build_open_answer(promise, evidence.until) for promise in waiting]
    return finish_report(ReliabilityReport, as_of, scope, figures, open_answers=open_answers)


# --- what became of promises -----------------------------------------------------------------------------------------


def _triple_figures(promises: Sequence[DuePromise], prefix: str, group: dict[str, Any]) -> Iterator[GroupFigure]:
    """The three parts of the cohort, and `honoured`: the first two together."""
    cohort = [promise for promise in promises if promise.counts_as in TRIPLE]
    events = event_ids(event for promise in cohort for event in promise.events)
    for name, parts in (*((kept, (kept,)) for kept in TRIPLE), ("honoured", _HONOURED)):
        count = sum(promise.counts_as in parts for promise in cohort)
        share = build_share(f"{prefix}{name}", count, len(cohort), events=events, **group)
        yield of_group(share, by_owner(cohort))


def _open_figures(promises: Sequence[DuePromise], group: dict[str, Any]) -> Iterator[GroupFigure]:
    """Of the cohort what still waits for its verdict; and what is in no cohort."""
    cohort = [promise for promise in promises if promise.counts_as in TRIPLE]
    awaiting = [promise for promise in cohort if promise.counts_as in _HONOURED and promise.awaits_what == "verdict"]
    events = event_ids(event for promise in cohort for event in promise.events)
    share = build_share("awaiting_sponsor", len(awaiting), len(cohort), events=events, **group)
    yield of_group(share, by_owner(cohort), _by_sponsor(awaiting))
    undecided = [promise for promise in promises if promise.counts_as == "open"]
    missed = [promise for promise in promises if promise.missed_answer]
    for name, found, others in (("undecided", undecided, []), ("sponsor_missed_answer", missed, _by_sponsor(missed))):
        events = event_ids(event for promise in found for event in promise.events)
        yield of_group(Figure(name=name, value=len(found), events=events, **group), by_owner(found), others)


def _by_sponsor(promises: Sequence[DuePromise]) -> list[tuple[UUID | None, UUID | None]]:
    """Who is behind what these sponsors have not answered."""
    return [(promise.team, promise.sponsor) for promise in promises]


def _surprise_figure(promises: Sequence[DuePromise], evidence: ReliabilityFacts, group: dict[str, Any]) -> GroupFigure:
    """The misses of which nothing had been said before."""
    misses = [promise for promise in promises if promise.counts_as == "late_or_broken"]
    warnings = evidence.find_warnings(misses)
    surprises = sum(missed.goal not in warnings for missed in misses)
    events = event_ids(event for missed in misses for event in (*missed.events, *warnings.get(missed.goal, ())))
    return of_group(build_share("surprise_rate", surprises, len(misses), events=events, **group), by_owner(misses))


def _build_open_answer(promise: DuePromise, until: int) -> OpenAnswer:
    sides = (promise.sponsor, promise.owner)
    answerer, waits = sides if promise.awaits == "sponsor" else sides[::-1]
    return OpenAnswer(
        goal=promise.goal,
        due=promise.due,
        what="verdict" if promise.awaits_what == "verdict" else "timely_change",
        answerer=answerer,
        waits=waits,
        open_days=round_for_report(to_days(until - (promise.awaits_since or until))) or 0.0,
    )


# --- how both sides talk ---------------------------------------------------------------------------------------------


def _lead_figures(evidence: ReliabilityFacts, group: dict[str, Any]) -> Iterator[GroupFigure]:
    """How long before the due changes are proposed: the median, and the 15th percentile (by the nearest rank)."""
    accepted = evidence.list_kind("renegotiation")
    days = sorted(map(evidence.count_lead_days, accepted))
    events = _list_events(accepted)
    early = days[-(-15 * len(days) // 100) - 1] if days else None
    for name, value in (("", median(days) if days else None), ("_p15", early)):
        figure = _days_figure(f"renegotiation_lead_days{name}", value, len(days), events, group)
        yield of_group(figure, by_owner(accepted))


def _answer_figures(evidence: ReliabilityFacts, group: dict[str, Any]) -> Iterator[GroupFigure]:
    """Of each side: how long its answers took, and how many questions got none in time."""
    for side in ("owner", "sponsor"):
        answers = [fact for fact in evidence.list_kind("answer") if fact.side == side]
        given = [fact for fact in answers if fact.how != "missed"]
        days = [to_days(fact.at - fact.since) for fact in given]
        value = Fraction(median(days)) if days else None
        figure = _days_figure(f"{side}_answer_days", value, len(days), _list_events(given), group)
        yield of_group(figure, _by_answerer(given))
        missed = len(answers) - len(given)
        share = build_share(f"{side}_answers_missed", missed, len(answers), events=_list_events(answers), **group)
        yield of_group(share, _by_answerer(answers))


def _pushback_figure(evidence: ReliabilityFacts, group: dict[str, Any]) -> GroupFigure:
    """The requests that their owners declined, countered or deferred; about 0 means that people cannot say no."""
    requests = evidence.list_kind("request")
    pushed = [fact for fact in requests if fact.key in evidence.pushback]
    events = event_ids(e for fact in requests for e in (*fact.events, *evidence.pushback.get(fact.key, ())))
    return of_group(
        build_share("pushback_rate", len(pushed), len(requests), events=events, **group), by_owner(requests)
    )


def _days_figure(name: str, value: Fraction | None, n: int, events: list[UUID], group: dict[str, Any]) -> Figure:
    return Figure(
        name=name,
        n=n,
        value=round_for_report(value),
        status=None if n else "no_data",
        small_sample=n < SMALL_SAMPLE,
        events=events,
        **group,
    )


def _by_answerer(answers: Sequence[AnswerFact]) -> list[tuple[UUID | None, UUID | None]]:
    return [(fact.team, fact.member) for fact in answers]


def _list_events(facts: Sequence[AnswerFact]) -> list[UUID]:
    return event_ids(event for fact in facts for event in fact.events)
