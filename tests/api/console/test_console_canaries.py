"""No page shows a canary that its reader may not see: every page, in the roles of those who see least."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import pytest

from projections.history.history import FIELDS
from services.api.console.goal_acts import LABELS
from services.api.console.routes import ROUTES
from tests.api.app_under_test import ApiApp
from tests.api.canaries import World, create_world
from tests.api.console.console_client import ConsoleClient, sign_in
from tests.api.test_canaries import PEOPLE, UNSEEN

_ROLES = ("a plain colleague", "a lead of another team", "the lead of the sponsor")
#: What a page may be asked with, where it takes such a parameter.
_QUERIES = {"as_of": "2026-03-02", "from": "2026-03-01", "team": "edge", "member": "ana", "goal": "", "q": "Q"}


@pytest.fixture(scope="module")
def world(shared_app: ApiApp) -> World:
    return create_world(shared_app)


def list_pages(world: World) -> Iterator[str]:
    """Every page, with what is hidden and what is shared wherever it names something."""
    for route in ROUTES:
        if route.method != "GET" or not route.operation.scopes:
            continue
        taken = {field.encode_name for field in msgspec.structs.fields(route.operation.query)}
        for goal in (world.hidden.goal, world.shared):
            hidden = msgspec.structs.asdict(world.hidden)
            words = hidden | {"goal": goal, "act": "check_in", "how": "offer", "report": "overload"}
            path = re.sub(r"\{(\w+)\}", lambda found, words=words: words.get(found[1], "x"), route.path)  # type: ignore[misc]
            yield path
            yield from (f"{path}?{name}={value or goal}" for name, value in _QUERIES.items() if name in taken)
            if "field" in taken:
                yield from (f"{path}?field={field}" for field in FIELDS)
    yield from (f"/console/goals/{world.shared}/acts/{act}" for act in LABELS)


def walk_pages(client: ConsoleClient, world: World) -> Iterator[tuple[str, str]]:
    """Each page and its text; also those that the pages lead to."""
    waiting, seen, kinds = list(list_pages(world)), set[str](), set[str]()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        response = client.get(path)
        assert response.status_code < 500, (path, response.text)
        yield path, response.text
        # Of one page with other values, one.
        for link in re.findall(r'href="(/console[^"#]*)', response.text):
            address = link.replace("&amp;", "&")
            kind = re.sub(r"=[^&]*", "", address)
            if "/static/" not in address and kind not in kinds:
                kinds.add(kind)
                waiting.append(address)


@pytest.mark.parametrize("role", _ROLES)
def test_no_page_shows_a_canary_that_is_not_for_its_reader(shared_app: ApiApp, world: World, role: str) -> None:
    tokens = [token for kind in UNSEEN[role] for token in world.canaries[kind]]
    client = sign_in(shared_app, PEOPLE[role])

    pages = list(walk_pages(client, world))

    assert [] == [(path, token) for path, text in pages for token in tokens if token in text]
    assert len(pages) > len(LABELS)


def test_who_may_see_a_canary_is_shown_it(shared_app: ApiApp, world: World) -> None:
    text = "".join(text for _, text in walk_pages(sign_in(shared_app, "eva"), world))

    assert [token for token in world.canaries["goal"] if token in text]


def test_no_page_shows_a_steward_what_a_charter_keeps_to_the_member(shared_app: ApiApp, world: World) -> None:
    reason = {"code": "other", "text": "We decided that together in our retrospective."}
    path = "/v1/charters/core/set-sight"
    shared_app.as_member("lea").post_ok(path, {"persons": "member"})

    text = "".join(text for _, text in walk_pages(sign_in(shared_app, "stella"), world))

    shared_app.as_member("lea").post_ok(path, {"persons": "stewards", "reason": reason})
    assert [] == [token for token in world.canaries["person"] if token in text]
