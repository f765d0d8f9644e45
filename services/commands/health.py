"""`plimsoll doctor`, `audit`, `projections`: whether everything is there, and the views agree with the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from projections.engine.fold import sum_digests
from projections.engine.rebuild import REBUILD_BATCH_SIZE, Difference, Progress
from projections.marts.snapshots import forget_snapshots
from services.console import CommandFailed
from services.runtime import Runtime
from services.view_health import ViewHealth, load_view_health

if TYPE_CHECKING:
    from services.console import Console
    from services.settings import Settings


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at."""

    name: str
    ok: bool
    detail: str


def doctor(settings: Settings, console: Console) -> int:
    """Look at everything a running Plimsoll needs; exit code 1 when something is wrong."""
    checks: list[Check] = []
    try:
        with Runtime.open(settings) as runtime:
            checks.append(Check(name="database", ok=True, detail=_hide_password(settings.database_url)))
            checks.append(check_log(runtime))
            checks.extend(_check_views(runtime))
            checks.append(_check_aggregates(runtime))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the diagnosis
        checks.append(Check(name="database", ok=False, detail=f"{type(error).__name__}: {error}".strip()))
    checks.append(_check_broker(settings))
    return print_checks(console, checks)


def audit(settings: Settings, console: Console) -> int:
    """Prove that the log misses nothing."""
    with Runtime.open(settings) as runtime:
        return print_checks(console, [check_log(runtime)])


def digest_log(settings: Settings, console: Console, *, upto: int | None) -> int:
    """Print a number over the ids of all events up to a position: equal where two logs hold the same events."""
    with Runtime.open(settings) as runtime:
        head = runtime.ledger.head()
        if upto is not None and upto > head:
            raise CommandFailed(f"the log ends at position {head}: what came up to {upto} is not in it")
        end, position, total = head if upto is None else upto, 0, 0
        with console.progress("reading the log") as progress:
            while position < end:
                events = runtime.ledger.read_log(position, min(REBUILD_BATCH_SIZE, end - position))
                total += sum_digests(events)
                position = events[-1].log_position
                progress(position, end)
    digest = f"{total % 2**256:064x}"
    console.print_result({"position": end, "digest": digest}, f"position {end}, digest {digest}")
    return 0


def print_checks(console: Console, checks: list[Check]) -> int:
    """Print the checks; 1 when one of them failed."""
    rows = [("ok" if check.ok else "FAIL", check.name, check.detail) for check in checks]
    console.print_table(list(checks), ("", "check", "detail"), rows)
    return 0 if all(check.ok for check in checks) else 1


def check_log(runtime: Runtime) -> Check:
    """Whether the log is complete: positions are gapless, so there are as many events as the last position."""
    ledger = runtime.ledger
    head, count = ledger.head(), ledger.count()
    if head != count:
        # A commit may have come between the two queries; then they agree when repeated.
        head, count = ledger.head(), ledger.count()
    return Check(name="log", ok=head == count, detail=f"{count} events, last position {head}")


def _check_views(runtime: Runtime) -> list[Check]:
    checks = []
    for view in load_view_health(runtime):
        status = view.status
        detail = (
            f"{view.lag} events and {view.lag_seconds:.0f} s behind, {status.held} held back, {status.missing} missing"
        )
        ok = not (view.fault or status.held or status.missing)
        checks.append(Check(name=f"view {status.name}", ok=ok, detail=view.fault or detail))
    return checks


def _check_aggregates(runtime: Runtime) -> Check:
    """Decisions and access read the states that the views show."""
    found = runtime.engine.compare_aggregates()
    detail = "; ".join(_format_difference(difference) for difference in found)
    return Check(name="aggregates", ok=not found, detail=detail or "as the views show them")


def _check_broker(settings: Settings) -> Check:
    if settings.redis_url is None:
        return Check(name="broker", ok=True, detail="embedded")
    import redis  # noqa: PLC0415 - its import takes a quarter of this command where there is no Redis

    try:
        with redis.Redis.from_url(settings.redis_url, socket_timeout=2, socket_connect_timeout=2) as client:
            client.ping()
    except redis.RedisError as error:
        return Check(name="broker", ok=False, detail=f"redis: {error}")
    return Check(name="broker", ok=True, detail="redis answers")


def _hide_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    user, at, place = rest.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}{at}{place}"


# --- projections -------------------------------------------------------------------------------------------------


def show_projections(settings: Settings, console: Console) -> int:
    """Position, lag and digest of every view."""
    with Runtime.open(settings) as runtime:
        views = load_view_health(runtime)
    rows = []
    for view in views:
        s, seconds = view.status, f"{view.lag_seconds:.0f}"
        counts = (s.version, s.position, view.lag, seconds, s.held, s.missing)
        rows.append((s.name, *map(str, counts), s.digest, view.fault or "ok"))
    columns = ("view", "version", "position", "behind", "seconds", "held", "missing", "digest", "state")
    console.print_table([_describe_view(view) for view in views], columns, rows)
    return 1 if any(view.fault or view.status.missing for view in views) else 0


def _describe_view(view: ViewHealth) -> dict[str, Any]:
    return {**msgspec.structs.asdict(view.status), "lag_seconds": round(view.lag_seconds, 3), "fault": view.fault}


def rebuild_projections(settings: Settings, console: Console, *, names: list[str]) -> int:
    """Rebuild views from the log into shadow tables, then replace the live ones."""
    with Runtime.open(settings) as runtime:
        mended = [
            d
            for name in _resolve_targets(runtime, names)
            for d in _run_with_progress(console, name, runtime.engine.rebuild)
        ]
        done = [status for status in runtime.engine.status() if not names or status.name in names]
        # What is computed from the views is computed anew from the new ones.
        forget_snapshots(runtime.database)
    words = [f"{s.name}: position {s.position}, digest {s.digest[:16]}" for s in done]
    words += [f"mended {d.table}: {d.missing} rows were missing, {d.surplus} were too many" for d in mended]
    console.print_result({"views": done, "mended": mended}, "\n".join(words))
    return 0


def retry_held_streams(settings: Settings, console: Console, *, names: list[str]) -> int:
    """Try the streams that views hold back once more; exit code 1 where some are held back still."""
    with Runtime.open(settings) as runtime:
        released = sum(runtime.engine.retry_held(name) for name in _resolve_targets(runtime, names))
        held = sum(status.held for status in runtime.engine.status() if not names or status.name in names)
    words = f"{released} streams flow again, {held} events are held back"
    console.print_result({"released": released, "held": held}, words)
    return 1 if held else 0


def verify_projections(settings: Settings, console: Console, *, names: list[str]) -> int:
    """Fold the log into shadow tables and compare row by row, up to where each view has followed it.

    Exit code 1 where they differ, and where a view is not healthy: of one that is empty nothing is proven.
    """
    with Runtime.open(settings) as runtime:
        # Asked for before: what is compared is no less than this.
        views = [view for view in load_view_health(runtime) if not names or view.status.name in names]
        found = [
            d
            for name in _resolve_targets(runtime, names)
            for d in _run_with_progress(console, name, runtime.engine.verify)
        ]
    words = [_format_difference(difference) for difference in found]
    words += [f"{view.status.name}: {view.fault}" for view in views if view.fault]
    if not found:
        head = max((view.status.head for view in views), default=0)
        upto = min((view.status.position for view in views), default=0)
        words.insert(0, f"the views say what the log says, up to position {upto} of {head}")
    result = {"differences": found, "views": [_describe_view(view) for view in views]}
    console.print_result(result, "\n".join(words))
    return 1 if found or any(view.fault for view in views) else 0


def _format_difference(found: Difference) -> str:
    if not found.aggregates:
        return f"{found.table}: {found.missing} rows are missing, {found.surplus} are too many"
    streams = ", ".join(map(str, found.streams))
    return f"{found.table}: {found.aggregates} streams are in another state for decisions than in the view: {streams}"


def _resolve_targets(runtime: Runtime, names: list[str]) -> list[str | None]:
    """The views named, or all in one go. Raises CommandFailed for one that there is not."""
    known = [status.name for status in runtime.engine.status()]
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise CommandFailed(f"no view {unknown[0]!r}; there are: {', '.join(known)}")
    return list(names) or [None]


def _run_with_progress(
    console: Console, name: str | None, work: Callable[[str | None, Progress], list[Difference]]
) -> list[Difference]:
    with console.progress(name or "all views") as progress:
        return work(name, progress)
