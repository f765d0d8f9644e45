from __future__ import annotations

import hashlib
import sys

from services.imports.digest_counter import DigestCounter


def digest(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def test_it_counts_how_often_a_digest_came_up() -> None:
    tally = DigestCounter()

    found = [tally.add(digest(number)) for number in (1, 2, 1, 1, 3, 2)]

    assert [1, 1, 2, 3, 1, 2] == found


def test_it_knows_what_it_has_counted_after_growing_many_times() -> None:
    tally = DigestCounter()
    for number in range(50_000):
        assert tally.add(digest(number)) == 1

    assert all(digest(number) in tally for number in range(50_000))
    assert not any(digest(number) in tally for number in range(50_000, 51_000))


def test_a_digest_of_zeros_is_counted_like_any_other() -> None:
    tally = DigestCounter()

    assert bytes(32) not in tally
    assert [1, 2] == [tally.add(bytes(32)), tally.add(bytes(32))]


def test_a_hundred_thousand_keys_take_a_few_megabytes() -> None:
    tally = DigestCounter()
    for number in range(100_000):
        tally.add(digest(number))

    assert sys.getsizeof(tally._slots) <= 4 * 1024 * 1024
