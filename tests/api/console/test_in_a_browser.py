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
