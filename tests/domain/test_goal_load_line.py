"""The load line at the moment of taking on: what is aboard is weighed before more comes.

ana has 40 hours a week at a focus of .8: 32 hours in a whole week, 6.4 on a working day. The goals lie in the two
weeks from Monday, 2026-03-02; what is taken on earlier is weighed over all weeks up to its due.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from domain.errors import LoadChanged, NotFound, TradeOffRequired
from domain.goal import acts as a
from domain.goal import events as e
from domain.goal.events import TakenAs
from domain.member.member import DeclareAbsence, DeclareCapacity
from domain.organisation.organisation import SetPolicy
from domain.terms import GoalKind, TermsInput
from tests.domain.goal_states import CAPACITY
from tests.spec import Scenario, Story, given, like, offer, request, says, why

TWO_WEEKS: dict[str, Any] = {"start": date(2026, 3, 2), "due": date(2026, 3, 13)}
STRICT = {"require_trade_off": True}
DROP_FIRST = [a.TradeOffInput(kind="drop", goal="first")]


def story_with_load(hours: float = 48, policy: dict[str, Any] | None = None) -> Story:
    """ana has promised goal "first": these hours in the two weeks (64 are all that she has)."""
    story = Story(policy=policy)
    story.says("ana", offer(effort_hours=hours, **TWO_WEEKS), on="first", at="2026-02-02")
    story.says("sam", a.Accept(), on="first", at="2026-02-02")
    return story


def request_goal(story: Story, hours: float | None, **how: Any) -> Scenario:
    """sam asks her for "goal" of these hours in the same weeks."""
    terms = {**TWO_WEEKS, "effort_hours": hours}
    return given(story=story).when(msgspec.structs.replace(request(**terms), **how), by="sam", at="2026-02-03")


def promise_goal(story: Story, hours: float | None, **how: Any) -> Scenario:
    return request_goal(story, hours, **how).when(a.Promise(), by="ana", at="2026-02-03")


def taken_as(scenario: Scenario) -> TakenAs:
    assert scenario.refusal is None, scenario.refusal
    told: TakenAs = scenario.event.taken_as
    return told


# --- what it is taken as ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "how", "ratio"),
    [
        (6.4, "slack", "0.85"),
        (6.41, "within_line", "0.850156"),
        (16, "within_line", "1"),
        (16.01, "unpriced", "1.000156"),
        (0, "slack", "0.75"),
    ],
)
def test_a_promise_says_how_it_stood_to_the_line(hours: float, how: str, ratio: str) -> None:
    story = story_with_load()
    expected = TakenAs(
        how=how,  # type: ignore[arg-type]
        worst_ratio=ratio,
        worst_week=date(2026, 3, 2),
        of=story.id("ana"),
    )

    assert expected == taken_as(promise_goal(story, hours))


def test_the_owner_offers_and_the_sponsors_acceptance_decides() -> None:
    story = story_with_load()
    offered = given(says("ana", offer(effort_hours=20, **TWO_WEEKS), at="2026-02-03"), story=story)

    offered.when(a.Accept(), by="sam", at="2026-02-03").then(e.GoalAccepted)
    assert "unpriced" == taken_as(offered).how


def test_the_week_that_counts_is_the_fullest_up_to_the_due() -> None:
    story = story_with_load()
    absent = DeclareAbsence(from_=date(2026, 3, 9), to=date(2026, 3, 11))
    story.says("ana", absent)

    # Seven days are left of ten: 48 / 7 a day against 6.4.
    told = taken_as(promise_goal(story, 0))
    assert ("1.071429", date(2026, 3, 2)) == (told.worst_ratio, told.worst_week)


def test_no_hour_in_which_to_do_it_is_over_any_line() -> None:
    story = Story()
    story.says("ana", DeclareCapacity(hours_per_week=0, from_=date(2026, 3, 9)))

    told = taken_as(promise_goal(story, 10))
    assert ("unpriced", None, date(2026, 3, 9)) == (told.how, told.worst_ratio, told.worst_week)


def test_a_team_outcome_weighs_nothing() -> None:
    story = story_with_load(hours=64)
    outcome = offer("lea", **TWO_WEEKS, kind=GoalKind.OUTCOME)

    assert "slack" == taken_as(given(says("lea", outcome), story=story).when(a.Accept(), by="sam")).how


def test_what_does_not_add_is_relief() -> None:
    story = story_with_load(hours=80)
    relieved = given(says("ana", a.ProposeChange(changes=a.Changes(effort_hours=70), reason=why()), on="first",
                          at="2026-02-03"), story=story)  # fmt: skip

    relieved.when(
        a.AcceptChange(answers=str(story.last_event("first").event_id)), by="sam", on="first", at="2026-02-03"
    )
    assert ("relief", "1.09375") == (taken_as(relieved).how, taken_as(relieved).worst_ratio)


def test_delivered_work_is_off_the_owners_load() -> None:
    story = story_with_load(hours=64)
    story.says("ana", a.DeclareComplete(), on="first", at="2026-02-03")

    assert ("slack", "0.25") == (taken_as(promise_goal(story, 16)).how, taken_as(promise_again(story)).worst_ratio)


def promise_again(story: Story) -> Scenario:
    """What the promise of "goal" recorded."""
    scenario = given(story=story)
    scenario.recorded = [r for r in story.stream() if type(r.data) is e.GoalPromised]
    return scenario


# --- trade-offs ------------------------------------------------------------------------------------------------------


def test_a_trade_off_that_frees_half_of_what_is_added_suffices() -> None:
    story = story_with_load(hours=20)
    story.says("ana", offer(effort_hours=40, **TWO_WEEKS), on="second", at="2026-02-02")
    story.says("sam", a.Accept(), on="second", at="2026-02-02")

    request_goal(story, 40).when(a.Promise(trade_offs=DROP_FIRST), by="ana", at="2026-02-03").then(
        like(e.GoalPromised, trade_offs=(e.TradeOff(kind="drop", goal=story.id("first", "goal")),))
    )
    assert "trade_off" == taken_as(promise_again(story)).how


def test_a_trade_off_that_frees_less_does_not() -> None:
    story = story_with_load(hours=19.98)
    story.says("ana", offer(effort_hours=40, **TWO_WEEKS), on="second", at="2026-02-02")
    story.says("sam", a.Accept(), on="second", at="2026-02-02")

    scenario = request_goal(story, 40).when(a.Promise(trade_offs=DROP_FIRST), by="ana", at="2026-02-03")
    assert "unpriced" == taken_as(scenario).how


def test_trade_offs_add_up_and_what_was_named_before_counts() -> None:
    story = story_with_load(hours=10)
    story.says("ana", offer(effort_hours=10, **TWO_WEEKS), on="second", at="2026-02-02")
    story.says("sam", a.Accept(), on="second", at="2026-02-02")
    both = [a.TradeOffInput(kind="defer", goal="second")]

    # sam names the first when asking, ana the second when promising; each alone would free a fifth.
    scenario = request_goal(story, 50, trade_offs=DROP_FIRST)
    scenario.when(a.Promise(), by="ana", at="2026-02-03")
    assert "unpriced" == taken_as(scenario).how
    story = story_with_load(hours=12.5)
    story.says("ana", offer(effort_hours=12.5, **TWO_WEEKS), on="second", at="2026-02-02")
    story.says("sam", a.Accept(), on="second", at="2026-02-02")
    scenario = request_goal(story, 50, trade_offs=DROP_FIRST)
    scenario.when(a.Promise(trade_offs=both), by="ana", at="2026-02-03")
    assert "trade_off" == taken_as(scenario).how


@pytest.mark.parametrize(("declared", "how"), [(None, "unpriced"), (42, "unpriced"), (60, "trade_off")])
def test_added_capacity_is_a_trade_off_by_the_hours_that_were_declared(declared: int | None, how: str) -> None:
    story = story_with_load()
    if declared is not None:
        story.says("ana", DeclareCapacity(hours_per_week=declared, from_=date(2026, 3, 2)), at="2026-02-02")
    scenario = request_goal(story, 60)

    scenario.when(a.Promise(trade_offs=[a.TradeOffInput(kind="capacity")]), by="ana", at="2026-02-03")
    assert how == taken_as(scenario).how


def test_capacity_declared_long_ago_pays_for_nothing_new() -> None:
    story = story_with_load()
    story.says("ana", DeclareCapacity(hours_per_week=60, from_=date(2026, 1, 26)), at="2026-01-26")
    scenario = request_goal(story, 60)

    scenario.when(a.Promise(trade_offs=[a.TradeOffInput(kind="capacity")]), by="ana", at="2026-02-03")
    assert "unpriced" == taken_as(scenario).how


def test_another_owners_goal_gives_nothing() -> None:
    story = story_with_load()
    story.says("ben", offer("ben", effort_hours=60, **TWO_WEEKS), on="second", at="2026-02-02")
    story.says("sam", a.Accept(), on="second", at="2026-02-02")

    scenario = request_goal(story, 40).when(
        a.Promise(trade_offs=[a.TradeOffInput(kind="drop", goal="second")]), by="ana", at="2026-02-03"
    )
    assert "unpriced" == taken_as(scenario).how


def test_what_gives_must_be_there() -> None:
    scenario = request_goal(story_with_load(), 8)

    for field, named in (
        ("goal", a.TradeOffInput(kind="drop", goal="?")),
        ("for", a.TradeOffInput(kind="drop", for_="?")),
    ):
        scenario.when(a.Promise(trade_offs=[named]), by="ana").refused_with(NotFound, pointer=f"/trade_offs/0/{field}")


@pytest.mark.parametrize(("act", "by"), [(a.Cancel, "sam"), (a.Release, "sam"), (a.WithdrawPromise, "ana")], ids=str)
def test_the_giving_act_says_for_which_goal_it_gives(act: Any, by: str) -> None:
    story = story_with_load()
    request_goal(story, 8)

    given_up = given(story=story)
    given_up.when(act(reason=why(), trade_offs=[a.TradeOffInput(kind="drop", for_="goal")]), by=by, on="first")
    assert (e.TradeOff(kind="drop", for_=story.id("goal", "goal")),) == given_up.event.trade_offs


# --- where the sponsor's act activates -------------------------------------------------------------------------------


def offer_goal(story: Story, hours: float = 30) -> Scenario:
    return given(
        says("ana", msgspec.structs.replace(offer(effort_hours=hours, **TWO_WEEKS), trade_offs=DROP_FIRST),
             at="2026-02-03"),
        story=story,
    )  # fmt: skip


def test_what_the_owner_named_in_the_offer_counts_at_its_acceptance() -> None:
    assert "trade_off" == taken_as(offer_goal(story_with_load()).when(a.Accept(), by="sam", at="2026-02-03")).how


def test_a_trade_off_that_no_longer_suffices_is_told_before_anybody_promises() -> None:
    story = story_with_load()
    late = offer_goal(story)
    story.says("ana", a.ProposeChange(changes=a.Changes(effort_hours=14), reason=why()), on="first", at="2026-02-04")
    change = str(story.last_event("first").event_id)
    story.says("sam", a.AcceptChange(answers=change), on="first", at="2026-02-04")
    story.says("ana", offer(effort_hours=30, **TWO_WEEKS), on="second", at="2026-02-04")
    story.says("sam", a.Accept(), on="second", at="2026-02-04")

    late.when(a.Accept(), by="sam", at="2026-02-05").refused_with(
        LoadChanged, pointer="/answers", allowed=("counter", "decline", "counter_change", "reject_change")
    )
    late.then_state(state="offered")


def test_an_offer_whose_trade_off_never_sufficed_is_accepted_unpriced_with_what_was_named() -> None:
    story = story_with_load(hours=10)
    accepted = offer_goal(story, hours=70).when(a.Accept(), by="sam", at="2026-02-03").recorded[-1].data
    assert isinstance(accepted, e.GoalAccepted)

    named = (e.TradeOff(kind="drop", goal=story.id("first", "goal")),)
    assert ("unpriced", named) == (accepted.taken_as.how, accepted.insufficient)


@pytest.mark.parametrize("named", [[], DROP_FIRST], ids=["none", "too little"])
def test_naming_too_little_fares_no_worse_than_naming_nothing(named: list[a.TradeOffInput]) -> None:
    """An offer, a counter, a change, a counter to a change and a hand-over: each is accepted by the sponsor."""
    for act, by, on in _sponsor_accepted(named):
        scenario = given(story=on)
        scenario.when(act, by=by, at="2026-02-04")
        assert "unpriced" == taken_as(scenario.when(a.Accept() if isinstance(act, a.Offer | a.Counter) else
                                                    a.AcceptChange(), by="sam", at="2026-02-04")).how  # fmt: skip


def _sponsor_accepted(named: list[a.TradeOffInput]) -> list[tuple[Any, str, Story]]:
    """Acts of ana, each on a story of its own, in which dropping "first" would free far less than half."""
    more, reason = a.Changes(effort_hours=80), why()
    asked, promised, countered = (story_with_load(hours=10) for _ in range(3))
    request_goal(asked, 20)
    promise_goal(promised, 20)
    promise_goal(countered, 20)
    countered.says("sam", a.ProposeChange(changes=a.Changes(effort_hours=60), reason=reason), at="2026-02-03")
    return [
        (msgspec.structs.replace(offer(effort_hours=80, **TWO_WEEKS), trade_offs=named), "ana", story_with_load(10)),
        (a.Counter(terms=TermsInput(effort_hours=80), reason=CAPACITY, trade_offs=named), "ana", asked),
        (a.ProposeChange(changes=more, reason=reason, trade_offs=named), "ana", promised),
        (a.CounterChange(changes=more, reason=reason, trade_offs=named), "ana", countered),
    ]


def test_under_the_strict_policy_what_never_sufficed_is_refused_as_unpriced() -> None:
    story = story_with_load(hours=10, policy=STRICT)

    offer_goal(story, hours=70).when(a.Accept(), by="sam", at="2026-02-03").refused_with(TradeOffRequired)


def test_what_a_new_owner_named_counts_as_sufficient_only_if_it_sufficed() -> None:
    story = story_with_load(hours=10)
    story.says("ben", offer("ben", effort_hours=80, **TWO_WEEKS), at="2026-02-02")
    story.says("sam", a.Accept(), at="2026-02-02")
    story.says("ben", a.ProposeChange(changes=a.Changes(owner="ana"), reason=why()), at="2026-02-03")
    story.says("ana", a.Join(trade_offs=DROP_FIRST), at="2026-02-03")

    assert "unpriced" == taken_as(given(story=story).when(a.AcceptChange(), by="sam", at="2026-02-03")).how


def test_a_change_that_the_sponsor_accepts_is_weighed_with_what_the_owner_named() -> None:
    story = story_with_load()
    promise_goal(story, 8)
    more = a.ProposeChange(changes=a.Changes(effort_hours=40), reason=why(), trade_offs=DROP_FIRST)

    changed = given(says("ana", more, at="2026-02-04"), story=story).when(a.AcceptChange(), by="sam", at="2026-02-04")
    assert "trade_off" == taken_as(changed).how


def test_a_self_set_goal_whose_trade_off_is_too_small_is_unpriced_not_overtaken() -> None:
    act = msgspec.structs.replace(offer("ana", "ana", effort_hours=60, **TWO_WEEKS), trade_offs=DROP_FIRST)

    assert "unpriced" == taken_as(given(story=story_with_load(hours=20)).when(act, by="ana", at="2026-02-03")).how


# --- accepted by the sponsor -----------------------------------------------------------------------------------------


def test_an_overload_that_the_sponsor_accepted_earlier_is_cited_by_its_event() -> None:
    story = story_with_load()
    scenario = request_goal(story, 40, accept_overload=True)
    request_id = story.last_event().event_id

    told = taken_as(scenario.when(a.Promise(), by="ana", at="2026-02-03"))
    assert ("overload_accepted", request_id) == (told.how, told.accepted_by)


def test_the_sponsors_counter_can_accept_it_and_takes_an_earlier_acceptance_back() -> None:
    story = story_with_load()
    countered = counter_offer(story, accept_overload=True)
    told = taken_as(countered)
    counter = next(r for r in story.stream() if type(r.data) is e.GoalCountered)
    assert ("overload_accepted", counter.event_id) == (told.how, told.accepted_by)

    assert "unpriced" == taken_as(counter_offer(story_with_load(), accept_overload=False)).how


def counter_offer(story: Story, *, accept_overload: bool) -> Scenario:
    counter = a.Counter(terms=TermsInput(effort_hours=40), reason=CAPACITY, accept_overload=accept_overload)
    return given(
        says("ana", offer(effort_hours=20, **TWO_WEEKS), at="2026-02-03"),
        says("sam", counter, at="2026-02-03"),
        story=story,
    ).when(a.Promise(), by="ana", at="2026-02-03")


def test_an_acceptance_stands_through_the_owners_counter() -> None:
    story = story_with_load()
    scenario = request_goal(story, 40, accept_overload=True)
    scenario.when(a.Counter(terms=TermsInput(effort_hours=36), reason=CAPACITY), by="ana", at="2026-02-03")

    assert "overload_accepted" == taken_as(scenario.when(a.Accept(), by="sam", at="2026-02-03")).how


def test_an_owner_cannot_accept_an_overload_for_the_sponsor() -> None:
    story = story_with_load()
    promise_goal(story, 8)
    more = a.ProposeChange(changes=a.Changes(effort_hours=40), reason=why(), accept_overload=True)

    scenario = given(story=story)
    scenario.when(more, by="ana", at="2026-02-04").then(like(e.ChangeProposed, accept_overload=False))
    for by, theirs in (("sam", True), ("ana", False)):
        counter = a.CounterChange(
            changes=a.Changes(effort_hours=41 if theirs else 42), reason=why(), accept_overload=True
        )
        scenario.when(counter, by=by, at="2026-02-04").then(like(e.ChangeCountered, accept_overload=theirs))


def test_a_sponsors_change_that_accepts_the_overload_is_cited() -> None:
    story = story_with_load()
    promise_goal(story, 8)
    more = a.ProposeChange(changes=a.Changes(effort_hours=40), reason=why(), accept_overload=True)
    changed = given(says("sam", more, at="2026-02-04"), story=story)
    proposal = story.last_event().event_id

    told = taken_as(changed.when(a.AcceptChange(), by="ana", at="2026-02-04"))
    assert ("overload_accepted", proposal) == (told.how, told.accepted_by)


# --- where the policy asks for a trade-off ---------------------------------------------------------------------------


def test_an_unpriced_promise_is_refused_where_the_policy_asks_for_a_trade_off() -> None:
    scenario = promise_goal(story_with_load(policy=STRICT), 40)

    scenario.refused_with(TradeOffRequired, pointer="/trade_offs").then_state(state="requested")
    scenario.when(a.Promise(trade_offs=DROP_FIRST), by="ana", at="2026-02-03").then(e.GoalPromised)


@pytest.mark.parametrize("hours", [6.4, 16])
def test_what_stays_within_the_line_is_never_refused(hours: float) -> None:
    promise_goal(story_with_load(policy=STRICT), hours).then(e.GoalPromised)


def test_what_the_sponsor_accepts_is_not_refused() -> None:
    promise_goal(story_with_load(policy=STRICT), 40, accept_overload=True).then(e.GoalPromised)


def test_relief_is_never_refused() -> None:
    story = story_with_load(hours=80)

    story.says("stella", SetPolicy(policy=STRICT))
    story.says("ana", a.ProposeChange(changes=a.Changes(effort_hours=70), reason=why()), on="first", at="2026-02-03")
    change = str(story.last_event("first").event_id)

    given(story=story).when(a.AcceptChange(answers=change), by="sam", on="first", at="2026-02-03").then(
        e.ChangeAccepted
    )


def test_new_scope_from_the_sponsor_carries_its_trade_off() -> None:
    story = story_with_load(policy=STRICT)
    promise_goal(story, 8)

    def more(**how: Any) -> a.ProposeChange:
        return a.ProposeChange(changes=a.Changes(effort_hours=12), reason=why(), **how)

    scenario = given(story=story)
    scenario.when(more(), by="sam", at="2026-02-04").refused_with(
        TradeOffRequired, pointer="/trade_offs", allowed=("trade_offs", "accept_overload")
    )
    less = a.ProposeChange(changes=a.Changes(effort_hours=4), reason=why())
    scenario.when(less, by="sam", at="2026-02-04").then(e.ChangeProposed)
    scenario.when(a.WithdrawChange(), by="sam", at="2026-02-04").then(e.ChangeWithdrawn)
    scenario.when(more(trade_offs=DROP_FIRST), by="sam", at="2026-02-04").then(e.ChangeProposed)
    wider = a.CounterChange(changes=a.Changes(conditions=["This", "That"]), reason=why())
    reworded = a.CounterChange(changes=a.Changes(conditions=["This"]), reason=why())
    scenario.when(a.CounterChange(changes=a.Changes(effort_hours=4), reason=why()), by="ana", at="2026-02-04")
    scenario.when(wider, by="sam", at="2026-02-04").refused_with(TradeOffRequired, pointer="/trade_offs")
    scenario.when(reworded, by="sam", at="2026-02-04").then(e.ChangeCountered)


def test_a_new_owner_names_what_gives_when_joining() -> None:
    story = story_with_load(policy=STRICT)
    story.says("ben", offer("ben", effort_hours=40, **TWO_WEEKS), on="bens", at="2026-02-02")
    story.says("sam", a.Accept(), on="bens", at="2026-02-02")
    handed = a.ProposeChange(changes=a.Changes(owner="ben"), reason=why())
    scenario = given(says("ana", handed, on="first", at="2026-02-03"), story=story)
    drops = a.Join(trade_offs=[a.TradeOffInput(kind="drop", goal="bens")])

    scenario.when(a.Join(), by="ben", on="first", at="2026-02-03").refused_with(TradeOffRequired)
    scenario.when(drops, by="ben", on="first", at="2026-02-03").then(e.HandOverJoined)
    assert "trade_off" == taken_as(scenario).how
    accept = a.AcceptChange(answers=str(story.state("first").proposal.id))
    assert "trade_off" == taken_as(scenario.when(accept, by="sam", on="first", at="2026-02-03")).how


def test_a_sponsor_who_takes_the_goal_over_can_say_what_gives() -> None:
    story = story_with_load(policy=STRICT)
    story.says("sam", offer("sam", "ana", effort_hours=40, **TWO_WEEKS), on="sams", at="2026-02-02")
    story.says("ana", a.Accept(), on="sams", at="2026-02-02")
    handed = a.ProposeChange(changes=a.Changes(owner="sam"), reason=why())
    scenario = given(says("ana", handed, on="first", at="2026-02-03"), story=story)
    answers = str(story.state("first").proposal.id)

    scenario.when(a.AcceptChange(answers=answers), by="sam", on="first").refused_with(TradeOffRequired)
    drops = a.AcceptChange(answers=answers, trade_offs=[a.TradeOffInput(kind="drop", goal="sams")])
    assert "trade_off" == taken_as(scenario.when(drops, by="sam", on="first")).how


def test_one_who_takes_it_over_and_names_too_little_is_asked_for_more_not_told_that_it_changed() -> None:
    story = story_with_load(policy=STRICT)
    for name, hours in (("sams", 40), ("small", 1)):
        story.says("sam", offer("sam", "ana", effort_hours=hours, **TWO_WEEKS), on=name, at="2026-02-02")
        story.says("ana", a.Accept(), on=name, at="2026-02-02")
    handed = a.ProposeChange(changes=a.Changes(owner="sam"), reason=why())
    scenario = given(says("ana", handed, on="first", at="2026-02-03"), story=story)
    little = a.AcceptChange(
        answers=str(story.state("first").proposal.id), trade_offs=[a.TradeOffInput(kind="drop", goal="small")]
    )

    scenario.when(little, by="sam", on="first").refused_with(TradeOffRequired)


def test_a_self_set_goals_change_whose_trade_off_is_too_small_is_unpriced() -> None:
    story = story_with_load(hours=20)
    story.says("ana", offer("ana", "ana", effort_hours=8, **TWO_WEEKS), at="2026-02-03")
    more = a.ProposeChange(changes=a.Changes(effort_hours=60), reason=why(), trade_offs=DROP_FIRST)

    assert "unpriced" == taken_as(given(story=story).when(more, by="ana", at="2026-02-04")).how


def test_a_paused_goal_weighs_nothing_on_whoever_takes_it_over() -> None:
    story = story_with_load(policy=STRICT)
    story.says("ben", offer("ben", effort_hours=60, **TWO_WEEKS), on="bens", at="2026-02-02")
    story.says("sam", a.Accept(), on="bens", at="2026-02-02")
    pause = a.Pause(paused_from=date(2026, 2, 2), resume_on=date(2026, 6, 1))
    handed = a.ProposeChange(changes=a.Changes(owner="ben", pause=pause), reason=why())

    joined = given(says("ana", handed, on="first", at="2026-02-03"), story=story).when(a.Join(), by="ben", on="first")
    assert "within_line" == taken_as(joined).how
