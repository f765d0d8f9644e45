"""Events out: CloudEvents as the specification's own library reads them, in order, complete, with a long poll."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import jsonschema
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from domain.registry import EVENTS
from services.event_filter import EventFilter
from services.visibility.feed import Feed
from tests.api.app_under_test import ApiApp, create_active_goal, offer, why

BATCH_MEDIA_TYPE = "application/cloudevents-batch+json"


def test_each_event_is_a_cloud_event(app: ApiApp) -> None:
    # given
    goal = create_active_goal(app)
    body = {"changes": {"due": "2026-04-10"}, "reason": why()}
    proposed = app.as_member("ana").post_ok(f"/v1/goals/{goal}/propose-change", body)

    # when
    response = app.as_member("stella").get(f"/v1/events?subject=goal/{goal}")

    # then
    assert BATCH_MEDIA_TYPE == response.headers["Content-Type"]
    events = response.json()
    assert ["goal.offered.v1", "goal.accepted.v1", "goal.change_proposed.v1"] == [event["type"] for event in events]
    for event in events:
        read = JSONFormat().read(CloudEvent, json.dumps(event).encode())
        assert (event["id"], event["type"]) == (read.get_id(), read.get_type())
    last = events[-1]
    assert proposed["events"] == [last["id"]]
    assert (f"goal/{goal}", f"goal/{goal}", app.resolve_id("member", "ana"), "app_user") == (
        last["subject"],
        last["partitionkey"],
        last["authid"],
        last["authtype"],
    )
    assert ("new_information", "we know more than we did") == (last["reasoncode"], last["reasontext"])
    assert proposed["position"] == int(last["sequence"])
    assert "http://127.0.0.1:8000/v1/schemas/goal.change_proposed.v1" == last["dataschema"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:8000", ""])
def test_no_address_in_an_answer_is_made_of_what_a_request_says_of_itself(
    serve_app: Callable[..., ApiApp], host: str
) -> None:
    app = serve_app(public_url="https://plimsoll.example.org/goals/")
    create_active_goal(app)

    headers = {"Host": host, "X-Forwarded-Host": host, "Forwarded": f"host={host}"}
    response = app.as_member("ana").get("/v1/events", headers=headers)

    assert {"https://plimsoll.example.org/goals"} == {e["dataschema"].partition("/v1/")[0] for e in response.json()}
    assert "evil" not in response.text


def test_words_on_several_lines_are_one_line_in_an_attribute_and_as_written_in_data(app: ApiApp) -> None:
    # given
    goal = create_active_goal(app)
    text = "first line\nsecond\tline\nthird\ufdd0\U0001fffe line"
    body = {"changes": {"due": "2026-04-10"}, "reason": why(text=text)}
    app.as_member("ana").post_ok(f"/v1/goals/{goal}/propose-change", body)
    app.as_member("ana").post_ok(f"/v1/goals/{goal}/check-in", {"note": text})

    # when
    *_, proposed, checked_in = app.as_member("stella").get_ok(f"/v1/events?subject=goal/{goal}")
    history = app.as_member("stella").get_ok(f"/v1/goals/{goal}/history")["entries"]

    # then
    assert "first line second line third   line" == proposed["reasontext"]
    assert text == checked_in["data"]["note"]
    assert text == history[-2]["reason"]["text"]


def test_each_events_data_is_as_its_schema_says(app: ApiApp) -> None:
    # given
    create_active_goal(app)
    app.as_member("stella").post_ok("/v1/policies", {"policy": {"wip_limit": 4}})

    # then
    for event in app.as_member("stella").get_ok("/v1/events?limit=1000"):
        schema = app.client.get(f"/v1/schemas/{event['type']}").json()
        jsonschema.validate(event["data"], schema, format_checker=jsonschema.FormatChecker())


def test_every_type_of_event_is_told_with_its_schema(app: ApiApp) -> None:
    told = app.client.get("/v1/event-types").json()["event_types"]

    assert sorted(EVENTS) == [kind["type"] for kind in told]
    for kind in told:
        response = app.client.get(kind["dataschema"])
        assert (200, "application/schema+json") == (response.status_code, response.headers["Content-Type"])
        jsonschema.Draft202012Validator.check_schema(response.json())


def test_following_the_links_misses_nothing(app: ApiApp) -> None:
    # given
    for _ in range(4):
        create_active_goal(app)
    stella = app.as_member("stella")

    # when
    found: list[int] = []
    path = "/v1/events?limit=3"
    while events := (response := stella.get(path)).json():
        found += [int(event["sequence"]) for event in events]
        path = response.links["next"]["url"]

    # then
    assert list(range(1, app.runtime.ledger.position(app.organisation_id()) + 1)) == found


def test_types_are_picked_and_the_cursor_still_moves_on(app: ApiApp) -> None:
    create_active_goal(app)
    stella = app.as_member("stella")

    response = stella.get("/v1/events?types=goal.accepted.v1&types=goal.declined.v1")

    assert ["goal.accepted.v1"] == [event["type"] for event in response.json()]
    position = app.runtime.ledger.position(app.organisation_id())
    assert str(position) == response.headers["Plimsoll-Position"]
    assert f"after={position}" in response.links["next"]["url"]


def test_a_prefix_stands_for_all_types_below_it(app: ApiApp) -> None:
    create_active_goal(app)

    response = app.as_member("stella").get("/v1/events?types=goal.*,team.created.v1&limit=1000")

    assert {"goal.offered.v1", "goal.accepted.v1", "team.created.v1"} == {event["type"] for event in response.json()}
    assert "types=goal.%2A" in response.links["next"]["url"]


@pytest.mark.parametrize("word", ["goal", "goal.promise.*", "*", "goal.promised.v9", "goal.**"])
def test_a_type_that_there_is_not_is_refused_with_those_that_there_are(app: ApiApp, word: str) -> None:
    response = app.as_member("stella").get(f"/v1/events?types={word}")

    problem = response.json()
    assert (422, "/types/0") == (response.status_code, problem["errors"][0]["pointer"])
    assert {"goal.*", "goal.promised.v1"} <= set(problem["allowed"])


def test_a_team_is_its_goals_members_charter_and_itself(app: ApiApp) -> None:
    # given
    core = create_active_goal(app)
    edge = app.as_member("eva").post_ok("/v1/goals", offer("eva", "ned", team="edge"))["id"]
    app.as_member("lea").post_ok("/v1/charters/core/adopt-non-negotiable", {"text": "We test"})

    # when
    for person in ("stella", "ana"):
        found = app.as_member(person).get_ok("/v1/events?team=core&limit=1000")

        # then
        subjects = {event["subject"] for event in found}
        assert {f"goal/{core}", f"team/{app.resolve_id('team', 'core')}"} < subjects
        assert f"goal/{edge}" not in subjects
        assert f"member/{app.resolve_id('member', 'ned')}" not in subjects
        assert f"member/{app.resolve_id('member', 'ana')}" in subjects
        assert {"charter", "goal", "member", "team"} == {subject.partition("/")[0] for subject in subjects}


def test_a_team_that_there_is_not_is_refused(app: ApiApp) -> None:
    response = app.as_member("stella").get("/v1/events?team=nowhere")

    assert (404, "/team") == (response.status_code, response.json()["errors"][0]["pointer"])


@pytest.mark.parametrize("narrowed", ["", "&types=goal.offered.v1", "&team=core", "&types=goal.*&team=edge"])
def test_where_a_filtered_page_ends_says_nothing_about_what_is_not_shown(app: ApiApp, narrowed: str) -> None:
    # given two logs of equal length that differ in what ned does not see
    after = app.runtime.ledger.position(app.organisation_id())
    offered = app.as_member("ana").post_ok("/v1/goals", offer())
    app.as_member("ana").post_ok(f"/v1/goals/{offered['id']}/withdraw", {"reason": why()})
    hidden_first = _read_positions(app, "ned", after, narrowed)

    # then each page ends where the log does, or at an event that is shown
    assert [app.runtime.ledger.position(app.organisation_id())] == hidden_first


def _read_positions(app: ApiApp, person: str, after: int, narrowed: str) -> list[int]:
    """Where the pages of one event end."""
    ends = []
    path = f"/v1/events?after={after}&limit=1{narrowed}"
    while True:
        response = app.as_member(person).get(path)
        ends.append(int(response.headers["Plimsoll-Position"]))
        if not response.json():
            return ends
        path = response.links["next"]["url"]


def test_a_full_page_of_a_named_log_never_changes_and_may_be_kept(app: ApiApp) -> None:
    # given
    create_active_goal(app)
    stella, epoch = app.as_member("stella"), app.runtime.ledger.epoch

    # when
    full = stella.get(f"/v1/events?limit=5&epoch={epoch}")
    create_active_goal(app)
    again = stella.get(f"/v1/events?limit=5&epoch={epoch}")
    known = stella.get(f"/v1/events?limit=5&epoch={epoch}", headers={"If-None-Match": full.headers["ETag"]})

    # then
    assert "private, max-age=86400, immutable" == full.headers["Cache-Control"]
    assert (full.content, full.headers["ETag"], full.headers["Link"]) == (
        again.content,
        again.headers["ETag"],
        again.headers["Link"],
    )
    assert 304 == known.status_code


@pytest.mark.parametrize(
    ("person", "asked"),
    [
        ("stella", "limit=1000&epoch={epoch}"),
        ("stella", "limit=5"),
        ("stella", "limit=5&epoch={epoch}&team=core"),
        ("ana", "limit=5&epoch={epoch}"),
    ],
    ids=["up to the head", "of any log", "of a team as it is now", "of what one sees now"],
)
def test_a_page_that_may_change_is_not_kept(app: ApiApp, person: str, asked: str) -> None:
    create_active_goal(app)

    response = app.as_member(person).get(f"/v1/events?{asked.format(epoch=app.runtime.ledger.epoch)}")

    assert response.json()
    assert "private, no-cache" == response.headers["Cache-Control"]


def test_a_pull_waits_for_news(app: ApiApp) -> None:
    # given
    stella, ana = app.as_member("stella"), app.as_member("ana")
    after = app.runtime.ledger.position(app.organisation_id())
    answers: list[Any] = []

    def follow() -> None:
        answers.append(stella.get_ok(f"/v1/events?after={after}&timeout=20"))

    follower = threading.Thread(target=follow)
    began = time.monotonic()

    # when
    follower.start()
    time.sleep(0.3)
    assert [] == answers
    ana.post_ok("/v1/goals", offer())
    follower.join(10)

    # then
    assert ["goal.offered.v1"] == [event["type"] for event in answers[0]]
    assert time.monotonic() - began < 10


def test_a_pull_without_news_ends_when_it_said(app: ApiApp) -> None:
    after = app.runtime.ledger.position(app.organisation_id())
    began = time.monotonic()

    assert [] == app.as_member("stella").get_ok(f"/v1/events?after={after}&timeout=0.3")

    assert 0.3 <= time.monotonic() - began < 5


def test_what_one_may_not_see_is_passed_over_without_waiting(app: ApiApp) -> None:
    # given
    after = app.runtime.ledger.position(app.organisation_id())
    for _ in range(10):
        create_active_goal(app)
    own = app.as_member("eva").post_ok("/v1/goals", offer("eva", "ned", team="edge"))

    # when
    began = time.monotonic()
    response = app.as_member("ned").get(f"/v1/events?after={after}&limit=10&timeout=10")

    # then
    assert [own["position"]] == [int(event["sequence"]) for event in response.json()]
    assert time.monotonic() - began < 5


def test_a_pull_that_finds_nothing_for_its_viewer_begins_its_next_one_behind_all_that_it_looked_at(app: ApiApp) -> None:
    # given
    after = app.runtime.ledger.position(app.organisation_id())
    for _ in range(10):
        create_active_goal(app)
    head = app.runtime.ledger.position(app.organisation_id())

    # when
    pulled = [app.as_member("ned").get(f"/v1/events?after={after}&limit=3&timeout={wait}") for wait in (0, 0.2)]

    # then
    assert [[], []] == [response.json() for response in pulled]
    assert [str(head)] * 2 == [response.headers["Plimsoll-Position"] for response in pulled]


@pytest.mark.parametrize("subject", ["goal/kep-1", "goal/{id}", "{id}"])
def test_a_subject_is_a_stream_by_id_or_reference(app: ApiApp, subject: str) -> None:
    goal = create_active_goal(app, ref="kep-1")
    create_active_goal(app)

    told = app.as_member("stella").get_ok(f"/v1/events?subject={subject.format(id=goal)}")

    assert {f"goal/{goal}"} == {event["subject"] for event in told}


def test_an_imported_event_says_who_did_it_and_who_said_so(app: ApiApp) -> None:
    said = {"do": "member.capacity", "member": "ana", "hours_per_week": 30, "from": "2026-02-01"}
    row = json.dumps({"at": "2026-02-01T09:00:00Z", "by": "ana", **said}).encode()
    app.as_member("stella").post_ok("/v1/imports", content=row, headers={"Content-Type": "application/x-ndjson"})

    [event] = app.as_member("stella").get_ok("/v1/events?types=member.capacity_declared.v1")

    assert (
        "import",
        app.resolve_id("member", "stella"),
        app.resolve_id("member", "ana"),
        "2026-02-01T09:00:00.000000Z",
    ) == (
        event["recordsource"],
        event["authid"],
        event["onbehalfof"],
        event["time"],
    )
    assert event["recordedtime"].startswith("2026-03-02")


class RacingLedger:
    """A ledger to which an event is added between the question for its head and the page."""

    def __init__(self, app: ApiApp) -> None:
        self._app, self._ledger = app, app.runtime.ledger

    def position(self, organisation_id: UUID) -> int:
        position = self._ledger.position(organisation_id)
        create_active_goal(self._app)
        return position

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


@pytest.mark.parametrize("person", ["stella", "ana"])
def test_what_is_recorded_while_a_page_is_made_is_told_once(app: ApiApp, person: str) -> None:
    # given a page of which two events were recorded after its head was asked for
    viewer = app.viewer(person)
    ledger: Any = RacingLedger(app)
    first = Feed(ledger).load_page(viewer, 0, 1000, EventFilter())

    # when the next page begins where the first says
    second = app.runtime.feed.load_page(viewer, first.examined, 1000, EventFilter())

    # then
    whole = app.runtime.feed.load_page(viewer, 0, 1000, EventFilter())
    told = [event.position for page in (first, second) for event in page.events]
    assert [event.position for event in whole.events] == told
    assert (False, whole.head) == (first.full, second.examined)


def test_a_page_from_behind_the_head_goes_on_from_there(app: ApiApp) -> None:
    head = app.runtime.ledger.position(app.organisation_id())

    for person in ("stella", "ana"):
        page = app.runtime.feed.load_page(app.viewer(person), head + 9, 10, EventFilter())
        assert (head + 9, head, False) == (page.examined, page.head, page.full)
