"""Suite `reads`: questions over real HTTP by one client that keeps its connection, compared with one row by its key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from benchmarks import report_history
from benchmarks.harness import Bench, Case, Contender, Sample, Target, measure_latency
from benchmarks.import_history import import_history, read_lines
from benchmarks.servers import Client, serve_peer, serve_plimsoll
from benchmarks.stores import Store, analyse, open_organisation

GET_MS = Target(limit=5)
#: Of what a steward's page takes, who sees everything.
OF_A_STEWARDS = Target(limit=1.3, of="ratio")


def suite(bench: Bench) -> Iterator[Case]:
    """Goals of a team of twenty with two years behind it, and of the imported history in the same organisation."""
    for store in bench.stores:
        url = store.create_database()
        question = _prepare_organisation(url, bench)
        analyse(store, url)
        peer_url = store.create_database()
        with serve_plimsoll(url, bench.home) as port:
            client, member = Client(port, question["key"]), Client(port, question["member_key"])
            body = client.get(f"/v1/goals/{question['goal']}")
            _create_peer_table(store, peer_url, body.decode())
            with serve_peer(peer_url, bench.home) as peer_port:
                floor = Client(peer_port)
                yield from _build_cases(bench, store, client, floor, question)
                yield _build_feed_case(bench, store, client, member, question)
                floor.close()
            client.close()
            member.close()


def _prepare_organisation(url: str, bench: Bench) -> dict[str, str]:
    with open_organisation(url) as (runtime, founded):
        now = runtime.clock()
        import_history(runtime, founded, read_lines(bench.history))
        import_history(runtime, founded, report_history.build_rows(now.date()))
        runtime.engine.catch_up()
        biggest = runtime.database.query(
            "SELECT teams, COUNT(*) AS people FROM members WHERE valid_to = :forever AND known_to = :forever"
            " AND teams <> '' GROUP BY teams ORDER BY COUNT(*) DESC LIMIT 1",
            {"forever": 2**63 - 1},
        )
        of_biggest = runtime.database.query(
            "SELECT stream_id FROM members WHERE valid_to = :forever AND known_to = :forever AND present = 1"
            " AND teams = :teams AND stream_id NOT IN (SELECT lead FROM teams) ORDER BY stream_id LIMIT 1",
            {"forever": 2**63 - 1, "teams": biggest[0].teams},
        )
        member = UUID(str(of_biggest[0].stream_id))
        return {
            "key": founded.api_key,
            "member_key": runtime.keys.create(founded.organisation_id, member, ("read",), name="feed"),
            "middle": str(runtime.ledger.position(founded.organisation_id) // 2),
            "goal": report_history.live_goal(),
            "year_ago": (now.date() - timedelta(days=365)).isoformat(),
            "biggest": str(biggest[0].teams).split()[0],
            "people": str(biggest[0].people),
        }


def _create_peer_table(store: Store, url: str, body: str) -> None:
    connection = store.connect(url)
    connection.execute("CREATE TABLE peer_goals (id text PRIMARY KEY, body text)")
    mark = "?" if store.name == "sqlite" else "%s"
    for number in range(1000):
        connection.execute(f"INSERT INTO peer_goals VALUES ({mark}, {mark})", (str(number), body))
    connection.close()


def _build_cases(bench: Bench, store: Store, client: Client, floor: Client, question: dict[str, str]) -> Iterator[Case]:
    year_ago, goal = f"as_of={question['year_ago']}", question["goal"]
    biggest = f"team={question['biggest']}"
    get = f"/v1/goals/{goal}"

    def case(name: str, path: str, target: Target | None = None, *, against: str | None = None) -> Case:
        peers = [_latency_contender("Litestar + 1 row by key", lambda: floor.get("/rows/7"), bench)]
        if against is not None:
            peers = [_latency_contender("the same, now", lambda: client.get(against), bench)]
        return Case(
            suite="reads",
            name=name,
            store=store.name,
            unit="ms",
            ours=_latency_contender("plimsoll", lambda: client.get(path), bench),
            peers=peers,
            targets=[target] if target else [],
        )

    yield case("GET goal", get, GET_MS)
    old = f"/v1/goals/{report_history.live_goal(60)}"
    yield case("GET goal, a year ago", f"{old}?{year_ago}", against=old)
    yield case("list 50 goals", "/v1/goals?limit=50")
    yield case("why is it due then", f"{get}/why?field=due")
    yield case("history of a goal", f"{get}/history")
    yield case(f"overload, the history's biggest team ({question['people']})", f"/v1/reports/overload?{biggest}")
    yield case(f"drift, the history's biggest team ({question['people']})", f"/v1/reports/drift?{biggest}")


def _build_feed_case(bench: Bench, store: Store, steward: Client, member: Client, question: dict[str, str]) -> Case:
    path = f"/v1/events?limit=50&after={question['middle']}"
    return Case(
        suite="reads",
        name="feed page of 50, a member of the history's biggest team",
        store=store.name,
        unit="ms",
        ours=_latency_contender("plimsoll", lambda: member.get(path), bench),
        peers=[_latency_contender("the same, a steward", lambda: steward.get(path), bench)],
        targets=[OF_A_STEWARDS],
    )


def _latency_contender(name: str, ask: Callable[[], Any], bench: Bench) -> Contender:
    def run() -> Sample:
        return measure_latency(ask, bench.requests)

    return Contender(name, run)
