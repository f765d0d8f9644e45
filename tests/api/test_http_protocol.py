"""What our own protocol shortens, at a real socket: nobody may notice but by the time it takes."""

from __future__ import annotations

import gc
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from services.api.app import create_app
from services.api.http.responses import HttpResponse, with_default_headers
from services.commands.serving import build_server_config
from services.organisations import create_organisation
from services.runtime import migrate
from services.worker.embedded import start_runtime
from tests.api.app_under_test import build_settings

KEEP_ALIVE_SECONDS = 1
TIMEOUT_SECONDS = 20
RATE = {"RateLimit-Policy": '"default";q=9;w=60', "RateLimit": '"default";r=8;t=60'}


@pytest.fixture
def running_server(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """The port of a fresh organisation's server, and its steward's key."""
    settings = build_settings(tmp_path / "served.db")
    migrate(settings)
    with start_runtime(settings) as runtime, socket.socket() as listening:
        key = create_organisation(runtime, "acme", steward="stella").api_key
        listening.bind(("127.0.0.1", 0))
        config = build_server_config(create_app(runtime), settings)
        config.timeout_keep_alive = KEEP_ALIVE_SECONDS
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listening.getsockname()[1], key
        server.should_exit = True
        thread.join(TIMEOUT_SECONDS)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)


def encode_request(method: str, path: str, key: str, *lines: str, body: bytes = b"") -> bytes:
    told = [f"{method} {path} HTTP/1.1", "Host: plimsoll", f"Authorization: Bearer {key}", *lines]
    if body:
        told += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*told, "", ""]).encode() + body


def read_answers(connection: socket.socket, number: int) -> list[bytes]:
    """So many whole answers of this connection, each with its head and body."""
    held, whole = b"", list[bytes]()
    while len(whole) < number:
        head, end, rest = held.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0) if end else 0
        if end and len(rest) >= length:
            whole.append(head + end + rest[:length])
            held = rest[length:]
            continue
        came = connection.recv(65536)
        assert came, f"hung up after {held!r}"
        held += came
    return whole


def encode_team(name: str) -> bytes:
    return f'{{"name": "{name}", "lead": "stella", "ref": "{name}"}}'.encode()


def test_requests_that_come_at_once_are_answered_in_their_order(running_server: tuple[int, str]) -> None:
    port, key = running_server
    with connect(port) as connection:
        names = ["one", "two", "three"]
        connection.sendall(b"".join(encode_request("POST", "/v1/teams", key, body=encode_team(name)) for name in names))
        told = read_answers(connection, 3)

    assert [True] * 3 == [f'"ref":"{name}"'.encode() in answer for name, answer in zip(names, told, strict=True)]


def test_a_body_that_comes_in_pieces_is_read_to_its_end(running_server: tuple[int, str]) -> None:
    port, key = running_server
    request = encode_request("POST", "/v1/teams", key, body=encode_team("core"))
    with connect(port) as connection:
        for part in (request[:-30], request[-30:-10], request[-10:]):
            connection.sendall(part)
            time.sleep(0.05)
        (told,) = read_answers(connection, 1)

    assert told.startswith(b"HTTP/1.1 201 ")


def test_who_asks_before_sending_is_told_to_go_on(running_server: tuple[int, str]) -> None:
    port, key = running_server
    head, end, body = encode_request(
        "POST", "/v1/teams", key, "Expect: 100-continue", body=encode_team("core")
    ).partition(b"\r\n\r\n")
    with connect(port) as connection:
        connection.sendall(head + end)
        went_on = connection.recv(65536)
        connection.sendall(body)
        (told,) = read_answers(connection, 1)

    assert went_on == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert told.startswith(b"HTTP/1.1 201 ")


def test_a_client_that_wants_no_more_is_told_so_and_let_go(running_server: tuple[int, str]) -> None:
    port, key = running_server
    with connect(port) as connection:
        connection.sendall(encode_request("GET", "/v1/me", key, "Connection: close"))
        (told,) = read_answers(connection, 1)
        ended = connection.recv(1)

    assert b"\r\nconnection: close\r\n" in told
    assert b"\r\ndate: " in told
    assert b"" == ended


def test_a_connection_is_closed_when_it_was_silent_and_not_while_it_is_used(running_server: tuple[int, str]) -> None:
    port, key = running_server
    with connect(port) as connection:
        until = time.monotonic() + 2 * KEEP_ALIVE_SECONDS
        while time.monotonic() < until:
            connection.sendall(encode_request("GET", "/v1/me", key))
            assert read_answers(connection, 1)
            time.sleep(KEEP_ALIVE_SECONDS / 4)
        connection.sendall(encode_request("GET", "/v1/me", key))
        assert read_answers(connection, 1)
        # when
        silent_since = time.monotonic()
        ended = connection.recv(1)
        silent = time.monotonic() - silent_since

    assert b"" == ended
    assert silent > KEEP_ALIVE_SECONDS * 0.9


def test_the_sender_behind_a_trusted_proxy_counts_by_its_own_address(running_server: tuple[int, str]) -> None:
    port, _ = running_server
    with connect(port) as connection:
        for address in ("192.0.2.1", "192.0.2.2", "192.0.2.2"):
            connection.sendall(encode_request("GET", "/v1/me", "none", f"X-Forwarded-For: {address}"))
        connection.sendall(encode_request("GET", "/v1/me", "none"))
        told = read_answers(connection, 4)

    left = [int(answer.partition(b";r=")[2].partition(b";")[0]) for answer in told]
    assert [0, 0, 1, 0] == [left[0] - one for one in left]


def test_an_answered_request_leaves_nothing_for_the_collector(running_server: tuple[int, str]) -> None:
    port, key = running_server
    with connect(port) as connection:
        gc.collect()
        gc.disable()
        try:
            for number in range(50):
                connection.sendall(encode_request("POST", "/v1/teams", key, body=encode_team(f"team-{number}")))
                read_answers(connection, 1)
            left = sum(isinstance(found, RequestResponseCycle) for found in gc.get_objects())
        finally:
            gc.enable()

    assert left < 10


def test_a_response_has_its_own_headers_first_and_no_default_beside_them() -> None:
    own = HttpResponse(body=b"{}", headers={"ETag": '"v1"', "Cache-Control": "no-store"}).header_pairs()

    sent = with_default_headers(own, "id-1", RATE, None)

    assert own == [
        (b"etag", b'"v1"'),
        (b"cache-control", b"no-store"),
        (b"content-type", b"application/json"),
        (b"content-length", b"2"),
    ]
    assert own == sent[:4]
    assert [(b"x-request-id", b"id-1"), (b"ratelimit-policy", b'"default";q=9;w=60')] == sent[-3:-1]
    assert len(sent) == len({name for name, _ in sent})


def test_a_body_that_is_not_sent_has_no_length() -> None:
    headers = dict(HttpResponse(body=b"", status=304, media_type="text/csv").header_pairs())

    assert {b"content-type": b"text/csv; charset=utf-8"} == headers


def test_a_value_cannot_begin_another_header() -> None:
    with pytest.raises(RuntimeError, match="control character"):
        HttpResponse(body=b"", headers={"Location": "/v1/goals/a\r\nX-Other: b"}).header_pairs()
