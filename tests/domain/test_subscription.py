"""Who has events sent where, and who ends that."""

from __future__ import annotations

import pytest

from domain.errors import ActNotAllowed, Forbidden, InvalidField, NotFound
from domain.member import member
from domain.subscription.subscription import (
    MAX_SUBSCRIPTIONS,
    CreateSubscription,
    DisableSubscription,
    PauseSubscription,
    RemoveSubscription,
    ReplayRequested,
    ReplaySubscription,
    ResumeSubscription,
    RotateSecret,
    SecretRotated,
    SubscriptionAct,
    SubscriptionCreated,
    SubscriptionDisabled,
    SubscriptionPaused,
    SubscriptionRemoved,
    SubscriptionResumed,
)
from tests.spec import Scenario, Story, given, like, says

URL = "https://hooks.example.com/plimsoll"
STEWARD = frozenset({"steward"})


def subscribed(*more: SubscriptionAct) -> Scenario:
    """Ana's subscription, and what she did with it."""
    return given(says("ana", CreateSubscription(url=URL)), *(says("ana", act) for act in more))


def test_any_member_may_have_events_sent() -> None:
    story = Story()

    given(story=story).when(
        CreateSubscription(url=URL, name="Slack", types=["goal.*", "goal.*"], subject="goal/report", team="core"),
        by="ana",
    ).then(
        SubscriptionCreated(
            owner=story.id("ana", "member"),
            url=URL,
            name="Slack",
            types=("goal.*",),
            subject=f"goal/{story.id('report', 'goal')}",
            team=story.id("core", "team"),
        )
    )


def test_who_has_left_subscribes_to_nothing() -> None:
    given(says("ana", member.Leave())).when(CreateSubscription(url=URL), by="ana").refused_with(Forbidden)


@pytest.mark.parametrize(
    ("act", "error", "pointer"),
    [
        (CreateSubscription(url="http://user@example.com/"), InvalidField, "/url"),
        (CreateSubscription(url=URL, team="nowhere"), NotFound, "/team"),
        (CreateSubscription(url=URL, subject="goal"), InvalidField, "/subject"),
        (CreateSubscription(url=URL, subject="/report"), InvalidField, "/subject"),
    ],
)
def test_a_subscription_names_what_is_there(
    act: CreateSubscription, error: type[InvalidField | NotFound], pointer: str
) -> None:
    given().when(act, by="ana").refused_with(error, pointer=pointer)


def test_an_organisation_has_so_many_subscriptions_and_no_more_until_one_is_removed() -> None:
    story = Story()
    for number in range(MAX_SUBSCRIPTIONS):
        story.says("ana", CreateSubscription(url=URL), on=f"s{number}")

    given(story=story).when(CreateSubscription(url=URL), by="ben", on="another").refused_with(
        InvalidField, pointer="/url"
    )
    story.says("ana", RemoveSubscription(), on="s0")
    given(story=story).when(CreateSubscription(url=URL), by="ben", on="another").then(SubscriptionCreated)


def test_its_member_pauses_resumes_rotates_replays_and_removes_it() -> None:
    subscribed().when(PauseSubscription(), by="ana").then(SubscriptionPaused())
    subscribed(PauseSubscription()).when(ResumeSubscription(), by="ana").then(SubscriptionResumed())
    subscribed().when(ReplaySubscription(after=3), by="ana").then(ReplayRequested(after=3))
    subscribed().when(RotateSecret(overlap_hours=1), by="ana").then(like(SecretRotated))
    subscribed().when(RemoveSubscription(), by="ana").then(SubscriptionRemoved())


def test_another_member_does_not_but_a_steward_does() -> None:
    subscribed().when(PauseSubscription(), by="lea").refused_with(Forbidden, allowed=("owner", "steward"))
    subscribed().when(PauseSubscription(), by="stella", roles=STEWARD).then(SubscriptionPaused())


@pytest.mark.parametrize(
    ("before", "act", "allowed"),
    [
        (PauseSubscription(), PauseSubscription(), ("resume", "rotate_secret", "remove")),
        (PauseSubscription(), ReplaySubscription(after=0), ("resume", "rotate_secret", "remove")),
        (RemoveSubscription(), ResumeSubscription(), ()),
        (RemoveSubscription(), RemoveSubscription(), ()),
    ],
)
def test_an_act_that_its_state_does_not_know_is_refused(
    before: SubscriptionAct, act: SubscriptionAct, allowed: tuple[str, ...]
) -> None:
    subscribed(before).when(act, by="ana").refused_with(ActNotAllowed, allowed=allowed)


def test_only_the_worker_says_that_deliveries_have_ended() -> None:
    disable = DisableSubscription(reason="gone")

    subscribed().when(disable, by="stella", roles=STEWARD).refused_with(Forbidden)
    scenario = subscribed()
    scenario.story.record_event(SubscriptionDisabled(reason="gone"), on="subscription")
    scenario.when(ResumeSubscription(), by="ana").then(SubscriptionResumed())


def test_a_subscription_that_ended_with_a_leave_is_not_resumed_by_a_return() -> None:
    scenario = subscribed(PauseSubscription())
    scenario.story.says("ana", member.Leave())
    scenario.story.says("ana", member.Join(name="Ana", ref="ana"), on="ana", roles=STEWARD)

    scenario.when(ResumeSubscription(), by="ana").refused_with(ActNotAllowed, allowed=("remove",))


def test_nothing_is_done_to_a_subscription_that_is_not_there() -> None:
    given().when(PauseSubscription(), by="ana").refused_with(NotFound)
