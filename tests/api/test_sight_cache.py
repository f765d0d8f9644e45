"""Pages of the feed by what the process keeps of sights are those of the plain filter, whatever happens in between."""

from __future__ import annotations

import tracemalloc
from array import array
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from threading import Barrier, Event, Thread
from typing import Any
from uuid import UUID

import msgspec
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
from services.visibility import feed, sight_cache
from services.visibility.events import EventVisibility
from services.visibility.feed import Feed
from services.visibility.sight_cache import HIDDEN, UNKNOWN, VISIBLE, CachedSight, SightCache, StreamIndex
from services.visibility.viewers import load_viewer
from tests.api.app_under_test import ApiApp, create_active_goal, create_members, offer, open_client, why

_PEOPLE = ("ana", "ben", "sam", "mia", "lea", "ned", "eva", "stella", "aud")
_TEAMS = ("core", "edge")
_NUMBERS = count()
_NEED = {"note": "so far", "needs": [{"text": "help", "addressee": "eva"}]}
_QUARTER = {"starts_at": "2026-03-02T00:00:00Z", "ends_at": "2026-06-01T00:00:00Z"}


@pytest.fixture
def processes(database_url: str) -> Iterator[tuple[Runtime, Runtime]]:
    """Two of them on one database: the first one writes."""
    with Runtime(Settings(database_url=database_url)) as writing, Runtime(Settings(database_url=database_url)) as other:
        yield writing, other


@pytest.fixture(params=["as they are", "small"])
def _sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is bounded meets its bound, or nothing does."""
    if request.param == "small":
        monkeypatch.setattr(feed, "MAX_EXAMINED", 25)
        monkeypatch.setattr(feed, "_BATCH_SIZE", 6)
        monkeypatch.setattr(feed, "_SMALLEST_BATCH", 2)
        monkeypatch.setattr(sight_cache, "_BLOCK_SIZE", 7)
        monkeypatch.setattr(sight_cache, "_MAX_FOLLOWED", 3)
        monkeypatch.setattr(sight_cache, "MAX_BYTES", 30_000)


class _Organisation:
    """An organisation in which one thing after another happens."""

    def __init__(self, runtime: Runtime, client: Any) -> None:
        self._runtime, self._client = runtime, client
        self._keys = create_members(runtime, f"acme-{next(_NUMBERS)}")
        principal = runtime.keys.authenticate(self._keys["stella"], datetime.now(UTC))
        assert principal is not None
        self.id = principal.organisation_id
        self._open: dict[str, Any] = {}
        #: Event ids of what stella can take back.
        self._recorded: dict[str, list[str]] = {"members/ben": [], "teams/core": []}
        runtime.engine.catch_up()

    def post(self, by: str, path: str, body: Any) -> Any:
        """The answer; None where the rules do not allow it."""
        headers = {"Authorization": f"Bearer {self._keys[by]}"}
        answered = self._client.post(f"/v1/{path}", json=body, headers=headers)
        assert answered.status_code < 500, answered.text
        return answered.json() if answered.status_code < 300 else None

    def act(self, kind: int, one: int, two: int) -> None:
        """One thing that may change who sees what."""
        acts = (self._act_on_goal, self._act_on_people, self._act_on_groups)
        # Those on goals twice as often: they change most.
        acts[kind // 6 % 3](kind % 6, one, two)

    def _act_on_goal(self, kind: int, one: int, two: int) -> None:
        person, other, goal = _PEOPLE[one % 7], _PEOPLE[two % 7], f"g{one % 4}"
        path, answers = f"goals/{goal}", {"answers": self._open.get(goal)}
        match kind:
            case 0:
                opening = offer(person, other, team=_TEAMS[two % 2], ref=goal, effort_hours=60)
                self._keep(goal, self.post(person, "goals", opening))
                self._keep(goal, self._post_by_anyone(f"{path}/accept", {"answers": self._open.get(goal)}))
            case 1:
                self._keep(goal, self._post_by_anyone(f"{path}/accept", answers))
            case 2:
                change = {"changes": {("owner", "sponsor")[one % 2]: other}, "reason": why()}
                self._keep(goal, self._post_by_anyone(f"{path}/propose-change", change))
                self.post(other, f"{path}/join", {})
                self._keep(goal, self._post_by_anyone(f"{path}/accept-change", {"answers": self._open.get(goal)}))
            case 3:
                self._keep(goal, self._post_by_anyone(f"{path}/accept-change", answers))
            case 4:
                needs = [{"text": "help", "addressee": other}]
                self._keep(goal, self._post_by_anyone(f"{path}/check-in", {"note": "so far", "needs": needs}))
            case 5:
                self.post("stella", f"{path}/reassign-sponsor", {"sponsor": other, "reason": why()})

    def _act_on_people(self, kind: int, one: int, two: int) -> None:
        person, team = _PEOPLE[one % 7], _TEAMS[two % 2]
        match kind:
            case 0:
                self.post("stella", f"members/{person}/change-team", {"leave": team, "join": _TEAMS[1 - two % 2]})
            case 1:
                self.post("stella", f"members/{person}/{('join', 'leave-team', 'leave')[one % 3]}", {"team": team})
            case 2:
                role, how = {"role": ("auditor", "steward")[two % 2]}, ("grant-role", "revoke-role")[two // 2 % 2]
                self._note("members/ben", self.post("stella", f"members/ben/{how}", role))
            case 3:
                thanks = {"member": _PEOPLE[two % 7], "kind": "relationship", "text": "Stayed on the call."}
                self.post(person, "recognitions", {**thanks, "goal": f"g{two % 4}"})
            case 4:
                self._note("teams/core", self.post("stella", "teams/core/appoint-lead", {"lead": person}))
                self._runtime.engine.catch_up()
            case 5:
                path = ("members/ben", "teams/core")[two % 2]
                if self._recorded[path]:
                    self.post("stella", f"{path}/take-back", {"corrects": self._recorded[path].pop()})
                    self._runtime.engine.catch_up()

    def _act_on_groups(self, kind: int, one: int, two: int) -> None:
        team, lead = (("core", "lea"), ("edge", "eva"))[two % 2]
        match kind:
            case 0:
                narrowed = {"persons": ("member", "lead", "stewards")[one % 3], "reason": why()}
                self.post(lead, f"charters/{team}/set-sight", narrowed)
            case 1:
                self.post("stella", "policies", {"policy": {"co_determination": one % 2 == 0}})
            case 2:
                of = {"team": team} if one % 2 else {}
                opening = {"do": "open", **of, "ref": f"c{two % 3}", **_QUARTER, "goals": [f"g{one % 4}"]}
                self.post(lead if of else "stella", "cycles", opening)
            case 3:
                for by in ("stella", "lea", "eva"):
                    self.post(by, f"cycles/c{two % 3}/include-goal", {"goal": f"g{one % 4}"})
            case 4:
                credit = {"goal": f"g{one % 4}", "member": _PEOPLE[one % 7], "text": "Found the slow query"}
                self.post(_PEOPLE[two % 7], f"cycles/c{two % 3}/credit-contribution", credit)
            case 5:
                asked = {"question": "Which vendor?", "team": team, "deciders": [_PEOPLE[one % 7]]}
                self.post(lead, "decisions", {**asked, "proposal": "The first", "deadline": "2030-03-20T00:00:00Z"})

    def _note(self, path: str, answer: Any) -> None:
        if answer is not None:
            self._recorded[path] += answer["events"]

    def _keep(self, goal: str, answer: Any) -> None:
        if answer is not None:
            self._open[goal] = answer.get("open")

    def _post_by_anyone(self, path: str, body: Any) -> Any:
        for person in _PEOPLE[:7]:
            if (answer := self.post(person, path, body)) is not None:
                return answer
        return None

    def view(self, person: str, scopes: frozenset[str] = frozenset({READ})) -> Viewer:
        """The person as it stands now, with a key of these scopes."""
        member = resolve_stream_id(self.id, "member", person)
        principal = Principal(key_id=UUID(int=1), organisation_id=self.id, member_id=member, scopes=scopes)
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


def _load_cached(of: Feed, viewer: Viewer, after: int, limit: int, wanted: EventFilter) -> tuple[Any, ...]:
    page = of.load_page(viewer, after, limit, wanted)
    sent = [encode_event(event, "http://a", "e") for event in page.events]
    assert sent == [encode_event(event, "http://a", "e") for event in page.decode()]
    return sent, page.examined, page.head, page.full


def _read_all(load: Callable[..., tuple[Any, ...]], source: Any, viewer: Viewer) -> list[tuple[Any, ...]]:
    """Page after page, to the end."""
    pages, after, is_full = [], 0, True
    while is_full:
        pages.append(load(source, viewer, after, 1000, EventFilter()))
        _, after, _, is_full = pages[-1]
    return pages


_step = st.tuples(st.integers(0, 23), st.integers(0, 83), st.integers(0, 83), st.integers(0, 10_000))


@pytest.mark.usefixtures("_sizes")
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_step, min_size=10, max_size=20))
def test_a_page_is_that_of_the_plain_filter_at_every_position_of_any_history(
    processes: tuple[Runtime, Runtime], steps: Any
) -> None:
    with open_client(processes[0]) as client:
        # given
        acme = _Organisation(processes[0], client)
        ledger = processes[0].ledger
        for number in range(3):
            acme.act(0, number, number + 5)

        # when one thing after another happens, and pages are read in between, here and in another process
        for kind, one, two, page in steps:
            acme.act(kind, one, two)
            filters, head = acme.list_filters(), ledger.position(acme.id)
            asked = (acme.view(_PEOPLE[page % 9]), page % (head + 1), 1 + page % 7, filters[page % 5])
            for process in processes:
                # then each is what is to be seen now
                assert _load_plain(ledger, *asked) == _load_cached(process.feed, *asked)
            for person in ("ned", "eva", _PEOPLE[(one + two) % 9]):
                viewer, process = acme.view(person), processes[page % 4 == 0]
                assert _read_all(_load_plain, ledger, viewer) == _read_all(_load_cached, process.feed, viewer)


class _CountingLedger:
    """A ledger, and what was asked of it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self._ledger, name)


@pytest.mark.parametrize("person", ["ned", "aud"])
def test_a_page_that_was_read_once_is_two_statements(app: ApiApp, person: str) -> None:
    # given goals of which ned sees some, and figures of a member that the auditor does not
    app.as_member("lea").post_ok("/v1/charters/core/set-sight", {"persons": "member"})
    for number in range(5):
        create_active_goal(app, "ned", "eva", team="edge", ref=f"theirs-{number}")
        create_active_goal(app, ref=f"hidden-{number}", effort_hours=60)
    ledger: Any = _CountingLedger(app.runtime.ledger)
    feed_of = Feed(ledger)
    first = feed_of.load_page(app.viewer(person), 0, 14, EventFilter())

    # when
    ledger.asked.clear()
    again = feed_of.load_page(app.viewer(person), 0, 14, EventFilter())

    # then how far the log is, and the events that are shown
    assert first == again
    assert 14 == len(again.events)
    assert ["position", "read_records_at"] == ledger.asked


def _hand_over(app: ApiApp, goal: str = "g", sponsor: str = "sam", to: str = "eva") -> None:
    change = {"changes": {"sponsor": to}, "reason": why()}
    opened = app.as_member("ana").post_ok(f"/v1/goals/{goal}/propose-change", change)["open"]
    app.as_member(to).post_ok(f"/v1/goals/{goal}/join", {})
    app.as_member(sponsor).post_ok(f"/v1/goals/{goal}/accept-change", {"answers": opened})


def _ask_for_help(app: ApiApp) -> None:
    app.as_member("ana").post_ok("/v1/goals/g/check-in", _NEED)


def _move(app: ApiApp) -> None:
    app.as_member("stella").post_ok("/v1/members/eva/join", {"team": "core"})


def _lead(app: ApiApp) -> None:
    app.as_member("stella").post_ok("/v1/teams/core/appoint-lead", {"lead": "eva"})


def _grant(app: ApiApp) -> None:
    app.as_member("stella").post_ok("/v1/members/eva/grant-role", {"role": "auditor"})


def _narrow(app: ApiApp) -> None:
    app.as_member("eva").post_ok("/v1/charters/edge/set-sight", {"persons": "member"})


def _determine_together(app: ApiApp) -> None:
    app.as_member("stella").post_ok("/v1/policies", {"policy": {"co_determination": True}})


def _write_elsewhere(app: ApiApp) -> None:
    with Runtime(app.runtime.settings, clock=app.clock) as other, open_client(other) as client:
        headers = {"Authorization": f"Bearer {app.keys['acme']['ana']}"}
        assert 200 == client.post("/v1/goals/g/check-in", json=_NEED, headers=headers).status_code


@pytest.mark.parametrize(
    "change",
    [_hand_over, _ask_for_help, _move, _lead, _grant, _narrow, _determine_together, _write_elsewhere],
)
@pytest.mark.parametrize("followed", [1000, 0], ids=["followed", "too far to follow"])
def test_the_page_after_a_change_of_sight_is_of_the_new_one(
    app: ApiApp, change: Callable[[ApiApp], None], followed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a goal of core, and its pages, read by eva of edge
    monkeypatch.setattr(sight_cache, "_MAX_FOLLOWED", followed)
    create_active_goal(app, ref="g")
    before = _read_all(_load_cached, app.runtime.feed, app.viewer("eva"))
    shown = {each for page in before for each in page[0]}

    # when
    change(app)

    # then more or less of what was recorded before is shown
    after = _read_all(_load_cached, app.runtime.feed, app.viewer("eva"))
    assert _read_all(_load_plain, app.runtime.ledger, app.viewer("eva")) == after
    of_before = {each for page in after for each in page[0] if _position_of(each) <= before[-1][1]}
    assert shown != of_before


def _position_of(event: bytes) -> int:
    return int(msgspec.json.decode(event)["sequence"])


def test_a_key_without_the_scope_to_read_shows_nothing_beside_one_that_has_it(app: ApiApp) -> None:
    # given what a member's key shows
    create_active_goal(app)
    viewer = app.viewer("ana")
    assert app.runtime.feed.load_page(viewer, 0, 1000, EventFilter()).events

    # when another key of the same member conveys less
    acting = msgspec.structs.replace(viewer, scopes=frozenset({"act"}))

    # then
    assert [] == app.runtime.feed.load_page(acting, 0, 1000, EventFilter()).events
    assert app.runtime.feed.load_page(viewer, 0, 1000, EventFilter()).events


def test_an_event_of_a_hidden_stream_is_not_shown_at_a_position_that_was_anothers(app: ApiApp) -> None:
    # given what was kept of a log that another has taken the place of since
    create_active_goal(app)
    viewer = app.viewer("ned")
    head = app.runtime.ledger.position(viewer.organisation_id)
    cached = SightCache(app.runtime.ledger).find(viewer, head)
    seen = EventVisibility(app.runtime.ledger, viewer, cached)
    visible = cached.index.number([("organisation", viewer.organisation_id)])
    seen.look_up(cached.index.streams)

    # when every position is taken for one of the organisation's own stream
    reader = Feed(app.runtime.ledger)
    kept = reader._sights.find(viewer, head)  # noqa: SLF001 - a log that is restored under a process: stop it first
    kept.index.number([("organisation", viewer.organisation_id)])
    kept.index._blocks[0] = array("I", visible * head)  # noqa: SLF001 - as above
    page = reader.load_page(viewer, 0, 1000, EventFilter())

    # then
    assert {event.kind for event in page.decode()} <= {"organisation", "team", "member", "charter"}
    assert all(EventVisibility(app.runtime.ledger, viewer).redact(event) is not None for event in page.decode())


def _find(app: ApiApp, cache: SightCache, person: str) -> CachedSight:
    viewer = app.viewer(person)
    return cache.find(viewer, app.runtime.ledger.position(viewer.organisation_id))


def test_what_a_page_looked_up_before_another_went_on_is_not_kept(app: ApiApp) -> None:
    # given a page of eva's, which has met a goal that she sees
    cache, ledger = SightCache(app.runtime.ledger), app.runtime.ledger
    goal = ("goal", UUID(create_active_goal(app, ref="g", sponsor="eva")))
    cached = _find(app, cache, "eva")
    number = cached.index.number([goal])
    page = EventVisibility(ledger, app.viewer("eva"), cached)
    assert page.can_see_stream(*goal)

    # when it is hers no longer, and another page begins, before the first one meets the goal again
    _hand_over(app, sponsor="eva", to="ned")
    assert cached is _find(app, cache, "eva")
    assert bytes([UNKNOWN]) == cached.get(number)
    assert bytes([VISIBLE]) == page.look_up_numbered(number)

    # then what the first one sees is its own
    assert bytes([UNKNOWN]) == cached.get(number)
    assert bytes([HIDDEN]) == EventVisibility(ledger, app.viewer("eva"), cached).look_up_numbered(number)
    assert bytes([HIDDEN]) == cached.get(number)


def test_a_stream_that_there_is_not_is_looked_up_each_time(app: ApiApp) -> None:
    # given an id under which something may begin later, of whatever kind
    cached = _find(app, SightCache(app.runtime.ledger), "ned")
    absent = ("goal", UUID(int=5))

    # when
    page = EventVisibility(app.runtime.ledger, app.viewer("ned"), cached)

    # then
    assert not page.can_see_stream(*absent)
    assert cached.index.find(absent) is None


def test_streams_that_have_grown_are_forgotten_and_others_are_not(app: ApiApp) -> None:
    # given three streams that are known
    cache = SightCache(app.runtime.ledger)
    grows, stays, hidden = (("goal", UUID(create_active_goal(app))) for _ in range(3))
    cached = _find(app, cache, "ned")
    numbers = cached.index.number([grows, stays, hidden])
    cached.keep(numbers, [VISIBLE, VISIBLE, HIDDEN], cached.position)

    # when
    app.as_member("ana").post_ok(f"/v1/goals/{grows[1]}/check-in", {"note": "so far"})
    _find(app, cache, "ned")

    # then
    assert bytes([UNKNOWN, VISIBLE, HIDDEN]) == cached.get(numbers)
    assert {stays: True, hidden: False} == cached.recall([grows, stays, hidden])
    # an id is of one kind
    assert {} == cached.recall([("member", stays[1])])


def test_an_index_has_the_stream_of_each_position(app: ApiApp, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(sight_cache, "_BLOCK_SIZE", 7)
    create_active_goal(app)
    ledger, organisation = app.runtime.ledger, app.organisation_id()
    index, head = StreamIndex(organisation), ledger.position(organisation)
    expected = [(event.kind, event.stream_id) for event in ledger.read_feed(organisation, 0, 1000)]

    # when it is read from everywhere to everywhere, and once more where it is longer
    for after in range(head):
        for upto in range(after, head + 1):
            found = index.read(ledger, after, upto)
            assert expected[after:upto] == [index.streams[number] for number in found]
    create_active_goal(app)
    longer = index.read(ledger, head - 2, ledger.position(organisation))

    # then
    events = ledger.read_feed(organisation, head - 2, 1000)
    assert [(event.kind, event.stream_id) for event in events] == [index.streams[number] for number in longer]
    assert array("I") == index.read(ledger, head, head)


def test_what_is_kept_takes_no_more_than_it_is_counted_for() -> None:
    # given streams and positions of an organisation
    organisation, rng = UUID(int=7), range(20_000)
    tracemalloc.start()
    began = tracemalloc.get_traced_memory()[0]
    index = StreamIndex(organisation)
    index.number(("goal", UUID(int=(1 << 100) + number)) for number in rng)

    # when
    taken = tracemalloc.get_traced_memory()[0] - began
    tracemalloc.stop()

    # then
    assert 0.6 * index.bytes <= taken <= index.bytes


def test_the_organisation_that_was_read_longest_ago_makes_room(app: ApiApp, monkeypatch: pytest.MonkeyPatch) -> None:
    # given room for one organisation and a bit
    cache = SightCache(app.runtime.ledger)

    def find(person: str, organisation: str) -> CachedSight:
        viewer = app.viewer(person, organisation)
        cached = cache.find(viewer, app.runtime.ledger.position(viewer.organisation_id))
        cached.index.read(app.runtime.ledger, 0, 10)
        return cached

    first = find("ned", "acme")
    assert first is find("ned", "acme")
    monkeypatch.setattr(sight_cache, "MAX_BYTES", 15_000)

    # when
    second = find("ned", "rival")
    assert second is find("ned", "rival")

    # then the first begins anew, and the second then too
    assert first is not find("ned", "acme")
    assert first is not find("ned", "acme")
    assert second is not find("ned", "rival")
    # what is too large alone is kept by who uses it only
    monkeypatch.setattr(sight_cache, "MAX_BYTES", 1_000)
    assert find("ned", "acme") is not find("ned", "acme")


def test_a_member_takes_one_place_however_often_it_changes(app: ApiApp) -> None:
    # given
    cache = SightCache(app.runtime.ledger)
    places = {id(_find(app, cache, "ned"))}
    index = _find(app, cache, "ned").index

    # when
    for leave, join in (("edge", "core"), ("core", "edge"), ("edge", "core")):
        app.as_member("stella").post_ok("/v1/members/ned/change-team", {"leave": leave, "join": join})
        found = _find(app, cache, "ned")
        places.add(id(found))

        # then it begins anew, on the same index
        assert found is _find(app, cache, "ned")
        assert index is found.index
    (kept,) = cache._organisations.values()  # noqa: SLF001 - what is kept is not to be seen from outside
    assert [found] == list(kept._sights.values())  # noqa: SLF001 - as above


def test_threads_that_read_while_others_write_leave_what_is_true(app: ApiApp) -> None:
    # given readers of the same member's feed
    goals = [create_active_goal(app, sponsor="ned") for _ in range(2)]
    viewer, reader = app.viewer("ned"), app.runtime.feed
    begin, is_over, failed = Barrier(4), Event(), list[BaseException]()

    def read() -> None:
        begin.wait()
        try:
            while not is_over.is_set():
                reader.load_page(viewer, 0, 1000, EventFilter())
        except BaseException as error:  # noqa: BLE001 - what the test shows
            failed.append(error)

    threads = [Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    begin.wait()

    # when goals change hands meanwhile
    for sponsor, to in (("ned", "eva"), ("eva", "ned"), ("ned", "eva")):
        for goal in goals:
            _hand_over(app, goal, sponsor, to)
        # then each who asks afterwards is shown what is so afterwards
        shown = {event.stream_id for event in reader.load_page(viewer, 0, 1000, EventFilter()).decode()}
        assert (to == "ned") == (set(map(UUID, goals)) <= shown)
        assert to == "ned" or not set(map(UUID, goals)) & shown
    is_over.set()
    for thread in threads:
        thread.join()
    assert [] == failed
