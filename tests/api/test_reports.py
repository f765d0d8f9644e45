"""Reports over HTTP, through their documented shape: the worked example of docs/reports.md, and the table form."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.app_under_test import ApiApp, offer, why


@pytest.fixture
def ana(app: ApiApp) -> str:
    """Ana's history of the worked example; the id of goal C. Focus is the policy's 0.8."""
    person = app.as_member("ana")

    def at(day: int, month: int = 3, hour: int = 9) -> None:
        app.clock.now = datetime(2026, month, day, hour, tzinfo=UTC)

    def promise(ref: str, hours: int, start: str, due: str) -> str:
        body = offer("ana", "sam", ref=ref, effort_hours=hours, start=start, due=due)
        offered = person.post_ok("/v1/goals", body)
        return str(
            app.as_member("sam").post_ok(f"/v1/goals/{offered['id']}/accept", {"answers": offered["open"]})["id"]
        )

    # The seed is written on 1 March; promises before it come in as a history.
    rows = [
        _row(
            "ana", "member.capacity", "2026-01-05T09:00:00Z", member="ana", hours_per_week=40, **{"from": "2026-01-05"}
        ),
        *_promised_goal_rows("a", 64, "2026-03-27"),
        *_promised_goal_rows("b", 30, "2026-03-13"),
    ]
    content = b"\n".join(json.dumps(row).encode() for row in rows)
    answer = app.as_member("stella").post(
        "/v1/imports", content=content, headers={"Content-Type": "application/x-ndjson"}
    )
    assert {"accepted": 5, "already": 0}.items() <= answer.json().items(), answer.text
    at(4, hour=10)
    added = promise("c", 20, "2026-03-04", "2026-03-13")
    at(5)
    change = {
        "changes": {"due": "2026-03-27"},
        "reason": why("capacity", "C came in between"),
        "trade_offs": [{"kind": "defer", "for": "c"}],
    }
    opened = person.post_ok("/v1/goals/b/propose-change", change)["open"]
    app.as_member("sam").post_ok("/v1/goals/b/accept-change", {"answers": opened})
    return added


def _row(by: str, do: str, when: str, **fields: Any) -> dict[str, Any]:
    return {"at": when, "by": by, "do": do, **fields}


def _promised_goal_rows(ref: str, hours: int, due: str) -> list[dict[str, Any]]:
    body = {k: v for k, v in offer("ana", "sam", effort_hours=hours, due=due).items() if k != "do"}
    when = "2026-01-20T09:00:00Z"
    return [_row("ana", "goal.offer", when, goal=ref, **body), _row("sam", "goal.accept", when, goal=ref)]


def find_figure(app: ApiApp, name: str, query: str, **keys: str) -> dict[str, Any]:
    """The one figure of that name and keys in ana's overload report."""
    report = app.as_member("ana").get_ok(f"/v1/reports/overload?member=ana&{query}")
    found = [f for f in report["figures"] if f["name"] == name and all(f.get(k) == v for k, v in keys.items())]
    assert 1 == len(found), (name, keys, report["figures"])
    return dict(found[0])


@pytest.mark.parametrize(
    ("as_of", "ratio", "line"),
    [
        ("2026-03-02T09:00:00Z", 0.96875, "amber"),
        ("2026-03-04T09:00:00Z", 1.141493, "red"),
        ("2026-03-04", 1.532118, "red"),
    ],
)
def test_the_worked_example_steps_1_to_3_load(app: ApiApp, ana: str, as_of: str, ratio: float, line: str) -> None:
    found = find_figure(app, "load_ratio", f"as_of={as_of}", week="2026-03-02")

    assert (ratio, line) == (found["value"], found["line"])


def test_the_worked_example_step_3_an_addition_without_trade_off(app: ApiApp, ana: str) -> None:
    found = find_figure(app, "yes_and_ratio", "as_of=2026-03-04")

    assert (1, 1, 1) == (found["value"], found["count"], found["n"])


def test_the_worked_example_step_4_the_change_that_names_it_pairs_it(app: ApiApp, ana: str) -> None:
    assert 0 == find_figure(app, "yes_and_ratio", "as_of=2026-03-05")["value"]
    assert 0.117647 == find_figure(app, "yes_and_by_effort", "as_of=2026-03-05")["value"]


def test_the_worked_example_step_5_the_day_before_answers_as_before(app: ApiApp, ana: str) -> None:
    assert 1 == find_figure(app, "yes_and_ratio", "as_of=2026-03-04")["value"]


def test_an_old_question_has_the_same_bytes_whatever_came_since(app: ApiApp, ana: str) -> None:
    # given
    known = app.clock.now.isoformat().replace("+00:00", "Z")
    path = f"/v1/reports/overload?member=ana&as_of=2026-03-04&recorded_as_of={known}&explain=true"
    before = app.as_member("ana").get(path).content

    # when
    app.as_member("ana").post_ok("/v1/goals/a/check-in", {"note": "news", "progress": 0.5})

    # then
    assert before == app.as_member("ana").get(path).content


def test_explain_names_the_events_behind_a_figure(app: ApiApp, ana: str) -> None:
    plain = find_figure(app, "yes_and_ratio", "as_of=2026-03-04")
    explained = find_figure(app, "yes_and_ratio", "as_of=2026-03-04&explain=true")

    assert "events" not in plain
    feed = app.as_member("ana").get_ok(f"/v1/events?subject=goal/{ana}")
    assert set(explained["events"]) & {event["id"] for event in feed}


def test_a_report_is_a_table_too(app: ApiApp, ana: str) -> None:
    # given
    report = app.as_member("ana").get_ok("/v1/reports/overload?member=ana&as_of=2026-03-04&explain=true")

    # when
    response = app.as_member("ana").get("/v1/reports/overload?member=ana&as_of=2026-03-04&explain=true&format=csv")

    # then
    assert "text/csv; charset=utf-8" == response.headers["Content-Type"]
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [figure["name"] for figure in report["figures"]] == [row["name"] for row in rows]
    assert [figure["value"] for figure in report["figures"]] == [
        float(r["value"]) if r["value"] else None for r in rows
    ]
    assert [" ".join(figure.get("events", [])) for figure in report["figures"]] == [row["events"] for row in rows]


def test_drift_says_no_charter_rather_than_nothing(app: ApiApp, ana: str) -> None:
    report = app.as_member("stella").get_ok("/v1/reports/drift?as_of=2026-03-05")

    [found] = [f for f in report["figures"] if f["name"] == "purpose_drift"]
    assert (None, "no_charter") == (found["value"], found["status"])
    assert {"as_of", "recorded_as_of", "policy_version", "figures"} <= set(report)


@pytest.mark.parametrize(("query", "days"), [("", 84), ("&window=28", 28), ("&window=366", 366)])
def test_a_teams_shares_look_back_further_unless_a_window_is_asked_for(
    app: ApiApp, ana: str, query: str, days: int
) -> None:
    # Goals a and b were promised on 20 January, c on 4 March.
    report = app.as_member("lea").get_ok(f"/v1/reports/overload?team=core&as_of=2026-03-04{query}")

    shares = {f["name"]: f for f in report["figures"] if f.get("team")}
    assert (1 if days == 28 else 3) == len(report["additions"]) == shares["imposed_share"]["n"]
    assert [days] * 3 == [shares[n]["window"] for n in ("yes_and_ratio", "yes_and_by_effort", "imposed_share")]
    assert "window" not in shares["trade_offs_undone"]


def test_a_persons_shares_and_the_organisations_look_back_28_days(app: ApiApp, ana: str) -> None:
    for reader, whose in (("ana", "member=ana&"), ("stella", "")):
        report = app.as_member(reader).get_ok(f"/v1/reports/overload?{whose}as_of=2026-03-04")

        assert [1, 28] == [len(report["additions"]), *{f["window"] for f in report["figures"] if "window" in f}]
