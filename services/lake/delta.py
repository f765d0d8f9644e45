"""Delta tables in a folder or an object store. The only module that imports deltalake, which comes with the extra `bi`.

A commit is refused unless the table stands at the version that was read: deltalake records the application's
transaction beside it, and what was written up to a position is never written twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.exports.columnar import RecordBatch, arrow_schema, open_reader, read_stream
from services.lake.errors import LakeRefused, LakeUnavailable
from services.lake.tables import LAKE_TABLES, Identity, LakeTable

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable

#: Object stores by the scheme of their URL, and which variables of the environment say how to reach them.
OPTION_PREFIXES = {
    "s3": ("AWS_",),
    "s3a": ("AWS_",),
    "gs": ("GOOGLE_",),
    "az": ("AZURE_",),
    "abfs": ("AZURE_",),
    "abfss": ("AZURE_",),
}
#: Commits of others that leave the rows as they are.
_HARMLESS = frozenset({"OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES", "CREATE TABLE"})
#: Marks our commits; its value is the position.
_MARK = "plimsoll.position"
#: Says in them which generation of rows they left.
_GENERATION = "plimsoll.generation"
#: Our last commit is among so many; where it is not, the rows are written anew.
_COMMITS_LOOKED_AT = 100
_PROPERTY = "plimsoll."
#: Parts of a message that may be a secret: what follows the `?` of a URL, and what stands before its host.
_QUERY, _USER = re.compile(r"\?[^\s\"')]+"), re.compile(r"(?<=://)[^/\s@]+@")
#: The library colours its messages, and puts a store's answer (XML) into them.
_COLOUR = re.compile("\x1b\\[[0-9;]*m ?|\N{DOWNWARDS ARROW WITH TIP RIGHTWARDS} ?")
_ANSWER = re.compile(r"(?P<before>.*?)<.*?<Code>(?P<code>.*?)</Code>\s*<Message>(?P<message>.*?)</Message>")
_MAX_MESSAGE = 400
_SECRET_NAMES = ("KEY", "SECRET", "TOKEN", "PASSWORD", "SAS", "CREDENTIAL")
_MIN_SECRET = 6


class Lake:
    """Where the tables are: a folder for each."""

    def __init__(self, uri: str, environment: Mapping[str, str]) -> None:
        """Raises `LakeRefused` for a URI that names no place for tables."""
        scheme, separator, rest = uri.partition("://")
        if separator and scheme == "file":
            uri, separator = f"/{rest.lstrip('/')}", ""
        if separator and scheme not in OPTION_PREFIXES:
            schemes = ", ".join(f"{each}://" for each in ("s3", "gs", "az"))
            raise LakeRefused(f"a lake is in a folder, or at {schemes}; not at {scheme}://")
        if separator and "@" in rest.partition("/")[0] and not scheme.startswith("abfs"):
            raise LakeRefused("credentials come from the environment, not in the URI: see docs/bi.md")
        if not uri.strip("/ "):
            raise LakeRefused("name the folder or the bucket of the lake")
        self.is_local = not separator
        self.uri = str(Path(uri).absolute()) if self.is_local else uri.rstrip("/")
        prefixes = () if self.is_local else OPTION_PREFIXES[scheme]
        self._options = {name: value for name, value in environment.items() if name.startswith(prefixes or ("\0",))}
        self._secrets = [
            value
            for name, value in self._options.items()
            if len(value) >= _MIN_SECRET and any(word in name for word in _SECRET_NAMES)
        ]
        if self.is_local and Path(self.uri).exists() and not Path(self.uri).is_dir():
            raise LakeRefused(f"{self.uri} is a file")

    def open(self, table: LakeTable) -> Delta | None:
        """A table as it stands; None: there is none. Raises `LakeUnavailable`."""
        library = load_deltalake()
        with self.errors():
            try:
                return Delta(self, table, library.DeltaTable(self._uri_of(table), storage_options=self._options))
            except library.exceptions.TableNotFoundError:
                self._require_empty(table)
                return None

    def create(self, table: LakeTable, identity: Identity) -> Delta:
        """Make an empty table. Raises `LakeUnavailable`."""
        library = load_deltalake()
        with self.errors():
            made = library.DeltaTable.create(
                self._uri_of(table),
                table.schema,
                mode="error",
                partition_by=list(table.partitions),
                name=table.name,
                description=table.mart.comment,
                configuration=_encode_identity(table, identity),
                storage_options=self._options,
                raise_if_key_not_exists=False,
            )
        return Delta(self, table, made)

    def _uri_of(self, table: LakeTable) -> str:
        return f"{self.uri}/{table.name}"

    def _require_empty(self, table: LakeTable) -> None:
        """A folder without a Delta log, but with files, is something else, or its log is lost."""
        folder = Path(self._uri_of(table))
        if self.is_local and folder.is_dir() and any(folder.glob("**/*.parquet")):
            raise LakeRefused(f"{folder} holds files and is no Delta table; remove it, or name another URI")

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Raise `LakeUnavailable` for what the library and the store raise, without anything that may be a secret."""
        library = load_deltalake()
        try:
            yield
        except library.exceptions.CommitFailedError as error:
            words = f"another program has written to the lake at this moment; run it again ({self._clean(error)})"
            raise LakeUnavailable(words) from None
        except (library.exceptions.DeltaError, OSError, ValueError, RuntimeError) as error:
            raise LakeUnavailable(f"the lake {self.uri} is not available: {self._clean(error)}") from None

    def _clean(self, error: BaseException) -> str:
        text = _USER.sub("", _QUERY.sub("", " ".join(_COLOUR.sub("", str(error)).split())))
        answered = _ANSWER.search(text)
        if answered is not None:
            text = f"{answered['before']}{answered['code']}: {answered['message']}"
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]} ..."


class Delta:
    """One Delta table at the version that was read."""

    def __init__(self, lake: Lake, table: LakeTable, delta: DeltaTable) -> None:
        self.table = table
        self._lake = lake
        self._delta = delta
        found = delta.metadata().configuration
        self._properties = {
            key.removeprefix(_PROPERTY): value for key, value in found.items() if key.startswith(_PROPERTY)
        }

    @property
    def version(self) -> int:
        """The Delta version."""
        return int(self._delta.version())

    @property
    def identity(self) -> Identity | None:
        """Whose rows it holds; None: it is not a table of `plimsoll lake`."""
        try:
            return Identity(
                organisation=UUID(self._properties["organisation"]),
                epoch=self._properties["epoch"],
                names=self._properties["names"] == "true",
            )
        except (KeyError, ValueError):
            return None

    @property
    def schema_version(self) -> int:
        """Version of its columns; 0: unknown."""
        found = self._properties.get("schema_version", "0")
        return int(found) if found.isdecimal() else 0

    @property
    def column_names(self) -> list[str]:
        """The names of its columns."""
        return [field.name for field in self._delta.schema().fields]

    def position(self, epoch: str) -> int | None:
        """Up to where its rows are written; None: they are of another generation, or none of ours.

        Delta keeps the transaction of each generation for good: the last commit says whose rows are there now.
        """
        ours, _ = self._find_commits()
        with self._lake.errors():
            found = self._delta.transaction_version(self._application(epoch))
        if ours is None or ours.get(_GENERATION) != self._application(epoch):
            return None
        return None if found is None else int(found)

    def count(self) -> int:
        """Its rows, by the statistics of its files."""
        with self._lake.errors():
            return int(self._delta.count())

    def find_foreign_commit(self) -> str | None:
        """What another program did to the rows since our last commit; None: nothing."""
        _, foreign = self._find_commits()
        return None if foreign is None else f"{foreign['operation']} at Delta version {foreign['version']}"

    def _find_commits(self) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """Our last commit, and what another program did to the rows since."""
        foreign = None
        with self._lake.errors():
            for commit in self._delta.history(_COMMITS_LOOKED_AT):
                if _MARK in commit:
                    return commit, foreign
                if commit["operation"] not in _HARMLESS:
                    foreign = foreign or commit
        return None, foreign

    # --- writing --------------------------------------------------------------------------------------------------

    def append(self, batches: Iterator[RecordBatch], epoch: str, position: int) -> None:
        """Add rows; the table is then written up to `position`. Raises `LakeUnavailable`: then nothing was added."""
        self._write(batches, epoch, position, mode="append")

    def overwrite(self, batches: Iterator[RecordBatch], identity: Identity, position: int) -> None:
        """Put these rows in the place of all there are; columns that are new are added."""
        wanted = _encode_identity(self.table, identity)
        with self._lake.errors():
            # Before the rows: who reads the version of the columns never meets newer ones.
            if wanted.items() - self._delta.metadata().configuration.items():
                self._delta.alter.set_table_properties(wanted, raise_if_not_exists=False)
        self._write(batches, identity.epoch, position, mode="overwrite", schema_mode="merge")

    def _write(self, batches: Iterator[RecordBatch], epoch: str, position: int, **how: Any) -> None:
        library, raised = load_deltalake(), list[BaseException]()
        try:
            with self._lake.errors():
                library.write_deltalake(
                    self._delta,
                    open_reader(self.table.schema, _remember_error(batches, raised)),
                    writer_properties=library.WriterProperties(compression="ZSTD"),
                    commit_properties=self._commit(epoch, position),
                    **how,
                )
        except LakeUnavailable:
            # The library would say that the lake failed where it was the log.
            if raised:
                raise raised[0] from None
            raise

    def merge(self, batches: Sequence[RecordBatch], epoch: str, position: int) -> None:
        """Add rows or replace those of the same key, and remove the keys of rows that are `deleted`."""
        library = load_deltalake()
        names = self.table.schema.names
        values = {f'"{name}"': f's."{name}"' for name in names}
        same = " AND ".join(f't."{name}" = s."{name}"' for name in self.table.mart.key)
        with self._lake.errors():
            merger = self._delta.merge(
                open_reader(arrow_schema(self.table.mart), iter(batches)),
                same,
                source_alias="s",
                target_alias="t",
                streamed_exec=False,
                writer_properties=library.WriterProperties(compression="ZSTD"),
                commit_properties=self._commit(epoch, position),
            )
            merger.when_matched_delete("s.deleted").when_matched_update(values).when_not_matched_insert(
                values, "NOT s.deleted"
            ).execute()

    def _commit(self, epoch: str, position: int) -> CommitProperties:
        library = load_deltalake()
        properties: CommitProperties = library.CommitProperties(
            custom_metadata={_MARK: str(position), _GENERATION: self._application(epoch)},
            # The version that was read is the one that may be followed by this commit; no other.
            max_commit_retries=0,
            app_transactions=[library.Transaction(self._application(epoch), position)],
        )
        return properties

    def _application(self, epoch: str) -> str:
        return f"plimsoll/{epoch}/{self.table.generation}"

    # --- reading and upkeep ----------------------------------------------------------------------------------------

    def read(self, after: int, upto: int) -> Iterator[RecordBatch]:
        """Its rows behind a position and up to another."""
        library = load_deltalake()
        columns = ", ".join(f'"{name}"' for name in self.table.schema.names)
        with self._lake.errors():
            found = (
                library.QueryBuilder()
                .register("t", self._delta)
                .execute(f"SELECT {columns} FROM t WHERE position > {after:d} AND position <= {upto:d}")
            )
            yield from read_stream(found)

    def compact(self) -> tuple[int, int]:
        """Put small files together; how many were removed, and how many took their place."""
        with self._lake.errors():
            found = self._delta.optimize.compact()
            self._delta.create_checkpoint()
        return int(found["numFilesRemoved"]), int(found["numFilesAdded"])

    def vacuum(self, hours: int) -> int:
        """Delete the files that no version of the last `hours` needs; how many."""
        with self._lake.errors():
            # The library's own minimum is for lakes with many writers: this one has one, whose lock is held.
            removed = self._delta.vacuum(hours, dry_run=False, enforce_retention_duration=False)
        return len(removed)


def _remember_error(batches: Iterator[RecordBatch], raised: list[BaseException]) -> Iterator[RecordBatch]:
    try:
        yield from batches
    except BaseException as error:
        raised.append(error)
        raise


def find_names(lake: Lake) -> bool:
    """Whether a lake was begun with names of members. Raises `LakeUnavailable`."""
    opened = (lake.open(table) for table in LAKE_TABLES.values())
    return any(delta.identity.names for delta in opened if delta is not None and delta.identity is not None)


def load_deltalake() -> Any:
    """The library; raises `LakeRefused` where it is not installed."""
    try:
        import deltalake.exceptions  # noqa: PLC0415 - an extra
    except ImportError:
        raise LakeRefused("a lake needs deltalake, which is not installed: pip install 'plimsoll[bi]'") from None
    return deltalake


def _encode_identity(table: LakeTable, identity: Identity) -> dict[str, str]:
    return {
        "plimsoll.organisation": str(identity.organisation),
        "plimsoll.epoch": identity.epoch,
        "plimsoll.names": "true" if identity.names else "false",
        "plimsoll.table": table.name,
        "plimsoll.schema_version": str(table.mart.version),
    }
