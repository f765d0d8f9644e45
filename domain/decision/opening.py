"""How a decision begins: its question and options, who decides, the time-box, and what holds if no consent is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.charter.state import Matter, charter_id, named_charter, part_id
from domain.decision import acts as a
from domain.decision import events as e
from domain.envelope import Source
from domain.errors import InvalidField
from domain.references import as_uuid
from domain.subject import ORGANISATION, Subject, require_member, subject_of
from domain.terms import day
from domain.world import World, own_ref

#: A time-box is for finding consent without taking forever.
LONGEST_TIME_BOX_DAYS = 90


def opened(act: a.Open, world: World) -> e.Opened:
    """The fact that a decision was opened; raises a `Refusal` naming the field at fault."""
    of = subject_of(act.team or ORGANISATION, world, "/team")
    require_member(of, world)
    if not act.question.strip():
        raise InvalidField("a question is needed", pointer="/question")
    options = _options(act.options)
    ids = tuple(option.id for option in options)
    if act.status_quo is not None and act.status_quo not in ids:
        raise InvalidField(f"no option {act.status_quo!r}", pointer="/status_quo", allowed=ids)
    review_on = act.review_on
    if review_on is not None and day(review_on, "/review_on") < world.today:
        raise InvalidField("a review lies ahead", pointer="/review_on", allowed=(f">= {world.today}",))
    return e.Opened(
        question=act.question,
        options=options,
        deciders=_deciders(act.deciders, world),
        deadline=time_box(act.deadline, world),
        fallback=_fallback(act.fallback, ids),
        of=of,
        about=_about(act, of, world),
        status_quo=act.status_quo,
        review_on=review_on,
        ref=own_ref(act.ref, "decision", world),
    )


def time_box(deadline: datetime, world: World) -> datetime:
    """The deadline in UTC; raises `InvalidField` unless it lies ahead by at most `LONGEST_TIME_BOX_DAYS`."""
    latest = world.at + timedelta(days=LONGEST_TIME_BOX_DAYS)
    if not world.at < deadline <= latest:
        raise InvalidField(
            f"a time-box ends after the act and within {LONGEST_TIME_BOX_DAYS} days",
            pointer="/deadline",
            allowed=(f"> {world.at.isoformat()}", f"<= {latest.isoformat()}"),
        )
    return deadline.astimezone(UTC)


def _options(written: list[str | e.Option]) -> tuple[e.Option, ...]:
    told = tuple(e.Option(id=f"o{n}", text=o) if isinstance(o, str) else o for n, o in enumerate(written, start=1))
    for n, option in enumerate(told):
        if not option.text.strip():
            raise InvalidField("an option needs words", pointer=f"/options/{n}")
    if len({option.id for option in told}) != len(told):
        raise InvalidField("two options have the same id", pointer="/options")
    return told


def _deciders(written: list[str], world: World) -> tuple[UUID, ...]:
    """Joined members, each once. In an import somebody may join only later in the file: its end is what counts."""
    found: dict[UUID, None] = {}
    for n, ref in enumerate(written):
        pointer = f"/deciders/{n}"
        decider = world.id_of("member", ref)
        member = world.member(decider)
        placeholder = world.source is Source.IMPORT and (member is None or member.joined_at is None)
        decider = decider if placeholder else world.present_member(ref, pointer).id
        if decider in found:
            raise InvalidField(f"{ref!r} is named twice", pointer=pointer)
        found[decider] = None
    return tuple(found)


def _fallback(written: e.Fallback, ids: tuple[str, ...]) -> e.Fallback:
    if (written.rule == "option") is not (written.option is not None):
        raise InvalidField("an option is named where the rule is `option`, and only there", pointer="/fallback/option")
    if written.option is not None and written.option not in ids:
        raise InvalidField(f"no option {written.option!r}", pointer="/fallback/option", allowed=ids)
    return written


def _about(act: a.Open, of: Subject, world: World) -> Matter | None:
    """What of the charter is asked about; then one option must leave it as it is, or nobody could say no."""
    written = act.about
    if written is None:
        return None
    if (written.proposal is None) is (written.non_negotiable is None):
        raise InvalidField("a decision is about a proposed purpose or about a non-negotiable", pointer="/about")
    if act.status_quo is None:
        ids = tuple(option.id for option in _options(act.options))
        raise InvalidField("name the option that leaves the charter as it is", pointer="/status_quo", allowed=ids)
    charter = charter_id(world.organisation_id, of.team)
    if written.charter is not None:
        charter = named_charter(world.organisation_id, written.charter)
    if written.non_negotiable is not None:
        return Matter(charter=charter, non_negotiable=part_id(charter, "non_negotiable", written.non_negotiable))
    proposal = as_uuid(written.proposal or "")
    if proposal is None:
        raise InvalidField("a proposal is named by its event's id", pointer="/about/proposal")
    return Matter(charter=charter, proposal=proposal)
