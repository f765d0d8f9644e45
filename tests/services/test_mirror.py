"""The mirror of another tracker: one file, longer each night, with rows that come nights late, and sweeps between."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.envelope import RecordedEvent
from domain.goal.acts import Changes, CheckIn, ProposeChange
from domain.goal.events import GoalLapsed
from domain.goal.state import Ended, Promised
from domain.references import resolve_stream_id
from domain.text import compose, decompose
from ledger.api_keys import Principal
from ledger.commands import Command
from projections.as_of import resolve_as_of
from projections.history.history import load_history_page
from projections.sight import EVERYTHING
from services.imports.importer import ImportResult, import_lines
from services.organisations import create_organisation
from services.runtime import Runtime
from services.settings import Settings
from tests.spec import why

Row = dict[str, Any]
GOALS = [f"T-{number}" for number in range(1, 11)]
#: No row comes later than this: the tracker says so with its watermark.
LATE_DAYS = 5
FIRST, LAST = date(2026, 3, 1), date(2026, 4, 12)
WHY = {"code": "new_information", "text": "as it stands in the tracker"}


def instant(day: date, hour: float = 0) -> str:
    return (datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)).isoformat()


class Mirror:
    """One organisation that follows the tracker; its clock is the test's."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        founded = create_organisation(runtime, name, steward="steward")
        principal = runtime.keys.authenticate(founded.api_key, runtime.clock())
        assert principal is not None
        self.runtime = runtime
        self.principal: Principal = principal
        self.organisation_id: UUID = founded.organisation_id

    def bring(self, rows: list[Row], **options: Any) -> ImportResult:
        lines = [json.dumps(row).encode() for row in rows]
        return import_lines(self.runtime, self.organisation_id, lines, principal=self.principal, **options)

    def sweep(self) -> None:
        """What the worker's sweeps do until nothing is due."""
        ledger = self.runtime.ledger
        while due := ledger.find_streams_with_due_timers(self.runtime.clock(), 1000):
            for organisation_id, stream_id in due:
                ledger.run_timers(organisation_id, stream_id)

    def events(self, goal: str) -> list[RecordedEvent]:
        return self.runtime.ledger.events(self.organisation_id, resolve_stream_id(self.organisation_id, "goal", goal))

    def summary(self, goal: str) -> tuple[Any, ...]:
        """How the goal stands, and when it lapsed on the way."""
        state = self.runtime.ledger.load(
            self.organisation_id, "goal", resolve_stream_id(self.organisation_id, "goal", goal)
        )
        promised = state.promised if isinstance(state, Ended) else state
        assert isinstance(promised, Promised)
        lapses = [event.occurred_at for event in self.events(goal) if isinstance(event.data, GoalLapsed)]
        return state.state, promised.terms.due, promised.progress, promised.terms_version, lapses


@pytest.fixture
def clock() -> list[datetime]:
    return [datetime(2026, 3, 1, tzinfo=UTC)]


@pytest.fixture
def runtime(database_url: str, clock: list[datetime]) -> Iterator[Runtime]:
    with Runtime(Settings(database_url=database_url), clock=lambda: clock[0]) as opened:
        yield opened


# --- the tracker -------------------------------------------------------------------------------------------------


def people() -> list[Row]:
    start = instant(FIRST, 1)
    team = {"at": start, "by": "lea", "do": "team.create", "team": "web", "name": "Web", "lead": "lea"}
    return [
        team,
        *({"at": start, "by": who, "do": "member.join", "member": who, "team": "web"} for who in ("lea", "sam")),
    ]


def history_of(goal: str, draw: random.Random) -> list[tuple[date, Row]]:
    """A goal's rows, each with the night in which the tracker first reports it."""
    begun = FIRST + timedelta(days=draw.randint(0, 5))
    due = begun + timedelta(days=draw.randint(8, 16))
    told: list[tuple[date, Row]] = []

    def report(day: date, late: int, **row: Any) -> None:
        at = instant(day, 8 + len(told) / 100)
        told.append((day + timedelta(days=late), {"at": at, "goal": goal, "source": "tracker", **row}))

    terms = {"conditions": ["released"], "start": begun.isoformat(), "due": due.isoformat()}
    offer = {"do": "goal.offer", "title": goal, "owner": "lea", "sponsor": "sam", "team": "web", "reason": WHY}
    report(begun, 0, by="lea", terms=terms, **offer)
    report(begun, 0, by="sam", do="goal.accept")
    for days in range(2, (due - begun).days, 3):
        late = draw.randint(0, LATE_DAYS)
        report(begun + timedelta(days=days), late, by="lea", do="goal.check_in", progress=days / 40)
    if draw.random() < 0.6:
        # Renegotiated in the tracker just before the due, and seen here when the old due and its grace may be over.
        late, later = draw.randint(0, LATE_DAYS), (due + timedelta(days=12)).isoformat()
        agreed = due - timedelta(days=draw.randint(0, 1))
        report(agreed, late, by="lea", do="goal.propose_change", changes={"due": later}, reason=WHY)
        report(agreed, late, by="sam", do="goal.accept_change")
        due += timedelta(days=12)
    if draw.random() < 0.7:
        done = due + timedelta(days=draw.randint(-2, 6))
        report(done, draw.randint(0, LATE_DAYS), by="lea", do="goal.declare_complete", reason=WHY)
    return told


def file_of(night: date, rows: list[tuple[date, Row]]) -> list[Row]:
    """The tracker's file of that night: all reported until then, as it came, each night closed by its watermark."""
    found: list[Row] = people()
    for day in range((night - FIRST).days + 1):
        tonight = FIRST + timedelta(days=day)
        found += sorted((row for seen, row in rows if seen == tonight), key=lambda row: str(row["at"]))
        if day > LATE_DAYS:
            told = tonight - timedelta(days=LATE_DAYS)
            found.append({"do": "source.watermark", "source": "tracker", "at": instant(told)})
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_a_file_that_grows_every_night_is_taken_every_night_and_says_what_it_says_at_once(
    runtime: Runtime, clock: list[datetime], seed: int
) -> None:
    draw = random.Random(seed)
    rows = [row for goal in GOALS for row in history_of(goal, draw)]
    nightly, at_once = Mirror(runtime, "nightly"), Mirror(runtime, "at once")
    known = 0

    for day in range((LAST - FIRST).days + 1):
        night = FIRST + timedelta(days=day)
        clock[0] = datetime(night.year, night.month, night.day, 23, 30, tzinfo=UTC)
        file = file_of(night, rows)
        assert ImportResult(accepted=len(file) - known, already=known) == nightly.bring(file), night
        known = len(file)
        nightly.sweep()

    in_order = sorted((row for _, row in rows), key=lambda row: str(row["at"]))
    end = {"do": "source.watermark", "source": "tracker", "at": instant(LAST)}
    assert 0 == nightly.bring([*file, end]).refused
    assert 0 == at_once.bring([*people(), *in_order, end]).refused
    for mirror in (nightly, at_once):
        mirror.sweep()

    assert [at_once.summary(goal) for goal in GOALS] == [nightly.summary(goal) for goal in GOALS]
    assert any(nightly.summary(goal)[-1] for goal in GOALS)


# --- watermarks, one by one --------------------------------------------------------------------------------------

#: The documentation's own example: an offer and its acceptance, a watermark, and an agreement that came late.
EXAMPLE = Path(__file__).parents[2] / "docs" / "import.md"


def example_rows() -> list[Row]:
    section = EXAMPLE.read_text(encoding="utf-8").partition("## A file that grows every night")[2].partition("\n## ")[0]
    rows = [json.loads(line) for line in section.splitlines() if line.startswith("{")]
    return rows[1:]


def watermark(at: str, source: str = "tracker") -> Row:
    return {"do": "source.watermark", "source": source, "at": at}


def joined() -> list[Row]:
    return [
        {"at": "2026-03-01T09:00:00Z", "by": who, "do": "member.join", "member": who, "name": who.title()}
        for who in ("lena", "ines")
    ]


@pytest.fixture
def mirror(runtime: Runtime, clock: list[datetime]) -> Mirror:
    """It is the night of 20 March."""
    clock[0] = datetime(2026, 3, 20, 23, tzinfo=UTC)
    return Mirror(runtime, "default")


def test_the_documentations_example_is_taken_and_would_be_refused_without_its_watermark(mirror: Mirror) -> None:
    *first, declared, proposed, accepted = example_rows()
    without = Mirror(mirror.runtime, "without")
    for each, rows in ((mirror, [*joined(), *first, declared]), (without, [*joined(), *first])):
        assert 0 == each.bring(rows).refused
        each.sweep()

    assert ImportResult(accepted=2, already=0) == mirror.bring([proposed, accepted])
    assert ["out_of_order"] == list(dict.fromkeys(e.code for e in without.bring([proposed, accepted]).errors))
    assert ("active", date(2026, 3, 27), []) == tuple(mirror.summary("T-7")[i] for i in (0, 1, -1))
    assert ("lapsed", date(2026, 3, 13)) == without.summary("T-7")[:2]


def test_a_lapse_waits_for_the_watermark_and_is_dated_to_its_own_instant(mirror: Mirror) -> None:
    lapses_at = datetime(2026, 3, 17, tzinfo=UTC)
    first = example_rows()[:2]
    mirror.bring([*joined(), *first, watermark("2026-03-16T23:59:59Z")])
    mirror.sweep()
    before = mirror.summary("T-7")

    mirror.bring([watermark("2026-03-17T00:00:00Z")])
    mirror.sweep()

    assert ("active", []) == (before[0], before[-1])
    assert ("lapsed", [lapses_at]) == (mirror.summary("T-7")[0], mirror.summary("T-7")[-1])


def test_a_goal_of_no_source_and_one_of_a_source_without_watermarks_lapse_as_ever(mirror: Mirror) -> None:
    first = example_rows()[:2]
    other = [{**row, "goal": "T-8", "source": "other"} for row in first]
    plain = [{name: value for name, value in row.items() if name != "source"} | {"goal": "T-9"} for row in first]
    mirror.bring([*joined(), *first, *other, *plain, watermark("2026-03-10T00:00:00Z")])
    mirror.sweep()

    assert ["active", "lapsed", "lapsed"] == [mirror.summary(goal)[0] for goal in ("T-7", "T-8", "T-9")]


def test_a_watermark_goes_on_and_belongs_to_a_source_of_which_there_are_goals(mirror: Mirror) -> None:
    first = example_rows()[:2]
    mirror.bring([*joined(), *first, watermark("2026-03-10T00:00:00Z")])

    same = mirror.bring([watermark("2026-03-10T00:00:00Z") | {"id": "another row"}])
    back = mirror.bring([watermark("2026-03-09T23:59:59Z")])
    unknown = mirror.bring([watermark("2026-03-11T00:00:00Z", "trakcer")])
    ahead = mirror.bring([watermark("2027-03-11T00:00:00Z")])

    assert (0, 1) == (same.accepted, same.already)
    assert [("out_of_order", "/at", (">= 2026-03-10T00:00:00.000000Z",))] == explain(back)
    assert [("not_found", "/source", ("tracker",))] == explain(unknown)
    assert [("in_the_future", "/at", ())] == explain(ahead)


def test_a_source_is_the_same_in_either_unicode_form(mirror: Mirror) -> None:
    # given: a tracker whose name comes composed from one program and decomposed from another
    spelt = [compose("Büro"), decompose("Büro")]
    first = [{**row, "source": spelt[1]} for row in example_rows()[:2]]
    rows = [*joined(), *first, watermark("2026-03-10T00:00:00Z", spelt[0])]

    # when
    taken = mirror.bring(rows)
    mirror.sweep()
    before = mirror.runtime.ledger.count()
    again = mirror.bring(rows)
    same = mirror.bring([watermark("2026-03-10T00:00:00Z", spelt[1]) | {"id": "another row"}])
    other = mirror.bring([{**row, "source": spelt[0]} for row in first], source=spelt[1])

    # then: its clocks run up to its watermark, and nothing is taken twice
    assert (0, 0) == (taken.refused, again.accepted)
    assert (0, 1) == (same.accepted, same.already)
    assert "active" == mirror.summary("T-7")[0]
    assert 0 == other.accepted
    assert before == mirror.runtime.ledger.count()


def explain(result: ImportResult) -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [(error.code, error.field, error.allowed) for error in result.errors]


def test_a_file_whose_rows_name_no_source_is_given_one(mirror: Mirror) -> None:
    rows = [*joined(), *({k: v for k, v in row.items() if k != "source"} for row in example_rows()[:2])]

    mirror.bring([*rows, watermark("2026-03-10T00:00:00Z")], source="tracker")
    mirror.sweep()

    assert "active" == mirror.summary("T-7")[0]
    assert {"tracker"} == {event.external_source for event in mirror.events("T-7")}


def test_only_a_watermark_does_without_whose_act_it_was(mirror: Mirror) -> None:
    nobody = {k: v for k, v in example_rows()[0].items() if k != "by"}

    assert [("invalid_field", "/by", ())] == explain(mirror.bring([nobody]))
    for bad in (" tracker", "", 7):
        assert [("invalid_field", "/source")] == [
            e[:2] for e in explain(mirror.bring([{**example_rows()[0], "source": bad}]))
        ]


def test_acts_of_people_are_judged_by_the_clocks_as_they_stand_and_a_clock_left_behind_rings_at_the_act(
    mirror: Mirror,
) -> None:
    mirror.bring([*joined(), *example_rows()[:2], watermark("2026-03-10T00:00:00Z")])
    lena = resolve_stream_id(mirror.organisation_id, "member", "lena")
    change = ProposeChange(changes=Changes(effort_hours=3), reason=why())

    def say(act: Any) -> None:
        mirror.runtime.ledger.handle(
            Command(
                organisation_id=mirror.organisation_id,
                kind="goal",
                stream_id=resolve_stream_id(mirror.organisation_id, "goal", "T-7"),
                act=act,
                actor=lena,
            )
        )

    say(CheckIn(note="on the way"))
    say(change)
    acted_at = mirror.events("T-7")[-1].occurred_at
    mirror.sweep()
    assert [] == mirror.summary("T-7")[-1]

    mirror.runtime.clock = lambda: datetime(2026, 3, 21, 23, tzinfo=UTC)
    later = datetime(2026, 3, 21, 12, tzinfo=UTC)
    mirror.runtime.ledger.clock = mirror.runtime.clock
    assert 0 == mirror.bring([watermark(later.isoformat())]).refused
    mirror.sweep()
    assert [acted_at] == mirror.summary("T-7")[-1]


def test_the_history_says_from_where_and_how_far(mirror: Mirror) -> None:
    mirror.bring([*joined(), *example_rows()[:2], watermark("2026-03-10T00:00:00Z")])
    mirror.runtime.engine.catch_up()
    view = resolve_as_of(
        mirror.runtime.database, mirror.runtime.ledger, mirror.organisation_id, now=mirror.runtime.clock()
    )

    page = load_history_page(mirror.runtime.database, view, mirror.organisation_id, sight=EVERYTHING)

    assert [
        'steward imported the first goals of the source "tracker".',
        'steward declared "tracker" complete up to 2026-03-10 00:00 UTC.',
    ] == [entry.text for entry in page.entries[-2:]]
    assert datetime(2026, 3, 10, tzinfo=UTC) == view.clock_at("tracker")
    assert view.clock_at(None) is None
