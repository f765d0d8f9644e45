"""Heads that are odd but allowed, and those that are not: every answer is a response of ours, its headers included."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidField
from projections.database.paging import Cursor, decode_cursor, encode_cursor
from services.api.http.parsing import decode_path, encode_path
from services.api.http.responses import HttpResponse
from tests.api.app_under_test import ApiApp, create_active_goal
from tests.api.test_bad_days import build_scope
from tests.api.test_bad_input import assert_refused
from tests.api.test_stores import StewardClient, steward  # noqa: F401 - a fixture

#: What RFC 3986 lets stand in a URI, percent-encoding included.
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")
REFERENCES = ["übung", "Дом 7", "a b", "a<b>;c", 'x";y', "50%", "a/b", "語"]


def find_next(headers: Any) -> str:
    match = re.fullmatch(r'<([^>]*)>; rel="next"', headers["Link"])
    assert match, headers["Link"]
    assert _URI.fullmatch(match[1]), match[1]
    return match[1]


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("where", ["history", "events"])
def test_a_page_of_a_stream_with_any_reference_leads_on(shared_app: ApiApp, where: str, reference: str) -> None:
    # given
    ana = shared_app.as_member("ana")
    ref = f"{where} {reference}"
    if ana.get(f"/v1/goals/{_encode(ref)}").status_code != 200:
        create_active_goal(shared_app, ref=ref)
    path = f"/v1/goals/{_encode(ref)}/history" if where == "history" else "/v1/events"
    query = {"limit": 1} | ({"subject": f"goal/{ref}"} if where == "events" else {})

    # when
    first = ana.get(path, params=query)
    following = ana.get(find_next(first.headers))

    # then
    assert (200, 200) == (first.status_code, following.status_code), following.text
    assert first.content != following.content


def _encode(ref: str) -> str:
    return "".join(f"%{byte:02X}" for byte in ref.encode())


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_a_path_in_a_header_is_the_path_of_the_request(text: str) -> None:
    path = decode_path(f"/v1/goals/{_encode(text)}/history".encode())

    encoded = encode_path(path)

    assert _URI.fullmatch(encoded)
    assert path == decode_path(encoded.encode())
    assert f"/v1/goals/{text}/history" == unquote(encoded)


@pytest.mark.parametrize(
    "name", ["Authorization", "Content-Type", "Idempotency-Key", "Plimsoll-After-Position", "X-Request-Id"]
)
def test_a_header_that_means_one_thing_is_taken_once(app: ApiApp, name: str) -> None:
    scope = build_scope(app, "stella", "/v1/teams")
    kept = [pair for pair in scope["headers"] if pair[0] != name.lower().encode()]
    scope["headers"] = [*kept, (name.lower().encode(), b"1"), (name.lower().encode(), b"1")]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b'{"name": "N", "lead": "stella"}', "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app.app(scope, receive, send))

    told = json.loads(sent[1]["body"])
    assert (400, "malformed") == (sent[0]["status"], told["code"])
    assert name.lower() in told["detail"]


@pytest.mark.parametrize("length", ["0" * 5000 + "5", "9" * 5000, "9" * 18])
def test_a_length_of_thousands_of_digits_is_a_number_like_another(app: ApiApp, length: str) -> None:
    headers = {"Content-Length": length, "Content-Type": "application/json"}

    response = app.as_member("stella").request("POST", "/v1/teams", headers=headers, content=b"{}   ")

    assert_refused(app, response, *((422, "invalid_field") if length.startswith("0") else (413, "body_too_large")))


def test_what_goes_wrong_behind_the_handler_is_a_problem_too(app: ApiApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpResponse, "header_pairs", _once(HttpResponse.header_pairs))

    response = app.as_member("ana").get("/v1/me")

    assert_refused(app, response, 500, "internal")


def _once(further: Any) -> Any:
    """Raise at the first call, as a header that cannot be encoded does."""
    calls: list[Any] = []

    def header_pairs(response: HttpResponse) -> Any:
        calls.append(response)
        if len(calls) == 1:
            raise UnicodeEncodeError("latin-1", "语", 0, 1, "no such character")
        return further(response)

    return header_pairs


BAD_IDS = ["", "x", "' OR 1=1", "0", "{}", "é", "7" * 32, "00000000-0000-0000-0000-00000000000G"]


@pytest.mark.parametrize("path", ["/v1/goals", "/v1/cycles", "/v1/decisions"])
@pytest.mark.parametrize("bad", BAD_IDS)
def test_a_cursor_with_a_bad_id_is_refused_on_either_store(
    steward: StewardClient,  # noqa: F811 - the fixture
    shared_app: ApiApp,
    path: str,
    bad: str,
) -> None:
    for send in (lambda url: steward.send("GET", url), shared_app.as_member("stella").get):
        for key in ("a", 1):
            cursor = encode_cursor(Cursor(1, 1, "", key, bad))
            response = send(f"{path}?cursor={cursor}")
            assert (422, "invalid_field") == (response.status_code, response.json()["code"]), response.text


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=8))
def test_no_cursor_is_worse_than_refused(value: Any) -> None:
    try:
        text = base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")
    except UnicodeEncodeError:
        return
    with pytest.raises(InvalidField):
        decode_cursor(text, "q", number=True)
