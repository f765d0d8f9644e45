"""`plimsoll lake`: the marts and the log as Delta tables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from services.commands.store import find_organisation
from services.console import CommandFailed
from services.exports.errors import FormatUnavailable
from services.lake.certificates import Certificate
from services.lake.delta import Lake, find_names
from services.lake.errors import LakeRefused, LakeUnavailable
from services.lake.sync import open_session, start_session, sync_lake, verify_lake
from services.lake.upkeep import compact_lake, vacuum_lake
from services.runtime import Runtime

if TYPE_CHECKING:
    from services.console import Console
    from services.settings import Settings


def sync(  # noqa: PLR0913 - its options
    settings: Settings,
    console: Console,
    uri: str,
    *,
    organisation: str | None,
    names: bool,
    events: bool,
    repair: bool,
) -> int:
    """Bring a lake to where the log is; exit code 1 where it does not equal the log."""
    with (
        _open(settings, console, uri, organisation) as (runtime, tenant, lake),
        open_session(runtime, tenant, lake, names=names) as session,
        console.progress("writing tables") as progress,
    ):
        certificate = sync_lake(session, events=events, repair=repair, progress=progress)
    rows = sum(each.rows for each in certificate.tables)
    words = f"{len(certificate.tables)} tables, {rows} rows, at position {certificate.position} in {certificate.uri}"
    differing = ", ".join(each.table for each in certificate.tables if not each.equal)
    proof = "counts and digests of log and lake are equal"
    if differing:
        proof = f"not equal to the log: {differing}; write them anew with: plimsoll lake sync --repair"
    console.print_result(certificate, f"{words}: {proof}")
    return _exit_code(certificate)


def verify(settings: Settings, console: Console, uri: str, *, organisation: str | None) -> int:
    """Compare every row with the log; exit code 1 where one differs."""
    with (
        _open(settings, console, uri, organisation) as (runtime, tenant, lake),
        console.progress("comparing tables") as progress,
    ):
        session = start_session(runtime, tenant, lake, names=find_names(lake))
        certificate = verify_lake(session, progress=progress)
    if console.as_json:
        console.print_result(certificate, "")
        return _exit_code(certificate)
    rows = [
        ("ok" if each.equal else "DIFFERS", each.table, *map(str, (each.position, each.rows, each.log_rows)))
        for each in certificate.tables
    ]
    console.print_table(certificate.tables, ("", "table", "position", "rows", "by the log"), rows)
    return _exit_code(certificate)


def _exit_code(certificate: Certificate) -> int:
    return 0 if certificate.equal else 1


def compact(settings: Settings, console: Console, uri: str, *, organisation: str | None) -> int:
    """Put the small files of every table together."""
    with (
        _open(settings, console, uri, organisation) as (runtime, tenant, lake),
        open_session(runtime, tenant, lake, names=find_names(lake)) as session,
    ):
        done = compact_lake(session)
    removed, added = sum(each.files_removed for each in done), sum(each.files_added for each in done)
    console.print_result(done, f"{removed} files put together into {added}")
    return 0


def vacuum(settings: Settings, console: Console, uri: str, *, organisation: str | None, days: int) -> int:
    """Delete the files that no version of the last days needs."""
    with (
        _open(settings, console, uri, organisation) as (runtime, tenant, lake),
        open_session(runtime, tenant, lake, names=find_names(lake)) as session,
    ):
        done = vacuum_lake(session, days=days)
    console.print_result(done, f"{sum(each.files_removed for each in done)} files deleted")
    return 0


@contextmanager
def _open(
    settings: Settings, console: Console, uri: str, organisation: str | None
) -> Iterator[tuple[Runtime, UUID, Lake]]:
    """The store with its views brought up to date, the organisation and the lake."""
    try:
        lake = Lake(uri, os.environ)
        with Runtime.open(settings) as runtime:
            with console.progress("following the log"):
                runtime.engine.catch_up()
            yield runtime, find_organisation(runtime, organisation), lake
    except (LakeRefused, LakeUnavailable, FormatUnavailable) as error:
        raise CommandFailed(str(error)) from None
