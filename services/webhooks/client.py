"""Requests to targets that are not trusted: to checked addresses only, without redirects, bounded in time and bytes."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from threading import Lock
from typing import Any, Self

import certifi
import httpcore
import msgspec

from domain.subscription.target import Target, parse_target
from services.webhooks.addresses import Address, AddressPolicy, AddressRefused, parse_address

#: Bytes of an answer that are read, and kept.
MAX_READ_BYTES, MAX_KEPT_BYTES = 65_536, 2_048
CONNECT_TIMEOUT_S = 5.0
#: Threads that look names up, made as they are needed: a name server that does not answer holds up no database, and
#: some dozens of them not the other names.
_RESOLVER_THREADS = 64
_KEEP_ALIVE_S = 20.0

Resolver = Callable[[str, int], Awaitable[list[Address]]]


class TargetResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What a target answered, or why there was no answer."""

    #: None: there was none.
    status: int | None = None
    #: Names in lower case; the last one of a name counts.
    headers: dict[str, str] = {}
    #: The beginning of the body.
    body: str = ""
    #: Why there was no answer; empty where there was one.
    error: str = ""
    #: The target was not connected to, as its address is none that may be.
    refused: bool = False

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP's class of successes


_resolver_lock = Lock()
_executor: list[ThreadPoolExecutor] = []
#: Look-ups that are under way, of all event loops.
_looking_up: dict[tuple[str, int], Future[list[Any]]] = {}


async def resolve(host: str, port: int) -> list[Address]:
    """Every address of a name, as the system's resolver has them. Raises `AddressRefused`, and `OSError` for no name.

    Requests for one name wait for one look-up: a name server that hangs holds one thread for each of its names, however
    many messages are for it.
    """
    found = await asyncio.shield(asyncio.wrap_future(_begin_look_up(host, port)))
    addresses = [parse_address(str(entry[4][0])) for entry in found]
    if None in addresses:
        raise AddressRefused("the name leads to an address with a zone")
    return list(dict.fromkeys(address for address in addresses if address is not None))


def _begin_look_up(host: str, port: int) -> Future[list[Any]]:
    with _resolver_lock:
        if not _executor:
            _executor.append(ThreadPoolExecutor(_RESOLVER_THREADS, thread_name_prefix="plimsoll-resolver"))
        running = _looking_up.get((host, port))
        if running is None:
            running = _executor[0].submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
            _looking_up[host, port] = running
    # Outside of the lock: of a look-up that has ended already it is called at once.
    running.add_done_callback(lambda ended: _end_look_up((host, port), ended))
    return running


def _end_look_up(key: tuple[str, int], ended: Future[list[Any]]) -> None:
    with _resolver_lock:
        if _looking_up.get(key) is ended:
            del _looking_up[key]


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connections to addresses that the policy allows: looked up, checked, and connected to as they were checked."""

    def __init__(self, policy: AddressPolicy, scheme: str, resolver: Resolver = resolve) -> None:
        self._policy = policy
        self._scheme = scheme
        self._resolver = resolver
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        literal = parse_address(host)
        addresses = [literal] if literal is not None else await self._look_up(host, port)
        self._policy.require_all(addresses, scheme=self._scheme, port=port)
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError("the name has no address")

    async def _look_up(self, host: str, port: int) -> list[Address]:
        try:
            return await self._resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name cannot be looked up: {error}") from error

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise AddressRefused("no message is sent to a socket of this machine")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@cache
def build_ssl_context(ca_file: str = "") -> ssl.SSLContext:
    """Certificates are checked against the public authorities and, where one is given, those of a file.

    Reading them takes a quarter of a second: once for each process, and not on an event loop.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


class WebhookClient:
    """Requests to one target. Used on one event loop; closed when done."""

    def __init__(  # noqa: PLR0913 - the bounds of a request, each with its default
        self,
        url: str,
        *,
        policy: AddressPolicy,
        tls: ssl.SSLContext,
        timeout_s: float,
        connections: int = 1,
        resolver: Resolver = resolve,
    ) -> None:
        self._url = url
        self._timeout_s = timeout_s
        target: Target = parse_target(url)
        self._backend = GuardedBackend(policy, target.scheme, resolver)
        self._tls = tls
        self._slots = asyncio.Semaphore(connections)
        #: Pools of one connection each: one of many looks at each of its connections for each request.
        self._idle: list[httpcore.AsyncConnectionPool] = []
        connect = min(CONNECT_TIMEOUT_S, timeout_s)
        self._timeouts = {"connect": connect, "read": timeout_s, "write": timeout_s, "pool": timeout_s}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        for pool in self._idle:
            await pool.aclose()

    async def send(self, method: str, headers: Mapping[str, str], body: bytes = b"") -> TargetResponse:
        """Send one request; whatever goes wrong is the answer.

        The whole exchange has `timeout_s` seconds: a target that sends a byte now and then is given no more.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._exchange(method, headers, body)
        except TimeoutError:
            return TargetResponse(error=f"no answer within {self._timeout_s:g} s")
        except AddressRefused as refusal:
            return TargetResponse(error=f"refused: {refusal}", refused=True)
        except httpcore.TimeoutException as error:
            return TargetResponse(error=f"no answer in time ({type(error).__name__})")
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
            return TargetResponse(error=_describe(error))

    async def _exchange(self, method: str, headers: Mapping[str, str], body: bytes) -> TargetResponse:
        pairs = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
        async with self._slots:
            pool = self._idle.pop() if self._idle else self._open_pool()
            try:
                return await self._exchange_on(pool, method, pairs, body)
            finally:
                self._idle.append(pool)

    def _open_pool(self) -> httpcore.AsyncConnectionPool:
        return httpcore.AsyncConnectionPool(
            ssl_context=self._tls,
            max_connections=1,
            keepalive_expiry=_KEEP_ALIVE_S,
            network_backend=self._backend,
        )

    async def _exchange_on(
        self, pool: httpcore.AsyncConnectionPool, method: str, pairs: list[tuple[bytes, bytes]], body: bytes
    ) -> TargetResponse:
        kept, size = bytearray(), 0
        async with pool.stream(
            method, self._url, headers=pairs, content=body, extensions={"timeout": self._timeouts}
        ) as response:
            async for chunk in response.aiter_stream():
                kept += chunk[: MAX_KEPT_BYTES - len(kept)]
                size += len(chunk)
                if size > MAX_READ_BYTES:
                    # Left unread: the connection is closed with it, and the status counts.
                    break
            return TargetResponse(
                status=response.status,
                headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers},
                body=kept.decode("utf-8", errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}"),
            )


def _describe(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:300]
