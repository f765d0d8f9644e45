"""What several rules of a charter share: how its parts are named and found, and whose decision carries what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar
from uuid import UUID

import msgspec

from domain.charter.events import CharterFact
from domain.charter.state import Charter, DecisionSubject, NonNegotiable, part_id
from domain.context import DecisionContext
from domain.envelope import Source
from domain.errors import AlreadyExists, DecisionUnfit, InvalidField, NotFound, ReasonRequired
from domain.reasons import Reason
from domain.references import as_uuid, require_external_reference
from domain.scope_rules import require_lead, require_member
from domain.text import compose, is_visible

#: Parts of one sort that a charter may name in all: a bound on what its state can grow to.
MAX_PARTS = 100


class RuleResult(msgspec.Struct, frozen=True, kw_only=True):
    """What an act comes to."""

    event: CharterFact
    #: The decided event that it carries out.
    causation: UUID | None = None
    reason: Reason | None = None


class Part(Protocol):
    """A non-negotiable, freedom or ritual."""

    @property
    def id(self) -> UUID: ...
    @property
    def ref(self) -> str | None: ...


P = TypeVar("P", bound=Part)


def new_part_id(charter: Charter, part: str, ref: str | None, there: Iterable[Part], world: DecisionContext) -> UUID:
    """The id of a part that begins under `ref`, or under an id of its own.

    Raises `AlreadyExists` where that name is taken, `InvalidField` for one that cannot be a name.
    """
    known = list(there)
    if len(known) >= MAX_PARTS:
        raise InvalidField(f"a charter names {MAX_PARTS} of them at most", pointer=f"/{part}")
    if ref is None:
        return world.next_id()
    ids = {one.id for one in known}
    identity = part_id(charter.id, part, ref if as_uuid(ref) else require_external_reference(ref), ids)
    if identity in ids:
        raise AlreadyExists(f"{ref!r} exists already in this charter; take another name", pointer=f"/{part}")
    return identity


def external_reference(ref: str | None) -> str | None:
    """The source's own name; None for an id."""
    return None if ref is None or as_uuid(ref) else compose(ref)


def find_part(charter: Charter, part: str, ref: str, there: Iterable[P]) -> P:
    """The part that `ref` names; raises `NotFound` with those that there are."""
    known = list(there)
    identity = part_id(charter.id, part, ref, {one.id for one in known})
    for one in known:
        if one.id == identity:
            return one
    names = tuple(one.ref or str(one.id) for one in known)
    raise NotFound(f"no {part.replace('_', '-')} {ref!r} in force", pointer=f"/{part}", allowed=names)


def find_non_negotiable(charter: Charter, ref: str) -> NonNegotiable:
    """The non-negotiable in force that `ref` names."""
    return find_part(charter, "non_negotiable", ref, charter.non_negotiables_in_force)


def the_only_open(what: str, ref: str | None, there: Iterable[UUID], world: DecisionContext) -> UUID | None:
    """The open one that is meant where an import names none; None: look for what is named.

    Raises `InvalidField` where it has to be named.
    """
    if ref is not None:
        return None
    known = list(there)
    if world.source is Source.IMPORT and len(known) == 1:
        return known[0]
    raise InvalidField(f"name the {what} that you mean", pointer=f"/{what}", allowed=tuple(map(str, known)))


def require_reason_text(reason: Reason | None, why: str) -> Reason:
    """The reason, with words; raises `ReasonRequired`."""
    if reason is None:
        raise ReasonRequired(why, pointer="/reason")
    if not is_visible(reason.text):
        raise ReasonRequired(f"{why}, in words, not the code alone", pointer="/reason/text")
    return reason


def require_decision_or_lead(
    charter: Charter, decision: str | None, matter: DecisionSubject, world: DecisionContext, *, words: str | None = None
) -> tuple[UUID | None, UUID | None]:
    """The decision's id and its decided event; both None where the lead alone acts.

    A member may carry out what was decided together, in the words decided (`words`; None: the matter's own); in other
    words it takes the lead. Raises `Forbidden`, `NotFound`, and `DecisionUnfit` where the decision is still open, went
    another way, is about something else, or has carried something already.
    """
    if decision is None:
        require_lead(charter.of, world)
        return None, None
    require_member(charter.of, world)
    named = world.decision(world.id_of("decision", decision))
    if named is None:
        raise NotFound(f"no decision {decision!r}", pointer="/decision")
    if named.about != matter:
        # Checked first: a refusal must not reveal how another team's decision stands.
        raise DecisionUnfit("this decision is about something else", pointer="/decision")
    outcome = named.decided
    chosen = {
        compose(option.text).strip() for option in named.options if outcome is not None and option.id == outcome.option
    }
    if words is not None and compose(words).strip() not in chosen:
        require_lead(charter.of, world)
    if outcome is None or outcome.at > world.at:
        raise DecisionUnfit("this decision is still open", pointer="/decision")
    if not outcome.in_favour:
        raise DecisionUnfit("it was decided to leave things as they are", pointer="/decision")
    if named.id in charter.decisions:
        raise DecisionUnfit("this decision has been carried out already", pointer="/decision")
    return named.id, outcome.event_id
