"""The tour of `docs/tour.md`, walked in a browser: `python3 -m tests.system.tour` writes its pictures.

It begins where the demo is ready, with the links that it prints.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from playwright.sync_api import Browser, Locator, Page, ViewportSize

from tests.api.console.browser import find_chromium, launch_browser
from tests.system.deployment import ROOT, Process

PICTURES = ROOT / "docs" / "pictures"
_SIZE: ViewportSize = {"width": 720, "height": 400}
#: Takes a picture of this name of what is shown.
Take = Callable[[Page, str], None]


class Walk(msgspec.Struct):
    """What the walk to the answer took, and what it found."""

    clicks: int = 0
    seconds: float = 0.0
    over_the_line: str = ""
    reason: str = ""


def show(page: Page, what: Locator) -> None:
    """Scroll to what the picture is about: it stands at its top."""
    what.evaluate("element => element.scrollIntoView({block: 'start'})")


def find_who_is_over_the_line_and_why_a_goal_moved(browser: Browser, link: str, take: Take) -> Walk:
    """From the auditor's link of READY to both answers."""
    walk, began = Walk(), time.monotonic()
    page = browser.new_page(viewport=_SIZE, color_scheme="light", locale="en-GB")

    def click(what: Locator) -> None:
        walk.clicks += 1
        what.click()
        page.wait_for_load_state()

    page.goto(link)
    click(page.get_by_role("button", name="Sign in"))
    click(page.get_by_role("link", name="Organisation", exact=True))
    click(page.get_by_role("link", name="Load, week by week"))
    over = page.get_by_text("Over the red line:").first
    walk.over_the_line = over.locator("xpath=following::li[1]").inner_text()
    show(page, page.get_by_role("heading", name="Overload"))
    take(page, "tour-organisation")
    click(page.get_by_role("link", name="Rebuild the settlement report").first)
    walk.reason = page.locator("summary", has_text="move the due date").first.inner_text()
    walk.seconds = time.monotonic() - began
    show(page, page.get_by_role("heading", name="Its life"))
    take(page, "tour-goal")
    page.get_by_role("link", name="on which it is due so?").click()
    page.wait_for_load_state()
    take(page, "tour-why")
    page.close()
    return walk


def look_around(browser: Browser, links: dict[str, str], take: Take) -> None:
    """The rest of the tour: a week that is over the line, its team, and a record for an appeal."""
    page = browser.new_page(viewport=_SIZE, color_scheme="light", locale="en-GB")
    page.goto(links["priya"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="My week").wait_for()
    take(page, "tour-my-week")
    page.goto(links["noor"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Team", exact=True).click()
    page.get_by_role("heading", name="Load, week by week").wait_for()
    take(page, "tour-team")
    page.get_by_role("link", name="Audit", exact=True).click()
    page.get_by_label("Words of the reason").fill("yes to all of it")
    page.get_by_role("button", name="Search").click()
    show(page, page.get_by_role("heading", name="What was found"))
    page.set_viewport_size({**_SIZE, "height": 270})
    take(page, "tour-audit")
    page.close()


@contextmanager
def run_demo() -> Iterator[dict[str, object]]:
    """A demo of its own, and what its line READY says."""
    with tempfile.TemporaryDirectory() as folder:
        process = Process(["demo", "--port", "0", "--data", f"{folder}/data"], {}, Path(folder) / "demo.log")
        try:
            yield json.loads(process.wait_for_line("READY ").removeprefix("READY "))
        finally:
            process.kill()


def main() -> int:
    """Write the pictures of `docs/tour.md`."""
    path = find_chromium()
    if path is None:
        sys.stderr.write("chromium is not installed (Debian: apt-get install chromium)\n")
        return 1

    def take(page: Page, name: str) -> None:
        page.screenshot(path=PICTURES / f"{name}.png")

    with run_demo() as ready, launch_browser(path) as browser:
        links = msgspec.convert(ready["console"], dict[str, str])
        walk = find_who_is_over_the_line_and_why_a_goal_moved(browser, links["vera"], take)
        look_around(browser, links, take)
    sys.stdout.write(f"{walk.clicks} clicks, {walk.seconds:.1f} s: {walk.over_the_line}; {walk.reason}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
