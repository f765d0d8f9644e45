"""Searching the events of all streams: every page together is what a look at each event finds."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.envelope import RecordedEvent
from domain.errors import InvalidField
from domain.goal import acts
from domain.instants import to_micros
from domain.member import member
from domain.reasons import Reason, ReasonCode
from projections.as_of import AsOf
from projections.database.database import Database
from projections.history import search
from projections.history.search import EventKey, EventSearch, FoundEvents, search_events
from projections.sight import EVERYTHING
from tests.projections.conftest import ProjectStory
from tests.spec import offer
from tests.story import Story

CODES = list(ReasonCode)
WORDS = (
    'the "bank" is late, once more',
    "50% done_ \\ and maybe some more",
    "Größer als gedacht, says THE bank",
    "nothing of note, really nothing",
)


@pytest.fixture
def story() -> Story:
    """Four goals, changed for many reasons; every fifth change was recorded weeks after it happened."""
    story = Story(begins="2026-03-02", zone="Pacific/Auckland")
    for goal in ("one", "two", "three", "four"):
        story.says("ana", offer(due=date(2026, 9, 25)), on=goal, at=story.now + timedelta(hours=1))
        story.says("sam", acts.Accept(), on=goal)
    for number, goal in zip(range(13), itertools.cycle(("one", "two", "three", "four")), strict=False):
        at = story.now + timedelta(hours=7)
        reason = Reason(code=CODES[number % len(CODES)], text=WORDS[number % len(WORDS)])
        changes = acts.Changes(due=date(2026, 9, 1) + timedelta(days=number))
        story.says("ana", acts.ProposeChange(changes=changes, reason=reason), on=goal, at=at)
        story.says("sam", acts.RejectChange(reason=reason), on=goal)
        if number % 4 == 0:
            said = story.now - timedelta(days=1)
            story.says(
                "ben", member.DeclareCapacity(hours_per_week=30, from_=date(2026, 4, 1)), at=said, learnt=story.now
            )
    return story


def walk(database: Database, view: AsOf, wanted: EventSearch, limit: int, **how: Any) -> Iterator[FoundEvents]:
    """Page after page, to the last."""
    cursor: str | None = None
    for _ in range(500):
        page = search_events(
            database, view, wanted, sight=EVERYTHING, cursor=cursor, limit=limit, **{"shown": None, **how}
        )
        yield page
        cursor = page.next
        if cursor is None:
            return
    raise AssertionError("it has no end")


def find(database: Database, view: AsOf, wanted: EventSearch, limit: int = 7, **how: Any) -> list[int]:
    return [found.position for page in walk(database, view, wanted, limit, **how) for found in page.events]


def look_at_each(story: Story, view: AsOf, wanted: EventSearch) -> list[int]:
    """The same, by a look at every event."""

    def is_wanted(event: RecordedEvent) -> bool:
        reason: Any = event.reason
        day = event.occurred_at.astimezone(view.tzinfo).date()
        return (
            event.occurred_at <= view.at
            and event.log_position <= view.known_position
            and (wanted.person is None or wanted.person in (event.actor, event.on_behalf_of, event.stream_id))
            and wanted.stream in (None, event.stream_id)
            and (not wanted.types or event.type in wanted.types)
            and (not wanted.reasons or (reason is not None and reason.code in wanted.reasons))
            and all(reason is not None and word.lower() in reason.text.lower() for word in wanted.words)
            and (wanted.first is None or wanted.first <= day)
            and (wanted.last is None or day <= wanted.last)
            and wanted.position in (None, event.position)
        )

    found = sorted(filter(is_wanted, story.events), key=lambda e: (e.occurred_at, e.log_position), reverse=True)
    return [event.position for event in found]


def list_questions(story: Story) -> list[EventSearch]:
    ways: dict[str, list[Any]] = {
        "person": [None, story.id("ana"), story.id("ben"), story.id("stella")],
        "stream": [None, story.id("two", "goal")],
        "types": [(), ("goal.change_proposed.v1", "goal.change_rejected.v1"), tuple({e.type for e in story.events})],
        "reasons": [(), (ReasonCode.CAPACITY, ReasonCode.OTHER)],
        "words": [(), ("bank",), ('"bank"', "LATE"), ("50% done_", "\\"), ("größer",), ("code",)],
        "days": [(None, None), (date(2026, 3, 4), date(2026, 3, 6)), (date(1, 1, 1), date(9999, 12, 31))],
    }
    found = [EventSearch(position=20)]
    for one, other in itertools.combinations(ways, 2):
        for first, second in itertools.product(ways[one], ways[other]):
            asked = {one: first, other: second}
            start, end = asked.pop("days", (None, None))
            found.append(EventSearch(first=start, last=end, **asked))
    # Each pair of ways has some of them.
    return found[::4]


def test_the_pages_of_a_search_are_what_a_look_at_each_event_finds(
    database: Database, project: ProjectStory, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given pages that look at few events
    monkeypatch.setattr(search, "STEPS", (5, 9))
    view = project(story)

    for number, wanted in enumerate(list_questions(story)):
        # `ü` has a case of its own: only that of ASCII letters does not count.
        expected = look_at_each(story, view, wanted)
        assert expected == find(database, view, wanted, limit=3 + number % 9), wanted
        if number % 3 == 0:
            assert expected == find(database, view, wanted, limit=30, walks_all=True), wanted


def test_a_search_asked_again_with_what_it_knew_has_the_same_pages(
    database: Database, project: ProjectStory, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "STEPS", (5, 9))
    view, wanted = project(story), EventSearch(words=("bank",), last=date(2026, 4, 1))
    before = list(walk(database, view, wanted, 4))

    # when more is recorded, some of it about days long past
    said = story.now + timedelta(days=3)
    story.says("ben", member.DeclareCapacity(hours_per_week=20, from_=date(2026, 4, 2)), at="2026-03-05", learnt=said)
    story.says("ana", acts.Retitle(title="Another title"), on="one")
    project(story)
    again = project(story, view.at, recorded_as_of=view.recorded_as_of)

    # then
    assert before == list(walk(database, again, wanted, 4))
    # and a search that began before goes on as it had begun
    rest = [
        search_events(database, project(story), wanted, sight=EVERYTHING, shown=None, cursor=before[0].next, limit=4)
    ]
    assert before[1:2] == rest


def test_where_a_page_ends_says_nothing_of_what_is_hidden(
    database: Database, project: ProjectStory, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "STEPS", (6, 9))
    view, hidden = project(story), story.id("two", "goal")

    def pages(wanted: EventSearch) -> list[FoundEvents]:
        def shown(keys: Any) -> list[EventKey]:
            return [key for key in keys if key.stream_id != hidden]

        return list(walk(database, view, wanted, 50, shown=shown, walks_all=True))

    # when nothing is shown, and when nothing is there
    nothing_shown, nothing_there = pages(EventSearch(words=("bank",), stream=hidden)), pages(EventSearch(words=("zz",)))

    # then as many pages say so
    assert {()} == {tuple(page.events) for page in (*nothing_shown, *nothing_there)}
    shown = pages(EventSearch(person=story.id("ana")))
    assert len(nothing_there) == len(shown)
    assert all(found.stream != hidden for page in shown for found in page.events)


def test_a_cursor_of_another_search_is_refused(database: Database, project: ProjectStory, story: Story) -> None:
    view = project(story)
    page = search_events(database, view, EventSearch(), sight=EVERYTHING, shown=None, limit=3)

    with pytest.raises(InvalidField):
        search_events(
            database, view, EventSearch(person=UUID(int=1)), sight=EVERYTHING, shown=None, cursor=page.next, limit=3
        )


def test_a_found_event_says_of_which_stream_it_is(database: Database, project: ProjectStory, story: Story) -> None:
    view = project(story)
    (found,) = search_events(
        database, view, EventSearch(position=story.events[-1].position), sight=EVERYTHING, shown=None
    ).events

    assert (story.events[-1].event_id, story.events[-1].stream_id) == (found.event_id, found.stream)
    assert to_micros(story.events[-1].recorded_at) == to_micros(found.recorded_at)
    assert found.kind == story.events[-1].kind
