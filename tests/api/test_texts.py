"""Over HTTP: references and searches in either Unicode form, and texts that nobody can see."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize
from urllib.parse import quote

import pytest

from tests.api.app_under_test import ApiApp, create_active_goal, offer
from tests.api.test_bad_input import assert_refused

COMPOSED, DECOMPOSED = (normalize(form, "jürgen") for form in ("NFC", "NFD"))


def test_one_name_in_two_forms_is_one_member(app: ApiApp) -> None:
    # given
    stella = app.as_member("stella")
    joined = stella.post_ok("/v1/members", {"name": "Jürgen", "ref": DECOMPOSED})

    # when
    again = stella.post("/v1/members", {"name": "Jürgen", "ref": COMPOSED})
    offered = app.as_member("ana").post_ok("/v1/goals", offer(ref="g", sponsor=COMPOSED))

    # then
    assert (409, "already_exists") == (again.status_code, again.json()["code"])
    assert (joined["id"], COMPOSED) == (offered["sponsor"], joined["ref"])
    for form in (COMPOSED, DECOMPOSED):
        assert joined["id"] == stella.get_ok(f"/v1/members/{quote(form)}")["id"]
        assert ["g"] == [goal["ref"] for goal in stella.get_ok(f"/v1/goals?sponsor={quote(form)}")["goals"]]


@pytest.mark.parametrize("title", [f"Ask {COMPOSED}", f"Ask {DECOMPOSED}", f"Ask {DECOMPOSED.upper()}"])
def test_a_title_is_found_in_every_form_and_kept_in_its_own(app: ApiApp, title: str) -> None:
    goal = create_active_goal(app, title=title)

    for word in (COMPOSED, DECOMPOSED, COMPOSED.upper()):
        [found] = app.as_member("ana").get_ok(f"/v1/goals?q={quote(word)}")["goals"]
        assert (goal, title) == (found["id"], found["title"])


@pytest.mark.parametrize("unseen", ["\u200b", "\ufeff", "\x07", "  ", "\u0301", "\u3164", "\U000e0041"])
def test_a_text_that_nobody_can_see_is_refused_and_nothing_is_recorded(app: ApiApp, unseen: str) -> None:
    # given
    goal = create_active_goal(app)
    before, keys = app.count_events(), len(app.as_member("stella").get_ok("/v1/keys")["keys"])
    asked: list[tuple[str, str, dict[str, Any], str]] = [
        ("ana", "/v1/goals", offer(title=unseen), "/title"),
        ("ana", "/v1/goals", offer(outcome=unseen), "/terms/outcome"),
        ("ana", "/v1/goals", offer(conditions=["Done", unseen]), "/terms/conditions/1"),
        ("ana", f"/v1/goals/{goal}/check-in", {"note": unseen}, "/note"),
        ("ana", f"/v1/goals/{goal}/check-in", {"progress": 0.5, "ideas": ["a", unseen]}, "/ideas/1"),
        ("ana", f"/v1/goals/{goal}/preview", {"do": "affirm", "note": unseen}, "/note"),
        ("ana", "/v1/affirmations", {"goals": [goal], "note": unseen}, "/note"),
        ("stella", "/v1/members", {"name": unseen}, "/name"),
        ("stella", "/v1/keys", {"member": "ana", "scopes": ["read"], "name": unseen}, "/name"),
    ]

    # when, then
    for person, path, body, pointer in asked:
        assert_refused(app, app.as_member(person).post(path, body), 422, "invalid_field", pointer)
    reason = {"code": "other", "text": unseen * 20}
    response = app.as_member("ana").post(f"/v1/goals/{goal}/withdraw-promise", {"reason": reason})
    assert_refused(app, response, 422, "invalid_field", "/reason/text")
    assert_refused(app, app.as_member("ana").get(f"/v1/goals?q={quote(unseen)}"), 422, "invalid_field", "/q")
    assert before == app.count_events()
    assert keys == len(app.as_member("stella").get_ok("/v1/keys")["keys"])


def test_texts_of_every_script_come_back_as_they_were_sent(app: ApiApp) -> None:
    family, wanted = "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    note = f"Zeile 1\r\n\tZeile 2 {family} {wanted} e\u0301"
    goal = create_active_goal(app)

    app.as_member("ana").post_ok(f"/v1/goals/{goal}/check-in", {"note": note})

    assert note == app.as_member("ana").get_ok(f"/v1/events?subject=goal/{goal}")[-1]["data"]["note"]
