"""Freedoms, each anchored in the purpose in force, and rituals."""

from __future__ import annotations

import pytest

from domain.charter import acts as a
from domain.charter import events as e
from domain.errors import (
    AlreadyExists,
    Forbidden,
    InvalidField,
    NoPurpose,
    NotFound,
    ReasonRequired,
    VersionSuperseded,
)
from domain.scope import Scope
from tests.domain.charters import charter, part, revise_purpose, with_purpose
from tests.spec import Story, given, like, says, why


def grant(name: str | None = "tools", version: int | None = 1, text: str = "We choose our tools") -> a.GrantFreedom:
    return a.GrantFreedom(of="core", freedom=name, text=text, purpose_version=version)


# --- freedoms --------------------------------------------------------------------------------------------------------


def test_a_freedom_serves_the_purpose_in_force() -> None:
    story = with_purpose()

    given(story=story).when(grant(), by="lea").then(
        e.FreedomGranted(
            of=Scope(team=story.id("core", "team")),
            freedom=part(story, "freedom", "tools"),
            text="We choose our tools",
            purpose_version=1,
            ref="tools",
        )
    )


def test_without_a_purpose_there_is_no_freedom() -> None:
    given().when(grant(), by="lea").refused_with(
        NoPurpose, pointer="/purpose_version", allowed=("propose_purpose", "adopt_purpose")
    )


def test_a_freedom_that_names_no_purpose_is_told_the_one_in_force() -> None:
    given(story=with_purpose()).when(grant(version=None), by="lea").refused_with(
        NoPurpose, pointer="/purpose_version", allowed=("1",)
    )


@pytest.mark.parametrize("version", [1, 3])
def test_a_freedom_does_not_serve_another_version(version: int) -> None:
    story = with_purpose()
    revise_purpose(story)

    given(story=story).when(grant(version=version), by="lea").refused_with(
        VersionSuperseded, pointer="/purpose_version", allowed=("2",)
    )


def test_after_a_revision_a_freedom_is_anchored_anew() -> None:
    story = with_purpose()
    story.says("lea", grant(), on="core")
    revise_purpose(story)

    given(story=story).when(grant(version=2, text="We choose, and say why"), by="lea").then(e.FreedomGranted)

    [freedom] = charter(story).freedoms
    assert (2, "We choose, and say why") == (freedom.purpose_version, freedom.text)


def test_a_freedom_is_withdrawn_with_a_reason() -> None:
    story = with_purpose()
    story.says("lea", grant(), on="core")
    withdraw = a.WithdrawFreedom(freedom="tools", reason=why("risk_or_safety"))

    given(story=story).when(a.WithdrawFreedom(freedom="tools"), by="lea").refused_with(
        ReasonRequired, pointer="/reason"
    )
    given(story=story).when(withdraw, by="lea").then(e.FreedomWithdrawn)
    given(story=story).when(withdraw, by="lea").refused_with(NotFound, pointer="/freedom", allowed=())


@pytest.mark.parametrize(
    "act", [grant(), a.WithdrawFreedom(freedom="tools"), a.EndRitual(ritual="standup"), a.ChangeRitual(ritual="s")]
)
def test_a_member_alone_grants_and_ends_nothing(act: a.CharterAct) -> None:
    given(story=with_purpose()).when(act, by="ana").refused_with(Forbidden, allowed=("lead", "steward"))


# --- rituals ---------------------------------------------------------------------------------------------------------


def ritual(name: str | None = "standup", **fields: object) -> a.SetRitual:
    said = {"name": "Standup", "mode": "sync", "cadence_days": 1, "minutes": 15, **fields}
    return a.SetRitual(of="core", ritual=name, **said)  # type: ignore[arg-type]


def test_a_ritual_is_set_changed_and_ended() -> None:
    story = Story()

    given(story=story).when(ritual(), by="lea").then(like(e.RitualSet, mode="sync", cadence_days=1, minutes=15))
    given(story=story).when(a.ChangeRitual(ritual="standup", mode="async", minutes=5), by="lea").then(
        like(e.RitualChanged, name="Standup", mode="async", cadence_days=1, minutes=5)
    )
    [held] = charter(story).rituals
    assert ("standup", "async", 5) == (held.ref, held.mode, held.minutes)
    given(story=story).when(a.EndRitual(ritual="standup"), by="lea").then(e.RitualEnded)
    assert () == charter(story).rituals


def test_a_change_that_changes_nothing_is_none() -> None:
    story = given(says("lea", ritual())).story

    for act in (a.ChangeRitual(ritual="standup"), a.ChangeRitual(ritual="standup", minutes=15)):
        given(story=story).when(act, by="lea").refused_with(InvalidField, pointer="/ritual")
    given(story=story).when(a.ChangeRitual(ritual="standup", name=" "), by="lea").refused_with(
        InvalidField, pointer="/name"
    )


def test_a_name_holds_one_ritual_at_a_time() -> None:
    story = given(says("lea", ritual())).story

    given(story=story).when(ritual(), by="lea").refused_with(AlreadyExists, pointer="/ritual")
    story.says("lea", a.EndRitual(ritual="standup"), on="core")
    given(story=story).when(ritual(), by="lea").then(e.RitualSet)


def test_what_is_not_held_is_neither_changed_nor_ended() -> None:
    given(says("lea", ritual())).when(a.EndRitual(ritual="retro"), by="lea").refused_with(
        NotFound, pointer="/ritual", allowed=("standup",)
    )


def test_a_charter_has_no_end_of_rituals_but_a_bound() -> None:
    story = Story()
    for n in range(100):
        story.says("lea", ritual(f"r{n}"), on="core")

    given(story=story).when(ritual("one-more"), by="lea").refused_with(InvalidField, pointer="/ritual")
