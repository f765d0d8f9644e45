"""What is said along the way: `fact_check_in`, `fact_need` and `fact_blocker`, without the words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain.goal import events as e
from domain.goal.state import promise_of
from domain.instants import to_micros
from projections.engine.stream_events import to_column_value
from projections.marts.columns import (
    DELETED,
    GOAL_ID,
    POSITION,
    TEAM_ID,
    Mart,
    MartColumn,
    instant_column,
    member_column,
)
from projections.marts.goal_step import GoalStep, micros_of, text_of
from projections.marts.rows import Change, Fact, Wording

_OWNER = member_column("owner", "The goal's owner then.")
_MINUTE_MICROS = 60 * 10**6

FACT_CHECK_IN = Mart(
    name="fact_check_in",
    comment="One row per check-in, reading of a measure, affirmation, or taking back of one of them.",
    use="How often goals are spoken about, how sure their owners are, and how far they are. What was corrected or taken"
    " back is the row that another one names in `corrects`.",
    key=("event_id",),
    subject="goal",
    subject_column="goal_id",
    is_final=True,
    columns=(
        POSITION,
        MartColumn("event_id", "uuid", "The event."),
        GOAL_ID,
        TEAM_ID,
        _OWNER,
        member_column("party", "The member whose words they are."),
        MartColumn("kind", "text", "check_in, value, affirmation or taken_back."),
        instant_column("occurred_at", "Business time.", nullable=False),
        instant_column("recorded_at", "When it was recorded.", nullable=False),
        MartColumn("progress", "decimal", "Progress as stated, 0 to 1.", nullable=True, unit="share"),
        MartColumn("confidence", "decimal", "Confidence as stated, 0 to 1.", nullable=True, unit="share"),
        MartColumn("value", "decimal", "The measure's value as stated.", nullable=True, unit="the measure's"),
        MartColumn("share_done", "decimal", "Progress of the goal after it, 0 to 1.", unit="share"),
        MartColumn("blockers", "integer", "Blockers listed; empty: not spoken of.", nullable=True, unit="blockers"),
        MartColumn("ideas", "integer", "Ideas given.", unit="ideas"),
        MartColumn("needs", "integer", "Needs raised.", unit="needs"),
        MartColumn(
            "silent_minutes",
            "integer",
            "Since the last human judgement of the goal; empty: this one is recorded behind it, or is none.",
            nullable=True,
            unit="minutes",
        ),
        MartColumn("corrects", "uuid", "The event in whose place it holds, or that it takes back.", nullable=True),
        DELETED,
    ),
)

FACT_NEED = Mart(
    name="fact_need",
    comment="One row per need that was raised in a check-in.",
    use="Whether help comes: who is asked, until when, who answered and after how long.",
    key=("event_id", "need"),
    subject="goal",
    subject_column="goal_id",
    columns=(
        POSITION,
        MartColumn("event_id", "uuid", "The check-in that raised it."),
        MartColumn("need", "integer", "Its place there, from 0."),
        GOAL_ID,
        TEAM_ID,
        _OWNER,
        member_column("asker", "The member who asked."),
        member_column("addressee", "Of whom it is asked: the named member, else the goal's sponsor then."),
        MartColumn("named", "boolean", "An addressee was named."),
        instant_column("raised_at", "Business time of the check-in.", nullable=False),
        MartColumn("answer_by", "date", "Last day for the answer, in the organisation's zone.", nullable=True),
        MartColumn("state", "text", "open, answered, ended (with its goal) or taken_back (with its check-in)."),
        instant_column("closed_at", "Business time of the answer, or of what closed it; empty: open."),
        MartColumn("closing_event_id", "uuid", "The event of `closed_at`.", nullable=True),
        member_column("answered_by", "The member who answered."),
        MartColumn("answer_minutes", "integer", "From `raised_at` to the answer.", nullable=True, unit="minutes"),
        DELETED,
    ),
)

FACT_BLOCKER = Mart(
    name="fact_blocker",
    comment="One row per blocker that was raised, or listed in a check-in.",
    use="What stands in the way, since when, and who acts next.",
    key=("event_id", "place"),
    subject="goal",
    subject_column="goal_id",
    columns=(
        POSITION,
        MartColumn("event_id", "uuid", "The event that raised it, or the check-in that lists it."),
        MartColumn("place", "integer", "Its place in the check-in, from 0; 0 of one that was raised."),
        GOAL_ID,
        TEAM_ID,
        _OWNER,
        MartColumn("how", "text", "raised (by itself) or listed (in a check-in)."),
        member_column("acts_next", "Who acts next: the named member, else the owner then.", nullable=False),
        instant_column("raised_at", "Business time of the event.", nullable=False),
        instant_column(
            "blocked_since",
            "Of a listed one the first of the check-ins that have listed some ever since; else `raised_at`.",
            nullable=False,
        ),
        MartColumn(
            "state",
            "text",
            "open, resolved, listed_again (the next check-in lists some too), ended (with its goal), or taken_back.",
        ),
        instant_column("closed_at", "Business time of what closed it; empty: open."),
        MartColumn("closing_event_id", "uuid", "The event of `closed_at`.", nullable=True),
        MartColumn("blocked_minutes", "integer", "From `raised_at` to `closed_at`.", nullable=True, unit="minutes"),
        DELETED,
    ),
)

#: Kinds of `fact_check_in`.
_KINDS: dict[type, str] = {
    e.CheckedIn: "check_in",
    e.ValueRecorded: "value",
    e.Affirmed: "affirmation",
    e.LinkAffirmed: "affirmation",
    e.StatementTakenBack: "taken_back",
}
#: Of these the silence before them is told.
_JUDGEMENTS = (e.CheckedIn, e.Affirmed, e.LinkAffirmed)


def extract_check_in(step: GoalStep) -> Iterator[Change]:
    """The row of a check-in, a reading, an affirmation or a taking back."""
    kind, before, promised = _KINDS.get(type(step.data)), promise_of(step.before), promise_of(step.goal)
    if kind is None or before is None or promised is None:
        return
    data = step.data
    is_check_in = isinstance(data, e.CheckedIn)
    silence = (step.at - to_micros(before.judged_at)) // _MINUTE_MICROS
    yield Fact(
        FACT_CHECK_IN,
        (
            step.event_id,
            step.goal_id,
            step.parties[2],
            step.parties[0],
            step.party,
            kind,
            step.at,
            step.recorded_at,
            data.progress if is_check_in else None,
            data.confidence if is_check_in else None,
            data.value if isinstance(data, e.CheckedIn | e.ValueRecorded) else None,
            promised.progress,
            len(data.blockers) if is_check_in and data.blockers is not None else None,
            len(data.ideas) if is_check_in else 0,
            len(data.needs) if is_check_in else 0,
            silence if isinstance(data, _JUDGEMENTS) and silence >= 0 else None,
            text_of(getattr(data, "corrects", None)),
        ),
    )


# --- needs -------------------------------------------------------------------------------------------------------


def extract_needs(step: GoalStep) -> Iterator[Change]:
    """Needs that this event raised or closed."""
    data = step.data
    if isinstance(data, e.CheckedIn):
        for place, need in enumerate(data.needs):
            yield Wording(FACT_NEED, (step.event_id, place), _open_need(step, place, need))
    elif isinstance(data, e.NeedAnswered):
        key = (text_of(data.check_in), data.need)
        if (values := step.writer.find_open(FACT_NEED).get(key)) is not None:
            yield _close_need(step, key, values, "answered")
    elif isinstance(data, e.StatementTakenBack):
        taken_back = text_of(data.corrects)
        for key, values in step.writer.find_open(FACT_NEED).items():
            if key[0] == taken_back:
                yield _close_need(step, key, values, "taken_back")
    if step.has_ended:
        for key, values in step.writer.find_open(FACT_NEED).items():
            yield _close_need(step, key, values, "ended")


def _open_need(step: GoalStep, place: int, need: e.Need) -> tuple[Any, ...]:
    owner, sponsor, team = step.parties
    addressee, answer_by = to_column_value((need.addressee, need.answer_by))
    who = (step.event_id, place, step.goal_id, team, owner, step.party, addressee or sponsor)
    return (*who, int(addressee is not None), step.at, answer_by, "open", None, None, None, None)


def _close_need(step: GoalStep, key: tuple[Any, ...], values: tuple[Any, ...], state: str) -> Wording:
    answered = state == "answered"
    minutes = (step.at - values[8]) // _MINUTE_MICROS if answered else None
    closed = (state, step.at, step.event_id, step.party if answered else None, minutes)
    return Wording(FACT_NEED, key, (*values[:10], *closed), is_last=True)


# --- blockers ----------------------------------------------------------------------------------------------------


def extract_blockers(step: GoalStep) -> Iterator[Change]:
    """Blockers that this event raised, listed or closed."""
    data = step.data
    if isinstance(data, e.BlockerRaised):
        values = _open_blocker(step, 0, "raised", data.blocker, step.at)
        yield Wording(FACT_BLOCKER, (step.event_id, 0), values)
    elif isinstance(data, e.BlockerResolved):
        key = (text_of(data.blocker), 0)
        if (values_ := step.writer.find_open(FACT_BLOCKER).get(key)) is not None:
            yield _close_blocker(step, key, values_, "resolved")
    elif isinstance(data, e.CheckedIn) and data.blockers is not None:
        yield from _extract_listed(step, data.blockers)
    elif isinstance(data, e.StatementTakenBack):
        yield from _extract_taken_back(step, text_of(data.corrects))
    if step.has_ended:
        for key, values in step.writer.find_open(FACT_BLOCKER).items():
            yield _close_blocker(step, key, values, "ended")


def _extract_listed(step: GoalStep, listed: tuple[e.Blocker, ...]) -> Iterator[Change]:
    """A check-in that speaks of blockers closes those that the one before it listed, and lists its own."""
    before = {key: v for key, v in step.writer.find_open(FACT_BLOCKER).items() if v[5] == "listed"}
    corrected = text_of(step.data.corrects)
    later = _find_later_word(step, before, corrected)
    if later is not None:
        # Recorded behind a later check-in, whose word holds: what this one lists was over when that was said.
        for place, blocker in enumerate(listed):
            values = _open_blocker(step, place, "listed", blocker, step.at)
            closed = ("listed_again", later, None, max(0, (later - step.at) // _MINUTE_MICROS))
            yield Wording(FACT_BLOCKER, (step.event_id, place), (*values[:9], *closed), is_last=True)
        return
    since = min((values[8] for values in before.values()), default=step.at)
    for key, values in before.items():
        state = "taken_back" if key[0] == corrected else "listed_again" if listed else "resolved"
        yield _close_blocker(step, key, values, state)
    for place, blocker in enumerate(listed):
        values = _open_blocker(step, place, "listed", blocker, min(since, step.at))
        yield Wording(FACT_BLOCKER, (step.event_id, place), values)


def _find_later_word(step: GoalStep, before: dict[Any, tuple[Any, ...]], corrected: str | None) -> int | None:
    """When blockers were last spoken of, if that was after what this check-in is about (microseconds)."""
    goal = promise_of(step.before)
    spoken_at = None if goal is None else micros_of(goal.blockers_told_at)
    if corrected is not None:
        return spoken_at if before and all(key[0] != corrected for key in before) else None
    return spoken_at if spoken_at is not None and step.at < spoken_at else None


def _extract_taken_back(step: GoalStep, taken_back: str | None) -> Iterator[Change]:
    for key, values in step.writer.find_open(FACT_BLOCKER).items():
        if key[0] == taken_back:
            yield _close_blocker(step, key, values, "taken_back")


def _open_blocker(step: GoalStep, place: int, how: str, blocker: e.Blocker, since: int) -> tuple[Any, ...]:
    owner, _, team = step.parties
    acts_next = text_of(blocker.acts_next) or owner
    return (
        *(step.event_id, place, step.goal_id, team, owner, how, acts_next),
        *(step.at, since, "open", None, None, None),
    )


def _close_blocker(step: GoalStep, key: tuple[Any, ...], values: tuple[Any, ...], state: str) -> Wording:
    minutes = max(0, (step.at - values[7]) // _MINUTE_MICROS)
    return Wording(FACT_BLOCKER, key, (*values[:9], state, step.at, step.event_id, minutes), is_last=True)
