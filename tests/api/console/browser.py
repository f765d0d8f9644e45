"""Chromium, as Debian packages it: what a page does in it, and what it must not do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_AXE_SCRIPT = Axe().axe_script
#: What axe looks for: the rules of WCAG 2.2, A and AA, and its best practices.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def find_chromium() -> str | None:
    """The browser's path; None where the machine has none."""
    return next((path for name in _NAMES if (path := shutil.which(name)) is not None), None)


@contextmanager
def launch_browser(path: str) -> Iterator[Browser]:
    """A browser without a window, for one module: while it runs no loop of asyncio may be begun in this thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


class Tab:
    """One page of one context, and what went wrong in it."""

    def __init__(self, browser: Browser, url: str, **context: Any) -> None:
        self._context = browser.new_context(base_url=url, **context)
        self._context.set_default_timeout(30_000)
        self._url = url
        self.errors: list[str] = []
        self.page: Page = self._context.new_page()
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._note_request)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self._url, "data:")):
            self.errors.append(f"a request to {request.url}")

    def sign_in(self, token: str) -> None:
        """Put a session's token into the cookie."""
        cookie = {"name": "plimsoll", "value": token, "url": self._url, "httpOnly": True, "sameSite": "Strict"}
        self._context.add_cookies([cookie])  # type: ignore[list-item]  # a TypedDict of the library's

    def open(self, path: str) -> Page:
        """Load the page at this path."""
        self.page.goto(path)
        return self.page

    def close(self) -> None:
        self._context.close()


def find_violations(page: Page, *rules: str) -> list[str]:
    """What axe finds on the page as it stands: rule, and the elements that break it. `rules`: those alone."""
    only = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": _RULES}
    # The tool is a script of its own, which no page of ours may run: it is given to the browser from outside, once for
    # each load. What passed is some hundred kilobytes a page that no test asks for.
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE_SCRIPT)
    options = {"runOnly": only, "resultTypes": ["violations"]}
    violations = page.evaluate("options => axe.run(options).then(found => found.violations)", options)
    return [f"{violation['id']}: {[node['html'][:200] for node in violation['nodes']]}" for violation in violations]
