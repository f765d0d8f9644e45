"""Every page and form of the console. A page is one module and one template; its module is named here."""

from __future__ import annotations

from services.api.console import signing_in, static_files
from services.api.console.pages import goal, goal_acts, import_sheet, my_week, setting_up
from services.api.operations import Route

ROUTES: list[Route] = [
    *static_files.ROUTES,
    *signing_in.ROUTES,
    *my_week.ROUTES,
    *goal.ROUTES,
    *goal_acts.ROUTES,
    *import_sheet.ROUTES,
    *setting_up.ROUTES,
]
