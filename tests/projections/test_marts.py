"""Marts that are followed by position come to what a whole export gives, wherever a history is cut."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import Refusal
from domain.goal import acts
from domain.member import member
from projections.as_of import AsOf, resolve_as_of
from projections.database.database import Database
from projections.marts.columns import Mart
from projections.marts.load_weeks import FACT_LOAD_WEEK
from projections.marts.reading import read_rows
from projections.marts.registry import MARTS
from tests.projections.random_histories import Step, steps, story_of
from tests.projections.test_one_order import moves
from tests.projections.test_one_order import story_of as story_of_moves
from tests.projections.test_replay import engine_with_empty_views
from tests.spec import offer
from tests.story import Story

STEWARD = frozenset({"steward"})
Rows = dict[tuple[Any, ...], tuple[Any, ...]]


def as_of_position(database: Database, story: Story, position: int) -> AsOf:
    view = resolve_as_of(database, story, story.organisation_id, now=story.now)
    return msgspec.structs.replace(view, known_position=position, position=position)


def update(rows: Rows, mart: Mart, database: Database, as_of: AsOf, *, after: int) -> Rows:
    """The rows by key, after what an export behind a position brings."""
    updated, keys = dict(rows), set()
    names = [column.name for column in mart.columns]
    for row in read_rows(database, as_of, mart, after=after, names=True):
        values = dict(zip(names, row, strict=True))
        key = tuple(values[name] for name in mart.key)
        assert key not in keys
        assert after < values["position"] <= as_of.position
        keys.add(key)
        if values["deleted"]:
            assert {None} == {values[name] for name in names if name not in (*mart.key, "position", "deleted")}
            updated.pop(key, None)
        else:
            updated[key] = row
    return updated


def check_cuts(database: Database, story: Story, cuts: list[int]) -> None:
    """Export up to each cut behind the one before, and compare with the whole."""
    for mart in MARTS.values():
        rows: Rows = {}
        after = 0
        for cut in sorted({min(cut, story.head()) for cut in cuts} | {story.head()}):
            as_of = as_of_position(database, story, cut)
            rows = update(rows, mart, database, as_of, after=after)
            assert update({}, mart, database, as_of, after=0) == rows, (mart.name, after, cut)
            after = cut


_leaves = st.tuples(st.sampled_from(["ana", "ben", "sam"]), st.integers(0, 60), st.integers(0, 40))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps.map(lambda draws: draws[:12]),
    st.lists(st.tuples(_leaves, steps.map(lambda draws: draws[:4])), max_size=2),
    st.lists(st.integers(1, 60), max_size=4),
)
def test_for_every_history_and_cut_the_deltas_come_to_the_whole_export(
    database: Database, draws: Any, departures: list[tuple[tuple[str, int, int], Any]], cuts: list[int]
) -> None:
    # given quiet weeks, and who left long before it was known
    story = story_of(draws)
    for (person, quiet, late), more in departures:
        learnt = story.now + timedelta(days=quiet)
        left = learnt - timedelta(days=late)
        with suppress(Refusal):
            story.says("stella", member.Leave(), on=person, at=left, learnt=learnt, roles=STEWARD)
        for draw in more:
            Step(draw).apply(story)
    engine_with_empty_views(database, story).catch_up()

    # then
    check_cuts(database, story, cuts)


def test_weeks_in_which_nothing_happened_are_exported_with_the_next_event(database: Database) -> None:
    # given
    story = Story(begins="2026-03-02")
    story.says("ana", offer(), on="goal")
    story.says("sam", acts.Accept(), on="goal")
    before = story.head()
    story.says("ana", acts.CheckIn(note="still here"), on="goal", at="2026-03-24T09:00")
    engine_with_empty_views(database, story).catch_up()

    # when
    changed = update({}, FACT_LOAD_WEEK, database, as_of_position(database, story, story.head()), after=before)

    # then
    assert {"2026-03-09", "2026-03-16", "2026-03-23"} == {week for _, week in changed}
    check_cuts(database, story, [before])


def test_who_had_left_before_it_was_known_is_deleted_from_the_weeks_since(database: Database) -> None:
    # given
    story = Story(begins="2026-03-02")
    story.says("ana", offer(), on="goal")
    story.says("sam", acts.Accept(), on="goal")
    story.says("ana", acts.CheckIn(note="still here"), on="goal", at="2026-03-31T09:00")
    before = story.head()
    story.says("stella", member.Leave(), on="ben", at="2026-03-11T09:00", learnt="2026-04-01T09:00", roles=STEWARD)
    engine_with_empty_views(database, story).catch_up()
    as_of = as_of_position(database, story, story.head())

    # when
    names = [column.name for column in FACT_LOAD_WEEK.columns]
    delta = [dict(zip(names, row, strict=True)) for row in read_rows(database, as_of, FACT_LOAD_WEEK, after=before)]

    # then
    gone = [(row["member_id"], row["week"]) for row in delta if row["deleted"]]
    assert [(str(story.id("ben")), week) for week in ("2026-03-16", "2026-03-23", "2026-03-30")] == gone
    check_cuts(database, story, [before])


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves, st.lists(st.integers(0, 40), max_size=2))
def test_what_is_exported_after_each_cut_is_the_whole_where_members_move_and_teams_are_archived(
    database: Database, drawn: list[tuple[int, int, int, int]], cuts: list[int]
) -> None:
    story = story_of_moves(drawn)
    engine_with_empty_views(database, story).catch_up()

    check_cuts(database, story, cuts)
