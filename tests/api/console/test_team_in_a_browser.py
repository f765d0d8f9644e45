"""The pages Team, Organisation and Reports in Chromium: no rule of access is broken, and all fits a phone."""

from __future__ import annotations

import pytest

from tests.api.app_under_test import ApiApp, create_active_goal
from tests.api.console.browser import find_violations
from tests.api.console.conftest import OpenTab

PATHS = ("/console/team?team=core", "/console/organisation", "/console/reports", "/console/reports/overload?team=core")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_teams_and_reports_break_no_rule_of_access_and_fit_a_phone(
    scheme: str, shared_app: ApiApp, signed_in: OpenTab
) -> None:
    # given
    create_active_goal(shared_app, title=f"A long goal in the {scheme}", effort_hours=900)
    tab = signed_in("stella", color_scheme=scheme, viewport={"width": 360, "height": 640})

    for path in PATHS:
        # when
        page = tab.open(path)
        for summary in page.locator("main summary").all():
            summary.click()

        # then
        assert [] == find_violations(page), path
        assert 360 >= page.evaluate("document.documentElement.scrollWidth"), path


def test_without_a_script_a_lead_comes_from_the_team_to_a_report_and_its_file(
    shared_app: ApiApp, signed_in: OpenTab
) -> None:
    page = signed_in("lea", java_script_enabled=False).open("/console")

    page.get_by_role("link", name="Team", exact=True).click()
    page.get_by_role("link", name="Overload by itself").click()
    page.get_by_label("As of the end of").fill("2026-03-02")
    page.get_by_role("button", name="Show").click()

    assert "As of 2026-03-02" in (page.locator("main").text_content() or "")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    assert "overload.csv" == download.value.suggested_filename
