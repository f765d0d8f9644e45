"""A served organisation for tests: real runtime on SQLite, a clock in the test's hand, a key for everybody.

The cast of `acme`: `stella` is steward; team `core` is led by `lea` with `ana`, `ben`, `sam`, `mia`; team `edge` is led
by `eva` with `ned`; `aud` is auditor, `bot` an integration. `rival` is another organisation with the same names.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import httpx
import msgspec
from httpx import Response
from litestar.testing import TestClient

from domain.member import member
from domain.member.member import Role
from domain.references import resolve_stream_id
from domain.team import team
from ledger.commands import Command
from services.api.app import create_app
from services.api.pipeline import HttpPipeline
from services.authorization import Viewer
from services.organisations import create_organisation
from services.runtime import Runtime, migrate
from services.settings import Settings
from services.visibility.viewers import load_viewer
from tests.conftest import copy_sqlite

#: A Monday.
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TEAMS = {"core": ("lea", "ana", "ben", "sam", "mia"), "edge": ("eva", "ned")}
ROLES = {"aud": Role.AUDITOR, "bot": Role.INTEGRATION}
SCOPES = {
    "stella": ("read", "act", "import", "admin"),
    "aud": ("read", "act", "admin"),
    "bot": ("read", "act", "import"),
}


class TickingClock:
    """What time it is, as the test says; every look moves it by a millisecond, so that nothing happens at once."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


def write_template(home: Path) -> dict[str, dict[str, str]]:
    """Write `template.db` with both organisations; organisation -> member -> key."""
    settings = build_settings(home / "template.db")
    migrate(settings)
    with Runtime(settings, clock=TickingClock(START - timedelta(days=1))) as runtime:
        keys = {name: create_members(runtime, name) for name in ("acme", "rival")}
        runtime.engine.catch_up()
    return keys


def build_settings(path: Path, **more: Any) -> Settings:
    return msgspec.structs.replace(Settings(database_url=f"sqlite:///{path}"), **more)


def create_members(runtime: Runtime, name: str) -> dict[str, str]:
    founded = create_organisation(runtime, name, steward="stella")
    organisation = founded.organisation_id

    def say(kind: str, ref: str, act: Any) -> None:
        runtime.handle(
            Command(
                organisation_id=organisation,
                kind=kind,
                stream_id=resolve_stream_id(organisation, kind, ref),
                act=act,
                actor=founded.steward_id,
                roles=frozenset({"steward"}),
            )
        )

    for ref, people in TEAMS.items():
        say("team", ref, team.Create(name=ref.capitalize(), lead=people[0], ref=ref))
        for person in people:
            say("member", person, member.Join(team=ref, name=person.capitalize(), ref=person))
    for person, role in ROLES.items():
        say("member", person, member.Join(name=person.capitalize(), ref=person))
        say("member", person, member.GrantRole(role=role))
    everybody = ["stella", *ROLES, *(person for people in TEAMS.values() for person in people)]
    return {
        person: runtime.keys.create(
            organisation,
            resolve_stream_id(organisation, "member", person),
            SCOPES.get(person, ("read", "act")),
            name="test",
        )
        for person in everybody
    }


@contextmanager
def open_client(runtime: Runtime) -> Iterator[TestClient[HttpPipeline]]:
    """A client of an application that serves this runtime."""
    with TestClient(create_app(runtime)) as client:
        yield client


#: A route whose answer does not end: the test client would wait for it.
EVENT_STREAM = "/v1/events/stream"
#: Seconds without a chunk after which a stream has said what there is.
_IDLE_S = 0.05


async def read_until_idle(app: HttpPipeline, path: str, headers: Mapping[str, str]) -> Response:
    """The answer of one ASGI call whose client hangs up once nothing came for a while."""
    route, _, query = path.partition("?")
    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": route,
        "raw_path": route.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("testclient", 50000),
        "server": ("testserver", 80),
        "state": {},
        "extensions": {},
    }
    sent: list[Any] = []
    is_sent = asyncio.Event()
    is_first = True

    async def receive() -> Any:
        nonlocal is_first
        if is_first:
            is_first = False
            return {"type": "http.request", "body": b"", "more_body": False}
        while sent == [] or is_sent.is_set():
            is_sent.clear()
            await asyncio.sleep(_IDLE_S)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        is_sent.set()

    await asyncio.wait_for(app(scope, receive, send), 10)
    body = b"".join(message.get("body", b"") for message in sent)
    return Response(sent[0]["status"], headers=sent[0]["headers"], content=body)


class ApiApp:
    """One application on its own copy of the seeded store."""

    def __init__(self, template: Path, home: Path, keys: dict[str, dict[str, str]], **settings: Any) -> None:
        self.keys = keys
        self.clock = TickingClock()
        copy_sqlite(template, home / "served.db")
        self.runtime = Runtime(build_settings(home / "served.db", **settings), clock=self.clock)
        self._exit_stack = ExitStack()

    def __enter__(self) -> Self:
        self._exit_stack.enter_context(self.runtime)
        self.client = self._exit_stack.enter_context(open_client(self.runtime))
        self.app = self.client.app
        return self

    def __exit__(self, *error: object) -> None:
        self._exit_stack.close()

    def as_member(self, person: str, organisation: str = "acme") -> MemberClient:
        """Requests with this person's key."""
        return MemberClient(self, self.keys[organisation][person], organisation)

    def viewer(self, person: str, organisation: str = "acme") -> Viewer:
        """The viewer that this person's key makes."""
        principal = self.runtime.keys.authenticate(self.keys[organisation][person], self.clock.now)
        assert principal is not None
        found = load_viewer(self.runtime.ledger, self.runtime.database, principal, since=self.clock.now)
        assert found is not None
        return found

    def with_key(self, key: str) -> MemberClient:
        """Requests with this key."""
        return MemberClient(self, key, "acme")

    def organisation_id(self, organisation: str = "acme") -> UUID:
        principal = self.runtime.keys.authenticate(self.keys[organisation]["stella"], self.clock.now)
        assert principal is not None
        return principal.organisation_id

    def resolve_id(self, kind: str, ref: str, organisation: str = "acme") -> str:
        return str(resolve_stream_id(self.organisation_id(organisation), kind, ref))

    def read_stream(self, path: str, headers: Mapping[str, str]) -> Response:
        """What a stream sends until it has nothing more to say; then its reader hangs up."""
        with self.client.portal() as portal:
            return portal.call(read_until_idle, self.app, path, headers)

    def count_events(self) -> int:
        """How many events there are, of all organisations."""
        return self.runtime.ledger.count()


class MemberClient:
    """Somebody with a key. What was written is followed by the views at once, so that reads see it."""

    def __init__(self, app: ApiApp, key: str, organisation: str) -> None:
        self._app = app
        self._key = key
        self.organisation = organisation

    def request(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **how: Any) -> Response:
        all_headers = {"Authorization": f"Bearer {self._key}", **(headers or {})}
        if method == "GET" and path.partition("?")[0] == EVENT_STREAM:
            url = httpx.URL(path, params=how["params"]) if how.get("params") else path
            return self._app.read_stream(str(url), all_headers)
        response: Response = self._app.client.request(method, path, headers=all_headers, **how)
        if method == "POST":
            self._app.runtime.engine.catch_up()
        return response

    def get(self, path: str, **how: Any) -> Response:
        return self.request("GET", path, **how)

    def post(self, path: str, body: Any = None, **how: Any) -> Response:
        return self.request("POST", path, **({"json": body} if body is not None else {}), **how)

    def post_ok(self, path: str, body: Any = None, **how: Any) -> dict[str, Any]:
        """A POST that is taken; its answer."""
        response = self.post(path, body, **how)
        assert response.status_code in (200, 201), response.text
        answer: dict[str, Any] = response.json()
        return answer

    def get_ok(self, path: str, **how: Any) -> Any:
        """A GET that is answered; its answer."""
        response = self.get(path, **how)
        assert response.status_code == 200, response.text
        return response.json()


def terms(**fields: Any) -> dict[str, Any]:
    """Terms of a small goal in JSON; name what differs."""
    return {
        "outcome": "The report is read",
        "measure": {"kind": "binary"},
        "conditions": ["It is published"],
        "start": "2026-03-02",
        "due": "2026-03-27",
        **fields,
    }


def offer(owner: str = "ana", sponsor: str = "sam", **fields: Any) -> dict[str, Any]:
    """An offer of `owner` to `sponsor`, in team core unless `fields` say otherwise."""
    opening: dict[str, Any] = {
        name: fields.pop(name) for name in ("ref", "title", "team", "trade_offs") if name in fields
    }
    return {
        "do": "offer",
        "title": "A goal",
        "owner": owner,
        "sponsor": sponsor,
        "team": "core",
        "terms": terms(**fields),
        "reason": {"code": "new_need", "text": "the quarter begins"},
        **opening,
    }


def why(code: str = "new_information", text: str = "we know more than we did") -> dict[str, str]:
    return {"code": code, "text": text}


def create_active_goal(
    app: ApiApp, owner: str = "ana", sponsor: str = "sam", organisation: str = "acme", **fields: Any
) -> str:
    """The id of a goal that was offered and accepted."""
    offered = app.as_member(owner, organisation).post_ok("/v1/goals", offer(owner, sponsor, **fields))
    app.as_member(sponsor, organisation).post_ok(f"/v1/goals/{offered['id']}/accept", {"answers": offered["open"]})
    return str(offered["id"])
