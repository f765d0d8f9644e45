"""Spreadsheets over HTTP: verdicts, kept maps, limits, and nothing recorded of what is refused."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from services.api.routes import sheets
from services.imports.sheets.importing import ImportedSheet, import_sheet
from services.imports.sheets.tables import MAX_FILE_BYTES
from tests.api.app_under_test import ApiApp
from tests.api.test_bad_input import assert_refused

CSV = {"Content-Type": "text/csv"}
SHEET = """\
Goal,Owner,Requested by,Team,Due,Done when
Sell,ana,Sam,core,03/04/2031,it sells
Buy,ben,sam,core,2031-01-01,it is bought
"""


def post(app: ApiApp, query: str, person: str = "stella", sheet: str | bytes = SHEET) -> Any:
    return app.as_member(person).post(f"/v1/imports/sheets?{query}", content=sheet, headers=CSV)


def test_a_dry_run_asks_and_an_answer_imports(app: ApiApp) -> None:
    before = app.count_events()

    asked = post(app, "dry_run=true").json()
    refused = post(app, "")
    recorded = app.count_events() - before
    done = post(app, "date_format=DD/MM/YYYY")
    again = post(app, "date_format=DD/MM/YYYY").json()

    assert ["refused", "new"] == [verdict["verdict"] for verdict in asked["verdicts"]]
    assert [("date_format", "Due", ["DD/MM/YYYY", "MM/DD/YYYY"])] == [
        (question["setting"], question["column"], question["allowed"]) for question in asked["questions"]
    ]
    assert (422, "import_refused", asked["verdicts"]) == (
        refused.status_code,
        refused.json()["code"],
        refused.json()["verdicts"],
    )
    assert (0, 2, True) == (recorded, done.json()["new"], done.json()["kept"])
    assert str(done.json()["position"]) == done.headers["Plimsoll-Position"]
    assert (2, 0) == (again["unchanged"], again["accepted"])
    goal = done.json()["verdicts"][0]["goal"]
    found = app.as_member("stella").get(f"/v1/goals/{goal}")
    assert ("requested", True) == (found.json()["state"], "2031-04-03" in found.text)


def test_a_refusal_says_what_had_been_kept_before_it(app: ApiApp, monkeypatch: pytest.MonkeyPatch) -> None:
    # given an import that another writer comes between, after its first slice
    def import_in_part(*args: Any, **options: Any) -> ImportedSheet:
        done = import_sheet(*args, **options)
        return msgspec.structs.replace(done, result=msgspec.structs.replace(done.result, accepted=3, kept=True))

    monkeypatch.setattr(sheets, "import_sheet", import_in_part)

    # when
    refused = post(app, "")

    # then
    assert (422, True) == (refused.status_code, refused.json()["kept"])
    assert "1 of 2 rows were refused after 3 acts had been kept" == refused.json()["detail"]


def test_a_map_that_was_kept_asks_nothing_more(app: ApiApp) -> None:
    stella = app.as_member("stella")
    chosen = {"columns": {"title": "Goal", "owner": "Owner"}, "date_format": "DD/MM/YYYY", "opens_as": "draft"}

    kept = stella.post_ok("/v1/import-maps", {"name": "goals", "map": chosen})
    same = stella.post_ok("/v1/import-maps", {"name": "goals", "map": chosen})
    done = post(app, "map=goals").json()

    assert (1, 0, chosen) == (len(kept["events"]), len(same["events"]), kept["map"])
    assert [{"name": "goals", "map": chosen}] == stella.get_ok("/v1/import-maps")["maps"]
    assert [["goal.draft"]] * 2 == [verdict["acts"] for verdict in done["verdicts"]]
    assert "kept how the spreadsheet" in json.dumps(stella.get_ok("/v1/organisation/history"))
    assert_refused(app, post(app, "map=never"), 404, "not_found", "/map")


@pytest.mark.parametrize("person", ["ana", "lea", "aud"])
def test_only_those_who_import_do(app: ApiApp, person: str) -> None:
    before = app.count_events()

    assert 403 == post(app, "", person).status_code
    assert 403 == app.as_member(person).get("/v1/import-maps").status_code
    assert 403 == app.as_member(person).post("/v1/import-maps", {"name": "goals", "map": {}}).status_code
    assert before == app.count_events()


def test_an_integration_requests_and_does_not_promise(app: ApiApp) -> None:
    agreed = SHEET.replace("Done when", "Done when,Agreed on").replace("bought", "bought,2026-02-02")

    told = post(app, "dry_run=true&date_format=DD/MM/YYYY", "bot", agreed).json()

    assert ["new", "refused"] == [verdict["verdict"] for verdict in told["verdicts"]]
    assert [("Agreed on", "forbidden")] == [
        (problem["column"], problem["code"]) for problem in told["verdicts"][1]["problems"]
    ]


@pytest.mark.parametrize(
    ("sheet", "query", "status", "pointer"),
    [
        (b"", "", 422, None),
        (b"PK\x03\x04 no workbook", "", 422, None),
        (b"Foo,Bar\n1,2\n", "", 422, "/columns/title"),
        (SHEET, "date_format=whenever", 422, "/date_format"),
        (SHEET, "decimal=x", 422, "/decimal"),
        (SHEET, "watermark=2026-01-01T00:00:00Z", 422, "/source"),
        (SHEET, "watermark=soon", 422, "/watermark"),
        (SHEET, "colour=red", 422, "/colour"),
        (b"Goal,Owner\n" + b"x" * MAX_FILE_BYTES, "", 413, None),
    ],
)
def test_a_bad_sheet_is_a_clear_problem(
    app: ApiApp, sheet: bytes, query: str, status: int, pointer: str | None
) -> None:
    before = app.count_events()

    response = post(app, query, sheet=sheet)

    assert status == response.status_code, response.text
    # A problem of the file as a whole points at nothing.
    assert pointer is None or [pointer] == [error["pointer"] for error in response.json()["errors"]]
    assert before == app.count_events()


def test_another_media_type_is_refused(app: ApiApp) -> None:
    response = app.as_member("stella").post("/v1/imports/sheets", content=SHEET, headers={"Content-Type": "text/html"})

    assert 415 == response.status_code


def test_the_maps_of_others_are_not_seen(app: ApiApp) -> None:
    app.as_member("stella").post_ok("/v1/import-maps", {"name": "goals", "map": {}})

    assert [] == app.as_member("stella", "rival").get_ok("/v1/import-maps")["maps"]
    response = app.as_member("stella", "rival").post("/v1/imports/sheets?map=goals", content=SHEET, headers=CSV)
    assert 404 == response.status_code


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": " goals ", "map": {}}, "/name"),
        ({"name": "goals", "map": {"columns": {"colour": "Goal"}}}, "/map/columns"),
        ({"name": "goals", "map": {"defaults": {"note": "x" * 2001}}}, "/map/defaults"),
        ({"name": "goals", "map": {"statuses": {f"{n:190}": "open" for n in range(60)}}}, "/map"),
        ({"name": "goals", "map": {"surprise": 1}}, "/map/surprise"),
    ],
)
def test_a_bad_map_is_not_kept(app: ApiApp, body: dict[str, Any], pointer: str) -> None:
    before = app.count_events()

    response = app.as_member("stella").post("/v1/import-maps", body)

    assert (422, before) == (response.status_code, app.count_events())
    assert pointer in response.json()["errors"][0]["pointer"]
