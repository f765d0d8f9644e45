"""What an import may cost: lines, bytes, ratio, time, a copy on disk; and what becomes of one that is interrupted."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import time
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.bulk.append import BulkLimits
from ledger.cancellation import Work, WorkCancelled
from services.commands import data
from services.imports.importer import ImportResult
from services.imports.rows import ImportLimits, UnreadableImport, iter_lines
from tests.services.conftest import Installation
from tests.services.test_imports import STORY, import_rows
from tests.system.deployment import ROOT, clean_environment

WHY = {"code": "new_information", "text": "we know more than we did"}
LIMITS = ImportLimits(unpacked_bytes=64_000_000, lines=1000)
#: Seconds for eight million blank lines, on a busy machine; line by line they took five and more on a calm one.
BLANK_LINES_S = 3.0


@given(
    st.lists(st.sampled_from([b"\n", b" \n", b"\t\r\n", b"{}\n", b"{} \n", b"x\n", b"\n" * 70_000]), max_size=12),
    st.sampled_from([b"", b"{}", b" "]),
)
def test_lines_have_the_numbers_that_an_editor_shows(parts: list[bytes], end: bytes) -> None:
    text = b"".join(parts) + end
    expected = [(number, line) for number, line in enumerate(text.splitlines(keepends=True), 1) if line.strip()]

    for content in (text, gzip.compress(text, 1)):
        found, numbers = [], 1
        for line in iter_lines(io.BytesIO(content)):
            if line.strip():
                found.append((numbers, line))
            numbers += max(1, line.count(b"\n"))
        assert expected == found


def test_a_bad_row_after_many_blank_lines_is_named_by_its_line(sqlite_installation: Installation) -> None:
    result = import_rows(sqlite_installation, [*STORY, b"\n" * 90_000 + b"", b"nonsense"])

    assert [len(STORY) + 90_000 + 1] == [error.line for error in result.errors]


def test_blank_lines_cost_nothing() -> None:
    began = time.perf_counter()

    assert 8_000_000 == sum(len(line) for line in iter_lines(io.BytesIO(b"\n" * 8_000_000), LIMITS))

    assert time.perf_counter() - began < BLANK_LINES_S


@pytest.mark.parametrize("text", [b"\n", b"{}\n", b" ", b"x"], ids=["newlines", "rows", "blanks", "one line"])
def test_what_unpacks_to_a_hundred_times_its_size_is_refused_before_it_is_all_unpacked(text: bytes) -> None:
    packed = io.BytesIO(gzip.compress(text * (32_000_000 // len(text))))

    with pytest.raises(UnreadableImport, match=r"100 times its size|lines"):
        for _ in iter_lines(packed, LIMITS):
            pass


def test_the_rest_of_an_over_long_line_counts_too() -> None:
    limits = ImportLimits(unpacked_bytes=5_000_000, lines=10)

    with pytest.raises(UnreadableImport, match="5000000 bytes"):
        list(iter_lines(io.BytesIO(b"x" * 6_000_000), limits))


def test_more_lines_than_allowed_are_refused_and_blank_ones_do_not_count() -> None:
    assert 1000 == len([line for line in iter_lines(io.BytesIO(b"{}\n\n" * 1000), LIMITS) if line.strip()])
    with pytest.raises(UnreadableImport, match="more than 1000 lines"):
        list(iter_lines(io.BytesIO(b"{}\n" * 1001), LIMITS))


def test_empty_gzip_members_without_end_are_given_up_with_their_request() -> None:
    work = Work()
    members = io.BytesIO(gzip.compress(b"") * 300_000)

    def read() -> None:
        work.cancel()
        list(iter_lines(members))

    with pytest.raises(WorkCancelled):
        work.run(read)


def test_an_import_whose_request_is_given_up_ends_and_records_nothing(installation: Installation) -> None:
    # given
    head, work = installation.runtime.ledger.head(), Work()

    def cancel(done: int, rows: int) -> None:
        assert done <= rows
        work.cancel()

    # when
    rows = [*STORY, *({**STORY[-1], "note": f"step {number}"} for number in range(300))]  # type: ignore[dict-item]
    with pytest.raises(WorkCancelled):
        work.run(partial(import_rows, installation, rows, progress=cancel))

    # then
    assert head == installation.runtime.ledger.head()


def test_a_dry_run_that_was_killed_is_swept_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    dead, living = (tmp_path / f"plimsoll-dry-run-{pid}-x" for pid in (ended.pid, os.getpid()))
    for folder in (dead, living):
        folder.mkdir()
        (folder / "store").write_text("rows")

    # when
    data.remove_leftovers()

    # then
    assert [living] == list(tmp_path.iterdir())


KILLED_IMPORT = """
import json, os, signal, sys
from domain.references import resolve_stream_id
from ledger.api_keys import Principal
from services.imports.importer import import_lines
from services.organisations import derive_organisation_id
from services.runtime import Runtime
from services.settings import Settings

organisation = derive_organisation_id("default")
steward = resolve_stream_id(organisation, "member", "steward")
principal = Principal(key_id=steward, organisation_id=organisation, member_id=steward, scopes=frozenset({"admin"}))
rows = ({"at": "2024-01-01T00:00:00Z", "by": "steward", "do": "member.join", "member": f"m{number}", "name": "x" * 150}
        for number in range(30_000))
with Runtime.open(Settings.from_environment(os.environ)) as runtime:
    kill = lambda done, all: os.kill(os.getpid(), signal.SIGKILL) if done >= 1000 else None
    import_lines(runtime, organisation, (json.dumps(row).encode() for row in rows), principal=principal, progress=kill)
"""


def test_a_killed_import_leaves_no_copy_of_its_rows(sqlite_installation: Installation, tmp_path: Path) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    places = {"TMPDIR": str(folder), "SQLITE_TMPDIR": str(folder)}
    url = {"PLIMSOLL_DATABASE_URL": sqlite_installation.runtime.settings.database_url}

    done = subprocess.run(
        [sys.executable, "-c", KILLED_IMPORT], cwd=ROOT, env=clean_environment() | places | url, check=False
    )

    assert -9 == done.returncode
    assert [] == list(folder.iterdir())


Act = dict[str, object]


def interrupt_commits(installation: Installation, monkeypatch: pytest.MonkeyPatch, acts: dict[int, Act]) -> None:
    """Have another import record these acts, each after so many slices of two events."""
    ledger, slices = installation.runtime.ledger, count(1)
    bulk = ledger.bulk

    class Interrupted(BulkLimits, frozen=True, kw_only=True):
        slice_events: int = 2

        def adapt_slice(self, events: int, took: float) -> int:
            act = acts.get(next(slices))
            if act is not None:
                monkeypatch.setattr(ledger, "bulk", bulk)
                assert 1 == import_rows(installation, [act]).accepted
                monkeypatch.setattr(ledger, "bulk", lambda: bulk(Interrupted()))
            return events

    monkeypatch.setattr(ledger, "bulk", lambda: bulk(Interrupted()))


def declare_hours(hours: int) -> Act:
    row = {"at": "2024-05-07T08:00:00Z", "by": "lea", "do": "member.capacity", "member": "lea"}
    return {**row, "hours_per_week": hours, "from": "2024-05-07"}


def test_an_import_that_others_meet_between_its_slices_is_decided_again_and_counted_once(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_commits(installation, monkeypatch, {1: declare_hours(20), 2: declare_hours(21)})

    result = import_rows(installation, STORY)

    assert ImportResult(accepted=len(STORY), already=0) == result
    monkeypatch.undo()
    assert ImportResult(accepted=0, already=len(STORY)) == import_rows(installation, STORY)


def test_rows_that_no_longer_pass_after_others_wrote_are_refused_beside_what_was_kept(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    withdrawn: Act = {"at": "2024-05-07T08:00:00Z", "by": "lea", "do": "goal.withdraw", "goal": "g-1", "reason": WHY}
    interrupt_commits(installation, monkeypatch, {2: withdrawn})

    result = import_rows(installation, STORY)

    assert (4, 0, 2) == (result.accepted, result.already, result.refused)
    assert [5, 6] == [error.line for error in result.errors]
