"""What was stored once is read for ever: one kept event per tag, never edited."""

from __future__ import annotations

import msgspec
import pytest

from domain.registry import EVENTS
from tests.domain import golden

GOLDEN_TAGS = sorted(file.stem for file in golden.FILES.glob("*.json"))


def test_every_tag_has_a_kept_event() -> None:
    """A new one: `python -m tests.domain.golden write`, and look at what it wrote."""
    assert [] == sorted(EVENTS.keys() - set(GOLDEN_TAGS))


@pytest.mark.parametrize("tag", GOLDEN_TAGS)
def test_a_kept_event_is_read_whole_by_todays_code(tag: str) -> None:
    """Unknown fields are tolerated on reading, so a field that was renamed or dropped shows only when written again."""
    kept = msgspec.json.decode(golden.golden_path(tag).read_bytes())

    event = golden.decode_golden(tag)

    assert kept == msgspec.json.decode(golden.MAPPER.to_stored_event(event).state)


@pytest.mark.parametrize("tag", GOLDEN_TAGS)
def test_a_kept_event_keeps_its_tag_or_has_a_successor(tag: str) -> None:
    assert EVENTS[golden.decode_golden(tag).type] is type(golden.decode_golden(tag).data)


@pytest.mark.parametrize("tag", ["goal.checked_in.v1", "member.joined.v1"])
def test_personal_text_is_kept_apart_from_the_fact(tag: str) -> None:
    kept = msgspec.json.decode(golden.golden_path(tag).read_bytes())

    assert kept["sealed"]["texts"]
    assert not [text for text in kept["sealed"]["texts"].values() if text in msgspec.json.encode(kept["data"]).decode()]
