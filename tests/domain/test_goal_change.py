"""Renegotiation: notice, dues, tolerance, hand-over, pause, and parties who are gone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from domain.errors import ActNotAllowed, Forbidden, HandOverIncomplete, InvalidField, NotAParty, NotFound
from domain.goal import acts as a
from domain.goal import events as e
from domain.goal.state import Ended
from domain.load import is_idle
from domain.member.member import DeclareAbsence, Leave
from domain.reasons import ReasonCode
from domain.terms import Condition, MeasureInput, Priority, SupportInput
from tests.domain.cycles import adopt_purpose, open_act
from tests.domain.goal_states import CAPACITY, HAND_OVER, goal_in_state
from tests.spec import Scenario, Story, given, instant, like, offer, says, why


def change(**fields: Any) -> a.ProposeChange:
    return a.ProposeChange(changes=a.Changes(**fields), reason=why())


def promised_goal(at: str, due: str, **how: Any) -> Scenario:
    """A goal promised on a day, due on another."""
    story = Story(begins=how.pop("begins", "2025-12-01"), **how)
    first = offer(start=date.fromisoformat(at[:10]), due=date.fromisoformat(due))
    return given(says("ana", first, at=at), says("sam", a.Accept(), at=at), story=story)


# --- in time ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "due", "last_day_in_time"),
    [
        # A fifth of the duration: 60 days, 12 days of notice.
        ("2026-01-01", "2026-03-02", "2026-02-18"),
        # Three days at least: 10 days.
        ("2026-01-01", "2026-01-11", "2026-01-08"),
        # Half the duration at most: 4 days, 2 days of notice; 5 days, 2.5 of them.
        ("2026-01-01", "2026-01-05", "2026-01-03"),
        ("2026-01-01", "2026-01-06", "2026-01-03"),
        # 28 days at most: a year.
        ("2026-01-01", "2027-01-01", "2026-12-04"),
        # 81 days, 16.2 days of notice: seventeen before it is.
        ("2026-01-05", "2026-03-27", "2026-03-10"),
        # On the day itself: none.
        ("2026-01-05", "2026-01-05", "2026-01-05"),
    ],
)
def test_a_change_is_in_time_up_to_its_notice_and_late_from_then_on(at: str, due: str, last_day_in_time: str) -> None:
    last = date.fromisoformat(last_day_in_time)
    for day, in_time in ((last, True), (last + timedelta(days=1), False)):
        goal = promised_goal(at, due).when(change(effort_hours=4), by="ana", at=f"{day}T23:00")

        goal.then(like(e.ChangeProposed, in_time=in_time))


def test_notice_is_counted_in_the_organisations_days() -> None:
    """23:00 UTC is the next day on Kiritimati already."""
    late = promised_goal("2026-01-01", "2026-03-02", zone="Pacific/Kiritimati")

    late.when(change(effort_hours=4), by="ana", at="2026-02-18T10:00").then(like(e.ChangeProposed, in_time=False))


def test_the_duration_runs_from_the_promise_to_the_due_in_force() -> None:
    goal = promised_goal("2026-01-01", "2026-03-02")
    goal.when(change(due=date(2026, 7, 20)), by="ana", at="2026-02-01").then(e.ChangeProposed)
    goal.when(a.AcceptChange(), by="sam", at="2026-02-01")

    # 200 days, 28 days of notice.
    goal.when(change(effort_hours=4), by="ana", at="2026-06-22").then(like(e.ChangeProposed, in_time=True))
    goal.when(a.WithdrawChange(), by="ana", at="2026-06-22")
    goal.when(change(effort_hours=4), by="ana", at="2026-06-23").then(like(e.ChangeProposed, in_time=False))


def test_a_lapsed_goals_change_is_late_and_a_renegotiated_one_can_be_in_time_again() -> None:
    story = goal_in_state("lapsed")
    lapsed = Scenario(story).when(change(due=date(2026, 9, 30)), by="ana", at="2026-04-02")

    lapsed.then(like(e.ChangeProposed, in_time=False))
    lapsed.when(a.AcceptChange(), by="sam").then_state(state="active", lapsed_at=instant("2026-03-31T00:00"))
    lapsed.when(change(due=date(2026, 10, 30)), by="ana").then(like(e.ChangeProposed, in_time=True))


def test_a_promise_is_withdrawn_in_time_or_late() -> None:
    back = a.WithdrawPromise(reason=why("capacity", "two at once were too many"), mitigation="ben knows how")

    promised_goal("2026-01-01", "2026-03-02").when(back, by="ana", at="2026-02-18").then(
        e.PromiseWithdrawn(in_time=True, mitigation="ben knows how")
    )
    promised_goal("2026-01-01", "2026-03-02").when(back, by="ana", at="2026-02-19").then(
        like(e.PromiseWithdrawn, in_time=False)
    )
    bare = msgspec.structs.replace(back, mitigation="")
    promised_goal("2026-01-01", "2026-03-02").when(bare, by="ana", at="2026-02-18").then(
        e.PromiseWithdrawn(in_time=True, wholesale=True)
    )


# --- dues and other diffs --------------------------------------------------------------------------------------------


def test_a_new_due_is_not_before_the_acts_day() -> None:
    goal = promised_goal("2026-01-05", "2026-03-27")

    goal.when(change(due=date(2026, 2, 9)), by="ana", at="2026-02-10").refused_with(
        InvalidField, pointer="/changes/due", allowed=(">= 2026-02-10",)
    )
    goal.when(change(due=date(2026, 2, 10)), by="ana", at="2026-02-10").then(like(e.ChangeProposed, retroactive=False))
    goal.when(a.CounterChange(changes=a.Changes(due=date(2026, 2, 9)), reason=why()), by="sam").refused_with(
        InvalidField, pointer="/changes/due"
    )


def test_an_import_records_a_due_that_had_passed_as_retroactive() -> None:
    goal = promised_goal("2026-01-05", "2026-03-27")

    goal.when(change(due=date(2026, 2, 9)), by="ana", at="2026-02-10", learnt="2026-12-01").then(
        like(e.ChangeProposed, retroactive=True)
    )


def test_a_change_may_bring_the_due_before_the_start() -> None:
    goal = promised_goal("2026-01-05", "2026-03-27")

    goal.when(change(start=date(2026, 4, 6)), by="ana", at="2026-02-10").then(e.ChangeProposed)
    goal.when(a.AcceptChange(), by="sam").then_state(state="active")


def test_a_diff_says_only_what_differs() -> None:
    goal = promised_goal("2026-01-05", "2026-03-27")

    goal.when(change(due=date(2026, 4, 10), priority=Priority.IMPORTANT, owner="ana"), by="ana", at="2026-02-10")

    assert e.Diff(due=date(2026, 4, 10)) == goal.event.changes


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"due": date(9999, 12, 31)}, "/changes/due"),
        ({"start": date(1, 1, 1)}, "/changes/start"),
        ({"effort_hours": -1}, "/changes/effort_hours"),
        ({"effort_hours": "1E+999999"}, "/changes/effort_hours"),
        ({"measure": MeasureInput(kind="number")}, "/changes/measure/target"),
        ({"conditions": [Condition(id="c2", text="a"), "b"]}, "/changes/conditions"),
        ({"outcome": " "}, "/changes/outcome"),
        ({"supports": [SupportInput()]}, "/changes/supports/0"),
    ],
)
def test_a_changes_values_keep_to_the_rules_of_terms(fields: dict[str, Any], pointer: str) -> None:
    promised_goal("2026-01-05", "2026-03-27").when(change(**fields), by="ana", at="2026-02-10").refused_with(
        InvalidField, pointer=pointer
    )


def test_a_changed_goal_supports_what_is_there() -> None:
    promised_goal("2026-01-05", "2026-03-27").when(
        change(supports=[SupportInput(goal="nothing")]), by="ana", at="2026-02-10"
    ).refused_with(NotFound, pointer="/changes/supports/0/goal")


def test_a_proposal_may_say_which_expectation_speaks_against_it() -> None:
    act = msgspec.structs.replace(change(effort_hours=99), conflict_with="No work on Sundays")

    promised_goal("2026-01-05", "2026-03-27").when(act, by="sam", at="2026-02-10").then(
        like(e.ChangeProposed, conflict_with="No work on Sundays")
    )


# --- tolerance -------------------------------------------------------------------------------------------------------


def tolerant_goal() -> Scenario:
    return promised_goal("2026-01-05", "2026-03-27", policy={"tolerance_days": 7})


def test_without_a_tolerance_every_move_needs_consent() -> None:
    promised_goal("2026-01-05", "2026-03-27").when(change(due=date(2026, 3, 28)), by="ana").then(e.ChangeProposed)


def test_an_owners_due_moves_within_the_tolerance_and_the_tolerance_is_used_up() -> None:
    goal = tolerant_goal()

    goal.when(change(due=date(2026, 3, 31)), by="ana", at="2026-02-10").then(
        e.ChangeProposed, like(e.ChangeAccepted, self_accepted=True)
    )
    goal.then_state(state="active", tolerance_used_days=4, terms_version=2)
    assert [4] == [move.days for move in goal.state.tolerated]
    goal.when(change(due=date(2026, 4, 4)), by="ana", at="2026-02-11").then(e.ChangeProposed)
    goal.when(a.WithdrawChange(), by="ana", at="2026-02-11")
    goal.when(change(due=date(2026, 3, 28)), by="ana", at="2026-02-12").then(e.ChangeProposed, e.ChangeAccepted)
    goal.when(change(due=date(2026, 3, 27)), by="ana", at="2026-02-13").then(e.ChangeProposed)


def test_each_cycle_begins_with_the_whole_tolerance() -> None:
    goal = tolerant_goal()
    goal.when(change(due=date(2026, 4, 3)), by="ana", at="2026-02-10").then(e.ChangeProposed, e.ChangeAccepted)
    goal.when(change(due=date(2026, 4, 4)), by="ana", at="2026-02-11").then(e.ChangeProposed)
    goal.when(a.WithdrawChange(), by="ana")

    adopt_purpose(goal.story)
    goal.story.says("lea", open_act(), on="cycle")

    goal.when(change(due=date(2026, 4, 10)), by="ana").then(e.ChangeProposed, e.ChangeAccepted)
    goal.when(change(due=date(2026, 4, 11)), by="ana").then(e.ChangeProposed)


def test_the_tolerance_covers_the_due_alone_and_never_the_sponsors_word() -> None:
    both = change(due=date(2026, 3, 28), effort_hours=3)

    tolerant_goal().when(both, by="ana", at="2026-02-10").then(e.ChangeProposed)
    tolerant_goal().when(change(due=date(2026, 3, 26)), by="sam", at="2026-02-10").then(e.ChangeProposed)


# --- hand-over -------------------------------------------------------------------------------------------------------


def propose_hand_over(by: str = "ana", **fields: Any) -> Scenario:
    return Scenario(goal_in_state("active")).when(change(**(fields or {"owner": "ben"})), by=by)


def test_a_new_owner_joins_before_the_hand_over_can_be_accepted() -> None:
    goal = propose_hand_over()

    goal.when(a.AcceptChange(), by="sam").refused_with(HandOverIncomplete, allowed=("join", "refuse"))
    goal.when(a.Join(), by="ben").then(like(e.HandOverJoined, member=goal.story.id("ben"), role="owner"))
    assert "slack" == goal.event.taken_as.how
    goal.then_state(owner=goal.story.id("ana"))
    goal.when(a.AcceptChange(), by="sam").then_state(state="active", owner=goal.story.id("ben"))


def test_the_stream_and_its_history_stay() -> None:
    goal = propose_hand_over()
    before = goal.state
    goal.when(a.Join(), by="ben").when(a.AcceptChange(), by="sam")

    after = goal.state
    assert (before.id, before.first_terms, before.promised_at, before.last_check_in, before.blockers) == (
        after.id,
        after.first_terms,
        after.promised_at,
        after.last_check_in,
        after.blockers,
    )
    assert after.id in {c.goal for c in goal.story.live_commitments("ben")}
    assert () == goal.story.live_commitments("ana")


def test_a_new_sponsor_agrees_without_a_load_of_their_own() -> None:
    goal = propose_hand_over(sponsor="ben")

    goal.when(a.Join(), by="ben").then(e.HandOverJoined(member=goal.story.id("ben"), role="sponsor"))
    goal.when(a.AcceptChange(), by="sam").then_state(sponsor=goal.story.id("ben"), owner=goal.story.id("ana"))


def test_both_new_parties_join() -> None:
    goal = propose_hand_over(owner="ben", sponsor="mia")

    goal.when(a.Join(), by="ben").when(a.AcceptChange(), by="sam").refused_with(HandOverIncomplete)
    goal.when(a.Join(), by="mia").when(a.AcceptChange(), by="sam").then(e.ChangeAccepted)


def test_nobody_joins_twice_and_nobody_joins_unasked() -> None:
    goal = propose_hand_over()

    goal.when(a.Join(), by="mia").refused_with(NotAParty)
    goal.when(a.Join(), by="ben").when(a.Join(), by="ben").refused_with(ActNotAllowed, allowed=("accept_change",))


@pytest.mark.parametrize("prior", ["active", "lapsed"])
def test_nobody_is_named_against_their_will(prior: str) -> None:
    goal = Scenario(goal_in_state("change_proposed_by_owner", act="join", prior=prior))

    goal.when(a.Refuse(reason=CAPACITY), by="ben").then(e.HandOverRefused(member=goal.story.id("ben")))
    goal.then_state(state=prior, proposal=None, owner=goal.story.id("ana"))


def test_whoever_proposes_themselves_has_joined_by_that_act() -> None:
    goal = propose_hand_over(by="sam", owner="sam")

    goal.when(a.AcceptChange(), by="ana").then_state(owner=goal.story.id("sam"), self_set=True)


def test_whoever_accepts_a_change_that_names_them_has_joined_by_that_act() -> None:
    goal = propose_hand_over(by="ana", owner="sam")

    goal.when(a.AcceptChange(), by="sam").then_state(owner=goal.story.id("sam"), self_set=True)


def test_a_counter_asks_the_new_party_again() -> None:
    goal = propose_hand_over().when(a.Join(), by="ben")
    countered = a.CounterChange(changes=a.Changes(owner="ben", effort_hours=40), reason=why())

    goal.when(countered, by="sam").when(a.AcceptChange(), by="ana").refused_with(HandOverIncomplete)


def test_a_hand_over_goes_to_somebody_who_is_there() -> None:
    story = goal_in_state("active")
    story.says("ben", Leave())

    Scenario(story).when(a.ProposeChange(changes=HAND_OVER, reason=why()), by="ana").refused_with(
        NotFound, pointer="/changes/owner"
    )


# --- parties who are gone --------------------------------------------------------------------------------------------

REASSIGN = a.ReassignSponsor(sponsor="ben", reason=why())
FREE = a.ReleaseDeparted(reason=CAPACITY)


def away(days: int) -> DeclareAbsence:
    return DeclareAbsence(from_=date(2026, 1, 19), to=date(2026, 1, 19) + timedelta(days=days - 1))


@pytest.mark.parametrize("act", [REASSIGN, FREE])
def test_a_steward_replaces_nobody_who_is_here(act: a.Act) -> None:
    instead = ("propose_change",) if act is REASSIGN else ("release", "cancel")

    Scenario(goal_in_state("active")).when(act, by="stella").refused_with(ActNotAllowed, allowed=instead)


@pytest.mark.parametrize(("act", "gone"), [(REASSIGN, "sam"), (FREE, "ana")])
def test_a_steward_acts_for_one_who_has_left(act: a.Act, gone: str) -> None:
    story = goal_in_state("active")
    story.says(gone, Leave(), at="2026-01-20")

    Scenario(story).when(act, by="stella", at="2026-01-20").then(type_of(act))


@pytest.mark.parametrize(("act", "gone"), [(REASSIGN, "sam"), (FREE, "ana")])
def test_a_steward_acts_for_one_who_is_absent_beyond_the_policy(act: a.Act, gone: str) -> None:
    for days, on, allowed in ((28, "2026-02-02", False), (29, "2026-01-18", False), (29, "2026-02-02", True)):
        story = goal_in_state("active")
        story.says(gone, away(days))
        then = Scenario(story).when(act, by="stella", at=on)

        assert allowed == (then.refusal is None), (days, on, then.refusal)


def test_absences_that_adjoin_are_one() -> None:
    story = goal_in_state("active")
    story.says("sam", away(20))
    story.says("sam", DeclareAbsence(from_=date(2026, 2, 8), to=date(2026, 2, 20)))

    Scenario(story).when(REASSIGN, by="stella", at="2026-02-02").then(e.SponsorReassigned)


def test_only_a_steward_replaces_a_party() -> None:
    for by in ("ana", "sam", "lea", "ben"):
        story = goal_in_state("active", act="reassign_sponsor")
        Scenario(story).when(REASSIGN, by=by).refused_with(Forbidden if by == "sam" else NotAParty)


def test_the_new_sponsor_is_somebody_else_who_is_there() -> None:
    story = goal_in_state("active", act="reassign_sponsor")
    to_the_same = msgspec.structs.replace(REASSIGN, sponsor=str(story.id("sam")))

    Scenario(story).when(to_the_same, by="stella").refused_with(NotFound, pointer="/sponsor")
    story = goal_in_state("active")
    story.says("sam", away(60), at="2026-01-19")
    Scenario(story).when(msgspec.structs.replace(REASSIGN, sponsor="sam"), by="stella").refused_with(
        InvalidField, pointer="/sponsor"
    )


def test_a_released_goal_keeps_what_was_promised() -> None:
    story = goal_in_state("lapsed", act="release_departed")
    freed = Scenario(story).when(FREE, by="stella").state

    assert isinstance(freed, Ended)
    assert freed.promised is not None
    assert ("released", instant("2026-03-31T00:00")) == (freed.state, freed.promised.lapsed_at)


@pytest.mark.parametrize(("gone", "side"), [("ana", "owner"), ("sam", "sponsor")])
def test_a_steward_accepts_a_hand_over_for_one_who_has_left(gone: str, side: str) -> None:
    story = story_with_hand_over(gone, side)
    story.says("ben", a.Join())
    story.says(gone, Leave())

    goal = Scenario(story).when(a.AcceptChange(), by="stella")

    goal.then(like(e.ChangeAccepted, by=side, for_departed=True))
    goal.then_state(state="active", terms_version=2, **{side: story.id("ben")})


@pytest.mark.parametrize(("gone", "side"), [("ana", "owner"), ("sam", "sponsor")])
def test_a_steward_accepts_a_hand_over_for_one_who_is_absent_beyond_the_policy(gone: str, side: str) -> None:
    for days, allowed in ((20, False), (60, True)):
        story = story_with_hand_over(gone, side, at="2026-01-19")
        story.says("ben", a.Join())
        story.says(gone, away(days))
        accepted = Scenario(story).when(a.AcceptChange(), by="stella")

        assert allowed == (accepted.refusal is None), (days, accepted.refusal)


def story_with_hand_over(gone: str, side: str, at: str | None = None) -> Story:
    """ana's goal for sam; the one who stays proposes that ben takes the other's place."""
    story = goal_in_state("active")
    stays = "sam" if gone == "ana" else "ana"
    named: dict[str, Any] = {side: "ben"}
    story.says(stays, a.ProposeChange(changes=a.Changes(**named), reason=why()), at=at)
    return story


def test_a_steward_accepts_for_nobody_who_is_here_and_nothing_but_a_hand_over() -> None:
    here = story_with_hand_over("ana", "owner")
    here.says("ben", a.Join())
    Scenario(here).when(a.AcceptChange(), by="stella").refused_with(ActNotAllowed)

    later = goal_in_state("change_proposed_by_sponsor")
    later.says("ana", Leave())
    Scenario(later).when(a.AcceptChange(), by="stella").refused_with(ActNotAllowed, allowed=("release_departed",))

    alone = story_with_hand_over("ana", "owner")
    alone.says("ana", Leave())
    Scenario(alone).when(a.AcceptChange(), by="stella").refused_with(HandOverIncomplete)


def test_only_a_steward_accepts_for_one_who_has_left() -> None:
    story = story_with_hand_over("ana", "owner")
    story.says("ben", a.Join())
    story.says("ana", Leave())

    for by in ("sam", "lea", "ben", "mia"):
        Scenario(story).when(a.AcceptChange(), by=by).refused_with(NotAParty)


def type_of(act: a.Act) -> type[Any]:
    return {a.ReassignSponsor: e.SponsorReassigned, a.ReleaseDeparted: e.DepartedReleased}[type(act)]


# --- pause -----------------------------------------------------------------------------------------------------------


def pause(first: str, back: str) -> a.Pause:
    return a.Pause(paused_from=date.fromisoformat(first), resume_on=date.fromisoformat(back))


def paused_goal(first: str = "2026-03-23", back: str = "2026-05-04", **fields: Any) -> Scenario:
    goal = promised_goal("2026-01-05", "2026-03-27")
    goal.when(change(pause=pause(first, back), **fields), by="ana", at="2026-02-10").then(e.ChangeProposed)
    return goal.when(a.AcceptChange(), by="sam", at="2026-02-10")


def test_a_paused_goal_does_not_lapse_before_work_resumes() -> None:
    goal = paused_goal()

    goal.when_time_passes("2026-05-03T23:59")
    assert e.GoalLapsed not in {type(r.data) for r in goal.recorded}
    goal.when_time_passes("2026-05-04T00:00")
    assert [instant("2026-05-04T00:00")] == [r.occurred_at for r in goal.recorded if type(r.data) is e.GoalLapsed]


def test_a_pause_holds_from_its_first_day_on() -> None:
    on_the_day = paused_goal("2026-03-31", "2026-05-04").when_time_passes("2026-04-20")
    a_day_later = paused_goal("2026-04-01", "2026-05-04").when_time_passes("2026-04-20")

    assert ("active", "lapsed") == (on_the_day.state.state, a_day_later.state.state)


def test_the_due_moves_only_if_the_change_says_so() -> None:
    goal = paused_goal()
    goal.then_state(lapse_due=date(2026, 3, 27))
    assert date(2026, 3, 27) == goal.state.terms.due

    moved = paused_goal(due=date(2026, 5, 29)).when_time_passes("2026-05-31")
    moved.then_state(state="active", lapse_due=date(2026, 5, 29))


def test_a_paused_goal_is_no_load() -> None:
    goal = paused_goal("2026-02-16", "2026-03-16")
    (held,) = goal.story.live_commitments("ana")

    assert [False, True, True, False] == [
        is_idle(held, date.fromisoformat(day)) for day in ("2026-02-15", "2026-02-16", "2026-03-15", "2026-03-16")
    ]


def test_a_resumed_goal_lapses_at_once_where_its_time_is_over() -> None:
    goal = paused_goal().when(a.Resume(reason=CAPACITY), by="sam", at="2026-04-13T10:00")

    goal.then(like(e.Resumed, by="sponsor")).then_state(pause=None, state="active")
    goal.when_time_passes("2026-04-14").then(e.GoalLapsed)
    assert instant("2026-04-13T10:00") == goal.recorded[0].occurred_at


def test_a_pause_has_an_end_that_lies_ahead() -> None:
    goal = promised_goal("2026-01-05", "2026-03-27")
    for first, back, field in (
        ("2026-03-02", "2026-03-02", "resume_on"),
        ("2026-01-12", "2026-02-10", "resume_on"),
        ("9999-01-01", "9999-01-02", "paused_from"),
    ):
        goal.when(change(pause=pause(first, back)), by="ana", at="2026-02-10").refused_with(
            InvalidField, pointer=f"/changes/pause/{field}"
        )


def test_a_goal_that_is_not_paused_is_not_resumed() -> None:
    Scenario(goal_in_state("active")).when(a.Resume(reason=CAPACITY), by="ana").refused_with(ActNotAllowed)


def test_health_is_never_asked_for() -> None:
    codes = {code.value for code in ReasonCode}

    assert "capacity" in codes
    assert not codes & {"health", "illness", "family", "personal"}
