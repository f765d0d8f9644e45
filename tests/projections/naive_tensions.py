"""The figures of tensions as a plain fold over exported events: dictionaries in, counts out, days in UTC.

Nothing of the projections or of the domain is used, so that both are held to the same words twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

Event = dict[str, Any]
#: Numerator and denominator; of a figure that is no share the value and how many cases.
Count = tuple[Any, int]

_WINDOW, _DAY, _WEEK = 84, timedelta(days=1), timedelta(days=7)
_CADENCE, _GRACE, _SILENT = 14, 3, 56
_ENDS = (
    *("satisfaction_declared", "ruled_satisfied", "ruled_broken", "deemed_satisfied", "cancelled", "released"),
    *("promise_withdrawn", "closed_broken", "given_up", "departed_released"),
)
_JUDGEMENTS = ("promised", "accepted", "checked_in", "statement_taken_back", "affirmed", "link_affirmed")


def parse(text: str) -> datetime:
    return datetime.fromisoformat(text)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def after_absence(last: date) -> datetime:
    """The end of the second working day after an absence's last."""
    day, left = last, 2
    while left:
        day += _DAY
        left -= day.weekday() < 5  # noqa: PLR2004 - Monday to Friday
    return midnight(day + _DAY)


class Goal:
    """One goal's story as far as it is known."""

    def __init__(self, events: list[Event]) -> None:
        self.events = events
        self.team: str | None = None
        self.owner: str | None = None
        self.sponsor: str | None = None
        self.terms: Event = {}
        self.promised: datetime | None = None
        self.ended: datetime | None = None
        self.delivered: datetime | None = None
        self.lapsed = self.imposed = False
        self.asked: dict[str, Event] = {}
        self.links: dict[tuple[str, str], datetime] = {}
        self.pauses: list[tuple[datetime, date | None, date | None]] = []
        self.deliveries: list[tuple[datetime, datetime | None]] = []
        self.judged: list[tuple[datetime, str]] = []
        for event in events:
            self._apply(event, event["data"], parse(event["at"]))

    def _apply(self, event: Event, data: Event, at: datetime) -> None:
        what = event["type"].split(".")[1]
        if what in ("requested", "offered"):
            self.team, self.owner, self.sponsor = data.get("team"), data["owner"], data["sponsor"]
            self.terms, self.imposed = data["terms"], data.get("imposed", False)
        if what in ("countered", "change_proposed", "change_countered"):
            self.asked[event["id"]] = data
        if what == "countered":
            self.terms = data["terms"]
        if what in ("promised", "accepted"):
            self.promised = at
            self._state_links(self.terms.get("supports", []), at)
        if what == "change_accepted":
            self._change(self.asked[data["answers"]]["changes"], at)
        if what == "link_affirmed":
            self._state_links(data["supports"], at)
        if what == "unlinked":
            self.terms = {**self.terms, "supports": [s for s in self.terms["supports"] if s not in data["supports"]]}
        self._move(what, at)
        if what in _JUDGEMENTS or what == "change_accepted":
            self.judged.append((at, what))

    def _move(self, what: str, at: datetime) -> None:
        if what == "completion_declared":
            self.delivered = at
            self.deliveries.append((at, None))
        if what in ("delivery_rejected", "completion_retracted"):
            self.delivered = None
            self.deliveries[-1] = (self.deliveries[-1][0], at)
        if what == "resumed":
            self.pauses.append((at, None, None))
        if what in _ENDS:
            self.ended = at
        self.lapsed = what == "lapsed" or (self.lapsed and what not in ("change_accepted", "completion_declared"))

    def _change(self, changes: Event, at: datetime) -> None:
        if pause := changes.get("pause"):
            first, last = (date.fromisoformat(pause[name]) for name in ("paused_from", "resume_on"))
            self.pauses.append((at, first, last))
        self.owner = changes.get("owner") or self.owner
        self.sponsor = changes.get("sponsor") or self.sponsor
        kept = {name: value for name, value in changes.items() if name not in ("pause", "owner", "sponsor")}
        self.terms = {**self.terms, **{name: value for name, value in kept.items() if value is not None}}
        self._state_links(self.terms.get("supports", []), at)

    def _state_links(self, supports: list[Event], at: datetime) -> None:
        for support in supports:
            kind = "goal" if support.get("goal") else "purpose"
            self.links[kind, support[kind]] = at

    def list_supports(self) -> Iterator[tuple[str, str]]:
        for support in self.terms.get("supports", []):
            kind = "goal" if support.get("goal") else "purpose"
            yield kind, support[kind]

    @property
    def stands(self) -> bool:
        return self.promised is not None and self.ended is None

    @property
    def live(self) -> bool:
        return self.stands and self.delivered is None

    def list_pauses(self) -> Iterator[tuple[datetime, datetime]]:
        for number, (_, first, last) in enumerate(self.pauses):
            if first is not None and last is not None:
                cut = [at for at, _, _ in self.pauses[number + 1 : number + 2]]
                yield midnight(first), min([midnight(last), *cut])

    def is_paused(self, at: datetime) -> bool:
        """The pause agreed last, unless the work was resumed."""
        if not self.pauses:
            return False
        _, first, last = self.pauses[-1]
        return first is not None and last is not None and first <= at.date() < last


class Naive:
    """The figures of one team (None: the organisation) at one instant."""

    def __init__(self, events: list[Event], at: datetime, team: str | None) -> None:
        self.at, self.team = at, team
        self.since = midnight(at.date() + _DAY) - timedelta(days=_WINDOW)
        known = sorted((e for e in events if parse(e["at"]) <= at), key=lambda e: (parse(e["at"]), e["version"]))
        self.streams: dict[str, dict[str, list[Event]]] = defaultdict(lambda: defaultdict(list))
        for event in known:
            kind, _, identity = event["stream"].partition("/")
            self.streams[kind][identity].append(event)
        self.goals = {identity: Goal(found) for identity, found in self.streams["goal"].items()}
        self.own = [g for g in self.goals.values() if team in (None, g.team) and g.owner is not None]
        self.live = [goal for goal in self.own if goal.live]
        self._read_people()
        self._read_charters()

    def _read_people(self) -> None:
        self.teams: dict[str, set[str]] = {}
        self.absences: dict[str, list[tuple[date, date]]] = defaultdict(list)
        for identity, events in self.streams["member"].items():
            for event in events:
                what, data = event["type"].split(".")[1], event["data"]
                if what == "joined":
                    self.teams.setdefault(identity, set()).update([data["team"]] if data.get("team") else [])
                if what == "left":
                    self.teams.pop(identity, None)
                if what == "absence_declared":
                    days = data["absence"]
                    self.absences[identity].append((date.fromisoformat(days["from"]), date.fromisoformat(days["to"])))
        self.leads = {}
        for identity, events in self.streams["team"].items():
            for event in events:
                if "lead" in event["data"]:
                    self.leads[identity] = event["data"]["lead"]

    def _read_charters(self) -> None:
        #: Team -> [version of the purpose, its instant, what stands, who acknowledged, rituals, id of the charter].
        self.charters: dict[str | None, Event] = {}
        for identity, events in self.streams["charter"].items():
            charter: Event = {"id": identity, "version": 0, "since": None, "stands": {}, "said": set(), "rituals": {}}
            for event in events:
                data, what = event["data"], event["type"].split(".")[1]
                if what in ("purpose_adopted", "purpose_revised"):
                    charter |= {"version": data["version"], "since": parse(event["at"])}
                if what in ("non_negotiable_adopted", "non_negotiable_revised"):
                    charter["stands"][data["non_negotiable"]] = data["version"]
                if what == "non_negotiable_retired":
                    charter["stands"].pop(data["non_negotiable"])
                if what == "acknowledged":
                    charter["said"].add((data["member"], data["non_negotiable"], data["version"]))
                if what in ("ritual_set", "ritual_changed"):
                    charter["rituals"][data["ritual"]] = data
                if what == "ritual_ended":
                    charter["rituals"].pop(data["ritual"])
            self.charters[events[0]["data"]["of"]["team"]] = charter

    # --- the figures --------------------------------------------------------------------------------------------

    def compute(self) -> dict[str, Count]:
        """Every figure but the yes-and ratio, whose pairing has a recomputation of its own."""
        return {
            "goals_without_measure": (sum(g.terms["measure"]["kind"] == "binary" for g in self.live), len(self.live)),
            "static_share": self.count_static(),
            "stale_share": self.count_stale(),
            "purpose_drift": self.count_purposeless(),
            "acknowledgement_share": self.count_unacknowledged(),
            **self.count_answers(),
            "imposed_share": self.count_imposed(),
            **self.count_needs(),
            "check_ins_a_week": self.rate_check_ins(),
            "ritual_minutes": self.sum_minutes(),
            "decisions_inside_time_box": self.count_decisions(),
            "relationship_share": self.count_recognitions(),
        }

    def _stops(self, goal: Goal) -> list[tuple[datetime, datetime]]:
        away = [(midnight(first), after_absence(last)) for first, last in self.absences[str(goal.owner)]]
        return [*goal.list_pauses(), *away]

    def _running(self, begin: datetime, end: datetime, stops: list[tuple[datetime, datetime]]) -> timedelta:
        """What is left of [begin, end) without the stops, piece by piece."""
        cuts = sorted({begin, end, *(t for stop in stops for t in stop if begin < t < end)})
        pieces = pairwise(cuts)
        inside = (b - a for a, b in pieces if not any(first <= a and b <= last for first, last in stops))
        return sum(inside, timedelta(0))

    def count_static(self) -> Count:
        older = [g for g in self.live if g.promised and g.promised < self.since and not g.is_paused(self.at)]
        moves = ("change_accepted", "affirmed", "link_affirmed")
        static = [g for g in older if not any(at >= self.since and what in moves for at, what in g.judged)]
        return len(static), len(older)

    def count_stale(self) -> Count:
        awake, stale = 0, 0
        for goal in self.live:
            last = max(at for at, _ in goal.judged)
            if goal.is_paused(self.at) or (goal.lapsed and (self.at - last).days > _SILENT):
                continue
            awake += 1
            stale += self._running(last, self.at, self._stops(goal)) > timedelta(days=_CADENCE + _GRACE)
        return stale, awake

    def count_purposeless(self) -> Count:
        within = [g for g in self.live if any(self._purpose(t) for t in (g.team, None))]
        lost = [g for g in within if not any(self._leads_to(g, t, set()) for t in (g.team, None) if self._purpose(t))]
        return len(lost), len(within)

    def _purpose(self, team: str | None) -> Event | None:
        charter = self.charters.get(team)
        return charter if charter is not None and charter["version"] else None

    def _leads_to(self, goal: Goal, team: str | None, seen: set[int]) -> bool:
        charter = self._purpose(team)
        if charter is None or id(goal) in seen:
            return False
        seen.add(id(goal))
        for kind, other in goal.list_supports():
            if kind == "purpose":
                if other == charter["id"] and (charter["version"] == 1 or goal.links[kind, other] >= charter["since"]):
                    return True
            elif other in self.goals and self.goals[other].stands and self._leads_to(self.goals[other], team, seen):
                return True
        return False

    def count_unacknowledged(self) -> Count:
        lacking, people = set(), set()
        chosen = [self.charters[t] | {"team": t} for t in self.charters]
        if self.team is not None:
            own = [c for c in chosen if c["team"] == self.team and (c["version"] or c["stands"])]
            chosen = own or [c for c in chosen if c["team"] is None]
        for charter in chosen:
            for member, teams in self.teams.items():
                here = self.team is None or self.team in teams or self.leads.get(self.team) == member
                mine = charter["team"] is None or charter["team"] in teams or self.leads.get(charter["team"]) == member
                if charter["stands"] and here and mine:
                    people.add(member)
                    if any((member, item, v) not in charter["said"] for item, v in charter["stands"].items()):
                        lacking.add(member)
        return len(lacking), len(people)

    def count_answers(self) -> dict[str, Count]:
        made, accepted, chosen = set(), set(), 0
        for goal in self.own:
            recent = [e for e in goal.events if parse(e["at"]) >= self.since]
            answered = {e["data"]["answers"]: e["data"] for e in recent if "answers" in e["data"]}
            for event in recent:
                what = event["type"].split(".")[1]
                chosen += what == "approach_chosen"
                if what in ("countered", "change_proposed", "change_countered"):
                    made.add(event["id"])
            kinds = ("promised", "accepted", "change_accepted")
            for event in recent:
                if event["type"].split(".")[1] in kinds and event["data"]["answers"] in made:
                    accepted.add(event["data"]["answers"])
            made -= {asked for asked, data in answered.items() if data.get("self_accepted")}
        return {"changes_accepted": (len(accepted & made), len(made)), "approaches_in_window": (chosen, 0)}

    def count_imposed(self) -> Count:
        taken = [g for g in self.own if g.promised and g.promised >= self.since]
        return sum(g.imposed for g in taken), len(taken)

    def count_needs(self) -> dict[str, Count]:
        raised = answered = waiting = late = 0
        for goal in self.own:
            answers = {
                (e["data"]["check_in"], e["data"].get("need", 0))
                for e in goal.events
                if e["type"] == "goal.need_answered.v1"
            }
            for event in (e for e in goal.events if e["type"] == "goal.checked_in.v1"):
                for place, need in enumerate(event["data"].get("needs", [])):
                    is_answered = (event["id"], place) in answers
                    if parse(event["at"]) >= self.since:
                        raised, answered = raised + 1, answered + is_answered
                    if not is_answered and goal.stands:
                        waiting += 1
                        late += self._answer_due(need, need.get("addressee") or goal.sponsor) <= self.at
        return {"needs_answered": (answered, raised), "needs_past_answer_by": (late, waiting)}

    def _answer_due(self, need: Event, helper: Any) -> datetime:
        if not need.get("answer_by"):
            return datetime.max.replace(tzinfo=UTC)
        due = midnight(date.fromisoformat(need["answer_by"]) + _DAY)
        ends = [after_absence(last) for first, last in self.absences[helper] if midnight(first) <= due]
        return max([due, *(end for end in ends if end > due)])

    def rate_check_ins(self) -> Count:
        weeks, count, goals = Fraction(0), 0, 0
        for goal in self.own:
            if goal.promised is None or (goal.ended is not None and goal.ended < self.since):
                continue
            until = goal.ended or self.at
            stood = [(begin, end or until) for begin, end in goal.deliveries]
            time = self._running(max(self.since, goal.promised), until, [*self._stops(goal), *stood])
            if time:
                goals += 1
                weeks += Fraction(time / timedelta(microseconds=1)) / Fraction(_WEEK / timedelta(microseconds=1))
                count += sum(
                    e["type"] == "goal.checked_in.v1" and parse(e["at"]) >= self.since and "corrects" not in e["data"]
                    for e in goal.events
                )
        return (count / weeks if weeks else None), goals

    def sum_minutes(self) -> Count:
        people = [(m, teams) for m, teams in self.teams.items() if self.team is None or self.team in teams]
        total = Fraction(0)
        for _, teams in people:
            for team in (None, *teams):
                for ritual in self.charters.get(team, {"rituals": {}})["rituals"].values():
                    if ritual["mode"] == "sync":
                        total += Fraction(ritual["minutes"] * 7, ritual["cadence_days"])
        return (total / len(people) if people and self.charters else None), len(people)

    def count_decisions(self) -> Count:
        inside = over = 0
        for events in self.streams["decision"].values():
            opened = events[0]["data"]
            if self.team not in (None, opened["of"]["team"]):
                continue
            begun: list[tuple[datetime, Event | None]] = []
            for event in events:
                what = event["type"].split(".")[1]
                if what in ("opened", "reopened"):
                    begun.append((parse(event["data"]["deadline"]), None))
                if what == "decided":
                    begun[-1] = (begun[-1][0], event)
            for deadline, decided in begun:
                end = deadline if decided is None else min(deadline, parse(decided["at"]))
                if self.since <= end <= self.at:
                    over += 1
                    inside += decided is not None and decided["data"]["inside_time_box"]
        return inside, over

    def count_recognitions(self) -> Count:
        kinds = []
        for events in self.streams["recognition"].values():
            given, last = events[0], events[-1]["type"].split(".")[1]
            if (
                parse(given["at"]) < self.since
                or last == "taken_back"
                or self.team not in (None, given["data"]["team"])
            ):
                continue
            kinds.append([e["data"]["kind"] for e in events if "kind" in e["data"]][-1])
        return kinds.count("relationship"), len(kinds)


#: Tension -> whether these figures show it; None: too few cases. Written anew, with the defaults of the policies.
def assess(found: dict[str, Count], before: dict[str, Count]) -> dict[str, bool | None]:
    """The eleven tensions that these figures decide; `before`: those of a week before."""

    def over(name: str, line: str) -> bool | None:
        count, n = found[name]
        return Fraction(count, n) > Fraction(line) if n >= 5 else None  # noqa: PLR2004 - five cases

    vague = [over("goals_without_measure", "0.2"), over("acknowledgement_share", "0.2")]
    made, answered, recognised = found["changes_accepted"], found["needs_answered"], found["relationship_share"]
    rate, goals = found["check_ins_a_week"]
    inside, ended = found["decisions_inside_time_box"]
    minutes = [found["ritual_minutes"], before["ritual_minutes"]]
    return {
        "vague_expectations": None if vague == [None, None] else True in vague,
        "rigid_structure": None
        if made[1] < 5  # noqa: PLR2004
        else Fraction(*made) < Fraction("0.2") and not found["approaches_in_window"][0],
        "silent_drift": over("stale_share", "0.25"),
        "imposed_goals": over("imposed_share", "0.5"),
        "unsupported": over("needs_past_answer_by", "0.3"),
        "monitoring": None
        if goals < 5 or answered[1] < 5  # noqa: PLR2004
        else rate > 1 and Fraction(*answered) < Fraction("0.5"),
        "purpose_lost": over("purpose_drift", "0.2"),
        "results_only": None if recognised[1] < 10 else Fraction(*recognised) < Fraction("0.1"),  # noqa: PLR2004
        "meeting_fatigue": None
        if any(value is None or n < 5 for value, n in minutes)  # noqa: PLR2004
        else all(value > 240 for value, _ in minutes),  # noqa: PLR2004
        "slow_consensus": None if ended < 5 else 1 - Fraction(inside, ended) > Fraction("0.25"),  # noqa: PLR2004
        "static_goals": over("static_share", "0.5"),
    }
