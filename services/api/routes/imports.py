"""Imports over HTTP: the lines that the CLI takes, plain or gzipped, answered with counts and row errors."""

from __future__ import annotations

from typing import BinaryIO, cast

import msgspec

from domain.errors import Forbidden, VersionConflict
from domain.references import Ref
from ledger.api_keys import Principal
from services.api.context import RequestContext
from services.api.http.problems import MEDIA_TYPE, ProblemError, problem_head
from services.api.http.responses import HttpResponse, encode
from services.api.operations import NoQuery, Operation, Route, Weight, command_route
from services.authorization import IMPORT, Capability, may
from services.imports.importer import ImportReceipt, ImportResult, RowError, build_import_receipt, import_lines
from services.imports.rows import ImportLimits, iter_lines

NDJSON = "application/x-ndjson"
_ACCEPTED_MEDIA_TYPES = (
    NDJSON,
    "application/ndjson",
    "application/jsonl",
    "application/gzip",
    "application/octet-stream",
)


class ImportQuery(NoQuery, frozen=True, kw_only=True):
    """`partial` keeps the good rows; `dry_run` keeps none. `source`: the tracker or file of rows that name none."""

    source: Ref | None = None
    partial: bool = False
    dry_run: bool = False


class ImportProblem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem (RFC 9457) with an import's counts; `errors` names every bad row by line, field and rule."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str
    accepted: int
    already: int
    refused: int
    errors: tuple[RowError, ...]
    dry_run: bool = False


@command_route(
    "/v1/imports",
    Operation(
        id="importActs",
        weight=Weight.IMPORT,
        summary="Import a history of acts, one JSON object a line; the same file twice adds nothing",
        tag="imports",
        scopes=(IMPORT,),
        query=ImportQuery,
        answer=ImportReceipt,
        refusal=ImportProblem,
        codes=("forbidden", "import_refused", "busy"),
        idempotent=True,
        body_media=NDJSON,
    ),
)
def import_acts(context: RequestContext) -> HttpResponse:
    if not may(context.viewer, Capability.IMPORT):
        raise Forbidden("imports are for stewards and integrations", allowed=("steward", "integration"))
    media_type = context.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _ACCEPTED_MEDIA_TYPES:
        raise ProblemError("unsupported_media_type", f"send the lines as {NDJSON}", allowed=_ACCEPTED_MEDIA_TYPES)
    query: ImportQuery = context.query
    viewer = context.viewer
    principal = Principal(
        key_id=viewer.key_id,
        organisation_id=viewer.organisation_id,
        member_id=viewer.member_id,
        scopes=viewer.scopes,
    )
    settings = context.runtime.settings
    limits = ImportLimits(unpacked_bytes=settings.import_limit_bytes, lines=settings.import_limit_lines)
    try:
        result = import_lines(
            context.runtime,
            viewer.organisation_id,
            iter_lines(cast("BinaryIO", context.body_file), limits),
            principal=principal,
            source=query.source,
            partial=query.partial,
            dry_run=query.dry_run,
        )
    except VersionConflict as conflict:
        # Decided again a few times already; no version was given, so this is no failed precondition.
        raise ProblemError("busy", conflict.detail, headers={"Retry-After": "1"}) from None
    if result.refused and not query.partial:
        return HttpResponse(body=encode(_to_import_problem(context, result)), status=422, media_type=MEDIA_TYPE)
    receipt = build_import_receipt(context.runtime, viewer.organisation_id, result)
    headers = {"Plimsoll-Position": str(receipt.position)} if receipt.position is not None else {}
    return HttpResponse(body=encode(receipt), headers=headers)


def _to_import_problem(context: RequestContext, result: ImportResult) -> ImportProblem:
    detail = f"{result.refused} rows were refused, so none was kept"
    if result.accepted:
        # Decided again after others had changed what it builds on, between two slices.
        detail = f"{result.refused} rows were refused after {result.accepted} others had been kept"
    return ImportProblem(
        **problem_head("import_refused", detail=detail, instance=context.path),
        accepted=result.accepted,
        already=result.already,
        refused=result.refused,
        errors=result.errors,
        dry_run=result.dry_run,
    )


ROUTES: list[Route] = [import_acts]
