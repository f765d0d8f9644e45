"""A file as a response: sent part by part in constant memory, whole or from a byte on (RFC 9110, 14)."""

from __future__ import annotations

import asyncio
import re
from typing import IO, Any

import msgspec

from services.api.http.problems import ProblemError
from services.api.http.responses import HeaderPairs, HttpResponse

#: Bytes that are read and sent at a time.
_PART_BYTES = 256 * 1024
_OK, _PARTIAL = 200, 206
_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{0,18})")


class FileResponse(HttpResponse, frozen=True, kw_only=True):
    """An open file, which the response closes."""

    file: Any
    size: int
    #: The part that is sent, the end exclusive.
    first: int = 0
    end: int

    def header_pairs(self) -> HeaderPairs:
        """As of any response; its length is the file's."""
        pairs = [pair for pair in super().header_pairs() if pair[0] != b"content-length"]
        pairs.append((b"accept-ranges", b"bytes"))
        if self.status in (_OK, _PARTIAL):
            pairs.append((b"content-length", b"%d" % (self.end - self.first)))
        if self.status == _PARTIAL:
            pairs.append((b"content-range", b"bytes %d-%d/%d" % (self.first, self.end - 1, self.size)))
        return pairs

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send it; of a HEAD or where the client has the bytes already, no part of it is read."""
        file: IO[bytes] = self.file
        try:
            await send({"type": "http.response.start", "status": self.status, "headers": self.header_pairs()})
            left = self.end - self.first if self.status in (_OK, _PARTIAL) else 0
            file.seek(self.first)
            while left > 0:
                part = await asyncio.to_thread(file.read, min(left, _PART_BYTES))
                left -= len(part)
                if not part:
                    raise RuntimeError("an exported file became shorter")
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            file.close()


def select_range(response: FileResponse, headers: dict[str, str]) -> FileResponse:
    """The part that `Range` names, where `If-Range` names these bytes or is absent; else the whole.

    Only `bytes=N-` and `bytes=N-M` are parts; anything else is answered whole. Raises ProblemError 416 for a part that
    begins behind the end.
    """
    found = _RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
    if found is None or headers.get("if-range", response.headers["ETag"]) != response.headers["ETag"]:
        return response
    first, last = int(found[1]), int(found[2]) if found[2] else response.size - 1
    if last < first and found[2]:
        return response
    if first >= response.size:
        response.file.close()
        raise ProblemError(
            "range_not_satisfiable",
            f"these are {response.size} bytes",
            headers={"Content-Range": f"bytes */{response.size}"},
        )
    return msgspec.structs.replace(response, status=_PARTIAL, first=first, end=min(last + 1, response.size))
