"""Imports: a history as acts, decided under the same rules as live acts.

All rows are decided before any is kept. A large import is then appended in slices, so that others wait for none of it;
where they change what the rest builds on, that is decided again, and what was kept is found again by its identity.

Two passes, in memory that does not grow with the file: the first reads, checks each line's shape and finds out who is
never joined; the second has the ledger decide the acts in the file's order against a staging copy.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from domain.authority import carries_authority
from domain.corrections import row_id
from domain.envelope import Source
from domain.errors import Forbidden, InTheFuture, Refusal, VersionConflict
from domain.member.member import ChangeTeam, GrantRole, LeaveTeam, Member, RevokeRole, TakeBackFact
from domain.organisation.organisation import AddSource, Organisation, RenameOrganisation, SetPolicy, SetWatermark
from domain.policy import Policy
from domain.references import require_external_reference, resolve_stream_id
from domain.team.team import Archive, Restore
from ledger.cancellation import check_cancelled
from ledger.commands import Command
from services.authorization import ADMIN, STEWARD
from services.imports.digest_counter import DigestCounter
from services.imports.rows import BadRow, ImportRow, parse_row

if TYPE_CHECKING:
    from uuid import UUID

    from ledger.api_keys import Principal
    from ledger.bulk.append import BulkAppend
    from services.runtime import Runtime

#: Bad rows that are listed one by one; more are only counted.
MAX_ERRORS = 10_000
#: Rows between two reports of progress.
_PROGRESS_ROWS = 200
#: How often an import is decided before it gives way to concurrent changes of what it builds on.
_MAX_ATTEMPTS = 3
#: The lines wait for the second pass in memory up to this size, then on disk.
_SPOOL_BYTES = 4 * 1024 * 1024

#: Called with (rows decided, rows in all).
Progress = Callable[[int, int], None]

#: (kind, reference) as a row names it.
Name = tuple[str, str]


# Not looked at by the collector: ten thousand of them were pauses of 40 ms for every thread.
class RowError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Why one line was not taken."""

    line: int
    #: JSON pointer into the row, where one field is at fault.
    field: str | None = None
    code: str
    detail: str
    #: What would have been taken instead.
    allowed: tuple[str, ...] = ()


class ImportResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of an import's rows."""

    #: Rows recorded by this import; of a dry run: rows that would have been.
    accepted: int
    #: Rows that an earlier import had recorded.
    already: int
    refused: int = 0
    errors: tuple[RowError, ...] = ()
    dry_run: bool = False


class ImportReceipt(ImportResult, frozen=True, kw_only=True, omit_defaults=True):
    """What became of an import's rows, and from where on a read contains them."""

    #: A position of the organisation that holds all of them; None for a dry run and where nothing was kept.
    position: int | None = None


def build_import_receipt(runtime: Runtime, organisation_id: UUID, result: ImportResult) -> ImportReceipt:
    """The result with the organisation's position, where its rows are in the ledger now (those of before included)."""
    kept = not result.dry_run and result.accepted + result.already > 0
    position = runtime.ledger.position(organisation_id) if kept else None
    return ImportReceipt(**msgspec.structs.asdict(result), position=position)


def import_lines(  # noqa: PLR0913 - who imports what, and how
    runtime: Runtime,
    organisation_id: UUID,
    lines: Iterable[bytes],
    *,
    principal: Principal,
    source: str | None = None,
    partial: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    is_operator: bool = False,
    max_errors: int = MAX_ERRORS,
) -> ImportResult:
    """Import the acts on `lines`, one JSON object each: all of them or none, unless `partial`.

    The importing principal is the actor, each row's `by` the member acted for. What it may say for others is limited
    (`_require_voice`), but for an operator, who has the store itself. `source`: the tracker or file of the
    rows that name none. Raises what reading `lines` raises (`UnreadableImport`), `InvalidField` for a `source` that is
    no reference, `LedgerUnavailable`, and `VersionConflict` where others keep changing what it builds on; whatever is
    wrong with a row is in the result instead.
    """
    if source is not None:
        require_external_reference(source, "/source")
    importer = _Importer(
        runtime,
        organisation_id,
        principal,
        source=source,
        partial=partial,
        progress=progress,
        is_operator=is_operator,
        max_errors=max_errors,
    )
    try:
        with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
            return importer.run(_RowSpool(spool), lines, dry_run=dry_run)
    finally:
        if importer.kept:
            if importer.moved_watermark:
                runtime.ledger.recheck_timers(organisation_id)
            runtime.notify_committed()


class _RowSpool:
    """The well-formed lines between the passes: number, identity (of a row with an `id` it is made again), text."""

    def __init__(self, file: tempfile.SpooledTemporaryFile[bytes]) -> None:
        self._file = file
        self.rows = 0

    def add(self, line: int, identity: str, text: bytes) -> None:
        self._file.write(b"%d %s %s\n" % (line, identity.encode(), text.strip()))
        self.rows += 1

    def __iter__(self) -> Iterator[tuple[ImportRow, str]]:
        self._file.seek(0)
        for stored in self._file:
            line, identity, text = stored.split(b" ", 2)
            row = parse_row(int(line), text)
            if row is not None:
                yield row, identity.decode() or row.compute_identity(1)


class _RowErrors:
    """Bad rows by line, the first word on each; beyond `max_errors` only counted."""

    def __init__(self, max_errors: int) -> None:
        self._by_line: dict[int, RowError] = {}
        self._max_errors = max_errors
        self.count = 0

    def add(self, error: RowError) -> None:
        if error.line in self._by_line:
            return
        self.count += 1
        if len(self._by_line) < self._max_errors:
            self._by_line[error.line] = error

    def copy(self) -> _RowErrors:
        other = _RowErrors(self._max_errors)
        other._by_line, other.count = dict(self._by_line), self.count
        return other

    def to_tuple(self) -> tuple[RowError, ...]:
        return tuple(self._by_line[line] for line in sorted(self._by_line))


class _ReferenceTracker:
    """Who is named, and who is created: a name is a placeholder until then, and at the file's end an error."""

    def __init__(self) -> None:
        self._created = DigestCounter()
        #: Named and not created so far -> the first line that names it.
        self.unresolved: dict[Name, int] = {}

    def add(self, row: ImportRow) -> None:
        if row.created is not None:
            self.unresolved.pop(row.created, None)
            if not self._is_created(*row.created):
                self._created.add(_encode_reference(*row.created))
        for kind, ref, _ in row.names:
            if not self._is_created(kind, ref):
                self.unresolved.setdefault((kind, ref), row.line)

    def _is_created(self, kind: str, ref: str) -> bool:
        return _encode_reference(kind, ref) in self._created


class _Importer:
    """One import."""

    def __init__(
        self,
        runtime: Runtime,
        organisation_id: UUID,
        principal: Principal,
        *,
        source: str | None,
        partial: bool,
        progress: Progress | None,
        is_operator: bool,
        max_errors: int,
    ) -> None:
        self._source = None if source is None else require_external_reference(source, "/source")
        self._max_errors = max_errors
        #: Rows that this import has appended.
        self.kept = 0
        #: A source has reported further: clocks that stood still may run.
        self.moved_watermark = False
        self._ledger = runtime.ledger
        self._now = runtime.clock()
        self._organisation_id = organisation_id
        self._principal = principal
        self._partial = partial
        self._progress = progress
        member = self._ledger.load(organisation_id, "member", principal.member_id)
        self._is_operator = is_operator
        organisation: Organisation | None = self._ledger.load(organisation_id, "organisation", organisation_id)
        self._zone = ZoneInfo(organisation.zone if organisation is not None else "UTC")
        policy = organisation.policy_at(self._now).policy if organisation is not None else Policy()
        self._history_until = policy.history_until
        self._roles = frozenset(str(role) for role in member.roles) if isinstance(member, Member) else frozenset()

    def run(self, spool: _RowSpool, lines: Iterable[bytes], *, dry_run: bool) -> ImportResult:
        malformed, missing = self._parse_lines(lines, spool)
        attempts = already_before = 0
        while True:
            errors = malformed.copy()
            with self._ledger.bulk() as bulk:
                accepted, already, lost = self._decide(bulk, spool, missing, errors)
                if lost and self._partial:
                    # A member's join was refused although earlier rows had named them: decided again without those.
                    missing |= lost
                    continue
                if not self.kept:
                    already_before = already
                keep = accepted > 0 and (self._partial or not errors.count)
                if keep and not dry_run:
                    try:
                        self._commit(bulk)
                    except VersionConflict as conflict:
                        # A concurrent command changed the states that this was decided on: decided again.
                        attempts = 0 if bulk.appended_rows else attempts + 1
                        if attempts == _MAX_ATTEMPTS:
                            raise VersionConflict(f"{self.kept} rows are kept. {conflict.detail}") from None
                        continue
                return ImportResult(
                    # What an attempt before this one has kept is found again.
                    accepted=(accepted if keep else 0) + already - already_before,
                    already=already_before,
                    refused=errors.count,
                    errors=errors.to_tuple(),
                    dry_run=dry_run,
                )

    def _commit(self, bulk: BulkAppend) -> None:
        """Append what is staged; from here on the import is not given up where its request is."""
        try:
            bulk.commit()
        finally:
            self.kept += bulk.appended_rows

    def _parse_lines(self, lines: Iterable[bytes], spool: _RowSpool) -> tuple[_RowErrors, dict[Name, int]]:
        """First pass: the malformed rows, and each name that is never created -> the first line that names it."""
        errors, names, equal = _RowErrors(self._max_errors), _ReferenceTracker(), DigestCounter()
        following = 1
        for text in lines:
            check_cancelled()
            # Blank lines come many at once.
            line, following = following, following + max(1, text.count(b"\n"))
            try:
                row = parse_row(line, text)
            except BadRow as bad:
                errors.add(RowError(line=line, field=bad.field, code=bad.code, detail=bad.detail, allowed=bad.allowed))
                continue
            if row is not None:
                names.add(row)
                spool.add(line, "" if row.own_id is not None else row.compute_identity(equal.add(row.digest)), text)
        return errors, {name: line for name, line in names.unresolved.items() if not self._is_in_ledger(*name)}

    def _is_in_ledger(self, kind: str, ref: str) -> bool:
        state = self._ledger.load(self._organisation_id, kind, resolve_stream_id(self._organisation_id, kind, ref))
        return state is not None and (not isinstance(state, Member) or state.joined_at is not None)

    def _decide(
        self, bulk: BulkAppend, spool: _RowSpool, missing: dict[Name, int], errors: _RowErrors
    ) -> tuple[int, int, dict[Name, int]]:
        """Second pass: rows accepted and already there, and the names that rows before their refused creation used."""
        accepted = already = 0
        failed: dict[Name, int] = {}
        created, sources = DigestCounter(), set[str]()
        for done, (row, identity) in enumerate(spool, 1):
            if self._progress is not None and (done % _PROGRESS_ROWS == 0 or done == spool.rows):
                self._progress(done, spool.rows)
            if not self.kept:
                check_cancelled()
            unknown = _find_unknown_reference(row, missing)
            if unknown is not None:
                errors.add(unknown)
            try:
                self._add_source(bulk, row, sources)
                # Of an import that will be refused the rest is decided too, to list all errors at once.
                receipt = None if unknown and self._partial else bulk.handle(self._build_command(row, identity))
            except Refusal as refusal:
                errors.add(_to_row_error(row, refusal))
                receipt = None
            if receipt is None:
                if row.created is not None and _encode_reference(*row.created) not in created:
                    failed.setdefault(row.created, row.line)
                continue
            if row.created is not None:
                created.add(_encode_reference(*row.created))
                failed.pop(row.created, None)
            already += receipt.already
            accepted += not receipt.already
            self.moved_watermark |= isinstance(row.act, SetWatermark) and not receipt.already
        lost = {name: line for name, line in failed.items() if name not in missing and not self._is_in_ledger(*name)}
        return accepted, already, lost

    def _add_source(self, bulk: BulkAppend, row: ImportRow, known: set[str]) -> None:
        """Have the organisation know each source that a goal's row names: it may then set watermarks."""
        source = row.source or self._source
        if source is None or row.kind != "goal" or source in known:
            return
        command = self._build_command(row, identity=None)
        added = {"kind": "organisation", "stream_id": self._organisation_id, "act": AddSource(source=source)}
        bulk.handle(msgspec.structs.replace(command, **added, on_behalf_of=None, import_row=None))
        known.add(source)

    def _build_command(self, row: ImportRow, identity: str | None) -> Command:
        at = row.at.astimezone(self._now.tzinfo)
        if at > self._now:
            raise InTheFuture(pointer="/at")
        organisation_id = self._organisation_id
        by = resolve_stream_id(organisation_id, "member", row.by) if row.by is not None else None
        if not (self._is_operator or by in (None, self._principal.member_id)):
            self._require_voice(row, at)
        return Command(
            organisation_id=organisation_id,
            kind=row.kind,
            stream_id=row.resolve_stream(organisation_id),
            act=row.act,
            actor=self._principal.member_id,
            key_id=self._principal.key_id,
            on_behalf_of=by,
            roles=self._roles if ADMIN in self._principal.scopes else self._roles - _roles_not_conveyed(row.act),
            source=Source.IMPORT,
            external_source=row.source or self._source,
            occurred_at=at,
            # By this a later row that corrects it finds what it said.
            correlation_id=row_id(organisation_id, row.own_id) if row.own_id is not None else None,
            import_row=identity,
        )

    def _require_voice(self, row: ImportRow, at: datetime) -> None:
        """Raise `Forbidden` for a row that says of others what only they may say, or after history was closed."""
        if ADMIN not in self._principal.scopes and carries_authority(row.act):
            detail = "what somebody else decides, consents to or promises is imported with the scope `admin` alone"
            raise Forbidden(detail, pointer="/do", allowed=("a key with admin", "by: the key's own member"))
        last = self._history_until
        if last is not None and at.astimezone(self._zone).date() > last:
            detail = f"history ended on {last}: what happened since, the members say themselves"
            raise Forbidden(detail, pointer="/at", allowed=(f"<= {last}", "by: the key's own member"))


def _roles_not_conveyed(act: object) -> frozenset[str]:
    """Roles that the import scope does not convey for this act: who may do what is decided by keys with `admin`."""
    reserved = isinstance(
        act,
        GrantRole
        | RevokeRole
        | TakeBackFact
        | LeaveTeam
        | ChangeTeam
        | Archive
        | Restore
        | RenameOrganisation
        | SetPolicy,
    )
    return frozenset({STEWARD}) if reserved else frozenset()


def _encode_reference(kind: str, ref: str) -> bytes:
    return hashlib.blake2b(f"{kind}:{ref}".encode(), digest_size=8).digest()


def _find_unknown_reference(row: ImportRow, missing: dict[Name, int]) -> RowError | None:
    """The error of a row with a reference that neither the ledger nor the file ever creates."""
    for kind, ref, pointer in row.names if missing else ():
        line = missing.get((kind, ref))
        own = (kind, ref) == row.created
        if line is not None and not own:
            words = "has joined" if kind == "member" else "was created"
            first = "" if line == row.line else f" (first named in line {line})"
            return RowError(
                line=row.line,
                field=pointer,
                code="not_found",
                detail=f"no {kind} {ref!r} {words} by the file's end{first}",
            )
    return None


def _to_row_error(row: ImportRow, refusal: Refusal) -> RowError:
    pointer = f"/{row.kind}" if refusal.pointer == "/ref" else refusal.pointer
    return RowError(line=row.line, field=pointer, code=refusal.code, detail=refusal.detail, allowed=refusal.allowed)
