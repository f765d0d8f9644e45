"""No two answers that a member may have, taken from one another, are about fewer than five persons."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.member import member
from domain.references import resolve_stream_id
from domain.team import team
from ledger.commands import Command
from projections.figures import IdKind
from services.api.routes.reports import REPORTS
from services.organisations import create_organisation
from services.runtime import Runtime, migrate
from services.visibility.reports import named_ids
from tests.api.app_under_test import ApiApp, TickingClock, build_settings, create_active_goal

TEAMS = {"alpha": 7, "beta": 6, "gamma": 2}


@pytest.fixture(scope="module")
def large_template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, str]]]:
    """Fifteen members in three teams, each with the key to act; `both` is in alpha and in beta."""
    home = tmp_path_factory.mktemp("groups")
    settings = build_settings(home / "template.db")
    migrate(settings)
    clock = TickingClock()
    clock.now -= timedelta(days=60)
    with Runtime(settings, clock=clock) as runtime:
        founded = create_organisation(runtime, "acme", steward="stella")
        organisation = founded.organisation_id

        def act(kind: str, ref: str, said: Any) -> None:
            stream = resolve_stream_id(organisation, kind, ref)
            runtime.handle(
                Command(
                    organisation_id=organisation,
                    kind=kind,
                    stream_id=stream,
                    act=said,
                    actor=founded.steward_id,
                    roles=frozenset({"steward"}),
                )
            )

        people = [f"{name}{n}" for name, size in TEAMS.items() for n in range(size)]
        for name in TEAMS:
            act("team", name, team.Create(name=name, lead="stella", ref=name))
        for person in people:
            act("member", person, member.Join(team=person.rstrip("0123456789"), name=person, ref=person))
        act("member", "alpha0", member.Join(team="beta", name="alpha0", ref="alpha0"))
        keys = {
            person: runtime.keys.create(
                organisation,
                resolve_stream_id(organisation, "member", person),
                ("read", "act", "import", "admin") if person == "stella" else ("read", "act"),
            )
            for person in ("stella", *people)
        }
        runtime.engine.catch_up()
    return home / "template.db", {"acme": keys}


@pytest.fixture
def large(large_template: tuple[Path, dict[str, dict[str, str]]], tmp_path: Path) -> Iterator[ApiApp]:
    template, keys = large_template
    with ApiApp(template, tmp_path, keys) as app:
        yield app


def give_goals(app: ApiApp, **counts: int) -> None:
    """A goal for so many members of each team, in that team."""
    for name, count in counts.items():
        for n in range(count):
            create_active_goal(app, f"{name}{n}", "stella", team=name)


def figure(app: ApiApp, person: str, name: str, query: str = "", report: str = "drift") -> dict[str, Any]:
    figures = app.as_member(person).get_ok(f"/v1/reports/{report}?{query}")["figures"]
    found: dict[str, Any] = next(f for f in figures if f["name"] == name and "goal" not in f and "member" not in f)
    return found


def test_a_third_team_of_two_is_not_what_two_teams_leave(large: ApiApp) -> None:
    # given goals of everybody, and one who is in both of the large teams
    give_goals(large, **TEAMS)

    # when
    shown = {
        query: found["n"]
        for query in ("", "team=alpha", "team=beta")
        if (found := figure(large, "alpha0", "stale_share", query)).get("status") != "withheld"
    }

    # then no difference of what is shown is of one to four
    assert shown
    whole = shown.pop("", None)
    for size in range(len(shown) + 1):
        for taken in combinations(shown.values(), size):
            rest = (whole or 0) - sum(taken)
            assert whole is None or rest == 0 or rest >= 5, (whole, taken)
    assert 403 == large.as_member("alpha0").get("/v1/reports/drift?team=gamma").status_code


def test_few_behind_a_figure_are_not_shown_by_a_team_of_six(large: ApiApp) -> None:
    give_goals(large, beta=4)

    withheld = figure(large, "beta5", "stale_share", "team=beta")
    create_active_goal(large, "beta4", "stella", team="beta")

    assert ("withheld", "small_group") == (withheld["status"], withheld["rule"])
    assert 5 == figure(large, "beta5", "stale_share", "team=beta")["n"]


def list_persons(app: ApiApp, person: str, report: str, query: str) -> set[str]:
    """Of whom the report has figures, suggestions or rows of their own."""
    answer = app.as_member(person).get(f"/v1/reports/{report}?{query}")
    if answer.status_code == 403:
        return set()
    found = msgspec.json.decode(answer.content, type=REPORTS[report][1])
    return {str(member) for member in named_ids(found, frozenset({IdKind.SUBJECT_MEMBER}))}


def test_a_plain_member_meets_nothing_of_another_person_in_any_report(large: ApiApp) -> None:
    # given loads over the line, and a check-in that says of whom help is needed
    for n in range(6):
        create_active_goal(large, f"beta{n}", f"beta{(n + 1) % 6}", team="beta", ref=f"goal-{n}", effort_hours=400)
    large.as_member("beta0").post_ok("/v1/goals/goal-0/check-in", {"needs": [{"text": "a hand", "addressee": "beta1"}]})
    me = large.resolve_id("member", "beta5")

    # when
    asked = [(report, query) for report in REPORTS for query in ("", "team=beta", "explain=true&names=true")]
    met = {(report, query): list_persons(large, "beta5", report, query) for report, query in asked}

    # then
    assert {} == {question: persons for question, persons in met.items() if persons - {me}}
    # And who may see persons does, where a report has any.
    steward = {report: list_persons(large, "stella", report, "") - {me} for report in REPORTS}
    assert {"overload"} <= {report for report, persons in steward.items() if persons}


@pytest.mark.parametrize(
    "report",
    ["overload", "drift", "support", "cycles", "decisions", "alignment", "reliability", "rituals", "recognition"],
)
@pytest.mark.parametrize("media", ["csv", "text"])
def test_what_is_withheld_is_so_in_every_report_and_form(large: ApiApp, report: str, media: str) -> None:
    give_goals(large, beta=4)

    told = large.as_member("beta5").get_ok(f"/v1/reports/{report}?team=beta")["figures"]
    groups = [f for f in told if "goal" not in f and "member" not in f]
    answer = large.as_member("beta5").get(f"/v1/reports/{report}?team=beta&format={media}").text

    assert not [f for f in groups if f.get("status") != "withheld" and f.get("n", 0) in range(1, 5)]
    if media == "csv":
        rows = [line.split(",") for line in answer.splitlines()]
        place = {name: rows[0].index(name) for name in ("name", "status", "rule", "n", "value")}
        withheld = [row for row in rows[1:] if row[place["status"]] == "withheld"]
        assert all(row[place["rule"]] and not row[place["n"]] and not row[place["value"]] for row in withheld)
    else:
        assert any(f.get("status") == "withheld" for f in groups) == ("Withheld (" in answer)


def test_the_figures_of_two_days_are_not_to_be_compared(large: ApiApp) -> None:
    # given a seventh goal on the third day
    give_goals(large, alpha=6)
    before = large.clock.now
    large.clock.now += timedelta(days=2)
    create_active_goal(large, "alpha6", "stella", team="alpha")
    day = before.date().isoformat()

    # when
    asked = {
        "now": "team=alpha",
        "today": f"team=alpha&as_of={large.clock.now.date().isoformat()}",
        "earlier": f"team=alpha&as_of={day}",
        "known earlier": f"team=alpha&recorded_as_of={before.isoformat().replace('+00:00', 'Z')}",
        "whole, earlier": f"as_of={day}",
    }
    of_member = {name: figure(large, "alpha1", "stale_share", query) for name, query in asked.items()}
    of_steward = figure(large, "stella", "stale_share", asked["earlier"])

    # then
    assert {"now": 7} == {name: f["n"] for name, f in of_member.items() if "n" in f}
    assert {"present_only"} == {f.get("rule") for name, f in of_member.items() if "n" not in f}
    assert 6 == of_steward["n"]


def test_the_end_of_today_is_not_to_be_compared_with_now(large: ApiApp) -> None:
    # given seven promises that are due today, of which one is not kept yet
    day = large.clock.now.date() + timedelta(days=1)
    goals = [create_active_goal(large, f"alpha{n}", "stella", team="alpha", due=day.isoformat()) for n in range(7)]
    large.clock.now += timedelta(days=1)
    for n, goal in enumerate(goals[1:], 1):
        large.as_member(f"alpha{n}").post_ok(f"/v1/goals/{goal}/declare-complete", {})

    now = figure(large, "alpha1", "honoured", "", "reliability")
    today = figure(large, "alpha1", "honoured", f"as_of={day}", "reliability")
    of_steward = figure(large, "stella", "honoured", f"as_of={day}", "reliability")

    assert ((6, 6), "present_only", (6, 7)) == (
        (now["count"], now["n"]),
        today.get("rule"),
        (of_steward["count"], of_steward["n"]),
    )


def test_the_figures_of_two_windows_are_not_to_be_compared(large: ApiApp) -> None:
    give_goals(large, alpha=7)

    default = figure(large, "alpha1", "imposed_share", "team=alpha", "overload")
    asked = figure(large, "alpha1", "imposed_share", "team=alpha&window=27", "overload")
    of_steward = figure(large, "stella", "imposed_share", "team=alpha&window=27", "overload")

    assert (7, "default_window_only", 7) == (default["n"], asked["rule"], of_steward["n"])


def test_one_who_leaves_is_not_what_is_left_between_two_days(large: ApiApp) -> None:
    # given a member who leaves with an own goal
    give_goals(large, alpha=7)
    day = large.clock.now.date().isoformat()
    large.clock.now += timedelta(days=1)
    large.as_member("stella").post_ok("/v1/members/alpha6/leave", {})

    # then
    assert "present_only" == figure(large, "alpha1", "stale_share", f"team=alpha&as_of={day}")["rule"]


def promise(app: ApiApp, n: int) -> None:
    create_active_goal(app, f"alpha{n}", "stella", team="alpha")


def ask_for_help(app: ApiApp, n: int, helper: str | None = None) -> None:
    goal = create_active_goal(app, f"alpha{n}", "stella", team="alpha")
    asked = {"note": "so far", "needs": [{"text": "Which bank?", "addressee": helper or f"beta{n}"}]}
    app.as_member(f"alpha{n}").post_ok(f"/v1/goals/{goal}/check-in", asked)


def thank(app: ApiApp, n: int) -> None:
    goal = create_active_goal(app, f"alpha{n}", "stella", team="alpha")
    said = {"member": f"alpha{n + 1}", "kind": "relationship", "goal": goal, "text": "Thank you."}
    app.as_member(f"alpha{n}").post_ok("/v1/recognitions", said)


def take_on(app: ApiApp, n: int) -> None:
    """More hours than a week has, so that nothing absorbs them."""
    create_active_goal(app, f"alpha{n}", "stella", team="alpha", effort_hours=400)


def decide(app: ApiApp, n: int) -> None:
    deadline = app.clock.now + timedelta(days=1)
    said = {"do": "open", "question": "Which?", "options": ["This", "That"], "status_quo": "o2", "team": "alpha"}
    asked = {"deciders": [f"alpha{n}"], "deadline": deadline.isoformat(), "fallback": {"rule": "status_quo"}}
    app.as_member(f"alpha{n}").post_ok("/v1/decisions", {**said, **asked})
    app.clock.now = deadline + timedelta(hours=1)


@pytest.mark.parametrize(
    ("report", "name", "act"),
    [
        ("recognition", "relationship_share", thank),
        ("support", "needs_answered", ask_for_help),
        ("decisions", "decisions_inside_time_box", decide),
        ("overload", "imposed_share", promise),
        ("overload", "yes_and_ratio", take_on),
    ],
)
@pytest.mark.parametrize(("before", "rule"), [(0, None), (1, "small_group"), (4, "small_group"), (5, None)])
def test_what_one_report_counts_for_longer_than_another_is_by_nobody_or_five(
    large: ApiApp, report: str, name: str, act: Any, before: int, rule: str | None
) -> None:
    """Tensions look back 84 days, the report that has the figure 28: both are there without asking for a window."""
    for n in range(before):
        act(large, n)
    large.clock.now += timedelta(days=40)
    for n in range(5):
        act(large, n)

    short = figure(large, "alpha6", name, "", report)
    long = figure(large, "alpha6", name, "", "tensions")
    of_steward = figure(large, "stella", name, "", "tensions")

    assert (5, rule, 5 + before) == (short["n"], long.get("rule"), of_steward["n"])


def test_a_longer_window_is_shown_where_the_shorter_one_is_not(large: ApiApp) -> None:
    # given three who thanked before the shorter window, and three others in it
    for n in range(3):
        thank(large, n)
    large.clock.now += timedelta(days=40)
    for n in range(3, 6):
        thank(large, n)

    short = figure(large, "alpha6", "relationship_share", "", "recognition")
    long = figure(large, "alpha6", "relationship_share", "", "tensions")

    # then nothing can be taken from the six
    assert ("small_group", 6) == (short["rule"], long.get("n"))


@pytest.mark.parametrize("name", ["needs_answered", "needs_past_answer_by"])
@pytest.mark.parametrize(("helpers", "rule"), [(5, None), (4, "small_group"), (1, "small_group")])
def test_how_needs_are_answered_is_of_five_who_answer(large: ApiApp, name: str, helpers: int, rule: str | None) -> None:
    """The helper's side is measured: five who ask do not hide the one of whom they ask."""
    for n in range(5):
        ask_for_help(large, n, f"beta{n % helpers}")

    assert rule == figure(large, "alpha6", name, "", "support").get("rule")
    assert 5 == figure(large, "stella", name, "", "support")["n"]
    assert 5 == figure(large, "alpha6", "needs_raised", "", "support")["value"]


@pytest.mark.parametrize(("sponsors", "rule"), [(5, None), (1, "small_group")])
def test_what_sponsors_did_not_answer_is_of_five_sponsors(large: ApiApp, sponsors: int, rule: str | None) -> None:
    due = (large.clock.now.date() + timedelta(days=21)).isoformat()
    goals = [create_active_goal(large, f"alpha{n}", f"beta{n % sponsors}", team="alpha", due=due) for n in range(5)]
    changes = {"due": (large.clock.now.date() + timedelta(days=40)).isoformat()}
    for n, goal in enumerate(goals):
        said = {"changes": changes, "reason": {"code": "new_information", "text": "the bank is late"}}
        large.as_member(f"alpha{n}").post_ok(f"/v1/goals/{goal}/propose-change", said)
    large.clock.now += timedelta(days=30)
    for organisation, stream in large.runtime.ledger.find_streams_with_due_timers(large.clock.now, 100):
        large.runtime.ledger.run_timers(organisation, stream)
    large.runtime.engine.catch_up()

    assert rule == figure(large, "alpha6", "sponsor_missed_answer", "", "reliability").get("rule")
    assert rule == figure(large, "alpha6", "changes_accepted", "", "tensions").get("rule")
    assert 5 == figure(large, "stella", "sponsor_missed_answer", "", "reliability")["value"]
