"""What a start may not import. `run.py bench start` measures the times, which a busy machine would make a test fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Packages that take more than 20 ms of processor to import, and what brings them in.
LIBRARIES = {
    *("argcomplete", "dramatiq", "eventsourcing", "httpx", "limits", "litestar", "prometheus_client", "psycopg"),
    *("redis", "rich", "structlog", "uvicorn"),
}
OF_SERVING = {"httpx", "limits", "litestar", "redis", "services.api", "structlog", "uvicorn"}

_HELP = """
import contextlib, sys
from services.cli import main
with contextlib.suppress(SystemExit):
    main(["--help"])
"""
_PERSON = """
import os
from services.cli import main
os.environ.update(PLIMSOLL_URL="http://127.0.0.1:1", PLIMSOLL_KEY="plim_0123")
for words in (["me"], ["goals"], ["check-in", "a", "-m", "x"]):
    assert main(words) == 1
"""
_STORE = """
from services.cli import main
assert main(["migrate"]) == 0
assert main(["projections", "status"]) == 0
assert main(["doctor"]) == 0
"""
_SERVE = """
import os
from services.api.app import create_app
from services.commands import serving
from services.runtime import Runtime, migrate
from services.settings import Settings
settings = Settings.from_environment(os.environ)
migrate(settings)
with Runtime.open(settings) as runtime:
    create_app(runtime)
"""


def list_imported(code: str, home: Path) -> set[str]:
    """The modules that a fresh interpreter has after `code`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLIMSOLL_")}
    environment |= {"PLIMSOLL_DATABASE_URL": f"sqlite:///{home / 'store'}", "PYTHONPATH": str(ROOT)}
    script = f"{code}\nimport sys\nprint(*sys.modules, sep='\\n', file=sys.stderr)"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return set(done.stderr.splitlines())


@pytest.mark.parametrize(
    ("code", "forbidden"),
    [
        (_HELP, {*LIBRARIES, "domain", "ledger", "msgspec", "projections", "services.runtime"}),
        (_PERSON, {*LIBRARIES, "ledger", "projections", "services.runtime"}),
        (_STORE, OF_SERVING),
        (
            _SERVE,
            {
                "cryptography",
                "dramatiq",
                "httpcore",
                "httpx",
                "jinja2",
                "limits",
                "litestar",
                "redis",
                "swagger_ui_bundle",
            },
        ),
    ],
    ids=["--help", "a person's command", "a command that opens the store", "serve"],
)
def test_a_start_imports_only_what_it_needs(code: str, forbidden: set[str], tmp_path: Path) -> None:
    assert set() == forbidden & list_imported(code, tmp_path)


def test_a_start_does_not_build_the_openapi_document(tmp_path: Path) -> None:
    code = _SERVE + "\nfrom services.api.app import encode_openapi_document as document\n"
    code += "assert document.cache_info().currsize == 0"

    list_imported(code, tmp_path)
