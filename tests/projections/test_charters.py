"""Charters as versions: what each keeps, and who acknowledged it, read from facts of their own."""

from __future__ import annotations

from msgspec.structs import replace

from domain.charter.acts import RetireNonNegotiable
from domain.charter.evolve import evolve
from domain.charter.state import Charter, NonNegotiable, charter_id
from projections.as_of import resolve_as_of
from projections.charters.charters import CHARTERS, charter_at, charters_at, charters_of
from projections.database.database import Database
from projections.drift.facts import DRIFT
from projections.engine.engine import Engine
from projections.people import MEMBERS, ORGANISATIONS, TEAMS
from tests.projections.test_drift import database
from tests.projections.test_drift_expectations import acknowledge, story_with_expectations
from tests.spec import Story, why

__all__ = ["database"]


def project_charters(story: Story, database: Database) -> Story:
    engine = Engine(story, database, [CHARTERS, DRIFT, MEMBERS, ORGANISATIONS, TEAMS])
    engine.migrate()
    engine.catch_up()
    return story


def max_body_length(database: Database) -> int:
    [row] = database.query("SELECT MAX(LENGTH(body)) AS longest FROM charters", {})
    return int(row.longest)


def test_a_version_of_a_charter_is_as_long_however_many_have_acknowledged_it(database: Database) -> None:
    story = project_charters(story_with_expectations(), database)
    before = max_body_length(database)

    for who in ("lea", "ana", "ben", "sam", "mia"):
        acknowledge(story, who, 1, 2)
    project_charters(story, database)

    assert before == max_body_length(database)


def test_who_acknowledged_is_told_with_the_charter_of_all_or_of_one(database: Database) -> None:
    story = project_charters(acknowledge(acknowledge(story_with_expectations(), "ana", 1, 2), "ben", 1), database)
    view = resolve_as_of(database, story, story.organisation_id, now=story.now)
    expected: Charter | None = None
    for event in story.stream("core", "charter"):
        expected = evolve(expected, event)
    assert expected is not None

    assert [expected] == [held.charter for held in charters_at(database, view)]
    held = charter_at(database, view, charter_id(story.organisation_id, story.id("core", "team")))
    assert held is not None
    assert expected == held.charter
    ben, core = story.id("ben"), story.id("core", "team")
    own = tuple(_only_acknowledged_by(n, ben) for n in expected.non_negotiables)
    assert {core: replace(expected, non_negotiables=own)} == charters_of(database, view, [None, core], voice=ben)


def test_who_had_acknowledged_what_stands_no_longer_is_in_the_history_alone(database: Database) -> None:
    story = acknowledge(story_with_expectations(), "ana", 1, 2)
    before: Charter = story.state("core", "charter")
    story.says("lea", RetireNonNegotiable(non_negotiable=str(before.non_negotiables[0].id), reason=why()), on="core")
    project_charters(story, database)
    view = resolve_as_of(database, story, story.organisation_id, now=story.now)

    expected: Charter = story.state("core", "charter")

    assert [0, 1] == [len(n.acknowledged) for n in expected.non_negotiables][:2]
    held = charter_at(database, view, charter_id(story.organisation_id, story.id("core", "team")))
    assert held is not None
    assert expected == held.charter


def _only_acknowledged_by(held: NonNegotiable, member: object) -> NonNegotiable:
    return replace(held, acknowledged=tuple(said for said in held.acknowledged if said.member == member))
