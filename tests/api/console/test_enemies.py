"""What people paste and what attackers send: shown as text, refused clearly, and nothing of another organisation."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from services.api.console.routes import ROUTES as CONSOLE_ROUTES
from tests.api.app_under_test import ApiApp, create_active_goal, why
from tests.api.console.console_client import read_page, sign_in
from tests.api.route_walk import SECRET, create_secrets

#: What a path takes that is no one's.
_OTHER_WORDS = {"act": "accept", "how": "offer", "report": "overload"}
#: Markup, quotes, bidi controls, a text that ends a script, Jinja's own marks, and combining characters.
TEXTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE goals; --",
    "\u202egnp.exe\u202c \u2066x\u2069 \u200f\u061c",
    "</textarea></title></svg><b>",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    "a\u0301" * 40 + "\U0001f3f4\u200d\u2620\ufe0f",
    "javascript:alert(1)",
)


@pytest.mark.parametrize("text", TEXTS)
def test_what_people_write_is_shown_as_they_wrote_it_and_never_runs(text: str, shared_app: ApiApp) -> None:
    # given
    ana, sam = shared_app.as_member("ana"), shared_app.as_member("sam")
    goal = create_active_goal(shared_app, title=text, outcome=text, conditions=[text], effort_hours=4)
    ana.post_ok(f"/v1/goals/{goal}/check-in", {"note": text, "needs": [{"text": text}], "ideas": [text]})
    sam.post_ok(f"/v1/goals/{goal}/feedback", {"text": text})
    ana.post_ok(f"/v1/goals/{goal}/raise-blocker", {"blocker": {"text": text}})
    create_active_goal(shared_app, supports=[{"goal": goal}])
    change = {"changes": {"due": "2026-04-10", "outcome": text}, "reason": why(text=text)}
    ana.post_ok(f"/v1/goals/{goal}/propose-change", change)
    console = sign_in(shared_app, "sam")

    for path in (
        "/console",
        "/console/goals",
        f"/console/goals/{goal}",
        f"/console/goals/{goal}?from=2026-03-01",
        f"/console/goals/{goal}/why?field=outcome",
        f"/console/goals/{goal}/acts/accept_change",
        f"/console/goals/{goal}/acts/answer_need",
        f"/console/goals/{goal}/acts/resolve_blocker",
    ):
        # when
        page = console.open(path)

        # then: `open` has seen that every element is ours, nests, and holds no handler; the text itself is text
        assert "alert(1)" not in "".join(str(each.attributes.get("onerror", "")) for each in page.root.walk())
        assert {"svg", "script"} >= {
            each.tag for each in page.root.walk() if each.tag in ("script", "img", "iframe", "svg")
        }
        assert [] == [each for each in page.root.find_all("script") if "src" not in each.attributes]
        assert "49" not in page.headings[0]
    assert " ".join(text.split()) in console.open(f"/console/goals/{goal}").headings[0]
    # A name with controls is isolated: what stands beside it keeps its order.
    [heading] = console.open(f"/console/goals/{goal}").root.find_all("h1")
    assert ["bdi"] == [each.tag for each in heading.walk()]


@pytest.mark.parametrize("text", ["x" * 10_000, "\u0430" * 4_001, "a\x00b"])
def test_too_much_text_is_refused_at_its_field_and_kept_in_it(text: str, shared_app: ApiApp) -> None:
    goal = create_active_goal(shared_app)
    console = sign_in(shared_app, "ana")
    path = f"/console/goals/{goal}/acts/check_in"
    fields = console.open(path).find_form(path)
    before = shared_app.count_events()

    response = console.send(path, fields | {"/note": text})

    assert 422 == response.status_code
    assert "/note" in read_page(response).text or read_page(response).root.find_all(aria_invalid="true")
    assert before == shared_app.count_events()


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"csrf=%ff", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % n for n in range(501)), "application/x-www-form-urlencoded", 400),
        (b'{"csrf": "x"}', "application/json", 415),
        (b"x" * 1_000_001, "application/x-www-form-urlencoded", 413),
        (b"", "", 403),
    ],
)
def test_a_body_that_is_no_form_is_refused_on_a_page(
    body: bytes, media_type: str, status: int, shared_app: ApiApp
) -> None:
    goal = create_active_goal(shared_app)
    console = sign_in(shared_app, "ana")
    before = shared_app.count_events()

    headers = {"Content-Type": media_type} if media_type else {}
    response = console.request("POST", f"/console/goals/{goal}/acts/affirm", content=body, headers=headers)

    assert status == response.status_code
    assert "Go to my week" in read_page(response).text
    assert before == shared_app.count_events()


@pytest.mark.parametrize(
    "fields",
    [
        {"/changes/due/x/y/z/q/w/e": "1"},
        {"/changes": "1", "/changes/due": "2026-04-10"},
        {"/changes/due": "9999-12-31"},
        {"/changes/due": "03/04/2026"},
        {"/changes/effort_hours": "NaN"},
        {"/changes/effort_hours": "1e999999"},
        {"/changes/nothing": "1"},
        {"/nothing": "1"},
        {"/trade_offs/99999999/kind": "drop"},
        {"/do": "accept"},
        {"version": "999999999999999999999"},
        {"version": "0; x"},
        {"idempotency_key": "x" * 300},
        {"idempotency_key": ""},
        {"/as": "sponsor"},
    ],
)
def test_a_form_that_no_page_has_made_is_refused_clearly(fields: dict[str, str], shared_app: ApiApp) -> None:
    goal = create_active_goal(shared_app)
    console = sign_in(shared_app, "ana")
    path = f"/console/goals/{goal}/acts/propose_change"
    given = console.open(path).find_form(path) | {"/reason/code": "other", "/reason/text": "x" * 30}
    before = shared_app.count_events()

    response = console.send(path, given | fields)

    assert 400 <= response.status_code < 500, response.text
    read_page(response)
    assert before == shared_app.count_events()


@pytest.mark.parametrize("path", ["/console/goals/%00", "/console/goals/" + "x" * 300, "/console/goals/a/acts/nothing"])
def test_an_address_that_names_nothing_is_a_clear_page(path: str, shared_app: ApiApp) -> None:
    response = sign_in(shared_app, "ana").get(path)

    assert response.status_code in (404, 422)
    assert "Go to my week" in read_page(response).text


def test_no_page_and_no_form_tells_or_does_anything_of_another_organisation(app: ApiApp) -> None:
    # given
    hidden = create_secrets(app)
    console = sign_in(app, "stella")
    fields = console.open("/console").find_form("/console/sign-out")
    names: dict[str, tuple[str, ...]] = {
        "goal": (hidden.goal, hidden.goal_ref),
        "member": (hidden.member, hidden.member_ref),
        "team": (hidden.team, hidden.team_ref),
    }
    before = app.runtime.ledger.position(app.organisation_id("rival"))
    asked = 0
    for route in CONSOLE_ROUTES:
        if route.path.startswith("/console/sign-") or route.path == "/console/static/{file}":
            continue
        for place in range(2):
            words = {name: refs[place] for name, refs in names.items()} | _OTHER_WORDS
            # A page of another kind of thing is asked for something that is theirs, all the same.
            path = re.sub(r"\{(\w+)\}", lambda found, words=words: words.get(found[1], hidden.charter), route.path)  # type: ignore[misc]
            taken = {field.encode_name for field in msgspec.structs.fields(route.operation.query)}
            query = {name: value for name, value in (("q", SECRET), ("from", "2026-03-01")) if name in taken}

            # when
            sent: dict[str, Any] = fields | {"goals": hidden.goal, "/answers": hidden.open, "/note": "mine now"}
            response = console.get(path, params=query) if route.method == "GET" else console.send(path, sent)

            # then
            asked += 1
            assert response.status_code < 500, (route.method, path, response.text)
            assert not (response.is_success and "{goal}" in route.path), (route.method, path)
            shown = response.text.replace(hidden.goal_ref, "").replace(f'value="{SECRET}"', "")
            assert SECRET not in shown, (route.method, path)
            assert before == app.runtime.ledger.position(app.organisation_id("rival"))
    assert asked >= 10
