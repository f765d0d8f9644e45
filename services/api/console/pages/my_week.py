"""My week: what waits for me, the nearest deadline first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.api.console.navigation import NavigationEntry, NavigationSection
from services.api.console.page import PageRequest, page
from services.api.operations import Route, Weight
from services.api.routes.inbox import InboxQuery, get_inbox


@page(
    "/console",
    title="My week",
    template="my_week.html",
    weight=Weight.PAGE,
    entry=NavigationEntry(name="My week", section=NavigationSection.MINE, order=10),
)
def show_my_week(request: PageRequest) -> Mapping[str, Any]:
    return {"inbox": request.ask(get_inbox, InboxQuery(names=True, limit=100))}


ROUTES: list[Route] = [show_my_week]
