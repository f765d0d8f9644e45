"""What the API's reports answer to the questions that the models answer too: the figures of each as rows to compare.

Each function takes the rows of a model and gives pairs of (what the model says, what the report says); a row that is
withheld has nothing to compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from projections.as_of import AsOf, resolve_as_of
from projections.decisions import report as decisions_report
from projections.drift import report as drift_report
from projections.figures import Figure, ReportScope
from projections.overload import report as overload_report
from projections.support import report as support_report
from services.runtime import Runtime

Row = dict[str, Any]
Pair = tuple[str, Any, Any]
#: What a share of the models and one of the reports may differ by: they round what lies in the middle differently.
_MILLIONTH = Decimal("0.000001")
_DRIFT_FIGURES: dict[str, tuple[str, bool | None, bool]] = {
    "slipped by agreement": ("scope_due_slipped_days", True, False),
    "slipped by one side": ("scope_due_slipped_days", False, False),
    "slipped after the fact": ("scope_due_slipped_days", None, True),
}


def is_close(model: Any, reported: Any) -> bool:
    if model is None or reported is None or isinstance(model, int):
        return bool(model == reported)
    return abs(Decimal(str(model)) - Decimal(str(reported))) <= _MILLIONTH


class Reports:
    """The reports of one organisation."""

    def __init__(self, runtime: Runtime, organisation: UUID, zone: str) -> None:
        self._runtime = runtime
        self._organisation = organisation
        self.zone = ZoneInfo(zone)

    def as_of(self, at: date | datetime | None) -> AsOf:
        runtime = self._runtime
        return resolve_as_of(runtime.database, runtime.ledger, self._organisation, as_of=at, now=runtime.clock())

    def figures(self, build: Callable[..., Any], at: date | datetime, **scope: Any) -> list[Figure]:
        found: list[Figure] = build(self._runtime.database, self.as_of(at), ReportScope(**scope)).figures
        return found

    def midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


def find(figures: list[Figure], name: str, **keys: Any) -> Figure:
    wanted = {"member": None, "goal": None, **keys}
    [found] = [f for f in figures if f.name == name and all(getattr(f, k) == v for k, v in wanted.items())]
    return found


def end_of_quarter(first: date) -> date:
    return (first + timedelta(days=100)).replace(day=1) - timedelta(days=1)


def compare_needs(rows: list[Row], reports: Reports, last: datetime) -> Iterator[Pair]:
    """Answers given in each quarter; needs raised in the last one, of which the rest is known no sooner."""
    newest = max((row["quarter"] for row in rows), default=None)
    for row in rows:
        if row["withheld_by"] or row["scope"] == "no team":
            continue
        first, until = row["quarter"], end_of_quarter(row["quarter"])
        at: date | datetime = last if until >= last.astimezone(reports.zone).date() else until
        day = last.astimezone(reports.zone).date() if isinstance(at, datetime) else at
        team = None if row["team_id"] is None else UUID(row["team_id"])
        figures = reports.figures(support_report.build_report, at, team=team, window=(day - first).days + 1)
        name = f"needs of {row['team_id']} in {first}"
        yield name, row["median_answer_days"], find(figures, "need_answer_days").value
        yield name, row["answers_given"], find(figures, "need_answer_days").n
        yield name, row["raised"], find(figures, "needs_raised").value
        if first == newest:
            answered = find(figures, "needs_answered")
            yield name, row["raised_and_answered"], answered.count
            yield name, [row["answered_low"], row["answered_high"]], answered.interval and list(answered.interval)


def compare_decisions(rows: list[Row], reports: Reports, last: datetime) -> Iterator[Pair]:
    for row in rows:
        if row["withheld_by"]:
            continue
        first, until = row["quarter"], end_of_quarter(row["quarter"])
        figures = reports.figures(decisions_report.build_report, until, window=(until - first).days + 1)
        inside = find(figures, "decisions_inside_time_box")
        name = f"decisions in {first}"
        yield name, (row["inside_time_box"], row["askings"]), (inside.count, inside.n)
        yield name, [row["inside_time_box_low"], row["inside_time_box_high"]], list(inside.interval or ())
        yield name, row["median_decision_days"], find(figures, "decision_latency_days").value
        integrated = find(figures, "objections_integrated")
        yield name, (row["objections_integrated"], row["objections"]), (integrated.count, integrated.n)


def compare_additions(rows: list[Row], reports: Reports, last: datetime) -> Iterator[Pair]:
    """Of the last quarter: what pays for an older addition may have come since."""
    newest = max((row["quarter"] for row in rows), default=None)
    own = [row for row in rows if row["quarter"] == newest and row["scope"] == "organisation"]
    if not own or any(row["withheld_by"] for row in own):
        return
    window = (last.astimezone(reports.zone).date() - own[0]["quarter"]).days + 1
    ratio = find(reports.figures(overload_report.build_report, last, window=window), "yes_and_ratio")
    total = {name: sum(row[name] for row in own) for name in ("without_trade_off", "counted", "absorbed")}
    yield "additions", tuple(total.values()), (ratio.count, ratio.n, ratio.absorbed)


def compare_drift(rows: list[Row], reports: Reports, last: datetime) -> Iterator[Pair]:
    for row in rows:
        if row["withheld_by"] or row["scope"] == "no team":
            continue
        team = None if row["team_id"] is None else UUID(row["team_id"])
        figures = reports.figures(drift_report.build_report, last, team=team)
        name = f"{row['kind']} of {row['team_id']}"
        if row["kind"] in _DRIFT_FIGURES:
            figure, negotiated, retroactive = _DRIFT_FIGURES[row["kind"]]
            found = find(figures, figure, negotiated=negotiated, retroactive=retroactive)
            yield name, row["days"], found.value
            yield name, row["ratio_to_first_durations"], found.ratio
        elif row["kind"] == "pulled in":
            pulled = [f for f in figures if f.name == "scope_due_pulled_in_days" and f.goal is None]
            yield name, row["days"], sum(int(f.value or 0) for f in pulled)
        else:
            share = {"quiet": "stale_share", "abandoned": "abandoned_share", "unaffirmed links": "alignment_drift"}
            found = find(figures, share[row["kind"]])
            yield name, (row["cases"], row["n"]), (found.count, found.n)


def compare_load(rows: list[Row], reports: Reports, last: datetime) -> Iterator[Pair]:
    """The last four weeks. A member's minutes are whole in the mart: a team's may differ by half of one for each."""
    for week in sorted({row["week"] for row in rows})[-4:]:
        at = reports.midnight(week)
        for row in (row for row in rows if row["week"] == week and not row["withheld_by"]):
            figures = [
                f
                for f in reports.figures(overload_report.build_report, at, team=UUID(row["team_id"]))
                if f.name == "load_ratio" and f.member is not None and f.week == week
            ]
            name = f"load of {row['team_id']} in {week}"
            yield name, row["people"], len(figures)
            for minutes, hours in (("planned_minutes", "planned_hours"), ("available_minutes", "available_hours")):
                total = sum(getattr(f, hours) or 0 for f in figures) * 60
                near = abs(row[minutes] - total) <= len(figures) / 2 + 0.01
                yield name, (minutes, row[minutes], True), (minutes, row[minutes], near)


COMPARISONS: dict[str, Callable[[list[Row], Reports, datetime], Iterator[Pair]]] = {
    "time_to_answer_needs": compare_needs,
    "decisions_in_time_box": compare_decisions,
    "who_loads_whom": compare_additions,
    "drift_by_kind": compare_drift,
    "load_team_week": compare_load,
}


def find_differences(pairs: Iterator[Pair]) -> tuple[int, list[Pair]]:
    """How many figures were compared, and those that differ."""
    compared, differing = 0, []
    for name, model, reported in pairs:
        compared += 1
        same = model == reported
        if isinstance(model, list):
            same = len(model) == len(reported or ()) and all(map(is_close, model, reported or ()))
        elif not isinstance(model, tuple):
            same = is_close(model, reported)
        if not same:
            differing.append((name, model, reported))
    return compared, differing
