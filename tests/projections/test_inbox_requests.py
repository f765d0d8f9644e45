"""What waits for whom: deadlines as the clocks will ring, every question found by exactly the one it asks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.goal import acts as a
from domain.member.member import DeclareAbsence, Join, Leave
from domain.terms import Priority, SupportInput
from projections.as_of import AsOf, resolve_as_of
from projections.database.database import Database
from projections.goals import goals_at
from projections.inbox.digest import Digest, load_digest
from projections.inbox.goal_requests import OpenRequest, list_open_requests
from projections.inbox.inbox import CHECK_IN_LOOKAHEAD, Inbox, load_inbox
from projections.sight import EVERYTHING
from tests.projections import random_histories, random_support_histories
from tests.projections.conftest import ProjectStory
from tests.projections.test_replay import engine_with_empty_views
from tests.spec import Story, instant, offer, request, why

PEOPLE = ("ana", "ben", "lea", "mia", "sam", "stella")


def promise_goal(story: Story, goal: str = "goal", at: str = "2026-03-02T09:00", **terms: Any) -> Story:
    said = offer(**{"due": date(2026, 6, 26), **terms})
    story.says(said.owner or "", said, on=goal, at=at)
    story.says(said.sponsor or "", a.Accept(), on=goal, at=at)
    return story


class InboxReader:
    """A story and its inboxes."""

    def __init__(self, database: Database, project: ProjectStory, story: Story) -> None:
        self.database, self.project, self.story = database, project, story

    def as_of(self, when: str) -> AsOf:
        return self.project(self.story, instant(when) if "T" in when else date.fromisoformat(when))

    def inbox(self, who: str, when: str) -> Inbox:
        return load_inbox(self.database, self.as_of(when), self.story.id(who), sight=EVERYTHING)

    def list_requests(self, who: str, when: str) -> list[tuple[str, str | None]]:
        """Kind and deadline of everything that waits for somebody."""
        told = [ask for entry in self.inbox(who, when).entries for ask in entry.asks]
        return [(ask.kind, ask.until.isoformat()[:16] if ask.until else None) for ask in told]

    def digest(self, when: str, **how: Any) -> Digest:
        view = self.as_of(when)
        since = how.pop("since", view.at - timedelta(days=7))
        return load_digest(self.database, view, self.story.id("core", "team"), since=since, sight=EVERYTHING, **how)


@pytest.fixture
def inbox_reader(database: Database, project: ProjectStory) -> Any:
    return lambda story: InboxReader(database, project, story)


# --- deadlines -------------------------------------------------------------------------------------------------------


def test_an_answer_waits_until_the_clock_of_the_agreement_rings(inbox_reader: Any) -> None:
    story = Story()
    story.says("sam", request(), at="2026-03-02T09:00")

    assert [("answer", "2026-03-10T00:00")] == inbox_reader(story).list_requests("ana", "2026-03-02T10:00")
    story.says("ana", a.Clarify(text="what for?"), at="2026-03-03T09:00")  # stops the clock for five working days
    assert [("answer", "2026-03-17T00:00")] == inbox_reader(story).list_requests("ana", "2026-03-03T10:00")
    story.says("ana", a.DeferAnswer(answer_by=date(2026, 3, 12), reason=why()), at="2026-03-04T09:00")
    assert [("answer", "2026-03-13T00:00")] == inbox_reader(story).list_requests("ana", "2026-03-04T10:00")


def test_nobodys_answer_is_due_while_they_are_absent(inbox_reader: Any) -> None:
    story = promise_goal(Story())
    story.says("sam", DeclareAbsence(from_=date(2026, 3, 9), to=date(2026, 3, 13)), at="2026-03-03")
    change = a.ProposeChange(changes=a.Changes(due=date(2026, 7, 10)), reason=why())
    story.says("ana", change, at="2026-03-04T09:00")
    need = a.NeedInput(text="help", answer_by=date(2026, 3, 10))
    story.says("ana", a.CheckIn(needs=[need]), at="2026-03-04T10:00")

    # Back on Monday the 16th, settled by the end of the 17th.
    assert [("answer", "2026-03-18T00:00"), ("need", "2026-03-18T00:00")] == inbox_reader(story).list_requests(
        "sam", "2026-03-09"
    )


def test_a_delivery_waits_for_its_verdict_and_a_dispute_for_its_mediator(inbox_reader: Any) -> None:
    story = promise_goal(Story())
    story.says("ana", a.DeclareComplete(), at="2026-03-04T09:00")
    assert [("verdict", "2026-03-19T00:00")] == inbox_reader(story).list_requests("sam", "2026-03-05")
    story.says("ana", a.Dispute(mediator="mia", decide_by=date(2026, 3, 13), reason=why()), at="2026-03-05T09:00")

    assert ([], [("ruling", "2026-03-14T00:00")]) == tuple(
        inbox_reader(story).list_requests(who, "2026-03-06") for who in ("sam", "mia")
    )


def test_a_hand_over_waits_for_whom_it_names(inbox_reader: Any) -> None:
    story = promise_goal(Story())
    story.says("sam", a.ProposeChange(changes=a.Changes(owner="ben"), reason=why()), at="2026-03-04T09:00")

    kinds = {
        who: [kind for kind, _ in inbox_reader(story).list_requests(who, "2026-03-05")] for who in ("ana", "ben", "sam")
    }
    assert {"ana": ["answer"], "ben": ["join"], "sam": []} == kinds
    story.says("ben", a.Join(), at="2026-03-06T09:00")
    assert [] == inbox_reader(story).list_requests("ben", "2026-03-06")


STEWARD = frozenset({"steward"})


def leave(story: Story, who: str, at: str = "2026-03-09T09:00") -> None:
    story.says("stella", Leave(), on=who, at=at, roles=STEWARD)


def list_departed(inbox_reader: Any, story: Story, who: str, when: str) -> list[tuple[str, tuple[str, ...]]]:
    asks = [ask for entry in inbox_reader(story).inbox(who, when).entries for ask in entry.asks]
    return [(f"{ask.since:%m-%d}", ask.acts) for ask in asks if ask.kind == "departed"]


@pytest.mark.parametrize(("who", "act"), [("ana", "release_departed"), ("sam", "reassign_sponsor")])
def test_a_promise_whose_party_has_left_waits_for_a_steward(inbox_reader: Any, who: str, act: str) -> None:
    story = promise_goal(Story())
    promise_goal(story, goal="other", owner="ben", sponsor="mia")
    assert [] == list_departed(inbox_reader, story, "stella", "2026-03-08")

    leave(story, who)

    assert [("03-09", (act,))] == list_departed(inbox_reader, story, "stella", "2026-03-10")
    # and for nobody else, nor earlier, nor once the member is back
    for other in ("mia", "ben", "sam" if who == "ana" else "ana"):
        assert [] == list_departed(inbox_reader, story, other, "2026-03-10")
    assert [] == list_departed(inbox_reader, story, "stella", "2026-03-08")
    story.says("stella", Join(), on=who, at="2026-03-11T09:00", roles=STEWARD)
    assert [] == list_departed(inbox_reader, story, "stella", "2026-03-12")


@pytest.mark.parametrize(
    ("proposer", "who", "place", "instead"),
    [("ana", "sam", "sponsor", "reassign_sponsor"), ("sam", "ana", "owner", "release_departed")],
)
def test_a_hand_over_that_the_departed_cannot_accept_waits_for_a_steward(
    inbox_reader: Any, proposer: str, who: str, place: str, instead: str
) -> None:
    # given a change that names a successor for a member who then leaves
    story = promise_goal(Story())
    changes = a.Changes(owner="ben") if place == "owner" else a.Changes(sponsor="ben")
    story.says(proposer, a.ProposeChange(changes=changes, reason=why()), at="2026-03-04T09:00")
    leave(story, who)
    assert [("03-09", (instead,))] == list_departed(inbox_reader, story, "stella", "2026-03-10")

    # when the successor joins
    story.says("ben", a.Join(), at="2026-03-10T09:00")

    # then a steward can accept it, and it waits no longer once that is done
    assert [("03-09", ("accept_change", instead))] == list_departed(inbox_reader, story, "stella", "2026-03-11")
    story.says("stella", a.AcceptChange(), at="2026-03-11T09:00", roles=STEWARD)
    assert [] == list_departed(inbox_reader, story, "stella", "2026-03-12")


def test_a_delivery_of_an_owner_who_has_left_waits_for_its_sponsor_alone(inbox_reader: Any) -> None:
    story = promise_goal(Story())
    story.says("ana", a.DeclareComplete(), at="2026-03-04T09:00")
    leave(story, "ana")

    assert [] == list_departed(inbox_reader, story, "stella", "2026-03-10")
    assert ["verdict"] == [kind for kind, _ in inbox_reader(story).list_requests("sam", "2026-03-10")]


def test_a_listed_blocker_waits_for_somebody_who_is_no_party(inbox_reader: Any) -> None:
    story = promise_goal(Story())
    stuck = [a.BlockerInput(text="no key", acts_next="mia"), a.BlockerInput(text="no time")]
    story.says("ana", a.CheckIn(blockers=stuck, note="so"), at="2026-03-04T09:00")

    told = {who: inbox_reader(story).inbox(who, "2026-03-05").entries for who in ("mia", "ana", "sam")}

    # That it is over is told by the owner's next check-in.
    assert [("no key", ())] == [(ask.text, ask.acts) for ask in told["mia"][0].asks]
    assert [("no time", ("check_in",))] == [(ask.text, ask.acts) for ask in told["ana"][0].asks]
    assert [] == told["sam"]
    story.says("ana", a.CheckIn(blockers=[]), at="2026-03-06T09:00")
    assert [] == inbox_reader(story).list_requests("mia", "2026-03-06")


def test_a_lapsed_promise_asks_both_of_its_parties_and_a_paused_one_nobody(inbox_reader: Any) -> None:
    story = promise_goal(promise_goal(Story(), due=date(2026, 3, 6)), "paused")
    pause = a.Pause(paused_from=date(2026, 3, 4), resume_on=date(2026, 6, 1))
    story.says("ana", a.ProposeChange(changes=a.Changes(pause=pause), reason=why()), on="paused", at="2026-03-03T09:00")
    story.says("sam", a.AcceptChange(), on="paused", at="2026-03-03T09:00")
    story.sweep("2026-04-20")

    assert [("lapsed", None)] == inbox_reader(story).list_requests("ana", "2026-04-20")
    assert [("lapsed", None)] == inbox_reader(story).list_requests("sam", "2026-04-20")
    assert 1 == inbox_reader(story).digest("2026-04-20").quiet.count
    assert 0 == inbox_reader(story).digest("2026-04-20").unchanged.count


def test_a_link_waits_for_its_owner_once_its_parent_has_changed(inbox_reader: Any) -> None:
    story = promise_goal(promise_goal(Story(), "parent", owner="ben", sponsor="mia"), supports=["parent"])
    story.says(
        "ben",
        a.ProposeChange(changes=a.Changes(priority=Priority.CRITICAL), reason=why()),
        on="parent",
        at="2026-03-04",
    )
    story.says("mia", a.AcceptChange(), on="parent", at="2026-03-05T09:00")

    assert [("link", "2026-03-19T09:00")] == inbox_reader(story).list_requests("ana", "2026-03-06")
    told = inbox_reader(story).digest("2026-03-06")
    assert (1, story.id("parent", "goal")) == (told.links.count, told.links.items[0].parent)
    story.says("ana", a.AffirmLink(supports=[SupportInput(goal="parent")]), at="2026-03-06T10:00")
    assert [] == inbox_reader(story).list_requests("ana", "2026-03-07")


def test_a_check_in_is_due_when_the_reminder_rings(inbox_reader: Any) -> None:
    story = promise_goal(Story())
    story.says("ana", DeclareAbsence(from_=date(2026, 3, 16), to=date(2026, 3, 20)), at="2026-03-03")
    assert [] == inbox_reader(story).list_requests("ana", "2026-03-19")
    assert [("check_in", "2026-03-25T00:00")] == inbox_reader(story).list_requests("ana", "2026-03-23")

    [reminder] = story.sweep("2026-03-25T10:00")

    told = inbox_reader(story).inbox("ana", "2026-03-25T11:00")
    assert datetime(2026, 3, 25, tzinfo=UTC) == reminder.occurred_at == told.entries[0].until
    assert [reminder.event_id] == [r.event for r in told.reminders.goals]
    assert told.entries[0].asks[0].reminded


# --- of all of it ----------------------------------------------------------------------------------------------------

# Each example empties the one database.
_property_settings = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _assert_consistent(database: Database, story: Story, view: AsOf) -> None:
    """Each question is in the inbox of the one it asks, and in no other; the digest tells the same ones."""
    goals = goals_at(database, view)
    everything = list_open_requests(database, view, goals, ahead=CHECK_IN_LOOKAHEAD)
    for who in PEOPLE:
        told = load_inbox(database, view, story.id(who), sight=EVERYTHING, limit=200)
        mine = [_request_key(ask) for ask in everything if ask.whom == story.id(who)]
        # Charters ask too, by members and not by goals; what an import recorded is no question.
        asked = [ask for entry in told.entries for ask in entry.asks if ask.goal is not None]
        found = [_request_key(ask) for ask in asked if ask.kind not in ("attributed", "departed")]
        if all(entry.more == 0 for entry in told.entries):
            assert sorted(mine, key=str) == sorted(found, key=str)
        deadlines = [entry.until for entry in told.entries if entry.until is not None]
        assert sorted(deadlines) == deadlines
        assert len({entry.subject for entry in told.entries}) == len(told.entries) == told.count
    # A lapsed promise asks both of its parties; in a team's digest it is one.
    owners = {goal.id: getattr(goal, "owner", None) for goal in goals}
    due = [
        ask
        for ask in everything
        if (ask.kind != "check_in" or ask.overdue)
        and (ask.kind != "lapsed" or ask.goal is None or ask.whom == owners[ask.goal])
    ]
    shown = load_digest(database, view, story.id("core", "team"), since=view.at, sight=EVERYTHING, limit=100)
    parts = (shown.needs, shown.blockers, shown.answers, shown.quiet, shown.links)
    # Every goal of these histories is the team's.
    assert len(due) == sum(part.count for part in parts)
    assert sum(ask.overdue for ask in due) == sum(part.overdue for part in parts)


def _request_key(ask: OpenRequest) -> Any:
    return ask.kind, ask.goal, ask.whom, ask.since, ask.until, ask.event, ask.need, ask.place, ask.parent


@_property_settings
@given(random_histories.steps, st.integers(0, 60 * 24))
def test_of_goals_in_every_state_each_question_reaches_the_one_it_asks(
    database: Database, draws: Any, hours: int
) -> None:
    story = random_histories.story_of(draws)
    engine_with_empty_views(database, story).catch_up()
    at = story.events[0].occurred_at + timedelta(hours=hours)

    _assert_consistent(database, story, _resolve_as_of(database, story, at))


@_property_settings
@given(random_support_histories.steps, st.integers(0, 90 * 24))
def test_of_needs_and_blockers_each_question_reaches_the_one_it_asks(
    database: Database, draws: Any, hours: int
) -> None:
    story = random_support_histories.story_of(draws)
    engine_with_empty_views(database, story).catch_up()

    _assert_consistent(
        database, story, _resolve_as_of(database, story, random_support_histories.BEGINS + timedelta(hours=hours))
    )


def _resolve_as_of(database: Database, story: Story, at: datetime) -> AsOf:
    return resolve_as_of(database, story, story.organisation_id, as_of=at, now=max(story.now, at))
