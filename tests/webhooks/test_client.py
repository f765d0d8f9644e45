"""Targets that are hostile or broken cost one request, bounded in time and bytes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from services.webhooks.addresses import Address, AddressPolicy
from services.webhooks.client import Resolver, TargetResponse, WebhookClient, build_ssl_context, resolve
from services.webhooks.handshake import shake_hands
from tests.webhooks.certificates import issue
from tests.webhooks.receiver import LOOPBACK, Receiver, Reply, run_receiver

LOCAL = AddressPolicy(networks=(LOOPBACK,))


def leads_to(*addresses: str) -> Resolver:
    """A name server that gives these addresses, one list after another."""
    answers = iter(addresses)

    async def look_up(_host: str, _port: int) -> list[Address]:
        return [ip_address(text) for text in next(answers).split()]

    return look_up


def send(
    url: str,
    policy: AddressPolicy = LOCAL,
    *,
    resolver: Resolver = resolve,
    timeout_s: float = 5.0,
    ca_file: str = "",
    times: int = 1,
    method: str = "POST",
) -> TargetResponse:
    """The answer to the last of some messages."""

    async def run() -> TargetResponse:
        tls = build_ssl_context(ca_file)
        async with WebhookClient(url, policy=policy, tls=tls, timeout_s=timeout_s, resolver=resolver) as client:
            for _ in range(times - 1):
                await client.send(method, {}, b"{}")
            return await client.send(method, {"webhook-id": "msg_1"}, b"{}")

    return asyncio.run(run())


@contextlib.contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that answers a connection with whatever the test writes to it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(65_536)
                    serve(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    thread.join(5)


def test_a_message_arrives_and_the_answer_is_kept(receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(200, {"Retry-After": "3"}, b"thanks")

    answer = send(receiver.url)

    assert (200, "thanks", "", True) == (answer.status, answer.body, answer.error, answer.is_success)
    assert "3" == answer.headers["retry-after"]
    assert ("msg_1", b"{}") == (receiver.received[0].id, receiver.received[0].body)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_target_on_this_machine_is_not_connected_to(receiver: Receiver, host: str) -> None:
    answer = send(receiver.url.replace("127.0.0.1", host), AddressPolicy(ports=(1,)))

    assert answer.refused
    assert "not a public address" in answer.error
    assert [] == receiver.received


@pytest.mark.parametrize(
    "addresses", ["169.254.169.254", "10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "8.8.8.8 127.0.0.1", ""]
)
def test_a_name_that_leads_where_it_may_not_is_not_connected_to(addresses: str) -> None:
    answer = send("https://hooks.example.com/", AddressPolicy(), resolver=leads_to(addresses))

    assert answer.refused
    assert answer.error.startswith("refused: ")


def test_a_name_that_changes_between_two_looks_is_looked_at_for_each_connection(receiver: Receiver) -> None:
    """What was checked is what is connected to: there is no second look up in between."""
    looks: list[str] = []

    async def rebinding(host: str, _port: int) -> list[Address]:
        looks.append(host)
        return [ip_address("127.0.0.1" if len(looks) == 1 else "169.254.169.254")]

    receiver.answer = lambda _: Reply(204, {"Connection": "close"})
    answer = send(receiver.url.replace("127.0.0.1", "hooks.example.com"), resolver=rebinding, times=2)

    assert 1 == len(receiver.received)
    assert ["hooks.example.com", "hooks.example.com"] == looks
    assert answer.refused
    assert (
        f"hooks.example.com:{receiver.url.rpartition(':')[2].partition('/')[0]}" == receiver.received[0].headers["host"]
    )


def test_a_name_that_is_not_known_is_an_answer() -> None:
    answer = send("https://hooks.invalid/", AddressPolicy())

    assert "cannot be looked up" in answer.error


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(302, {"Location": "http://169.254.169.254/latest/meta-data/"})

    answer = send(receiver.url)

    assert 302 == answer.status
    assert not answer.is_success
    assert 1 == len(receiver.received)


def test_a_certificate_is_checked_for_the_name_and_sent_to_the_checked_address(tmp_path: Path) -> None:
    tls, authority = issue(tmp_path, "hooks.example.com")
    with run_receiver(tls, "hooks.example.com") as receiver:
        names: list[str | None] = []
        tls.sni_callback = lambda _socket, name, _context: names.append(name)
        taken = send(receiver.url, resolver=leads_to("127.0.0.1"), ca_file=str(authority))

        assert 204 == taken.status, taken.error
        assert ["hooks.example.com"] == names
        assert receiver.received[0].headers["host"].startswith("hooks.example.com:")


def test_a_certificate_that_does_not_verify_ends_it(tmp_path: Path) -> None:
    tls, authority = issue(tmp_path, "other.example.com")
    with run_receiver(tls, "hooks.example.com") as receiver:
        unknown = send(receiver.url, resolver=leads_to("127.0.0.1"))
        other_name = send(receiver.url, resolver=leads_to("127.0.0.1"), ca_file=str(authority))

        assert "certificate verify failed" in unknown.error.lower()
        assert "hostname mismatch" in other_name.error.lower()
        assert [] == receiver.received


def test_a_huge_answer_is_read_no_further_than_its_bound() -> None:
    sent = [0]

    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        while True:
            sent[0] += connection.send(b"x" * 65_536)

    with raw_server(flood) as url:
        answer = send(url)

    assert (200, 2048) == (answer.status, len(answer.body))
    assert sent[0] < 16_000_000


def test_headers_that_never_end_end_with_their_bound() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"x-more: " + b"y" * 1000 + b"\r\n")

    with raw_server(flood) as url:
        answer = send(url)

    assert answer.status is None
    assert answer.error


@pytest.mark.parametrize("drip", [b"", b"HTTP/1.1 200 OK\r\nx: "])
def test_a_target_that_hangs_or_drips_gets_its_seconds_and_no_more(drip: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(drip)
        for _ in range(100):
            time.sleep(0.05)
            if drip:
                connection.sendall(b"y")

    began = time.monotonic()
    with raw_server(serve) as url:
        answer = send(url, timeout_s=0.5)
        took = time.monotonic() - began

    assert "no answer" in answer.error
    assert took < 3


@pytest.mark.parametrize("noise", [b"", b"\x00\xff\x00", b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_does_not_speak_http_is_an_answer_too(noise: bytes) -> None:
    with raw_server(lambda connection: connection.sendall(noise)) as url:
        answer = send(url)

    assert answer.status is None
    assert answer.error


def test_a_body_that_is_no_text_is_kept_as_text(receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(200, {}, b"\xff\x00ok")

    assert "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}ok" == send(receiver.url).body


@pytest.mark.parametrize(
    ("grants", "granted"),
    [
        ("*", True),
        ("plimsoll.example", True),
        ("other.example, PLIMSOLL.example", True),
        ("other.example", False),
        ("", False),
    ],
)
def test_a_target_says_from_whom_it_wants_messages(receiver: Receiver, grants: str, granted: bool) -> None:
    receiver.grants = grants

    async def run() -> bool:
        tls = build_ssl_context("")
        async with WebhookClient(receiver.url, policy=LOCAL, tls=tls, timeout_s=5) as client:
            return (await shake_hands(client, origin="plimsoll.example", required=True)).is_granted

    assert granted == asyncio.run(run())
    assert ["plimsoll.example"] == receiver.origins


def test_a_name_server_that_hangs_holds_one_look_up_for_its_name_and_none_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given one name that is never found, and one that is
    asked, hangs = list[str](), threading.Event()

    def look_up(host: str, port: int, **_: object) -> list[Any]:
        asked.append(host)
        if host == "hangs.example":
            hangs.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    async def run() -> None:
        # when more messages wait for the first than there are threads
        waiting = [asyncio.create_task(resolve("hangs.example", 443)) for _ in range(200)]
        await asyncio.sleep(0.05)
        waiting.pop().cancel()

        # then the other is found meanwhile, each time anew, and all of the first end together
        for _ in range(2):
            async with asyncio.timeout(5):
                assert [ip_address("127.0.0.1")] == await resolve("answers.example", 443)
        hangs.set()
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        assert {socket.gaierror} == {type(each) for each in ended}

    asyncio.run(run())
    assert ["hangs.example", "answers.example", "answers.example"] == asked
