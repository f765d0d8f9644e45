"""The benchmarks would run: arithmetic, histories, and one suite end to end. Figures are not tests."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

import run
from benchmarks import report as benchmarks_report
from benchmarks import report_history, worker_process
from benchmarks.__main__ import SUITES, main
from benchmarks.harness import Absent, Bench, Case, Contender, Result, Round, Sample, Target, build_result, measure
from benchmarks.import_history import read_lines, write_copies, write_synthetic
from benchmarks.machine import CpuMonitor, find_filesystem
from benchmarks.report import format_figure, load_results, to_markdown
from benchmarks.report import save as keep
from benchmarks.stores import open_organisation
from services.imports.importer import import_lines

ROOT = Path(__file__).resolve().parents[2]


def turns(*values: float) -> Callable[[], Sample]:
    left = list(values)
    return lambda: Sample(left.pop(0))


def case(**fields: object) -> Case:
    told = {"suite": "s", "name": "n", "store": "sqlite", "unit": "ms", "ours": Contender("ours", turns()), **fields}
    return Case(**told)  # type: ignore[arg-type]


def rounds(*pairs: tuple[float, float]) -> list[Round]:
    return [Round([Sample(ours), Sample(peer)], 0.0) for ours, peer in pairs]


def test_ratios_are_those_of_one_round_and_the_worst_one_is_told() -> None:
    measured = build_result(case(peers=[Contender("peer", turns())]), rounds((10, 5), (30, 10), (12, 12)))

    assert (12, 30) == (measured.ours.median, measured.ours.worst)
    assert (2.0, 3.0) == (measured.peers[0].ratio, measured.peers[0].worst_ratio)


def test_of_a_rate_the_worst_round_is_the_slowest() -> None:
    measured = build_result(case(unit="1/s", peers=[Contender("peer", turns())]), rounds((100, 50), (30, 60), (90, 45)))

    assert (90, 30) == (measured.ours.median, measured.ours.worst)
    assert (2.0, 0.5) == (measured.peers[0].ratio, measured.peers[0].worst_ratio)


@pytest.mark.parametrize(
    ("target", "reached"),
    [(None, None), (Target(limit=12), True), (Target(limit=11), False), (Target(limit=1.9, of="ratio"), False)],
)
def test_a_target_is_reached_or_missed_by_the_median(target: Target | None, reached: bool | None) -> None:
    told = case(peers=[Contender("peer", turns())], targets=[target] if target else [])

    measured = build_result(told, rounds((10, 5), (30, 10), (12, 12)))

    assert reached == (measured.targets[0].median if target else None)


def test_a_target_says_whether_the_worst_round_kept_it_too() -> None:
    told = case(peers=[Contender("peer", turns())], targets=[Target(limit=2, of="ratio", peer="peer")])

    (reached,) = build_result(told, rounds((10, 5), (30, 10), (12, 12))).targets

    assert (True, False) == (reached.median, reached.worst)


def test_a_target_beside_a_peer_that_is_missing_is_unknown_not_reached() -> None:
    gone = [Absent("peer", "no server")]

    measured = build_result(
        case(absent=gone, targets=[Target(limit=2, of="ratio", peer="peer")]), [Round([Sample(1)], 0)]
    )

    assert [None] == [target.median for target in measured.targets]
    assert "not measured" in to_markdown([measured])
    assert "no server" in to_markdown([measured])


def test_a_peer_that_fails_is_told_as_absent_and_the_others_go_on() -> None:
    def fails() -> Sample:
        raise OSError("it hung up")

    def one() -> Sample:
        return Sample(1.0)

    peers = [Contender("a", one), Contender("b", fails), Contender("c", one)]

    measured = measure(case(ours=Contender("ours", one), peers=peers), 1)

    assert ["a", "c"] == [peer.name for peer in measured.peers]
    assert [Absent("b", "OSError: it hung up")] == measured.absent


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
    with CpuMonitor() as watch:
        sum(range(2_000_000))

    assert 0 <= watch.others <= 1


def test_the_file_system_of_a_directory_is_named() -> None:
    assert find_filesystem(ROOT) not in {"", "proc"}


def test_repeating_a_history_renames_everybody_in_it(tmp_path: Path) -> None:
    history = write_synthetic(tmp_path / "one.ndjson.gz", goals=3)

    twice = [json.loads(line) for line in read_lines(write_copies(history, tmp_path / "two.ndjson.gz", 2))]

    once = [json.loads(line) for line in read_lines(history)]
    assert 2 * len(once) == len(twice)
    assert {act["by"] for act in twice[: len(once)]}.isdisjoint({act["by"] for act in twice[len(once) :]})
    assert [act["do"] for act in once] == [act["do"] for act in twice[len(once) :]]


def test_the_team_of_twenty_is_an_honest_history(sqlite_url: str) -> None:
    with open_organisation(sqlite_url) as (runtime, founded):
        principal = runtime.keys.authenticate(founded.api_key, runtime.clock())
        assert principal is not None
        told = import_lines(
            runtime, founded.organisation_id, report_history.build_rows(date(2026, 3, 4), goals=40), principal=principal
        )

    assert () == told.errors
    assert told.accepted > 300


def test_figures_have_as_many_digits_as_mean_something() -> None:
    assert ["0.04 s", "1.23 s", "12.3 s", "1,235 1/s"] == [
        format_figure(0.04, "s"), format_figure(1.234, "s"), format_figure(12.34, "s"), format_figure(1234.6, "1/s"),
    ]  # fmt: skip


def test_a_run_prints_its_table_and_keeps_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = write_synthetic(tmp_path / "history.ndjson.gz", goals=4)
    kept = tmp_path / "figures.json"

    asked = ["--quick", "--markdown", "--rounds", "1", "import", "rebuild", "--store", "sqlite"]
    code = main([*asked, "--file", str(history), "--json", str(kept)])

    assert 0 == code
    found: list[Result] = load_results(kept)
    assert ["import", "rebuild", "rebuild"] == [one.suite for one in found]
    assert all(target.median is not False for one in found for target in one.targets)
    assert to_markdown(found) in capsys.readouterr().out
    assert {"machine", "began", "durability", "quick"} <= json.loads(kept.read_bytes()).keys()


def test_every_suite_is_described() -> None:
    text = (ROOT / "benchmarks" / "README.md").read_text()

    assert [] == [name for name in SUITES if f"`{name}`" not in text]


def test_a_suite_that_fails_leaves_the_others_their_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Bench) -> Iterator[Case]:
        raise OSError("no disk")

    def fine(_: Bench) -> Iterator[Case]:
        yield case(ours=Contender("ours", lambda: Sample(1.0)))

    monkeypatch.setitem(SUITES, "import", fails)
    monkeypatch.setitem(SUITES, "reads", fine)
    kept = tmp_path / "figures.json"

    code = main(["import", "reads", "--rounds", "1", "--store", "sqlite", "--json", str(kept)])

    assert 1 == code
    assert ["n"] == [one.name for one in load_results(kept)]
    assert {"import": "OSError: no disk"} == json.loads(kept.read_bytes())["failed"]


def test_the_page_takes_its_figures_from_a_kept_run(tmp_path: Path) -> None:
    measured = build_result(case(peers=[Contender("peer", turns())]), rounds((10, 5), (30, 10)))
    about = {"began": "2026-03-04T05:06:07Z", "quick": False, "durability": "fsync on", "stores": {}, "seconds": 120}
    machine = {"commit": "abc", "processors": 2, "processor": "x", "memory_gb": 8, "filesystem": "ext4", "python": "3"}
    kept, written = tmp_path / "figures.json", tmp_path / "page.md"
    keep(kept, {**about, "machine": machine}, [measured])
    written.write_text(f"before\n{benchmarks_report.BEGINS}\nold\n{benchmarks_report.ENDS}\nafter\n")

    benchmarks_report.write_page(kept, kept, page=written)

    told = written.read_text()
    assert told.startswith("before\n")
    assert told.endswith(f"{benchmarks_report.ENDS}\nafter\n")
    assert "old" not in told
    assert 2 == told.count("**20.0 ms**")
    other = tmp_path / "other.md"
    other.write_text("nothing")
    with pytest.raises(ValueError, match="no place"):
        benchmarks_report.write_page(kept, page=other)


def test_the_page_has_a_place_for_its_figures() -> None:
    text = benchmarks_report.PAGE.read_text()

    assert 1 == text.count(benchmarks_report.BEGINS)
    assert text.index(benchmarks_report.BEGINS) < text.index(benchmarks_report.ENDS)


# --- the peers' environment -----------------------------------------------------------------------------------------


@pytest.fixture
def peers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `run.py` would make the peers' environment; what it has installed is noted there."""
    home = tmp_path / "peers"
    for name, value in {"PEERS": home, "_find_uv": lambda: "uv", "_works": Path.exists}.items():
        monkeypatch.setattr(run, name, value)

    def installs(*command: str) -> None:
        home.mkdir(exist_ok=True)
        (home / "bin").mkdir(exist_ok=True)
        (home / "bin" / "python").touch()
        with (home / "calls").open("a") as calls:
            calls.write(" ".join(command) + "\n")

    monkeypatch.setattr(run, "_call", installs)
    return home


def test_the_peers_are_installed_once_by_hash(peers: Path) -> None:
    run.ensure_peers()
    run.ensure_peers()

    made, installed = (peers / "calls").read_text().splitlines()
    assert made.startswith("uv venv")
    assert f"--require-hashes {run.LOCK_PEERS}" in installed
    assert made.endswith(f" {peers}")
    assert f"--python {peers / 'bin' / 'python'} " in installed


def test_peers_that_cannot_be_installed_do_not_stop_the_run(peers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: str) -> None:
        raise run.Failure("no network")

    monkeypatch.setattr(run, "_call", fails)
    monkeypatch.setattr(run, "_become", lambda *command: len(command))
    monkeypatch.setenv(worker_process.PEERS_UNAVAILABLE_REASON, "")

    code = run.bench(["--quick"])

    assert 4 == code
    assert "no network" == os.environ[worker_process.PEERS_UNAVAILABLE_REASON]
    assert not (peers / ".installed").exists()


def test_every_peer_that_is_asked_for_is_pinned() -> None:
    def names(path: Path) -> set[str]:
        return set(re.findall(r"^([a-z0-9-]+)", path.read_text(), re.MULTILINE))

    assert set() == names(run.LOCK_PEERS.with_suffix(".in")) - names(run.LOCK_PEERS)
