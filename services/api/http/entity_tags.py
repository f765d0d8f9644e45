"""Entity tags: how a request's conditional headers name the versions that its sender has (RFC 9110, 8.8.3, 13.1)."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_EACH = re.compile(r'(W/)?("[^"]*")')
#: A list may have empty elements (RFC 9110, 5.6.1.2).
_LIST = re.compile(rf"(?:[ \t]*,)*[ \t]*{_TAG}(?:[ \t]*(?:,[ \t]*)+{_TAG})*(?:[ \t]*,)*[ \t]*")
#: Behind the dot stands the watermark of a mirrored goal's timers.
_VERSION = re.compile(r'"v([1-9][0-9]{0,17})(?:\.[0-9]{1,20})?"')


class EntityTags(msgspec.Struct, frozen=True):
    """The value of `If-Match` or `If-None-Match`; tags with their quotation marks."""

    #: `*`: any version that there is.
    any: bool = False
    strong: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()

    def matches_weakly(self, tag: str) -> bool:
        """Whether it names the strong `tag`, as `If-None-Match` compares (13.1.2)."""
        return self.any or tag in self.strong or tag in self.weak

    @property
    def versions(self) -> tuple[int, ...]:
        """The versions that its strong tags name: `If-Match` compares strongly (13.1.1), and only with ours."""
        found = (_VERSION.fullmatch(tag) for tag in sorted(self.strong))
        return tuple(int(match[1]) for match in found if match is not None)


@lru_cache(maxsize=256)
def parse_entity_tags(value: str) -> EntityTags | None:
    """The tags that a conditional header lists; None for what is no such list."""
    if value.strip(" \t") == "*":
        return EntityTags(any=True)
    if _LIST.fullmatch(value) is None:
        return None
    found = [(match[1] is not None, match[2]) for match in _EACH.finditer(value)]
    return EntityTags(
        strong=frozenset(tag for weak, tag in found if not weak), weak=frozenset(tag for weak, tag in found if weak)
    )
