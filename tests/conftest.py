"""Fixtures that every test may ask for: private, real servers and a fresh database of each kind.

A database has every table and no row of ours: the migrations make one of each kind a session, and each test has its own
copy, which costs a fifth of making it again. Tests of migrating ask for `empty_url`.

A server that this machine cannot run skips its tests, with the reason; where `CI` is set it fails them. Nothing else
depends on `CI`: properties are tried with other draws in each run, on a laptop and in the gate, and each run says its
seed.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from importlib import import_module
from pathlib import Path
from random import SystemRandom
from typing import Any, NoReturn

import pytest
import redis
from hypothesis import core, is_hypothesis_test, settings

from tests.servers import PostgresServer, ServerUnavailableError, find_memory_directory, postgres_server, redis_server

# Hypothesis' own choice where `CI` is set would try the same examples in each run, and hide what is slow to draw.
settings.register_profile(
    "plimsoll",
    settings.get_profile("default"),
    derandomize=False,
    # What an earlier run left behind changes no later one.
    database=None,
    # A run is tried again by its seed, and one test alone by this: what is drawn also depends on the modules loaded.
    print_blob=True,
    deadline=None,
)
settings.load_profile("plimsoll")
#: Seconds for a property: Hypothesis shortens a failing example for 300 at most, and an alarm in the middle of that is
#: reported in place of the failure, as a flaky test.
_SHORTENING_S = 420
_SEED = "hypothesis_seed"


def pytest_configure(config: pytest.Config) -> None:
    """Temporary directories are in memory where there is room: no test asks whether a power cut is survived.

    One seed is drawn for the whole run, unless one is given, and before Hypothesis looks for one. A process of
    pytest-xdist is handed it; a run inside of a test takes that of the run outside.
    """
    # What is loaded and collected stays: `pytest_collection_finish` has the collector look at it once.
    gc.disable()
    if place := find_memory_directory():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(place))
    if getattr(config.option, _SEED) is None:
        handed = getattr(config, "workerinput", {}).get(_SEED, core.global_force_seed)
        setattr(config.option, _SEED, str(SystemRandom().randrange(2**32) if handed is None else handed))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Before pytest-xdist starts a process."""
    node.workerinput[_SEED] = getattr(node.config.option, _SEED)


def pytest_report_header(config: pytest.Config) -> str:
    return f"properties: --hypothesis-seed={getattr(config.option, _SEED)}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    """The seed once more where something failed: with `-q` there is no header."""
    if exitstatus:
        terminalreporter.write_line(f"the same examples again: --hypothesis-seed={getattr(config.option, _SEED)}")


HERE = Path(__file__).parent
#: Files of few tests that wait for servers and processes: begun last, one of them keeps a run waiting for a minute.
_BEGUN_FIRST = (
    *("system", "worker", "clients", "dbt", "services/test_lake.py", "services/test_kafka_sink.py"),
    *("api/test_bad_days.py", "services/test_restore_drill.py", "api/test_isolation.py", "api/test_canaries.py"),
    *("benchmarks", "services"),
)


def _rank(item: pytest.Item) -> int:
    name = item.path.relative_to(HERE).as_posix()
    return next((rank for rank, place in enumerate(_BEGUN_FIRST) if name.startswith(place)), len(_BEGUN_FIRST))


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Where all files are run by several processes, each begins to import them at another place.

    On a fresh checkout nothing is compiled, and pytest writes each module's assertions anew: what one process has
    compiled, the others find as bytecode. A module that cannot be imported is reported when it is collected.
    """
    config = session.config
    worker: dict[str, Any] = getattr(config, "workerinput", {})
    if not worker or config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    paths = sorted(path for path in HERE.rglob("test_*.py") if "long" not in path.parts)
    begin = len(paths) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    for path in (*paths[begin:], *paths[:begin]):
        with suppress(Exception):
            import_module(".".join(path.relative_to(HERE.parent).with_suffix("").parts))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest files first, and time enough for a property to say how it fails."""
    items.sort(key=_rank)
    for item in items:
        if is_hypothesis_test(getattr(item, "obj", None)) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_SHORTENING_S))


def pytest_collection_finish() -> None:
    """What was loaded and collected stays: the collector looks at it once, here.

    Ten thousand tests and all modules are a million objects. Without this, and with Python's own threshold of 700
    objects, it took 6 % of the run, and each call of `gc.collect()` half a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)
    gc.enable()


def skip_or_fail(reason: str) -> NoReturn:
    """Skip on a laptop, fail on CI."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have every server and program: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def servers() -> Iterator[ExitStack]:
    """Servers started on first need, stopped at the end of the session."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def start_postgres(servers: ExitStack) -> Callable[[], PostgresServer]:
    """The session's PostgreSQL server, started by the first call; a machine without one answers every call alike."""
    outcome: list[PostgresServer | str] = []

    def start() -> PostgresServer:
        if not outcome:
            try:
                outcome.append(servers.enter_context(postgres_server()))
            except ServerUnavailableError as refusal:
                outcome.append(str(refusal))
        server = outcome[0]
        if isinstance(server, str):
            skip_or_fail(server)
        return server

    return start


@pytest.fixture(scope="session")
def start_redis(servers: ExitStack) -> Callable[[], str]:
    """The URL of the session's Redis server, started by the first call."""
    outcome: list[str | ServerUnavailableError] = []

    def start() -> str:
        if not outcome:
            try:
                outcome.append(servers.enter_context(redis_server()))
            except ServerUnavailableError as refusal:
                outcome.append(refusal)
        url = outcome[0]
        if isinstance(url, ServerUnavailableError):
            skip_or_fail(str(url))
        return url

    return start


@pytest.fixture(scope="session")
def postgres_template(start_postgres: Callable[[], PostgresServer]) -> str:
    """The name of a migrated database on the session's server, to be copied."""
    server = start_postgres()
    name = server.create_database()
    make_tables(server.url(name))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "template.db"
    make_tables(f"sqlite:///{path}")
    return path


def copy_sqlite(template: Path, path: Path) -> Path:
    """A copy of a store that nobody has open: the log's file and the views'."""
    for part in ("", "-views"):
        shutil.copyfile(f"{template}{part}", f"{path}{part}")
    return path


def make_tables(url: str) -> None:
    # Imported here: most tests need no runtime, and one runs a copy of this file.
    from domain.references import ORGANISATIONS
    from ledger.storage.opening import open_migration_session
    from services.runtime import migrate
    from services.settings import Settings

    migrate(Settings(database_url=url))
    with open_migration_session(url) as session:
        # `derive_organisation_id("default")` is then what "default" gets, in every test's store.
        session.execute(f"UPDATE ledger_identity SET deployment = '{ORGANISATIONS.hex}'")


@pytest.fixture
def postgres_url(start_postgres: Callable[[], PostgresServer], postgres_template: str) -> Iterator[str]:
    """A fresh, migrated PostgreSQL database for this test."""
    server = start_postgres()
    name = server.create_database(postgres_template)
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def empty_postgres_url(start_postgres: Callable[[], PostgresServer]) -> Iterator[str]:
    """A fresh PostgreSQL database without a table."""
    server = start_postgres()
    name = server.create_database()
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def sqlite_url(empty_sqlite_url: str, sqlite_template: Path) -> str:
    """A fresh, migrated SQLite database for this test."""
    copy_sqlite(sqlite_template, Path(empty_sqlite_url.removeprefix("sqlite:///")))
    return empty_sqlite_url


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """A SQLite database for this test: a file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'plimsoll.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database: each test that asks for it runs on SQLite and on PostgreSQL."""
    fixture = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(fixture)
    return url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database for all tests of a module: what they read takes longer to write than to read."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("shared") / "plimsoll.db"
        yield f"sqlite:///{copy_sqlite(request.getfixturevalue('sqlite_template'), path)}"
    else:
        server: PostgresServer = request.getfixturevalue("start_postgres")()
        name = server.create_database(request.getfixturevalue("postgres_template"))
        yield server.url(name)
        server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest) -> str:
    """A fresh database without a table, of either kind."""
    fixture = {"sqlite": "empty_sqlite_url", "postgresql": "empty_postgres_url"}[request.param]
    url: str = request.getfixturevalue(fixture)
    return url


@pytest.fixture
def redis_url(start_redis: Callable[[], str]) -> str:
    """An empty Redis for this test."""
    url = start_redis()
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return url
