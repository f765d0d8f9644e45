"""What a browser is shown without a key: where to begin, and the API's reference, Swagger UI on `/openapi.json`.

Swagger UI is a wheel's, and served by us: a page of ours asks no other server for anything (0079).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

from services.api.context import PublicContext
from services.api.http.responses import CONTENT_SECURITY_POLICY, HttpResponse, response_with_etag
from services.api.operations import Operation, Route, query_route

_TAG = "service"
_CACHE_HEADERS = {"Cache-Control": "public, max-age=300"}
#: Swagger UI's style sheet holds its icons as `data:` images. Its script draws with the style sheet alone.
_DOCS_POLICY = f"{CONTENT_SECURITY_POLICY}; img-src 'self' data:"


class _Asset(msgspec.Struct, frozen=True):
    """A file that is served as it is."""

    name: str
    media_type: str
    summary: str
    is_swagger: bool = False
    policy: str = CONTENT_SECURITY_POLICY

    def find(self) -> Traversable:
        if self.is_swagger:
            # With its first use: most servers are never asked for it (0033).
            from swagger_ui_bundle import swagger_ui_path  # noqa: PLC0415

            place: Traversable = swagger_ui_path
            return place.joinpath(self.name)
        return files("services.api").joinpath("assets", self.name)


_OF_DOCS = "This document, to be read and tried in a browser"
_ASSETS = {
    "/": _Asset("index.html", "text/html", "Where to begin, in a browser"),
    "/docs": _Asset("docs.html", "text/html", _OF_DOCS, policy=_DOCS_POLICY),
    "/docs.js": _Asset("docs.js", "text/javascript", _OF_DOCS),
    "/docs.css": _Asset("docs.css", "text/css", _OF_DOCS),
    "/docs/swagger-ui-bundle.js": _Asset("swagger-ui-bundle.js", "text/javascript", _OF_DOCS, is_swagger=True),
    "/docs/swagger-ui.css": _Asset("swagger-ui.css", "text/css", _OF_DOCS, is_swagger=True),
}


@cache
def _load(path: str) -> HttpResponse:
    """The response with the file, read by its first request: Swagger UI has 1.7 MB."""
    asset = _ASSETS[path]
    headers = {**_CACHE_HEADERS, "Content-Security-Policy": asset.policy}
    return response_with_etag(asset.find().read_bytes(), media_type=asset.media_type, headers=headers)


def _asset_route(path: str) -> Route:
    asset = _ASSETS[path]
    operation = Operation(id=asset.name, summary=asset.summary, tag=_TAG, media=(asset.media_type,))

    @query_route(path, operation)
    def asset_file(_context: PublicContext) -> HttpResponse:
        return _load(path)

    return asset_file


ROUTES: list[Route] = [_asset_route(path) for path in _ASSETS]
