"""Every page of the registry, with names and texts that it has to bear: markup, both directions, great length."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from ledger.uploads import Upload
from services.api.console.routes import ROUTES
from services.api.operations import Route
from tests.api.app_under_test import ApiApp, create_active_goal, why
from tests.api.test_cycles import adopt_purpose, open_cycle

#: Within the limits of a title or name, and of a text.
NAME = '<b onclick="x">Ü\u202enames\u202c & "marks"</b> ' + "n" * 150
TEXT = f"{NAME} \u2067right to left\u2069 " + "words that go on " * 90
#: What a browser is given to keep, and does not show.
FILES = frozenset({"/console/reports/{report}/file", "/console/files/{mart}"})
_TEMPLATE = re.compile(r"\{(\w+)\}")


def list_page_routes() -> list[Route]:
    """Every page that asks for a session."""
    return [route for route in ROUTES if route.method == "GET" and route.operation.scopes and route.path not in FILES]


class World(msgspec.Struct, frozen=True):
    """What stands for each parameter of a page's path."""

    values: dict[str, str]

    def fill(self, route: Route) -> str:
        """The address of the page; raises KeyError for a parameter that nothing stands for: name one here."""
        return _TEMPLATE.sub(lambda found: self.values[found[1]], route.path)

    def list_addresses(self) -> Iterator[tuple[Route, str]]:
        """Each page and where it is."""
        for route in list_page_routes():
            yield route, self.fill(route)


def create_world(app: ApiApp) -> World:
    """An organisation whose names and texts are long and strange, with a goal that much happened to."""
    stella, ana, sam, lea = (app.as_member(person) for person in ("stella", "ana", "sam", "lea"))
    stella.post_ok("/v1/members/ana/rename", {"name": NAME})
    lea.post_ok("/v1/teams/core/rename", {"name": NAME})
    adopt_purpose(lea, app.clock, "core")
    cycle = open_cycle(lea)
    goal = create_active_goal(app, title=NAME, outcome=TEXT, conditions=[TEXT], ref="strange", effort_hours=200)
    create_active_goal(app, title=NAME, supports=[{"goal": goal}])
    app.as_member("sam").post_ok(f"/v1/goals/{goal}/feedback", {"text": TEXT})
    ana.post_ok(f"/v1/goals/{goal}/check-in", {"note": TEXT, "needs": [{"text": TEXT}], "progress": 0.3})
    changed = ana.post_ok(
        f"/v1/goals/{goal}/propose-change", {"changes": {"due": "2026-04-10"}, "reason": why(text=TEXT[:1900])}
    )
    sam.post_ok(f"/v1/goals/{goal}/accept-change", {"answers": changed["open"]})
    ana.post_ok(f"/v1/goals/{goal}/propose-change", {"changes": {"due": "2026-04-17"}, "reason": why(text=TEXT[:1900])})
    steward = app.viewer("stella")
    marked = NAME.replace('"', "'")
    sheet = f"Goal,Owner,Due,Status\n{marked},ana,03/04/2031,{marked}\n"
    app.runtime.uploads.put(steward.organisation_id, steward.member_id, Upload(NAME, sheet.encode()))
    return World(
        values={
            "goal": goal,
            "act": "check_in",
            "how": "offer",
            "team": "core",
            "of": "core",
            "cycle": str(cycle["id"]),
            "member": "ana",
            "report": "overload",
            "name": "overload",
        }
    )
