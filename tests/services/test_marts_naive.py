"""Marts, recomputed from the exported events alone: plain loops that share no code with the projections."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.references import resolve_stream_id
from projections.as_of import resolve_as_of
from projections.figures import ReportScope
from projections.overload import report as overload_report
from projections.recognition import report as recognition_report
from projections.reliability import report as reliability_report
from services import seed
from services.cloud_events import to_cloud_event
from services.exports.exporting import ExportQuery, export_mart
from services.imports.importer import import_lines
from services.organisations import create_organisation
from services.runtime import Runtime, migrate
from services.settings import Settings
from tests.naive_recognition import NaiveRecognition
from tests.naive_reliability import NaiveReliability

Event = dict[str, Any]
Row = dict[str, Any]
LAST_DAY = date(2026, 3, 4)


class Served(msgspec.Struct):
    """The demo's organisation, with its events as they are exported."""

    runtime: Runtime
    organisation: UUID
    events: list[Event]
    home: Path

    def rows(self, mart: str, **query: Any) -> list[Row]:
        path = self.home / mart
        export_mart(self.runtime, self.organisation, ExportQuery(mart=mart, **query), output=path)
        return [json.loads(line) for line in path.read_text().splitlines()]

    def of(self, *tags: str) -> Iterator[Event]:
        return (event for event in self.events if event["type"].rpartition(".")[0] in tags)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("naive")
    settings = Settings(database_url=f"sqlite:///{home}/store")
    migrate(settings)
    with Runtime.open(settings) as runtime:
        founded = create_organisation(runtime, "default", steward=seed.STEWARD)
        principal = runtime.keys.authenticate(founded.api_key, runtime.clock())
        assert principal is not None
        lines = [msgspec.json.encode(row) for row in seed.rows(LAST_DAY)]
        assert 0 == import_lines(runtime, founded.organisation_id, lines, principal=principal).refused
        runtime.engine.catch_up()
        recorded = runtime.ledger.read_feed(founded.organisation_id, 0, 100_000)
        exported = [msgspec.json.encode(to_cloud_event(event, "", runtime.ledger.epoch)) for event in recorded]
        events = [json.loads(event) for event in exported]
        yield Served(runtime=runtime, organisation=founded.organisation_id, events=events, home=home)


def goal_of(event: Event) -> str:
    return str(event["subject"].partition("/")[2])


def who(event: Event) -> str | None:
    return event.get("onbehalfof") or event.get("authid")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def minutes(first: str, last: str) -> int:
    return int((at(last) - at(first)).total_seconds() // 60)


#: Which state an event leads to, where that does not depend on more.
STATES = {
    "goal.drafted": "draft",
    "goal.requested": "requested",
    "goal.offered": "offered",
    "goal.promised": "active",
    "goal.accepted": "active",
    "goal.answer_deferred": "answer_deferred",
    "goal.declined": "declined",
    "goal.withdrawn": "withdrawn",
    "goal.expired": "expired",
    "goal.change_accepted": "active",
    "goal.completion_declared": "delivered",
    "goal.delivery_rejected": "active",
    "goal.completion_retracted": "active",
    "goal.satisfaction_declared": "satisfied",
    "goal.deemed_satisfied": "satisfied",
    "goal.cancelled": "cancelled",
    "goal.released": "released",
    "goal.departed_released": "released",
    "goal.promise_withdrawn": "promise_withdrawn",
    "goal.closed_broken": "broken",
    "goal.given_up": "broken",
    "goal.discarded": "withdrawn",
}
CLOSING = {"goal.change_rejected", "goal.change_withdrawn", "goal.change_timed_out", "goal.hand_over_refused"}
ENDS = {"satisfied", "cancelled", "released", "promise_withdrawn", "broken", "declined", "withdrawn", "expired"}


def tag_of(event: Event) -> str:
    return str(event["type"].rpartition(".")[0])


def test_each_goal_event_has_its_state_its_parties_and_whose_turn_it_is(served: Served) -> None:
    state: dict[str, str] = {}
    prior: dict[str, str] = {}
    parties: dict[str, dict[str, str | None]] = defaultdict(dict)
    proposed: dict[str, Event] = {}
    expected = {}
    for event in (e for e in served.events if e["subject"].startswith("goal/")):
        goal, tag, data = goal_of(event), tag_of(event), event["data"]
        before = state.get(goal)
        for side in ("owner", "sponsor"):
            if side in data and tag in ("goal.drafted", "goal.draft_revised", "goal.requested", "goal.offered"):
                parties[goal][side] = data[side]
        if tag in ("goal.change_proposed", "goal.change_countered"):
            if tag == "goal.change_proposed":
                prior[goal] = before or ""
            state[goal], proposed[goal] = f"change_proposed_by_{data['by']}", event
        elif tag in CLOSING:
            state[goal] = prior[goal]
        elif tag == "goal.countered":
            state[goal] = f"countered_by_{data['by']}"
        elif tag == "goal.lapsed":
            if before == "active":
                state[goal] = "lapsed"
            else:
                prior[goal] = "lapsed"
        else:
            state[goal] = STATES.get(tag, before or "")
        if tag == "goal.change_accepted":
            changed = proposed[goal]["data"]["changes"]
            parties[goal] |= {side: changed[side] for side in ("owner", "sponsor") if changed.get(side)}
        if tag == "goal.sponsor_reassigned":
            parties[goal]["sponsor"] = data["sponsor"]
        now = state[goal]
        turn = {
            "requested": "owner",
            "answer_deferred": "owner",
            "countered_by_sponsor": "owner",
            "offered": "sponsor",
            "countered_by_owner": "sponsor",
            "change_proposed_by_owner": "sponsor",
            "change_proposed_by_sponsor": "owner",
            "delivered": "sponsor",
        }.get(now)
        expected[event["id"]] = (
            int(event["sequence"]),
            event["time"],
            now,
            None if now == before else now,
            parties[goal].get("owner"),
            parties[goal].get("sponsor"),
            turn,
            parties[goal].get(turn) if turn else None,
            who(event),
            event.get("reasoncode"),
        )

    names = (
        "position",
        "occurred_at",
        "state",
        "new_state",
        "owner",
        "sponsor",
        "turn",
        "turn_of",
        "party",
        "reason_code",
    )
    found = {row["event_id"]: tuple(row[name] for name in names) for row in served.rows("fact_goal_event")}
    assert {e: (p, at(t), *rest) for e, (p, t, *rest) in expected.items()} == {
        e: (p, at(t), *rest) for e, (p, t, *rest) in found.items()
    }


def test_each_proposal_has_a_row_for_each_field_and_what_became_of_it(served: Served) -> None:
    terms: dict[str, dict[str, Any]] = defaultdict(dict)
    open_: dict[str, Event] = {}
    expected = set()
    outcomes = {
        "goal.change_accepted": "accepted",
        "goal.change_rejected": "rejected",
        "goal.change_withdrawn": "withdrawn",
        "goal.change_timed_out": "timed_out",
        "goal.change_countered": "countered",
        "goal.hand_over_refused": "hand_over_refused",
    }
    for event in (e for e in served.events if e["subject"].startswith("goal/")):
        goal, tag, data = goal_of(event), tag_of(event), event["data"]
        if "terms" in data:
            terms[goal] = data["terms"]
        settled = tag in outcomes or STATES.get(tag) in ENDS | {"delivered"}
        if settled and goal in open_:
            proposal = open_.pop(goal)
            outcome = outcomes.get(tag, "overtaken")
            changes = {field: value for field, value in proposal["data"]["changes"].items() if value is not None}
            if outcome == "accepted":
                changes = {field: value for field, value in changes.items() if terms[goal].get(field) != value}
            for field, value in changes.items():
                old = terms[goal].get(field) if field in ("start", "due") else None
                days = (date.fromisoformat(value) - date.fromisoformat(old)).days if old else None
                accepted = outcome == "accepted"
                expected.add(
                    (
                        event["id"],
                        field,
                        outcome,
                        days,
                        proposal["id"],
                        who(proposal),
                        who(event) if accepted else None,
                        proposal["data"]["in_time"],
                        proposal.get("reasoncode"),
                    )
                )
            if outcome == "accepted":
                terms[goal] = {**terms[goal], **changes}
        if tag in ("goal.change_proposed", "goal.change_countered"):
            open_[goal] = event

    rows = served.rows("fact_goal_change")
    names = (
        "event_id",
        "field",
        "outcome",
        "delta_days",
        "proposal_id",
        "proposer",
        "consenter",
        "in_time",
        "reason_code",
    )
    assert expected == {tuple(row[name] for name in names) for row in rows}
    assert {"accepted"} <= {row["outcome"] for row in rows}


def test_each_check_in_and_need_is_a_row_and_answers_find_their_need(served: Served) -> None:
    told: dict[str, tuple[Any, ...]] = {}
    needs: dict[tuple[str, int], tuple[Any, ...]] = {}
    for event in served.of(
        "goal.checked_in", "goal.need_answered", *(f"goal.{end}" for end in ("cancelled", "released"))
    ):
        data = event["data"]
        if tag_of(event) == "goal.checked_in":
            stated = tuple(data.get(name) for name in ("progress", "confidence", "value"))
            told[event["id"]] = (*stated, len(data.get("needs", ())), who(event))
            for place, need in enumerate(data.get("needs", ())):
                needs[event["id"], place] = (event["time"], need.get("answer_by"), None, None)
        elif tag_of(event) == "goal.need_answered":
            raised, until, *_ = needs[data["check_in"], data["need"]]
            needs[data["check_in"], data["need"]] = (raised, until, who(event), minutes(raised, event["time"]))

    names = ("progress", "confidence", "value", "needs", "party")
    check_ins = {
        r["event_id"]: tuple(r[n] for n in names) for r in served.rows("fact_check_in") if r["kind"] == "check_in"
    }
    columns = ("answer_by", "answered_by", "answer_minutes")
    found = {(r["event_id"], r["need"]): tuple(r[n] for n in columns) for r in served.rows("fact_need")}
    assert told == check_ins
    assert needs
    assert {key: value[1:] for key, value in needs.items()} == found


def test_each_promise_is_counted_once_in_the_triple(served: Served) -> None:
    last = max(at(event["time"]) for event in served.events)
    naive = NaiveReliability(served.events, last, "UTC", 1)

    # A row does not depend on today: what is open there may be over its due by now.
    found = {row["goal_id"]: row["kept"] for row in served.rows("fact_delivery")}
    told = {goal.id: naive.part_of(goal) for goal in naive.goals if goal.promised}
    assert told.keys() == found.keys()
    judged = {goal: part for goal, part in told.items() if found[goal] != "open"}
    assert judged == {goal: part for goal, part in found.items() if part != "open"}
    assert {"undecided", "late_or_broken"} >= {told[goal] for goal in told.keys() - judged.keys()}
    assert {"kept_as_promised", "kept_as_renegotiated", "late_or_broken"} <= set(found.values())


REPORTED = [
    (window, day, of)
    for window, day in ((28, LAST_DAY), (366, LAST_DAY), (90, date(2025, 9, 1)), (1, date(2025, 12, 12)))
    for of in ({}, {"team": "platform"}, {"member": "priya"})
]


@pytest.mark.parametrize(("window", "day", "of"), REPORTED)
def test_each_figure_of_reliability_is_that_of_a_naive_reader(
    served: Served, window: int, day: date, of: dict[str, str]
) -> None:
    ids = {kind: resolve_stream_id(served.organisation, kind, ref) for kind, ref in of.items()}
    view = resolve_as_of(
        served.runtime.database, served.runtime.ledger, served.organisation, as_of=day, now=served.runtime.clock()
    )
    scope = ReportScope(window=window, team=ids.get("team"), member=ids.get("member"))
    report = reliability_report.build_report(served.runtime.database, view, scope)

    told = {kind: str(identity) for kind, identity in ids.items()}
    naive = NaiveReliability(served.events, view.at, view.zone, window, **told).figures()
    assert naive == {figure.name: (figure.count, figure.n, figure.value) for figure in report.figures}


@pytest.mark.parametrize(("window", "day"), [(28, LAST_DAY), (366, LAST_DAY), (90, date(2025, 9, 1))])
@pytest.mark.parametrize("team", [None, "platform", "data"])
def test_each_figure_of_recognition_is_that_of_a_naive_reader(
    served: Served, window: int, day: date, team: str | None
) -> None:
    of = None if team is None else resolve_stream_id(served.organisation, "team", team)
    view = resolve_as_of(
        served.runtime.database, served.runtime.ledger, served.organisation, as_of=day, now=served.runtime.clock()
    )
    report = recognition_report.build_report(served.runtime.database, view, ReportScope(window=window, team=of))

    naive = NaiveRecognition(served.events, view.at, view.zone, window).figures(None if of is None else str(of))
    found = {figure.name: (figure.count, figure.n, figure.value) for figure in report.figures}
    assert naive == {**found, "received_gini": (None, None, found["received_gini"][2])}


def test_the_dimension_of_goals_says_at_each_instant_what_was_agreed(served: Served) -> None:
    history: dict[str, list[tuple[datetime, str | None, str]]] = defaultdict(list)
    proposed: dict[str, Event] = {}
    due: dict[str, str | None] = {}
    for event in (e for e in served.events if e["subject"].startswith("goal/")):
        goal, tag, data = goal_of(event), tag_of(event), event["data"]
        if "terms" in data:
            due[goal] = data["terms"].get("due")
        if tag in ("goal.change_proposed", "goal.change_countered"):
            proposed[goal] = event
        if tag == "goal.change_accepted":
            due[goal] = proposed[goal]["data"]["changes"].get("due") or due[goal]
        history[goal].append((at(event["time"]), due[goal], event["id"]))

    versions = defaultdict(list)
    for row in served.rows("dim_goal"):
        versions[row["goal_id"]].append(row)
    for goal, steps in history.items():
        rows = sorted(versions[goal], key=lambda row: int(row["version"]))
        assert [row["valid_to"] for row in rows[:-1]] == [row["valid_from"] for row in rows[1:]]
        assert [False] * (len(rows) - 1) + [True] == [row["is_current"] for row in rows]
        for now, following in zip(steps, [*steps[1:], None], strict=True):
            instant = now[0]
            if following is not None and following[0] == instant:
                continue
            [held] = [
                row
                for row in rows
                if at(row["valid_from"]) <= instant and (row["valid_to"] is None or instant < at(row["valid_to"]))
            ]
            assert now[1] == held["due"]


def test_members_are_in_the_teams_that_they_joined_until_they_left(served: Served) -> None:
    expected = set()
    for event in served.of("member.joined"):
        team = event["data"].get("team")
        left = [e["time"] for e in served.of("member.left") if e["subject"] == event["subject"]]
        if team is not None:
            later = [when for when in left if at(when) >= at(event["time"])]
            expected.add((goal_of(event), team, at(event["time"]), at(min(later)) if later else None))

    rows = served.rows("bridge_member_team")
    assert expected == {
        (r["member_id"], r["team_id"], at(r["valid_from"]), at(r["valid_to"]) if r["valid_to"] else None) for r in rows
    }
    assert {goal_of(e) for e in served.of("member.joined")} <= {r["member_id"] for r in served.rows("dim_member")}


def test_every_asking_of_a_decision_is_a_row_with_what_came_of_it(served: Served) -> None:
    asked: dict[str, str] = {}
    expected: dict[str, list[Any]] = {}
    for event in (e for e in served.events if e["subject"].startswith("decision/")):
        decision, tag, data = goal_of(event), tag_of(event), event["data"]
        if tag in ("decision.opened", "decision.reopened"):
            asked[decision] = event["id"]
            expected[event["id"]] = [event["time"], None, None, None, 0]
        elif tag == "decision.objection_raised":
            expected[asked[decision]][4] += 1
        elif tag == "decision.decided":
            opened = expected[asked[decision]]
            opened[1:4] = [data["by"], data["inside_time_box"], minutes(opened[0], event["time"])]

    names = ("decided_by", "inside_time_box", "decision_minutes", "objections")
    found = {row["event_id"]: [row[name] for name in names] for row in served.rows("fact_decision")}
    assert expected
    assert {event: values[1:] for event, values in expected.items()} == found


def test_links_are_those_that_terms_name_and_each_statement_about_them_is_a_row(served: Served) -> None:
    supports: dict[str, set[str]] = defaultdict(set)
    proposed: dict[str, Event] = {}
    for event in (e for e in served.events if e["subject"].startswith("goal/")):
        goal, tag, data = goal_of(event), tag_of(event), event["data"]
        named = data.get("terms", {}).get("supports") if "terms" in data else None
        if tag in ("goal.change_proposed", "goal.change_countered"):
            proposed[goal] = event
        if tag == "goal.change_accepted":
            named = proposed[goal]["data"]["changes"].get("supports")
        if "terms" in data or named is not None:
            supports[goal] = {each.get("goal") or each.get("purpose") for each in named or ()}
        if tag == "goal.unlinked":
            supports[goal] -= {each.get("goal") or each.get("purpose") for each in data["supports"]}

    current = {(r["goal_id"], r["parent_id"]) for r in served.rows("bridge_goal_support") if r["valid_to"] is None}
    assert {(goal, parent) for goal, parents in supports.items() for parent in parents} == current
    affirmed = list(served.of("goal.link_affirmed"))
    rows = served.rows("fact_alignment")
    assert sum(len(e["data"]["supports"]) for e in affirmed) == sum(row["how"] == "affirmed" for row in rows)
    revised = {e["id"] for e in served.of("charter.purpose_revised")}
    assert revised == {row["event_id"] for row in rows if row["how"] == "moved" and row["parent_kind"] == "purpose"}


def test_the_days_are_those_of_the_years_there_are(served: Served) -> None:
    days = [date.fromisoformat(row["date"]) for row in served.rows("dim_date")]

    first, last = (f([at(event["time"]).year for event in served.events]) for f in (min, max))
    expected = [date(first, 1, 1) + timedelta(days=n) for n in range((date(last + 2, 1, 1) - date(first, 1, 1)).days)]
    assert expected == sorted(days)


def test_additions_are_those_of_the_report(served: Served) -> None:
    runtime: Runtime = served.runtime
    last = max(at(event["time"]) for event in served.events)
    view = resolve_as_of(runtime.database, runtime.ledger, served.organisation, as_of=last, now=runtime.clock())
    report = overload_report.build_report(runtime.database, view, ReportScope(window=36_500))

    expected = {
        str(a.event): (
            str(a.member),
            str(a.requester),
            a.paired is not None,
            a.paired == "inferred",
            a.absorbed,
            sum(each.came_back is None for each in a.trade_offs),
        )
        for a in report.additions
    }
    names = ("member_id", "requester", "paired", "inferred", "absorbed", "trade_offs")
    rows = served.rows("fact_addition")
    assert expected == {row["event_id"]: tuple(row[name] for name in names) for row in rows}
    for addition in report.additions:
        [row] = [row for row in rows if row["event_id"] == str(addition.event)]
        assert pytest.approx(addition.added_hours, abs=0.01) == row["added_minutes"] / 60
        assert pytest.approx(addition.freed_hours, abs=0.01) == row["freed_minutes"] / 60
        standing = [each for each in addition.trade_offs if each.came_back is None]
        gave_way = [(str(e.event), e.goal and str(e.goal), e.kinds, e.inferred) for e in standing]
        gave = json.loads(row["gave_way"]) if isinstance(row["gave_way"], str) else row["gave_way"]
        assert gave_way == [(e["event"], e["goal"], e["kinds"], e["inferred"]) for e in gave]
        assert pytest.approx(sum(e.hours or 0 for e in standing), abs=0.1) == sum(e["minutes"] for e in gave) / 60
