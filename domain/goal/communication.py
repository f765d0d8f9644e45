"""Keeping in communication: check-ins, feedback, blockers, needs, affirmations. Never refused for being unwelcome."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from domain.envelope import Event
from domain.errors import ActNotAllowed, InvalidField, NotFound
from domain.goal import acts as a
from domain.goal import events as e
from domain.goal import opening
from domain.goal.state import OpenBlocker, OpenNeed, Promised
from domain.quantities import exact, quantity
from domain.references import as_uuid
from domain.terms import Support
from domain.world import World

#: A fall of confidence by this much or more is worth a sentence.
CONFIDENCE_FALL = exact("0.2")


def checked_in(goal: Promised, act: a.CheckIn, world: World) -> e.CheckedIn:
    """What the owner says, resolved. Ratios 0..1; something must be said."""
    said = (act.note, act.progress, act.confidence, act.value, act.ideas, act.needs)
    if not any(x not in ("", None, []) for x in said) and act.blockers is None:
        raise InvalidField("a check-in says something: at least a note", pointer="/note")
    confidence = _share(act.confidence, "/confidence")
    fell = confidence is not None and goal.confidence is not None
    if fell and exact(goal.confidence or "0") - exact(confidence or "0") >= CONFIDENCE_FALL and not act.note.strip():
        raise InvalidField("confidence fell by 0.2 or more: say a word about why", pointer="/note")
    return e.CheckedIn(
        note=act.note,
        progress=_share(act.progress, "/progress"),
        confidence=confidence,
        value=quantity(act.value, "/value") if act.value is not None else None,
        blockers=None if act.blockers is None else tuple(_blocker(b, i, world) for i, b in enumerate(act.blockers)),
        ideas=tuple(act.ideas),
        needs=tuple(_need(n, i, world) for i, n in enumerate(act.needs)),
        corrects=_event_id(act.corrects, "/corrects") if act.corrects else None,
    )


def _share(value: float | str | None, pointer: str) -> str | None:
    return None if value is None else quantity(value, pointer, low=0, high=1, places=6)


def _event_id(text: str, pointer: str) -> UUID:
    found = as_uuid(text)
    if found is None:
        raise InvalidField(f"{text!r} is not an event id", pointer=pointer)
    return found


def _text(text: str, pointer: str) -> str:
    if not text.strip():
        raise InvalidField("a text is needed", pointer=pointer)
    return text


def _blocker(written: a.BlockerInput, index: int | None, world: World) -> e.Blocker:
    at = "/blocker" if index is None else f"/blockers/{index}"
    return e.Blocker(
        text=_text(written.text, f"{at}/text"),
        type=written.type,
        acts_next=opening.named(written.acts_next, f"{at}/acts_next", world) if written.acts_next else None,
        next_action=written.next_action,
    )


def _need(written: a.NeedInput, index: int, world: World) -> e.Need:
    at = f"/needs/{index}"
    if written.answer_by is not None:
        opening.day(written.answer_by, f"{at}/answer_by")
        if written.answer_by < world.today:
            raise InvalidField("an answer is asked for in the future", pointer=f"{at}/answer_by")
    return e.Need(
        text=_text(written.text, f"{at}/text"),
        addressee=opening.named(written.addressee, f"{at}/addressee", world) if written.addressee else None,
        answer_by=written.answer_by,
    )


def blocker_raised(act: a.RaiseBlocker, world: World) -> e.BlockerRaised:
    """Something stands in the way, said by either side."""
    return e.BlockerRaised(blocker=_blocker(act.blocker, None, world))


def open_blocker(goal: Promised, act: a.ResolveBlocker) -> OpenBlocker | None:
    """The unresolved blocker that the act names, or None."""
    named = as_uuid(act.blocker)
    return next((b for b in goal.blockers if b.id == named), None)


def blocker_resolved(goal: Promised, act: a.ResolveBlocker) -> e.BlockerResolved:
    """A blocker is out of the way, and how."""
    found = open_blocker(goal, act)
    if found is None:
        raise NotFound("no such open blocker", pointer="/blocker", allowed=tuple(str(b.id) for b in goal.blockers))
    return e.BlockerResolved(blocker=found.id, resolution=_text(act.resolution, "/resolution"))


def open_need(goal: Promised, act: a.AnswerNeed) -> OpenNeed | None:
    """The unanswered need that the act names, or None."""
    return next((n for n in goal.needs if f"{n.check_in}/{n.index}" == act.need), None)


def need_answered(goal: Promised, act: a.AnswerNeed) -> e.NeedAnswered:
    """The helper's side of a need."""
    found = open_need(goal, act)
    if found is None:
        allowed = tuple(f"{n.check_in}/{n.index}" for n in goal.needs)
        raise NotFound("no such open need", pointer="/need", allowed=allowed)
    return e.NeedAnswered(check_in=found.check_in, need=found.index, text=_text(act.text, "/text"))


def feedback_given(act: a.Feedback, by: str) -> e.FeedbackGiven:
    """Both ways: on progress, on inputs and clarity."""
    return e.FeedbackGiven(by="owner" if by == "owner" else "sponsor", text=_text(act.text, "/text"), on=act.on)


def linked(goal: Promised, act: a.AffirmLink | a.Unlink, world: World) -> tuple[Support, ...]:
    """The supports that the act names; raises `InvalidField` for one that the goal does not have."""
    if not act.supports:
        raise InvalidField("name at least one support", pointer="/supports")
    named = opening.supports(act.supports, world, "/supports")
    have = {x.support for x in goal.links}
    for i, support in enumerate(named):
        if support not in have:
            raise InvalidField("this goal does not support that", pointer=f"/supports/{i}")
    return named


def retitled(act: a.Retitle) -> e.Retitled:
    """Cosmetic: title, description, tags."""
    if act.title is None and act.description is None and act.tags is None:
        raise InvalidField("say at least one of title, description and tags", pointer="/title")
    return e.Retitled(title=act.title, description=act.description, tags=None if act.tags is None else tuple(act.tags))


def resumed(goal: Promised, by: str, world: World) -> e.Resumed:
    """Ends a pause agreed by an accepted change before its date."""
    if goal.pause is None or world.today >= goal.pause.resume_on:
        raise ActNotAllowed("this goal is not paused")
    return e.Resumed(by="owner" if by == "owner" else "sponsor")


def answer_deferred(act: a.DeferAnswer, world: World) -> e.AnswerDeferred:
    """The owner promises to answer by a day, at most the policy's maximum ahead."""
    latest = world.today + timedelta(days=world.policy.policy.answer_by_days)
    if not world.today <= act.answer_by <= latest:
        raise InvalidField(
            f"an answer can be deferred until {latest} at most", pointer="/answer_by", allowed=(f"<= {latest}",)
        )
    return e.AnswerDeferred(answer_by=act.answer_by)


def value_recorded(act: a.RecordValue) -> Event:
    """A reading of the measure."""
    return e.ValueRecorded(value=quantity(act.value, "/value"))
