"""Goals as versions: what each was at any business time, as believed at any log position."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Literal, NamedTuple, cast, get_args
from uuid import UUID

import msgspec
from msgspec.structs import FieldInfo

from domain.errors import InvalidField
from domain.goal.acts import Pause
from domain.goal.evolve import evolve
from domain.goal.state import PROMISED_STATES, Ended, Goal, OpenBlocker, Promised, PromiseFields, promise_of
from domain.terms import GoalKind, Measure
from domain.text import fold
from ledger.cancellation import cancellable
from projections.as_of import AsOf
from projections.database.database import Database, IdTable, Row, named_statements, to_id
from projections.database.paging import Order, RowSelection, query_digest_of
from projections.database.sql import PART_MARK, all_in_force_sql, goal_body_sql, in_clause, without_nul
from projections.database.tables import Column
from projections.engine.state_parts import PartValues, StateParts, parts_table
from projections.engine.stream_events import to_column_value
from projections.engine.versions import VersionedProjection
from projections.streams import query_page

_SQL = "goals"
_CHUNK_SIZE = 400
#: The end that keeps a promise.
KEPT_STATE = "satisfied"
STANDING_OR_KEPT_STATES = (*PROMISED_STATES, KEPT_STATE)
#: What goals without a date are sorted as.
_DUE = "COALESCE(due, '9999-12-31')"


def _fields(goal: Goal) -> tuple[Any, ...]:
    terms = goal.terms
    supports = (terms.supports if terms else None) or ()
    title = without_nul(goal.title)
    outcome = terms.outcome if terms else None
    return (
        *to_column_value((goal.ref, goal.team, goal.owner, goal.sponsor, goal.state)),
        title,
        fold(title),
        fold(without_nul(outcome)) if outcome else "",
        *(to_column_value((terms.start, terms.due, terms.priority)) if terms else (None, None, None)),
        " ".join(sorted(str(s.goal or s.purpose) for s in supports)) if supports else "",
    )


#: What check-ins, timers and open questions change of a promise. All else is its agreement.
_STATED = frozenset(
    {
        *(
            "version",
            "state",
            "moved_at",
            "acted_at",
            "last_at",
            "sources",
            "progress",
            "exact_progress",
            "progress_at",
        ),
        *("confidence", "value", "value_at", "last_check_in", "last_check_in_at", "last_words"),
        *("judged_at", "judged_by_event", "blockers", "blocked_in_check_in", "blockers_told_at", "needs"),
        *("proposal", "delivery", "lapsed_at", "contact_at", "contact_event", "sponsor_missed_answer", "reminded_of"),
    }
)


def _define_part(name: str, fields: Iterable[FieldInfo], tag: str | None = None) -> Callable[..., msgspec.Struct]:
    """A Struct of some fields of a promise, encoded as they are in the whole; it takes their values in order."""
    typed = [(field.name, Any, _default_of(field)) for field in fields]
    return msgspec.defstruct(name, typed, tag=tag, omit_defaults=True, frozen=True, gc=False)


def _default_of(field: FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(default_factory=field.default_factory)
    # What has no default is always there.
    return msgspec.UNSET if field.default is msgspec.NODEFAULT else field.default


_FIELDS = [field for field in msgspec.structs.fields(Promised) if field.name != "statements"]
_STATED_FIELDS = [field for field in _FIELDS if field.name in _STATED]
_AGREED_FIELDS = [field for field in _FIELDS if field.name not in _STATED]
_get_stated = attrgetter(*(field.name for field in _STATED_FIELDS))
_get_agreed = attrgetter(*(field.name for field in _AGREED_FIELDS))
_Stated = _define_part("Stated", _STATED_FIELDS)
_Agreed = _define_part("Agreed", _AGREED_FIELDS, tag="promised")


def _list_agreed_values(goal: Goal) -> PartValues:
    promise = promise_of(goal)
    return None if promise is None else _get_agreed(promise)


def _encode_agreement(values: tuple[Any, ...]) -> str:
    """Without the bracket at its end: what is stated goes on behind it."""
    return msgspec.json.encode(_Agreed(*values)).decode()[:-1]


def _encode_without_agreement(goal: Promised | Ended) -> str:
    if isinstance(goal, Promised):
        return f"{PART_MARK},{msgspec.json.encode(_Stated(*_get_stated(goal))).decode()[1:]}"
    end = msgspec.json.encode(msgspec.structs.replace(goal, promised=None)).decode()
    return f'{end[:-1]},"promised":{_encode_without_agreement(cast("Promised", goal.promised))}}}'


GOAL_PARTS = StateParts(
    table=parts_table(
        "goal_agreements",
        "JSON of the state, up to what is stated: it stands in `body` in the place of the newline.",
        "Goals: what of their states was agreed (terms, parties, title), once for all rows of `goals` that have it.",
    ),
    values_of=_list_agreed_values,
    encode_part=_encode_agreement,
    encode_rest=_encode_without_agreement,
    columns=(
        Column(
            "agreement", "integer", "`number` in goal_agreements; none: the body is the whole state.", nullable=True
        ),
        Column("body", "text", "The state, but for its agreement, in whose place a newline stands."),
    ),
    whole_sql=goal_body_sql("goals", "goals.organisation_id"),
)

GOALS = VersionedProjection(
    name="goals",
    version=8,
    kind="goal",
    evolve=evolve,
    columns=(
        Column("ref", "text", "The source's own id of the goal.", nullable=True),
        Column("team", "uuid", "The team whose goal it is.", nullable=True),
        Column("owner", "uuid", "The member who promises.", nullable=True),
        Column("sponsor", "uuid", "The member to whom it is promised.", nullable=True),
        Column("state", "text", "The agreement's name of the state."),
        Column("title", "text", "What the goal is called."),
        Column("title_folded", "text", "The title, composed (NFC) and case folded: for search and order."),
        Column("outcome_folded", "text", "The outcome of the terms, composed (NFC) and case folded: for search."),
        Column("start", "date", "First day of the terms in force, in the organisation's zone.", nullable=True),
        Column("due", "date", "Last day of the terms in force, in the organisation's zone.", nullable=True),
        Column("priority", "text", "critical, important or useful.", nullable=True),
        Column("supports", "text", "Ids of the goals and purposes that it supports, ascending, parted by spaces."),
    ),
    fields=_fields,
    indexes=(
        ("organisation_id", "owner", "valid_to"),
        ("organisation_id", "team", "valid_to"),
    ),
    latest_indexes=(
        # By due date; the state is a column of the index, so that rows of other states are skipped without being read.
        (_DUE, "stream_id", "state"),
        ("title_folded", "stream_id"),
        ("valid_from", "stream_id"),
        ("owner", "valid_from"),
        ("sponsor", "valid_from"),
        ("team", "valid_from"),
    ),
    comment="Goals: one row per state, business time and belief; in body the state without what was agreed.",
    parts=GOAL_PARTS,
)


class ReportedTerms(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What reports read of a promise's terms."""

    measure: Measure
    start: date
    due: date
    kind: GoalKind = GoalKind.TASK


class ReportedPromise(PromiseFields, msgspec.Struct, frozen=True, kw_only=True, tag="promised", gc=False):
    """What reports read of `Promised`, under the same names: a fifth of the time that the whole state takes."""

    id: UUID
    state: str
    title: str
    team: UUID | None
    owner: UUID
    sponsor: UUID
    terms: ReportedTerms
    first_terms: ReportedTerms
    promised_at: datetime
    promise_event: UUID
    terms_event: UUID
    offer_event: UUID | None = None
    sources: dict[str, tuple[UUID, ...]] = {}
    progress: str = "0"
    exact_progress: str | None = None
    progress_at: datetime | None = None
    value: str | None = None
    judged_at: datetime
    judged_by_event: UUID
    contact_at: datetime
    contact_event: UUID | None = None
    pause: Pause | None = None
    blockers: tuple[OpenBlocker, ...] = ()
    blocked_in_check_in: bool = False
    blockers_listed_at: datetime | None = msgspec.field(default=None, name="blockers_told_at")


class ReportedEnd(msgspec.Struct, frozen=True, kw_only=True, tag="ended", gc=False):
    """What reports read of `Ended`."""

    id: UUID
    state: str
    title: str
    team: UUID | None
    terms: ReportedTerms | None
    ended_at: datetime
    promised: ReportedPromise | None = None


class KeptGoal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A goal whose promise was kept, as far as columns say what it was: its whole state need not be read."""

    id: UUID
    state: str
    title: str
    team: UUID | None
    owner: UUID
    #: ISO 8601; empty where it has none.
    due: str


PromisedGoal = ReportedPromise | ReportedEnd
StandingOrKept = ReportedPromise | KeptGoal
#: As a report reads it, or whole.
AnyPromise = Promised | ReportedPromise

_PROMISED_GOAL: msgspec.json.Decoder[PromisedGoal] = msgspec.json.Decoder(PromisedGoal)
_STANDING = msgspec.json.Decoder(ReportedPromise)
_GOAL: msgspec.json.Decoder[Goal] = msgspec.json.Decoder(Goal)

Sort = Literal["due", "-due", "title", "-title", "updated", "-updated"]
SORTS: tuple[str, ...] = get_args(Sort)
_SORT_KEYS = {"due": _DUE, "title": "title_folded", "updated": "valid_from"}


_LEAST_ID, _GREATEST_ID = str(UUID(int=0)), str(UUID(int=2**128 - 1))


class GoalFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which goals to list; all that are given must hold."""

    #: How the ids begin: hexadecimal digits, with the hyphens of a UUID. Unset it is no part of a cursor's question.
    id_prefix: str | msgspec.UnsetType = msgspec.UNSET
    #: Only those with an event behind this log position; likewise.
    changed_after: int | msgspec.UnsetType = msgspec.UNSET
    team: UUID | None = None
    owner: UUID | None = None
    sponsor: UUID | None = None
    #: Any of these states.
    states: tuple[str, ...] = ()
    #: A goal or purpose that the listed goals support.
    supports: UUID | None = None
    #: A cycle that the listed goals are in.
    cycle: UUID | None = None
    #: Words looked for in title and outcome, whatever their case and their Unicode form; every one must occur.
    q: str = ""
    due_from: date | None = None
    due_to: date | None = None


class GoalVisibilityFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What of the list its reader may see: goals to which the member is owner or sponsor, and those of the teams."""

    member: UUID
    teams: frozenset[UUID]

    def to_alternatives(self) -> tuple[list[str], dict[str, Any]]:
        """Conditions on a row of `goals`, of which one must hold, and their parameters."""
        marks, teams = in_clause("seen", sorted(self.teams, key=str))
        found = ["goals.owner = :viewer", "goals.sponsor = :viewer", f"goals.team IN ({marks})"]
        return found, {"viewer": str(self.member), **teams}

    def to_sql(self) -> tuple[str, dict[str, Any]]:
        """The condition on a row of `goals`, and its parameters."""
        found, params = self.to_alternatives()
        return f"({' OR '.join(found)})", params


class GoalPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some goals, and the cursor that leads on; None: these were the last."""

    goals: list[Goal]
    next: str | None


class GoalAt(NamedTuple):
    """A goal at some time, and whether that is the latest that the views have of it, so that it stands so still."""

    goal: Goal
    is_latest: bool


def find_goal(database: Database, as_of: AsOf, goal_id: UUID) -> GoalAt | None:
    """One goal; None where there is none (yet, at that time). Its `version` counts all its events known by then."""
    rows = database.query(named_statements(_SQL)["get"], {**as_of.params, "stream_id": str(goal_id)})
    if not rows:
        return None
    goal = msgspec.structs.replace(_GOAL.decode(rows[0].body), version=rows[0].stream_version)
    return GoalAt(goal, bool(rows[0].is_latest))


def goal_at(database: Database, as_of: AsOf, goal_id: UUID) -> Goal | None:
    """As `find_goal`, the goal alone."""
    found = find_goal(database, as_of, goal_id)
    return None if found is None else found.goal


def goals_at(
    database: Database,
    as_of: AsOf,
    *,
    team: UUID | None = None,
    owners: Iterable[UUID] | None = None,
    states: Iterable[str] | None = None,
) -> list[Goal]:
    """Every goal, or those of a team, of any of these owners, in any of these states; by id."""
    return [_GOAL.decode(body) for body in cancellable(_load_bodies(database, as_of, team, owners, states))]


def promised_goals_at(
    database: Database,
    as_of: AsOf,
    *,
    team: UUID | None = None,
    owners: Iterable[UUID] | None = None,
    states: Iterable[str],
) -> list[PromisedGoal]:
    """As `goals_at`, of goals in states of a promise or of its end, and of each what reports read."""
    return [to_promised_goal(body) for body in cancellable(_load_bodies(database, as_of, team, owners, states))]


def promises_at(
    database: Database,
    as_of: AsOf,
    *,
    team: UUID | None = None,
    owners: Iterable[UUID] | None = None,
    states: Iterable[str],
) -> list[ReportedPromise]:
    """As `promised_goals_at`, of states in which a promise stands."""
    goals = promised_goals_at(database, as_of, team=team, owners=owners, states=states)
    return [goal for goal in goals if isinstance(goal, ReportedPromise)]


def standing_or_kept_goals_at(
    database: Database, as_of: AsOf, *, team: UUID | None, owners: Iterable[UUID] | None
) -> list[StandingOrKept]:
    """Every goal, or those of a team, of any of these owners, whose promise stands or was kept; by id."""
    body = f"CASE WHEN state <> '{KEPT_STATE}' THEN {goal_body_sql('goals')} END AS body"
    columns = f"stream_id, state, title, team, owner, due, {body}"
    rows, ids = load_goal_rows(database, as_of, columns, team, owners, STANDING_OR_KEPT_STATES), IdTable()
    return [to_standing_or_kept(row, ids) for row in cancellable(rows)]


def to_standing_or_kept(row: Row, ids: IdTable) -> StandingOrKept:
    """The goal of a row in one of `STANDING_OR_KEPT_STATES`; `ids` has those of teams and owners, made once."""
    if row.state != KEPT_STATE:
        return _STANDING.decode(row.body)
    return KeptGoal(
        id=to_id(row.stream_id),
        state=row.state,
        title=row.title,
        team=ids[row.team] if row.team else None,
        owner=ids[row.owner],
        due=row.due or "",
    )


def to_promised_goal(body: str) -> PromisedGoal:
    """What reports read of the stored state of a goal that is promised, or ended."""
    return _PROMISED_GOAL.decode(body)


def _load_bodies(
    database: Database,
    as_of: AsOf,
    team: UUID | None,
    owners: Iterable[UUID] | None,
    states: Iterable[str] | None,
) -> list[str]:
    columns = f"stream_id, {goal_body_sql('goals')} AS body"
    return [row.body for row in load_goal_rows(database, as_of, columns, team, owners, states)]


def load_goal_rows(  # noqa: PLR0913 - what is read, and of which goals
    database: Database,
    as_of: AsOf,
    columns: str,
    team: UUID | None,
    owners: Iterable[UUID] | None,
    states: Iterable[str] | None,
) -> list[Row]:
    """These columns of every goal, or those of a team, of any of these owners, in any of these states; by id."""
    where, params = ["1 = 1"], dict(as_of.params)
    if team is not None:
        where.append("team = :team")
        params["team"] = str(team)
    for column, wanted in (("owner", owners), ("state", states)):
        if wanted is not None:
            marks, values = in_clause(column, wanted)
            where.append(f"{column} IN ({marks})")
            params.update(values)
    sql = f"SELECT {columns} FROM {all_in_force_sql('goals')} AS goals WHERE {' AND '.join(where)}"
    # Sorted here: a database would move whole bodies about, and PostgreSQL write those of thousands of goals to disk.
    return sorted(database.query(sql, params), key=attrgetter("stream_id"))


def load_goals_page(
    database: Database,
    as_of: AsOf,
    filters: GoalFilters | None = None,
    *,
    sort: str = "due",
    cursor: str | None = None,
    limit: int = 50,
    visible: GoalVisibilityFilter | None = None,
) -> GoalPage:
    """One page of goals. Later pages see the same moment as the first, whatever is written in between.

    `visible` None shows everything of the organisation.

    Raises `InvalidField` for an unknown sort, a limit outside 1..200, or a cursor that another question gave.
    """
    filters = filters or GoalFilters()
    if sort not in SORTS:
        raise InvalidField(f"cannot sort by {sort!r}", pointer="/sort", allowed=SORTS)
    order = Order(
        key=_SORT_KEYS[sort.lstrip("-")], descending=sort.startswith("-"), number=sort.lstrip("-") == "updated"
    )
    where, params = _build_where(filters)
    few_of, seen = _select_few(database, as_of, filters) if visible is None else visible.to_alternatives()
    rows, following = query_page(
        database,
        as_of,
        RowSelection(table="goals", where=where, few_of=few_of, body=goal_body_sql("v")),
        {**params, **seen},
        order,
        changed_after=filters.changed_after,
        question=query_digest_of(filters, sort),
        cursor=cursor,
        limit=limit,
    )
    return GoalPage(goals=[_GOAL.decode(row.body) for row in rows], next=following)


def _select_few(database: Database, as_of: AsOf, filters: GoalFilters) -> tuple[list[str], dict[str, Any]]:
    """The filter that leaves few goals, where one is given, and its parameters."""
    if filters.cycle is not None:
        cycle = {"organisation_id": str(as_of.organisation_id), "cycle": str(filters.cycle)}
        held = {
            goal for row in database.query(named_statements(_SQL)["ever_in_cycle"], cycle) for goal in row.goals.split()
        }
        marks, ids = in_clause("held", sorted(held))
        return [f"stream_id IN ({marks})"], ids
    if filters.id_prefix is not msgspec.UNSET:
        return ["stream_id BETWEEN :id_from AND :id_to"], {}
    columns = [column for column in ("owner", "sponsor", "team") if getattr(filters, column) is not None]
    return [f"{column} = :{column}" for column in columns[:1]], {}


def _build_where(filters: GoalFilters) -> tuple[list[str], dict[str, Any]]:
    where, params = list[str](), dict[str, Any]()
    if filters.id_prefix is not msgspec.UNSET:
        # Between the least and the greatest UUID that begins so: all are of one length, so any collation agrees.
        length = len(filters.id_prefix)
        where.append("stream_id BETWEEN :id_from AND :id_to")
        params |= {
            "id_from": filters.id_prefix + _LEAST_ID[length:],
            "id_to": filters.id_prefix + _GREATEST_ID[length:],
        }
    for column in ("team", "owner", "sponsor"):
        value = getattr(filters, column)
        if value is not None:
            where.append(f"{column} = :{column}")
            params[column] = str(value)
    if filters.states:
        marks, values = in_clause("state", filters.states)
        where.append(f"state IN ({marks})")
        params |= values
    if filters.supports is not None:
        where.append("supports LIKE :supports")
        params["supports"] = f"%{filters.supports}%"
    if filters.cycle is not None:
        where.append(f"EXISTS ({named_statements(_SQL)['of_cycle']})")
        params["cycle"] = str(filters.cycle)
    for number, word in enumerate(fold(without_nul(filters.q)).split()):
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        where.append(
            f"(title_folded LIKE :word_{number} ESCAPE '\\' OR outcome_folded LIKE :word_{number} ESCAPE '\\')"
        )
        params[f"word_{number}"] = f"%{escaped}%"
    for column, sign, day in (("due_from", ">=", filters.due_from), ("due_to", "<=", filters.due_to)):
        if day is not None:
            # Of the sorted column too: a list by due date then begins, or ends, there.
            where.append(f"due {sign} :{column} AND {_DUE} {sign} :{column}")
            params[column] = day.isoformat()
    return where, params
