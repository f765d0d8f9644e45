"""Since when a tension shows, on both databases: weeks that are asked once, and what makes them be asked again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.experiment.events import Tension
from domain.goal.acts import Accept, CheckIn
from projections.as_of import AsOf
from projections.bounded_cache import BoundedCache
from projections.database.database import Database
from projections.figures import Figure, ReportScope
from projections.tensions import weeks
from projections.tensions.figures import TensionContext, load_figures, load_organisation
from projections.tensions.report import TensionEntry, build_report
from projections.tensions.weeks import Since, cache_of, find_since
from tests.projections.conftest import ProjectStory
from tests.spec import Story, offer

OWNERS = ("ana", "ben", "sam", "mia", "lea")


def story_of_silence() -> Story:
    """Five owners promise on the 12th of January, and say nothing more."""
    story = Story()
    for owner in OWNERS:
        sponsor = "lea" if owner != "lea" else "ana"
        due, start = date(2026, 9, 30), date(2026, 1, 12)
        story.says(owner, offer(owner, sponsor, due=due, start=start), on=owner, at="2026-01-12T10:00")
        story.says(sponsor, Accept(), on=owner, at="2026-01-12T11:00")
    return story


def read_drift(database: Database, view: AsOf, story: Story) -> TensionEntry:
    scope = ReportScope.with_default_window(
        team=story.id("core", "team"), member=None, window=None, explain=False, default_days=84
    )
    return next(e for e in build_report(database, view, scope).tensions if e.tension == Tension.SILENT_DRIFT)


def test_silence_shows_once_it_is_longer_than_cadence_and_grace(database: Database, project: ProjectStory) -> None:
    # given cadence 14 and grace 3: stale from the 29th of January, a Thursday, on
    story = story_of_silence()

    assert "absent" == read_drift(database, project(story, date(2026, 1, 28)), story).state
    assert ("shows", date(2026, 1, 29)) == since_of(database, project(story, date(2026, 1, 29)), story)
    # the first Sunday that has it
    assert ("shows", date(2026, 2, 1)) == since_of(database, project(story, date(2026, 2, 20)), story)


def since_of(database: Database, view: AsOf, story: Story) -> tuple[str, date | None]:
    entry = read_drift(database, view, story)
    return entry.state, entry.since


def test_further_back_than_twelve_weeks_is_not_looked(database: Database, project: ProjectStory) -> None:
    entry = read_drift(database, project(story := story_of_silence(), date(2026, 6, 3)), story)

    assert (date(2026, 3, 15), True) == (entry.since, entry.since_or_earlier)


def test_a_word_breaks_the_row_and_one_that_is_recorded_late_does_so_too(
    database: Database, project: ProjectStory
) -> None:
    # given it showed on each Sunday since the 1st of February
    story = story_of_silence()
    before = project(story, date(2026, 3, 4))
    assert ("shows", date(2026, 2, 1)) == since_of(database, before, story)

    # when words of the 10th of February become known in March
    for owner in OWNERS:
        story.says(owner, CheckIn(note="so"), on=owner, at="2026-02-10", learnt="2026-03-05")
    after = project(story, date(2026, 3, 4))

    # then the weeks are looked at anew, and what was known before is still the same
    assert ("shows", date(2026, 3, 1)) == since_of(database, after, story)
    assert ("shows", date(2026, 2, 1)) == since_of(database, before, story)


def test_a_week_is_asked_once_while_nothing_earlier_becomes_known(
    database: Database, project: ProjectStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    story, asked = story_of_silence(), list[date]()

    def count(at: TensionContext, wanted: Any) -> list[Any]:
        asked.append(at.as_of.today)
        return load_figures(at, wanted)

    monkeypatch.setattr("projections.tensions.weeks.load_figures", count)
    first = since_of(database, project(story, date(2026, 3, 4)), story)
    assert 5 < len(asked)
    asked.clear()

    # when something of later becomes known
    story.says("ana", CheckIn(note="so"), on="ana", at="2026-03-06")

    # then
    assert first == since_of(database, project(story, date(2026, 3, 4)), story)
    assert [] == asked


def test_weeks_are_bounded() -> None:
    cache, organisation = BoundedCache[object, object](limit=3), UUID(int=1)
    for day in range(1, 9):
        cache.put((organisation, None, 84, date(2026, 1, day)), weeks.Week(1, {}))

    assert 3 == len(cache)
    assert cache.get((organisation, None, 84, date(2026, 1, 8))) is not None


def test_nothing_is_looked_up_where_nothing_shows(database: Database, project: ProjectStory) -> None:
    story = story_of_silence()
    view = project(story, datetime(2026, 1, 20, 9, tzinfo=UTC))
    at = TensionContext(
        database=database, as_of=view, scope=ReportScope(), organisation=load_organisation(database, view)
    )

    assert {} == find_since(at, [])
    assert 0 == len(cache_of(database))
    assert Since(date(2026, 1, 20), or_earlier=False) == find_since(at, [Tension.MONITORING])[Tension.MONITORING]


def test_a_withheld_figure_withholds_its_tension(database: Database, project: ProjectStory) -> None:
    story = story_of_silence()
    report = build_report(database, project(story, date(2026, 3, 4)), ReportScope(window=84, default_days=84))
    withheld = Figure(name="stale_share", value=None, status="withheld", rule=None)

    shown = type(report)(
        **{
            **{name: getattr(report, name) for name in report.__struct_fields__},
            "figures": [withheld if figure.name == "stale_share" else figure for figure in report.figures],
        }
    ).without_withheld(past=False)

    states = {entry.tension: (entry.state, entry.since) for entry in shown.tensions}
    assert ("withheld", None) == states[Tension.SILENT_DRIFT]
    assert ("shows", None) == states[Tension.VAGUE_EXPECTATIONS]
