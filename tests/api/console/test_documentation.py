"""The API's reference in a browser: Swagger UI, served by us alone, on the document of this server."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.api.app_under_test import ApiApp
from tests.api.console.browser import find_violations
from tests.api.console.conftest import OpenTab

ELSEWHERE = "?url=https://elsewhere.example/openapi.json&configUrl=https://elsewhere.example/config.json"


def find_route(page: Page, words: str, path: str) -> Locator:
    """The only route that these words find, opened."""
    page.fill(".find input", words)
    found = page.locator(".opblock")
    expect(found).to_have_count(1)
    expect(found).to_contain_text(path)
    found.locator(".opblock-summary-control").click()
    return found


def brightness(page: Page, scheme: str) -> int:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    return sum(map(int, re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))[:3]))


# One page for all of it: a browser works for two seconds until Swagger UI shows a document of this size.
def test_a_route_is_found_authorised_and_tried_in_the_page(shared_app: ApiApp, signed_in: OpenTab) -> None:
    # given the document of this server, whatever the address says
    page, key = signed_in(None).open(f"/docs{ELSEWHERE}"), shared_app.keys["acme"]["ana"]
    page.wait_for_selector("[id^=operations-tag-]")
    expect(page.locator("#swagger-ui")).to_contain_text("OAS 3.1")
    expect(page.locator("#swagger-ui h1")).to_contain_text("Plimsoll")
    # Swagger UI's own: the sections have headings of level 3, and there is none of level 2.
    assert ["heading-order"] == [found.partition(":")[0] for found in find_violations(page)]

    # when a key is given, a route found by its words, and its call tried
    page.click("button.authorize")
    page.fill(".modal-ux input", key)
    page.click(".modal-ux button.authorize")
    page.click(".modal-ux .btn-done")
    who = find_route(page, "GET whoami", "/v1/me")
    who.locator("button.execute").click()

    # then it is answered
    expect(who.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    expect(who.locator(".live-responses-table")).to_contain_text('"roles"')
    expect(who.locator(".curl-command")).to_contain_text("Authorization: Bearer")
    # and the key is in this page's memory alone
    assert (0, "") == (
        page.evaluate("localStorage.length + sessionStorage.length"),
        page.evaluate("document.cookie"),
    )

    # when a route with a body is opened, then what the body refers to is in its place
    body = find_route(page, "/goals/{goal}/propose-change", "propose-change").locator(".body-param__text")
    expect(body).to_have_value(re.compile('"conditions": '))

    # and the page follows the dark mode of its reader
    assert brightness(page, "light") > 600
    assert brightness(page, "dark") < 150


def test_only_the_page_of_the_reference_may_show_images_of_its_own(app: ApiApp) -> None:
    policies = {path: app.client.get(path).headers["Content-Security-Policy"] for path in ("/", "/docs", "/livez")}

    assert "img-src" not in policies["/"] + policies["/livez"]
    assert policies["/docs"] == f"{policies['/']}; img-src 'self' data:"
    assert "script-src 'self'; style-src 'self';" in policies["/docs"]
