"""How a decision begins: its question and options, who decides, the time-box, and what holds if no consent is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.charter.state import DecisionSubject, charter_id, part_id
from domain.context import DecisionContext, require_own_reference
from domain.decision import acts as a
from domain.decision import events as e
from domain.envelope import Source
from domain.errors import InvalidField, NotFound
from domain.instants import format_instant
from domain.member.member import Role
from domain.participation import lead_of
from domain.references import as_uuid
from domain.scope import ORGANISATION, Scope
from domain.scope_rules import is_lead, require_member, require_not_closed, resolve_scope
from domain.terms import check_date
from domain.text import is_visible

#: A time-box is for finding consent without taking forever.
MAX_TIME_BOX_DAYS = 92


def open_decision(act: a.Open, world: DecisionContext) -> e.Opened:
    """The fact that a decision was opened; raises a `Refusal` naming the field at fault."""
    of = resolve_scope(act.team or ORGANISATION, world, "/team")
    require_not_closed(of, world, "/team")
    require_member(of, world)
    if not is_visible(act.question):
        raise InvalidField("a question is needed", pointer="/question")
    options = _parse_options(act.options)
    ids = tuple(option.id for option in options)
    if act.status_quo is not None and act.status_quo not in ids:
        raise InvalidField(f"no option {act.status_quo!r}", pointer="/status_quo", allowed=ids)
    review_on = act.review_on
    if review_on is not None and check_date(review_on, "/review_on") < world.today:
        raise InvalidField("a review lies ahead", pointer="/review_on", allowed=(f">= {world.today}",))
    deciders = _parse_deciders(act.deciders, world)
    return e.Opened(
        question=act.question,
        options=options,
        deciders=deciders,
        deadline=parse_deadline(act.deadline, world),
        fallback=_check_fallback(act.fallback, ids),
        of=of,
        about=_parse_subject(act, of, deciders, world),
        status_quo=act.status_quo,
        review_on=review_on,
        ref=require_own_reference(act.ref, "decision", world),
    )


def parse_deadline(deadline: datetime, world: DecisionContext) -> datetime:
    """The deadline in UTC; raises `InvalidField` unless it lies ahead by at most `MAX_TIME_BOX_DAYS`."""
    latest = world.at + timedelta(days=MAX_TIME_BOX_DAYS)
    if not world.at < deadline <= latest:
        raise InvalidField(
            f"a time-box ends after the act and within {MAX_TIME_BOX_DAYS} days",
            pointer="/deadline",
            allowed=(f"> {format_instant(world.at)}", f"<= {format_instant(latest)}"),
        )
    return deadline.astimezone(UTC)


def _parse_options(written: list[str | e.Option]) -> tuple[e.Option, ...]:
    parsed = tuple(e.Option(id=f"o{n}", text=o) if isinstance(o, str) else o for n, o in enumerate(written, start=1))
    for n, option in enumerate(parsed):
        if not is_visible(option.text):
            raise InvalidField("an option needs words", pointer=f"/options/{n}")
    if len({option.id for option in parsed}) != len(parsed):
        raise InvalidField("two options have the same id", pointer="/options")
    return parsed


def _parse_deciders(written: list[str], world: DecisionContext) -> tuple[UUID, ...]:
    """Joined members, each once. In an import a member may join only later in the file: the state at its end counts."""
    found: dict[UUID, None] = {}
    for n, ref in enumerate(written):
        pointer = f"/deciders/{n}"
        decider = world.id_of("member", ref)
        member = world.member(decider)
        placeholder = world.source is Source.IMPORT and (member is None or member.joined_at is None)
        decider = decider if placeholder else world.require_present_member(ref, pointer).id
        if decider in found:
            raise InvalidField(f"{ref!r} is named twice", pointer=pointer)
        found[decider] = None
    return tuple(found)


def _check_fallback(written: e.Fallback, ids: tuple[str, ...]) -> e.Fallback:
    if (written.rule == "option") is not (written.option is not None):
        raise InvalidField("an option is named where the rule is `option`, and only there", pointer="/fallback/option")
    if written.option is not None and written.option not in ids:
        raise InvalidField(f"no option {written.option!r}", pointer="/fallback/option", allowed=ids)
    return written


# --- about a charter ---------------------------------------------------------------------------------------------


def _parse_subject(
    act: a.Open, of: Scope, deciders: tuple[UUID, ...], world: DecisionContext
) -> DecisionSubject | None:
    """What of their own charter is asked about; raises a `Refusal` where it could change unseen or past its lead."""
    written = act.about
    if written is None:
        return None
    if (written.proposal is None) is (written.non_negotiable is None):
        raise InvalidField("a decision is about a proposed purpose or about a non-negotiable", pointer="/about")
    ids = tuple(option.id for option in _parse_options(act.options))
    if act.status_quo is None:
        # Otherwise no member could object.
        raise InvalidField("name the option that leaves the charter as it is", pointer="/status_quo", allowed=ids)
    if act.fallback.option not in (None, act.status_quo):
        raise InvalidField(
            "silence is never a yes: no charter changes by a deadline",
            pointer="/fallback",
            allowed=("status_quo", "lead_decides"),
        )
    if not is_lead(of, world) and not any(_is_lead(decider, of, world) for decider in deciders):
        raise InvalidField(
            "the lead (of the organisation's own: a steward) is one of those who decide about a charter",
            pointer="/deciders",
        )
    charter = charter_id(world.organisation_id, of.team)
    if written.non_negotiable is not None:
        begun = world.charter(charter)
        there = {one.id for one in begun.non_negotiables} if begun is not None else set[UUID]()
        non_negotiable = part_id(charter, "non_negotiable", written.non_negotiable, there)
        return DecisionSubject(charter=charter, non_negotiable=non_negotiable)
    return DecisionSubject(charter=charter, proposal=_find_proposal_id(written.proposal or "", charter, world))


def _is_lead(member_id: UUID, of: Scope, world: DecisionContext) -> bool:
    team = world.team(of.team) if of.team is not None else None
    if team is not None:
        return lead_of(team, world) == member_id
    member = world.member(member_id)
    return member is not None and Role.STEWARD in member.roles


def _find_proposal_id(ref: str, charter: UUID, world: DecisionContext) -> UUID:
    """The open proposal that `ref` names, by its event or as its source calls it."""
    state = world.charter(charter)
    proposals = state.proposals if state is not None else ()
    for proposal in proposals:
        if ref == proposal.ref or as_uuid(ref) == proposal.id:
            return proposal.id
    names = tuple(p.ref or str(p.id) for p in proposals)
    raise NotFound(f"no purpose proposal {ref!r} is open", pointer="/about/proposal", allowed=names)
