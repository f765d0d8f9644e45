"""Import a spreadsheet: upload it, say what its columns hold, look at what becomes of each row, and import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import msgspec

from domain.errors import Forbidden, Refusal, VersionConflict
from domain.organisation.column_map import ColumnMap, RowStatus, SheetField
from domain.organisation.organisation import KeepColumnMap
from ledger.api_keys import Principal
from ledger.uploads import MAX_UPLOAD_BYTES, Upload
from services.api.commands import build_command
from services.api.console.file_forms import FORM_OVERHEAD_BYTES, MULTIPART, read_file_form
from services.api.console.navigation import NavigationEntry, NavigationSection
from services.api.console.page import PageRequest, form, page
from services.api.console.rendering import PAGE_HEADERS, redirect
from services.api.http.parsing import convert_form
from services.api.http.problems import Problem, ProblemError
from services.api.http.responses import HttpResponse
from services.api.operations import ReadQuery, Route, Weight
from services.authorization import IMPORT, Capability, Viewer, may
from services.imports.sheets.importing import ImportedSheet, Sheet, SheetOptions, import_sheet, read_sheet
from services.imports.sheets.tables import MAX_COLUMNS, MAX_ROWS
from services.imports.sheets.verdicts import SheetVerdict, describe_problem

UPLOAD_PATH, ROWS_PATH = "/console/import", "/console/import/rows"
#: Rows of one page of the preview.
PAGE_ROWS = 50
#: Choices of the map: setting -> (label, value -> words).
_CHOICES: dict[str, tuple[str, dict[str, str]]] = {
    "decimal": ("In numbers the fraction is behind a", {".": "point: 1,200.5", ",": "comma: 1.200,5"}),
    "progress_in": ("A progress of 1 is", {"percent": "1 %", "fraction": "all of it"}),
    "effort_in": ("Effort is in", {"hours": "hours", "days": "days"}),
    "encoding": (
        "The file was saved as",
        {"utf-8": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows (cp1252)"},
    ),
    "opens_as": (
        "A row without a status and a day of agreement is",
        {"requested": "a request to its owner", "draft": "a draft of its owner", "active": "agreed already"},
    ),
    "changes": (
        "Other terms in a row that was imported before",
        {"propose": "are proposed", "agree": "count as agreed by both", "ignore": "are passed over"},
    ),
}
_STATUS_WORDS = {
    RowStatus.OPEN: "nothing of its own",
    RowStatus.DRAFT: "a draft",
    RowStatus.REQUESTED: "a request",
    RowStatus.ACTIVE: "agreed",
    RowStatus.DELIVERED: "done, says its owner",
    RowStatus.SATISFIED: "done, says its sponsor too",
    RowStatus.CANCELLED: "cancelled",
    RowStatus.SKIP: "left out",
}
_FORMATS = ("DD/MM/YYYY", "MM/DD/YYYY", "DD.MM.YYYY", "DD-MM-YYYY", "DD/MM/YY", "MM/DD/YY", "excel")


def may_import(viewer: Viewer) -> bool:
    """Whether the viewer imports at all."""
    return IMPORT in viewer.scopes and may(viewer, Capability.IMPORT)


class ImportPageQuery(ReadQuery, frozen=True, kw_only=True):
    """By which kept map the sheet is read."""

    map: Annotated[str, msgspec.Meta(max_length=60)] | None = None


@page(
    UPLOAD_PATH,
    title="Import a spreadsheet",
    template="import_upload.html",
    query=ImportPageQuery,
    entry=NavigationEntry(name="Import", section=NavigationSection.SERVICE, order=20, is_shown=may_import),
)
def show_upload(request: PageRequest) -> Mapping[str, Any]:
    _require_import(request)
    return _build_upload(request)


@form(
    UPLOAD_PATH,
    title="Upload a spreadsheet",
    weight=Weight.IMPORT,
    media=MULTIPART,
    body_limit_bytes=MAX_UPLOAD_BYTES + FORM_OVERHEAD_BYTES,
)
def upload(request: PageRequest) -> HttpResponse:
    sent = read_file_form(request.context, field="sheet", max_bytes=MAX_UPLOAD_BYTES)
    _require_import(request)
    name = sent.form.get("map")
    try:
        if not sent.body:
            raise ProblemError("malformed", "no file was chosen, or it is empty")
        # What is no table at all is refused before it is kept.
        read_sheet(sent.body, _find_map(request, name))
    except (Refusal, ProblemError) as error:
        problem = request.to_problem(error)
        values = _build_upload(request, problem=problem)
        return request.render("import_upload.html", "Import a spreadsheet", values, status=problem.status)
    request.context.runtime.uploads.put(
        request.viewer.organisation_id, request.viewer.member_id, Upload(sent.file_name or "a sheet", sent.body)
    )
    return redirect(f"{ROWS_PATH}?map={_quote(name)}" if name else ROWS_PATH)


@page(
    ROWS_PATH,
    title="What becomes of each row",
    template="import_rows.html",
    query=ImportPageQuery,
    weight=Weight.IMPORT,
)
def show_rows(request: PageRequest) -> Mapping[str, Any] | HttpResponse:
    _require_import(request)
    kept = _find_upload(request)
    if kept is None:
        return request.render("import_upload.html", "Import a spreadsheet", _build_upload(request))
    return _look(request, kept, _find_map(request, request.query.map or ""))


@form(ROWS_PATH, title="Look at a spreadsheet's rows, or import them", weight=Weight.IMPORT)
def send_rows(request: PageRequest) -> HttpResponse:
    _require_import(request)
    kept = _find_upload(request)
    if kept is None:
        return redirect(UPLOAD_PATH)
    chosen = _read_map(request)
    do = request.form.get("do")
    if do not in ("import", "partial", "refused"):
        return _show(request, _look(request, kept, chosen))
    try:
        sheet = read_sheet(kept.body, chosen)
        if do == "refused":
            return _send_refused(_import(request, sheet, SheetOptions(dry_run=True)))
        done = _import(request, sheet, SheetOptions(partial=do == "partial"))
    except (Refusal, ProblemError) as error:
        return _show(request, _look(request, kept, chosen, problem=request.to_problem(error)))
    if done.result.refused and do == "import":
        return _show(request, _look(request, kept, chosen), status=422)
    _keep_map(request, done.result.map)
    if not done.result.refused:
        request.context.runtime.uploads.remove(request.viewer.organisation_id, request.viewer.member_id)
    return request.render("import_done.html", "Imported", {"result": done.result, "name": kept.name})


def _show(request: PageRequest, values: dict[str, Any], status: int = 200) -> HttpResponse:
    problem = values["problem"]
    return request.render(
        "import_rows.html", "What becomes of each row", values, status=problem.status if problem else status
    )


def _build_upload(request: PageRequest, problem: Problem | None = None) -> dict[str, Any]:
    kept = _find_upload(request)
    return {
        "maps": [each.name for each in _load_organisation(request).column_maps],
        "kept": kept.name if kept is not None else None,
        "problem": problem,
        "max_bytes": MAX_UPLOAD_BYTES,
        "max_rows": MAX_ROWS,
        "max_columns": MAX_COLUMNS,
    }


def _look(request: PageRequest, kept: Upload, chosen: ColumnMap, problem: Problem | None = None) -> dict[str, Any]:
    """The values of the page: the map as it is used, and a page of the verdicts; nothing is recorded."""
    result = None
    headings: tuple[str, ...] = ()
    if problem is None:
        try:
            sheet = read_sheet(kept.body, chosen)
            headings, chosen = sheet.headings, sheet.map
            result = _import(request, sheet, SheetOptions(dry_run=True)).result
        except (Refusal, ProblemError) as error:
            problem = request.to_problem(error)
    if problem is not None and not headings:
        headings = _try_headings(kept, chosen)
    verdicts = result.verdicts if result is not None else ()
    only_refused = request.form.get("show") == "refused"
    if only_refused:
        verdicts = tuple(each for each in verdicts if each.verdict is SheetVerdict.REFUSED)
    number = request.form.get("page")
    first = (min(int(number), 10**6) - 1) * PAGE_ROWS if number.isdecimal() and int(number) > 0 else 0
    first = first if first < len(verdicts) else 0
    return {
        "name": kept.name,
        "result": result,
        "chosen": chosen,
        "headings": [heading for heading in dict.fromkeys(headings) if heading],
        "fields": list(SheetField),
        "choices": _CHOICES,
        "formats": _FORMATS,
        "status_words": _STATUS_WORDS,
        "unknown_words": _list_unknown_words(result, chosen),
        "verdicts": verdicts[first : first + PAGE_ROWS],
        "describe": describe_problem,
        "number": first // PAGE_ROWS + 1,
        "numbers": (len(verdicts) + PAGE_ROWS - 1) // PAGE_ROWS,
        "only_refused": only_refused,
        "keep_as": request.form.get("keep_as") or getattr(request.query, "map", None) or "",
        "problem": problem,
        "key": request.new_form_key(),
    }


def _list_unknown_words(result: Any, chosen: ColumnMap) -> dict[str, str]:
    """Words of the status that the map translates, and those that nothing says the meaning of yet."""
    found: dict[str, str] = {word: status.value for word, status in chosen.statuses.items()}
    for verdict in result.verdicts if result is not None else ():
        for problem in verdict.problems:
            if problem.word is not None and problem.field is SheetField.STATUS:
                found.setdefault(problem.word, "")
    return dict(list(found.items())[:30])


def _import(request: PageRequest, sheet: Sheet, options: SheetOptions) -> ImportedSheet:
    viewer = request.viewer
    principal = Principal(
        key_id=viewer.key_id,
        organisation_id=viewer.organisation_id,
        member_id=viewer.member_id,
        scopes=viewer.scopes,
    )
    try:
        return import_sheet(
            request.context.runtime, viewer.organisation_id, sheet, principal=principal, options=options
        )
    except VersionConflict as conflict:
        raise ProblemError("busy", conflict.detail, headers={"Retry-After": "1"}) from None


def _read_map(request: PageRequest) -> ColumnMap:
    """The map that the form spells; what was left open is asked."""
    given = request.form.build_value()
    # Words of the status are texts of the sheet: they stand in values, not in names.
    words = zip(request.form.get_all("word"), request.form.get_all("meaning"), strict=False)
    given["statuses"] = {word: meaning for word, meaning in words if word and meaning}
    given["fill_down"] = request.form.get_all("fill_down")
    for name in ("create_members", "create_teams"):
        given[name] = request.form.get(f"/{name}") == "true"
    return convert_form(given, ColumnMap)


def _keep_map(request: PageRequest, chosen: ColumnMap) -> None:
    name = request.form.get("keep_as").strip()
    if name:
        act = KeepColumnMap(name=name[:60], map=chosen)
        organisation = request.viewer.organisation_id
        request.context.runtime.handle(build_command(request.context, "organisation", organisation, act))


def _find_map(request: PageRequest, name: str) -> ColumnMap:
    return _load_organisation(request).column_map(name) or ColumnMap()


def _load_organisation(request: PageRequest) -> Any:
    organisation = request.viewer.organisation_id
    return request.context.runtime.ledger.load(organisation, "organisation", organisation)


def _find_upload(request: PageRequest) -> Upload | None:
    return request.context.runtime.uploads.find(request.viewer.organisation_id, request.viewer.member_id)


def _try_headings(kept: Upload, chosen: ColumnMap) -> tuple[str, ...]:
    """The sheet's headings, where it can be read at all: to choose other columns."""
    try:
        return read_sheet(kept.body, chosen).headings
    except Refusal:
        return ()


def _send_refused(done: ImportedSheet) -> HttpResponse:
    return HttpResponse(
        body=done.format_refused_rows(),
        media_type="text/csv",
        headers={**PAGE_HEADERS, "Content-Disposition": 'attachment; filename="refused.csv"'},
    )


def _require_import(request: PageRequest) -> None:
    if not may_import(request.viewer):
        raise Forbidden("imports are for stewards and integrations, with a key that imports", allowed=("import",))


def _quote(text: str) -> str:
    return quote(text, safe="")


ROUTES: list[Route] = [show_upload, upload, show_rows, send_rows]
