"""Marts over HTTP: the rows of what a key's holder may see, in four formats.

The file is made aside, on disk, before the first byte of it is sent: a problem is a problem, never half a file.
"""

from __future__ import annotations

import base64
import errno
import tempfile
from typing import Annotated, Literal, cast

import msgspec

from domain.errors import Forbidden, InvalidField
from domain.instants import format_instant
from services.api.context import RequestContext
from services.api.http.files import FileResponse, select_range
from services.api.http.parsing import decode_segment, parse_as_of
from services.api.http.problems import ProblemError, field_error
from services.api.http.responses import HttpResponse
from services.api.operations import Operation, Position, ReadQuery, Route, TimeText, Weight, query_route
from services.api.queries import next_page_url, record_person_read
from services.authorization import READ, STEWARD
from services.exports.errors import FormatUnavailable
from services.exports.exporting import Export, ExportQuery, ExportSummary, prepare_export, write_export
from services.visibility.events import EventVisibility
from services.visibility.policy import sees_everything_else

MEDIA_TYPES = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}


class ExportsQuery(ReadQuery, frozen=True, kw_only=True):
    """Which rows, and how."""

    format: Literal["ndjson", "csv", "parquet", "arrow"] = "ndjson"
    after: Annotated[
        int, msgspec.Meta(ge=0, le=2**62, description="Only what events behind this position changed.")
    ] = 0
    at: Annotated[
        Position | None, msgspec.Meta(description="As it was known at this position, so that marts are of one moment.")
    ] = None
    as_of: Annotated[
        TimeText | None,
        msgspec.Meta(description="Only what had happened by then: a day (its end) or an RFC 3339 instant."),
    ] = None
    names: Annotated[
        bool, msgspec.Meta(description="Say how members are called; for keys that may see every person.")
    ] = False


@query_route(
    "/v1/exports/{mart}",
    Operation(
        id="exportMart",
        summary="A mart's rows, as far as they are about what you may see",
        tag="exports",
        scopes=(READ,),
        query=ExportsQuery,
        media=tuple(MEDIA_TYPES.values()),
        codes=("not_found", "format_unavailable", "range_not_satisfiable", "storage_full"),
        weight=Weight.EXPORT,
        reads_view=True,
    ),
)
def export_mart(context: RequestContext, mart: str) -> HttpResponse:
    query: ExportsQuery = context.query
    visibility = EventVisibility(context.runtime.ledger, context.viewer)
    if query.names and not sees_everything_else(context.viewer):
        raise Forbidden(
            "names of members are exported to those who may see every person: ask without `names`",
            allowed=(STEWARD, "auditor"),
        )
    export = _prepare(context, decode_segment(mart), query)
    if export.mart.is_person_level or query.names:
        record_person_read(context, export.view, f"exports/{export.mart.name}")
    return _write(context, export, None if visibility.is_unrestricted else visibility)


def _prepare(context: RequestContext, mart: str, query: ExportsQuery) -> Export:
    wanted = ExportQuery(
        mart=mart,
        form=query.format,
        after=query.after,
        at=query.at,
        as_of=None if query.as_of is None else parse_as_of(query.as_of, "as_of"),
        names=query.names,
    )
    try:
        return prepare_export(context.runtime, context.viewer.organisation_id, wanted)
    except InvalidField as error:
        raise ProblemError(
            "invalid_field",
            error.detail,
            errors=field_error(error.pointer or "", error.detail, where="query").errors,
            allowed=error.allowed,
        ) from None
    except FormatUnavailable as error:
        raise ProblemError("format_unavailable", str(error), allowed=("ndjson", "csv")) from None


def _write(context: RequestContext, export: Export, visibility: EventVisibility | None) -> HttpResponse:
    file = tempfile.TemporaryFile(prefix="plimsoll-export-")  # noqa: SIM115 - the response closes it
    try:
        sight = None if visibility is None else visibility.can_see_stream
        summary = write_export(context.runtime, export, file, sight=sight)
        file.flush()
        return select_range(_build_response(context, export, summary, file), context.headers)
    except OSError as error:
        file.close()
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ProblemError("storage_full") from None
    except BaseException:
        file.close()
        raise


def _build_response(context: RequestContext, export: Export, summary: ExportSummary, file: object) -> FileResponse:
    digest = base64.b64encode(bytes.fromhex(summary.sha256)).decode()
    following = next_page_url(context, cast("msgspec.Struct", context.query), after=summary.position)
    headers = {
        "ETag": f'"{summary.sha256}"',
        "Repr-Digest": f"sha-256=:{digest}:",
        "Content-Disposition": f'attachment; filename="{summary.mart}.{summary.format}"',
        "Plimsoll-Position": str(summary.position),
        "Plimsoll-Recorded-As-Of": format_instant(summary.recorded_as_of),
        "Plimsoll-As-Of": export.view.as_of_text,
        "Plimsoll-Epoch": summary.epoch,
        "Plimsoll-Export-Rows": str(summary.rows),
        "Plimsoll-Export-Schema-Version": str(summary.schema_version),
    }
    if summary.as_of is None:
        headers["Link"] = f'<{following}>; rel="next"'
    if context.freshness is not None:
        headers |= context.freshness.headers
    media, size = MEDIA_TYPES[summary.format], summary.bytes
    return FileResponse(body=b"", media_type=media, headers=headers, file=file, size=size, end=size)


ROUTES: list[Route] = [export_mart]
