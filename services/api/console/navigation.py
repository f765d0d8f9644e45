"""Where the pages stand in the navigation, which is the same on each of them."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec

from services.authorization import READ, Viewer


class NavigationSection(StrEnum):
    """Groups of entries, in their order."""

    MINE = "Mine"
    TOGETHER = "Together"
    RECORD = "Record"
    SERVICE = "Service"


def may_read(viewer: Viewer) -> bool:
    """Whether the viewer reads anything at all."""
    return READ in viewer.scopes


class NavigationEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the navigation."""

    name: str
    section: NavigationSection
    #: Its place in the section.
    order: int = 100
    #: Whether it is of use to this viewer; the page itself decides what is shown.
    is_shown: Callable[[Viewer], bool] = may_read


_ENTRIES: dict[str, NavigationEntry] = {}


def add_entry(path: str, entry: NavigationEntry) -> None:
    """Put a page into the navigation, when it is declared."""
    _ENTRIES[path] = entry


class NavigationLink(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as the layout shows it."""

    path: str
    name: str
    is_current: bool


def list_links(viewer: Viewer, current: str) -> list[tuple[NavigationSection, list[NavigationLink]]]:
    """The sections that have an entry for this viewer, with the entries."""
    shown = sorted(
        ((path, entry) for path, entry in _ENTRIES.items() if entry.is_shown(viewer)),
        key=lambda each: (each[1].order, each[1].name),
    )
    sections = []
    for section in NavigationSection:
        links = [
            NavigationLink(path=path, name=entry.name, is_current=path == current)
            for path, entry in shown
            if entry.section is section
        ]
        if links:
            sections.append((section, links))
    return sections
