"""The console's audit: what is found, for whom, side by side, and a record that stays the same bytes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.api.app_under_test import ApiApp, create_active_goal, why
from tests.api.console.console_client import ConsoleClient, sign_in
from tests.api.console.html_page import HtmlPage

ENEMY = "<script>alert(1)</script> \"quoted\" & 'so' \u202eright to left\u202c " + "long " * 60


@pytest.fixture
def goal(app: ApiApp) -> str:
    """A goal of ana's whose date was moved and moved again, in the course of a week."""
    found = create_active_goal(app, title="The report", ref="report", team="core")
    for due, text in (("2026-04-10", "the Bank is late"), ("2026-04-24", ENEMY[:1900])):
        app.clock.now += timedelta(days=3)
        body = {"changes": {"due": due}, "reason": why("dependency_slipped", text)}
        proposed = app.as_member("ana").post_ok(f"/v1/goals/{found}/propose-change", body)
        app.as_member("sam").post_ok(f"/v1/goals/{found}/accept-change", {"answers": proposed["open"]})
    app.clock.now += timedelta(days=1)
    return found


def find_link(page: HtmlPage, words: str) -> str:
    [link] = [each for each in page.root.find_all("a") if each.text == words]
    return link.attributes["href"]


def list_found(client: ConsoleClient, **asked: str) -> list[str]:
    page = client.open(f"/console/audit?{urlencode(asked)}")
    return [item.find_all("summary")[0].text for item in page.root.find_all("li", class_="card")]


def record_late_fact(app: ApiApp) -> None:
    """What happened weeks before, recorded now: an import."""
    line = (
        b'{"at": "2026-03-02T09:30:00Z", "by": "ana", "do": "goal.check_in", "goal": "report", "note": "told late"}\n'
    )
    headers = {"Content-Type": "application/x-ndjson"}
    response = app.as_member("stella").post("/v1/imports", content=line, headers=headers)
    assert response.status_code in (200, 201), response.text


def test_an_auditor_searches_by_name_title_reason_words_and_days(app: ApiApp, goal: str) -> None:
    auditor = sign_in(app, "aud")

    found = list_found(auditor, person="ana", reason="dependency_slipped", words="bank late")
    assert 1 == len(found)
    assert "Ana" in found[0]
    assert found == list_found(auditor, goal="the report", words="BANK", **{"from": "2026-03-05", "to": "2026-03-05"})
    assert found == list_found(auditor, goal="report", type="goal.change_proposed.*", to="2026-03-06")
    assert [] == list_found(auditor, words="nothing of the kind")
    # and everything that is known of it stands in its entry
    [entry] = auditor.open("/console/audit?words=bank&reason=dependency_slipped").root.find_all("li", class_="card")
    for words in ("Reason: dependency slipped: the Bank is late", "2026-04-10", "goal.change_proposed.v1", goal):
        assert words in entry.text or words in str(entry.find_all("a")), words


def test_a_name_that_fits_several_is_asked_back(app: ApiApp, goal: str) -> None:
    page = sign_in(app, "aud").open("/console/audit?person=a&words=bank")

    assert "Which person do you mean?" in page.text
    choices = {
        each.text: each.attributes["href"] for each in page.root.find_all("a") if "person=" in str(each.attributes)
    }
    assert {"Ana", "Lea", "Sam"} <= set(choices)
    assert "words=bank" in choices["Ana"]
    assert 1 == len(sign_in(app, "aud").open(choices["Ana"]).root.find_all("li", class_="card"))


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"from": "03/04/2026"}, "from"),
        ({"from": "2026-03-09", "to": "2026-03-01"}, "from"),
        ({"person": "no such person"}, "person"),
        ({"goal": "no such goal"}, "goal"),
        ({"position": "first"}, "position"),
        ({"type": "goal.gossip.*"}, "type"),
        ({"reason": "mood"}, "reason"),
        ({"as_of": "yesterday"}, None),
        ({"known": "2099-01-01"}, None),
    ],
)
def test_a_search_that_cannot_be_is_refused_at_its_field(
    asked: dict[str, str], field: str | None, shared_app: ApiApp
) -> None:
    response = sign_in(shared_app, "aud").get(f"/console/audit?{urlencode(asked)}")
    page = HtmlPage(response.text)

    assert response.status_code in (404, 422), response.text
    if field is not None:
        [wrong] = page.root.find_all("p", id=f"{field}-problem")
        assert wrong.text


def test_a_member_finds_what_is_theirs_and_an_auditor_of_another_organisation_nothing(app: ApiApp, goal: str) -> None:
    assert 1 == len(list_found(sign_in(app, "ana"), words="bank"))
    assert [] == list_found(sign_in(app, "ned"), words="bank")
    assert [] == list_found(sign_in(app, "aud", "rival"), words="bank")
    assert [] == list_found(sign_in(app, "ned"), person="ana")


def test_two_times_stand_side_by_side_with_what_differs(app: ApiApp, goal: str) -> None:
    auditor = sign_in(app, "aud")
    record_late_fact(app)

    # as of the same day, known before and after the late fact
    asked = {"left": "2026-03-04", "left_known": "2026-03-08", "right": "2026-03-04"}
    page = auditor.open(f"/console/audit/goals/report?{urlencode(asked)}")
    told = [each.text for each in page.root.find_all("summary") if "right only" in each.text]
    assert 1 == len(told)
    assert "recorded later" in told[0]
    # as of two days
    page = auditor.open(f"/console/audit/goals/{goal}?{urlencode({'left': '2026-03-04', 'right': '2026-03-06'})}")
    rows = {row.find_all("th")[0].text: row.text for row in page.root.find_all("tr", class_="differs")}
    assert {"Due differs": "Due differs 2026-03-27 2026-04-10"} == rows
    # before it was
    assert "On the left it did not exist yet" in auditor.open("/console/audit/goals/report?left=2026-02-01").text


def test_a_record_is_the_same_bytes_after_more_is_recorded_some_of_it_late(app: ApiApp, goal: str) -> None:
    # given the records of a search, of its second page, and of two times
    auditor = sign_in(app, "aud")
    pages = ["/console/audit?goal=report", f"/console/audit/goals/{goal}?left=2026-03-04", "/console/audit?person=ana"]
    links = [find_link(auditor.open(path), "The record of this page") for path in pages]
    links.append(find_link(auditor.open("/console/audit"), "The record of this page"))
    before = [auditor.get(link) for link in links]
    assert [200] * len(links) == [each.status_code for each in before]

    # when weeks later more is recorded, names change, and the auditor signs in again
    app.clock.now += timedelta(days=40)
    record_late_fact(app)
    app.as_member("ana").post_ok(f"/v1/goals/{goal}/retitle", {"title": "Another title"})
    app.as_member("stella").post_ok("/v1/members/ana/rename", {"name": "Anabel"})
    again = sign_in(app, "aud")

    # then
    assert [each.content for each in before] == [again.get(link).content for link in links]
    text = before[0].text
    assert "<form" not in text
    assert "<details" not in text
    assert "Another title" not in text
    assert text.count("<code>goal.change_proposed.v1</code>") == 2
    # and it says what it knew
    assert "As known on" in text
    assert again.open(links[0]).text.count("As of") == 1


def test_what_people_wrote_is_text_on_every_page_of_the_audit(app: ApiApp, goal: str) -> None:
    auditor = sign_in(app, "aud")
    link = find_link(auditor.open(f"/console/audit/goals/{goal}"), "The record of this page")

    for path in ("/console/audit?goal=report", f"/console/audit/goals/{goal}", link):
        source = auditor.get(path).text
        auditor.open(path)
        assert "<script>alert" not in source
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in source
        assert all("<bdi>" in line for line in source.splitlines() if "\u202e" in line)


@pytest.mark.parametrize("path", ["/console/audit/goals/{}", "/console/audit?goal={}"])
def test_a_permalink_of_another_organisation_is_as_none(path: str, app: ApiApp, goal: str) -> None:
    record = find_link(sign_in(app, "aud").open(path.format(goal)), "The record of this page")
    nowhere = record.replace(goal, "01977f6e-8d3a-7c51-9e2b-4f0a6d8c1b35")
    rival = sign_in(app, "aud", "rival")

    answers = [rival.get(link) for link in (record, nowhere)]

    assert [404, 404] == [each.status_code for each in answers]
    first, second = (re.sub(r"Request <code>.*?</code>", "", each.text).replace(goal, "") for each in answers)
    assert first == second.replace("01977f6e-8d3a-7c51-9e2b-4f0a6d8c1b35", "")
    # The navigation leads to reports; the goal's title has the word by itself.
    assert "report" not in first.lower().replace("reports", "")


def test_a_goal_that_is_not_for_a_member_is_refused_as_v1_refuses_it(app: ApiApp, goal: str) -> None:
    response = sign_in(app, "ned").get(f"/console/audit/goals/{goal}")

    assert app.as_member("ned").get(f"/v1/goals/{goal}").status_code == response.status_code == 403
    assert "The report" not in response.text


def test_a_search_for_a_persons_acts_is_kept_among_the_reads_of_their_figures(app: ApiApp, goal: str) -> None:
    list_found(sign_in(app, "aud"), person="ana")

    looks: Any = app.as_member("ana").get_ok("/v1/me/looked-at")["looks"]
    assert ["history"] == [look["what"] for look in looks]
