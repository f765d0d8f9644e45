"""`format=text`, `html` and `svg` of every report: of the demo on both stores, and of viewers who may see little."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from httpx import Response

from domain.references import resolve_stream_id
from services import seed
from services.api.routes.reports import REPORTS
from services.imports.importer import import_lines
from services.organisations import create_organisation
from services.plain_text import columns
from services.report_text.page import WIDTH
from services.runtime import Runtime
from services.settings import Settings
from tests.api.app_under_test import ApiApp, TickingClock, create_active_goal, offer, open_client

TODAY = date(2026, 3, 2)
_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-")
#: Lines of a screen, and a few that a long name may take.
SCREEN = 42


class DemoClient:
    """The demo's organisation, served; `get` takes the member whose key is used."""

    def __init__(self, runtime: Runtime, client: Any, organisation: Any, steward_key: str) -> None:
        self._runtime, self._client, self._organisation = runtime, client, organisation
        self._keys = {seed.STEWARD: steward_key}

    def get(self, path: str, member: str = seed.STEWARD, **headers: str) -> Response:
        key = self._keys.get(member) or self._keys.setdefault(member, self._create_key(member))
        response: Response = self._client.get(path, headers={"Authorization": f"Bearer {key}", **headers})
        return response

    def _create_key(self, member: str) -> str:
        stream = resolve_stream_id(self._organisation, "member", member)
        return self._runtime.keys.create(self._organisation, stream, ("read",), name="test")


@pytest.fixture(scope="module")
def demo(shared_database_url: str) -> Iterator[DemoClient]:
    """The demo, to be read."""
    clock = TickingClock(datetime.combine(TODAY, datetime.min.time(), UTC).replace(hour=9))
    with Runtime(Settings(database_url=shared_database_url), clock=clock) as runtime:
        created = create_organisation(runtime, "Harbour", steward=seed.STEWARD)
        principal = runtime.keys.authenticate(created.api_key, clock.now)
        assert principal is not None
        rows = (msgspec.json.encode(row) for row in seed.rows(TODAY))
        assert () == tuple(import_lines(runtime, created.organisation_id, rows, principal=principal).errors)
        runtime.engine.catch_up()
        with open_client(runtime) as client:
            yield DemoClient(runtime, client, created.organisation_id, created.api_key)


def test_every_report_of_the_demo_is_a_screen_of_sentences(demo: DemoClient) -> None:
    scopes = ["", *(f"&team={team}" for team in seed.TEAMS), "&member=priya", "&member=tomas", "&member=ana"]
    for name in REPORTS:
        # Of one person there is neither a pulse nor a tension.
        for scope in (scope for scope in scopes if not (name in ("pulse", "tensions") and "member" in scope)):
            response = demo.get(f"/v1/reports/{name}?format=text{scope}")
            _check_page(response)

    assert "Priya Raman" in demo.get("/v1/reports/overload?format=text").text


def _check_page(response: Response) -> None:
    assert (200, "text/plain; charset=utf-8") == (response.status_code, response.headers["Content-Type"]), response.text
    lines = response.text.splitlines()
    assert SCREEN >= len(lines), response.text
    assert all(columns(line) <= WIDTH for line in lines)
    assert "as of 2026-03-02 09:00 UTC, known up to 2026-03-02 09:00 UTC" in " ".join(response.text.split())
    assert _UUID.search(response.text) is None
    assert "\n\n\n" not in response.text
    assert response.text.endswith("\n")
    for share in re.findall(r"(\d+) of (\d+) \(100 %\)", response.text):
        assert share[0] == share[1]


def test_the_text_is_of_the_same_time_and_revalidates_like_the_json(demo: DemoClient) -> None:
    # given
    path = "/v1/reports/drift?team=checkout&as_of=2026-02-20"
    json, text = demo.get(path), demo.get(f"{path}&format=text")

    # then
    for header in ("Plimsoll-As-Of", "Plimsoll-Recorded-As-Of", "Plimsoll-Position", "Vary", "Cache-Control"):
        assert json.headers[header] == text.headers[header]
    assert json.headers["ETag"] != text.headers["ETag"]
    assert 304 == demo.get(f"{path}&format=text", **{"If-None-Match": text.headers["ETag"]}).status_code
    known = text.headers["Plimsoll-Recorded-As-Of"]
    assert text.content == demo.get(f"{path}&format=text&recorded_as_of={known}").content


def test_the_text_asks_for_nothing_else_than_json_does(demo: DemoClient) -> None:
    for member, path, status in [
        ("mika", "/v1/reports/overload?member=priya", 403),
        ("mika", "/v1/reports/drift?team=checkout", 403),
        ("mika", "/v1/reports/drift?team=nowhere", 404),
    ]:
        assert status == demo.get(path, member).status_code == demo.get(f"{path}&format=text", member).status_code


def test_every_report_of_the_demo_is_a_page_and_a_picture_that_run_and_fetch_nothing(demo: DemoClient) -> None:
    for name in REPORTS:
        for scope in ("", "&team=platform"):
            page = demo.get(f"/v1/reports/{name}?format=html{scope}")
            picture = demo.get(f"/v1/reports/{name}?format=svg{scope}")

            assert (200, "text/html; charset=utf-8") == (page.status_code, page.headers["Content-Type"]), page.text
            assert (200, "image/svg+xml") == (picture.status_code, picture.headers["Content-Type"]), picture.text
            assert {"svg", "title", "desc", "style", "rect"} <= {tag.rpartition("}")[2] for tag in _tags(picture)}
            for answer in (page, picture):
                _check_alone(answer)
            assert 150_000 > len(page.content)


def _tags(picture: Response) -> list[str]:
    return [element.tag for element in ET.fromstring(picture.text).iter()]


def _check_alone(answer: Response) -> None:
    """Its own sheet is the only thing that its policy allows; no script, no address of anything else, no id."""
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))
    [sheet] = re.findall("<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    assert {"'none'"} == {policy[name] for name in ("default-src", "base-uri", "form-action", "frame-ancestors")}
    assert (f"'sha256-{digest}'", "") == (policy["style-src"], policy["sandbox"])
    rest = answer.text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert re.search(r"<script|<link|<img|<iframe| on\w+=| style=|href|url\(|@import|https?:", rest) is None
    assert _UUID.search(answer.text) is None


def test_a_page_and_a_picture_are_of_the_same_time_and_revalidate_like_the_json(demo: DemoClient) -> None:
    path = "/v1/reports/alignment?as_of=2026-02-20"
    json = demo.get(path)
    for form in ("html", "svg"):
        answer = demo.get(f"{path}&format={form}")
        for header in ("Plimsoll-As-Of", "Plimsoll-Recorded-As-Of", "Plimsoll-Position", "Vary", "Cache-Control"):
            assert json.headers[header] == answer.headers[header]
        again = demo.get(f"{path}&format={form}", **{"If-None-Match": answer.headers["ETag"]})
        assert (304, b"") == (again.status_code, again.content)
        known = answer.headers["Plimsoll-Recorded-As-Of"]
        assert answer.content == demo.get(f"{path}&format={form}&recorded_as_of={known}").content


def test_a_form_that_there_is_not_is_refused_with_those_that_there_are(demo: DemoClient) -> None:
    problem = demo.get("/v1/reports/drift?format=png")

    assert 422 == problem.status_code
    assert "html" in problem.text
    assert "svg" in problem.text


@pytest.mark.parametrize("name", REPORTS)
def test_the_text_of_a_viewer_names_nobody_and_nothing_that_the_json_does_not(demo: DemoClient, name: str) -> None:
    everything = demo.get(f"/v1/reports/{name}?names=true").json()["names"]
    for member in ("mika", "dario", "ines"):
        path = f"/v1/reports/{name}"
        seen = demo.get(f"{path}?names=true", member).json()
        written = msgspec.json.encode(seen).decode()
        hidden = {called for called in everything.values() if called not in written}
        for form in ("text", "html", "svg"):
            text = " ".join(html.unescape(demo.get(f"{path}?format={form}", member).text).split())
            assert [] == [called for called in hidden if called in text]


def test_a_viewer_without_sight_meets_no_canary_in_any_report(app: ApiApp) -> None:
    # given a goal of Core with words that nobody of Edge may meet
    app.as_member("stella").post_ok("/v1/members/ana/rename", {"name": "Canary Reyes"})
    goal = create_active_goal(app, title="canary title", effort_hours=900)
    below = offer("ben", "sam", title="canary below", supports=[{"goal": goal}])
    offered = app.as_member("ben").post_ok("/v1/goals", below)
    app.as_member("sam").post_ok(f"/v1/goals/{offered['id']}/accept", {"answers": offered["open"]})
    needs = [{"text": "canary need", "addressee": "lea"}]
    app.as_member("ana").post_ok(f"/v1/goals/{goal}/check-in", {"note": "canary note", "needs": needs})

    for name in REPORTS:
        # then those who may see it do
        for form in ("text", "html", "svg"):
            told = app.as_member("stella").get(f"/v1/reports/{name}?format={form}").text
            assert (name in ("overload", "support") and form != "svg") <= ("anary" in told), told
            for viewer in ("ned", "eva", "bot"):
                text = app.as_member(viewer).get(f"/v1/reports/{name}?format={form}").text
                assert "anary" not in text
                assert _UUID.search(text) is None


def test_a_withheld_figure_says_so_and_what_it_was_is_not_in_the_text(app: ApiApp) -> None:
    # given: Edge has two members
    create_active_goal(app, "ned", "eva", team="edge", title="edge goal")

    text = app.as_member("ned").get("/v1/reports/support?team=edge&format=text").text

    assert "Withheld (fewer than five persons be" in text
    assert "Needs raised:" not in text
    for form in ("html", "svg"):
        told = app.as_member("ned").get(f"/v1/reports/support?team=edge&format={form}").text
        assert "withheld" in told


def test_what_the_text_calls_people_is_of_the_time_asked_about(app: ApiApp) -> None:
    goal = create_active_goal(app, title="the first title", effort_hours=900)
    known = app.as_member("ana").get("/v1/reports/overload?member=ana").headers["Plimsoll-Recorded-As-Of"]
    app.clock.now = app.clock.now.replace(day=5)
    app.as_member("stella").post_ok("/v1/members/ana/rename", {"name": "Ana the Second"})
    app.as_member("ana").post_ok(f"/v1/goals/{goal}/check-in", {"note": "on it"})

    now = app.as_member("ana").get("/v1/reports/overload?member=ana&format=text").text
    then = app.as_member("ana").get(
        f"/v1/reports/overload?member=ana&format=text&as_of=2026-03-02&recorded_as_of={known}"
    )

    assert "Overload of Ana the Second," in now
    assert "Overload of Ana, as of 2026-03-02, known" in then.text
