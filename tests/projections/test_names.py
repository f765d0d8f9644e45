"""Names and titles are those of the time asked about, as they were known: the same question, the same words."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec
import pytest
from msgspec.structs import replace

from domain.goal import acts
from domain.team import team
from domain.terms import SupportInput
from projections.as_of import AsOf
from projections.database.database import Database
from projections.history.history import load_history
from projections.lineage.why import explain_field
from projections.sight import EVERYTHING
from tests.projections.conftest import ProjectStory
from tests.spec import offer
from tests.story import Story


@pytest.fixture
def story() -> Story:
    """A goal that supports another, and says so in its history; both began in March."""
    story = Story(begins="2026-03-02")
    story.says("ana", replace(offer(), title="The old title"), on="parent", at="2026-03-02T09:00")
    story.says("sam", acts.Accept(), on="parent", at="2026-03-02T10:00")
    story.says("ana", offer(supports=[SupportInput(goal="parent")]), on="child", at="2026-03-03T09:00")
    story.says("sam", acts.Accept(), on="child", at="2026-03-03T10:00")
    story.says("ana", acts.AffirmLink(supports=[SupportInput(goal="parent")]), on="child", at="2026-03-04T09:00")
    return story


def rename(story: Story, at: str, learnt: str | None = None) -> None:
    story.says("ana", acts.Retitle(title="The new title"), on="parent", at=at, learnt=learnt)
    story.says("stella", team.Rename(name="New"), on="core", at=at, learnt=learnt)


def called(database: Database, story: Story, as_of: AsOf) -> tuple[str | None, str | None]:
    parent, core = story.id("parent", "goal"), story.id("core", "team")
    names = EVERYTHING.load_names(database, as_of, [parent, core])
    return names.get(str(parent)), names.get(str(core))


def test_a_sentence_quotes_a_title_of_its_time(database: Database, project: ProjectStory, story: Story) -> None:
    # given
    def read(as_of: AsOf) -> list[str]:
        child = story.id("child", "goal")
        texts = [entry.text for entry in load_history(database, as_of, child, sight=EVERYTHING)]
        return [
            *texts,
            msgspec.json.encode(explain_field(database, as_of, child, "supports", sight=EVERYTHING)).decode(),
        ]

    early = project(story, date(2026, 3, 10))
    before = read(early)

    # when
    rename(story, "2026-03-20T09:00")
    now = project(story)

    # then
    assert before == read(early) == read(project(story, date(2026, 3, 10)))
    assert any("The old title" in text for text in before)
    assert not any("The old title" in text for text in read(now)[:-1])
    assert any("The new title" in text for text in read(now))


def test_a_name_is_the_one_that_was_known(database: Database, project: ProjectStory, story: Story) -> None:
    early = project(story, date(2026, 3, 20))
    before = called(database, story, early)

    rename(story, "2026-03-12T09:00", learnt="2026-04-01T09:00")
    late = project(story, date(2026, 3, 20))

    assert ("The old title", "Core") == before == called(database, story, early)
    assert ("The new title", "New") == called(database, story, late)
    assert ("The old title", "Core") == called(database, story, project(story, date(2026, 3, 11)))
    knew = datetime(2026, 3, 31, tzinfo=UTC)
    assert before == called(database, story, project(story, date(2026, 3, 20), recorded_as_of=knew))


def test_what_began_later_is_called_as_at_its_beginning(
    database: Database, project: ProjectStory, story: Story
) -> None:
    rename(story, "2026-03-20T09:00")

    assert ("The old title", "Core") == called(database, story, project(story, date(2026, 3, 1)))


def test_a_name_that_was_not_known_is_not_told(database: Database, project: ProjectStory, story: Story) -> None:
    knew = datetime(2026, 2, 1, tzinfo=UTC)

    as_of = project(story, date(2026, 3, 10), recorded_as_of=knew)

    assert (None, None) == called(database, story, as_of)
