"""Every page and form of the console. A page is one module and one template; its module is named here."""

from __future__ import annotations

from services.api.console import signing_in, static_files
from services.api.console.pages import (
    audit,
    audit_goal,
    goal,
    goal_acts,
    goals,
    import_sheet,
    my_week,
    operations,
    organisation,
    reports,
    setting_up,
    team,
)
from services.api.operations import Route

ROUTES: list[Route] = [
    *static_files.ROUTES,
    *signing_in.ROUTES,
    *my_week.ROUTES,
    *goals.ROUTES,
    *goal.ROUTES,
    *goal_acts.ROUTES,
    *import_sheet.ROUTES,
    *setting_up.ROUTES,
    *audit.ROUTES,
    *audit_goal.ROUTES,
    *operations.ROUTES,
    *team.ROUTES,
    *organisation.ROUTES,
    *reports.ROUTES,
]
