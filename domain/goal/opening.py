"""From what people write to terms: measures, conditions, supports, dates, and the three ways a goal begins.

What is wrong with a field is raised as `InvalidField`, `NotFound` or `NotAParty` with its pointer.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.charter.state import resolve_charter_id
from domain.context import DecisionContext, require_own_reference
from domain.envelope import Event, Source
from domain.errors import InvalidField, NotAParty, NotFound, PurposeRequired
from domain.goal import acts as a
from domain.goal import events as e
from domain.goal.load_check import can_suffice
from domain.goal.state import DraftGoal, Goal
from domain.participation import lead_of, require_not_archived
from domain.quantities import Number, parse_quantity, to_fraction
from domain.references import as_uuid
from domain.scope import ORGANISATION
from domain.terms import (
    MAX_CONDITIONS,
    MIN_CONDITIONS,
    Condition,
    GoalKind,
    Measure,
    MeasureInput,
    Priority,
    Support,
    SupportInput,
    Terms,
    TermsInput,
    check_date,
)
from domain.text import is_visible, require_text

MAX_EFFORT_HOURS = 100_000


# --- parts of terms ----------------------------------------------------------------------------------------------


def parse_effort(value: Number, pointer: str = "/terms/effort_hours") -> str:
    """Hours as a decimal string, 0 or more, two decimals at most."""
    return parse_quantity(value, pointer, low=0, high=MAX_EFFORT_HOURS, places=2)


def parse_measure(written: MeasureInput, pointer: str = "/terms/measure") -> Measure:
    """The measure with exact quantities; a number needs a target, a range its two ends."""
    names = ("baseline", "target", "low", "high")
    given = {n: parse_quantity(v, f"{pointer}/{n}") for n in names if (v := getattr(written, n)) is not None}
    if written.kind == "number" and "target" not in given:
        raise InvalidField("a number needs a target", pointer=f"{pointer}/target")
    if written.kind == "range":
        if not {"low", "high"} <= given.keys():
            raise InvalidField("a range needs low and high", pointer=f"{pointer}/low")
        if to_fraction(given["low"]) > to_fraction(given["high"]):
            raise InvalidField("a range's low is at most its high", pointer=f"{pointer}/low")
    return Measure(kind=written.kind, unit=written.unit, **given)


def parse_conditions(written: list[str | Condition], pointer: str = "/terms/conditions") -> tuple[Condition, ...]:
    """Conditions with ids: plain strings get c1, c2, ... by their place."""
    parsed = tuple(Condition(id=f"c{i}", text=c) if isinstance(c, str) else c for i, c in enumerate(written, start=1))
    if not MIN_CONDITIONS <= len(parsed) <= MAX_CONDITIONS:
        raise InvalidField(f"a goal has {MIN_CONDITIONS} to {MAX_CONDITIONS} conditions", pointer=pointer)
    if len({c.id for c in parsed}) != len(parsed):
        raise InvalidField("two conditions have the same id", pointer=pointer)
    for i, condition in enumerate(parsed):
        require_text(condition.text, f"{pointer}/{i}")
    return parsed


def parse_supports(
    written: list[SupportInput], world: DecisionContext, pointer: str = "/terms/supports"
) -> tuple[Support, ...]:
    """Supports with ids. Each names one goal of this organisation (not itself) or one purpose."""
    parsed: dict[Support, None] = {}
    for i, support in enumerate(written):
        if (support.goal is None) == (support.purpose is None):
            raise InvalidField("a support names a goal or a purpose", pointer=f"{pointer}/{i}")
        if support.goal is not None:
            goal = world.id_of("goal", support.goal)
            if goal == world.stream_id:
                raise InvalidField("a goal cannot support itself", pointer=f"{pointer}/{i}/goal")
            if not world.has_goal(goal):
                raise NotFound(f"no goal {support.goal!r}", pointer=f"{pointer}/{i}/goal")
            parsed[Support(goal=goal)] = None
        else:
            parsed[Support(purpose=_resolve_purpose(support.purpose or "", world, f"{pointer}/{i}/purpose"))] = None
    return tuple(parsed)


def _resolve_purpose(ref: str, world: DecisionContext, pointer: str) -> UUID:
    """The charter whose purpose is meant: by whose it is, or by its own id. It may be named before it has a purpose."""
    identity = as_uuid(ref)
    if identity is not None and world.team(identity) is None:
        return identity
    named = ref == ORGANISATION or world.team(world.id_of("team", ref)) is not None
    if not named and world.source is not Source.IMPORT:
        raise NotFound(f"no team {ref!r}: a purpose is named by its team, or by the word organisation", pointer=pointer)
    return resolve_charter_id(world.organisation_id, ref)


def parse_trade_offs(written: list[a.TradeOffInput], world: DecisionContext) -> tuple[e.TradeOff, ...]:
    """Trade-offs with ids; the goals they name must exist."""
    parsed = []
    for i, named in enumerate(written):
        ids: dict[str, UUID] = {}
        for name, ref in (("goal", named.goal), ("for_", named.for_)):
            if ref is None:
                continue
            ids[name] = world.id_of("goal", ref)
            # The goal that begins with this very act may be named before it exists.
            if ids[name] != world.stream_id and not world.has_goal(ids[name]):
                raise NotFound(f"no goal {ref!r}", pointer=f"/trade_offs/{i}/{name.rstrip('_')}")
        parsed.append(e.TradeOff(kind=named.kind, **ids))
    return tuple(parsed)


def parse_terms(written: TermsInput, world: DecisionContext, pointer: str = "/terms") -> dict[str, Any]:
    """What the terms as written say, resolved, by field name; unsaid fields are absent."""
    parsed: dict[str, Any] = {
        name: value for name in ("kind", "priority") if (value := getattr(written, name)) is not None
    }
    if written.outcome is not None:
        parsed["outcome"] = require_text(written.outcome, f"{pointer}/outcome")
    if written.measure is not None:
        parsed["measure"] = parse_measure(written.measure, f"{pointer}/measure")
    if written.conditions is not None:
        parsed["conditions"] = parse_conditions(written.conditions, f"{pointer}/conditions")
    for name in ("start", "due"):
        if (value := getattr(written, name)) is not None:
            parsed[name] = check_date(value, f"{pointer}/{name}")
    if written.effort_hours is not None:
        parsed["effort_hours"] = parse_effort(written.effort_hours, f"{pointer}/effort_hours")
    if written.supports is not None:
        parsed["supports"] = parse_supports(written.supports, world, f"{pointer}/supports")
    return parsed


def validate_terms(terms: Terms, owner: UUID, team: UUID | None, world: DecisionContext) -> Terms:
    """Terms that may be asked for or offered; raises `InvalidField` or `PurposeRequired` naming what is wrong."""
    if terms.due < terms.start:
        raise InvalidField("the due date is before the start", pointer="/terms/due")
    if terms.kind is GoalKind.OUTCOME:
        check_outcome(terms.effort_hours, owner, team, world, "")
    check_purpose(terms.supports, world, "/terms/supports")
    return terms


def check_purpose(held: tuple[Support, ...], world: DecisionContext, pointer: str) -> None:
    """Raise `PurposeRequired` where nothing would be supported and the policy asks for it."""
    if world.policy.policy.require_purpose and not held:
        raise PurposeRequired(pointer=pointer)


def check_outcome(
    effort_hours: str | None, owner: UUID | None, team_id: UUID | None, world: DecisionContext, at: str
) -> None:
    """A team outcome has no effort of its own, and its owner (None: as before) is the team's lead."""
    if effort_hours is not None:
        raise InvalidField(
            "a team outcome carries no effort of its own: put it on the tasks that support it",
            pointer=f"{at or '/terms'}/effort_hours",
        )
    if owner is None:
        return
    team = world.team(team_id) if team_id else None
    if team is None:
        raise InvalidField("an outcome belongs to a team", pointer="/team")
    lead = lead_of(team, world)
    if lead != owner:
        allowed = () if lead is None else (str(lead),)
        raise InvalidField("a team outcome is owned by the team's lead", pointer=f"{at}/owner", allowed=allowed)


# --- the three ways to begin -------------------------------------------------------------------------------------


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a draft, request or offer, merged with the draft it may come from."""

    header: dict[str, Any]
    owner: UUID | None
    sponsor: UUID | None
    terms: dict[str, Any]


def merge_opening(
    goal: Goal | None, act: a.Draft | a.ReviseDraft | a.Request | a.Offer, world: DecisionContext
) -> Opening:
    """Merge the act with the draft (if there is one); the party takes the role that the act implies."""
    draft = goal if isinstance(goal, DraftGoal) else None
    title = act.title or (draft.title if draft else None)
    if title is None or not is_visible(title):
        raise InvalidField("a goal needs a title", pointer="/title")
    team_id = world.id_of("team", act.team) if act.team else (draft.team if draft else None)
    team = world.team(team_id) if team_id is not None else None
    if act.team and team is None:
        raise NotFound(f"no team {act.team!r}", pointer="/team")
    if team is not None:
        require_not_archived(team, world, "/team")
    drafted = {k: v for k, v in msgspec.structs.asdict(draft.terms).items() if v is not None} if draft else {}
    parsed = {**drafted, **(parse_terms(act.terms, world) if act.terms else {})}
    header = {
        "title": title,
        "team": team_id,
        "description": act.description or (draft.description if draft else ""),
        "tags": tuple(act.tags) or (draft.tags if draft else ()),
        "ref": require_own_reference(act.ref, "goal", world) or (draft.ref if draft else None),
        "follow_up_of": _resolve_follow_up(act.follow_up_of, world) or (draft.follow_up_of if draft else None),
    }
    owner = require_member(act.owner, "/owner", world) if act.owner else (draft.owner if draft else None)
    sponsor = require_member(act.sponsor, "/sponsor", world) if act.sponsor else (draft.sponsor if draft else None)
    return Opening(header=header, owner=owner, sponsor=sponsor, terms=parsed)


def _resolve_follow_up(ref: str | None, world: DecisionContext) -> UUID | None:
    """The earlier goal of this organisation that the new one follows up."""
    if ref is None:
        return None
    goal = world.id_of("goal", ref)
    if goal == world.stream_id:
        raise InvalidField("a goal cannot follow up itself", pointer="/follow_up_of")
    if not world.has_goal(goal):
        raise NotFound(f"no goal {ref!r}", pointer="/follow_up_of")
    return goal


def require_member(ref: str, pointer: str, world: DecisionContext) -> UUID:
    """The member that `ref` names: joined; in an import a placeholder will do until the file's end."""
    if world.source is Source.IMPORT:
        return world.id_of("member", ref)
    return world.require_present_member(ref, pointer).id


def complete_terms(opened: Opening, world: DecisionContext) -> Terms:
    """Complete terms from the act; names what is missing."""
    parsed = dict(opened.terms)
    parsed.setdefault("outcome", opened.header["title"])
    parsed.setdefault("measure", Measure(kind="binary"))
    parsed.setdefault("start", world.today)
    parsed.setdefault("priority", Priority.IMPORTANT)
    if not parsed.get("conditions"):
        raise InvalidField("at least one condition of satisfaction is needed", pointer="/terms/conditions")
    if "due" not in parsed:
        raise InvalidField("a due date is needed", pointer="/terms/due")
    return Terms(**parsed)


def draft_goal(goal: Goal | None, act: a.Draft | a.ReviseDraft, world: DecisionContext) -> Event:
    """A draft, as far as it goes. Its author is one of its parties; alone, the owner."""
    opened = merge_opening(goal, act, world)
    author = goal.author if isinstance(goal, DraftGoal) else world.party
    if author is None:
        raise NotAParty("a draft needs an author")
    owner = opened.owner or (author if opened.sponsor != author else None)
    if author not in (owner, opened.sponsor):
        raise NotAParty("the author of a draft is its owner or its sponsor", pointer="/owner")
    terms = e.DraftTerms(**{k: v for k, v in opened.terms.items() if k in e.DraftTerms.__struct_fields__})
    if isinstance(act, a.Draft):
        return e.GoalDrafted(**opened.header, author=author, owner=owner, sponsor=opened.sponsor, terms=terms)
    return e.DraftRevised(**opened.header, owner=owner, sponsor=opened.sponsor, terms=terms)


def request_goal(goal: Goal | None, act: a.Request, world: DecisionContext) -> e.GoalRequested:
    """The sponsor (the party) asks the owner."""
    opened = merge_opening(goal, act, world)
    sponsor = opened.sponsor or world.party
    if sponsor is None or sponsor != world.party:
        raise NotAParty("only the sponsor requests: the party of this act must be the sponsor", pointer="/sponsor")
    if opened.owner is None:
        raise InvalidField("whom do you ask? name the owner", pointer="/owner")
    terms = validate_terms(complete_terms(opened, world), opened.owner, opened.header["team"], world)
    return e.GoalRequested(
        **opened.header,
        owner=opened.owner,
        sponsor=sponsor,
        terms=terms,
        imposed=act.imposed,
        trade_offs=parse_trade_offs(act.trade_offs, world),
        accept_overload=act.accept_overload,
    )


def offer_goal(goal: Goal | None, act: a.Offer, world: DecisionContext) -> e.GoalOffered:
    """The owner (the party) offers to the sponsor."""
    opened = merge_opening(goal, act, world)
    owner = opened.owner or world.party
    if owner is None or owner != world.party:
        raise NotAParty("only the owner offers: nobody promises for another", pointer="/owner", allowed=("request",))
    if opened.sponsor is None:
        raise InvalidField("to whom do you offer it? name the sponsor", pointer="/sponsor")
    terms = validate_terms(complete_terms(opened, world), owner, opened.header["team"], world)
    named = parse_trade_offs(act.trade_offs, world)
    return e.GoalOffered(
        **opened.header,
        owner=owner,
        sponsor=opened.sponsor,
        terms=terms,
        trade_offs=named,
        trade_offs_suffice=can_suffice(named, owner=owner, terms=terms, current=None, world=world),
    )


def apply_counter(terms: Terms, written: TermsInput, owner: UUID, team: UUID | None, world: DecisionContext) -> Terms:
    """The terms on the table with a counter's differences; raises `InvalidField` where nothing differs."""
    new = replace(terms, **parse_terms(written, world))
    if new == terms:
        raise InvalidField("a counter says what differs", pointer="/terms")
    return validate_terms(new, owner, team, world)
