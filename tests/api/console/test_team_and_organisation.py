"""The pages Team, Organisation and Reports: what `/v1` answers the same person, drawn, in sentences and in tables."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from projections.marts.registry import MARTS
from projections.overload.additions import AdditionEntry
from services.api.console.pages.organisation import draw_asked, list_asked
from services.api.console.static_files import load_files
from services.api.routes.reports import REPORTS
from services.pictures.style import STYLE
from tests.api.app_under_test import ApiApp, create_active_goal, offer
from tests.api.console.console_client import ConsoleClient, read_page, sign_in

NASTY = 'A "goal" <script>x()</script> \u05d0\u05d1 & more'


@pytest.fixture(scope="module")
def team_app(shared_app: ApiApp) -> ApiApp:
    """Core is over the line and has a charter; Edge has a goal that others do not see."""
    goal = create_active_goal(shared_app, title=NASTY, effort_hours=900)
    below = offer("ben", "sam", title="What supports it", supports=[{"goal": goal}])
    offered = shared_app.as_member("ben").post_ok("/v1/goals", below)
    shared_app.as_member("sam").post_ok(f"/v1/goals/{offered['id']}/accept", {"answers": offered["open"]})
    needs = [{"text": "a second pair of eyes", "addressee": "lea"}]
    shared_app.as_member("ana").post_ok(f"/v1/goals/{goal}/check-in", {"note": "under way", "needs": needs})
    create_active_goal(shared_app, "ned", "eva", team="edge", title="hidden edge goal")
    ritual = {"name": "Weekly", "mode": "sync", "cadence_days": 7, "minutes": 30, "ritual": "weekly"}
    shared_app.as_member("lea").post_ok("/v1/charters/core/set-ritual", ritual)
    return shared_app


def sign_in_as(app: ApiApp, person: str) -> ConsoleClient:
    return sign_in(app, person)


def test_a_lead_sees_the_load_of_each_member_by_name_and_what_the_team_agreed_on(team_app: ApiApp) -> None:
    page = sign_in_as(team_app, "lea").open("/console/team?team=core")

    assert "Core" == page.headings[0]
    figures = team_app.as_member("lea").get_ok("/v1/reports/overload?team=core&names=true")
    names = figures["names"]
    shown = sorted({names[f["member"]] for f in figures["figures"] if f["name"] == "load_ratio"}, key=str.casefold)
    picture = page.root.find_all("svg")[0]
    texts = [text.text for text in picture.find_all("text")]
    assert len(shown) > 3
    assert shown == [text for text in texts if text in shown]
    assert "Over the red line:" in page.text
    assert "Weekly : 30 minutes every 7 days, together" in page.text
    assert {"Load, week by week", "What drifts, and who could say it to whom", "Looking back"} <= set(page.headings)


def test_words_of_persons_are_text_and_goals_lead_to_their_pages(team_app: ApiApp) -> None:
    client = sign_in_as(team_app, "stella")
    for path in ("/console/team?team=core", "/console/reports/overload?team=core"):
        page = client.open(path)

        assert 1 == len(page.root.find_all("script"))
        assert "<script>x()" in page.text
        links = {each.attributes["href"] for each in page.root.find_all("a")}
        assert any(re.fullmatch(r"/console/goals/[0-9a-f-]{36}", link) for link in links)


def test_each_page_is_known_up_to_when_and_can_be_asked_as_of_a_day(team_app: ApiApp) -> None:
    client = sign_in_as(team_app, "stella")
    for path in ("/console/team?team=core", "/console/organisation?x=", "/console/reports/drift?team=core"):
        page = client.open(f"{path.removesuffix('?x=')}{'&' if 'team' in path else '?'}as_of=2026-03-01")

        assert "As of 2026-03-01, known up to" in page.text
        assert NASTY not in page.text


def test_the_same_question_has_the_same_bytes(team_app: ApiApp) -> None:
    client = sign_in_as(team_app, "stella")
    known = team_app.as_member("stella").get("/v1/reports/overload").headers["Plimsoll-Recorded-As-Of"]
    for path in ("/console/team?team=core&", "/console/organisation?", "/console/reports/alignment?"):
        asked = f"{path}as_of=2026-03-02&recorded_as_of={known}"
        first = _without_forms(client.get(asked).text)
        assert first == _without_forms(client.get(asked).text)


def _without_forms(page: str) -> str:
    return re.sub(r'name="(csrf|idempotency_key)" value="[^"]*"', "", page)


def test_who_may_not_see_a_teams_figures_is_told_so_and_sees_what_it_agreed_on(team_app: ApiApp) -> None:
    page = sign_in_as(team_app, "ned").open("/console/team?team=core")

    assert "The figures of this team are for its members, its lead, stewards and auditors." in page.text
    assert "Weekly" in page.text
    assert [] == page.root.find_all("svg")
    assert "Ana" not in page.text


def test_a_colleague_sees_on_pages_what_v1_shows_and_no_more(team_app: ApiApp) -> None:
    # given
    hidden = ("hidden edge goal",)
    client = sign_in_as(team_app, "mia")

    # when
    pages = ["/console/team", "/console/organisation", *(f"/console/reports/{name}" for name in REPORTS)]
    texts = {path: client.open(path).text for path in pages}

    # then
    assert {} == {path: words for path, text in texts.items() for words in hidden if words in text}
    steward = sign_in_as(team_app, "stella")
    assert (
        "hidden edge goal"
        in steward.open("/console/reports/drift?team=edge").text
        + steward.open("/console/team?team=edge").text
        + steward.open("/console/reports/overload?team=edge").text
    )


def test_looking_at_a_team_is_recorded_for_its_members_as_v1_records_it(team_app: ApiApp) -> None:
    sign_in_as(team_app, "stella").open("/console/team?team=core")

    looked = team_app.as_member("ana").get_ok("/v1/me/looked-at")
    assert "reports/overload" in str(looked)


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_has_a_page_with_its_picture_and_its_files(team_app: ApiApp, name: str) -> None:
    client = sign_in_as(team_app, "stella")

    page = client.open(f"/console/reports/{name}?team=core")

    assert 1 == len(page.root.find_all("svg"))
    files = [a.attributes["href"] for a in page.root.find_all("a") if "/file?" in a.attributes["href"]]
    assert ["CSV", "JSON", "HTML", "SVG", "TEXT"] == [
        a.text for a in page.root.find_all("a") if "/file?" in a.attributes["href"]
    ]
    for path in files:
        answer = client.get(path)
        assert (200, "Cookie") == (answer.status_code, answer.headers["Vary"]), answer.text
        assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="{name}.')
    figures = client.get(f"/console/reports/{name}/file?team=core&format=csv").text
    assert figures.startswith("name,team,member,")


def test_a_mart_is_a_file_with_the_rows_that_v1_gives_the_same_person(team_app: ApiApp) -> None:
    page = sign_in_as(team_app, "lea").open("/console/reports")
    assert {f"/console/files/{mart}?format=csv" for mart in MARTS} <= {
        a.attributes["href"] for a in page.root.find_all("a")
    }

    mine = sign_in_as(team_app, "lea").get("/console/files/dim_goal?format=csv")
    assert (200, "text/csv; charset=utf-8") == (mine.status_code, mine.headers["Content-Type"])
    assert 'attachment; filename="dim_goal.csv"' == mine.headers["Content-Disposition"]
    assert team_app.as_member("lea").get("/v1/exports/dim_goal?format=csv").text == mine.text
    assert mine.text != sign_in_as(team_app, "stella").get("/console/files/dim_goal?format=csv").text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/console/team?team=nowhere", 404),
        ("/console/team?team=core&as_of=yesterday", 422),
        ("/console/organisation?recorded_as_of=2999-01-01T00:00:00Z", 422),
        ("/console/reports/gossip", 404),
        ("/console/reports/drift?window=0", 422),
        ("/console/reports/drift/file?format=png", 422),
        ("/console/reports/drift?member=ana", 403),
        ("/console/files/gossip", 404),
        ("/console/files/dim_goal?format=xml", 422),
    ],
)
def test_what_cannot_be_shown_is_a_page_that_says_why(team_app: ApiApp, path: str, status: int) -> None:
    answer = sign_in_as(team_app, "ned").get(path)

    assert status == answer.status_code, answer.text
    read_page(answer)


def test_without_a_session_no_page_and_no_file_is_given(team_app: ApiApp) -> None:
    stranger = ConsoleClient(team_app)
    for path in ("/console/team", "/console/organisation", "/console/reports/drift/file", "/console/files/dim_goal"):
        assert stranger.get(path).status_code in (303, 401)
        key = team_app.keys["acme"]["stella"]
        assert 200 != stranger.get(path, headers={"Authorization": f"Bearer {key}"}).status_code


def test_the_sheet_of_pictures_is_the_one_that_files_hold() -> None:
    [sheet] = [file.body.decode() for name, file in load_files().items() if name.startswith("pictures.")]

    assert sheet.startswith(STYLE)


def test_the_pages_weigh_at_most_150_kb_with_all_that_they_load(team_app: ApiApp) -> None:
    client = sign_in_as(team_app, "stella")
    for path in ("/console/team?team=core", "/console/organisation", "/console/reports/overload?team=core"):
        page = client.get(path)
        assets = set(re.findall(r"/console/static/[\w.-]+", page.text))
        assert 150_000 > len(page.content) + sum(len(client.get(asset).content) for asset in assets)


def test_which_team_asks_which_is_listed_by_name_and_counted_without_what_stays_within() -> None:
    # given
    core, edge, lone = UUID(int=1), UUID(int=2), UUID(int=3)
    names = {str(core): "Core", str(edge): "Edge"}
    ana, ned, sam = UUID(int=11), UUID(int=12), UUID(int=13)
    teams_of = {ana: (core,), ned: (edge, core), sam: ()}

    # when
    asked = list_asked(
        [
            addition(ned, core),
            addition(ned, core, absorbed=True),
            addition(sam, edge, paired="named"),
            addition(ana, core),
            addition(ana, lone),
        ],
        teams_of,
        names,
    )

    # then
    assert [("Core", "no team", 1, 1), ("Edge", "Core", 1, 2), ("no team", "Edge", 0, 1)] == [
        (one.asking, one.asked, one.count, one.n) for one in asked
    ]
    assert "1 of 2" in draw_asked(asked)


def addition(requester: UUID, team: UUID, **more: Any) -> AdditionEntry:
    given: dict[str, Any] = {"event": UUID(int=5), "goal": UUID(int=6), "member": UUID(int=7), "kind": "promise"}
    given |= {"day": date(2026, 3, 4), "added_hours": 8, "freed_hours": 0, "worst_ratio": 1.4}
    return AdditionEntry(requester=requester, team=team, **given, **more)
