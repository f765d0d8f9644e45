"""Every bad request is a problem that names its field or rule, leaves no event, and is never a 500."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from httpx import Response

from ledger.commands import Command, Receipt
from ledger.errors import LedgerUnavailable
from tests.api.app_under_test import ApiApp, create_active_goal, offer, terms, why

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def app(shared_app: ApiApp) -> ApiApp:
    return shared_app


def assert_refused(
    app: ApiApp, response: Response, status: int, code: str, pointer: str | None = None
) -> dict[str, Any]:
    """The answer is this problem, whole and well-formed."""
    assert "application/problem+json" == response.headers["Content-Type"].partition(";")[0], response.text
    told: dict[str, Any] = response.json()
    assert (status, code) == (response.status_code, told["code"]), told
    assert (status, f"/problems/{code}") == (told["status"], told["type"])
    assert told["title"]
    assert response.headers["X-Request-Id"] == told["request_id"]
    assert 200 == app.client.get(told["type"]).status_code
    if pointer is not None:
        assert [pointer] == [error["pointer"] for error in told["errors"]], told
    return told


BAD_OFFERS: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown field": ({"surprise": 1}, "/surprise"),
    "a text where a list is due": ({"tags": "a"}, "/tags"),
    "a number as title": ({"title": 7}, "/title"),
    "an empty title": ({"title": ""}, "/title"),
    "a title over its length": ({"title": "x" * 201}, "/title"),
    "a description over its length": ({"description": "x" * 4001}, "/description"),
    "an unknown reason": ({"reason": {"code": "illness", "text": "x"}}, "/reason/code"),
    "NUL in a title": ({"title": "a\x00b"}, "/title"),
    "NUL deep inside": ({"terms": terms(conditions=["fine", "a\x00b"])}, "/terms/conditions/1"),
    "no condition": ({"terms": terms(conditions=[])}, "/terms/conditions"),
    "eight conditions": ({"terms": terms(conditions=["x"] * 8)}, "/terms/conditions"),
    "an empty condition": ({"terms": terms(conditions=[""])}, "/terms/conditions/0"),
    "due before start": ({"terms": terms(due="2026-03-01")}, "/terms/due"),
    "a due in the year 9999": ({"terms": terms(due="9999-12-31")}, "/terms/due"),
    "a start in the year 9999": ({"terms": terms(start="9999-12-30", due="9999-12-31")}, "/terms/start"),
    "a due in the year 1": ({"terms": terms(start="0001-01-01", due="0001-01-02")}, "/terms/start"),
    "no day at all": ({"terms": terms(due="2026-02-30")}, "/terms/due"),
    "effort below nothing": ({"terms": terms(effort_hours=-1)}, "/terms/effort_hours"),
    "effort of NaN in a text": ({"terms": terms(effort_hours="NaN")}, "/terms/effort_hours"),
    "effort of infinity in a text": ({"terms": terms(effort_hours="Infinity")}, "/terms/effort_hours"),
    "effort of 1E+999999 in a text": ({"terms": terms(effort_hours="1E+999999")}, "/terms/effort_hours"),
    "effort of 1E-999999 in a text": ({"terms": terms(effort_hours="1E-999999")}, "/terms/effort_hours"),
    "effort of a great many digits": ({"terms": terms(effort_hours="9" * 5000)}, "/terms/effort_hours"),
    "effort with underscores": ({"terms": terms(effort_hours="1_0")}, "/terms/effort_hours"),
    "effort that is true": ({"terms": terms(effort_hours=True)}, "/terms/effort_hours"),
    "a measure of no kind": ({"terms": terms(measure={"kind": "vibes"})}, "/terms/measure/kind"),
    "an unknown field in terms": ({"terms": terms(sneaky=1)}, "/terms/sneaky"),
    "a reference that is blank": ({"ref": "  "}, "/ref"),
    "a reference that looks like an id": ({"ref": "0190d0a5-0000-7000-8000-000000000000"}, "/ref"),
}


@pytest.mark.parametrize("what", BAD_OFFERS)
def test_a_bad_field_is_refused_by_its_pointer(app: ApiApp, what: str) -> None:
    change, pointer = BAD_OFFERS[what]
    before = app.count_events()

    response = app.as_member("ana").post("/v1/goals", {**offer(), **change})

    assert_refused(app, response, 422, "invalid_field", pointer)
    assert before == app.count_events()


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        ("NaN", 400, "malformed"),
        ("Infinity", 400, "malformed"),
        ("-Infinity", 400, "malformed"),
        ("1E+999999", 422, "invalid_field"),
        ("1e400", 422, "invalid_field"),
        ("-1E999999", 422, "invalid_field"),
        ("9" * 5000, 422, "invalid_field"),
        ("1" + "0" * 30, 422, "invalid_field"),
    ],
)
def test_a_number_that_is_none_is_refused(app: ApiApp, number: str, status: int, code: str) -> None:
    body = json.dumps(offer(effort_hours="HERE")).replace('"HERE"', number)

    response = app.as_member("ana").post("/v1/goals", content=body.encode(), headers=JSON)

    assert_refused(app, response, status, code, "/terms/effort_hours" if status == 422 else None)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed"),
        (b"{'do': 'offer'}", 400, "malformed"),
        (b"\xff\xfe", 400, "malformed"),
        (b'{"do": "offer", "title": "\xff"}', 400, "malformed"),
        (b'{"do": "offer", "title": "\\ud800"}', 400, "malformed"),
        (b"\xef\xbb\xbf{}", 400, "malformed"),
        (b"[]", 422, "invalid_field"),
        (b"null", 422, "invalid_field"),
        (b'"offer"', 422, "invalid_field"),
        (b"", 422, "invalid_field"),
        (b"{}", 422, "invalid_field"),
        (b'{"do": "promise"}', 422, "invalid_field"),
        (b'{"do": 7}', 422, "invalid_field"),
        (b'{"do":"offer","do":"discard"}', 422, "invalid_field"),
    ],
)
def test_a_body_that_is_no_opening_of_a_goal_is_refused(app: ApiApp, body: bytes, status: int, code: str) -> None:
    before = app.count_events()

    response = app.as_member("ana").post("/v1/goals", content=body, headers=JSON)

    assert_refused(app, response, status, code)
    assert before == app.count_events()


def test_a_body_nested_beyond_all_sense_is_refused(app: ApiApp) -> None:
    body = b'{"policy": {"focus": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"

    assert_refused(app, app.as_member("stella").post("/v1/policies", content=body, headers=JSON), 400, "malformed")


def test_a_body_of_two_megabytes_is_refused(app: ApiApp) -> None:
    assert_refused(app, app.as_member("ana").post("/v1/goals", offer(outcome="x" * 2_000_000)), 413, "body_too_large")


def test_a_body_that_hides_its_size_is_refused(app: ApiApp) -> None:
    def chunks() -> Any:
        for _ in range(30):
            yield b"x" * 100_000

    response = app.as_member("ana").post("/v1/goals", content=chunks(), headers=JSON)

    assert_refused(app, response, 413, "body_too_large")


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
def test_a_body_of_another_media_type_is_refused(app: ApiApp, media_type: str) -> None:
    response = app.as_member("ana").post(
        "/v1/goals", content=json.dumps(offer()).encode(), headers={"Content-Type": media_type}
    )

    assert ["application/json"] == assert_refused(app, response, 415, "unsupported_media_type")["allowed"]


def test_a_broken_rule_says_which_and_what_would_be_allowed(app: ApiApp) -> None:
    goal = create_active_goal(app)

    response = app.as_member("ana").post(f"/v1/goals/{goal}/promise", {})

    told = assert_refused(app, response, 409, "act_not_allowed")
    assert {"check_in", "propose_change", "declare_complete"} <= set(told["allowed"])


def test_the_wrong_party_is_refused(app: ApiApp) -> None:
    goal = create_active_goal(app)

    response = app.as_member("ben").post(f"/v1/goals/{goal}/check-in", {"note": "I say"})

    assert (403, "not_a_party") == (response.status_code, response.json()["code"])


def test_an_act_without_its_reason_is_refused(app: ApiApp) -> None:
    goal = create_active_goal(app)

    response = app.as_member("sam").post(f"/v1/goals/{goal}/cancel", {})

    assert_refused(app, response, 422, "reason_required")


def test_a_reason_called_other_needs_its_words(app: ApiApp) -> None:
    goal = create_active_goal(app)

    response = app.as_member("sam").post(f"/v1/goals/{goal}/cancel", {"reason": why("other", "because")})

    assert_refused(app, response, 422, "invalid_field", "/reason/text")


def test_an_answer_to_what_is_no_longer_open_is_told_what_is(app: ApiApp) -> None:
    # given
    ana, sam = app.as_member("ana"), app.as_member("sam")
    offered = ana.post_ok("/v1/goals", offer())
    path = f"/v1/goals/{offered['id']}"
    body = {"answers": offered["open"], "terms": {"due": "2026-03-20"}, "reason": why()}
    countered = sam.post_ok(f"{path}/counter", body)

    # when
    response = ana.post(f"{path}/promise", {"answers": offered["open"]})

    # then
    assert countered["open"] == assert_refused(app, response, 409, "answers_superseded")["open"]


def test_an_answer_must_say_what_it_answers(app: ApiApp) -> None:
    offered = app.as_member("ana").post_ok("/v1/goals", offer())

    assert_refused(app, app.as_member("sam").post(f"/v1/goals/{offered['id']}/accept", {}), 422, "answers_required")


@pytest.mark.parametrize("answers", ["", "x", "x" * 36, 7, None, "../../etc/passwd"])
def test_an_answer_to_nothing_is_refused(app: ApiApp, answers: Any) -> None:
    offered = app.as_member("ana").post_ok("/v1/goals", offer())

    response = app.as_member("sam").post(f"/v1/goals/{offered['id']}/accept", {"answers": answers})

    assert response.status_code in (409, 422), response.text


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/v1/goals?surprise=1", "/surprise"),
        ("/v1/goals?limit=0", "/limit"),
        ("/v1/goals?limit=201", "/limit"),
        ("/v1/goals?limit=ten", "/limit"),
        ("/v1/goals?limit=1&limit=2", "/limit"),
        ("/v1/goals?limit=99999999999999999999999", "/limit"),
        ("/v1/goals?team=", "/team"),
        ("/v1/goals?after_position=null", "/after_position"),
        ("/v1/goals?sort=colour", "/sort"),
        ("/v1/goals?cursor=nonsense", "/cursor"),
        ("/v1/goals?cursor=WzEsMiwieCIsInkiLCJ6Il0", "/cursor"),
        ("/v1/goals?due_from=tomorrow", "/due_from"),
        ("/v1/goals?as_of=yesterday", "/as_of"),
        ("/v1/goals?as_of=9999-12-31", "/as_of"),
        ("/v1/goals?as_of=0001-01-01T00:00:00%2B14:00", "/as_of"),
        ("/v1/goals?as_of=2026-03-02T10:00:00", "/as_of"),
        ("/v1/goals?as_of=2026-03-02T25:00:00Z", "/as_of"),
        ("/v1/goals?recorded_as_of=2026-03-02", "/recorded_as_of"),
        ("/v1/goals?q=a%00b", "/q"),
        ("/v1/reports/overload?window=0", "/window"),
        ("/v1/reports/drift?format=xml", "/format"),
        ("/v1/reports/drift?explain=maybe", "/explain"),
        ("/v1/events?after=-1", "/after"),
        ("/v1/events?subject=planet/earth", "/subject"),
        ("/v1/events?timeout=NaN", "/timeout"),
        ("/v1/members?limit=501", "/limit"),
    ],
)
def test_a_bad_parameter_is_refused_by_its_name(app: ApiApp, path: str, pointer: str) -> None:
    assert_refused(app, app.as_member("stella").get(path), 422, "invalid_field", pointer)


WRONG_VALUES: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "a reason": ("", offer() | {"reason": {"code": "illness"}}, "/reason/code", "dependency_slipped"),
    "a measure deep inside": (
        "",
        offer() | {"terms": terms(measure={"kind": "mood"})},
        "/terms/measure/kind",
        "binary",
    ),
    "how a goal begins": ("", offer() | {"do": "dream"}, "/do", "offer"),
    "how a goal begins, unsaid": ("", {k: v for k, v in offer().items() if k != "do"}, "/do", "offer"),
    "an act to try": ("/{goal}/preview", {"do": "ponder"}, "/do", "propose_change"),
    "one of a list": (
        "/{goal}/propose-change",
        {"changes": {"due": "2026-04-10"}, "reason": why(), "trade_offs": [{"kind": "luck"}]},
        "/trade_offs/0/kind",
        "defer",
    ),
    "what feedback is on": ("/{goal}/feedback", {"text": "well done", "on": "looks"}, "/on", "clarity"),
}


@pytest.mark.parametrize("what", WRONG_VALUES)
def test_a_wrong_word_is_answered_with_the_words_there_are(app: ApiApp, what: str) -> None:
    path, body, pointer, word = WRONG_VALUES[what]
    goal = create_active_goal(app)
    before = app.count_events()

    told = assert_refused(
        app, app.as_member("ana").post(f"/v1/goals{path.format(goal=goal)}", body), 422, "invalid_field", pointer
    )

    assert word in told["allowed"]
    assert before == app.count_events()


def test_a_wrong_word_of_a_query_is_answered_with_the_words_there_are(app: ApiApp) -> None:
    told = assert_refused(
        app, app.as_member("stella").get("/v1/reports/drift?format=xml"), 422, "invalid_field", "/format"
    )

    assert ["csv", "html", "json", "svg", "text"] == told["allowed"]


def test_a_wrong_word_is_not_answered_with_words_where_any_would_do(app: ApiApp) -> None:
    told = assert_refused(
        app, app.as_member("ana").post("/v1/goals", offer() | {"title": 7}), 422, "invalid_field", "/title"
    )

    assert "allowed" not in told


def test_a_query_that_is_no_query_is_refused(app: ApiApp) -> None:
    assert_refused(app, app.as_member("ana").get("/v1/goals?q=%ff"), 400, "malformed")


def test_a_path_that_is_no_text_is_refused(app: ApiApp) -> None:
    assert_refused(app, app.as_member("ana").get("/v1/goals/%ff%fe"), 400, "malformed")


@pytest.mark.parametrize("segment", ["%20", "a%00b", "x" * 201])
def test_a_path_that_names_nothing_is_refused(app: ApiApp, segment: str) -> None:
    assert_refused(app, app.as_member("ana").get(f"/v1/goals/{segment}"), 422, "invalid_field", "/id")


@pytest.mark.parametrize("path", ["/v1", "/v1/nothing", "/v1/goals/a/b/c", "/v2/goals", "/v1/goals/../../etc"])
def test_a_route_that_is_not_there_is_a_problem(app: ApiApp, path: str) -> None:
    assert_refused(app, app.client.get(path), 404, "unknown_route")


def test_a_method_that_is_not_taken_is_told_which_are(app: ApiApp) -> None:
    response = app.client.put("/v1/goals", json={})

    assert ["GET", "POST"] == assert_refused(app, response, 405, "method_not_allowed")["allowed"]
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer plim_nonsense",
        "Basic YTpi",
        "Bearer plim_" + "0" * 49,
        "Bearer \xfcber",
        "plim_x",
    ],
)
def test_a_request_without_a_key_in_force_is_refused(app: ApiApp, authorization: str) -> None:
    response = app.client.get("/v1/goals", headers=[(b"Authorization", authorization.encode("latin-1"))])

    assert_refused(app, response, 401, "unauthenticated")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_without_the_scope_is_told_which_it_takes(app: ApiApp) -> None:
    told = assert_refused(app, app.as_member("ana").get("/v1/keys"), 403, "insufficient_scope")

    assert ["admin"] == told["allowed"]


def test_too_many_requests_are_told_when_to_come_again(serve_app: Callable[..., ApiApp]) -> None:
    # given
    app = serve_app(rate_limit_per_minute=3)
    ana = app.as_member("ana")

    # when
    answers = [ana.get("/v1/teams") for _ in range(4)]

    # then
    assert [200, 200, 200, 429] == [answer.status_code for answer in answers]
    assert_refused(app, answers[3], 429, "rate_limited")
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert '"default";q=3;w=60' == answers[0].headers["RateLimit-Policy"]
    assert ["2", "1", "0", "0"] == [a.headers["RateLimit"].split("r=")[1].split(";")[0] for a in answers]
    assert 200 == app.as_member("sam").get("/v1/teams").status_code, "another key has its own window"


def test_guessing_keys_is_limited_too(serve_app: Callable[..., ApiApp]) -> None:
    app = serve_app(rate_limit_per_minute=2)

    answers = [app.client.get("/v1/teams", headers={"Authorization": "Bearer plim_x"}) for _ in range(3)]

    assert [401, 401, 429] == [answer.status_code for answer in answers]


def test_a_key_that_ended_with_a_leave_is_limited_like_any_other(serve_app: Callable[..., ApiApp]) -> None:
    app = serve_app(rate_limit_per_minute=3)
    app.as_member("stella").post_ok("/v1/members/ben/leave", {})

    answers = [app.as_member("ben").get("/v1/teams") for _ in range(4)]

    assert [401, 401, 401, 429] == [answer.status_code for answer in answers]
    assert 200 == app.as_member("ana").get("/v1/teams").status_code, "another key has its own window"


def test_an_error_of_ours_tells_nothing_about_itself(serve_app: Callable[..., ApiApp]) -> None:
    # given a store that breaks in a way nobody foresaw
    app = serve_app()
    app.runtime.ledger.positions = None  # type: ignore[assignment,method-assign]

    # when
    response = app.as_member("ana").get("/v1/goals")

    # then
    told = assert_refused(app, response, 500, "internal")
    assert {"type", "title", "status", "code", "instance", "request_id"} == set(told)
    assert "NoneType" not in response.text


def test_a_store_that_is_away_is_said_to_be_away(serve_app: Callable[..., ApiApp]) -> None:
    app = serve_app()
    app.runtime.ledger.close()

    response = app.client.get("/v1/goals", headers={"Authorization": f"Bearer {app.keys['acme']['ana']}"})

    told = assert_refused(app, response, 503, "unavailable")
    assert "1" == response.headers["Retry-After"]
    assert "recorded" not in told, "a read records nothing"


def test_a_command_that_was_surely_not_recorded_is_answered_so(
    serve_app: Callable[..., ApiApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = serve_app()
    app.as_member("ana").get("/v1/me")

    async def time_out(_command: Command) -> Receipt:
        raise LedgerUnavailable("the ledger did not get to it", recorded="no")

    monkeypatch.setattr(app.runtime.ledger, "handle_async", time_out)

    response = app.as_member("ana").post("/v1/goals", offer())

    told = assert_refused(app, response, 503, "unavailable")
    assert ("no", "Nothing was recorded.") == (told["recorded"], told["detail"])


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/events?after=1000000", "/after"),
        ("/v1/goals?recorded_as_of=2999-01-01T00:00:00Z", "/recorded_as_of"),
        ("/v1/goals?state=,", "/state"),
        ("/v1/events?types=,", "/types"),
    ],
)
def test_what_cannot_be_answered_twice_alike_or_names_nothing_is_refused_by_name(
    app: ApiApp, path: str, field: str
) -> None:
    response = app.as_member("stella").get(path)

    assert (422, field) == (response.status_code, response.json()["errors"][0]["pointer"])
