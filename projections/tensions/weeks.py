"""Since when a tension shows: at the end of every week, looked back as long as it did.

A figure may flicker between two days, so that no search by halves finds when it began: week after week is looked at,
from the last one backwards, and only those tensions that still show. What a week's end showed changes only by what is
recorded later and happened before it, so that a process asks once for each (0069).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple, TypeAlias
from uuid import UUID
from weakref import WeakKeyDictionary

import msgspec

from domain.calendar import monday
from domain.experiment.events import Tension
from domain.instants import to_micros
from projections.bounded_cache import BoundedCache
from projections.database.database import Database, named_statements
from projections.figures import Figure
from projections.tensions.figures import TensionContext, at_end_of, load_figures
from projections.tensions.past import PastFacts
from projections.tensions.rules import RULES, bare

#: Ends of weeks that are looked at.
WEEKS_BACK = 12
_WEEK = timedelta(days=7)
#: Ends of weeks that one process remembers, of all teams: about 3 MB.
MAX_WEEKS = 10_000


class Since(NamedTuple):
    """The last day of the first week of an unbroken row."""

    day: date
    #: Each week that was looked at has it: it may have begun before.
    or_earlier: bool


#: Organisation, team, days of the window, last day of the week.
_WeekKey: TypeAlias = tuple[UUID, UUID | None, int, date]


class Week(NamedTuple):
    """What the end of a week showed, with what was known at one position of the organisation."""

    position: int
    shows: dict[Tension, bool]


#: What the ends of weeks showed.
_CACHES: WeakKeyDictionary[Database, BoundedCache[_WeekKey, Week]] = WeakKeyDictionary()


def cache_of(database: Database) -> BoundedCache[_WeekKey, Week]:
    """The weeks that were asked of this database."""
    return _CACHES.setdefault(database, BoundedCache(MAX_WEEKS))


def forget(database: Database) -> None:
    """Forget the weeks that were asked of this database: the next question costs what a process's first does."""
    _CACHES.pop(database, None)


def find_since(at: TensionContext, shown: Iterable[Tension]) -> dict[Tension, Since]:
    """Of tensions that show at `at`: since the end of which week they have, without a break at the end of any."""
    today = at.as_of.today
    waiting = list(shown)
    found = {tension: Since(today, or_earlier=False) for tension in waiting}
    last = monday(today) - timedelta(days=1)
    days = [last - week * _WEEK for week in range(WEEKS_BACK)]
    weeks = _Weeks(at, days)
    for day in days:
        if not waiting:
            return found
        still = weeks.assess(day, waiting)
        waiting = [tension for tension in waiting if still[tension]]
        found |= {tension: Since(day, or_earlier=False) for tension in waiting}
    return found | {tension: Since(found[tension].day, or_earlier=True) for tension in waiting}


class _FigureTable(dict[str, Figure]):
    """The figures of one evaluation by name, each read when it is looked at."""

    def __init__(self, at: TensionContext) -> None:
        super().__init__()
        self._at = at

    def __missing__(self, name: str) -> Figure:
        self.update((figure.name, figure) for figure in map(bare, load_figures(self._at, {name})))
        return self[name]


class _Weeks:
    """The ends of weeks as one report sees them."""

    def __init__(self, at: TensionContext, days: Iterable[date]) -> None:
        self._at = msgspec.structs.replace(at, scope=msgspec.structs.replace(at.scope, explain=False))
        self._ends = {day: at_end_of(day, at.as_of, at.organisation) for day in days}
        self._cache = cache_of(at.database)
        #: Earlier and later position -> business time (microseconds UTC) of the first event recorded between.
        self._first_between: dict[tuple[int, int], int | None] = {}
        self._past: PastFacts | None = None

    def assess(self, day: date, tensions: Iterable[Tension]) -> dict[Tension, bool]:
        """Whether these tensions showed at the end of the day."""
        wanted, shows = list(tensions), self._find_known(day)
        if missing := [tension for tension in wanted if tension not in shows]:
            shows |= self._compute(day, missing)
        self._cache.put(self._key(day), Week(self._at.as_of.position, shows))
        return {tension: shows[tension] for tension in wanted}

    def _key(self, day: date) -> _WeekKey:
        return self._at.as_of.organisation_id, self._at.scope.team, self._at.scope.window, day

    def _find_known(self, day: date) -> dict[Tension, bool]:
        """What the end of the day showed when it was looked at, where that holds still."""
        known = self._cache.get(self._key(day))
        return dict(known.shows) if known is not None and self._is_untouched(known, day) else {}

    def _is_untouched(self, week: Week, day: date) -> bool:
        """Whether nothing recorded between what it knew and what is known now happened by the end of the day."""
        between = min(week.position, self._at.as_of.position), max(week.position, self._at.as_of.position)
        if between[0] == between[1]:
            return True
        if between not in self._first_between:
            params = {"organisation_id": str(self._at.as_of.organisation_id), "after": between[0], "upto": between[1]}
            rows = self._at.database.query(named_statements("tensions")["first_between"], params)
            self._first_between[between] = rows[0].first
        first = self._first_between[between]
        return first is None or first > to_micros(self._ends[day].at)

    def _compute(self, day: date, tensions: Sequence[Tension]) -> dict[Tension, bool]:
        if self._past is None:
            # Nothing is read for ends that are known.
            unknown = [end for other, end in self._ends.items() if not self._find_known(other).keys() >= {*tensions}]
            self._past = PastFacts(self._at.database, self._at.scope, unknown)
        end = self._ends[day]
        figures = _FigureTable(msgspec.structs.replace(self._at, as_of=end, past=self._past))
        return {tension: bool(RULES[tension].shows(figures, end.policy.policy)) for tension in tensions}
