"""Counting keys in little memory: an import must not need more of it because its file is longer."""

from __future__ import annotations

from array import array

#: Slots at first; always a power of two, so that a mask finds one.
_INITIAL_SLOTS = 1 << 10
#: Doubled when more than this share is taken: probes stay short.
_MAX_LOAD_FACTOR = 0.6


class DigestCounter:
    """How often each digest came up: 8 bytes a slot, against some 150 for a dict's entry.

    Keys are the first 64 bits of a cryptographic digest: two keys of a file of a million rows share them once in
    30 million files, and then count as one.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _INITIAL_SLOTS))
        self._used = 0
        #: Only keys that came up more than once.
        self._repeat_counts: dict[int, int] = {}

    def add(self, digest: bytes) -> int:
        """How often `digest` has come up, this time included."""
        key = _to_key(digest)
        slot = self._find_slot(key)
        if self._slots[slot] == key:
            self._repeat_counts[key] = count = self._repeat_counts.get(key, 1) + 1
            return count
        self._slots[slot] = key
        self._used += 1
        if self._used > len(self._slots) * _MAX_LOAD_FACTOR:
            self._grow()
        return 1

    def __contains__(self, digest: bytes) -> bool:
        key = _to_key(digest)
        return self._slots[self._find_slot(key)] == key

    def _find_slot(self, key: int) -> int:
        """The slot that holds `key`, or the free one where it belongs."""
        slots = self._slots
        mask = len(slots) - 1
        slot = key & mask
        while slots[slot] not in (0, key):
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        former = self._slots
        self._slots = array("Q", bytes(16 * len(former)))
        for key in former:
            if key:
                self._slots[self._find_slot(key)] = key


def _to_key(digest: bytes) -> int:
    """Never 0, which marks a free slot."""
    return int.from_bytes(digest[:8], "big") or 1
