"""A lake is what the log says, whatever happens to a sync: compared with exports, on both databases."""

from __future__ import annotations

import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from deltalake import DeltaTable

from domain.organisation.organisation import SetPolicy
from ledger.commands import Command
from ledger.storage import migrations
from projections.database.database import DatabaseUnavailable
from projections.marts.registry import MARTS
from services.exports.exporting import ExportQuery, export_mart
from services.lake import sync as syncing
from services.lake.certificates import Certificate
from services.lake.delta import Delta, Lake
from services.lake.errors import LakeRefused, LakeUnavailable
from services.lake.events import decode_events
from services.lake.sync import open_session, start_session, sync_lake, verify_lake
from services.lake.tables import LAKE_TABLES, LakeTable
from services.lake.upkeep import compact_lake, vacuum_lake
from services.organisations import create_organisation
from services.runtime import Runtime
from tests.services.conftest import Installation
from tests.services.shell import Shell
from tests.services.test_late_facts import BEGIN, capacity, tell

Rows = dict[str, list[dict[str, Any]]]

#: Imported one after another; the last part removes rows and changes others.
PARTS: list[list[dict[str, Any]]] = [
    [
        *BEGIN,
        capacity("40", "2026-01-06T09:00:00Z"),
        {"do": "goal.draft", "goal": "g1", "title": "Ärger, \"x\" 'quoted'", "by": "ana", "at": "2026-01-07T09:00:00Z"},
    ],
    [
        {"do": "goal.draft", "goal": "g2", "title": "Late", "by": "ana", "at": "2026-01-08T09:00:00Z"},
        {"do": "member.join", "member": "bo", "team": "core", "at": "2026-02-20T09:00:00Z"},
        {"do": "team.rename", "team": "core", "name": "Kern", "at": "2026-02-25T09:00:00Z"},
    ],
    [{"do": "member.leave", "member": "ana", "at": "2026-02-02T09:00:00Z"}],
]


def tell_and_follow(installation: Installation, part: list[dict[str, Any]]) -> None:
    result = tell(installation, *part)
    assert not result.errors
    installation.runtime.engine.catch_up()


def sync(installation: Installation, lake: Path, *, names: bool = False, **how: Any) -> Certificate:
    organisation = installation.founded.organisation_id
    with open_session(installation.runtime, organisation, Lake(str(lake), {}), names=names, wait_s=20) as session:
        return sync_lake(session, **how)


def verify(installation: Installation, lake: Path) -> Certificate:
    organisation = installation.founded.organisation_id
    return verify_lake(start_session(installation.runtime, organisation, Lake(str(lake), {}), names=False))


def read(lake: Path, table: str) -> list[dict[str, Any]]:
    found = DeltaTable(lake / table).to_pyarrow_table().to_pylist()
    return sorted(found, key=lambda row: repr([row[name] for name in LAKE_TABLES[table].mart.key]))


def read_all(lake: Path) -> Rows:
    return {name: read(lake, name) for name in LAKE_TABLES}


def log_of(lake: Path, table: str) -> Path:
    return lake / table / "_delta_log"


@pytest.fixture
def told(installation: Installation) -> Installation:
    """An organisation with the first part of a history, on both databases."""
    tell_and_follow(installation, PARTS[0])
    return installation


@pytest.fixture
def told_sqlite(sqlite_installation: Installation) -> Installation:
    """The same on SQLite alone, for what does not depend on the database."""
    tell_and_follow(sqlite_installation, PARTS[0])
    return sqlite_installation


@pytest.fixture
def few_tables(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One table of each sort, for what is the same for each of a sort."""
    names = ["fact_goal_event", "dim_member", "dim_team", "fact_load_week", "events"]
    for name in LAKE_TABLES.keys() - names:
        monkeypatch.delitem(LAKE_TABLES, name)
    return names


def test_a_lake_holds_what_exports_hold_and_the_whole_log(told: Installation, tmp_path: Path) -> None:
    from pyarrow import parquet

    certificate = sync(told, tmp_path / "lake")

    assert certificate.equal
    assert certificate.position == told.runtime.ledger.position(told.founded.organisation_id)
    for mart in MARTS.values():
        query = ExportQuery(mart=mart.name, form="parquet")
        export_mart(told.runtime, told.founded.organisation_id, query, output=tmp_path / "mart")
        exported = parquet.read_table(tmp_path / "mart").drop_columns("deleted").to_pylist()
        assert sorted(map(repr, exported)) == sorted(map(repr, read(tmp_path / "lake", mart.name)))
    events = told.runtime.ledger.read_feed(told.founded.organisation_id, 0, 1000)
    found = sorted(read(tmp_path / "lake", "events"), key=lambda row: row["position"])
    # Log positions do not leave the process.
    expected = [msgspec.structs.replace(event, log_position=event.position) for event in events]
    assert expected == list(decode_events(found))
    assert [f"{event.occurred_at:%Y-%m}" for event in events] == [row["month"] for row in found]
    assert {"month"} == set(DeltaTable(tmp_path / "lake" / "events").metadata().partition_columns)


def test_a_lake_keeps_person_level_only_as_long_as_it_is_shown(told: Installation, tmp_path: Path) -> None:
    def set_policy(at: str, *, on: bool) -> None:
        tell_and_follow(told, [{"do": "organisation.policy", "policy": {"co_determination": on}, "at": at}])

    sync(told, tmp_path / "lake")
    before = read(tmp_path / "lake", "fact_load_week")
    set_policy("2026-02-10T09:00:00Z", on=True)
    while_on = sync(told, tmp_path / "lake")
    hidden = {name: read(tmp_path / "lake", name) for name in ("fact_load_week", "fact_addition")}
    set_policy("2026-02-11T09:00:00Z", on=False)
    sync(told, tmp_path / "lake")

    assert before
    assert while_on.equal
    assert {"fact_load_week": [], "fact_addition": []} == hidden
    assert {"fact_load_week", "fact_addition", "events"} <= set(while_on.rewritten)
    assert before[0]["member_id"] in {row["member_id"] for row in read(tmp_path / "lake", "fact_load_week")}
    assert verify(told, tmp_path / "lake").equal


def test_a_lake_holds_no_figure_of_whom_a_charter_keeps_for_few(
    told_sqlite: Installation, few_tables: list[str], tmp_path: Path
) -> None:
    def set_sight(at: str, persons: str) -> None:
        why = {"code": "other", "text": "We decided that in our retrospective."}
        row = {"do": "sight.set", "by": "lea", "team": "core", "persons": persons, "reason": why, "at": at}
        tell_and_follow(told_sqlite, [row])

    def list_members() -> set[str]:
        return {row["member_id"] for row in read(tmp_path, "fact_load_week")}

    sync(told_sqlite, tmp_path)
    before = list_members()
    set_sight("2026-02-10T09:00:00Z", "lead")
    narrowed = sync(told_sqlite, tmp_path)
    hidden = list_members()
    set_sight("2026-02-11T09:00:00Z", "stewards")
    sync(told_sqlite, tmp_path)

    assert narrowed.equal
    assert {"fact_load_week", "events"} <= set(narrowed.rewritten)
    assert hidden < before
    assert before == list_members()
    assert verify(told_sqlite, tmp_path).equal


def test_under_co_determination_a_lake_holds_no_figure_of_a_person(
    told_sqlite: Installation, few_tables: list[str], tmp_path: Path
) -> None:
    # given
    steward, organisation = told_sqlite.founded.steward_id, told_sqlite.founded.organisation_id
    terms = {"outcome": "It is read", "measure": {"kind": "binary"}, "conditions": ["published"], "due": "2026-03-27"}
    opening = {"goal": "g9", "title": "A goal", "owner": "ana", "sponsor": "lea", "terms": terms}
    promised: list[dict[str, Any]] = [
        {"do": "goal.offer", "by": "ana", **opening, "reason": {"code": "new_need", "text": "the year begins"}},
        {"do": "goal.accept", "by": "lea", "goal": "g9"},
    ]
    tell_and_follow(told_sqlite, [{"at": "2026-01-09T09:00:00Z", **row} for row in promised])
    act = SetPolicy(policy={"co_determination": True})
    told_sqlite.runtime.handle(
        Command(
            organisation_id=organisation,
            kind="organisation",
            stream_id=organisation,
            act=act,
            actor=steward,
            roles=frozenset({"steward"}),
        )
    )
    told_sqlite.runtime.engine.catch_up()

    # when
    certificate = sync(told_sqlite, tmp_path)

    # then
    assert certificate.equal
    assert [] == read(tmp_path, "fact_load_week")
    data = [msgspec.json.decode(row["data"]) for row in read(tmp_path, "events")]
    taken = [event["taken_as"] for event in data if "taken_as" in event]
    assert taken
    assert {(True, None)} == {(each.get("withheld"), each["worst_ratio"]) for each in taken}


def test_many_syncs_make_the_lake_that_one_makes(told: Installation, tmp_path: Path) -> None:
    sync(told, tmp_path / "many")
    weeks = read(tmp_path / "many", "fact_load_week")

    for part in PARTS[1:]:
        tell_and_follow(told, part)
        certificate = sync(told, tmp_path / "many")
        assert certificate.equal
        assert [] == certificate.rewritten

    sync(told, tmp_path / "once")
    assert read_all(tmp_path / "once") == read_all(tmp_path / "many")
    # ana had left already, as was told late: the weeks behind that are gone.
    gone = {(row["member_id"], row["week"]) for row in weeks}
    assert not gone <= {(row["member_id"], row["week"]) for row in read(tmp_path / "many", "fact_load_week")}
    assert verify(told, tmp_path / "many").equal


def test_nothing_new_is_nothing_written(told_sqlite: Installation, few_tables: list[str], tmp_path: Path) -> None:
    sync(told_sqlite, tmp_path / "lake")
    before = sorted(tmp_path.rglob("*.json"))

    certificate = sync(told_sqlite, tmp_path / "lake")

    assert certificate.equal
    assert before == sorted(tmp_path.rglob("*.json"))


class Killed(BaseException):
    """Nothing catches it, as nothing catches a kill."""


def killed_at(commit: int, *, is_committed: bool, patch: pytest.MonkeyPatch) -> None:
    """The process ends at its nth commit: before it, or right after."""
    done = 0

    def end(write: Callable[..., Any]) -> Callable[..., Any]:
        def writes(*args: Any, **how: Any) -> Any:
            nonlocal done
            done += 1
            if done == commit and not is_committed:
                raise Killed
            result = write(*args, **how)
            if done == commit:
                raise Killed
            return result

        return writes

    for owner, name in ((Delta, "append"), (Delta, "overwrite"), (Delta, "merge"), (Lake, "create")):
        patch.setattr(owner, name, end(getattr(owner, name)))


@pytest.mark.parametrize("commit", [1, 6, 12])
@pytest.mark.parametrize("is_committed", [False, True])
def test_a_kill_at_any_commit_leaves_what_the_next_sync_completes(
    told_sqlite: Installation, few_tables: list[str], tmp_path: Path, commit: int, is_committed: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        killed_at(commit, is_committed=is_committed, patch=patch)
        with pytest.raises(Killed):
            sync(told_sqlite, tmp_path / "lake")

    assert sync(told_sqlite, tmp_path / "lake").equal
    sync(told_sqlite, tmp_path / "whole")
    assert read_all(tmp_path / "whole") == read_all(tmp_path / "lake")


@pytest.mark.parametrize("commit", [1, 4])
def test_a_kill_between_changes_leaves_what_the_next_sync_completes(
    told_sqlite: Installation, few_tables: list[str], tmp_path: Path, commit: int
) -> None:
    sync(told_sqlite, tmp_path / "lake")
    tell_and_follow(told_sqlite, PARTS[1])
    tell_and_follow(told_sqlite, PARTS[2])
    with pytest.MonkeyPatch.context() as patch:
        killed_at(commit, is_committed=True, patch=patch)
        with pytest.raises(Killed):
            sync(told_sqlite, tmp_path / "lake")

    certificate = sync(told_sqlite, tmp_path / "lake")

    assert certificate.equal
    # What the killed sync wrote is compared as well, and said to be.
    assert 0 < min(each.after for each in certificate.tables) < certificate.position
    sync(told_sqlite, tmp_path / "whole")
    assert read_all(tmp_path / "whole") == read_all(tmp_path / "lake")


def test_two_syncs_at_once_write_each_table_once(told: Installation, few_tables: list[str], tmp_path: Path) -> None:
    def run(_: int) -> Certificate:
        # As another machine would: with connections of its own.
        with Runtime.open(told.runtime.settings) as runtime:
            return sync(Installation(runtime, told.founded, told.principal), tmp_path / "lake")

    with ThreadPoolExecutor(2) as threads:
        certificates = list(threads.map(run, range(2)))

    assert all(each.equal for each in certificates)
    assert {1} == {DeltaTable(tmp_path / "lake" / name).version() for name in LAKE_TABLES}


def test_a_sync_whose_lock_was_lost_writes_nothing_twice(
    told_sqlite: Installation, few_tables: list[str], tmp_path: Path
) -> None:
    sync(told_sqlite, tmp_path / "lake")
    tell_and_follow(told_sqlite, PARTS[1])
    lake = Lake(str(tmp_path / "lake"), {})
    first, second = (lake.open(LAKE_TABLES["events"]) for _ in range(2))
    assert first is not None
    assert second is not None
    epoch, rows = told_sqlite.runtime.ledger.epoch, DeltaTable(tmp_path / "lake" / "events").count()

    first.append(iter(()), epoch, 99)

    with pytest.raises(LakeUnavailable, match="another program has written"):
        second.append(iter(()), epoch, 99)
    assert rows == DeltaTable(tmp_path / "lake" / "events").count()


# --- whose lake it is ----------------------------------------------------------------------------------------------


def test_the_lake_of_another_organisation_is_refused(
    told_sqlite: Installation, few_tables: list[str], tmp_path: Path
) -> None:
    sync(told_sqlite, tmp_path / "lake")
    other = create_organisation(told_sqlite.runtime, "other", steward="steward")
    told_sqlite.runtime.engine.catch_up()
    before = read_all(tmp_path / "lake")

    with pytest.raises(LakeRefused, match=f"organisation {told_sqlite.founded.organisation_id}, not of"):
        sync(Installation(told_sqlite.runtime, other, told_sqlite.principal), tmp_path / "lake")

    assert before == read_all(tmp_path / "lake")


def test_the_lake_of_another_epoch_is_refused(told_sqlite: Installation, few_tables: list[str], tmp_path: Path) -> None:
    sync(told_sqlite, tmp_path / "lake")
    migrations.renew_epoch(told_sqlite.runtime.settings.database_url, uuid4())

    with pytest.raises(LakeRefused, match="restored from a copy"):
        sync(told_sqlite, tmp_path / "lake")


def test_a_lake_that_is_ahead_of_its_log_is_refused(
    told_sqlite: Installation, few_tables: list[str], tmp_path: Path
) -> None:
    sync(told_sqlite, tmp_path / "lake")
    ahead = Lake(str(tmp_path / "lake"), {}).open(LAKE_TABLES["dim_team"])
    assert ahead is not None
    ahead.append(iter(()), told_sqlite.runtime.ledger.epoch, 1_000)

    with pytest.raises(LakeRefused, match="migrate --restored"):
        sync(told_sqlite, tmp_path / "lake")


def test_a_lake_of_a_newer_schema_is_refused(told_sqlite: Installation, few_tables: list[str], tmp_path: Path) -> None:
    sync(told_sqlite, tmp_path / "lake")
    newer = {"plimsoll.schema_version": "9"}
    DeltaTable(tmp_path / "lake" / "dim_team").alter.set_table_properties(newer, raise_if_not_exists=False)

    with pytest.raises(LakeRefused, match="a newer program has written it"):
        sync(told_sqlite, tmp_path / "lake")


def test_a_lake_is_with_names_or_without(told_sqlite: Installation, few_tables: list[str], tmp_path: Path) -> None:
    sync(told_sqlite, tmp_path / "without")
    sync(told_sqlite, tmp_path / "with", names=True)

    assert {None} == {row["name"] for row in read(tmp_path / "without", "dim_member")}
    assert "ana" in {row["ref"] for row in read(tmp_path / "with", "dim_member")}
    with pytest.raises(LakeRefused, match="without names of members: leave out --names"):
        sync(told_sqlite, tmp_path / "without", names=True)


def test_what_is_no_lake_is_left_alone(told_sqlite: Installation, few_tables: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder" / "dim_team").mkdir(parents=True)
    (tmp_path / "folder" / "dim_team" / "mine.parquet").write_text("x")

    for place, words in (("file", "is a file"), ("folder", "is no Delta table")):
        with pytest.raises(LakeRefused, match=words):
            sync(told_sqlite, tmp_path / place)
    assert ["dim_team"] == [each.name for each in (tmp_path / "folder").iterdir()]


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("hdfs://cluster/lake", "not at hdfs://"),
        ("s3://key:secret@bucket/lake", "credentials come from the environment"),
        ("", "name the folder"),
        ("/", "name the folder"),
    ],
)
def test_a_place_that_can_hold_no_lake_is_refused(uri: str, words: str) -> None:
    with pytest.raises(LakeRefused, match=words) as refused:
        Lake(uri, {})

    assert "secret" not in str(refused.value)


def test_views_of_another_version_are_not_written_to_a_lake(told_sqlite: Installation, tmp_path: Path) -> None:
    with told_sqlite.runtime.database.transaction() as transaction:
        transaction.execute("UPDATE projection_checkpoints SET version = version - 1 WHERE name = 'marts'")

    with pytest.raises(LakeRefused, match=r"the views \(marts\) are of another version"):
        sync(told_sqlite, tmp_path / "lake")

    assert not (tmp_path / "lake").exists()


# --- what goes wrong -----------------------------------------------------------------------------------------------


def test_a_lake_that_was_rolled_back_is_noticed_and_repaired(
    told_sqlite: Installation, few_tables: list[str], tmp_path: Path
) -> None:
    sync(told_sqlite, tmp_path / "lake")
    tell_and_follow(told_sqlite, PARTS[1])
    sync(told_sqlite, tmp_path / "lake")
    table = DeltaTable(tmp_path / "lake" / "dim_team")
    table.restore(table.version() - 1)
    assert ["dim_team"] == [each.table for each in verify(told_sqlite, tmp_path / "lake").tables if not each.equal]

    with pytest.raises(LakeRefused, match=r"RESTORE at Delta version.*--repair"):
        sync(told_sqlite, tmp_path / "lake")
    repaired = sync(told_sqlite, tmp_path / "lake", repair=True)

    assert ["dim_team"] == repaired.rewritten
    assert repaired.equal
    assert verify(told_sqlite, tmp_path / "lake").equal


def test_a_commit_that_was_removed_is_written_again(
    told_sqlite: Installation, few_tables: list[str], tmp_path: Path
) -> None:
    sync(told_sqlite, tmp_path / "lake")
    tell_and_follow(told_sqlite, PARTS[1])
    sync(told_sqlite, tmp_path / "lake")
    for name in ("dim_member", "fact_goal_event", "events"):
        max(log_of(tmp_path / "lake", name).glob("*.json")).unlink()

    assert sync(told_sqlite, tmp_path / "lake").equal
    sync(told_sqlite, tmp_path / "whole")
    assert read_all(tmp_path / "whole") == read_all(tmp_path / "lake")


def test_rows_that_another_program_wrote_are_noticed(
    told_sqlite: Installation, few_tables: list[str], tmp_path: Path
) -> None:
    sync(told_sqlite, tmp_path / "lake")
    DeltaTable(tmp_path / "lake" / "events").delete("position = 1")

    with pytest.raises(LakeRefused, match=r"events \(DELETE"):
        sync(told_sqlite, tmp_path / "lake")


@pytest.fixture
def full_disk() -> Iterator[Callable[[int], None]]:
    """No file of this process may grow beyond so many bytes: what a full disk does, without a disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size or soft, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, ignored)


def test_a_disk_that_fills_leaves_every_table_as_it_was(
    told_sqlite: Installation, few_tables: list[str], tmp_path: Path, full_disk: Callable[[int], None]
) -> None:
    sync(told_sqlite, tmp_path / "lake")
    tell_and_follow(told_sqlite, PARTS[1])
    before = read_all(tmp_path / "lake")

    full_disk(2_000)
    with pytest.raises(LakeUnavailable, match="is not available"):
        sync(told_sqlite, tmp_path / "lake")
    full_disk(0)

    changed = {name for name, rows in read_all(tmp_path / "lake").items() if rows != before[name]}
    assert changed < set(few_tables)
    assert sync(told_sqlite, tmp_path / "lake").equal


def test_a_log_that_cannot_be_read_to_its_end_is_what_the_error_says(
    told_sqlite: Installation, few_tables: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(table: LakeTable, *args: Any, **how: Any) -> Iterator[Any]:
        yield from original(table, *args, **how)
        raise DatabaseUnavailable("the server has gone")

    original = LakeTable.read
    monkeypatch.setattr(LakeTable, "read", read)

    with pytest.raises(DatabaseUnavailable, match=r"^the server has gone$"):
        sync(told_sqlite, tmp_path / "lake")

    monkeypatch.undo()
    assert sync(told_sqlite, tmp_path / "lake").equal


class _Forbidding(BaseHTTPRequestHandler):
    def answer(self) -> None:
        body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_HEAD = do_POST = answer  # noqa: N815 - the library's names

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def forbidding_store() -> Iterator[dict[str, str]]:
    """An object store that permits nothing: the environment that leads to it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Forbidding) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "nowhere",
            "AWS_ACCESS_KEY_ID": "the-id-of-a-key",
            "AWS_SECRET_ACCESS_KEY": "the-secret-itself",
        }
        server.shutdown()
        thread.join()


def test_a_store_that_permits_nothing_is_named_and_no_secret_is(
    told_sqlite: Installation, forbidding_store: dict[str, str], monkeypatch: pytest.MonkeyPatch, shell: Shell
) -> None:
    monkeypatch.setenv("PLIMSOLL_DATABASE_URL", told_sqlite.runtime.settings.database_url)
    for name, value in forbidding_store.items():
        monkeypatch.setenv(name, value)

    assert 1 == shell("lake", "sync", "s3://bucket/lake")

    assert "" == shell.out
    assert shell.err.startswith("plimsoll: the lake s3://bucket/lake is not available: ")
    assert shell.err.endswith("AccessDenied: Access Denied\n")
    assert 1 == shell.err.count("\n")
    assert "the-secret-itself" not in shell.err
    assert "the-id-of-a-key" not in shell.err


# --- columns and files ---------------------------------------------------------------------------------------------


def test_columns_that_are_new_are_added_and_filled(
    told_sqlite: Installation, few_tables: list[str], tmp_path: Path
) -> None:
    now = LAKE_TABLES["dim_team"]
    columns = tuple(column for column in now.mart.columns if column.name != "archived_at")
    former = msgspec.structs.replace(now.mart, columns=columns, version=now.mart.version - 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(LAKE_TABLES, "dim_team", LakeTable(mart=former, generation="former"))
        sync(told_sqlite, tmp_path / "lake", events=False)
    assert "archived_at" not in read(tmp_path / "lake", "dim_team")[0]

    certificate = sync(told_sqlite, tmp_path / "lake", events=False)

    sync(told_sqlite, tmp_path / "whole", events=False)
    assert certificate.equal
    assert read(tmp_path / "whole", "dim_team") == read(tmp_path / "lake", "dim_team")
    assert not (tmp_path / "lake" / "events").exists()


def test_rows_of_another_generation_are_written_anew_each_time(
    told_sqlite: Installation, few_tables: list[str], tmp_path: Path
) -> None:
    sync(told_sqlite, tmp_path / "lake")
    tell_and_follow(told_sqlite, PARTS[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(LAKE_TABLES, "dim_team", LakeTable(mart=LAKE_TABLES["dim_team"].mart, generation="other"))
        assert ["dim_team"] == sync(told_sqlite, tmp_path / "lake").rewritten

    # Delta still has the transaction of the first generation, at an earlier position.
    assert ["dim_team"] == sync(told_sqlite, tmp_path / "lake").rewritten
    assert verify(told_sqlite, tmp_path / "lake").equal


def test_more_changes_than_are_merged_in_memory_are_written_whole(
    told_sqlite: Installation, few_tables: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(told_sqlite, tmp_path / "lake")
    tell_and_follow(told_sqlite, PARTS[1])
    monkeypatch.setattr(syncing, "MAX_MERGED_ROWS", 0)

    certificate = sync(told_sqlite, tmp_path / "lake")

    assert "dim_member" in certificate.rewritten
    assert certificate.equal
    assert verify(told_sqlite, tmp_path / "lake").equal


def test_compaction_and_vacuum_leave_the_rows(told_sqlite: Installation, few_tables: list[str], tmp_path: Path) -> None:
    for part in PARTS[:2]:
        tell_and_follow(told_sqlite, part if part is PARTS[1] else [])
        sync(told_sqlite, tmp_path / "lake")
    before, files = read_all(tmp_path / "lake"), len(list(tmp_path.rglob("part-*.parquet")))
    organisation = told_sqlite.founded.organisation_id

    with open_session(told_sqlite.runtime, organisation, Lake(str(tmp_path / "lake"), {}), names=False) as session:
        compacted = {each.table: each for each in compact_lake(session)}
        kept = vacuum_lake(session, days=7)
        vacuum_lake(session, days=0)

    assert compacted["events"].files_removed > compacted["events"].files_added
    assert 0 == sum(each.files_removed for each in kept)
    assert len(list(tmp_path.rglob("part-*.parquet"))) < files
    assert before == read_all(tmp_path / "lake")
    tell_and_follow(told_sqlite, PARTS[2])
    assert sync(told_sqlite, tmp_path / "lake").equal


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def test_the_command_syncs_verifies_and_keeps_files_few(
    told_sqlite: Installation,
    few_tables: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shell: Shell,
) -> None:
    monkeypatch.setenv("PLIMSOLL_DATABASE_URL", told_sqlite.runtime.settings.database_url)
    lake = str(tmp_path / "lake")

    assert 0 == shell("lake", "sync", lake, "--json")
    assert shell.result["equal"] is True
    assert len(few_tables) == len(shell.result["tables"])
    assert 0 == shell("lake", "sync", lake)
    assert shell.out.endswith("counts and digests of log and lake are equal\n")
    assert 0 == shell("lake", "compact", lake)
    assert 0 == shell("lake", "vacuum", lake, "--keep-days", "30")
    assert 0 == shell("lake", "verify", lake)
    assert len(few_tables) + 1 == len(shell.out.splitlines())
    DeltaTable(tmp_path / "lake" / "events").delete("position = 1")
    assert 1 == shell("lake", "verify", lake)
    assert "DIFFERS  events" in shell.out
    assert 1 == shell("lake", "verify", str(tmp_path / "none"))
    assert "there is no lake" in shell.err
    assert 2 == shell("lake", "vacuum", lake, "--keep-days", "0")


def test_without_deltalake_a_lake_is_refused_in_words(
    told_sqlite: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "deltalake.exceptions", None)
    monkeypatch.setitem(sys.modules, "deltalake", None)

    with pytest.raises(LakeRefused, match=r"plimsoll\[bi\]"):
        sync(told_sqlite, tmp_path / "lake")
