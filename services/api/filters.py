"""What a list may be narrowed by: words of a closed vocabulary, and references to what is there.

A wrong word is refused by the type of its field. A reference is looked up where a list came out empty: nothing would
read like good news, and what a list is not empty for is there.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

import msgspec
from msgspec import inspect

from domain.charter.state import charter_id
from domain.decision.state import STATES as DECISION_STATES
from domain.experiment.events import Tension
from domain.experiment.state import STATES as EXPERIMENT_STATES
from domain.goal.agreement import STATES as GOAL_STATES
from domain.reasons import ReasonCode
from domain.references import Ref, as_uuid
from domain.scope import ORGANISATION
from projections import goals
from projections.history import history
from projections.people import teams_at
from services.api.context import RequestContext
from services.api.http.problems import FieldError, ProblemError
from services.api.queries import as_of_now
from services.event_filter import TYPE_PATTERNS
from services.visibility.events import EventVisibility
from services.visibility.policy import with_read_scope

#: Key in `msgspec.Meta.extra` of a field that names a stream: the kinds of which it may be, and words with a meaning of
#: their own.
_REFERENCE = "reference"


def _one_of(words: Iterable[str]) -> Any:
    return Annotated[Literal[tuple(words)], msgspec.Meta(extra_json_schema={"type": "string"})]


def _names(*kinds: str, words: tuple[str, ...] = ()) -> Any:
    return Annotated[Ref, msgspec.Meta(extra={_REFERENCE: (kinds, words)})]


if TYPE_CHECKING:
    GoalState: TypeAlias = str
    DecisionState: TypeAlias = str
    ExperimentState: TypeAlias = str
    TensionName: TypeAlias = str
    EventPattern: TypeAlias = str
    ReasonWord: TypeAlias = str
    GoalField: TypeAlias = str
    GoalSort: TypeAlias = str
    MemberReference: TypeAlias = str
    TeamReference: TypeAlias = str
    ScopeReference: TypeAlias = str
    CycleReference: TypeAlias = str
    GoalReference: TypeAlias = str
    SupportsReference: TypeAlias = str
else:
    GoalState = _one_of(sorted(GOAL_STATES))
    DecisionState = _one_of(DECISION_STATES)
    ExperimentState = _one_of(EXPERIMENT_STATES)
    TensionName = _one_of(map(str, Tension))
    EventPattern = _one_of(TYPE_PATTERNS)
    ReasonWord = _one_of(map(str, ReasonCode))
    GoalField = _one_of(history.FIELDS)
    GoalSort = _one_of(goals.SORTS)

    MemberReference = _names("member")
    TeamReference = _names("team")
    #: A team, or the organisation itself.
    ScopeReference = _names("team", words=(ORGANISATION,))
    CycleReference = _names("cycle")
    GoalReference = _names("goal")
    #: A goal, or a purpose by its charter's id.
    SupportsReference = _names("goal", "charter")


class _ReferenceField(NamedTuple):
    """A field of a query that names a stream."""

    attribute: str
    name: str
    kinds: tuple[str, ...]
    words: tuple[str, ...]


@functools.cache
def reference_fields(query: type[msgspec.Struct]) -> tuple[_ReferenceField, ...]:
    """The fields of a query's Struct that name streams."""
    return tuple(
        _ReferenceField(field.name, field.encode_name, *part.extra[_REFERENCE])
        for field in msgspec.structs.fields(query)
        for part in _parts(inspect.type_info(field.type))
        if part.extra is not None and _REFERENCE in part.extra
    )


def _parts(kind: inspect.Type) -> Iterator[inspect.Metadata]:
    """What is declared of a type, and of those that it is a union of."""
    if isinstance(kind, inspect.Metadata):
        yield kind
        yield from _parts(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for each in kind.types:
            yield from _parts(each)


def require_references(context: RequestContext) -> None:
    """Raise ProblemError 404, naming the field, where the query names what is not there, or not for this viewer."""
    for field in reference_fields(context.query.__class__):
        ref = getattr(context.query, field.attribute)
        if ref is None or ref in field.words:
            continue
        if not any(_is_there(context, kind, ref) for kind in field.kinds):
            raise missing_stream(field.name, field.kinds)


def missing_stream(field: str, kinds: Iterable[str]) -> ProblemError:
    """A 404 about a field of the query that names no stream of these kinds that its sender may know of."""
    detail = f"no such {' or '.join(kinds)}"
    return ProblemError("not_found", detail, errors=(FieldError(pointer=f"/{field}", detail=detail, in_="query"),))


#: Kinds of streams of which not everybody may know that they are there.
_HIDDEN_KINDS = frozenset({"goal", "cycle", "decision", "experiment"})


def _is_there(context: RequestContext, kind: str, ref: str) -> bool:
    organisation = context.viewer.organisation_id
    stream_id = context.resolve_id(kind, ref)
    entry = context.runtime.ledger.load_current(organisation, kind, stream_id)
    if entry is None or entry.state is None:
        return kind == "charter" and as_uuid(ref) is not None and _is_charter_to_be(context, stream_id)
    sight = EventVisibility(context.runtime.ledger, with_read_scope(context.viewer))
    return kind not in _HIDDEN_KINDS or sight.can_see_stream(kind, stream_id)


def _is_charter_to_be(context: RequestContext, stream_id: UUID) -> bool:
    """Whether it will be a charter with its first act: goals may support a purpose before."""
    organisation = context.viewer.organisation_id
    teams = (None, *(team.id for team in teams_at(context.runtime.database, as_of_now(context))))
    return stream_id in {charter_id(organisation, team) for team in teams}
