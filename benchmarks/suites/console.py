"""Suite `console`: every page of the console over HTTP, for the lead of a team of 20 with two years behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from benchmarks import report_history
from benchmarks.harness import Bench, Case, Contender, Sample, Target, measure_latency
from benchmarks.import_history import import_history
from benchmarks.servers import Client, serve_plimsoll
from benchmarks.stores import Store, analyse, open_organisation
from domain.member.member import GrantRole, Role
from domain.references import resolve_stream_id
from ledger.commands import Command
from services.api.console.routes import ROUTES
from services.api.operations import Route, Weight

PAGE_MS, HEAVIEST_MS = Target(limit=60), Target(limit=150)
#: Parameter of a page's path -> what stands for it, but for the goal.
_VALUES = {
    "act": "check_in",
    "how": "offer",
    "team": report_history.TEAM,
    "of": report_history.TEAM,
    "report": "overload",
    "mart": "dim_team",
    "member": report_history.LEAD,
}
_PARAMETER = re.compile(r"\{(\w+)\}")
_ASSET = re.compile(rb'(?:src|href)="(/console/static/[^"]+)"')


def suite(bench: Bench) -> Iterator[Case]:
    """Every page that asks for a session; `kB` is its weight with all that it loads."""
    for store in bench.stores:
        url = store.create_database()
        token, goal = _prepare_organisation(url)
        analyse(store, url)
        with serve_plimsoll(url, bench.home) as port:
            client = Client(port, cookie=f"plimsoll={token}")
            for route in ROUTES:
                if route.method == "GET" and route.operation.scopes:
                    values = {**_VALUES, "goal": goal}
                    path = _PARAMETER.sub(lambda found, values=values: values[found[1]], route.path)  # type: ignore[misc]
                    yield _build_case(bench, store, client, route, path)
            client.close()


def _prepare_organisation(url: str) -> tuple[str, str]:
    """A session of the team's lead, who is a steward too, and a goal that much happened to."""
    with open_organisation(url) as (runtime, founded):
        import_history(runtime, founded, report_history.build_rows(runtime.clock().date()))
        organisation = founded.organisation_id
        lead = resolve_stream_id(organisation, "member", report_history.LEAD)
        appointment = Command(
            organisation_id=organisation,
            kind="member",
            stream_id=lead,
            act=GrantRole(role=Role.STEWARD),
            actor=founded.steward_id,
            roles=frozenset({"steward"}),
        )
        runtime.handle(appointment)
        key = runtime.keys.create(organisation, lead, ("read", "act", "admin", "import"), name="console")
        runtime.engine.catch_up()
        holder = runtime.keys.authenticate(key, runtime.clock())
        if holder is None:
            raise RuntimeError("the key that was just made is not good")
        return runtime.sessions.begin(organisation, lead, holder.key_id), report_history.live_goal()


def _build_case(bench: Bench, store: Store, client: Client, route: Route, path: str) -> Case:
    def run() -> Sample:
        page = client.get(path)
        assets = {asset.decode() for asset in _ASSET.findall(page)}
        weight = len(page) + sum(len(client.get(asset)) for asset in assets)
        sample = measure_latency(lambda: client.get(path), bench.requests)
        return replace(sample, beside={**sample.beside, "kB": weight / 1000})

    return Case(
        suite="console",
        name=f"{route.operation.summary}, {route.path.removeprefix('/console') or '/'}",
        store=store.name,
        unit="ms",
        ours=Contender("plimsoll", run),
        targets=[HEAVIEST_MS if route.weight is Weight.REPORT else PAGE_MS],
    )
