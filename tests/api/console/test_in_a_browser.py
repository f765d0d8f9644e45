"""Journeys in Chromium, with and without JavaScript."""

from __future__ import annotations

import pytest

from tests.api.app_under_test import ApiApp, create_active_goal
from tests.api.console.browser import find_violations
from tests.api.console.conftest import OpenTab


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


def test_a_planted_fault_is_found(signed_in: OpenTab) -> None:
    page = signed_in(None).open("/console/sign-in")
    page.evaluate("document.querySelector('label').remove()")

    assert [rule for rule in find_violations(page) if rule.startswith("label:")]


def test_a_refusal_is_read_at_its_field(shared_app: ApiApp, signed_in: OpenTab) -> None:
    # given
    goal = create_active_goal(shared_app)
    tab = signed_in("ana")
    page = tab.open(f"/console/goals/{goal}/acts/propose_change")

    # when
    page.get_by_label("Due on").fill("2026-04-10")
    page.locator("[name='/reason/code']").select_option("other")
    page.get_by_label("In words").fill("short")
    page.get_by_role("button", name="Propose a change").click()

    # then
    words = page.get_by_label("In words")
    assert ("true", "short") == (words.get_attribute("aria-invalid"), words.input_value())
    assert page.get_by_text("needs a text of at least 20 characters").is_visible()
    assert [] == find_violations(page)
    # The browser says of each status of a refusal that it is one.
    tab.errors = [error for error in tab.errors if "422" not in error]


@pytest.mark.parametrize("scripts", [True, False])
def test_from_an_overloaded_week_to_an_agreed_change_and_its_reason(
    scripts: bool, shared_app: ApiApp, signed_in: OpenTab
) -> None:
    # given
    title = f"Too much, scripts {scripts}"
    goal = create_active_goal(shared_app, title=title, effort_hours=200)
    ana, sam = (signed_in(person, java_script_enabled=scripts) for person in ("ana", "sam"))

    # when Ana sees her weeks, and proposes another day after a look at what it would do
    week = ana.open("/console")
    assert "over the line" in (week.locator("#load + p").text_content() or "")
    week.get_by_role("link", name=title).first.click()
    week.get_by_role("link", name="Propose a change").click()
    week.get_by_label("Due on").fill("2026-05-29")
    week.locator("[name='/reason/code']").select_option("estimate_wrong")
    week.get_by_label("In words").fill("There is twice as much to write.")
    week.get_by_role("button", name="Look at what it would do").click()
    assert week.get_by_role("heading", name="once it is accepted").is_visible()
    assert 2 == shared_app.as_member("ana").get_ok(f"/v1/goals/{goal}")["version"]
    week.get_by_role("button", name="Propose a change").click()
    assert week.get_by_role("status").is_visible()

    # and Sam accepts it from what waits for him
    other = sam.open("/console")
    other.locator("li.card", has_text=title).get_by_role("link", name="Accept the change").click()
    other.get_by_role("button", name="Accept the change").click()

    # then both read why, and how it was
    page = ana.open(f"/console/goals/{goal}/why?field=due")
    assert "There is twice as much to write." in (page.locator("main").text_content() or "")
    page = ana.open(f"/console/goals/{goal}")
    page.get_by_label("As of the end of").fill("2026-02-28")
    page.get_by_role("button", name="Show").click()
    assert "no such goal at that time" in (page.locator("main").text_content() or "")
    ana.errors = [error for error in ana.errors if "404" not in error]


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
