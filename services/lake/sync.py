"""Bringing a lake to where the log is: each table by one commit, and then the proof that it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from domain.instants import to_micros
from projections.as_of import AsOf, resolve_as_of
from projections.engine.checkpoints import load_checkpoints
from projections.marts.projection import TABLES
from services.exports.columnar import RecordBatch, batches_of_rows, drop_deleted
from services.exports.exporting import resolve_position
from services.lake.certificates import Certificate, RowDigest, TableCertificate
from services.lake.delta import Delta, Lake
from services.lake.errors import LakeRefused, LakeUnavailable
from services.lake.events import EVENTS
from services.lake.tables import LAKE_TABLES, SYNCS_TABLE, Identity, LakeTable
from services.person_figures import count_switches, find_withheld

if TYPE_CHECKING:
    from services.runtime import Runtime

#: So long a sync waits for another one of the same organisation (seconds).
MAX_WAIT_S = 600.0
#: Changes are merged from memory; where there are more rows the table is written whole, which streams.
MAX_MERGED_ROWS = 200_000
Progress = Callable[[int, int], object]


class LakeSession(NamedTuple):
    """One organisation's rows at one position, and the lake that they are in."""

    runtime: Runtime
    lake: Lake
    view: AsOf
    identity: Identity
    #: Every table but `syncs`.
    tables: tuple[LakeTable, ...]

    def open(self, tables: Iterable[LakeTable]) -> dict[str, Delta | None]:
        """The tables as they stand, by name; None where there is none.

        Raises `LakeRefused` where one is not this organisation's, of this log and this program.
        """
        found = {table.name: self.lake.open(table) for table in tables}
        for delta in found.values():
            if delta is not None:
                _require_ours(delta, self)
        return found

    def read_log(self, table: LakeTable, after: int) -> Iterator[RecordBatch]:
        """A table's rows as the log gives them, with those that are no more."""
        return table.read(self.runtime, self.view, after=after, names=self.identity.names)


@contextmanager
def open_session(
    runtime: Runtime, organisation_id: UUID, lake: Lake, *, names: bool, wait_s: float = MAX_WAIT_S
) -> Iterator[LakeSession]:
    """The one session of an organisation that may write, at what the views have followed.

    Raises `LakeUnavailable` where another one does not end within `wait_s`.
    """
    try:
        with runtime.ledger.recorder.lock_exclusively(f"lake-{organisation_id.hex}", wait_s):
            yield start_session(runtime, organisation_id, lake, names=names)
    except TimeoutError:
        raise LakeUnavailable("another sync of this organisation is running and does not end") from None


def start_session(runtime: Runtime, organisation_id: UUID, lake: Lake, *, names: bool) -> LakeSession:
    """A session that only reads: it holds no lock. Raises `LakeRefused` where the views are another program's."""
    followed = {checkpoint.name: checkpoint.version for checkpoint in load_checkpoints(runtime.database)}
    outdated = [name for name, view in runtime.engine.projections.items() if followed.get(name) != view.version]
    if outdated:
        raise LakeRefused(f"the views ({', '.join(outdated)}) are of another version: run `plimsoll migrate`")
    view = resolve_as_of(runtime.database, runtime.ledger, organisation_id, now=runtime.clock())
    # As it is stored now: a restore may have come after this process began.
    epoch = runtime.ledger.read_epoch()
    switches = count_switches(runtime.ledger, organisation_id)
    withheld = find_withheld(runtime.ledger, organisation_id)
    tables = tuple(table.after_switches(switches, withheld) for table in LAKE_TABLES.values())
    return LakeSession(runtime, lake, view, Identity(organisation=organisation_id, epoch=epoch, names=names), tables)


def sync_lake(
    session: LakeSession, *, events: bool = True, repair: bool = False, progress: Progress = lambda *_: None
) -> Certificate:
    """Write what the lake lacks, and compare. A kill leaves each table before its commit or after it: run it again.

    `events`: with the log itself. `repair`: every table is compared whole with the log, and written anew where it
    differs. Raises `LakeRefused`, and `LakeUnavailable`.
    """
    tables = [table for table in session.tables if events or table.mart is not EVENTS]
    found = session.open([*tables, SYNCS_TABLE])
    if not repair:
        _require_untouched(found.values())
    certified, certificates = _load_certified(found[SYNCS_TABLE.name]), list[TableCertificate]()
    rewritten = list[str]()
    for number, table in enumerate(tables):
        progress(number, len(tables))
        delta = found[table.name] or session.lake.create(table, session.identity)
        certificate, is_whole = _sync_table(session, delta, certified.get(table.name, 0), repair=repair)
        certificates.append(certificate)
        rewritten += [table.name] if is_whole else []
    progress(len(tables), len(tables))
    _keep(session, found[SYNCS_TABLE.name], certificates)
    return _summarise(session, certificates, rewritten)


def verify_lake(session: LakeSession, *, progress: Progress = lambda *_: None) -> Certificate:
    """Compare every row of every table with the log, at the position that the table is of. Nothing is changed.

    Raises `LakeRefused`, also where there is no lake, and `LakeUnavailable`.
    """
    found = [delta for delta in session.open(session.tables).values() if delta is not None]
    if not found:
        raise LakeRefused(f"there is no lake at {session.lake.uri}; make it with: plimsoll lake sync")
    certificates = []
    for number, delta in enumerate(found):
        progress(number, len(found))
        position = delta.position(session.identity.epoch)
        if position is None:
            raise LakeRefused(f"{delta.table.name} was not written by this program yet; run: plimsoll lake sync")
        then = resolve_position(session.runtime, session.identity.organisation, position) if position else session.view
        certificates.append(_certify(session._replace(view=then), delta, 0))
    progress(len(found), len(found))
    return _summarise(session, certificates, [])


def _summarise(session: LakeSession, certificates: list[TableCertificate], rewritten: list[str]) -> Certificate:
    return Certificate(
        uri=session.lake.uri,
        organisation=session.identity.organisation,
        epoch=session.identity.epoch,
        position=min(each.position for each in certificates),
        equal=all(each.equal for each in certificates),
        tables=certificates,
        rewritten=rewritten,
    )


# --- what may be written to --------------------------------------------------------------------------------------


def _require_ours(delta: Delta, session: LakeSession) -> None:
    found, wanted, table = delta.identity, session.identity, delta.table
    if found is None:
        raise LakeRefused(f"{table.name} at {session.lake.uri} is not a table of `plimsoll lake`; name another URI")
    if found.organisation != wanted.organisation:
        raise LakeRefused(
            f"this is the lake of organisation {found.organisation}, not of {wanted.organisation}; name another URI"
        )
    if found.epoch != wanted.epoch:
        raise LakeRefused(
            f"the lake is of the log's epoch {found.epoch}, and the log is of epoch {wanted.epoch}: it was restored"
            " from a copy, or is another one; name another URI, or remove the tables of this one"
        )
    if delta.schema_version > table.mart.version:
        raise LakeRefused(
            f"{table.name} has columns of version {delta.schema_version}, and this program knows version"
            f" {table.mart.version}: a newer program has written it; use that one"
        )
    if found.names != wanted.names:
        begun, option = ("with", "give") if found.names else ("without", "leave out")
        raise LakeRefused(f"this lake was begun {begun} names of members: {option} --names, or name another URI")
    position, head = delta.position(wanted.epoch), session.runtime.ledger.position(wanted.organisation)
    if position is not None and position > head:
        raise LakeRefused(
            f"the lake is at position {position} and the log at {head}: a log that was restored from a copy gets an"
            " epoch of its own with: plimsoll migrate --restored"
        )


def _require_untouched(tables: Iterable[Delta | None]) -> None:
    for delta in tables:
        what = None if delta is None else delta.find_foreign_commit()
        if delta is not None and what is not None:
            raise LakeRefused(
                f"another program has changed the rows of {delta.table.name} ({what}); compare all tables with the log,"
                " and write anew those that differ, with: plimsoll lake sync --repair"
            )


# --- one table ---------------------------------------------------------------------------------------------------


def _sync_table(session: LakeSession, delta: Delta, certified: int, *, repair: bool) -> tuple[TableCertificate, bool]:
    """Bring a table to the session's position; the certificate, and whether it was written whole.

    `certified`: the position up to which its rows were compared before.
    """
    epoch, position, table = session.identity.epoch, session.view.position, delta.table
    before = delta.position(epoch)
    if before is not None and repair and (delta.find_foreign_commit() or not _certify(session, delta, 0).equal):
        before = None
    if before is not None and before >= position:
        return _certify(session, delta, min(certified, position)), False
    after, digest = before or 0, RowDigest()
    if before is not None and not table.mart.is_final:
        changes = _read_changes(session, table, before)
        if changes is None:
            before, after = None, 0
        else:
            delta.merge(changes, epoch, position)
            digest.add_all(drop_deleted(changes, table.schema))
    if before is None:
        delta.overwrite(_tee(session.read_log(table, 0), table, digest), session.identity, position)
    elif table.mart.is_final:
        delta.append(_tee(session.read_log(table, before), table, digest), epoch, position)
    # What a sync wrote that was killed before it compared is read once more.
    behind = min(certified, after)
    return _certify(session, delta, behind, digest if behind == after else None), before is None


def _read_changes(session: LakeSession, table: LakeTable, after: int) -> list[RecordBatch] | None:
    """The rows that changed behind a position; None: too many to be merged."""
    rows = 0
    changes: list[RecordBatch] = []
    for batch in session.read_log(table, after):
        changes.append(batch)
        rows += batch.num_rows
        if rows > MAX_MERGED_ROWS:
            return None
    return changes


def _tee(batches: Iterator[RecordBatch], table: LakeTable, digest: RowDigest) -> Iterator[RecordBatch]:
    """The rows that stand, as the table takes them, digested on their way."""
    for batch in drop_deleted(batches, table.schema):
        digest.add(batch)
        yield batch


def _certify(session: LakeSession, delta: Delta, after: int, log: RowDigest | None = None) -> TableCertificate:
    """Read a table's rows behind a position back, and compare them with the log's. `log`: what was read for it."""
    table, position = delta.table, session.view.position
    log = log or RowDigest().add_all(drop_deleted(session.read_log(table, after), table.schema))
    found = RowDigest().add_all(delta.read(after, position))
    rows, log_rows = delta.count(), log.rows if after == 0 else _count_log(session, table)
    return TableCertificate(
        table=table.name,
        position=position,
        delta_version=delta.version,
        schema_version=table.mart.version,
        rows=rows,
        log_rows=log_rows,
        after=after,
        digest=found.text,
        log_digest=log.text,
        equal=found.text == log.text and log_rows in (None, rows),
    )


def _count_log(session: LakeSession, table: LakeTable) -> int | None:
    if table.mart is EVENTS:
        return session.view.position
    if table.is_computed:
        return None
    rows = session.runtime.database.query(
        f"SELECT count(*) AS found FROM {TABLES[table.name].name} WHERE organisation_id = :organisation_id"
        " AND known_from <= :known AND known_to > :known AND deleted = 0",
        {"organisation_id": str(session.identity.organisation), "known": session.view.known_position},
    )
    return int(rows[0].found)


# --- the certificates --------------------------------------------------------------------------------------------


def _load_certified(syncs: Delta | None) -> Mapping[str, int]:
    """The position up to which each table was compared and found equal."""
    found: dict[str, int] = {}
    if syncs is not None:
        for batch in syncs.read(0, 2**62):
            columns = (batch.column(name).to_pylist() for name in ("table", "position", "is_equal"))
            for table, position, is_equal in zip(*columns, strict=True):
                found[table] = max(found.get(table, 0), position if is_equal else 0)
    return found


def _keep(session: LakeSession, syncs: Delta | None, certificates: list[TableCertificate]) -> None:
    """Append the certificates of what was compared, if anything was."""
    syncs, view = syncs or session.lake.create(SYNCS_TABLE, session.identity), session.view
    at, recorded = to_micros(session.runtime.clock()), to_micros(view.recorded_as_of)
    rows = [
        (
            *(view.position, recorded, at, each.table, each.delta_version, each.schema_version),
            *(each.rows, each.log_rows, each.after, each.digest, each.log_digest, int(each.equal)),
        )
        for each in certificates
        if each.after < view.position or not each.equal
    ]
    if rows:
        syncs.append(batches_of_rows(SYNCS_TABLE.mart, iter(rows)), session.identity.epoch, view.position)
