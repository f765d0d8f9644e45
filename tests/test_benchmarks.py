"""The benchmarks would run: arithmetic, histories, and one suite end to end. Figures are not tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from benchmarks import team
from benchmarks.__main__ import SUITES, main
from benchmarks.harness import Case, Contender, Result, Round, Sample, Target, measure, result
from benchmarks.history import lines, made_up, repeated
from benchmarks.machine import Watch, filesystem
from benchmarks.stores import organisation
from benchmarks.table import figure, markdown, read
from services.imports import import_lines

ROOT = Path(__file__).resolve().parent.parent


def turns(*values: float) -> Callable[[], Sample]:
    left = list(values)
    return lambda: Sample(left.pop(0))


def case(**fields: object) -> Case:
    told = {"suite": "s", "name": "n", "store": "sqlite", "unit": "ms", "ours": Contender("ours", turns()), **fields}
    return Case(**told)  # type: ignore[arg-type]


def rounds(*pairs: tuple[float, float]) -> list[Round]:
    return [Round([Sample(ours), Sample(peer)], 0.0) for ours, peer in pairs]


def test_ratios_are_those_of_one_round_and_the_worst_one_is_told() -> None:
    measured = result(case(peers=[Contender("peer", turns())]), rounds((10, 5), (30, 10), (12, 12)))

    assert (12, 30) == (measured.ours.median, measured.ours.worst)
    assert (2.0, 3.0) == (measured.peers[0].ratio, measured.peers[0].worst_ratio)


def test_of_a_rate_the_worst_round_is_the_slowest() -> None:
    measured = result(case(unit="1/s", peers=[Contender("peer", turns())]), rounds((100, 50), (30, 60), (90, 45)))

    assert (90, 30) == (measured.ours.median, measured.ours.worst)
    assert (2.0, 0.5) == (measured.peers[0].ratio, measured.peers[0].worst_ratio)


@pytest.mark.parametrize(
    ("target", "reached"),
    [(None, None), (Target(limit=12), True), (Target(limit=11), False), (Target(limit=1.9, of="ratio"), False)],
)
def test_a_target_is_reached_or_missed_by_the_median(target: Target | None, reached: bool | None) -> None:
    measured = result(case(peers=[Contender("peer", turns())], targets=[target] if target else []), rounds((10, 5), (30, 10), (12, 12)))

    assert reached == (measured.targets[0].median if target else None)


def test_contenders_take_turns_round_after_round() -> None:
    asked: list[str] = []

    def contender(name: str) -> Contender:
        def run() -> Sample:
            asked.append(name)
            return Sample(1.0)

        return Contender(name, run)

    measure(case(ours=contender("a"), peers=[contender("b")], most_rounds=2), 5)

    assert ["a", "b"] * (len(asked) // 2) == asked
    assert len(asked) >= 4


def test_work_of_our_own_is_not_somebody_elses() -> None:
    with Watch() as watch:
        sum(range(2_000_000))

    assert 0 <= watch.others <= 1


def test_the_file_system_of_a_directory_is_named() -> None:
    assert filesystem(ROOT) not in {"", "proc"}


def test_repeating_a_history_renames_everybody_in_it(tmp_path: Path) -> None:
    history = made_up(tmp_path / "one.ndjson.gz", goals=3)

    twice = [json.loads(line) for line in lines(repeated(history, tmp_path / "two.ndjson.gz", 2))]

    once = [json.loads(line) for line in lines(history)]
    assert 2 * len(once) == len(twice)
    assert {act["by"] for act in twice[: len(once)]}.isdisjoint({act["by"] for act in twice[len(once) :]})
    assert [act["do"] for act in once] == [act["do"] for act in twice[len(once) :]]


def test_the_team_of_twenty_is_an_honest_history(sqlite_url: str) -> None:
    with organisation(sqlite_url) as (runtime, founded):
        principal = runtime.keys.authenticate(founded.api_key, runtime.clock())
        assert principal is not None
        told = import_lines(
            runtime, founded.organisation_id, team.rows(date(2026, 3, 4), goals=40), principal=principal
        )

    assert () == told.errors
    assert told.accepted > 300


def test_figures_have_as_many_digits_as_mean_something() -> None:
    assert ["0.04 s", "1.23 s", "12.3 s", "1,235 1/s"] == [
        figure(0.04, "s"), figure(1.234, "s"), figure(12.34, "s"), figure(1234.6, "1/s"),
    ]  # fmt: skip


def test_a_run_prints_its_table_and_keeps_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = made_up(tmp_path / "history.ndjson.gz", goals=4)
    kept = tmp_path / "figures.json"

    asked = ["--quick", "--markdown", "--rounds", "1", "import", "rebuild", "--store", "sqlite"]
    code = main([*asked, "--file", str(history), "--json", str(kept)])

    assert 0 == code
    found: list[Result] = read(kept)
    assert ["import", "rebuild", "rebuild"] == [one.suite for one in found]
    assert all(target.median is not False for one in found for target in one.targets)
    assert markdown(found) in capsys.readouterr().out
    assert {"machine", "began", "durability", "quick"} <= json.loads(kept.read_bytes()).keys()


def test_every_suite_is_described() -> None:
    text = (ROOT / "benchmarks" / "README.md").read_text()

    assert [] == [name for name in SUITES if f"`{name}`" not in text]
