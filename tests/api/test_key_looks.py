"""What looks up keys at the store: many keys at a time, each once."""

from __future__ import annotations

import asyncio

import pytest

from services.api.auth import key_cache
from services.api.auth.key_cache import REFRESH_AFTER_S, KeyCache
from tests.api.app_under_test import ApiApp


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many keys each look was for."""
    counted: list[int] = []
    load = key_cache._PrincipalLoader.load

    def count(self: key_cache._PrincipalLoader, digests: list[str]) -> dict[str, key_cache.CachedKey]:
        counted.append(len(digests))
        return load(self, digests)

    monkeypatch.setattr(key_cache._PrincipalLoader, "load", count)
    return counted


def test_keys_in_use_are_looked_up_together_however_far_apart_they_fall_due(app: ApiApp, looks: list[int]) -> None:
    people, seconds = app.keys["acme"], 6 * REFRESH_AFTER_S

    async def scene() -> None:
        cache = KeyCache(app.runtime)
        for key in people.values():
            await cache.authenticate(key)
            await asyncio.sleep(REFRESH_AFTER_S / len(people) / 2)
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            for key in people.values():
                await cache.authenticate(key)
            await asyncio.sleep(0.001)

    asyncio.run(scene())

    later = looks[len(people) :]
    assert 0 < len(later) <= seconds / REFRESH_AFTER_S + 1
    assert len(people) == later[-1]


def test_a_key_that_is_being_looked_up_is_not_looked_up_once_more(app: ApiApp, looks: list[int]) -> None:
    key = app.keys["acme"]["ana"]

    async def scene() -> None:
        cache = KeyCache(app.runtime)
        await cache.authenticate(key)
        await asyncio.sleep(REFRESH_AFTER_S)
        while len(looks) < 2:
            await cache.authenticate(key)
            await asyncio.sleep(0)
        for _ in range(100):
            await cache.authenticate(key)
            await asyncio.sleep(0)
        await asyncio.sleep(REFRESH_AFTER_S / 2)

    asyncio.run(scene())

    assert [1, 1] == looks
