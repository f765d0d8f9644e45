"""Bounds before a request, at a real socket: heads that are too large or never come, connections that are too many."""

from __future__ import annotations

import gc
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.api.context import RequestState
from services.api.http.connections import MAX_HEAD_BYTES, MAX_HEADERS, GuardedProtocol
from services.runtime import Runtime, migrate
from tests.api.app_under_test import build_settings
from tests.api.real_server import run_server

TIMEOUT_S = 20
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: plimsoll\r\n"
#: Lines that a request may have beside `Host`.
MORE_HEADERS = MAX_HEADERS - 1


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., int]]:
    """The port of a server with these settings."""
    with ExitStack() as stack:

        def start(**settings: Any) -> int:
            chosen = build_settings(tmp_path / "served.db", **settings)
            migrate(chosen)
            return stack.enter_context(run_server(stack.enter_context(Runtime(chosen))))

        yield start


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), TIMEOUT_S)


def read_to_end(connection: socket.socket) -> bytes:
    found = b""
    try:
        while more := connection.recv(65536):
            found += more
    except ConnectionResetError:
        pass
    return found


def ask(port: int, request: bytes) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, JSON and headers of the last answer on a connection that the server closes."""
    with connect(port) as connection:
        # It may close before everything is sent.
        with suppress(OSError):
            connection.sendall(request)
        answer = read_to_end(connection)
    head, _, body = answer[answer.rindex(b"HTTP/1.1 ") :].partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split()[1]), json.loads(body), headers


def assert_refused(answer: tuple[int, dict[str, Any], dict[str, str]], status: int, code: str) -> str:
    found, problem, headers = answer
    assert (status, status, code) == (found, problem["status"], problem["code"]), problem
    assert "application/problem+json" == headers["content-type"]
    assert (problem["request_id"], "close") == (headers["x-request-id"], headers["connection"])
    assert "nosniff" == headers["x-content-type-options"]
    return str(problem["detail"])


TOO_LARGE = {
    "one header": LIVEZ + b"A: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n",
    "a header without end": LIVEZ + b"A: " + b"a" * 20_000_000,
    "its name": LIVEZ + b"a" * MAX_HEAD_BYTES + b": a\r\n\r\n",
    "many headers together": LIVEZ + b"".join(b"h%d: %s\r\n" % (n, b"a" * 1000) for n in range(70)) + b"\r\n",
    "too many headers": LIVEZ + b"".join(b"h%d: 1\r\n" % n for n in range(MORE_HEADERS + 1)) + b"\r\n",
    "headers without end": LIVEZ + b"h: 1\r\n" * 2_000_000,
    "the address": b"GET /" + b"a" * MAX_HEAD_BYTES + b" HTTP/1.1\r\nHost: plimsoll\r\n\r\n",
    "an address without end": b"GET /" + b"a" * 20_000_000,
    "the query": b"GET /livez?" + b"a=1&" * 20_000 + b" HTTP/1.1\r\nHost: plimsoll\r\n\r\n",
    "after other requests": (LIVEZ + b"\r\n") * 3 + LIVEZ + b"A: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n",
    "behind a body": (
        b"POST /v1/teams HTTP/1.1\r\nHost: plimsoll\r\nContent-Length: 2\r\n\r\n{}" + LIVEZ + b"A: " + b"a" * 70_000
    ),
}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server with the usual bounds."""
    settings = build_settings(tmp_path_factory.mktemp("served") / "served.db")
    migrate(settings)
    with Runtime(settings) as runtime, run_server(runtime) as found:
        yield found


@pytest.mark.parametrize("request_bytes", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_a_head_that_is_too_large_is_refused(port: int, request_bytes: bytes) -> None:
    detail = assert_refused(ask(port, request_bytes), 431, "head_too_large")

    assert f"at most {MAX_HEAD_BYTES} bytes and {MAX_HEADERS} headers" == detail


def test_a_head_of_the_largest_size_is_taken_in_any_number_of_pieces(port: int) -> None:
    headers = b"".join(b"h%d: %s\r\n" % (n, b"a" * 640) for n in range(MORE_HEADERS - 1))
    request = LIVEZ + headers + b"Connection: close\r\n\r\n"
    assert MAX_HEAD_BYTES - 6000 < len(request) < MAX_HEAD_BYTES
    with connect(port) as connection:
        for start in range(0, len(request), 9_973):
            connection.sendall(request[start : start + 9_973])

        assert read_to_end(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: plimsoll\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost plimsoll\r\n\r\n",
        b"POST /v1/teams HTTP/1.1\r\nHost: plimsoll\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST /v1/teams HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/teams HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_what_is_not_http_is_answered_with_a_problem(port: int, request_bytes: bytes) -> None:
    assert_refused(ask(port, request_bytes), 400, "malformed")


def test_a_body_that_turns_out_to_be_none_ends_its_request(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"POST /v1/teams HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        time.sleep(0.1)
        connection.sendall(b"zz\r\n")
        answer = read_to_end(connection)

    # Without a key it was answered before, and its connection ends all the same.
    assert answer.startswith(b"HTTP/1.1 401 ") or b'"code":"malformed"' in answer


CHUNKED = b"POST /v1/teams HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("body", [b"2\r\n{}\r\n", b""])
def test_no_header_is_taken_behind_a_body(port: int, body: bytes) -> None:
    request = CHUNKED + body + b"0\r\nAuthorization: Bearer somebody\r\n\r\n"

    assert "no header is taken behind a body" == assert_refused(ask(port, request), 400, "malformed")


@pytest.mark.parametrize("beginning", [b"2\r\n{}\r\n0\r\nx: ", b"2\r\n{}\r\n0\r\n", b"1;x=", b"2\r\n{}\r\n1;x="])
@pytest.mark.parametrize("path", [b"POST /v1/teams", b"GET /livez"])
def test_what_is_not_of_a_body_has_a_bound_too(port: int, path: bytes, beginning: bytes) -> None:
    # given a body in chunks whose end, or whose next size, is not said in megabytes
    endless = beginning + (b"x: 1\r\n" if beginning.endswith(b"0\r\n") else b"a" * 6) * 3_000_000
    with connect(port) as connection:
        connection.sendall(CHUNKED.replace(b"POST /v1/teams", path))
        time.sleep(0.1)

        # when
        with suppress(OSError):
            connection.sendall(endless)

        # then the connection ends, whether the request was answered before or not
        read_to_end(connection)


def test_a_body_in_the_smallest_chunks_is_taken(port: int) -> None:
    # given more framing than a head may have bytes, in chunks of one byte
    body = b"[" + b" " * 30_000 + b"]"
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    request = CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + chunks + b"0\r\n\r\n"

    # then it is read, and refused for what it says
    status, problem, _ = ask(port, request)
    assert (401, "unauthenticated") == (status, problem["code"])


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_large_body_is_no_framing(port: int, is_chunked: bool) -> None:
    # given a body of more than a head may have, in one chunk or none
    body = b"[" + b" " * (5 * MAX_HEAD_BYTES) + b"]"
    length = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: %d" % len(body)
    head = b"POST /v1/teams HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + length + b"\r\n\r\n"

    # when
    sent = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if is_chunked else body
    status, problem, _ = ask(port, head + sent)

    # then
    assert (401, "unauthenticated") == (status, problem["code"])


def test_a_head_of_the_largest_size_is_not_counted_to_its_body(port: int) -> None:
    # given a head that comes in one piece, and sizes of chunks that come alone
    head = CHUNKED.removesuffix(b"\r\n") + b"Connection: close\r\n"
    head += b"a: " + b"a" * (MAX_HEAD_BYTES - len(head) - 40) + b"\r\n\r\n"
    with connect(port) as connection:
        for piece in (head, b"2" + b";x=" + b"x" * 100 + b"\r\n", b"{}\r\n", b"0\r\n\r\n"):
            with suppress(OSError):
                connection.sendall(piece)
            time.sleep(0.05)

        # then it is answered as any other without a key
        assert read_to_end(connection).startswith(b"HTTP/1.1 401 ")


def test_a_request_to_upgrade_is_answered_as_one_without_and_nothing_follows_it(port: int) -> None:
    upgrade = LIVEZ + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"
    with connect(port) as connection:
        connection.sendall(upgrade)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(LIVEZ + b"\r\n")
        assert read_to_end(connection).startswith(b"HTTP/1.1 400 ")


HEAD_WAIT_S = 0.4
#: The loop's timers are whole milliseconds of its own clock: 0.39997 s were measured once.
TIMER_RESOLUTION_S = 0.002
SLOW = {"nothing": b"", "half a head": LIVEZ, "half a second one": LIVEZ + b"\r\n" + LIVEZ}


@pytest.mark.parametrize("beginning", SLOW.values(), ids=SLOW.keys())
def test_a_head_that_does_not_come_is_given_up(serve: Callable[..., int], beginning: bytes) -> None:
    port = serve(head_wait_s=HEAD_WAIT_S)
    began = time.monotonic()

    assert_refused(ask(port, beginning), 408, "too_slow")

    assert HEAD_WAIT_S - TIMER_RESOLUTION_S <= time.monotonic() - began


def test_a_head_that_comes_byte_by_byte_has_the_same_time_as_another(serve: Callable[..., int]) -> None:
    port = serve(head_wait_s=HEAD_WAIT_S)
    answer = b""
    with connect(port) as connection:
        connection.settimeout(0.05)
        for byte in LIVEZ * 10:
            try:
                connection.sendall(bytes([byte]))
                answer += connection.recv(65536)
                break
            except TimeoutError:
                continue

    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_body_and_a_pause_between_requests_have_times_of_their_own(serve: Callable[..., int]) -> None:
    port = serve(head_wait_s=HEAD_WAIT_S)
    head = b"POST /v1/teams HTTP/1.1\r\nHost: plimsoll\r\nContent-Length: 2\r\n\r\n"
    with connect(port) as connection:
        for _ in range(2):
            connection.sendall(head)
            time.sleep(1.5 * HEAD_WAIT_S)
            connection.sendall(b"{}")
            assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")
            time.sleep(1.5 * HEAD_WAIT_S)


@pytest.mark.parametrize("limit", ["connections_per_address", "connection_limit"])
def test_connections_beyond_the_limit_are_refused_until_others_close(serve: Callable[..., int], limit: str) -> None:
    # given
    port = serve(**{limit: 5})
    held = [connect(port) for _ in range(5)]
    try:
        for connection in held:
            connection.sendall(LIVEZ + b"\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")

        # when
        refused = ask(port, LIVEZ + b"\r\n")
    finally:
        for connection in held:
            connection.close()

    # then
    assert "has 5 connections already" in assert_refused(refused, 503, "overloaded")
    assert refused[2]["retry-after"]
    for _ in range(200):
        with connect(port) as connection:
            connection.sendall(LIVEZ + b"Connection: close\r\n\r\n")
            if read_to_end(connection).startswith(b"HTTP/1.1 200 "):
                return
        time.sleep(0.02)
    pytest.fail("no room after the others had closed")


def test_behind_a_proxy_one_address_may_have_all_connections(serve: Callable[..., int]) -> None:
    port = serve(connections_per_address=0, connection_limit=30)
    held = [connect(port) for _ in range(29)]
    try:
        with connect(port) as connection:
            connection.sendall(LIVEZ + b"Connection: close\r\n\r\n")
            assert read_to_end(connection).startswith(b"HTTP/1.1 200 ")
    finally:
        for each in held:
            each.close()


@pytest.mark.parametrize(
    "request_bytes",
    [
        LIVEZ + b"Connection: close\r\n\r\n",
        LIVEZ * 2,
        b"GET /v1/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"POST /v1/teams HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nConnection: close\r\n\r\n{",
        TOO_LARGE["one header"],
    ],
)
def test_what_a_connection_held_goes_with_it_and_waits_for_no_collector(port: int, request_bytes: bytes) -> None:
    """Ten thousand connections at once were otherwise 30 MB until the next collection."""

    def count_held() -> int:
        guard = GuardedProtocol.__module__
        return sum(
            isinstance(found, HttpToolsProtocol | RequestState) or type(found).__module__ == guard
            for found in gc.get_objects()
        )

    def connect_and_leave() -> None:
        with connect(port) as connection, suppress(OSError):
            connection.sendall(request_bytes)
            connection.shutdown(socket.SHUT_WR)
            read_to_end(connection)

    connect_and_leave()
    gc.collect()
    gc.disable()
    try:
        before = count_held()
        for _ in range(10):
            connect_and_leave()
        deadline = time.monotonic() + TIMEOUT_S
        while count_held() > before and time.monotonic() < deadline:
            time.sleep(0.05)
        assert before >= count_held()
    finally:
        gc.enable()
