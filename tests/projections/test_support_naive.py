"""The support report against a naive recomputation: events read one by one, time counted hour by hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from statistics import median
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.calendar import absence_end, add_working_days
from domain.goal import events as e
from domain.goal.evolve import evolve
from domain.goal.state import PROMISED_STATES, Ended, Promised
from domain.member import member as members
from projections.as_of import AsOf, resolve_as_of
from projections.database.database import Database
from projections.figures import ReportScope
from projections.support import report as support_report
from tests.projections.random_support_histories import GOALS, PEOPLE, steps, story_of
from tests.projections.test_replay import engine_with_empty_views
from tests.spec import Story

_HOUR = timedelta(hours=1)
_JUDGEMENT_EVENTS = (e.CheckedIn, e.Affirmed, e.LinkAffirmed, e.ChangeAccepted)


class NaiveSupport:
    """What the events known at a lens say, told without tables."""

    def __init__(self, story: Story, view: AsOf, window: int) -> None:
        self.story, self.view, self.at = story, view, view.at
        self.known = [r for r in story.events[: view.known_position] if r.occurred_at <= view.at]
        first = view.today - timedelta(days=window - 1)
        self.since = datetime.combine(first, time(), UTC)
        self.states = {goal: self._fold(goal, "goal", evolve) for goal in GOALS}
        self.people = {story.id(name): self._fold(name, "member", members.evolve) for name in PEOPLE}

    def _fold(self, ref: str, kind: str, fold: Any) -> Any:
        state: Any = None
        for recorded in sorted(self.events_of(ref, kind), key=lambda r: (r.occurred_at, r.version)):
            state = fold(state, recorded)
        return state

    def events_of(self, ref: str, kind: str = "goal") -> list[Any]:
        return [r for r in self.known if r.stream_id == self.story.id(ref, kind)]

    # --- needs --------------------------------------------------------------------------------------------------

    def iter_needs(self) -> Iterator[dict[str, Any]]:
        """Every need: when it was raised and answered, by whom, and whether it is open and overdue."""
        for goal, state in self.states.items():
            answers = {
                (r.data.check_in, r.data.need): r for r in self.events_of(goal) if isinstance(r.data, e.NeedAnswered)
            }
            for raised in (r for r in self.events_of(goal) if isinstance(r.data, e.CheckedIn)):
                for index, need in enumerate(raised.data.needs):
                    answer = answers.get((raised.event_id, index))
                    helper = answer.party if answer else need.addressee or state.sponsor
                    yield {
                        "raised": raised.occurred_at,
                        "answered": answer.occurred_at if answer else None,
                        "helper": helper,
                        "open": answer is None and state.state in PROMISED_STATES,
                        "late": self._due_at(need.answer_by, helper) <= self.at,
                    }

    def _due_at(self, day: Any, helper: Any) -> datetime:
        absences = self.people[helper].absences
        return absence_end(datetime.combine(day + timedelta(days=1), time(), UTC), absences, self.view.tzinfo)

    # --- adherence ----------------------------------------------------------------------------------------------

    def count_adherence(self, cadence: int) -> tuple[int, int]:
        kept = expected = 0
        for goal, state in self.states.items():
            promised = state.promised if isinstance(state, Ended) else state
            until = state.ended_at if isinstance(state, Ended) else self.at
            if not isinstance(promised, Promised) or until < self.since:
                continue
            ran = self._running_hours(goal, promised, until)
            length, inside = cadence * 24, sum(hour >= self.since for hour in ran)
            ended = [place for place in range(len(ran) // length) if place * length < inside]
            judged = [
                r.occurred_at
                for r in self.events_of(goal)
                if isinstance(r.data, _JUDGEMENT_EVENTS) and r.occurred_at <= until
            ]
            heard = {sum(hour >= at for hour in ran) // length for at in judged}
            expected += len(ended)
            kept += len(heard.intersection(ended))
        return kept, expected

    def _running_hours(self, goal: str, promised: Promised, until: datetime) -> list[datetime]:
        """Beginnings of the hours in which the clock ran, latest first."""
        stops = [*self._pauses(goal), *self._absences(promised), *self._deliveries(goal)]
        hours, at = [], until - _HOUR
        while at >= promised.promised_at:
            if not any(begin <= at < end for begin, end in stops):
                hours.append(at)
            at -= _HOUR
        return hours

    def _pauses(self, goal: str) -> Iterator[tuple[datetime, datetime]]:
        told: list[tuple[datetime, Any]] = []
        proposed: dict[Any, Any] = {
            r.event_id: r.data for r in self.events_of(goal) if isinstance(r.data, e.ChangeProposed)
        }
        for r in self.events_of(goal):
            if isinstance(r.data, e.Resumed):
                told.append((r.occurred_at, None))
            elif isinstance(r.data, e.ChangeAccepted) and proposed[r.data.answers].changes.pause:
                told.append((r.occurred_at, proposed[r.data.answers].changes.pause))
        for number, (_, pause) in enumerate(told):
            if pause is not None:
                begin, end = (datetime.combine(day, time(), UTC) for day in (pause.paused_from, pause.resume_on))
                yield begin, min([end, *(at for at, _ in told[number + 1 : number + 2])])

    def _absences(self, promised: Promised) -> Iterator[tuple[datetime, datetime]]:
        for absence in self.people[promised.owner].absences:
            back = add_working_days(absence.to, 2) + timedelta(days=1)
            yield datetime.combine(absence.from_, time(), UTC), datetime.combine(back, time(), UTC)

    def _deliveries(self, goal: str) -> Iterator[tuple[datetime, datetime]]:
        begun: datetime | None = None
        for r in self.events_of(goal):
            if isinstance(r.data, e.CompletionDeclared):
                begun = r.occurred_at
            elif isinstance(r.data, e.DeliveryRejected | e.CompletionRetracted) and begun is not None:
                yield begun, r.occurred_at
                begun = None
        if begun is not None:
            yield begun, datetime.max.replace(tzinfo=UTC)

    # --- blockers and feedback ----------------------------------------------------------------------------------

    def blocker_ages(self) -> list[float]:
        """Days for which each open blocker has stood."""
        found = []
        for goal, state in self.states.items():
            if state.state not in PROMISED_STATES:
                continue
            resolved = {r.data.blocker for r in self.events_of(goal) if isinstance(r.data, e.BlockerResolved)}
            raised = [r for r in self.events_of(goal) if isinstance(r.data, e.BlockerRaised)]
            found += [self.at - r.occurred_at for r in raised if r.event_id not in resolved]
            run: list[Any] = []
            for r in sorted(self.events_of(goal), key=lambda r: (r.occurred_at, r.version)):
                if isinstance(r.data, e.CheckedIn) and r.data.blockers is not None:
                    run = [*run, r] if r.data.blockers else []
            found += [self.at - run[0].occurred_at for _ in run[-1].data.blockers] if run else []
        return sorted(age / timedelta(days=1) for age in found)

    def blocker_resolve_days(self) -> list[float]:
        raised = {r.event_id: r.occurred_at for r in self.known if isinstance(r.data, e.BlockerRaised)}
        known: list[Any] = self.known
        gone = [r for r in known if isinstance(r.data, e.BlockerResolved) and r.occurred_at >= self.since]
        return [(r.occurred_at - raised[r.data.blocker]) / timedelta(days=1) for r in gone]

    def count_feedback(self, by: str) -> int:
        given_ = [r.data for r in self.known if isinstance(r.data, e.FeedbackGiven) and r.occurred_at >= self.since]
        return sum(f.by == by for f in given_)


# Each example empties the one database.
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, st.integers(0, 90 * 24), st.sampled_from([1, 7, 28, 60]), st.integers(0, 12))
def test_every_figure_is_what_a_naive_reader_of_the_events_finds(
    database: Database, draws: Any, hours: int, window: int, unknown: int
) -> None:
    story = story_of(draws)
    engine_with_empty_views(database, story).catch_up()
    at = datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(hours=hours)
    known = story.events[max(0, len(story.events) - 1 - unknown)].recorded_at
    view = resolve_as_of(database, story, story.organisation_id, as_of=at, recorded_as_of=known, now=max(story.now, at))
    naive = NaiveSupport(story, view, window)
    if any(state is None for state in naive.states.values()):
        return

    report = support_report.build_report(database, view, ReportScope(window=window))

    figures = {f.name: f for f in report.figures if f.member is None and f.goal is None}
    adherence = figures["adherence"]
    assert naive.count_adherence(14) == (adherence.count, adherence.n)
    needs = list(naive.iter_needs())
    raised = [n for n in needs if n["raised"] >= naive.since]
    waiting = [n for n in needs if n["open"]]
    assert len(raised) == figures["needs_raised"].value
    assert sum(n["answered"] is not None for n in raised) == figures["needs_answered"].count
    past = figures["needs_past_answer_by"]
    assert (sum(n["late"] for n in waiting), len(waiting)) == (past.count, past.n)
    _assert_same_median(
        [n for n in needs if n["answered"] and n["answered"] >= naive.since], figures["need_answer_days"]
    )
    for name in PEOPLE:
        mine = {f.name: f for f in report.figures if f.member == story.id(name)}
        theirs = [n for n in needs if n["helper"] == story.id(name)]
        past, open_ = mine["help_past_answer_by"], [n for n in theirs if n["open"]]
        assert (sum(n["late"] for n in open_), len(open_)) == (past.count, past.n)
        _assert_same_median(
            [n for n in theirs if n["answered"] and n["answered"] >= naive.since], mine["help_answer_days"]
        )
    ages = naive.blocker_ages()
    assert (len(ages), [round(age, 6) for age in ages]) == (
        figures["blockers_open"].value,
        sorted(b.age_days for b in report.blockers),
    )
    assert _median(naive.blocker_resolve_days()) == figures["blocker_resolve_days"].value
    assert naive.count_feedback("sponsor") == figures["feedback_to_owner"].value
    assert naive.count_feedback("owner") == figures["feedback_to_sponsor"].value


def _assert_same_median(answered: list[dict[str, Any]], figure: Any) -> None:
    days = [(n["answered"] - n["raised"]) / timedelta(days=1) for n in answered]
    assert (len(days), _median(days)) == (figure.n, figure.value)


def _median(days: list[float]) -> float | None:
    return round(median(days), 6) if days else None
