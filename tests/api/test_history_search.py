"""The search of what happened over HTTP: what it finds, for whom, and that it can be asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from domain.text import compose, decompose
from tests.api.app_under_test import ApiApp, create_active_goal, why


def find(app: ApiApp, reader: str, **asked: Any) -> list[str]:
    answer = app.as_member(reader).get_ok(f"/v1/history?{urlencode(asked, doseq=True)}")
    return [found["text"] for found in answer["events"]]


def test_an_auditor_finds_an_act_by_person_type_reason_words_and_day(app: ApiApp) -> None:
    # given
    goal = create_active_goal(app, title="The report", ref="report")
    because = why("dependency_slipped", "the Bank is late")
    app.as_member("ana").post_ok(
        f"/v1/goals/{goal}/propose-change", {"changes": {"due": "2026-04-10"}, "reason": because}
    )
    app.as_member("ana").post_ok("/v1/members/ana/capacity", {"hours_per_week": 31, "from": "2026-04-01"})
    proposed = find(app, "aud", goal="report", types="goal.change_proposed.*")

    # then
    assert 1 == len(proposed)
    assert "The report" in proposed[0] or "Ana" in proposed[0]
    assert proposed == find(app, "aud", person="ana", reason=["dependency_slipped", "other"], words="bank LATE")
    assert proposed == find(app, "aud", types="goal.*", **{"from": "2026-03-02", "to": "2026-03-02"}, words="bank")
    assert [] == find(app, "aud", person="sam", words="bank")
    assert [] == find(app, "aud", words="bank", to="2026-03-01")
    assert any("31" in text for text in find(app, "aud", person="ana"))
    # and who may not see the person or the goal finds neither
    assert [] == find(app, "ned", person="ana")
    assert proposed == find(app, "ana", words="bank")


@pytest.mark.parametrize("write", [compose, decompose])
def test_words_are_found_in_either_unicode_form(shared_app: ApiApp, write: Callable[[str], str]) -> None:
    goal = create_active_goal(shared_app)
    because = why("other", write(f"die Brücke ist zu, Gleis {goal[:8]}"))
    change = {"changes": {"due": "2026-04-10"}, "reason": because}
    shared_app.as_member("ana").post_ok(f"/v1/goals/{goal}/propose-change", change)

    found = [find(shared_app, "aud", goal=goal, words=form("Brücke GLEIS")) for form in (compose, decompose)]

    assert [1, 1] == [len(each) for each in found]


def test_a_look_at_another_persons_acts_is_kept(app: ApiApp) -> None:
    find(app, "aud", person="ana")

    looks = app.as_member("ana").get_ok("/v1/me/looked-at")["looks"]

    assert [("history", "auditor")] == [(look["what"], look["role"]) for look in looks]


@pytest.mark.parametrize(
    ("asked", "status", "pointer"),
    [
        ({"person": "who"}, 404, "/person"),
        ({"goal": "nowhere"}, 404, "/goal"),
        ({"reason": "mood"}, 422, "/reason"),
        ({"types": "goal.*.v9"}, 422, "/types"),
        ({"from": "2026-03-04", "to": "2026-03-03"}, 422, "/from"),
        ({"words": "\u200b"}, 422, "/words"),
        ({"cursor": "zzz"}, 422, "/cursor"),
        ({"from": "03/04/2026"}, 422, "/from"),
        ({"position": "-1"}, 422, "/position"),
    ],
)
def test_a_search_for_what_cannot_be_is_refused(
    asked: dict[str, str], status: int, pointer: str, shared_app: ApiApp
) -> None:
    response = shared_app.as_member("aud").get(f"/v1/history?{urlencode(asked)}")

    assert status == response.status_code, response.text
    assert pointer in str(response.json())


def test_a_goal_of_another_team_is_as_none(app: ApiApp) -> None:
    create_active_goal(app, "ana", "sam", ref="hidden")

    answers = [app.as_member("ned").get(f"/v1/history?goal={goal}").json() for goal in ("hidden", "nowhere")]

    assert {"not_found"} == {answer["code"] for answer in answers}
    assert 1 == len({str(answer).replace(answer["request_id"], "") for answer in answers})
