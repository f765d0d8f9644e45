"""What the ledger has already of what a sheet names: goals, members, teams, and the rows of earlier files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import UUID

from domain.errors import NotFound
from domain.member.member import Member
from domain.references import resolve_stream_id
from domain.team.team import Team
from domain.text import compose
from projections.as_of import resolve_as_of
from projections.people import members_at, teams_at

if TYPE_CHECKING:
    from services.runtime import Runtime

_T = TypeVar("_T")
#: Streams or identities that are looked up by one statement.
_LOOKED_UP = 500


class Resolved(NamedTuple):
    """The reference of a member or team that a cell names, or why there is none."""

    ref: str
    is_known: bool
    #: Several have this name.
    is_ambiguous: bool = False


class KnownNames:
    """Members or teams by reference, else by name."""

    def __init__(self, kind: str, known: set[str], by_name: dict[str, list[UUID]]) -> None:
        self._kind = kind
        self._known = known
        self._by_name = by_name
        #: Unknown ones, in the spelling that came first.
        self._first_spelling: dict[str, str] = {}

    def resolve(self, text: str) -> Resolved:
        """The reference that `text` is, or that has this name."""
        ref = compose(text)
        if ref in self._known:
            return Resolved(ref, is_known=True)
        found = self._by_name.get(_fold(text), [])
        if len(found) == 1:
            return Resolved(str(found[0]), is_known=True)
        return Resolved(self._first_spelling.setdefault(_fold(text), ref), is_known=False, is_ambiguous=len(found) > 1)


class LedgerLookup:
    """Look-ups of one organisation, many at a time."""

    def __init__(self, runtime: Runtime, organisation_id: UUID) -> None:
        self._runtime = runtime
        self._organisation_id = organisation_id

    def load_goals(self, refs: Iterable[str]) -> dict[str, Any]:
        """Reference -> the goal's state, for those that there are."""
        return self._load("goal", refs)

    def find_rows(self, own_ids: Iterable[str]) -> set[str]:
        """Those row ids of which the act was imported before."""
        found = set[str]()
        for some in _batches(sorted({f"id:{compose(own_id)}" for own_id in own_ids})):
            found |= self._runtime.ledger.find_imported_rows(self._organisation_id, some)
        return {row.removeprefix("id:") for row in found}

    def load_members(self, texts: Iterable[str]) -> KnownNames:
        """The members that the texts may name. One who has left is known: what that means is decided by the rules."""
        states = self._load("member", texts)
        known = {ref for ref, state in states.items() if isinstance(state, Member) and state.joined_at is not None}
        return KnownNames("member", known, self._list_names("member") if len(known) < len(set(texts)) else {})

    def load_teams(self, texts: Iterable[str]) -> KnownNames:
        """The teams that the texts may name."""
        states = self._load("team", texts)
        known = {ref for ref, state in states.items() if isinstance(state, Team)}
        return KnownNames("team", known, self._list_names("team") if len(known) < len(set(texts)) else {})

    def _load(self, kind: str, texts: Iterable[str]) -> dict[str, Any]:
        ids: dict[UUID, str] = {}
        for text in texts:
            ref = compose(text)
            ids[resolve_stream_id(self._organisation_id, kind, ref)] = ref
        found: dict[str, Any] = {}
        for some in _batches(list(ids)):
            for stream_id, entry in self._runtime.ledger.load_all_current(self._organisation_id, some).items():
                if entry.kind == kind and entry.state is not None:
                    found[ids[stream_id]] = entry.state
        return found

    def _list_names(self, kind: str) -> dict[str, list[UUID]]:
        """Name -> the members or teams that are called so, as far as the read models know."""
        runtime = self._runtime
        try:
            view = resolve_as_of(runtime.database, runtime.ledger, self._organisation_id, now=runtime.clock())
        except NotFound:
            # Founded just now: nothing was followed yet.
            return {}
        listed: list[Member] | list[Team]
        listed = members_at(runtime.database, view) if kind == "member" else teams_at(runtime.database, view)
        found: dict[str, list[UUID]] = {}
        for state in listed:
            if state.name:
                found.setdefault(_fold(state.name), []).append(state.id)
        return found


def _fold(text: str) -> str:
    return " ".join(compose(text).casefold().split())


def _batches(items: Sequence[_T]) -> Iterator[list[_T]]:
    rest = iter(items)
    while some := list(islice(rest, _LOOKED_UP)):
        yield some
