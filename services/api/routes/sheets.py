"""Imports of spreadsheets over HTTP, and the column maps that an organisation keeps for them."""

from __future__ import annotations

from typing import Annotated, BinaryIO, Literal, cast

import msgspec

from domain.errors import Forbidden, NotFound, VersionConflict
from domain.organisation.column_map import ColumnMap, DateFormat, Heading
from domain.organisation.organisation import KeepColumnMap, KeptColumnMap, Organisation
from domain.references import Ref
from ledger.api_keys import Principal
from services.api.commands import command_response, execute
from services.api.context import RequestContext
from services.api.http.problems import MEDIA_TYPE, ProblemError, problem_head
from services.api.http.responses import HttpResponse, encode, json_response
from services.api.operations import NoQuery, Operation, Route, TimeText, Weight, command_route, query_route
from services.api.summaries import StreamSummary
from services.authorization import IMPORT, Capability, may
from services.imports.sheets.importing import SheetOptions, import_sheet, parse_watermark, read_sheet
from services.imports.sheets.tables import MAX_FILE_BYTES
from services.imports.sheets.verdicts import SheetResult

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ACCEPTED_MEDIA_TYPES = (CSV, XLSX, "application/octet-stream")
_NO_MAP = ("map", "partial", "dry_run", "watermark")


class SheetQuery(NoQuery, frozen=True, kw_only=True):
    """`map` names a kept column map; what else is said about the map goes before it."""

    map: Annotated[str, msgspec.Meta(min_length=1, max_length=60)] | None = None
    partial: bool = False
    dry_run: bool = False
    #: Of the map's source.
    watermark: TimeText | None = None
    source: Ref | None = None
    date_format: DateFormat | None = None
    decimal: Literal[".", ","] | None = None
    progress_in: Literal["percent", "fraction"] | None = None
    effort_in: Literal["hours", "days"] | None = None
    encoding: Literal["utf-8", "utf-16", "cp1252"] | None = None
    worksheet: Heading | None = None
    opens_as: Literal["draft", "requested", "active"] | None = None
    create_members: bool | None = None
    create_teams: bool | None = None


class SheetProblem(SheetResult, frozen=True, kw_only=True, omit_defaults=True):
    """A problem (RFC 9457) with a sheet's verdicts: those of refused rows say what is wrong, by column."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str


@command_route(
    "/v1/imports/sheets",
    Operation(
        id="importSheet",
        weight=Weight.IMPORT,
        summary="Import a spreadsheet of goals (CSV or XLSX): a verdict for each row; the same file twice adds nothing",
        tag="imports",
        scopes=(IMPORT,),
        query=SheetQuery,
        answer=SheetResult,
        refusal=SheetProblem,
        codes=("forbidden", "import_refused", "not_found", "busy"),
        idempotent=True,
        body_media=CSV,
        other_body_media=(XLSX, "application/octet-stream"),
        body_words="A spreadsheet of goals: CSV in UTF-8 or UTF-16, or a workbook (XLSX).",
        body_limit_bytes=MAX_FILE_BYTES,
    ),
)
def import_spreadsheet(context: RequestContext) -> HttpResponse:
    _require_import(context)
    media_type = context.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _ACCEPTED_MEDIA_TYPES:
        raise ProblemError("unsupported_media_type", f"send the file as {CSV} or XLSX", allowed=_ACCEPTED_MEDIA_TYPES)
    query: SheetQuery = context.query
    viewer = context.viewer
    options = SheetOptions(dry_run=query.dry_run, partial=query.partial, watermark=parse_watermark(query.watermark))
    sheet = read_sheet(cast("BinaryIO", context.body_file).read(), _build_map(context, query))
    principal = Principal(
        key_id=viewer.key_id,
        organisation_id=viewer.organisation_id,
        member_id=viewer.member_id,
        scopes=viewer.scopes,
    )
    try:
        done = import_sheet(context.runtime, viewer.organisation_id, sheet, principal=principal, options=options)
    except VersionConflict as conflict:
        raise ProblemError("busy", conflict.detail, headers={"Retry-After": "1"}) from None
    result = done.result
    if result.refused and not (query.partial or query.dry_run):
        return HttpResponse(body=encode(_to_problem(context, result)), status=422, media_type=MEDIA_TYPE)
    headers = {"Plimsoll-Position": str(result.position)} if result.position is not None else {}
    return HttpResponse(body=encode(result), headers=headers)


def _build_map(context: RequestContext, query: SheetQuery) -> ColumnMap:
    """The kept map with what the query says otherwise. Raises NotFound, InvalidField."""
    chosen = ColumnMap()
    if query.map is not None:
        organisation = _load_organisation(context)
        found = organisation.column_map(query.map)
        if found is None:
            kept = tuple(each.name for each in organisation.column_maps)
            raise NotFound(f"no column map is kept as {query.map!r}", pointer="/map", allowed=kept)
        chosen = found
    said = {name: value for name, value in msgspec.structs.asdict(query).items() if name not in _NO_MAP}
    return msgspec.structs.replace(chosen, **{name: value for name, value in said.items() if value is not None})


def _to_problem(context: RequestContext, result: SheetResult) -> SheetProblem:
    detail = f"{result.refused} of {result.rows} rows were refused, so none was kept"
    if result.accepted:
        # As of an import of acts: decided again after others had changed what it builds on, between two slices.
        detail = f"{result.refused} of {result.rows} rows were refused after {result.accepted} acts had been kept"
    head = problem_head("import_refused", detail=detail, instance=context.path)
    return SheetProblem(**head, **msgspec.structs.asdict(result))


class ColumnMaps(msgspec.Struct, frozen=True, kw_only=True):
    """The column maps that the organisation keeps."""

    maps: tuple[KeptColumnMap, ...]


class ColumnMapSummary(StreamSummary, frozen=True, kw_only=True, omit_defaults=True):
    """A column map that was kept."""

    name: str
    map: ColumnMap


@query_route(
    "/v1/import-maps",
    Operation(
        id="listColumnMaps",
        summary="The column maps by which spreadsheets are read",
        tag="imports",
        scopes=(IMPORT,),
        answer=ColumnMaps,
        codes=("forbidden",),
    ),
)
def list_column_maps(context: RequestContext) -> HttpResponse:
    _require_import(context)
    return json_response(ColumnMaps(maps=_load_organisation(context).column_maps))


@command_route(
    "/v1/import-maps",
    Operation(
        id="keepColumnMap",
        summary="Keep how a spreadsheet is read, by a name; one of that name is replaced",
        tag="imports",
        scopes=(IMPORT,),
        body=KeepColumnMap,
        answer=ColumnMapSummary,
        codes=("forbidden", "version_conflict", "busy"),
        command=True,
        idempotent=True,
    ),
)
async def keep_column_map(context: RequestContext) -> HttpResponse:
    _require_import(context)
    receipt = await execute(context, "organisation", context.viewer.organisation_id, context.body)
    summary = ColumnMapSummary(
        id=context.viewer.organisation_id,
        version=receipt.version,
        position=receipt.position,
        events=receipt.event_ids,
        name=context.body.name,
        map=context.body.map,
    )
    return command_response(summary, receipt)


def _require_import(context: RequestContext) -> None:
    if not may(context.viewer, Capability.IMPORT):
        raise Forbidden("imports are for stewards and integrations", allowed=("steward", "integration"))


def _load_organisation(context: RequestContext) -> Organisation:
    viewer = context.viewer
    found = context.runtime.ledger.load(viewer.organisation_id, "organisation", viewer.organisation_id)
    if not isinstance(found, Organisation):
        raise NotFound("no such organisation")
    return found


ROUTES: list[Route] = [import_spreadsheet, list_column_maps, keep_column_map]
