"""A browser, a served store, and a page in which somebody is signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.app_under_test import ApiApp
from tests.api.real_server import run_server
from tests.conftest import skip_or_fail

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.api.console.browser import Tab

#: (person, keywords of the browser's context) -> a tab in which that person is signed in.
OpenTab = Callable[..., "Tab"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; of each module its own, as no loop can be begun in this thread while one is open."""
    from tests.api.console.browser import find_chromium, launch_browser

    path = find_chromium()
    if path is None:
        skip_or_fail("chromium is not installed (Debian: apt-get install chromium)")
    with launch_browser(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def console_url(shared_app: ApiApp) -> Iterator[str]:
    """Where the module's store is served through a socket; its views follow each commit at once."""
    runtime = shared_app.runtime
    publish = runtime.wakeups.publish

    def publish_and_follow() -> None:
        publish()
        runtime.engine.catch_up()

    with pytest.MonkeyPatch.context() as patch, run_server(runtime) as port:
        patch.setattr(runtime.wakeups, "publish", publish_and_follow)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def signed_in(browser: Browser, shared_app: ApiApp, console_url: str) -> Iterator[OpenTab]:
    """Opens tabs; each has to end without an error in its console and without a request to another origin."""
    from tests.api.console.browser import Tab

    with ExitStack() as tabs:
        opened: list[Tab] = []

        def open_tab(person: str | None, **context: Any) -> Tab:
            tab = Tab(browser, console_url, **context)
            tabs.callback(tab.close)
            opened.append(tab)
            if person is not None:
                viewer = shared_app.viewer(person)
                token = shared_app.runtime.sessions.begin(viewer.organisation_id, viewer.member_id, viewer.key_id)
                tab.sign_in(token)
            return tab

        yield open_tab
        assert [] == [error for tab in opened for error in tab.errors]
