"""A TypeScript client by openapi-typescript: it compiles, and calls five routes of a real server."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import skip_or_fail

HERE = Path(__file__).parent
TOOLS = HERE / "node_modules"
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def node() -> None:
    if not (shutil.which("node") and (TOOLS / "openapi-typescript").is_dir()):
        skip_or_fail("needs node and its packages: npm ci --prefix tests/clients")


def run_node(home: Path, *command: str | Path) -> str:
    done = subprocess.run(["node", *map(str, command)], cwd=home, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def test_openapi_typescript_types_a_client_that_calls_five_routes(
    document: Path, served: tuple[str, str], tmp_path: Path
) -> None:
    # given
    home = tmp_path / "client"
    home.mkdir()
    for name in ("client.ts", "package.json"):
        shutil.copy(HERE / name, home)
    (home / "node_modules").symlink_to(TOOLS)
    run_node(
        home, TOOLS / "openapi-typescript/bin/cli.js", document, "-o", "schema.ts", "--default-non-nullable", "false"
    )
    compiler = ("--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck")
    run_node(home, TOOLS / "typescript/bin/tsc", *compiler, "client.ts")

    # when
    said = json.loads(run_node(home, "client.js", *served))

    # then
    assert [True, ["Quarterly report"], True, ["It is published"]] == said
