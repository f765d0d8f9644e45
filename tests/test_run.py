"""The front door: locks in step with what they were made from, and an environment that is made once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import run

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ["requirements.lock", "requirements-production.lock", "requirements-uv.lock"]


@pytest.fixture
def project_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout's declarations and locks, to break things in; `run` looks at it."""
    for name in ["pyproject.toml", "run.py", *LOCKS]:
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.setattr(run, "ROOT", tmp_path)
    for name, lock in zip(("LOCK", "LOCK_PRODUCTION", "LOCK_UV"), LOCKS, strict=True):
        monkeypatch.setattr(run, name, tmp_path / lock)
    return tmp_path


def test_the_committed_locks_are_in_step() -> None:
    assert [] == run.lock_complaints()


def test_a_new_dependency_without_a_new_lock_is_reported(project_copy: Path) -> None:
    toml = project_copy / "pyproject.toml"
    toml.write_text(toml.read_text().replace('    "httpx",\n', '    "httpx",\n    "left-pad",\n'))

    assert [
        "requirements.lock is older than pyproject.toml: python3 run.py lock",
        "requirements-production.lock is older than pyproject.toml: python3 run.py lock",
    ] == run.lock_complaints()


def test_a_changed_lint_rule_needs_no_new_lock(project_copy: Path) -> None:
    toml = project_copy / "pyproject.toml"
    toml.write_text(toml.read_text().replace("line-length = 120", "line-length = 80"))

    assert [] == run.lock_complaints()


@pytest.mark.parametrize("line", ["--index-url https://mirror.example/simple\n", "--find-links /wheels\n"])
def test_a_lock_that_names_where_packages_come_from_is_reported(project_copy: Path, line: str) -> None:
    with (project_copy / LOCKS[0]).open("a") as lock:
        lock.write(line)

    assert ["requirements.lock names a host"] == run.lock_complaints()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_package_without_its_hash_is_reported(project_copy: Path, lock: str) -> None:
    with (project_copy / lock).open("a") as text:
        text.write("left-pad==1.3.0\n")

    assert [f"{lock}: no hash for left-pad==1.3.0"] == run.lock_complaints()


def test_the_image_runs_the_versions_that_the_tests_ran() -> None:
    def pins(name: str) -> set[str]:
        return {line.split()[0] for line in (ROOT / name).read_text().splitlines() if line[:1].isalnum()}

    assert set() == pins("requirements-production.lock") - pins("requirements.lock")
    assert not {pin for pin in pins("requirements-production.lock") if pin.startswith(("pytest", "mypy", "ruff"))}


def test_an_environment_that_matches_is_left_alone(project_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(run, "STAMP", project_copy / "stamp")
    (project_copy / "stamp").write_text(run._fingerprint())
    monkeypatch.setattr(run, "_find_uv", lambda: pytest.fail("nothing was to be installed"))

    run.ensure_environment()


def test_a_new_lock_makes_the_environment_anew(project_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(run, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(run, "STAMP", project_copy / "stamp")
    monkeypatch.setattr(run, "_find_uv", lambda: "uv")
    monkeypatch.setattr(run, "_call", lambda *command: calls.append(command))
    (project_copy / "stamp").write_text(run._fingerprint())
    with (project_copy / LOCKS[0]).open("a") as lock:
        lock.write("# another lock\n")

    run.ensure_environment()

    assert [("uv", "pip", "sync"), ("uv", "pip", "install")] == [call[:3] for call in calls]
    assert "--require-hashes" in calls[0]
    assert {"--no-deps", "--no-build-isolation"} <= set(calls[1])
    assert run._fingerprint() == (project_copy / "stamp").read_text()


def test_an_interrupted_installation_is_done_again(project_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*command: str) -> None:
        raise run.Failure(" ".join(command))

    monkeypatch.setattr(run, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(run, "STAMP", project_copy / "stamp")
    monkeypatch.setattr(run, "_find_uv", lambda: "uv")
    monkeypatch.setattr(run, "_call", fails)
    (project_copy / "stamp").write_text("of an older lock")

    with pytest.raises(run.Failure):
        run.ensure_environment()

    assert not (project_copy / "stamp").exists()


def test_bytecode_that_may_not_lie_beside_the_sources_is_kept_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    # Set first, so that it is undone.
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", "elsewhere")
    monkeypatch.delenv("PYTHONPYCACHEPREFIX")

    run.keep_bytecode()

    assert "PYTHONDONTWRITEBYTECODE" not in os.environ
    assert str(run.VENV / "bytecode") == os.environ["PYTHONPYCACHEPREFIX"]


def test_an_unknown_command_lists_those_there_are() -> None:
    outcome = subprocess.run([sys.executable, "run.py", "tset"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert 2 == outcome.returncode
    for command in run.COMMANDS:
        assert f"  {command} " in outcome.stdout


def test_the_gate_runs_the_commands_of_the_readme() -> None:
    gate = (ROOT / ".ci" / "run").read_text()
    readme = (ROOT / "README.md").read_text()

    commands = [line for line in gate.splitlines() if line.startswith("python3 ")]

    assert ["python3 run.py lint", "python3 run.py test"] == commands
    assert all(command in readme for command in commands)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
