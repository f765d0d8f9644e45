"""Pages of the feed by what the process keeps of sights are those of the plain filter, whatever happens in between."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.references import resolve_stream_id
from ledger.api_keys import Principal
from ledger.ledger import Ledger
from services.authorization import READ, Viewer
from services.cloud_events import encode_event
from services.event_filter import EventFilter, select_event
from services.runtime import Runtime
from services.settings import Settings
from services.visibility import feed, known_streams
from services.visibility.events import EventVisibility
from services.visibility.feed import load_feed_page
from services.visibility.known_streams import HIDDEN, UNKNOWN, VISIBLE, KnownSight, Outline, find_known_sight
from services.visibility.viewers import load_viewer
from tests.api.app_under_test import ApiApp, create_active_goal, create_members, offer, open_client, why

_PEOPLE = ("ana", "ben", "sam", "mia", "lea", "ned", "eva", "stella", "aud")
_TEAMS = ("core", "edge")
_NUMBERS = count()


@pytest.fixture
def runtime(database_url: str) -> Iterator[Runtime]:
    with Runtime(Settings(database_url=database_url)) as opened:
        yield opened


@pytest.fixture(params=["as they are", "small"])
def _sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is bounded meets its bound, or nothing does."""
    if request.param == "small":
        monkeypatch.setattr(feed, "MAX_EXAMINED", 25)
        monkeypatch.setattr(feed, "_BATCH_SIZE", 6)
        monkeypatch.setattr(feed, "_SMALLEST_BATCH", 2)
        monkeypatch.setattr(known_streams, "_BLOCK_SIZE", 7)
        monkeypatch.setattr(known_streams, "_MAX_FOLLOWED", 1)
        monkeypatch.setattr(known_streams, "MAX_STREAMS", 24)
        monkeypatch.setattr(known_streams, "MAX_VIEWERS", 3)


class _Organisation:
    """An organisation in which one thing after another happens."""

    def __init__(self, runtime: Runtime, client: Any) -> None:
        self._runtime, self._client = runtime, client
        self._keys = create_members(runtime, f"acme-{next(_NUMBERS)}")
        principal = runtime.keys.authenticate(self._keys["stella"], datetime.now(UTC))
        assert principal is not None
        self.id = principal.organisation_id
        self._open: dict[str, Any] = {}
        runtime.engine.catch_up()

    def post(self, by: str, path: str, body: Any) -> Any:
        """The answer; None where the rules do not allow it."""
        headers = {"Authorization": f"Bearer {self._keys[by]}"}
        answered = self._client.post(f"/v1/{path}", json=body, headers=headers)
        assert answered.status_code < 500, answered.text
        return answered.json() if answered.status_code < 300 else None

    def act(self, kind: int, one: int, two: int) -> None:
        """One thing that may change who sees what."""
        (self._act_on_goal if kind < 6 else self._act_on_people)(kind, one, two)

    def _act_on_goal(self, kind: int, one: int, two: int) -> None:
        person, other, goal = _PEOPLE[one % 7], _PEOPLE[two % 7], f"g{one % 4}"
        path, answers = f"goals/{goal}", {"answers": self._open.get(goal)}
        match kind:
            case 0:
                opening = offer(person, other, team=_TEAMS[two % 2], ref=goal, effort_hours=60)
                self._keep(goal, self.post(person, "goals", opening))
            case 1:
                self._keep(goal, self._post_by_anyone(f"{path}/accept", answers))
            case 2:
                change = {"changes": {("owner", "sponsor")[one % 2]: other}, "reason": why()}
                self._keep(goal, self._post_by_anyone(f"{path}/propose-change", change))
                self.post(other, f"{path}/join", {})
            case 3:
                self._keep(goal, self._post_by_anyone(f"{path}/accept-change", answers))
            case 4:
                needs = [{"text": "help", "addressee": other}]
                self._keep(goal, self._post_by_anyone(f"{path}/check-in", {"note": "so far", "needs": needs}))
            case 5:
                thanks = {"member": other, "kind": "relationship", "text": "Stayed on the call.", "goal": goal}
                self.post(person, "recognitions", thanks)

    def _act_on_people(self, kind: int, one: int, two: int) -> None:
        person, team = _PEOPLE[one % 7], _TEAMS[two % 2]
        match kind:
            case 6:
                self.post("stella", f"members/{person}/change-team", {"leave": team, "join": _TEAMS[1 - two % 2]})
            case 7:
                self.post("stella", f"members/{person}/{('join', 'leave-team')[one % 2]}", {"team": team})
            case 8:
                narrowed = {"persons": ("member", "lead", "stewards")[two % 3], "reason": why()}
                self.post({"core": "lea", "edge": "eva"}[team], f"charters/{team}/set-sight", narrowed)
            case 9:
                self.post("stella", "policies", {"policy": {"co_determination": two % 2 == 0}})
            case 10:
                self.post("stella", f"teams/{team}/appoint-lead", {"lead": person})
                self._runtime.engine.catch_up()

    def _keep(self, goal: str, answer: Any) -> None:
        if answer is not None:
            self._open[goal] = answer.get("open")

    def _post_by_anyone(self, path: str, body: Any) -> Any:
        for person in _PEOPLE[:7]:
            if (answer := self.post(person, path, body)) is not None:
                return answer
        return None

    def view(self, person: str) -> Viewer:
        """The person as it stands now, with a key that reads."""
        member = resolve_stream_id(self.id, "member", person)
        principal = Principal(key_id=UUID(int=1), organisation_id=self.id, member_id=member, scopes=frozenset({READ}))
        viewer = load_viewer(self._runtime.ledger, self._runtime.database, principal, since=datetime.now(UTC))
        assert viewer is not None
        return viewer

    def list_filters(self) -> list[EventFilter]:
        """Filters of each sort."""
        return [
            EventFilter(),
            EventFilter(types=("goal.*",)),
            EventFilter(types=("member.*", "goal.accepted.v1", "recognition.*")),
            EventFilter(team=resolve_stream_id(self.id, "team", "core")),
            EventFilter(subject=resolve_stream_id(self.id, "goal", "g1")),
        ]


def _load_plain(ledger: Ledger, viewer: Viewer, after: int, limit: int, wanted: EventFilter) -> tuple[Any, ...]:
    """The page as it is defined: each event in turn, every stream looked up anew."""
    head, sight = ledger.position(viewer.organisation_id), EventVisibility(ledger, viewer)
    is_bounded = wanted.subject is None and not (sight.is_unrestricted and wanted.team is None)
    end = max(after, min(head, after + feed.MAX_EXAMINED) if is_bounded else head)
    shown: list[bytes] = []
    for event in ledger.read_feed(viewer.organisation_id, after, 100_000, upto=end):
        if (visible := select_event(event, sight, wanted)) is not None:
            shown.append(encode_event(visible, "http://a", "e"))
            if len(shown) == limit:
                return shown, event.position, head, True
    return shown, end, head, end < head


def _load_known(ledger: Ledger, viewer: Viewer, after: int, limit: int, wanted: EventFilter) -> tuple[Any, ...]:
    page = load_feed_page(ledger, viewer, after, limit, wanted)
    return [encode_event(event, "http://a", "e") for event in page.events], page.examined, page.head, page.full


_step = st.tuples(st.integers(0, 10), st.integers(0, 27), st.integers(0, 27), st.integers(0, 1000))


@pytest.mark.usefixtures("_sizes")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_step, min_size=15, max_size=30))
def test_a_page_is_that_of_the_plain_filter_at_every_position_of_any_history(runtime: Runtime, steps: Any) -> None:
    with open_client(runtime) as client:
        # given
        acme = _Organisation(runtime, client)
        ledger = runtime.ledger
        for number in range(3):
            acme.act(0, number, number + 5)
            acme.act(1, number, 0)

        # when one thing after another happens, and pages are read in between
        for kind, one, two, page in steps:
            acme.act(kind, one, two)
            filters, head = acme.list_filters(), ledger.position(acme.id)
            after, wanted = page % (head + 1), filters[page % 5]

            # then each is what is to be seen now, of those who read all of it each time too
            for person in ("ana", "ned"):
                viewer = acme.view(person)
                everything = _read_all(_load_known, ledger, viewer)
                assert _read_all(_load_plain, ledger, viewer) == everything, person
            asked = (ledger, acme.view(_PEOPLE[page % 9]), after, 1 + page % 7, wanted)
            assert _load_plain(*asked) == _load_known(*asked), (_PEOPLE[page % 9], after, wanted)


def _read_all(load: Callable[..., tuple[Any, ...]], ledger: Ledger, viewer: Viewer) -> list[tuple[Any, ...]]:
    """Page after page, to the end."""
    pages, after, is_full = [], 0, True
    while is_full:
        pages.append(load(ledger, viewer, after, 1000, EventFilter()))
        _, after, _, is_full = pages[-1]
    return pages


class _CountingLedger:
    """A ledger, and what was asked of it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self._ledger, name)


def test_a_page_that_was_read_once_is_two_statements(app: ApiApp) -> None:
    # given goals of which ned sees some
    for number in range(5):
        create_active_goal(app, "ned", "eva", team="edge", ref=f"theirs-{number}")
        create_active_goal(app, ref=f"hidden-{number}")
    ledger: Any = _CountingLedger(app.runtime.ledger)
    first = load_feed_page(ledger, app.viewer("ned"), 0, 10, EventFilter())

    # when
    ledger.asked.clear()
    again = load_feed_page(ledger, app.viewer("ned"), 0, 10, EventFilter())

    # then how far the log is, and the events that are shown
    assert first == again
    assert ["position", "read_records_at"] == ledger.asked


def test_a_goal_that_is_handed_over_is_hidden_from_the_next_page_on(app: ApiApp) -> None:
    # given a goal of core whose sponsor, of another team, saw it
    goal = create_active_goal(app, sponsor="ned")

    def see(person: str) -> bool:
        page = load_feed_page(app.runtime.ledger, app.viewer(person), 0, 1000, EventFilter())
        return UUID(goal) in {event.stream_id for event in page.decode()}

    assert (True, False) == (see("ned"), see("eva"))

    # when eva takes ned's place
    change = {"changes": {"sponsor": "eva"}, "reason": why()}
    opened = app.as_member("ana").post_ok(f"/v1/goals/{goal}/propose-change", change)["open"]
    app.as_member("eva").post_ok(f"/v1/goals/{goal}/join", {})
    app.as_member("ned").post_ok(f"/v1/goals/{goal}/accept-change", {"answers": opened})

    # then
    assert (False, True) == (see("ned"), see("eva"))


def test_what_was_looked_up_before_its_stream_has_grown_is_not_kept(app: ApiApp) -> None:
    # given a sight that another thread moves on while streams are looked up
    ledger, viewer = app.runtime.ledger, app.viewer("ned")
    known = find_known_sight(ledger, viewer, ledger.position(viewer.organisation_id))
    stream = ("goal", UUID(create_active_goal(app)))
    before = known.position
    known.follow(ledger, ledger.position(viewer.organisation_id))

    # when
    known.keep({stream: True}, before)

    # then it is looked up again
    assert {} == known.recall([stream])
    known.keep({stream: False}, known.position)
    assert {stream: False} == known.recall([stream])


def test_streams_that_have_grown_are_forgotten_and_others_are_not(app: ApiApp) -> None:
    # given three streams that are known
    ledger, viewer = app.runtime.ledger, app.viewer("ned")
    known = KnownSight(Outline(viewer.organisation_id))
    grows, stays, hidden = (("goal", UUID(create_active_goal(app))) for _ in range(3))
    known.follow(ledger, ledger.position(viewer.organisation_id))
    known.keep({grows: True, stays: True, hidden: False}, known.position)

    # when
    app.as_member("ana").post_ok(f"/v1/goals/{grows[1]}/check-in", {"note": "so far"})
    known.follow(ledger, ledger.position(viewer.organisation_id))

    # then
    numbers = known.outline.number([grows, stays, hidden])
    assert bytes([UNKNOWN, VISIBLE, HIDDEN]) == known.get(numbers)
    assert {stays: True, hidden: False} == known.recall([grows, stays, hidden])


def test_an_outline_names_the_stream_of_each_position(app: ApiApp, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(known_streams, "_BLOCK_SIZE", 7)
    create_active_goal(app)
    ledger, organisation = app.runtime.ledger, app.organisation_id()
    outline, head = Outline(organisation), ledger.position(organisation)
    expected = [(event.kind, event.stream_id) for event in ledger.read_feed(organisation, 0, 1000)]

    # when it is read from everywhere to everywhere, and once more where it is longer
    for after in range(head):
        for upto in range(after, head + 1):
            found = outline.read(ledger, after, upto)
            assert expected[after:upto] == [outline.streams[number] for number in found]
    create_active_goal(app)
    longer = outline.read(ledger, head - 2, ledger.position(organisation))

    # then
    events = ledger.read_feed(organisation, head - 2, 1000)
    assert [(event.kind, event.stream_id) for event in events] == [outline.streams[number] for number in longer]
    assert array("I") == outline.read(ledger, head, head)
