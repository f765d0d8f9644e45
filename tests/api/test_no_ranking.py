"""No answer, export or mart lists people in an order that a figure made.

Five members are given figures that all grow in one order (goals, load, needs they have not answered), which is neither
that of their names, their ids or their joining. Every list of every answer is then looked at: its people are not in it.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations, permutations
from typing import Any

import pytest

from projections.marts.registry import MARTS
from tests.api.app_under_test import TEAMS, ApiApp, create_active_goal
from tests.api.canaries import PAGES
from tests.api.route_walk import fill_path

PEOPLE = TEAMS["core"]
#: So many people at least make an order; of three, one in three orders would be a sorted one by chance.
FEWEST = 4


class Ranking:
    """The order of the figures, and what shows it."""

    def __init__(self, app: ApiApp) -> None:
        self.ids = {app.resolve_id("member", person): person for person in PEOPLE}
        others = [list(PEOPLE), sorted(PEOPLE), [self.ids[identity] for identity in sorted(self.ids)]]
        #: The fewest goals first.
        self.order = next(
            order for order in permutations(PEOPLE) if not any(_share_an_order(order, other) for other in others)
        )

    def is_shown_by(self, people: list[str]) -> bool:
        """Whether these people, each at the place where it comes first, are in the order of the figures."""
        ranks = [self.order.index(person) for person in dict.fromkeys(people)]
        return len(ranks) >= FEWEST and ranks in (sorted(ranks), sorted(ranks, reverse=True))


def _share_an_order(one: tuple[str, ...], other: list[str]) -> bool:
    """Whether some four of them are in the same order in both, or in the reverse one."""
    return any(
        (places := [other.index(person) for person in four]) in (sorted(places), sorted(places, reverse=True))
        for four in combinations(one, FEWEST)
    )


def take_turns(ranking: Ranking) -> Iterator[str]:
    """Two turns for the first of the order, six for the last; the first turns and the last ones by name."""
    yield from sorted(PEOPLE)
    for number in range(len(PEOPLE)):
        yield from (person for person in sorted(PEOPLE) if number < ranking.order.index(person))
    yield from sorted(PEOPLE)


def create_figures(app: ApiApp) -> Ranking:
    """Each turn is a goal, and a need that is not answered."""
    ranking = Ranking(app)
    goals = {
        person: create_active_goal(app, person, "eva", title=f"For {person}", effort_hours=30)
        for person in take_turns(ranking)
    }
    helped = create_active_goal(app, "ned", "eva", team="edge")
    needs = [{"text": "look at it", "addressee": person, "answer_by": "2026-03-03"} for person in take_turns(ranking)]
    app.as_member("ned").post_ok(f"/v1/goals/{helped}/check-in", {"needs": needs, "note": "much to ask"})
    app.clock.now = datetime(2026, 3, 9, 9, tzinfo=UTC)
    for person in sorted(PEOPLE):
        app.as_member(person).post_ok(f"/v1/goals/{goals[person]}/check-in", {"note": "well", "progress": 0.1})
    return ranking


@pytest.fixture(scope="module")
def ranking(shared_app: ApiApp) -> Ranking:
    return create_figures(shared_app)


# --- what an answer lists --------------------------------------------------------------------------------------------


def list_rows(value: Any) -> Iterator[list[dict[str, Any]]]:
    """Every list of objects in a JSON value, at any depth; an object whose keys are ids is one too."""
    if isinstance(value, dict):
        yield [{"key": key} for key in value]
        for part in value.values():
            yield from list_rows(part)
    elif isinstance(value, list):
        yield [item if isinstance(item, dict) else {"": item} for item in value]
        for part in value:
            yield from list_rows(part)


def find_orders(rows: list[dict[str, Any]], ranking: Ranking) -> Iterator[tuple[str, list[str]]]:
    """The people of a list by the field that names them; of figures those of each name by themselves."""
    for field in {field for row in rows for field in row}:
        for name in {row.get("name") for row in rows if isinstance(row.get("name"), str | None)}:
            values = [row.get(field) for row in rows if row.get("name") == name]
            yield field, [ranking.ids[value] for value in values if isinstance(value, str) and value in ranking.ids]


def find_orders_in_text(text: str) -> Iterator[tuple[str, list[str]]]:
    """The people of each line, and those whose names come first in the lines of one paragraph."""
    for paragraph in text.split("\n\n"):
        lines = [_find_people(line) for line in paragraph.splitlines()]
        yield from (("a line", people) for people in lines)
        yield "lines", [people[0] for people in lines if people]
        yield "a paragraph", _find_people(paragraph)


def _lay_out(page: str) -> str:
    """The text of a page: a row, an entry or a word of a picture a line, a table, a list or a picture a paragraph."""
    page = re.sub("</(desc|tr|li|p|text)>", "\n", page)
    return re.sub("<[^>]*>", " ", re.sub("</(style|table|ul|section|figure)>", "\n\n", page))


def _find_people(text: str) -> list[str]:
    found = [(text.find(person.title()), person) for person in PEOPLE]
    return [person for place, person in sorted(found) if place >= 0]


def find_rankings(answer: Any, ranking: Ranking) -> Iterator[str]:
    """By which field an answer shows the order of the figures."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind == "text/plain":
        orders = list(find_orders_in_text(answer.text))
    elif kind in ("text/html", "image/svg+xml"):
        orders = list(find_orders_in_text(_lay_out(answer.text)))
    elif kind == "text/csv":
        orders = list(find_orders(list(csv.DictReader(answer.text.splitlines())), ranking))
    elif kind == "application/x-ndjson":
        orders = list(find_orders([json.loads(line) for line in answer.text.splitlines()], ranking))
    elif kind.endswith("json"):
        orders = [order for rows in list_rows(answer.json()) for order in find_orders(rows, ranking)]
    else:
        orders = []
    yield from (field for field, people in orders if ranking.is_shown_by(people))


def list_paths(document: dict[str, Any], goal: str) -> Iterator[str]:
    """Every route that is read, plain, with all that it takes, and in each order that it knows."""
    # An object that does not exist is answered with a problem, which has no list of persons.
    names = defaultdict(lambda: "none", goal=goal, team="core", member="ana", of="core", mart="fact_need")
    for template, methods in document["paths"].items():
        parameters = {p["name"]: p for p in methods.get("get", {}).get("parameters", ()) if p.get("in") == "query"}
        if "get" not in methods or not template.startswith("/v1/") or template == "/v1/events/stream":
            continue
        path = fill_path(template, names)
        variants = [
            "",
            "names=true&explain=true",
            "limit=200&names=true",
            "format=text",
            "format=csv",
            "team=core",
            *PAGES,
        ]
        variants += [f"sort={sort}&limit=200" for sort in _list_words(parameters.get("sort", {}).get("schema", {}))]
        for variant in variants:
            if {pair.partition("=")[0] for pair in variant.split("&") if pair} <= parameters.keys():
                yield f"{path}?{variant}"
    yield from (f"/v1/exports/{mart}?format={form}" for mart in MARTS for form in ("ndjson", "csv"))


def _list_words(schema: dict[str, Any]) -> list[str]:
    found = list(schema.get("enum", ()))
    for part in (*schema.get("anyOf", ()), schema.get("items", {})):
        found += _list_words(part) if part else []
    return found


@pytest.mark.parametrize("reader", ["stella", "lea"])
def test_no_answer_lists_people_in_the_order_of_a_figure(shared_app: ApiApp, ranking: Ranking, reader: str) -> None:
    client = shared_app.as_member(reader)
    document = shared_app.client.get("/openapi.json").json()
    goal = client.get_ok("/v1/goals?team=core")["goals"][0]["id"]

    answered, shown = 0, []
    for path in list_paths(document, goal):
        answer = client.get(path)
        answered += answer.is_success
        shown += [(path, field) for field in find_rankings(answer, ranking)]

    assert [] == shown
    assert answered > 100


def test_the_figures_are_in_that_order_where_they_are_looked_for(shared_app: ApiApp, ranking: Ranking) -> None:
    """What the test above looks for is there to be shown: sorted by the value of a figure, a list would show it."""
    for report, name in (("overload", "wip_ratio"), ("overload", "load_ratio"), ("support", "help_past_answer_by")):
        figures = shared_app.as_member("stella").get_ok(f"/v1/reports/{report}?team=core")["figures"]
        found = {f["member"]: f.get("count", f["value"]) for f in reversed(figures) if f["name"] == name}
        by_value = sorted(found, key=lambda member: found[member])

        assert ranking.is_shown_by([ranking.ids[member] for member in by_value]), (report, name, found)


def test_a_list_in_that_order_is_found_in_every_form(ranking: Ranking) -> None:
    people = {person: identity for identity, person in ranking.ids.items()}
    rows = [{"member": people[person], "name": "load_ratio"} for person in ranking.order]
    text = "\n".join(f"  {person.title()}: many" for person in ranking.order)

    for order in (rows, rows[::-1]):
        assert [("member", True)] == [
            (field, ranking.is_shown_by(found)) for field, found in find_orders(order, ranking) if found
        ]
    assert any(ranking.is_shown_by(found) for _, found in find_orders_in_text(text))
