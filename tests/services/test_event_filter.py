"""Type patterns of the event filter; what a viewer is shown of a filtered feed: `tests/api/test_events.py`."""

from __future__ import annotations

import pytest

from domain.registry import EVENTS
from services.event_filter import TYPE_PATTERNS, EventFilter, matches_type


@pytest.mark.parametrize(
    ("pattern", "taken"),
    [
        ("goal.promised.v1", {"goal.promised.v1"}),
        ("goal.promised.*", {"goal.promised.v1"}),
        ("decision.*", {tag for tag in EVENTS if tag.startswith("decision.")}),
    ],
)
def test_a_pattern_stands_for_a_type_its_versions_or_its_kind(pattern: str, taken: set[str]) -> None:
    assert taken == set(EventFilter(types=(pattern,)).tags)


def test_a_prefix_ends_at_a_dot() -> None:
    assert not matches_type(("goal.promise.*",), "goal.promised.v1")
    assert matches_type(("goal.*",), "goal.invented_later.v1")


def test_every_type_and_every_prefix_of_one_is_a_pattern() -> None:
    assert set(EVENTS) < set(TYPE_PATTERNS)
    assert {"goal.*", "organisation.*", "goal.checked_in.*"} < set(TYPE_PATTERNS)
    assert all(EventFilter(types=(pattern,)).tags for pattern in TYPE_PATTERNS)
