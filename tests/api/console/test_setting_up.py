"""Setting up in the console: organisation, teams, members with capacity and absences, policies, keys."""

from __future__ import annotations

import re

import pytest

from tests.api.app_under_test import ApiApp
from tests.api.console.console_client import read_page, sign_in

SETTING_UP = "/console/setting-up"
MEMBERS, KEYS, POLICIES = (f"{SETTING_UP}/{name}" for name in ("members", "keys", "policies"))


def test_a_team_and_its_members_are_set_up(app: ApiApp) -> None:
    # given
    stella = sign_in(app, "stella")

    # when
    page = stella.open(SETTING_UP)
    made = stella.submit(
        page, f"{SETTING_UP}/acts/create-team", **{"/name": "Data"}, **{"/lead": "lena"}, **{"/ref": "data"}
    )
    joined = stella.submit(
        stella.open(MEMBERS),
        f"{SETTING_UP}/acts/join-member",
        **{"/name": "Lena <i>"},
        **{"/ref": "lena"},
        **{"/team": "data"},
    )
    member = stella.open(joined.headers["location"])
    lena = app.resolve_id("member", "lena")
    action = f"{SETTING_UP}/acts/member.{{}}/{lena}"
    worked = stella.submit(member, action.format("capacity"), **{"/hours_per_week": "32"}, **{"/from": "2026-03-02"})
    after = stella.open(worked.headers["location"])
    away = stella.submit(after, action.format("absence"), **{"/from": "2026-04-01"}, **{"/to": "2026-04-10"})

    # then
    assert "Recorded: create a team" in stella.open(made.headers["location"]).text
    assert "Recorded: add a member" in member.text
    assert "Lena <i>" in member.headings
    shown = stella.open(away.headers["location"]).text
    assert "32 h from 2 Mar 2026" in shown
    assert "1 Apr 2026 to 10 Apr 2026" in shown
    assert app.as_member("stella").get_ok("/v1/teams/data")["members"] == [lena]


def test_a_refusal_stands_at_its_form_with_what_was_typed(app: ApiApp) -> None:
    stella, before = sign_in(app, "stella"), app.count_events()
    lea = app.resolve_id("member", "lea")
    page = stella.open(f"{MEMBERS}/{lea}")

    response = stella.submit(
        page, f"{SETTING_UP}/acts/member.capacity/{lea}", **{"/hours_per_week": "many"}, **{"/from": "2026-03-02"}
    )

    refused = read_page(response)
    assert (422, before) == (response.status_code, app.count_events())
    assert "many" == refused.find_form(f"{SETTING_UP}/acts/member.capacity/{lea}")["/hours_per_week"]
    assert "Nothing was recorded" in refused.text


def test_a_member_sets_up_its_own_hours_and_no_one_elses(app: ApiApp) -> None:
    ana = sign_in(app, "ana")
    own, other = (app.resolve_id("member", name) for name in ("ana", "ben"))

    page = ana.open(f"{MEMBERS}/{own}")
    done = ana.submit(
        page, f"{SETTING_UP}/acts/member.capacity/{own}", **{"/hours_per_week": "30"}, **{"/from": "2026-03-02"}
    )
    page = ana.open(f"{MEMBERS}/{own}")
    foreign = page.find_form(f"{SETTING_UP}/acts/member.capacity/{own}") | {
        "version": "",
        "/hours_per_week": "1",
        "/from": "2026-03-02",
    }
    refused = ana.send(f"{SETTING_UP}/acts/member.capacity/{other}", foreign)

    assert 303 == done.status_code
    assert refused.status_code == 403
    assert "What can be changed" not in ana.open(f"{MEMBERS}/{other}").text
    assert SETTING_UP not in {
        each.attributes["href"] for each in ana.open("/console").root.find_all("a") if "href" in each.attributes
    }


def test_a_policy_is_set_from_now_on(app: ApiApp) -> None:
    stella = sign_in(app, "stella")
    page = stella.open(POLICIES)

    bad = stella.submit(page, POLICIES, dial="load_amber", value="much")
    good = stella.submit(page, POLICIES, dial="load_amber", value="0.75")

    assert (422, "much") == (bad.status_code, read_page(bad).find_form(POLICIES)["value"])
    assert "it holds from now on" in stella.open(good.headers["location"]).text
    assert "0.75" == app.as_member("stella").get_ok("/v1/policies")["in_force"]["policy"]["load_amber"]


def test_a_key_is_shown_once_and_revoked(app: ApiApp) -> None:
    stella = sign_in(app, "stella")
    fields = list((stella.open(KEYS).find_form(KEYS) | {"member": "ana", "name": "Ana's laptop"}).items())

    issued = stella.send(
        KEYS, [*(pair for pair in fields if pair[0] != "scopes"), ("scopes", "read"), ("scopes", "act")]
    )
    [text] = re.findall(r"plim_\w+", read_page(issued).text)
    works = app.with_key(text).get("/v1/me").json()
    page = stella.open(KEYS)
    [row] = [each for each in page.root.find_all("tr") if "Ana's laptop" in each.text]
    [form] = row.find_all("form")
    revoked = stella.send(form.attributes["action"], page.find_form(form.attributes["action"]))

    assert (app.resolve_id("member", "ana"), ["act", "read"]) == (works["member"], works["scopes"])
    assert text not in page.source
    assert 303 == revoked.status_code
    assert 401 == app.with_key(text).get("/v1/me").status_code


def test_keys_are_the_stewards(app: ApiApp) -> None:
    ana = sign_in(app, "ana")

    assert 403 == ana.get(KEYS).status_code
    assert 403 == ana.send(KEYS, {"member": "ana", "scopes": "admin"}).status_code


@pytest.mark.parametrize("path", [f"{MEMBERS}/nobody", f"{SETTING_UP}/teams/nothing"])
def test_what_is_not_there_is_not_found(app: ApiApp, path: str) -> None:
    assert 404 == sign_in(app, "stella").get(path).status_code
