"""A goal's page: its life, its terms then and now, why, and every act that is the viewer's to say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain.goal.agreement import TRANSITIONS
from services.api.console.goal_acts import GROUPS, LABELS
from tests.api.app_under_test import ApiApp, create_active_goal, offer, why
from tests.api.console.console_client import ConsoleClient, read_page, sign_in
from tests.api.console.html_page import HtmlPage

CHANGE = {"/changes/due": "2026-04-10", "/reason/code": "estimate_wrong", "/reason/text": "it takes longer"}


def list_acts(page: HtmlPage) -> set[str]:
    links = [each.attributes["href"] for each in page.root.find_all("a")]
    return {href.rpartition("/")[2] for href in links if "/acts/" in href}


def open_form(client: ConsoleClient, goal: str, act: str, **fields: str) -> tuple[str, dict[str, str]]:
    """Where the act's form is sent, and its fields."""
    path = f"/console/goals/{goal}/acts/{act}"
    return path, client.open(path).find_form(path)


def read_goal(app: ApiApp, goal: str) -> dict[str, Any]:
    found: dict[str, Any] = app.as_member("stella").get_ok(f"/v1/goals/{goal}")["goal"]
    return found


def test_every_act_of_the_agreement_has_its_words_and_its_place() -> None:
    acts = {act for transition in TRANSITIONS for act in (transition.act,) if transition.by != ("timer",)}
    placed = [act for _, members in GROUPS for act in members]

    assert acts == set(LABELS)
    assert sorted(LABELS) == sorted(placed)


def test_a_goal_shows_its_terms_its_life_and_what_is_mine_to_say(app: ApiApp) -> None:
    # given
    goal = create_active_goal(app, title="Publish", ref="one", effort_hours=8)
    create_active_goal(app, title="Draw the figures", supports=[{"goal": "one"}])

    # when
    pages = {person: sign_in(app, person).open("/console/goals/one") for person in ("ana", "sam", "mia", "aud")}

    # then
    of_ana = pages["ana"]
    assert "Publish" == of_ana.headings[0]
    assert {'Ana offered Sam "Publish" by 2026-03-27', "Draw the figures", "It is published", "27 Mar 2026"} <= {
        words
        for words in ('Ana offered Sam "Publish" by 2026-03-27', "Draw the figures", "It is published", "27 Mar 2026")
        if words in of_ana.text
    }
    assert {"check_in", "affirm", "propose_change", "declare_complete"} <= list_acts(of_ana)
    assert "cancel" in list_acts(pages["sam"])
    assert not {"check_in", "cancel"} & list_acts(pages["mia"])
    assert set() == list_acts(pages["aud"])
    assert goal in of_ana.source


def test_a_goal_is_shown_as_of_a_day_and_two_days_are_compared(app: ApiApp) -> None:
    # given
    goal = create_active_goal(app)
    app.clock.now += timedelta(days=3)
    change = {"changes": {"due": "2026-04-10"}, "reason": why(text="the printer is late")}
    opened = app.as_member("ana").post_ok(f"/v1/goals/{goal}/propose-change", change)
    app.as_member("sam").post_ok(f"/v1/goals/{goal}/accept-change", {"answers": opened["open"]})
    ana = sign_in(app, "ana")

    # when
    now, then = (ana.open(f"/console/goals/{goal}{query}") for query in ("", "?as_of=2026-03-03"))
    compared = ana.open(f"/console/goals/{goal}?from=2026-03-03&to=2026-03-05")

    # then
    assert "Due 10 Apr 2026" in now.text
    assert "Due 27 Mar 2026" in then.text
    assert "as of 2026-03-03" in then.text
    assert set() == list_acts(then)
    assert "the printer is late" not in then.text
    assert "Due 2026-03-27 2026-04-10" in compared.text


def test_why_names_the_change_its_reason_and_who_consented(app: ApiApp) -> None:
    goal = create_active_goal(app)
    change = {"changes": {"due": "2026-04-10"}, "reason": why(text="the printer is late")}
    opened = app.as_member("ana").post_ok(f"/v1/goals/{goal}/propose-change", change)
    app.as_member("sam").post_ok(f"/v1/goals/{goal}/accept-change", {"answers": opened["open"]})

    page = sign_in(app, "sam").open(f"/console/goals/{goal}/why?field=due")

    assert "Why is the day on which it is due so?" == page.headings[0]
    assert "2026-03-27 became 2026-04-10 Consented Sam" in page.text
    assert "New information: the printer is late" in page.text


def test_an_act_is_looked_at_before_it_is_sent_and_then_recorded_once(app: ApiApp) -> None:
    # given
    goal = create_active_goal(app, effort_hours=120)
    ana = sign_in(app, "ana")
    path, fields = open_form(ana, goal, "propose_change")
    before = app.count_events()

    # when
    looked = read_page(ana.send(f"{path}/preview", fields | CHANGE))

    # then nothing is recorded, and the weeks are those that would be, once it is accepted
    assert before == app.count_events()
    assert "It would be change proposed by owner instead of active" in looked.text
    assert "Weeks of Ana , once it is accepted" in looked.text
    [table] = [each for each in looked.root.find_all("table") if "Available" in each.text]
    rows = {row.find_all("th")[0].text: [cell.text for cell in row.find_all("td")] for row in table.find_all("tr")[1:]}
    assert "0 h" == rows["30 Mar 2026"][0]
    assert "0 h" != rows["30 Mar 2026"][1]

    # when
    sent = [ana.send(path, looked.find_form(path)) for _ in range(2)]

    # then
    assert [303, 303] == [response.status_code for response in sent]
    assert before + 1 == app.count_events()
    assert "Recorded: propose a change" in ana.open(sent[0].headers["location"]).text
    sam = sign_in(app, "sam")
    path, fields = open_form(sam, goal, "accept_change")
    assert 303 == sam.send(path, fields).status_code
    assert "2026-04-10" == read_goal(app, goal)["terms"]["due"]


def test_a_refusal_stands_at_its_field_with_what_is_allowed(app: ApiApp) -> None:
    # given
    goal = create_active_goal(app)
    ana = sign_in(app, "ana")
    path, fields = open_form(ana, goal, "propose_change")
    before = app.count_events()

    # when
    bad_day = read_page(ana.send(path, fields | CHANGE | {"/changes/due": "soon"}))
    bad_reason = read_page(ana.send(path, fields | CHANGE | {"/reason/code": "because"}))
    no_reason = read_page(ana.send(path, fields | {"/changes/due": "2026-04-10"}))

    # then
    [due] = bad_day.root.find_all("input", name="/changes/due")
    assert ("true", "soon") == (due.attributes["aria-invalid"], due.attributes["value"])
    assert due.attributes["aria-describedby"].split()[-1] == "field-changes-due-problem"
    assert "it takes longer" == bad_day.find_form(path)["/reason/text"]
    assert "Allowed: new information" in bad_reason.text
    assert "Nothing was recorded" in no_reason.text
    assert "needs a reason" in no_reason.text
    assert before == app.count_events()


def test_a_stale_form_says_what_changed_meanwhile_and_keeps_what_was_typed(app: ApiApp) -> None:
    # given
    goal = create_active_goal(app)
    ana = sign_in(app, "ana")
    path, fields = open_form(ana, goal, "propose_change")
    app.as_member("sam").post_ok(f"/v1/goals/{goal}/feedback", {"text": "the second chapter first"})
    before = app.count_events()

    # when
    response = ana.send(path, fields | CHANGE)

    # then
    page = read_page(response)
    assert 412 == response.status_code
    assert "the second chapter first" in page.text[page.text.index("changed while this form was open") :]
    assert before == app.count_events()
    assert 303 == ana.send(path, page.find_form(path)).status_code
    assert "change_proposed_by_owner" == read_goal(app, goal)["state"]


def test_evidence_and_verdicts_are_given_for_each_condition(app: ApiApp) -> None:
    # given
    goal = create_active_goal(app, conditions=["It is published", "It is read"])
    ana, sam = (sign_in(app, person) for person in ("ana", "sam"))

    # when
    path, fields = open_form(ana, goal, "declare_complete")
    shown = {"/evidence/0/url": "https://example.org/report", "/evidence/1/text": "forty readers"}
    refused = read_page(ana.send(path, fields | shown | {"/evidence/1/url": "javascript:alert(1)"}))
    assert "/evidence/1/url" == refused.root.find_all(aria_invalid="true")[0].attributes["name"]
    assert 303 == ana.send(path, fields | shown).status_code
    path, fields = open_form(sam, goal, "declare_satisfied")
    assert "It is read" in sam.open(path).text
    assert 303 == sam.send(path, fields).status_code

    # then
    assert "satisfied" == read_goal(app, goal)["state"]
    page = sam.open(f"/console/goals/{goal}")
    first, second = page.root.find_all("ol")[0].find_all("li")
    assert ["https://example.org/report"] == [link.attributes["href"] for link in first.find_all("a")]
    assert "forty readers" in second.text
    assert [] == second.find_all("a")


def test_a_form_of_each_act_can_be_opened_by_each_role(shared_app: ApiApp) -> None:
    goal = create_active_goal(shared_app)

    for person in ("ana", "sam", "stella", "aud"):
        client = sign_in(shared_app, person)
        headings = {act: client.open(f"/console/goals/{goal}/acts/{act}").headings[0] for act in LABELS}
        assert headings == LABELS


def test_a_draft_is_revised_offered_and_promised_by_forms_alone(app: ApiApp) -> None:
    # given
    ana, sam = (sign_in(app, person) for person in ("ana", "sam"))
    draft = app.as_member("ana").post_ok("/v1/goals", {**offer(), "do": "draft"})["id"]

    # when
    path, fields = open_form(ana, draft, "offer")
    sent = ana.send(path, fields | {"/reason/code": "new_need", "/reason/text": "the quarter begins"})
    path, fields = open_form(sam, draft, "accept")
    accepted = sam.send(path, fields)

    # then
    assert [303, 303] == [sent.status_code, accepted.status_code]
    assert "active" == read_goal(app, draft)["state"]


def test_goals_are_listed_open_ones_first_searched_and_begun(app: ApiApp) -> None:
    # given
    create_active_goal(app, title="Print the report")
    ended = app.as_member("ana").post_ok("/v1/goals", offer(title="Bind the report"))["id"]
    app.as_member("ana").post_ok(f"/v1/goals/{ended}/withdraw", {"reason": why()})
    ana = sign_in(app, "ana")

    # when
    shown = {
        query: ana.open(f"/console/goals{query}").text for query in ("", "?q=&state=any", "?q=bind&state=withdrawn")
    }
    form = ana.open("/console/begin/offer")
    fields = {"/title": "Fold the report", "/terms/outcome": "It is folded", "/terms/conditions*": "Flat\nEven"}
    fields |= {"/sponsor": "sam", "/terms/due": "2026-03-20", "/terms/start": "2026-03-02"}
    fields |= {"/terms/measure/kind": "binary", "/reason/code": "new_need", "/reason/text": "the post takes it folded"}
    bare = ana.send("/console/begin/offer", form.find_form("/console/begin/offer"))
    sent = ana.send("/console/begin/offer", form.find_form("/console/begin/offer") | fields)

    # then
    assert [(True, False), (True, True), (False, True)] == [
        ("Print the report" in text, "Bind the report" in text) for text in shown.values()
    ]
    assert 422 == bare.status_code
    assert "Nothing was recorded" in read_page(bare).text
    page = ana.open(sent.headers["location"])
    assert "Fold the report" == page.headings[0]
    assert "Flat Even" in page.text
    assert 422 == ana.get("/console/goals?state=nothing").status_code


def test_what_is_nearly_done_does_not_read_as_done_nor_a_little_as_nothing(app: ApiApp) -> None:
    # given
    create_active_goal(app, ref="one", effort_hours=1)
    app.as_member("ana").post_ok("/v1/goals/one/check-in", {"progress": "0.996", "confidence": "0.004"})

    # when
    ana = sign_in(app, "ana")
    pages = {path: ana.open(path).text for path in ("/console/goals/one", "/console/goals", "/console")}

    # then
    for path, text in pages.items():
        assert "99 %" in text, path
        assert "100 %" not in text, path
    assert "1 %" in pages["/console/goals/one"]
    assert "under 0.1 h" in pages["/console"]
