"""The `plimsoll` command: how each command is called. What it does is in `services.commands`.

Exit codes: 0 done, 1 refused or failed (the reason on one line of stderr), 2 wrong usage or settings.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from services.client.arguments import NAMES as CLIENT_COMMANDS
from services.client.arguments import add_client_commands, add_group
from services.client.completion import SHELLS, answer_completion, print_completion
from services.commands.lake_arguments import add_lake_commands, run_lake
from services.commands.sheet_arguments import add_sheet_options, list_sheet_options

if TYPE_CHECKING:
    from services.console import Console
    from services.settings import Settings

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its type has no public name

MARTS = (
    *("fact_goal_event", "fact_goal_change", "fact_check_in", "fact_need", "fact_blocker", "fact_delivery"),
    *("fact_alignment", "fact_decision", "fact_experiment", "fact_recognition", "fact_pulse", "fact_load_week"),
    "fact_addition",
    *("dim_goal", "dim_member", "dim_team", "dim_cycle", "dim_charter", "dim_policy", "dim_date"),
    *("bridge_goal_support", "bridge_member_team"),
)
EXPORT_FORMATS = ("ndjson", "csv", "parquet", "arrow")
EXIT_FAILED, EXIT_USAGE = 1, 2
MAX_PORT = 65_535
MAX_PROCESSES = 64
MAX_LENGTH = 10**12


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    try:
        parser = _build_parser()
        answer_completion(parser)
        given = _parse(parser, argv)
        _require_text(parser, sys.argv[1:] if argv is None else argv)
        code = _run(given)
        # Here, where a reader that has gone is expected, and not when the interpreter ends.
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _print_error("interrupted", EXIT_FAILED)
    except BrokenPipeError:
        # The reader of the pipe has gone; a second error at exit, from flushing, would not help.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except Exception as error:
        code = _find_exit_code(error)
        if not code:
            raise
        return _print_error(" ".join(str(error).split()) or type(error).__name__, code)
    return code


def _parse(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments. Fields of an act may also stand behind options, where argparse takes no more positional ones."""
    given, rest = parser.parse_known_args(argv)
    if rest and (given.command != "act" or any(word.startswith("-") for word in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        given.field += rest
    return given


def _print_error(words: str, code: int) -> int:
    print(f"plimsoll: {words}", file=sys.stderr)
    return code


def _require_text(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    """Leave with a wrong usage for an argument that is no text in the locale's encoding: it could not be sent on."""
    for word in argv:
        if any("\ud800" <= character <= "\udfff" for character in word):
            parser.error(f"{word!a} is no text in this locale ({sys.getfilesystemencoding()}); set LC_ALL=C.UTF-8")


def _find_exit_code(error: Exception) -> int:
    """The exit code of an expected error, which is printed as one line; 0 for a defect, whose traceback is wanted."""
    from services.console import CommandFailed, WrongUsage
    from services.settings import SettingsError

    if isinstance(error, SettingsError | WrongUsage):
        return EXIT_USAGE
    if isinstance(error, CommandFailed | OSError):
        return EXIT_FAILED
    from domain.errors import Refusal
    from ledger.errors import LedgerMisconfigured, LedgerUnavailable
    from projections.database.database import DatabaseUnavailable

    expected = Refusal | LedgerUnavailable | LedgerMisconfigured | DatabaseUnavailable
    return EXIT_FAILED if isinstance(error, expected) else 0


def _run(given: argparse.Namespace) -> int:
    """Dispatch; each command's module is imported only when it runs."""
    from services.console import Console

    console = Console(as_json=getattr(given, "json", False))
    if given.command == "completion":
        return print_completion(console, given.shell)
    if given.command in CLIENT_COMMANDS:
        from services.client import commands

        return commands.run(console, given)
    from services.settings import Settings

    return _run_here(given, Settings.from_environment(os.environ), console)


def _run_here(given: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Run a command that works on the store or serves it."""
    match given.command:
        case "serve" | "worker" | "sink" | "demo" | "openapi":
            return _run_process(given, settings, console)
        case "import" | "seed" | "export":
            return _run_data(given, settings, console)
        case "migrate" | "organisation" | "keys" | "database":
            return _run_store(given, settings, console)
        case "bi":
            return _run_bi(given, settings, console)
        case "lake":
            return run_lake(given, settings, console)
        case "signing-keys":
            return _run_signing_keys(given, settings, console)
        case _:
            return _run_health(given, settings, console)


def _run_data(given: argparse.Namespace, settings: Settings, console: Console) -> int:
    from services.commands import data

    match given.command:
        case "import":
            return data.import_file(
                settings,
                console,
                file=given.file,
                organisation=given.organisation,
                source=given.source,
                partial=given.partial,
                dry_run=given.dry_run,
                sheet=list_sheet_options(given),
            )
        case "seed":
            return data.seed(
                settings,
                console,
                scale=given.scale,
                today=given.today,
                organisation=given.organisation,
                rows=given.rows,
            )
        case _:
            return _run_export(given, settings, console)


def _run_export(given: argparse.Namespace, settings: Settings, console: Console) -> int:
    from services.commands import data
    from services.exports.exporting import ExportQuery

    if (given.mart is None) == (given.all is None):
        return _print_error("name a mart, or a folder with --all DIR", EXIT_USAGE)
    query = ExportQuery(
        mart=given.mart or "",
        form=given.format or ("ndjson" if given.all is None else "parquet"),
        after=given.after,
        at=given.at,
        as_of=given.as_of,
        names=given.names,
    )
    if given.all is None:
        return data.export(settings, console, query, organisation=given.organisation, output=given.output)
    if given.output != "-" or given.after:
        return _print_error("--all writes whole marts to its folder: it takes no --output and no --after", EXIT_USAGE)
    return data.export_all(settings, console, query, organisation=given.organisation, folder=given.all)


def _run_signing_keys(given: argparse.Namespace, settings: Settings, console: Console) -> int:
    from services.commands import signing_keys

    if given.what == "list":
        return signing_keys.list_signing_keys(settings, console)
    return signing_keys.rotate_signing_key(settings, console, overlap_hours=given.overlap_hours)


def _run_bi(given: argparse.Namespace, settings: Settings, console: Console) -> int:
    from services.commands import bi

    match given.what:
        case "grant":
            return bi.grant(
                settings,
                console,
                organisation=given.organisation,
                role=given.role,
                names=given.names,
                rotate=given.rotate,
                own_schema=given.own_schema,
            )
        case "revoke":
            return bi.revoke(settings, console, role=given.role)
        case "list":
            return bi.list_roles(settings, console)
        case "refresh":
            return bi.refresh(settings, console, organisation=given.organisation)
        case _:
            return bi.check(settings, console)


def _run_process(given: argparse.Namespace, settings: Settings, console: Console) -> int:
    if given.command == "demo":
        from services import demo

        return demo.run(settings, console, port=given.port, data=given.data)
    if given.command == "sink":
        from services.commands import sinks

        return sinks.run_sink(
            settings,
            console,
            given.what,
            url=given.url,
            stream=given.stream,
            organisation=given.organisation,
            types=given.types or (),
            max_length=given.max_length,
        )
    with _share_metrics(getattr(given, "processes", 1)):
        return _run_server(given, settings, console)


def _run_server(given: argparse.Namespace, settings: Settings, console: Console) -> int:
    import msgspec

    from services.commands import serving

    if given.command == "openapi":
        return serving.openapi(console, output=given.output)
    if given.command == "worker":
        return serving.run_worker(settings, console, scheduler=given.scheduler)
    chosen = {name: value for name in ("host", "port") if (value := getattr(given, name)) is not None}
    return serving.serve(msgspec.structs.replace(settings, **chosen), console, processes=given.processes)


@contextmanager
def _share_metrics(processes: int) -> Iterator[None]:
    """Processes that share a port count in files that each of them reads, so that a scrape is of all of them.

    Entered before prometheus_client is imported, which looks for the variable once.
    """
    if processes == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="plimsoll-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        try:
            yield
        finally:
            del os.environ["PROMETHEUS_MULTIPROC_DIR"]


def _run_store(given: argparse.Namespace, settings: Settings, console: Console) -> int:
    from services.commands import store

    match given.command, getattr(given, "what", None):
        case "migrate", _:
            return store.migrate(settings, console, restored=given.restored)
        case "database", _:
            return store.create_database_roles(settings, console, prefix=given.prefix, passwords=given.passwords)
        case "organisation", _:
            return store.create_organisation(settings, console, name=given.name, steward=given.steward, zone=given.zone)
        case _, "create":
            return store.create_key(
                settings,
                console,
                organisation=given.organisation,
                member=given.member,
                scopes=given.scope or ["read", "act"],
                decision=given.decision,
                name=given.name,
                days=given.days,
            )
        case _, "list":
            return store.list_keys(settings, console, organisation=given.organisation)
        case _, "rotate":
            return store.rotate_key(settings, console, key_id=given.key, overlap_hours=given.overlap_hours)
        case _:
            return store.revoke_key(settings, console, key_id=given.key)


def _run_health(given: argparse.Namespace, settings: Settings, console: Console) -> int:
    from services.commands import health

    match given.command, getattr(given, "what", None):
        case "doctor", _:
            return health.doctor(settings, console)
        case "audit", "digest":
            return health.digest_log(settings, console, upto=given.at)
        case "audit", _:
            return health.audit(settings, console)
        case _, "status":
            return health.show_projections(settings, console)
        case _, "rebuild":
            return health.rebuild_projections(settings, console, names=given.view)
        case _, "retry":
            return health.retry_held_streams(settings, console, names=given.view)
        case _:
            return health.verify_projections(settings, console, names=given.view)


# --- how it is called --------------------------------------------------------------------------------------------


class _PrintVersion(argparse.Action):
    """Reads the version only where it is asked for: that takes as long as the rest of `--help`."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from services.version import read_version

        print(f"plimsoll {read_version()}")
        parser.exit()


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="plimsoll",
        description="Promises in, overload and drift out.",
        epilog="Settings come from the environment (PLIMSOLL_*); see docs/settings.md. Exit codes: 0 done, "
        "1 refused or failed, 2 wrong usage.",
    )
    parser.add_argument("--version", action=_PrintVersion, nargs=0, help="print the program's version")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_client_commands(commands, _add_command)
    completion = _add_command(commands, "completion", "print what makes a shell complete these commands", json=False)
    completion.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))
    _add_processes(commands)
    _add_store(commands)
    _add_data(commands)
    _add_health(commands)
    return parser


def _add_command(commands: Commands, name: str, words: str, *, json: bool = True) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=words, description=words)
    if json:
        command.add_argument("--json", action="store_true", help="print the result as JSON")
    return command


def _add_processes(commands: Commands) -> None:
    serve = _add_command(commands, "serve", "answer HTTP (without Redis, with the worker inside)", json=False)
    serve.add_argument("--host", help="address to bind")
    serve.add_argument("--port", type=_parse_port, help="port to bind; 0 takes a free one")
    serve.add_argument(
        "--processes",
        type=partial(_parse_number, most=MAX_PROCESSES),
        metavar="N",
        default=1,
        help="API processes on that port; more than 1 with Redis",
    )
    worker = _add_command(commands, "worker", "follow the log, run jobs and timers", json=False)
    worker.add_argument(
        "--scheduler",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="look for timers that have fallen due; any number of processes may",
    )
    _add_sinks(commands)
    demo = _add_command(commands, "demo", "serve a seeded organisation on embedded storage", json=False)
    demo.add_argument("--port", type=_parse_port, default=8000, help="port to bind; 0 takes a free one")
    demo.add_argument("--data", type=Path, metavar="DIR", default=Path("var/demo"), help="where its data is kept")
    openapi = _add_command(commands, "openapi", "print the OpenAPI document", json=False)
    openapi.add_argument("--output", metavar="FILE", default="-", help="file to write; - is stdout")


def _add_sinks(commands: Commands) -> None:
    group = add_group(commands, "sink", "send the log on to a broker")
    for name, words in (
        ("redis", "append every event to a Redis stream"),
        ("nats", "publish every event to NATS JetStream (extra `nats`)"),
        ("kafka", "produce every event to a Kafka topic (extra `kafka`)"),
    ):
        sink = _add_command(group, name, words, json=False)
        sink.add_argument("--url", help="where the broker is; default: PLIMSOLL_SINK_URL")
        sink.add_argument("--stream", metavar="NAME", default="plimsoll", help="the stream; made where it is missing")
        sink.add_argument("--organisation", metavar="NAME", help="its name or id; default: all organisations")
        sink.add_argument(
            "--types",
            action="append",
            metavar="TYPE",
            help="goal.promised.v1, goal.promised.* or goal.*; may be repeated",
        )
        sink.add_argument(
            "--max-length",
            type=partial(_parse_number, most=MAX_LENGTH),
            metavar="N",
            default=0,
            help="events that are kept; default: all",
        )


def _add_store(commands: Commands) -> None:
    migrate = _add_command(commands, "migrate", "bring the database to this version's shape; safe to run again")
    migrate.add_argument(
        "--restored", action="store_true", help="the database is a copy that takes the live one's place"
    )
    database = add_group(commands, "database", "the database")
    roles = _add_command(database, "roles", "create PostgreSQL's roles, as its administrator; safe to run again")
    roles.add_argument("--prefix", default="plimsoll", help="roles are called PREFIX_migrate, _write, _project, _read")
    roles.add_argument(
        "--passwords",
        type=Path,
        metavar="DIR",
        help="files that hold their passwords, each named as its role; a role without one keeps the one it has",
    )
    organisations = add_group(commands, "organisation", "organisations")
    create = _add_command(organisations, "create", "create one with its steward; prints the first key once")
    create.add_argument("name")
    create.add_argument("--steward", required=True, metavar="EMAIL", help="reference of its first steward")
    create.add_argument("--zone", default="UTC", help="IANA time zone in which its dates are meant")
    keys = add_group(commands, "keys", "API keys")
    key = _add_command(keys, "create", "create a key for a member; prints it once")
    _add_organisation_option(key)
    key.add_argument("--member", required=True, metavar="REF", help="whose key it is")
    may = key.add_mutually_exclusive_group()
    may.add_argument("--scope", action="append", choices=("read", "act", "import", "admin"), help="default: read, act")
    may.add_argument("--decision", metavar="REF", help="a guest's key: a say in this one decision, and nothing else")
    key.add_argument("--name", default="", help="what it is for")
    key.add_argument("--days", type=int, default=90, help="how long it is valid (at most 365)")
    _add_organisation_option(_add_command(keys, "list", "list an organisation's keys"))
    rotate = _add_command(keys, "rotate", "replace a key; prints the new one once")
    rotate.add_argument("key", metavar="KEY_ID")
    rotate.add_argument("--overlap-hours", type=int, default=24, help="how long the old one works on")
    _add_command(keys, "revoke", "make a key invalid at once").add_argument("key", metavar="KEY_ID")
    signing = add_group(commands, "signing-keys", "the key pairs that webhooks are signed with")
    _add_command(signing, "list", "list those that sign now")
    renew = _add_command(signing, "rotate", "sign with a new key pair")
    renew.add_argument("--overlap-hours", type=int, default=24, metavar="N", help="how long the former one signs too")


def _add_data(commands: Commands) -> None:
    imports = _add_command(commands, "import", "import acts (NDJSON) or a spreadsheet: all or none")
    imports.add_argument("file", help="file to read; - is stdin")
    _add_organisation_option(imports)
    imports.add_argument("--source", metavar="NAME", help="the tracker or file of the rows that name none")
    how = imports.add_mutually_exclusive_group()
    how.add_argument("--dry-run", action="store_true", help="do everything but keep it")
    how.add_argument("--partial", action="store_true", help="keep the good rows even where others are refused")
    add_sheet_options(imports)
    seed = _add_command(commands, "seed", "import a made-up organisation, to try what a large one costs")
    seed.add_argument(
        "--scale",
        metavar="SIZE",
        default="members=200,goals=2000,years=2",
        help="members=N,goals=N,years=N,check_in_days=N, each optional (default: %(default)s, check_in_days=2)",
    )
    seed.add_argument("--today", type=_parse_day, metavar="DATE", help="the day before which its history ends")
    _add_organisation_option(seed)
    seed.add_argument("--rows", action="store_true", help="print the import's rows instead")
    _add_export(commands)
    _add_bi(commands)
    add_lake_commands(add_group(commands, "lake", "the marts and the log as Delta tables (extra `bi`)"), _add_command)


def _add_bi(commands: Commands) -> None:
    group = add_group(commands, "bi", "who reads the marts with SQL (PostgreSQL)")
    grant = _add_command(group, "grant", "create a role for one organisation; prints its connection once")
    _add_organisation_option(grant)
    grant.add_argument("--role", metavar="NAME", help="what it is called; default: plimsoll_bi_ and the organisation")
    grant.add_argument("--names", action="store_true", help="with the names of members")
    grant.add_argument("--rotate", action="store_true", help="give a role that there is a new password")
    grant.add_argument(
        "--own-schema", metavar="SCHEMA", help="make a schema in which the role may make tables, for dbt and the like"
    )
    _add_command(group, "revoke", "drop a role").add_argument("role", metavar="ROLE")
    _add_command(group, "list", "list the roles")
    _add_organisation_option(_add_command(group, "refresh", "bring the computed marts to where the views are"))
    _add_command(group, "check", "prove that each role reads what it was granted, and nothing else")


def _add_export(commands: Commands) -> None:
    export = _add_command(commands, "export", "write a mart, or all of one moment, for analysis")
    export.add_argument("mart", nargs="?", choices=MARTS)
    export.add_argument("--all", metavar="DIR", help="every mart at one position, in a folder that DuckDB reads")
    _add_organisation_option(export)
    export.add_argument("--format", choices=EXPORT_FORMATS, help="default: ndjson, with --all parquet")
    export.add_argument("--output", metavar="FILE", default="-", help="file to write, whole or not at all; - is stdout")
    export.add_argument("--after", type=int, default=0, metavar="POSITION", help="only what came behind this position")
    export.add_argument("--at", type=int, metavar="POSITION", help="as it was known at this position; default: now")
    export.add_argument(
        "--as-of", type=_parse_time, metavar="TIME", help="only what had happened by then: a day or an RFC 3339 instant"
    )
    export.add_argument("--names", action="store_true", help="with the names of members")


def _add_health(commands: Commands) -> None:
    _add_command(commands, "doctor", "look at everything a running Plimsoll needs")
    audit = add_group(commands, "audit", "prove that the log is whole")
    _add_command(audit, "verify", "prove that the log misses nothing")
    digest = _add_command(audit, "digest", "a number over the log's events: equal where two logs hold the same ones")
    digest.add_argument("--at", type=int, metavar="POSITION", help="up to this log position; default: all")
    projections = add_group(
        commands, "projections", "the read models (views): progress, rebuilding, comparison with the log"
    )
    _add_command(projections, "status", "position, lag and digest of each view")
    for name, words in (
        ("rebuild", "build views anew from the log"),
        ("retry", "try streams that are held back once more"),
        ("verify", "compare views with the log"),
    ):
        _add_command(projections, name, words).add_argument("view", nargs="*", help="default: all")


def _add_organisation_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--organisation", metavar="NAME", help="its name or id; not needed where there is one only")


def _parse_time(text: str) -> date | datetime:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-03-04") else datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a day nor an RFC 3339 instant") from None


def _parse_port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 <= port <= MAX_PORT:
        raise argparse.ArgumentTypeError("a port is 0 to 65535")
    return port


def _parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day like 2026-11-30") from None


def _parse_number(text: str, most: int) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"a number from 1 to {most}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
