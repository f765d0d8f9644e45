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
from services.pictures.style import STYLE

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
    folder = files("services.api.console").joinpath("static")
    bodies = {entry.name: entry.read_bytes() for entry in folder.iterdir()}
    # The colours of pictures are one sheet for files that stand alone and for pages.
    bodies["pictures.css"] = STYLE.encode()
    for entry, body in bodies.items():
        stem, _, suffix = entry.rpartition(".")
        if suffix in _MEDIA_TYPES:
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
