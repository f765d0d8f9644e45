"""The way from a team to its report and the file of it, in Chromium."""

from __future__ import annotations

from tests.api.app_under_test import ApiApp
from tests.api.console.conftest import OpenTab


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
