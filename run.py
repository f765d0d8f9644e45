#!/usr/bin/env python3
"""The front door of a checkout: `python3 run.py demo | test | lint | bench | dbt | spark | lock`.

Needs Python 3.11+ and nothing else. The first call makes `.venv` from `requirements.lock`, where every package is
pinned by hash; later calls look at a stamp and start at once. `uv` does the installing: the one on the PATH, else one
that is itself fetched by hash into `.venv-uv`. The system's Python is never written to (PEP 668).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".installed"
UV_HOME = ROOT / ".venv-uv"
# What tests and tools need, what the image needs, what fetches the installer.
LOCK = ROOT / "requirements.lock"
LOCK_PRODUCTION = ROOT / "requirements-production.lock"
LOCK_UV = ROOT / "requirements-uv.lock"
# The peers that the benchmarks compare with: an environment of their own, never the product's.
LOCK_PEERS = ROOT / "benchmarks" / "requirements-peers.txt"
PEERS = ROOT / ".venv-peers"
# dbt and what draws the analyst's pictures; the same with Spark, which is 500 MB more.
LOCK_DBT = ROOT / "dbt" / "requirements.txt"
DBT = ROOT / ".venv-dbt"
LOCK_SPARK = ROOT / "dbt" / "requirements-spark.txt"
SPARK = ROOT / ".venv-spark"
# The product with Spark, which is 500 MB more: for the job of examples/spark alone.
LOCK_SPARK_JOB = ROOT / "examples" / "spark" / "requirements.txt"
SPARK_JOB = ROOT / ".venv-spark-job"
SOURCES = (
    "domain",
    "ledger",
    "projections",
    "services",
    "client/plimsoll_client",
    "examples",
    "tests",
    "benchmarks",
    "run.py",
)
INPUTS = "# inputs: sha256:"
OLDEST = (3, 11)


class Failure(SystemExit):
    """The command cannot go on; the text says why."""


# --- Environment ----------------------------------------------------------


def ensure_environment() -> None:
    """Make `.venv` match the lock and install the project into it, unless that has been done."""
    wanted = _fingerprint()
    with _one_at_a_time():
        if STAMP.exists() and STAMP.read_text() == wanted and _works(PYTHON):
            return
        uv = _find_uv()
        if not _works(PYTHON):
            shutil.rmtree(VENV, ignore_errors=True)
            _call(uv, "venv", "--quiet", "--python", sys.executable, str(VENV))
        STAMP.unlink(missing_ok=True)
        target = ("--python", str(PYTHON))
        _call(uv, "pip", "sync", *target, "--require-hashes", str(LOCK))
        # The build backend is in the lock: nothing is fetched here, and nothing comes without a hash.
        _call(uv, "pip", "install", *target, "--quiet", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
        STAMP.write_text(wanted)


def ensure_peers() -> None:
    """Make `.venv-peers` match its lock, unless that has been done."""
    _ensure_apart(PEERS, LOCK_PEERS, "the peers of the benchmarks")


def ensure_dbt(*, spark: bool = False) -> Path:
    """Make the environment of dbt, or the one with Spark, match its lock, unless that has been done; its place."""
    home, lock = (SPARK, LOCK_SPARK) if spark else (DBT, LOCK_DBT)
    _ensure_apart(home, lock, "dbt and Spark" if spark else "dbt")
    return home


def ensure_spark_job() -> Path:
    """Make `.venv-spark-job` match its lock, unless that has been done. Returns its place."""
    _ensure_apart(SPARK_JOB, LOCK_SPARK_JOB, "Spark")
    return SPARK_JOB


def _ensure_apart(home: Path, lock: Path, what: str) -> None:
    """An environment of its own, which the product's is none the heavier for."""
    python, stamp = home / "bin" / "python", home / ".installed"
    wanted = hashlib.sha256((lock.read_text() + sys.version).encode()).hexdigest()
    with _one_at_a_time():
        if stamp.exists() and stamp.read_text() == wanted and _works(python):
            return
        print(f"Installing {what} into {home.name} ...", flush=True)
        uv = _find_uv()
        shutil.rmtree(home, ignore_errors=True)
        _call(uv, "venv", "--quiet", "--python", sys.executable, str(home))
        _call(uv, "pip", "sync", "--quiet", "--python", str(python), "--require-hashes", str(lock))
        stamp.write_text(wanted)


def _fingerprint() -> str:
    """Changes when the environment has to: lock, package metadata, interpreter or place of the checkout."""
    project = _pyproject()
    parts = [LOCK.read_text(), project["project"], project["build-system"], sys.version, str(ROOT)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two first calls in two terminals: the second waits and finds the work done."""
    with (ROOT / ".venv.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _find_uv() -> str:
    own = [UV_HOME / "bin" / "uv", UV_HOME / "target" / "bin" / "uv"]
    found = [shutil.which("uv"), *(str(path) for path in own)]
    for uv in found:
        if uv and _works(uv):
            return uv
    print("Fetching uv, the installer, into .venv-uv ...", flush=True)
    hashed = ("install", "--quiet", "--require-hashes", "-r", str(LOCK_UV))
    attempts = [
        ([sys.executable, "-m", "venv", str(UV_HOME)], [str(UV_HOME / "bin" / "python"), "-m", "pip", *hashed]),
        # Debian ships `venv` apart: then the system's pip fills a directory of ours.
        ([], [sys.executable, "-m", "pip", *hashed, "--target", str(UV_HOME / "target")]),
    ]
    for prepare, install in attempts:
        shutil.rmtree(UV_HOME, ignore_errors=True)
        if prepare and subprocess.run(prepare, check=False, capture_output=True).returncode != 0:
            continue
        if subprocess.run(install, check=False).returncode == 0:
            return next(str(path) for path in own if path.exists())
    message = "run.py needs `uv`, or pip to fetch it: install one of them and call again."
    raise Failure(message)


def _works(program: str | Path) -> bool:
    try:
        return subprocess.run([program, "--version"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _call(*command: str) -> None:
    # A virtual environment that happens to be active is not the one we mean.
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    # Trust what this machine trusts (an office proxy has its own authority), as pip does; hashes guard the content.
    environment = {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"} | environment
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if code != 0:
        message = f"failed ({code}): {' '.join(command)}"
        raise Failure(message)


# --- Lock -----------------------------------------------------------------


def _pyproject() -> dict[str, dict[str, object]]:
    # Not at the top: an older Python must come as far as the message about its age.
    import tomllib  # noqa: PLC0415

    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def inputs_digest() -> str:
    """The digest of everything in pyproject.toml that a lock is made from."""
    toml = _pyproject()
    project = toml["project"]
    lists = [project["requires-python"], project["dependencies"], toml["dependency-groups"], toml["build-system"]]
    return hashlib.sha256(json.dumps(lists, sort_keys=True).encode()).hexdigest()


def lock_complaints() -> list[str]:
    """What is wrong with the committed locks, without asking the network."""
    complaints = []
    for path in (LOCK, LOCK_PRODUCTION):
        text = path.read_text()
        if f"{INPUTS}{inputs_digest()}\n" not in text:
            complaints.append(f"{path.name} is older than pyproject.toml: python3 run.py lock")
    for path in (LOCK, LOCK_PRODUCTION, LOCK_UV, LOCK_PEERS, LOCK_DBT, LOCK_SPARK, LOCK_SPARK_JOB):
        text = path.read_text()
        if "://" in text or "--index" in text or "--find-links" in text:
            complaints.append(f"{path.name} names a host")
        pins = re.findall(r"^[a-z0-9].*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
        complaints += [f"{path.name}: no hash for {pin.split()[0]}" for pin in pins if "--hash=sha256:" not in pin]
    return complaints


def write_locks(args: list[str]) -> int:
    """Resolve afresh; `args` go to `uv pip compile` (`--upgrade`, `--upgrade-package NAME`)."""
    uv = _find_uv()
    common = ["pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
    common += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", *args]
    _call(uv, *common, "--group", "dev", "pyproject.toml", "-o", str(LOCK))
    # The image runs the very versions that the tests ran.
    extras = [argument for name in ("bi", "kafka", "mcp", "nats") for argument in ("--extra", name)]
    ours = ["--group", "build", *extras, "pyproject.toml"]
    _call(uv, *common, "-c", str(LOCK), *ours, "-o", str(LOCK_PRODUCTION))
    # The peers have the very versions of what ours is built on, where they are built on it too.
    _call(uv, *common, "-c", str(LOCK), str(LOCK_PEERS.with_suffix(".in")), "-o", str(LOCK_PEERS))
    # dbt's own bounds are too narrow for that.
    for path in (LOCK_DBT, LOCK_SPARK):
        _call(uv, *common, str(path.with_suffix(".in")), "-o", str(path))
    job = ["--extra", "bi", "pyproject.toml", str(LOCK_SPARK_JOB.with_suffix(".in"))]
    _call(uv, *common, "-c", str(LOCK), *job, "-o", str(LOCK_SPARK_JOB))
    for path in (LOCK, LOCK_PRODUCTION):
        pins = "".join(line for line in path.read_text().splitlines(keepends=True) if not line.startswith("#"))
        path.write_text(f"# Written by `python3 run.py lock`; do not edit.\n{INPUTS}{inputs_digest()}\n{pins}")
    return 0


# --- Commands -------------------------------------------------------------


def lint(args: list[str]) -> int:
    """Run every gate and report all that fail."""
    if args:
        message = "lint takes no arguments: every gate runs"
        raise Failure(message)
    sources = [name for name in SOURCES if (ROOT / name).exists()]
    gates: dict[str, list[str]] = {
        "ruff check": [_tool("ruff"), "check", "."],
        "ruff format": [_tool("ruff"), "format", "--check", "."],
        "mypy --strict": [_tool("mypy"), *sources],
        "import contracts": [_tool("lint-imports"), "--no-logo"],
        "published contracts": [str(PYTHON), "-m", "tests.contracts", "check"],
    }
    failed = []
    # All at once: mypy alone, which keeps one core, takes longer than the others together.
    started = {
        name: subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for name, command in gates.items()
    }
    for name, process in started.items():
        print(f"--- {name}", flush=True)
        said, _ = process.communicate()
        sys.stdout.buffer.write(said)
        if process.returncode != 0:
            failed.append(name)
    print("--- lock", flush=True)
    for complaint in lock_complaints():
        print(complaint)
        failed.append("lock")
    print(f"lint: failed: {', '.join(dict.fromkeys(failed))}" if failed else "lint: all gates pass")
    return 1 if failed else 0


def test(args: list[str]) -> int:
    """Run the tests as `args` tell pytest, or all of them, a file staying together.

    In three processes, on two cores too: some tests wait for a clock or a disk.
    """
    # In the order of tests/conftest.py: the plugin's own, by numbers of tests, begins the slowest files last.
    whole = ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]
    return _become(str(PYTHON), "-m", "pytest", *(args or whole))


def demo(args: list[str]) -> int:
    """Seed and serve the demo; `args` go to `plimsoll demo`."""
    return _become(_tool("plimsoll"), "demo", *args)


def bench(args: list[str]) -> int:
    """Run the benchmarks; `args` go to their harness."""
    if not {"-h", "--help"} & set(args):
        try:
            ensure_peers()
        except Failure as refusal:
            # Then the table says so; ours is still to be measured.
            os.environ["BENCH_PEERS_REFUSED"] = str(refusal)
    return _become(str(PYTHON), "-m", "benchmarks", *args)


def dbt(args: list[str]) -> int:
    """Run dbt on the package in `dbt/`; `args` go to it (`build`, `build --target postgres`, `docs generate`)."""
    place = ROOT / "dbt"
    # Paths in the environment are meant from where the command was given.
    for name in ("PLIMSOLL_MARTS", "PLIMSOLL_DUCKDB"):
        if name in os.environ:
            os.environ[name] = str(Path(os.environ[name]).absolute())
    home = ensure_dbt(spark="spark" in args)
    return _become(str(home / "bin" / "dbt"), *args, "--project-dir", str(place), "--profiles-dir", str(place))


def spark(args: list[str]) -> int:
    """Run a job on Spark in local mode; `args` go to `spark-submit` (its options, the job, what it takes)."""
    home = ensure_spark_job()
    # Nothing of it listens to others than this machine.
    os.environ |= {
        "PYSPARK_PYTHON": str(home / "bin" / "python"),
        "PYTHONPATH": str(ROOT),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    local = ["--master", "local[*]", "--conf", "spark.ui.enabled=false"]
    return _become(str(home / "bin" / "spark-submit"), *local, *args)


def keep_bytecode() -> None:
    """Where none may be written next to the sources, keep it in `.venv`.

    Our commands start dozens of processes; each would spend most of its start on compiling what it imports.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(VENV / "bytecode"))


def _tool(name: str) -> str:
    return str(VENV / "bin" / name)


def _become(*command: str) -> int:
    """Replace this process: signals and the exit code are then the command's own."""
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "demo": demo,
    "test": test,
    "lint": lint,
    "bench": bench,
    "dbt": dbt,
    "spark": spark,
    "lock": write_locks,
}


def main(argv: list[str]) -> int:
    """Run one command. Returns its exit code; 2 for a command that does not exist."""
    if sys.version_info < OLDEST:
        message = f"Plimsoll needs Python 3.11 or newer; this is {sys.version.split()[0]} ({sys.executable})."
        raise Failure(message)
    if not argv or argv[0] not in COMMANDS:
        print(__doc__)
        for name, command in COMMANDS.items():
            print(f"  {name:6} {(command.__doc__ or '').splitlines()[0]}")
        return 0 if argv and argv[0] in {"-h", "--help", "help"} else 2
    name, args = argv[0], argv[1:]
    keep_bytecode()
    if name not in ("dbt", "lock", "spark"):
        ensure_environment()
    return COMMANDS[name](args)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
