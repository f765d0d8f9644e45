"""Every page of the registry: access, light and dark, wide and narrow; weight; and reached without a script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from playwright.sync_api import ViewportSize

from services.api.console.routes import ROUTES
from services.api.router import Router
from tests.api.app_under_test import ApiApp
from tests.api.console.browser import find_violations
from tests.api.console.conftest import OpenTab
from tests.api.console.console_client import ConsoleClient, sign_in
from tests.api.console.every_page import FILES, World, create_world, list_page_routes

MAX_WEIGHT = 150_000
WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 360, "height": 640}


@pytest.fixture(scope="module")
def world(shared_app: ApiApp) -> World:
    return create_world(shared_app)


# 35 seconds of processor time, most of it the browser's, which a busy machine may take minutes for.
@pytest.mark.timeout(600)
def test_no_page_breaks_a_rule_of_access_light_or_dark_wide_or_narrow(world: World, signed_in: OpenTab) -> None:
    how = {"viewport": WIDE}
    visits = [(signed_in(None, **how), path, path) for path in ("/console/sign-in", "/console/sign-in/once?token=x")]
    member = signed_in("stella", **how)
    visits += [(member, route.path, path) for route, path in world.list_addresses()]
    found: dict[str, list[str]] = {}
    for tab, name, path in visits:
        page = tab.open(path)
        page.evaluate("document.querySelectorAll('main details').forEach(folded => { folded.open = true })")
        found[name] = find_violations(page)
        # One load for all of it: colours and widths follow without another.
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size(NARROW)
        found[name] += find_violations(page, "color-contrast", "target-size", "scrollable-region-focusable")
        width = page.evaluate("document.documentElement.scrollWidth")
        found[name] += [f"{width} px wide"] if width > NARROW["width"] else []
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(WIDE)

    assert {path: [] for path in found} == found


def weigh(client: ConsoleClient, path: str) -> int:
    """Bytes of the page and of everything that it loads."""
    response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    loaded = set(re.findall(r'(?:src|href)="(/console/static/[^"]+)"', response.text))
    return len(response.content) + sum(len(client.get(each).content) for each in loaded)


def test_each_page_weighs_little_with_all_that_it_loads(shared_app: ApiApp, world: World) -> None:
    client = sign_in(shared_app, "stella")

    weights = {route.path: weigh(client, path) for route, path in world.list_addresses()}

    assert {} == {path: weight for path, weight in weights.items() if weight > MAX_WEIGHT}


def follow_links(client: ConsoleClient, begin: str) -> Iterator[str]:
    """Each page that a chain of links leads to: one address of each page and set of parameters."""
    waiting, seen = [begin], set[str]()
    while waiting:
        path = waiting.pop(0)
        yield urlsplit(path).path
        if _kind_of(urlsplit(path).path) in FILES:
            assert 200 == client.get(path).status_code, path
            continue
        page = client.open(path)
        for link in page.root.find_all("a"):
            address = urljoin(path, link.attributes.get("href", ""))
            found = urlsplit(address)
            if not found.path.startswith("/console") or _kind_of(found.path) in FILES:
                continue
            # Of the same page with other values, one: how many goals there are says nothing about the page.
            kind = _kind_of(found.path) + "?" + "&".join(sorted(name for name, _ in parse_qsl(found.query)))
            if kind not in seen:
                seen.add(kind)
                waiting.append(address)


_ROUTER = Router(ROUTES)


def _kind_of(path: str) -> str:
    found = _ROUTER.find("GET", path)
    assert found is not None, f"a link to {path}, where there is no page"
    return found[0].path


def test_every_page_is_reached_by_links_without_a_script(shared_app: ApiApp, world: World) -> None:
    reached = {
        _kind_of(path) for person in ("stella", "ana") for path in follow_links(sign_in(shared_app, person), "/console")
    }

    assert {route.path for route in list_page_routes()} == reached - FILES
