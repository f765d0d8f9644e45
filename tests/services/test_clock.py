from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from services.clock import TimeOrderedIds, utc_now


def test_an_id_is_a_uuid_of_version_7_with_its_millisecond_in_front() -> None:
    found = TimeOrderedIds(lambda: 0x0123456789AB)()

    assert found.version == 7
    assert found.variant == "specified in RFC 4122"
    assert found.int >> 80 == 0x0123456789AB


def test_ids_grow_within_one_millisecond() -> None:
    ids = TimeOrderedIds(lambda: 1_700_000_000_000)

    found = [ids() for _ in range(10_000)]

    assert sorted(set(found)) == found


def test_ids_grow_when_the_clock_is_set_back() -> None:
    clock = iter([2000, 1000, 1, 2001])
    ids = TimeOrderedIds(lambda: next(clock))

    found = [ids() for _ in range(4)]

    assert sorted(set(found)) == found


def test_a_millisecond_that_is_full_borrows_the_next() -> None:
    ids = TimeOrderedIds(lambda: 1000)
    first = ids()
    ids._random_bits = (1 << 74) - 1

    second = ids()

    assert second > first
    assert second.int >> 80 == 1001


def test_threads_never_draw_the_same_id() -> None:
    ids = TimeOrderedIds()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: ids(), range(4000)))

    assert len(set(found)) == len(found)


def test_now_is_aware_and_utc() -> None:
    assert utc_now().utcoffset() is not None
    assert utc_now().tzname() == "UTC"
