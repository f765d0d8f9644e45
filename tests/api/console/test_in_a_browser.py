"""Pages in Chromium: what axe finds, light and dark, wide and narrow, with and without JavaScript."""

from __future__ import annotations

import pytest

from tests.api.app_under_test import ApiApp, offer
from tests.api.console.browser import find_violations
from tests.api.console.conftest import OpenTab


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_the_foundation_breaks_a_rule_of_access(scheme: str, shared_app: ApiApp, signed_in: OpenTab) -> None:
    # given
    shared_app.as_member("ana").post_ok("/v1/goals", offer(title=f"Offered in the {scheme}"))
    visitor = signed_in(None, color_scheme=scheme)
    member = signed_in("sam", color_scheme=scheme, viewport={"width": 360, "height": 640})

    # when
    visits = [(visitor, "/console/sign-in"), (visitor, "/console/sign-in/once?token=x"), (member, "/console")]
    found = {path: find_violations(tab.open(path)) for tab, path in visits}

    # then
    assert {path: [] for path in found} == found
    assert 360 >= member.page.evaluate("document.documentElement.scrollWidth")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_person_signs_in_with_a_key_and_out_again(scripts: bool, shared_app: ApiApp, signed_in: OpenTab) -> None:
    # given
    tab = signed_in(None, java_script_enabled=scripts)
    page = tab.open("/console")

    # when
    page.get_by_label("API key").fill(shared_app.keys["acme"]["sam"])
    page.get_by_role("button", name="Sign in").click()

    # then
    assert "My week" == page.get_by_role("heading", level=1).text_content()
    page.get_by_role("button", name="Sign out", exact=True).click()
    assert "Sign in" == page.get_by_role("heading", level=1).text_content()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_messy_spreadsheet_is_mended_and_imported(scripts: bool, shared_app: ApiApp, signed_in: OpenTab) -> None:
    # given
    tab = signed_in("stella", java_script_enabled=scripts, viewport={"width": 360, "height": 640})
    sheet = f"Goal,Owner,Requested by,Due,Done when\nBy mail {scripts},ana,sam,03/04/2031,it is sent\n"
    page = tab.open("/console/import")

    # when
    page.get_by_label("The file").set_input_files(
        {"name": "goals.csv", "mimeType": "text/csv", "buffer": sheet.encode()}
    )
    page.get_by_role("button", name="Upload and look").click()
    page.get_by_label("Dates are written as").fill("DD/MM/YYYY")
    page.get_by_role("button", name="Look again").click()
    narrow = page.evaluate("document.documentElement.scrollWidth") if scripts else 360
    found = find_violations(page) if scripts else []
    page.get_by_role("button", name="Import 1 rows").click()

    # then
    assert "1 new" in (page.get_by_role("status").text_content() or "")
    assert ([], True) == (found, narrow <= 360)
    shared_app.runtime.engine.catch_up()
    titles = [goal["title"] for goal in shared_app.as_member("ana").get_ok("/v1/goals")["goals"]]
    assert f"By mail {scripts}" in titles


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_setting_up_breaks_a_rule_of_access(scheme: str, shared_app: ApiApp, signed_in: OpenTab) -> None:
    # given
    tab = signed_in("stella", color_scheme=scheme, viewport={"width": 360, "height": 640})
    ana, core = shared_app.resolve_id("member", "ana"), shared_app.resolve_id("team", "core")
    places = ("", "/members", f"/members/{ana}", f"/teams/{core}", "/policies", "/keys")

    # when
    found, widths = {}, {}
    for place in places:
        page = tab.open(f"/console/setting-up{place}")
        found[place] = find_violations(page)
        widths[place] = page.evaluate("document.documentElement.scrollWidth")

    # then
    assert {place: [] for place in places} == found
    assert dict.fromkeys(places, 360) == widths
