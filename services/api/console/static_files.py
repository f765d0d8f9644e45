"""Style sheet and scripts, under names that hold the digest of their bytes: a browser keeps each for good."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

import msgspec

from services.api.context import PublicContext
from services.api.http.parsing import decode_segment
from services.api.http.problems import ProblemError
from services.api.http.responses import HttpResponse
from services.api.operations import Operation, Route, query_route

FOLDER = "/console/static"
_FOREVER = "public, max-age=31536000, immutable"
_MEDIA_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class StaticFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file as it is sent."""

    body: bytes
    media_type: str


@cache
def load_files() -> dict[str, StaticFile]:
    """Name with digest -> file."""
    found = {}
    for entry in files("services.api.console").joinpath("static").iterdir():
        stem, _, suffix = entry.name.rpartition(".")
        if suffix in _MEDIA_TYPES:
            body = entry.read_bytes()
            name = f"{stem}.{hashlib.sha256(body).hexdigest()[:16]}.{suffix}"
            found[name] = StaticFile(body=body, media_type=_MEDIA_TYPES[suffix])
    return found


@cache
def static_url(name: str) -> str:
    """The address of the file of this name; raises KeyError where there is none."""
    stem, _, suffix = name.rpartition(".")
    for found in load_files():
        if found.startswith(f"{stem}.") and found.endswith(f".{suffix}") and found.count(".") == name.count(".") + 1:
            return f"{FOLDER}/{found}"
    raise KeyError(name)


@query_route(
    FOLDER + "/{file}",
    Operation(id="consoleFile", summary="A style sheet or script of the console", tag="console", is_page=True),
)
def get_file(_context: PublicContext, file: str) -> HttpResponse:
    found = load_files().get(decode_segment(file))
    if found is None:
        raise ProblemError("not_found", "no such file")
    return HttpResponse(body=found.body, media_type=found.media_type, headers={"Cache-Control": _FOREVER})


ROUTES: list[Route] = [get_file]
