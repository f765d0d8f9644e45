"""Instants leave in one form, wherever they stand in what is encoded; everything else is as msgspec has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.instants import encode_json, encode_json_parts, format_instant, from_micros, to_micros

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
FORMATTED = "2026-03-04T12:00:00.000000Z"


class Moment(msgspec.Struct, frozen=True, omit_defaults=True, tag="moment", rename={"at": "time"}):
    at: datetime
    until: datetime | None = None
    text: str = ""
    within: Any = None


@pytest.mark.parametrize("hours", [0, 5.5, -3])
def test_an_instant_has_six_digits_and_a_z(hours: float) -> None:
    instant = NOON.astimezone(timezone(timedelta(hours=hours)))

    assert FORMATTED == format_instant(instant)
    assert f'"{FORMATTED}"'.encode() == encode_json(instant)


def test_a_text_that_looks_like_an_instant_stays_as_it_was_written() -> None:
    written = "2026-03-04T12:00:00Z"

    encoded = encode_json(Moment(at=NOON, text=written, within=[{written: (NOON, written, None, 1.5)}]))

    expected = {
        "type": "moment",
        "time": FORMATTED,
        "text": written,
        "within": [{written: [FORMATTED, written, None, 1.5]}],
    }
    assert expected == msgspec.json.decode(encoded)


@given(st.integers(0, 2**51), st.text(max_size=20), st.sampled_from([1, 1_000, 1_000_000, 3_600_000_000]))
def test_an_encoded_instant_is_read_as_itself(micros: int, text: str, coarse: int) -> None:
    moment = Moment(at=from_micros(micros - micros % coarse), until=from_micros(micros), text=text)

    encoded = encode_json(moment)

    plain = msgspec.json.decode(encoded)
    assert moment == msgspec.json.decode(encoded, type=Moment)
    assert {len(FORMATTED)} == {len(plain[name]) for name in ("time", "until")}
    assert micros == to_micros(datetime.fromisoformat(plain["until"]))


class Listing(msgspec.Struct, frozen=True, omit_defaults=True, rename={"moments": "list"}):
    at: datetime
    moments: Sequence[Moment | str] = ()
    by_name: dict[str, Moment] = {}
    more: bool = False


@given(*[st.sampled_from([0, 3, 64, 65, 300])] * 2, st.sampled_from([0, 5]), st.booleans())
def test_parts_are_what_is_encoded_as_one(listed: int, named: int, micros: int, is_more: bool) -> None:
    moments = [Moment(at=NOON + timedelta(microseconds=micros * number), text="\0") for number in range(listed)]
    listing = Listing(
        at=NOON,
        moments=[*moments, "T12:00:00Z"] if is_more else tuple(moments),
        by_name={f"n{number}": Moment(at=NOON) for number in range(named)},
        more=is_more,
    )
    sections = {"first": listing.moments, "listing": listing, "named": listing.by_name}

    assert encode_json(listing) == b"".join(encode_json_parts(listing))
    assert encode_json(sections) == b"".join(encode_json_parts(sections))
    assert encode_json(moments) == b"".join(encode_json_parts(moments))


@pytest.mark.parametrize("letters", [0, 200, 20_000])
def test_no_part_holds_much_of_a_long_list_or_dict(letters: int) -> None:
    moments = [Moment(at=NOON, text="t" * (letters or number)) for number in range(1_000)]
    listing = Listing(at=NOON, moments=moments, by_name={str(number): moments[number] for number in range(1_000)})

    assert 150_000 >= max(map(len, encode_json_parts(listing)))
