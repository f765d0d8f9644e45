"""A pulse's figures from exported events alone: what was published, added up. It shares no code with the product.

Events are CloudEvents as dictionaries, in the order of their sequence.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

#: Of the seven items of safety those of which agreement is bad news.
_TURNED = {"safety_1", "safety_3", "safety_5"}
#: What a wave came to for a group: name of the figure -> mean and answers; or the rule by which it is withheld.
Outcome = dict[str, tuple[float, int]] | str


def list_waves(events: Iterable[dict[str, Any]], at: datetime) -> list[tuple[str, dict[str | None, Outcome]]]:
    """The waves closed by then, the latest first: the pulse's id, and what it came to by team (None: all)."""
    asked: dict[str, str | None] = {}
    found = []
    for event in events:
        pulse = event["subject"].partition("/")[2]
        if event["type"] == "pulse.wave_opened.v1":
            asked[pulse] = event["data"].get("team")
        elif event["type"] == "pulse.wave_closed.v1" and datetime.fromisoformat(event["time"]) <= at:
            found.append((event["time"], pulse, _by_team(event["data"], whole=asked[pulse] is None)))
    return [(pulse, groups) for _, pulse, groups in sorted(found, reverse=True, key=lambda each: each[0])]


def _by_team(data: dict[str, Any], *, whole: bool) -> dict[str | None, Outcome]:
    groups: dict[str | None, Outcome] = {
        result["team"]: _add_up([result]) for result in data["results"] if result.get("team")
    }
    for one in data["withheld"]:
        if one.get("team"):
            groups[one["team"]] = "small_complement" if one["rule"] == "small_difference" else "small_group"
    if whole:
        groups[None] = _add_up(data["results"]) if data["results"] else "small_group"
    return groups


def _add_up(results: list[dict[str, Any]]) -> Outcome:
    answers = sum(result["answers"] for result in results)
    totals: dict[str, int] = {}
    for result in results:
        for one in result["sums"]:
            totals[one["item"]] = totals.get(one["item"], 0) + one["total"]
    turned = {item: 8 * answers - total if item in _TURNED else total for item, total in totals.items()}
    safety = sum(total for item, total in turned.items() if item.startswith("safety_"))
    means = {item: (round(total / answers, 6), answers) for item, total in turned.items()}
    return {"psychological_safety": (round(safety / (7 * answers), 6), answers), **means}
