"""Bounded caches: the value that was used longest ago goes first."""

from __future__ import annotations

from projections.bounded_cache import BoundedCache


def test_the_value_that_was_used_longest_ago_goes_first() -> None:
    cache = BoundedCache[str, int](limit=2)
    cache.put("a", 1)
    cache.put("b", 2)

    # when
    assert 1 == cache.get("a")
    cache.put("c", 3)

    # then
    assert 2 == len(cache)
    assert (1, None, 3) == (cache.get("a"), cache.get("b"), cache.get("c"))


def test_a_later_value_takes_the_place_of_an_earlier_one() -> None:
    cache = BoundedCache[str, int](limit=2)
    cache.put("a", 1)
    cache.put("a", 2)

    assert (1, 2) == (len(cache), cache.get("a"))
