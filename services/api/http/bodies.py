"""The body of a request, within a size and a time: in memory, or in a file that has no name."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import Any, BinaryIO, cast

from services.api.http.problems import ProblemError

#: No body of so many digits of bytes is taken anywhere.
_MAX_LENGTH_DIGITS = 18
#: What of a body is kept in memory before it goes to a file.
_SPOOL_BYTES = 1_000_000


async def read_body(receive: Any, headers: dict[str, str], max_bytes: int, timeout_s: float) -> bytes:
    """The whole body.

    Raises ProblemError: 413 as soon as it is known to be too large, whatever its header states; 408 where it is not
    there within `timeout_s` seconds; 400 where the client hung up before its end.
    """
    _require_length(headers, max_bytes)
    message = await _next_message(receive)
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
        return body
    chunks = [body]
    try:
        async with asyncio.timeout(timeout_s):
            chunks += [chunk async for chunk in _iter_rest(receive, len(body), max_bytes)]
    except TimeoutError:
        raise ProblemError("too_slow", f"at most {timeout_s:g} s for a body") from None
    return b"".join(chunks)


async def spool_body(
    receive: Any, headers: dict[str, str], max_bytes: int, *, idle_s: float, total_s: float
) -> BinaryIO:
    """The whole body as a file: in memory while it is small, on disk without a name where it is not.

    Raises as `read_body`; 408 where no part of it comes for `idle_s` seconds, or it takes more than `total_s`.
    """
    _require_length(headers, max_bytes)
    file = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115 - its reader closes it
    try:
        async with asyncio.timeout(total_s), asyncio.timeout(idle_s) as idle:
            async for chunk in _iter_rest(receive, 0, max_bytes):
                idle.reschedule(asyncio.get_running_loop().time() + idle_s)
                file.write(chunk)
    except TimeoutError:
        file.close()
        detail = f"at most {idle_s:g} s without a part of the body, and {total_s:g} s for all of it"
        raise ProblemError("too_slow", detail) from None
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return cast("BinaryIO", file)


def _require_length(headers: dict[str, str], max_bytes: int) -> None:
    length = headers.get("content-length", "").strip().lstrip("0")
    # By their number: Python reads no integer of thousands of digits, and a header can have them.
    if length.isdecimal() and (len(length) > _MAX_LENGTH_DIGITS or int(length) > max_bytes):
        raise _too_large(max_bytes)


async def _iter_rest(receive: Any, size: int, max_bytes: int) -> AsyncIterator[bytes]:
    """The parts of the body that are still to come."""
    more = True
    while more:
        if size > max_bytes:
            raise _too_large(max_bytes)
        message = await _next_message(receive)
        chunk: bytes = message.get("body", b"")
        size, more = size + len(chunk), message.get("more_body", False)
        yield chunk
    if size > max_bytes:
        raise _too_large(max_bytes)


async def _next_message(receive: Any) -> Any:
    """The next part of the body; raises ProblemError 400 where the client hung up before its end."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ProblemError("malformed", "the body ended early")
    return message


def _too_large(max_bytes: int) -> ProblemError:
    return ProblemError("body_too_large", f"at most {max_bytes} bytes")
