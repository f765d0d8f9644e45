"""How the tests of overload tell a story and ask about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from domain.goal.acts import (
    Accept,
    AcceptChange,
    Cancel,
    Changes,
    ProposeChange,
    TradeOffInput,
)
from domain.member.member import DeclareCapacity
from projections.as_of import resolve_as_of
from projections.database.database import Database
from projections.engine.engine import Engine
from projections.figures import Figure, ReportScope
from projections.overload import report as overload_report
from projections.overload.facts import OVERLOAD
from projections.overload.report import OverloadReport
from projections.people import MEMBERS, ORGANISATIONS, TEAMS
from tests.spec import instant, offer, why
from tests.story import Story

RunReport = Callable[..., OverloadReport]
NOW = datetime(2027, 1, 1, tzinfo=UTC)
STEWARD = frozenset({"steward"})


@contextmanager
def report_runner(folder: Path) -> Iterator[RunReport]:
    """Follow a story to its end and report: `ask(story, "2026-03-04", member="ana")`; each story in its own tables."""
    opened: dict[int, Database] = {}

    def report(story: Story, as_of: str, **asked: Any) -> OverloadReport:
        if story.seed not in opened:
            opened[story.seed] = Database.open(f"sqlite:///{folder / str(story.seed)}.db")
        return run_report(opened[story.seed], story, as_of, **asked)

    yield report
    for database in opened.values():
        database.close()


def run_report(
    database: Database, story: Story, as_of: str, *, recorded_as_of: str | None = None, **asked: Any
) -> OverloadReport:
    engine = Engine(story, database, [MEMBERS, TEAMS, ORGANISATIONS, OVERLOAD])
    engine.migrate()
    engine.catch_up()
    assert all(status.missing == status.held == 0 for status in engine.status())
    view = resolve_as_of(
        database,
        story,
        story.organisation_id,
        as_of=instant(as_of) if "T" in as_of else date.fromisoformat(as_of),
        recorded_as_of=instant(recorded_as_of) if recorded_as_of else None,
        now=NOW,
    )
    ids: dict[str, Any] = {name: story.id(asked.pop(name), name) for name in ("team", "member") if name in asked}
    return overload_report.build_report(database, view, ReportScope(**ids, **asked))


def promise_goal(story: Story, goal: str, at: str, **terms: Any) -> UUID:
    """An offer accepted in the same minute; the event that made the promise. `said` holds fields of the offer."""
    fields = terms.pop("said", {})
    said = msgspec.structs.replace(offer(**terms), **fields)
    story.says(said.owner or "", said, on=goal, at=at)
    story.says(said.sponsor or "", Accept(), on=goal, at=at)
    return story.last_event(goal).event_id


def change_goal(
    story: Story, goal: str, at: str, *, trade_offs: list[TradeOffInput] | None = None, **changes: Any
) -> UUID:
    """A change that ana proposes and sam accepts in the same minute; the event that put it in force."""
    proposal = ProposeChange(changes=Changes(**changes), reason=why(), trade_offs=trade_offs or [])
    story.says("ana", proposal, on=goal, at=at)
    story.says("sam", AcceptChange(), on=goal, at=at)
    return story.last_event(goal).event_id


def cancel_goal(story: Story, goal: str, at: str, *, trade_offs: list[TradeOffInput] | None = None) -> UUID:
    """The sponsor cancels; the event."""
    story.says("sam", Cancel(reason=why(), trade_offs=trade_offs or []), on=goal, at=at)
    return story.last_event(goal).event_id


def trade_offs_for(goal: str, kind: Any = "defer") -> list[TradeOffInput]:
    return [TradeOffInput(kind=kind, for_=goal)]


def find_figure(report: OverloadReport, name: str, **keys: object) -> Figure:
    """The only figure of that name with these keys; of a group figure, the one of no goal."""
    wanted = {"goal": None, **keys}
    (figure,) = [f for f in report.figures if f.name == name and all(getattr(f, k) == v for k, v in wanted.items())]
    return figure


def find_load_figure(report: OverloadReport, story: Story, who: str = "ana", week: str = "2026-03-02") -> Figure:
    return find_figure(report, "load_ratio", member=story.id(who), week=date.fromisoformat(week))


def count_and_n(report: OverloadReport) -> tuple[int | None, int | None]:
    """Additions without a trade-off, of how many."""
    figure = find_figure(report, "yes_and_ratio")
    return figure.count, figure.n


def parse_day(text: str) -> date:
    return date.fromisoformat(text)


def story_at_capacity() -> Story:
    """Ana is full for weeks: whatever is added takes her over the amber line."""
    story = Story()
    story.says("ana", DeclareCapacity(hours_per_week=40, from_=parse_day("2026-01-01")))
    promise_goal(
        story, "base", "2026-01-20", effort_hours=320, start=parse_day("2026-03-02"), due=parse_day("2026-05-08")
    )
    promise_goal(
        story, "other", "2026-01-20", effort_hours=60, start=parse_day("2026-03-02"), due=parse_day("2026-04-10")
    )
    return story
