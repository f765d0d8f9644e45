"""Keeping in communication: check-ins, feedback, blockers, needs, affirmations. Never refused for being unwelcome.

Each rule raises the `Refusal` of what it forbids.
"""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from msgspec.structs import replace

from domain.calendar import add_working_days, count_working_days_between, is_working_day, local_date
from domain.charter.state import charter_id, part_id
from domain.context import DecisionContext
from domain.corrections import row_id
from domain.envelope import Event
from domain.errors import ActNotAllowed, InvalidField, NotAParty, NotFound, OutOfOrder
from domain.goal import acts as a
from domain.goal import events as e
from domain.goal import opening
from domain.goal.state import Goal, Negotiating, OpenBlocker, OpenNeed, Promised, Side, promise_of, statements_of
from domain.goal.statements import MAX_STATEMENTS, Statement
from domain.instants import format_instant
from domain.quantities import parse_quantity, to_fraction
from domain.references import as_uuid
from domain.terms import Support, check_date
from domain.text import is_visible, require_text

#: A question stops the response clock until the other side writes, for at most this many working days.
CLARIFY_WORKING_DAYS = 5

#: Needs and blockers that may be open at a time, of each. A goal's state holds them all, and each event rewrites it.
MAX_OPEN = 100

#: A fall of confidence by this much or more is worth a sentence.
CONFIDENCE_FALL_THRESHOLD = to_fraction("0.2")


def record_check_in(goal: Promised, act: a.CheckIn, world: DecisionContext) -> e.CheckedIn:
    """The owner's check-in, resolved. Ratios 0..1; it must not be empty."""
    figures = (act.progress, act.confidence, act.value, act.blockers)
    if not (act.note or act.ideas or act.needs) and figures == (None, None, None, None):
        raise InvalidField("a check-in says something: at least a note", pointer="/note")
    confidence = None if act.confidence is None else parse_quantity(act.confidence, "/confidence", low=0, high=1)
    # The note first: most check-ins have one, and the fractions take 3 us of a check-in's 90.
    if confidence is not None and not is_visible(act.note) and _has_confidence_fallen(goal, confidence, world):
        raise InvalidField("confidence fell by 0.2 or more: say a word about why", pointer="/note")
    return e.CheckedIn(
        note=act.note,
        progress=None if act.progress is None else parse_quantity(act.progress, "/progress", low=0, high=1),
        confidence=confidence,
        value=parse_quantity(act.value, "/value") if act.value is not None else None,
        blockers=None
        if act.blockers is None
        else tuple(_parse_blocker(b, i, world) for i, b in enumerate(act.blockers)),
        ideas=tuple([require_text(idea, f"/ideas/{i}") for i, idea in enumerate(act.ideas)]),
        needs=tuple([_parse_need(n, i, world) for i, n in enumerate(act.needs)]),
        corrects=None if act.corrects is None else _find_statement(goal, act.corrects, world, check_in=True).event_id,
    )


def check_room(goal: Goal, event: e.CheckedIn) -> None:
    """Raise `InvalidField` where more needs would wait than the goal, as it stands now, has room for."""
    promised = promise_of(goal)
    if promised is not None and len(promised.needs) + len(event.needs) > MAX_OPEN:
        raise InvalidField(f"at most {MAX_OPEN} needs wait for an answer at a time", pointer="/needs")


def _has_confidence_fallen(goal: Promised, confidence: str, world: DecisionContext) -> bool:
    """Whether confidence fell since the last check-in; False for one recorded behind a later one."""
    if goal.confidence is None or (goal.last_check_in_at is not None and world.at < goal.last_check_in_at):
        return False
    return to_fraction(goal.confidence) - to_fraction(confidence) >= CONFIDENCE_FALL_THRESHOLD


def _find_statement(goal: Promised, corrects: str, world: DecisionContext, *, check_in: bool | None) -> Statement:
    """The statement that `corrects` names: by its event, or by the id of the row that said it.

    `check_in`: whether it must be a check-in or a reading; None: either. Raises `NotFound` for what was not said or is
    too old, `ActNotAllowed` for a correction and for what has been taken back, `OutOfOrder` for an older correction.
    """
    known = [s for s in statements_of(goal).recent if check_in is None or s.is_check_in is check_in]
    named = {as_uuid(corrects), row_id(world.organisation_id, corrects)} - {None}
    correction = next((s for s in known if s.corrected_by in named), None)
    if correction is not None:
        raise ActNotAllowed(
            "that is a correction itself: name what it corrects",
            pointer="/corrects",
            allowed=(str(correction.event_id),),
        )
    found = next((s for s in known if s.event_id in named or s.correlation_id in named), None)
    if found is None:
        raise NotFound(
            f"nothing of that kind is among the last {MAX_STATEMENTS} statements about this goal",
            pointer="/corrects",
            allowed=tuple(str(s.event_id) for s in known if not s.is_taken_back),
        )
    if found.is_taken_back:
        raise ActNotAllowed("that has been taken back: say it anew, without `corrects`", pointer="/corrects")
    since = found.corrected_at or found.at
    if world.at < since:
        raise OutOfOrder(
            "a correction is not older than what it corrects", pointer="/at", allowed=(f">= {format_instant(since)}",)
        )
    return found


def take_back(goal: Promised, act: a.TakeBackStatement, role: str, world: DecisionContext) -> e.StatementTakenBack:
    """A check-in or a reading of the measure was wrong. A machine takes back readings only."""
    check_in = False if role == "integration" else None
    found = _find_statement(goal, act.corrects, world, check_in=check_in)
    return e.StatementTakenBack(corrects=found.event_id, of="check_in" if found.is_check_in else "value")


def _parse_blocker(written: a.BlockerInput, index: int | None, world: DecisionContext) -> e.Blocker:
    at = "/blocker" if index is None else f"/blockers/{index}"
    return e.Blocker(
        text=require_text(written.text, f"{at}/text"),
        type=written.type,
        acts_next=opening.require_member(written.acts_next, f"{at}/acts_next", world) if written.acts_next else None,
        next_action=written.next_action,
    )


def _parse_need(written: a.NeedInput, index: int, world: DecisionContext) -> e.Need:
    at = f"/needs/{index}"
    if written.answer_by is not None:
        check_date(written.answer_by, f"{at}/answer_by")
        if written.answer_by < world.today:
            raise InvalidField("an answer is asked for in the future", pointer=f"{at}/answer_by")
    return e.Need(
        text=require_text(written.text, f"{at}/text"),
        addressee=_resolve_addressee(written.addressee, f"{at}/addressee", world) if written.addressee else None,
        answer_by=written.answer_by or _default_answer_date(world),
    )


def _resolve_addressee(ref: str, pointer: str, world: DecisionContext) -> UUID:
    """Who is asked for help: a joined member of this organisation."""
    try:
        return opening.require_member(ref, pointer, world)
    except NotFound as refusal:
        raise NotFound(refusal.detail, pointer=pointer, allowed=("a joined member", "nobody: the sponsor")) from None


def _default_answer_date(world: DecisionContext) -> date:
    """Where none is named: the organisation's response time, never later than an answer may be deferred to."""
    policy = world.policy.policy
    latest = world.today + timedelta(days=policy.answer_by_days)
    return min(add_working_days(world.today, policy.response_working_days), latest)


def raise_blocker(goal: Promised, act: a.RaiseBlocker, world: DecisionContext) -> e.BlockerRaised:
    """A blocker raised by either party."""
    if len(goal.blockers) >= MAX_OPEN:
        raise InvalidField(f"at most {MAX_OPEN} blockers are open at a time: resolve one", pointer="/blocker")
    return e.BlockerRaised(blocker=_parse_blocker(act.blocker, None, world))


def check_open(
    goal: Promised, act: a.AnswerNeed | a.ResolveBlocker, world: DecisionContext, allowed: tuple[str, ...]
) -> None:
    """Raise `NotFound` where the act names no open need or blocker, with those that this party could name.

    `NotAParty` for another party's, naming whose it is and what is `allowed` instead; `OutOfOrder` for an answer
    that is older than its need.
    """
    party = world.party
    if isinstance(act, a.AnswerNeed):
        need = find_open_need(goal, act)
        if need is None:
            mine = [n for n in goal.needs if party == (n.addressee or goal.sponsor)]
            raise NotFound("no such open need", pointer="/need", allowed=tuple(f"{n.check_in}/{n.index}" for n in mine))
        helper = need.addressee or goal.sponsor
        if party != helper:
            whom = "its addressee" if need.addressee else "the goal's sponsor, as it names nobody"
            raise NotAParty(f"this need is answered by {whom}: {helper}", pointer="/need", allowed=allowed)
        if world.at < need.raised_at:
            raise OutOfOrder("an answer cannot be older than its need", pointer="/at")
        return
    blocker = find_open_blocker(goal, act)
    if blocker is None:
        either = party in (goal.owner, goal.sponsor)
        candidates = [b for b in goal.blockers if either or b.blocker.acts_next == party]
        raise NotFound("no such open blocker", pointer="/blocker", allowed=tuple(str(b.id) for b in candidates))
    may = dict.fromkeys(m for m in (goal.owner, goal.sponsor, blocker.blocker.acts_next) if m is not None)
    if party not in may:
        whom = f"by the owner, the sponsor or whoever acts next: {', '.join(map(str, may))}"
        raise NotAParty(f"a blocker is resolved {whom}", pointer="/blocker", allowed=allowed)


def resolve_implicit_target(goal: Goal, act: a.GoalAct, world: DecisionContext) -> a.GoalAct:
    """The act with what it answers: an imported history has no event ids, so the oldest open one is meant.

    Any other answer names what it answers, and `check_open` lists which could be named.
    """
    if not isinstance(goal, Promised):
        return act
    party = world.party
    if isinstance(act, a.AnswerNeed) and act.need is None:
        # One that was raised after the act, but recorded before it, cannot be meant.
        asked = (n for n in goal.needs if party == (n.addressee or goal.sponsor) and n.raised_at <= world.at)
        oldest = min(asked, key=lambda n: n.raised_at, default=None)
        return replace(act, need=None if oldest is None else f"{oldest.check_in}/{oldest.index}")
    if isinstance(act, a.ResolveBlocker) and act.blocker is None:
        either = party in (goal.owner, goal.sponsor)
        found = (str(b.id) for b in goal.blockers if either or b.blocker.acts_next == party)
        return replace(act, blocker=next(found, None))
    return act


def find_open_blocker(goal: Promised, act: a.ResolveBlocker) -> OpenBlocker | None:
    """The unresolved blocker that the act names, or None."""
    named = as_uuid(act.blocker or "")
    return next((b for b in goal.blockers if b.id == named), None)


def resolve_blocker(act: a.ResolveBlocker) -> e.BlockerResolved:
    """A blocker is out of the way, and how."""
    return e.BlockerResolved(blocker=UUID(act.blocker or ""), resolution=require_text(act.resolution, "/resolution"))


def find_open_need(goal: Promised, act: a.AnswerNeed) -> OpenNeed | None:
    """The unanswered need that the act names, or None."""
    return next((n for n in goal.needs if f"{n.check_in}/{n.index}" == act.need), None)


def answer_need(act: a.AnswerNeed) -> e.NeedAnswered:
    """The helper's side of a need."""
    check_in, _, index = (act.need or "").partition("/")
    return e.NeedAnswered(check_in=UUID(check_in), need=int(index), text=require_text(act.text, "/text"))


def give_feedback(act: a.Feedback, by: Side) -> e.FeedbackGiven:
    """Both ways: on progress, on inputs and clarity."""
    return e.FeedbackGiven(by=by, text=require_text(act.text, "/text"), on=act.on)


def require_linked_supports(
    goal: Promised, act: a.AffirmLink | a.Unlink, world: DecisionContext
) -> tuple[Support, ...]:
    """The supports that the act names; raises `InvalidField` for one that the goal does not have."""
    if not act.supports:
        raise InvalidField("name at least one support", pointer="/supports")
    named = opening.parse_supports(act.supports, world, "/supports")
    have = {x.support for x in goal.links}
    for i, support in enumerate(named):
        if support not in have:
            raise InvalidField("this goal does not support that", pointer=f"/supports/{i}")
    return named


def unlink(goal: Promised, act: a.Unlink, world: DecisionContext) -> e.Unlinked:
    """The support is withdrawn; where the policy asks for a purpose, not the last one."""
    named = require_linked_supports(goal, act, world)
    if set(goal.terms.supports) <= set(named):
        opening.check_purpose((), world, "/supports")
    return e.Unlinked(supports=named)


def clarify(goal: Negotiating, act: a.Clarify, by: Side, world: DecisionContext) -> e.ClarificationAsked:
    """A question, or the reply to one: how long the question had stopped the response clock is counted here."""
    waited: int | None = None
    if goal.clarify_asked_at is not None:
        asked = local_date(goal.clarify_asked_at, world.zone)
        passed = count_working_days_between(asked, world.today)
        # The same side asks on: the clock stands already.
        if by != goal.clarify_by or passed >= CLARIFY_WORKING_DAYS:
            # What of the day was left when the question came, the next working day has after a reply on a weekend:
            # else the time to answer could have ended before the reply.
            over_weekend = is_working_day(asked) and not is_working_day(world.today)
            waited = min(passed + over_weekend, CLARIFY_WORKING_DAYS)
    return e.ClarificationAsked(by=by, text=require_text(act.text, "/text"), waited_working_days=waited)


def retitle(act: a.Retitle) -> e.Retitled:
    """Cosmetic: title, description, tags."""
    if act.title is None and act.description is None and act.tags is None:
        raise InvalidField("say at least one of title, description and tags", pointer="/title")
    if act.title is not None:
        require_text(act.title, "/title")
    return e.Retitled(title=act.title, description=act.description, tags=None if act.tags is None else tuple(act.tags))


def resume(goal: Promised, by: Side, world: DecisionContext) -> e.Resumed:
    """Ends a pause agreed by an accepted change before its date."""
    if goal.pause is None or world.today >= goal.pause.resume_on:
        raise ActNotAllowed("this goal is not paused")
    return e.Resumed(by=by)


def defer_answer(act: a.DeferAnswer, world: DecisionContext) -> e.AnswerDeferred:
    """The owner promises to answer by a day, at most the policy's maximum ahead."""
    latest = world.today + timedelta(days=world.policy.policy.answer_by_days)
    if not world.today <= act.answer_by <= latest:
        raise InvalidField(
            f"an answer can be deferred until {latest} at most", pointer="/answer_by", allowed=(f"<= {latest}",)
        )
    return e.AnswerDeferred(answer_by=act.answer_by)


def choose_approach(goal: Promised, act: a.ChooseApproach, world: DecisionContext) -> e.ApproachChosen:
    """The owner's freedom: history, not a gate."""
    freedom = None if act.freedom is None else _find_freedom(goal, act.freedom, world)
    return e.ApproachChosen(text=require_text(act.text, "/text"), freedom=freedom)


def _find_freedom(goal: Promised, ref: str, world: DecisionContext) -> UUID:
    """The freedom that stands in the charter of the goal's team, or in the organisation's; raises `NotFound`."""
    names: list[str] = []
    for team in dict.fromkeys((goal.team, None)):
        charter = world.charter(charter_id(world.organisation_id, team))
        if charter is None:
            continue
        identity = part_id(charter.id, "freedom", ref, {freedom.id for freedom in charter.freedoms})
        if any(freedom.id == identity for freedom in charter.freedoms):
            return identity
        names += [freedom.ref or str(freedom.id) for freedom in charter.freedoms]
    raise NotFound(f"no freedom {ref!r} stands in the team's charter", pointer="/freedom", allowed=tuple(names))


def record_value(goal: Promised, act: a.RecordValue, world: DecisionContext) -> Event:
    """A reading of the measure."""
    corrects = None if act.corrects is None else _find_statement(goal, act.corrects, world, check_in=False).event_id
    return e.ValueRecorded(value=parse_quantity(act.value, "/value"), corrects=corrects)
