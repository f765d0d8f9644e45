"""`GET /v1/events/stream`: nothing is missed, nothing comes twice, and it ends when it must; on both databases."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, Self
from uuid import uuid4

import httpx
import pytest

from domain.goal.acts import Draft
from ledger.commands import Command
from services.api.app import create_app
from services.api.live.hints import FALLBACK_S
from services.api.operations import Weight
from services.api.pipeline import HttpPipeline
from services.organisations import create_organisation
from services.runtime import Runtime
from services.settings import Settings
from tests.api.app_under_test import ApiApp
from tests.api.real_server import run_app

_WAIT_S = 20.0


class Served:
    """A founded organisation behind a real server."""

    def __init__(self, runtime: Runtime, app: HttpPipeline, port: int, key: str) -> None:
        self.runtime, self.app, self.key = runtime, app, key
        self.url = f"http://127.0.0.1:{port}"
        principal = runtime.keys.authenticate(key, runtime.clock())
        assert principal is not None
        self.principal = principal

    def post(self, path: str, body: Any, key: str = "") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {key or self.key}"}
        response = httpx.post(self.url + path, json=body, headers=headers, timeout=_WAIT_S)
        assert response.is_success, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(self.url + path, headers={"Authorization": f"Bearer {self.key}", **headers}, timeout=_WAIT_S)

    def create_team(self, ref: str) -> dict[str, Any]:
        return self.post("/v1/teams", {"name": ref.capitalize(), "lead": "stella", "ref": ref})

    def create_member(self, ref: str, team: str) -> str:
        """The key of a new member of a team."""
        self.post("/v1/members", {"name": ref, "ref": ref, "team": team})
        self.runtime.engine.catch_up()
        return str(self.post("/v1/keys", {"member": ref, "scopes": ["read", "act"]})["key"])

    def draft(self, description: str) -> None:
        """Record an event that holds this text."""
        act = Draft(title="A goal", team="core", description=description)
        organisation, stella = self.principal.organisation_id, self.principal.member_id
        self.runtime.handle(
            Command(organisation_id=organisation, kind="goal", stream_id=uuid4(), act=act, actor=stella)
        )

    def count_waits(self) -> int:
        """Streams and waiting pulls that the server holds."""
        return self.app.state.admission.count()[Weight.WAIT][0]

    def revoke(self, key: str) -> None:
        """End the key, as another process does: this one learns of it from the store alone."""
        with Runtime.open(self.runtime.settings) as elsewhere:
            principal = elsewhere.keys.authenticate(key, elsewhere.clock())
            assert principal is not None
            elsewhere.keys.revoke(principal.key_id, organisation_id=principal.organisation_id)

    @contextmanager
    def stream(self, query: str = "", *, key: str = "", **headers: str) -> Iterator[Stream]:
        all_headers = {"Authorization": f"Bearer {key or self.key}", **headers}
        with httpx.Client(timeout=_WAIT_S) as client:
            with client.stream("GET", f"{self.url}/v1/events/stream{query}", headers=all_headers) as response:
                yield Stream(response)


class Stream:
    """An open stream, read block by block."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> dict[str, str]:
        """The next block: its fields, a comment's under the empty name."""
        block: dict[str, str] = {}
        for line in self._lines:
            if not line:
                return block
            name, _, value = line.partition(":")
            block[name] = value.strip()
        raise StopIteration

    def read_events(self, number: int) -> list[dict[str, Any]]:
        """So many events, passing over the rest."""
        found: list[dict[str, Any]] = []
        while len(found) < number:
            block = next(self)
            if "data" in block:
                event = json.loads(block["data"])
                assert block["id"] == f"{event['epoch']}.{int(event['sequence'])}"
                found.append(event)
        return found


@pytest.fixture
def served(database_url: str) -> Iterator[Served]:
    with Runtime.open(Settings(database_url=database_url)) as runtime:
        key = create_organisation(runtime, "acme", steward="stella").api_key
        app = create_app(runtime)
        with run_app(app, send_buffer=64 * 1024) as port:
            yield Served(runtime, app, port, key)


def wait_until(holds: Callable[[], bool]) -> None:
    """Return once it holds."""
    deadline = time.monotonic() + _WAIT_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def positions(events: list[dict[str, Any]]) -> list[int]:
    return [int(event["sequence"]) for event in events]


def test_a_stream_shows_what_comes_as_the_feed_shows_it(served: Served) -> None:
    with served.stream() as stream:
        # given
        assert (200, "text/event-stream", "no-store") == (
            stream.response.status_code,
            stream.response.headers["Content-Type"].partition(";")[0],
            stream.response.headers["Cache-Control"],
        )
        assert "1000" == next(stream)["retry"]

        # when
        created = served.create_team("core")
        [event] = stream.read_events(1)

    # then
    [pulled] = served.get(f"/v1/events?after={created['position'] - 1}").json()
    assert pulled == event


def test_a_stream_begins_with_all_that_is_behind_its_position_and_goes_on_without_a_gap(served: Served) -> None:
    # given
    first = served.create_team("t0")["position"]
    with served.stream("?after=0") as stream:
        before = stream.read_events(first)

        # when
        for number in range(1, 30):
            served.create_team(f"t{number}")
        after = stream.read_events(29)

    # then
    assert list(range(1, first + 30)) == positions(before + after)


def test_a_follower_that_comes_again_goes_on_behind_its_last_event(served: Served) -> None:
    # given
    with served.stream("?after=0") as stream:
        last = stream.read_events(1)[-1]
    made = [served.create_team(f"t{number}")["position"] for number in range(3)]

    # when it says where it was, whatever its address says
    with served.stream("?after=0", **{"Last-Event-ID": f"{last['epoch']}.{int(last['sequence'])}"}) as stream:
        found = stream.read_events(made[-1] - 1)

    # then
    assert list(range(2, made[-1] + 1)) == positions(found)


@pytest.mark.parametrize(
    ("query", "last", "status", "code"),
    [
        ("?after=999", "", 422, "invalid_field"),
        ("", "999", 422, "invalid_field"),
        ("", "yesterday", 422, "invalid_field"),
        ("", f"{'0' * 32}.1", 410, "epoch_changed"),
        (f"?after=1&epoch={'0' * 32}", "", 410, "epoch_changed"),
        ("?types=goal.promise.*", "", 422, "invalid_field"),
        ("?team=nowhere", "", 404, "not_found"),
        ("?subject=goal/nowhere", "", 404, "not_found"),
        ("?limit=5", "", 422, "invalid_field"),
    ],
)
def test_a_stream_that_cannot_begin_is_refused(
    shared_app: ApiApp, query: str, last: str, status: int, code: str
) -> None:
    headers = {"Last-Event-ID": last} if last else {}

    response = shared_app.as_member("stella").get(f"/v1/events/stream{query}", headers=headers)

    assert (status, code) == (response.status_code, response.json()["code"])


def test_a_head_of_a_stream_is_answered_without_one(shared_app: ApiApp) -> None:
    response = shared_app.as_member("stella").request("HEAD", "/v1/events/stream")

    assert (200, b"") == (response.status_code, response.content)
    assert "text/event-stream" == response.headers["Content-Type"].partition(";")[0]


def test_a_key_has_so_many_streams_at_once(serve_app: Callable[..., ApiApp]) -> None:
    # given one that is open
    app = serve_app(waits_per_key=1)
    key, path = app.keys["acme"]["stella"], "/v1/events/stream"
    held = app.runtime.settings.waits_per_key

    async def open_streams() -> list[int]:
        served = create_app(app.runtime)
        async with AsyncExitStack() as opened:
            streams = [open_raw_stream(served, path, key) for _ in range(held + 1)]
            statuses = [await opened.enter_async_context(stream) for stream in streams]
        async with open_raw_stream(served, path, key) as again:
            statuses.append(again)
        return statuses

    # then another is refused until that one has ended
    assert [200, 429, 200] == asyncio.run(open_streams())


def test_streams_are_counted_and_why_they_end(shared_app: ApiApp) -> None:
    served = create_app(shared_app.runtime)

    async def count() -> tuple[bytes, bytes]:
        async with open_raw_stream(served, "/v1/events/stream", shared_app.keys["acme"]["stella"]):
            during = served.state.metrics.render()
        return during, served.state.metrics.render()

    during, after = asyncio.run(count())

    assert b"plimsoll_live_streams 1.0" in during
    assert b"plimsoll_live_streams 0.0" in after
    assert b'plimsoll_live_streams_ended_total{reason="gone"} 1.0' in after


@asynccontextmanager
async def open_raw_stream(served: Any, path: str, key: str) -> AsyncIterator[int]:
    """The status of a stream that is open within the block."""
    began, gone = asyncio.get_running_loop().create_future(), asyncio.Event()
    messages = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        if (message := next(messages, None)) is not None:
            return message
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            began.set_result(message["status"])

    headers = [(b"authorization", f"Bearer {key}".encode())]
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {"headers": headers, "scheme": "http", "client": ("127.0.0.1", 1), "http_version": "1.1"}
    serving = asyncio.create_task(served(scope, receive, send))
    yield await began
    gone.set()
    await serving


def test_a_stream_is_narrowed_as_the_feed_is(served: Served) -> None:
    # given
    served.create_team("core")
    served.create_team("edge")
    with served.stream("?after=0&types=member.*&team=core") as stream:
        # when
        served.create_member("ana", "core")
        served.create_member("ned", "edge")
        served.create_member("ben", "core")
        found = stream.read_events(2)

    # then
    assert ["member.joined.v1"] * 2 == [event["type"] for event in found]
    assert ["ana", "ben"] == [event["data"]["ref"] for event in found]


def test_each_stream_shows_what_its_member_sees(served: Served) -> None:
    # given
    served.create_team("core")
    served.create_team("edge")
    ana = served.create_member("ana", "core")
    ned = served.create_member("ned", "edge")
    with served.stream(key=ana) as of_ana, served.stream(key=ned) as of_ned, served.stream() as of_stella:
        # when
        made = [
            served.post(
                "/v1/goals",
                {
                    "do": "request",
                    "title": f"For {person}",
                    "owner": person,
                    "team": team,
                    "terms": {"outcome": "x", "conditions": ["y"], "due": "2099-01-01"},
                    "reason": {"code": "new_need", "text": "the quarter begins"},
                },
            )["id"]
            for person, team in (("ana", "core"), ("ned", "edge"))
        ]

        # then
        assert [f"goal/{made[0]}"] == [event["subject"] for event in of_ana.read_events(1)]
        assert [f"goal/{made[1]}"] == [event["subject"] for event in of_ned.read_events(1)]
        assert [f"goal/{goal}" for goal in made] == [event["subject"] for event in of_stella.read_events(2)]


def test_a_revoked_key_ends_its_stream_within_a_second_and_no_other(served: Served) -> None:
    # given
    served.create_team("core")
    ana = served.create_member("ana", "core")
    with served.stream(key=ana) as stream, served.stream() as other:
        next(stream)

        # when
        served.revoke(ana)
        began = time.monotonic()
        last = list(stream)[-1]

        # then
        assert time.monotonic() - began < 1
        assert ("problem", "unauthenticated") == (last["event"], json.loads(last["data"])["code"])
        served.create_team("edge")
        assert "Edge" == other.read_events(1)[-1]["data"]["name"]


def test_processes_wake_each_other_over_redis(postgres_url: str, redis_url: str) -> None:
    # given two processes' worth of everything on one store
    settings = Settings(database_url=postgres_url, redis_url=redis_url)
    with Runtime.open(settings) as here, Runtime.open(settings) as elsewhere:
        key = create_organisation(here, "acme", steward="stella").api_key
        app = create_app(here)
        with run_app(app) as port, Served(here, app, port, key).stream() as stream:
            next(stream)
            writer = Served(elsewhere, app, port, key)
            writer.create_team("core")
            stream.read_events(1)
            for _ in range(3):
                # when one records
                writer.draft("x")
                began = time.monotonic()

                # then the other sends it long before it would have looked without a wake-up
                stream.read_events(1)
                assert time.monotonic() - began < FALLBACK_S / 2


def test_a_reader_that_takes_nothing_is_cut_off_and_holds_up_no_other(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a log that is longer than what is kept for a reader, and one that opens a stream of it and reads nothing
    monkeypatch.setattr("services.api.live.subscriber.MAX_SEND_S", 0.5)
    served.create_team("core")
    text = "\N{SNOWMAN}" * 4000
    for _ in range(100):
        served.draft(text)
    with socket.socket() as idle:
        idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        idle.connect(("127.0.0.1", httpx.URL(served.url).port))
        head = f"GET /v1/events/stream?after=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {served.key}\r\n\r\n"
        idle.sendall(head.encode())

        # when it is cut off
        with served.stream() as other:
            wait_until(lambda: served.count_waits() == 2)
            wait_until(lambda: served.count_waits() == 1)

            # then another stream goes on
            served.create_team("edge")
            assert "Edge" == other.read_events(1)[-1]["data"]["name"]
        read, size = idle.recv(65536), 0
        while read:
            size += len(read)
            read = idle.recv(65536)
    assert 100 * len(text.encode()) > size
