"""The rules of the house are executable: each one is kept, and each one is seen to report a planted violation."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CONFIG: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES: list[str] = CONFIG["tool"]["importlinter"]["root_packages"]
CONTRACTS: list[dict[str, Any]] = CONFIG["tool"]["importlinter"]["contracts"]
#: Packages that are no room: nothing of them is installed.
OUTSIDE = {"examples", "tests", "benchmarks"}
LONGEST_FUNCTION = 40
LONGEST_MODULE = 600
SHALLOW_NAMES = {"common", "helpers", "interfaces", "misc", "models", "repositories", "schemas", "utils"}

#: (contract, where a violation of it is planted, what is written there).
VIOLATIONS = [
    ("rooms", "domain/planted.py", "import ledger"),
    ("rooms", "ledger/planted.py", "from projections import engine"),
    ("rooms", "projections/planted.py", "def late() -> None:\n    import services.runtime"),
    ("pure-domain", "domain/planted.py", "import time"),
    ("pure-domain", "domain/planted.py", "from os import environ"),
    ("door-eventsourcing", "projections/planted.py", "import eventsourcing.application"),
    ("door-litestar", "services/planted.py", "from litestar import Litestar"),
    ("door-dramatiq", "services/api/planted.py", "import dramatiq"),
    ("door-drivers", "services/planted.py", "import sqlite3"),
    ("door-drivers", "ledger/planted.py", "import psycopg"),
    ("door-pyarrow", "services/planted.py", "import pyarrow"),
    ("door-deltalake", "services/planted.py", "import deltalake"),
    ("door-jinja2", "services/api/planted.py", "import jinja2"),
    ("door-mcp", "services/client/server.py", "import mcp"),
    ("door-openpyxl", "services/planted.py", "import openpyxl"),
    ("door-nats", "services/planted.py", "import nats"),
    ("door-kafka", "services/planted.py", "import confluent_kafka"),
    ("door-api", "services/worker/planted.py", "import services.api"),
    ("door-worker", "services/api/planted.py", "from services.worker import jobs"),
    ("states-below-context", "domain/team/team.py", "import domain.context"),
    ("inside-domain", "domain/planted.py", ""),
    ("inside-domain", "domain/errors.py", "import domain.goal"),
    ("inside-ledger", "ledger/planted.py", ""),
    ("inside-ledger", "ledger/commands.py", "import ledger.commit"),
    ("inside-projections", "projections/planted.py", ""),
    ("inside-projections", "projections/database/tables.py", "import projections.engine"),
    ("inside-services", "services/planted.py", ""),
    ("inside-services", "services/runtime.py", "import services.commands"),
    ("acyclic", "ledger/storage/protocol.py", "import ledger.storage.postgres"),
]


@pytest.fixture(scope="module")
def project_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rooms and their rules, to break things in, with `planted`: one copy, as it is of six hundred files."""
    copy = tmp_path_factory.mktemp("project")
    for name in [*PACKAGES, "pyproject.toml"]:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    return copy


@contextmanager
def planted(module: Path, text: str) -> Iterator[None]:
    """The module with this at its end; afterwards as it was, or gone where there was none."""
    before = module.read_bytes() if module.exists() else None
    with module.open("a") as opened:
        opened.write(text)
    try:
        yield
    finally:
        module.unlink() if before is None else module.write_bytes(before)


def lint_imports(tree: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    """Of these contracts, or of all."""
    command = [str(BIN / "lint-imports"), "--no-cache", *(f"--contract={contract}" for contract in contracts)]
    return subprocess.run(
        command, cwd=tree, env={"PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False, timeout=60
    )


def list_modules() -> Iterator[Path]:
    for room in PACKAGES:
        yield from sorted((ROOT / room).rglob("*.py"))


def test_the_top_level_packages_are_exactly_the_declared_layers() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - OUTSIDE
    layers = next(contract["layers"] for contract in CONTRACTS if contract["id"] == "rooms")

    assert packages == set(layers)
    assert packages == set(PACKAGES)
    assert packages == set(CONFIG["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


def test_no_module_lies_outside_the_rooms() -> None:
    assert ["run.py"] == [path.name for path in ROOT.glob("*.py")]


def test_every_contract_has_a_planted_violation() -> None:
    assert {contract["id"] for contract in CONTRACTS} == {contract for contract, _, _ in VIOLATIONS}


@pytest.mark.parametrize(("contract", "where", "text"), VIOLATIONS)
def test_a_planted_violation_is_reported(project_copy: Path, contract: str, where: str, text: str) -> None:
    with planted(project_copy / where, f"\n{text}\n"):
        lint_result = lint_imports(project_copy, contract)

    assert 1 == lint_result.returncode, lint_result.stdout + lint_result.stderr
    assert "BROKEN" in lint_result.stdout
    assert Path(where).stem in lint_result.stdout


@pytest.fixture(scope="module")
def lint_result() -> subprocess.CompletedProcess[str]:
    return lint_imports(ROOT)


@pytest.mark.parametrize("contract", [contract["name"] for contract in CONTRACTS])
def test_every_contract_is_kept(lint_result: subprocess.CompletedProcess[str], contract: str) -> None:
    assert f"{contract} KEPT" in " ".join(lint_result.stdout.split()), lint_result.stdout + lint_result.stderr
    assert 0 == lint_result.returncode


@pytest.mark.parametrize(
    "call",
    ["datetime.now(UTC)", "datetime.utcnow()", "date.today()", "uuid.uuid4()", "uuid.uuid1()", "time.time()"],
)
@pytest.mark.parametrize(("room", "allowed"), [("domain", False), ("ledger", False), ("services", True)])
def test_the_clock_and_ids_are_drawn_in_services_only(project_copy: Path, call: str, room: str, allowed: bool) -> None:
    module = project_copy / room / "planted.py"
    text = f'"""Planted."""\n\nimport time\nimport uuid\nfrom datetime import UTC, date, datetime\n\nprint({call})\n'

    with planted(module, text):
        lint_result = subprocess.run(
            [BIN / "ruff", "check", "--no-cache", "--select", "TID251", module],
            cwd=project_copy,
            capture_output=True,
            check=False,
        )

    assert (0 if allowed else 1) == lint_result.returncode, lint_result.stdout


def test_functions_and_modules_stay_short_enough_to_read() -> None:
    too_long = []
    for path in list_modules():
        text = path.read_text()
        if len(text.splitlines()) > LONGEST_MODULE:
            too_long.append(f"{path.relative_to(ROOT)}: {len(text.splitlines())} lines")
        too_long += [
            f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {count_body_lines(node)} lines"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and count_body_lines(node) > LONGEST_FUNCTION
        ]

    assert [] == too_long


def count_body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, the docstring not counted: a promise may be as long as it must."""
    first = function.body[0]
    docstring = 0
    if ast.get_docstring(function, clean=False) is not None:
        docstring = (first.end_lineno or first.lineno) - first.lineno + 1
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


def test_a_long_function_is_noticed() -> None:
    [function] = ast.parse("def long():\n" + '    """Says\n    much."""\n' + "    pass\n" * 40).body
    assert isinstance(function, ast.FunctionDef)

    assert 41 == count_body_lines(function)


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [] == [str(path) for path in list_modules() if {path.stem, *path.parts[len(ROOT.parts) :]} & SHALLOW_NAMES]


def test_packages_hold_no_logic_in_their_init() -> None:
    """Re-exports only: reading a package must not need its `__init__`."""
    allowed = (ast.Import, ast.ImportFrom, ast.Expr, ast.Assign, ast.AnnAssign)
    inits = [path for path in list_modules() if path.name == "__init__.py"]

    assert [] == [
        str(path.relative_to(ROOT))
        for path in inits
        if not all(isinstance(node, allowed) for node in ast.parse(path.read_text()).body)
    ]


def test_nothing_committed_is_still_to_be_done() -> None:
    words = ("TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error")

    assert [] == [str(path) for path in list_modules() if any(word in path.read_text() for word in words)]
