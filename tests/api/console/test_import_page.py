"""A spreadsheet in the console: uploaded, looked at row by row, mended, imported; bad files are clear pages."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from httpx import Response

from ledger.uploads import MAX_UPLOAD_BYTES, UPLOAD_LIFETIME, Upload
from services.runtime import Runtime
from services.settings import Settings
from tests.api.app_under_test import ApiApp
from tests.api.console.console_client import ConsoleClient, read_page, sign_in

UPLOAD, ROWS = "/console/import", "/console/import/rows"
SHEET = """\
Goal,Owner,Requested by,Team,Due,Done when,Status
<b>Sell</b>,ana,Sam,core,03/04/2031,it sells,On track
Buy,ben,sam,core,2031-01-01,it is bought,Parked
"""


def upload(client: ConsoleClient, data: bytes | str, name: str = "goals.csv", **fields: str) -> Response:
    """Send the upload form with this file."""
    given = client.open(UPLOAD).find_form(UPLOAD) | fields
    given.pop("sheet", None)
    # The client of the application encodes it as a browser does.
    return client.request("POST", UPLOAD, data=given, files={"sheet": (name, data)})


def look(client: ConsoleClient, data: bytes | str) -> Any:
    """The page of the rows of this file."""
    response = upload(client, data)
    assert (303, ROWS) == (response.status_code, response.headers["location"]), response.text
    return client.open(ROWS)


def test_a_messy_sheet_is_mended_and_imported(app: ApiApp) -> None:
    # given
    stella = sign_in(app, "stella")
    before = app.count_events()

    # when
    page = look(stella, SHEET)
    asked = page.text
    mended = page.find_form(ROWS) | {"/date_format": "DD/MM/YYYY", "meaning": "skip", "keep_as": "goals"}
    looked = read_page(stella.send(ROWS, mended))
    recorded = app.count_events() - before
    done = read_page(stella.send(ROWS, looked.find_form(ROWS) | {"do": "import"}))

    # then
    assert "0 new" in asked
    assert "2 refused" in asked
    assert "03/04/2031: is the day or the month first?" in asked
    assert "nothing says what 'parked' means here" in asked
    assert ("1 new 0 changed 0 unchanged 1 left out 0 refused" in looked.text, 0) == (True, recorded)
    assert "1 new, 0 changed" in done.text
    goals = app.as_member("ana").get_ok("/v1/goals?names=true")["goals"]
    assert ["<b>Sell</b>"] == [goal["title"] for goal in goals]
    assert "goals" in [kept["name"] for kept in app.as_member("stella").get_ok("/v1/import-maps")["maps"]]
    # and the file is gone, its map is offered
    assert "Upload and look" in stella.open(ROWS).text
    assert "goals" in stella.open(UPLOAD).text


def test_the_refused_rows_are_downloaded_and_the_good_ones_imported(app: ApiApp) -> None:
    stella = sign_in(app, "stella")
    page = look(stella, SHEET.replace("03/04/2031", "2031-04-03").replace("Buy", "=1+1"))

    refused = stella.send(ROWS, page.find_form(ROWS) | {"do": "refused"})
    done = read_page(stella.send(ROWS, page.find_form(ROWS) | {"do": "partial"}))

    rows = list(csv.DictReader(io.StringIO(refused.text)))
    assert ("text/csv; charset=utf-8", "'=1+1") == (refused.headers["content-type"], rows[0]["Goal"])
    assert "1 new" in done.text
    assert "1 refused and not kept" in done.text


def test_rows_come_in_pages(app: ApiApp) -> None:
    stella = sign_in(app, "stella")
    rows = "".join(f"Goal {n},ana,sam,core,2031-01-01,done,\n" for n in range(120))
    page = look(stella, SHEET.splitlines()[0] + "\n" + rows)

    second = read_page(stella.send(ROWS, page.find_form(ROWS) | {"page": "3"}))

    assert "page 1 of 3" in page.text
    assert ("page 3 of 3" in second.text, True) == (True, "121" in second.text)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no file was chosen"),
        (b"PK\x03\x04 no archive", "no workbook"),
        (b"a,b\n" * 20_010, "more than 20000 rows"),
        (b'Goal,Owner\n"' + b"x" * 1_100_000, "does a quote not end?"),
    ],
)
def test_a_file_that_is_no_sheet_is_a_clear_page(app: ApiApp, data: bytes, said: str) -> None:
    stella, before = sign_in(app, "stella"), app.count_events()

    response = upload(stella, data)

    assert response.status_code in (400, 422)
    assert said in read_page(response).text
    assert before == app.count_events()
    assert "Upload and look" in stella.open(ROWS).text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (SHEET.replace("Sell", "Größe").encode("cp1252"), "in which one was the file saved?"),
        (b"Foo,Bar\n1,2\n", "which column holds the title?"),
        (("Goal,Owner," + ",".join(f"Column {n}" for n in range(30)) + "\nSell,ana\n").encode(), "1 new"),
    ],
)
def test_a_messy_file_says_what_is_to_be_mended(app: ApiApp, data: bytes, said: str) -> None:
    assert said in look(sign_in(app, "stella"), data).text


def test_a_file_beyond_the_limit_is_not_received(app: ApiApp) -> None:
    response = upload(sign_in(app, "stella"), b"x" * (MAX_UPLOAD_BYTES + 200_000))

    assert 413 == response.status_code


@pytest.mark.parametrize("person", ["ana", "lea", "aud"])
def test_only_those_who_import_see_the_pages(app: ApiApp, person: str) -> None:
    client = sign_in(app, person)

    assert [403, 403] == [client.get(path).status_code for path in (UPLOAD, ROWS)]
    assert UPLOAD not in client.open("/console").source


def test_a_form_that_is_not_ours_uploads_nothing(app: ApiApp) -> None:
    stella = sign_in(app, "stella")

    response = upload(stella, SHEET, csrf="forged")

    assert 403 == response.status_code
    assert "Upload and look" in stella.open(ROWS).text


def test_an_upload_is_its_members_alone(app: ApiApp) -> None:
    look(sign_in(app, "stella"), SHEET)

    assert "Upload and look" in sign_in(app, "stella", "rival").open(ROWS).text


def test_uploads_are_kept_for_an_hour_one_of_each_member(database_url: str) -> None:
    with Runtime(Settings(database_url=database_url)) as runtime:
        organisation, member, other = (runtime.new_id() for _ in range(3))
        former, latter = Upload("a.csv", b"first"), Upload("b.csv", bytes(range(256)) * 1000)

        runtime.uploads.put(organisation, member, former)
        runtime.uploads.put(organisation, member, latter)
        runtime.uploads.put(organisation, other, former)
        kept = runtime.uploads.find(organisation, member)
        purged = runtime.uploads.purge(runtime.clock()), runtime.uploads.purge(runtime.clock() + UPLOAD_LIFETIME)

        assert (latter, (0, 2)) == (kept, purged)
        assert runtime.uploads.find(organisation, member) is None
