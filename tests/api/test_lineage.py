"""Links, causes and consequences over HTTP, on both stores: who acts on a revised purpose, and who reads what of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.app_under_test import ApiApp, offer, why
from tests.api.test_charters import PROPOSAL, MemberApi, adopt_purpose, member_api, put_in_force

__all__ = ["member_api"]


def promise_goal(member_api: MemberApi, ref: str, owner: str, sponsor: str, team: str = "core", **terms: Any) -> str:
    """A goal offered and accepted; its id."""
    body = offer(ref=ref, owner=owner, sponsor=sponsor, team=team, title=f"The {ref}", **terms)
    made = member_api.post_ok(owner, "/v1/goals", body)
    member_api.post_ok(sponsor, f"/v1/goals/{ref}/accept", {"answers": made["open"]})
    return str(made["id"])


def revise_purpose(member_api: MemberApi) -> dict[str, str]:
    """Core's purpose, ana's goal for it, ned's of team edge for that; then the purpose is revised."""
    adopt_purpose(member_api)
    goals = {"first": promise_goal(member_api, "first", "ana", "sam", supports=[{"purpose": "core"}])}
    goals["second"] = promise_goal(member_api, "second", "ned", "eva", team="edge", supports=[{"goal": "first"}])
    until = member_api.clock.now.date().isoformat()
    body = {**PROPOSAL, "text": "Money back, today", "until": until, "reason": why("purpose_changed")}
    proposals = member_api.post_ok("lea", "/v1/charters/core/propose-purpose", body)["proposals"]
    member_api.advance_days(1)
    member_api.post_ok("lea", "/v1/charters/core/adopt-purpose", {"proposal": proposals[-1]["id"]})
    return goals


def find_figure(report: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [f for f in report["figures"] if f["name"] == name and "goal" not in f]
    return dict(found)


def test_a_revised_purpose_waits_below_until_the_owner_affirms_it(member_api: MemberApi) -> None:
    goals = revise_purpose(member_api)

    # then it waits, in the goal's links, in drift, in the tree and in what the purpose caused
    [waiting] = member_api.get_ok("ana", "/v1/goals/first/links")["supports"]
    assert ("purpose", False, "Money back, today") == (waiting["kind"], waiting["overdue"], waiting["title"])
    assert waiting["unaffirmed_since"] is not None
    assert (1, 1) == tuple(
        find_figure(member_api.get_ok("lea", "/v1/reports/drift?team=core"), "purpose_drift")[k] for k in ("count", "n")
    )
    [tree] = member_api.get_ok("lea", "/v1/reports/alignment?team=core")["tree"]
    assert waiting["unaffirmed_since"] == tree["goals"][0]["unaffirmed_since"]
    [caused] = member_api.get_ok("lea", "/v1/charters/core/consequences")["downstream"]
    assert (goals["first"], "waiting", None) == (caused["goal"], caused["became"], caused["at"])

    # when
    member_api.advance_days(1)
    member_api.post_ok("ana", "/v1/goals/first/affirm-link", {"supports": [{"purpose": "core"}]})

    # then
    [affirmed] = member_api.get_ok("ana", "/v1/goals/first/links")["supports"]
    assert affirmed["unaffirmed_since"] is None
    assert 0 == find_figure(member_api.get_ok("lea", "/v1/reports/drift?team=core"), "purpose_drift")["count"]
    [caused] = member_api.get_ok("lea", "/v1/charters/core/consequences?version=2")["downstream"]
    assert ("affirmed", affirmed["affirmed_by"]) == (caused["became"], caused["by"])


def test_a_goal_of_another_team_is_told_only_to_those_who_may_see_it(member_api: MemberApi) -> None:
    goals = revise_purpose(member_api)
    body = {"changes": {"due": "2026-04-20"}, "reason": why(), "trigger": "purpose"}
    opened = member_api.post_ok("ana", "/v1/goals/first/propose-change", body)["open"]
    member_api.post_ok("sam", "/v1/goals/first/accept-change", {"answers": opened})

    # ana sees nothing of edge's goal below hers, ned nothing of what became of hers above his
    told = {who: member_api.get_ok(who, "/v1/goals/first/why?field=due") for who in ("ana", "stella")}
    assert [[], [goals["second"]]] == [[c["goal"] for c in told[who]["downstream"]] for who in ("ana", "stella")]
    assert ["purpose"] == [up["kind"] for up in told["ana"]["upstream"] if up["caused"]]
    assert [] == member_api.get_ok("ana", "/v1/goals/first/links")["supported_by"]
    [above] = member_api.get_ok("ned", "/v1/goals/second/links")["supports"]
    assert ("", [], goals["first"]) == (above["title"], above["events"], above["goal"])
    assert [] == member_api.get_ok("ned", "/v1/goals/second/why?field=due")["upstream"]
    caused = member_api.get_ok("ned", "/v1/charters/core/consequences")["downstream"]
    assert [(2, goals["second"], "waiting")] == [(c["depth"], c["goal"], c["became"]) for c in caused]
    assert goals["second"] not in str(member_api.get_ok("ana", "/v1/reports/alignment?names=true"))


def test_how_far_another_teams_purpose_has_come_is_withheld(member_api: MemberApi) -> None:
    revise_purpose(member_api)

    told = {
        who: find_figure(member_api.get_ok(who, "/v1/reports/alignment"), "purpose_progress")
        for who in ("ana", "lea", "ned")
    }

    assert ("small_group", 1) == (told["ana"]["rule"], told["lea"]["n"])  # one goal of one person
    assert (None, "withheld", None) == tuple(told["ned"].get(name) for name in ("value", "status", "n"))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/goals/first/links", 403),
        ("/v1/goals/nowhere/links", 404),
        ("/v1/charters/edge/consequences", 404),
        ("/v1/charters/core/consequences?version=0", 422),
        ("/v1/charters/core/consequences?version=two", 422),
        ("/v1/charters/core/consequences?as_of=never", 422),
        ("/v1/reports/alignment?team=core", 403),
        ("/v1/reports/alignment?member=ana", 403),
        ("/v1/reports/alignment?team=nobody", 404),
    ],
)
def test_what_cannot_be_answered_is_refused(member_api: MemberApi, path: str, status: int) -> None:
    revise_purpose(member_api)

    assert status == member_api.send("ned", "GET", path).status_code


def test_the_alignment_report_is_a_table_too(app: ApiApp) -> None:
    table = app.as_member("stella").get("/v1/reports/alignment?format=csv")

    assert 200 == table.status_code
    assert "untied_share" in table.text


def test_who_has_not_acknowledged_is_told_to_that_person_and_to_who_leads(member_api: MemberApi) -> None:
    put_in_force(member_api)
    promise_goal(member_api, "first", "ana", "sam")

    told = {who: member_api.get_ok(who, "/v1/reports/drift?team=core") for who in ("ben", "lea", "stella")}

    waiting = {
        who: {mend["member"] for mend in report["mend"] if mend["kind"] == "acknowledgement"}
        for who, report in told.items()
    }
    assert (1, 5) == (len(waiting["ben"]), len(waiting["lea"]))
    assert waiting["ben"] < waiting["lea"] == waiting["stella"]
    share = find_figure(told["ben"], "acknowledgement_share")
    assert (5, 5) == (share["count"], share["n"])
