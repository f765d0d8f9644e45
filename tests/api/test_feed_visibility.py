"""The feed shows each viewer what is theirs to see, and says nothing of the rest: neither by a field nor by a place."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args, get_type_hints
from uuid import UUID

import msgspec
import pytest
from httpx import Response

from domain.personal import PERSON_FIGURE
from domain.registry import AGGREGATES, EVENTS
from projections.sight import StoredEntry
from services.cloud_events import encode_event
from services.event_filter import EventFilter, select_event
from services.visibility import feed
from services.visibility.events import EventVisibility
from services.visibility.feed import Feed
from services.visibility.policy import STREAM_RULES
from services.visibility.sight import ViewerSight
from tests.api.app_under_test import ApiApp, create_active_goal, why


@pytest.fixture
def hidden(app: ApiApp) -> str:
    """A goal of team core with a moved due; ned, of team edge, may not see it."""
    create_active_goal(app, "ned", "eva", team="edge")
    goal = create_active_goal(app, ref="hidden-goal")
    change = {"changes": {"due": "2026-04-20"}, "reason": why()}
    opened = app.as_member("ana").post_ok(f"/v1/goals/{goal}/propose-change", change)["open"]
    app.as_member("sam").post_ok(f"/v1/goals/{goal}/accept-change", {"answers": opened})
    create_active_goal(app, "ned", "eva", team="edge")
    return goal


def comparable(response: Response) -> tuple[int, dict[str, str], Any]:
    """What an answer says, without what is each request's own."""
    own = ("date", "x-request-id", "request-id", "ratelimit", "plimsoll-request-id")
    headers = {name: value for name, value in response.headers.items() if name not in own}
    body = response.json()
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in ("request_id", "instance")}
    return response.status_code, headers, body


@pytest.mark.parametrize("more", ["", "&types=goal.change_accepted.v1", "&types=goal.change_accepted.v1&limit=1"])
def test_a_hidden_stream_is_answered_as_one_that_is_not_there(app: ApiApp, hidden: str, more: str) -> None:
    ned = app.as_member("ned")

    absent = comparable(ned.get(f"/v1/events?subject=goal/no-such-goal{more}"))

    for name in (f"goal/{hidden}", hidden, "goal/hidden-goal"):
        assert absent == comparable(ned.get(f"/v1/events?subject={name}{more}"))


@pytest.mark.parametrize("examined", [1000, 7])
def test_a_page_stops_at_what_its_viewer_sees_or_at_a_fixed_number_of_positions(
    app: ApiApp, hidden: str, examined: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(feed, "MAX_EXAMINED", examined)
    ledger, ned = app.runtime.ledger, app.viewer("ned")
    head = ledger.position(ned.organisation_id)
    sight = EventVisibility(ledger, ned)
    log = ledger.read_feed(ned.organisation_id, 0, 10_000)
    visible = {event.position for event in log if sight.redact(event) is not None}

    # when each type of event is looked for, one at a time, from everywhere
    for tag in sorted({event.type for event in log}):
        for after in range(0, head, 5):
            page = Feed(ledger).load_page(ned, after, 1, EventFilter(types=(tag,)))

            # then
            assert page.examined in visible | {head, min(head, after + examined)}
            assert {event.position for event in page.events} <= visible


def test_every_type_of_event_is_found_by_whoever_may_see_it_and_by_nobody_else(app: ApiApp, hidden: str) -> None:
    # given
    log = app.runtime.ledger.read_feed(app.organisation_id(), 0, 10_000)

    for person in ("ned", "ana", "stella"):
        viewer = app.viewer(person)
        sight = EventVisibility(app.runtime.ledger, viewer)
        seen = [event.position for event in log if sight.redact(event) is not None]
        for tag in sorted({event.type for event in log}):
            # when
            found: list[int] = []
            after, full = 0, True
            while full:
                page = app.runtime.feed.load_page(viewer, after, 1, EventFilter(types=(tag,)))
                found += [event.position for event in page.events]
                after, full = page.examined, page.full

            # then
            assert [event.position for event in log if event.type == tag and event.position in seen] == found


@pytest.mark.parametrize("person", ["ned", "ana", "stella"])
def test_a_page_has_the_bytes_of_its_decoded_events(app: ApiApp, hidden: str, person: str) -> None:
    # given what a viewer is shown of each event, decoded
    ledger, viewer = app.runtime.ledger, app.viewer(person)
    log = ledger.read_feed(viewer.organisation_id, 0, 10_000)
    goal = next(event.stream_id for event in log if event.type == "goal.change_accepted.v1")
    team = next(event.stream_id for event in log if event.kind == "team")
    for wanted in (
        EventFilter(),
        EventFilter(types=("goal.*", "member.joined.v1")),
        EventFilter(subject=goal),
        EventFilter(team=team, types=("goal.*", "team.*")),
    ):
        sight = EventVisibility(ledger, viewer)
        shown = [seen for event in log if (seen := select_event(event, sight, wanted)) is not None]

        # when the page is read as records
        page = Feed(ledger).load_page(viewer, 0, 1000, wanted)

        # then
        assert shown == page.decode()
        assert [encode_event(each, "http://a", "e") for each in shown] == [
            encode_event(each, "http://a", "e") for each in page.events
        ]


def test_a_records_kind_is_that_of_its_stream(app: ApiApp, hidden: str) -> None:
    records = app.runtime.ledger.read_records(app.organisation_id(), 0, 10_000)

    assert [record.decode().kind for record in records] == [record.kind for record in records]
    assert set(AGGREGATES) == {tag.partition(".")[0] for tag in EVENTS}


def _list_structs(hint: Any) -> list[type[msgspec.Struct]]:
    found = [hint] if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else []
    return [*found, *(each for part in get_args(hint) for each in _list_structs(part))]


def _has_figures(cls: type[msgspec.Struct]) -> bool:
    hints = get_type_hints(cls, include_extras=True)
    return any(
        PERSON_FIGURE in (getattr(mark, "extra", None) or {})
        for hint in hints.values()
        for mark in getattr(hint, "__metadata__", ())
    )


def test_every_figure_of_a_person_in_an_event_can_be_withheld() -> None:
    # given each Struct that an event is made of, at any depth
    carriers = 0
    for event in EVENTS.values():
        for name, hint in get_type_hints(event).items():
            for cls in _list_structs(hint):
                nested = [inner for part in get_type_hints(cls).values() for inner in _list_structs(part)]

                # then one with figures stands in a field of the event itself, and says so when they are withheld
                assert not any(map(_has_figures, nested)), (event, name)
                if _has_figures(cls):
                    carriers += 1
                    assert {"of", "withheld"} <= set(cls.__struct_fields__)
                    assert hint in (cls, cls | None), (event, name)
        assert not _has_figures(event), event
    assert carriers


@pytest.mark.parametrize("is_old", [False, True], ids=["with its subject", "as events of before were"])
def test_a_load_in_an_event_is_for_those_who_may_see_the_person(app: ApiApp, is_old: bool) -> None:
    # given a promise of ana's to ned, who is of another team
    goal = create_active_goal(app, "ana", "ned", effort_hours=60)
    ledger = app.runtime.ledger
    [accepted] = [e for e in ledger.events(app.organisation_id(), UUID(goal)) if e.type == "goal.accepted.v1"]
    taken: Any = accepted.data
    assert taken.taken_as.worst_ratio is not None
    if is_old:
        fact = msgspec.structs.replace(taken, taken_as=msgspec.structs.replace(taken.taken_as, of=None))
        accepted = msgspec.structs.replace(accepted, data=fact)

    # when
    shown = {}
    for person in ("ana", "lea", "sam", "ned", "eva", "stella", "aud"):
        event = EventVisibility(ledger, app.viewer(person)).redact(accepted)
        shown[person] = None if event is None else event.data.taken_as  # type: ignore[attr-defined]

    # then whoever sees the goal reads how it was taken, and the person's own figures only who may see that person
    withheld = {
        p: None if t is None else (t.withheld, t.worst_ratio is None, t.worst_week is None, t.how)
        for p, t in shown.items()
    }
    how = taken.taken_as.how
    whole, partly = (False, False, False, how), (True, True, True, how)
    assert {
        "ana": whole, "lea": whole, "stella": whole, "aud": whole, "sam": partly, "ned": partly, "eva": None
    } == withheld  # fmt: skip


def test_every_kind_of_stream_has_a_rule_of_who_may_see_it() -> None:
    assert AGGREGATES.keys() == STREAM_RULES.keys()


def test_a_kind_of_stream_without_a_rule_is_for_those_who_may_see_everything(
    app: ApiApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a rule that was forgotten
    monkeypatch.delitem(STREAM_RULES, "team")
    log = app.runtime.ledger.read_feed(app.organisation_id(), 0, 10_000)

    # when
    seen = {
        person: [e.kind for e in log if EventVisibility(app.runtime.ledger, app.viewer(person)).redact(e)].count("team")
        for person in ("ana", "lea", "stella", "aud")
    }

    # then
    assert (0, 0, 2, 2) == (seen["ana"], seen["lea"], seen["stella"], seen["aud"])


def test_names_are_loaded_in_one_place() -> None:
    # given every module that loads names by itself, and every one that hides nothing
    sources = [path for package in ("projections", "services") for path in Path(package).rglob("*.py")]
    loading = {str(path) for path in sources if "load_stream_names" in path.read_text()}
    hiding_nothing = {str(path) for path in sources if "EVERYTHING" in path.read_text()}

    # then they are those that say what a viewer may see
    assert {"projections/sight.py", "services/visibility/sight.py"} == loading
    assert {"projections/sight.py"} == hiding_nothing


def test_the_feed_of_a_team_passes_over_what_is_no_teams(app: ApiApp) -> None:
    # given a key among the events
    app.as_member("stella").post_ok("/v1/keys", {"member": "ana", "scopes": ["read"]})
    goal = create_active_goal(app)

    events = app.as_member("stella").get_ok("/v1/events?team=core&limit=1000")

    assert f"goal/{goal}" in {event["subject"] for event in events}
    assert not [event for event in events if event["subject"].startswith(("key/", "organisation/"))]


def test_an_entry_that_this_version_has_no_words_for_is_for_those_who_may_see_everything(app: ApiApp) -> None:
    # given what a later version wrote into a goal's history
    entry = StoredEntry(
        kind="goal",
        stream_id=create_active_goal(app),
        version=3,
        type="goal.blessed.v9",
        data="{}",
        before="{}",
        after="{}",
    )

    shown = {
        person: ViewerSight(
            app.runtime.ledger, app.runtime.database, app.viewer(person), lambda: pytest.fail("nothing to look up")
        ).redact_entry(entry)
        for person in ("ana", "stella")
    }

    assert {"ana": None, "stella": entry} == shown
