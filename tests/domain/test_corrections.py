"""What was said wrongly of members and teams: said again, or taken back, by whoever may say it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from domain.business_order import MAX_FACTS
from domain.errors import ActNotAllowed, Forbidden, NotFound, OutOfOrder
from domain.member import member
from domain.member.member import (
    Absence,
    DeclareAbsence,
    DeclareCapacity,
    GrantRole,
    RenameMember,
    RevokeRole,
    Role,
    TakeBackFact,
)
from domain.team import team
from tests.spec import Story, given

FIRST, LAST, SLIP = date(2026, 11, 10), date(2026, 11, 19), date(2028, 11, 9)


def absence(last: date, corrects: str | None = None) -> DeclareAbsence:
    return DeclareAbsence(from_=FIRST, to=last, corrects=corrects)


def say(story: Story, act: Any, *, by: str = "ana", on: str = "ana", at: str | None = None) -> str:
    """Say it, and answer the event that it was."""
    return str(story.says(by, act, on=on, at=at)[-1].event_id)


def test_a_correction_holds_in_the_place_of_what_it_corrects() -> None:
    story = Story()
    wrong = say(story, absence(SLIP))

    given(story=story).when(absence(LAST, wrong), by="ana", on="ana").then(
        member.AbsenceDeclared(
            absence=Absence(from_=FIRST, to=LAST), corrects=story.stream("ana", "member")[-2].event_id
        )
    )
    assert (Absence(from_=FIRST, to=LAST),) == story.state("ana", "member").absences


def test_a_corrected_capacity_does_not_win_over_a_later_one_for_the_same_day() -> None:
    story = Story()
    wrong = say(story, DeclareCapacity(hours_per_week=4, from_=FIRST))
    say(story, DeclareCapacity(hours_per_week=30, from_=FIRST))

    say(story, DeclareCapacity(hours_per_week=40, from_=FIRST, corrects=wrong))

    assert ["30"] == [held.hours_per_week for held in story.state("ana", "member").capacities]


def test_the_last_of_several_corrections_holds_and_all_name_the_original() -> None:
    story = Story()
    wrong = say(story, absence(SLIP))
    correction = say(story, absence(LAST, wrong))

    given(story=story).when(absence(FIRST, correction), by="ana", on="ana").refused_with(
        ActNotAllowed, pointer="/corrects", allowed=(wrong,)
    )
    say(story, absence(FIRST, wrong))

    assert (Absence(from_=FIRST, to=FIRST),) == story.state("ana", "member").absences


def test_what_was_taken_back_is_said_anew() -> None:
    story = Story()
    wrong = say(story, absence(SLIP))
    taken_back = say(story, TakeBackFact(corrects=wrong))

    assert () == story.state("ana", "member").absences
    given(story=story).when(absence(LAST, wrong), by="ana", on="ana").refused_with(ActNotAllowed, pointer="/corrects")
    given(story=story).when(TakeBackFact(corrects=taken_back), by="ana", on="ana").refused_with(
        ActNotAllowed, allowed=(wrong,)
    )


@pytest.mark.parametrize("named", ["01900000-0000-7000-8000-00000000beef", "never imported"])
def test_what_was_never_said_cannot_be_corrected(named: str) -> None:
    story = Story()
    said, capacity = say(story, absence(LAST)), say(story, DeclareCapacity(hours_per_week=4, from_=FIRST))

    given(story=story).when(absence(LAST, named), by="ana", on="ana").refused_with(
        NotFound, pointer="/corrects", allowed=(said,)
    )
    given(story=story).when(absence(LAST, capacity), by="ana", on="ana").refused_with(NotFound, pointer="/corrects")
    given(story=story).when(absence(LAST, said), by="ben", on="ben").refused_with(NotFound, pointer="/corrects")


def test_nobody_corrects_what_is_not_theirs_to_say() -> None:
    story = Story()
    away = say(story, absence(SLIP))
    role = say(story, GrantRole(role=Role.AUDITOR), by="stella")

    given(story=story).when(absence(LAST, away), by="ben", on="ana").refused_with(Forbidden)
    given(story=story).when(TakeBackFact(corrects=away), by="lea", on="ana").refused_with(Forbidden)
    given(story=story).when(TakeBackFact(corrects=role), by="ana", on="ana").refused_with(
        Forbidden, allowed=("steward",)
    )
    given(story=story).when(TakeBackFact(corrects=role), by="stella", on="ana").then(member.FactTakenBack)
    assert () == story.state("ana", "member").roles


def test_a_correction_is_not_older_than_what_it_corrects() -> None:
    story = Story()
    wrong = say(story, absence(SLIP), at="2026-02-02")

    given(story=story).when(
        absence(LAST, wrong), by="ana", on="ana", at="2026-02-01", learnt="2026-02-03"
    ).refused_with(OutOfOrder, pointer="/at", allowed=(">= 2026-02-02T09:00:00.000000Z",))


def test_a_revocation_by_mistake_is_taken_back() -> None:
    story = Story()
    say(story, GrantRole(role=Role.AUDITOR), by="stella")
    wrong = say(story, RevokeRole(role=Role.AUDITOR), by="stella")

    say(story, TakeBackFact(corrects=wrong), by="stella")

    assert (Role.AUDITOR,) == story.state("ana", "member").roles


def test_a_lead_appointed_by_mistake_is_corrected_or_taken_back() -> None:
    story = Story()
    wrong = str(story.says("stella", team.AppointLead(lead="ben"), on="core")[-1].event_id)

    story.says("stella", team.AppointLead(lead="ana", corrects=wrong), on="core")
    assert story.id("ana") == story.state("core", "team").lead

    story.says("stella", team.TakeBackAppointment(corrects=wrong), on="core")
    assert story.id("lea") == story.state("core", "team").lead
    given(story=story).when(team.TakeBackAppointment(corrects=str(uuid4())), by="stella", on="core").refused_with(
        NotFound, pointer="/corrects"
    )


def test_a_member_is_renamed_by_themselves_or_a_steward() -> None:
    story = Story()

    given(story=story).when(RenameMember(name="Ana Maria"), by="ana", on="ana").then(
        member.MemberRenamed(name="Ana Maria")
    )
    assert "Ana Maria" == story.state("ana", "member").name
    given(story=story).when(RenameMember(name="Ben"), by="lea", on="ana").refused_with(Forbidden)


def test_before_the_oldest_fact_that_is_kept_by_itself_nothing_is_told() -> None:
    story = Story()
    for number in range(MAX_FACTS):
        story.says("ana", RenameMember(name=f"Ana {number}"), on="ana")

    given(story=story).when(absence(LAST), by="ana", on="ana", at="2026-01-05", learnt=story.now).refused_with(
        OutOfOrder, pointer="/at"
    )
    assert MAX_FACTS == len(story.state("ana", "member").timeline.facts)
