"""The API's reference in a browser: Swagger UI, served by us alone, on the document of this server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.api.app_under_test import ApiApp
from tests.api.real_server import serve_organisation
from tests.conftest import skip_or_fail

CHROMIUM = Path("/usr/bin/chromium")
ELSEWHERE = "?url=https://elsewhere.example/openapi.json&configUrl=https://elsewhere.example/config.json"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        skip_or_fail(f"there is no {CHROMIUM}")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@contextmanager
def open_docs(browser: Browser, url: str) -> Iterator[Page]:
    """The page once it shows the routes; when it is closed, it has asked only us and had nothing to complain of."""
    complaints: list[str] = []
    with browser.new_page() as page:
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request", lambda asked: complaints.extend(() if asked.url.startswith((url, "data:")) else (asked.url,))
        )
        page.goto(f"{url}/docs{ELSEWHERE}")
        page.wait_for_selector("[id^=operations-tag-]")
        yield page
    assert [] == complaints


def find_route(page: Page, words: str, path: str) -> Locator:
    """The only route that these words find, opened."""
    page.fill(".find input", words)
    found = page.locator(".opblock")
    expect(found).to_have_count(1)
    expect(found).to_contain_text(path)
    found.locator(".opblock-summary-control").click()
    return found


def list_violations(page: Page) -> set[str]:
    """What axe finds in the page that a person with another way of reading could not use."""
    return {found["id"] for found in Axe().run(page).response["violations"]}


def brightness(page: Page, scheme: str) -> int:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    return sum(map(int, re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))[:3]))


# One page for all of it: a browser works for two seconds until Swagger UI shows a document of this size.
def test_a_route_is_found_authorised_and_tried_in_the_page(browser: Browser, tmp_path: Path) -> None:
    with serve_organisation(tmp_path) as (url, key), open_docs(browser, url) as page:
        # given the document of this server, whatever the address says
        expect(page.locator("#swagger-ui")).to_contain_text("OAS 3.1")
        expect(page.locator("#swagger-ui h1")).to_contain_text("Plimsoll")

        # Swagger UI's own: the sections have headings of level 3, and there is none of level 2.
        assert {"heading-order"} == list_violations(page)

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
