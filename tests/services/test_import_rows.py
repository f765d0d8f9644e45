from __future__ import annotations

import gzip
import io
import json
from typing import Any
from uuid import uuid4

import pytest

from domain.goal.acts import CheckIn, Offer
from domain.organisation.organisation import SetPolicy
from domain.references import resolve_stream_id
from domain.registry import AGGREGATES
from services.imports.rows import (
    ACT_TYPES,
    MAX_LINE_BYTES,
    BadRow,
    ImportLimits,
    ImportRow,
    UnreadableImport,
    iter_lines,
    parse_row,
)

CHECK_IN = {"at": "2024-10-30T04:49:46Z", "by": "ana", "do": "goal.check_in", "goal": "g-1", "note": "half way"}


def line(**changes: Any) -> bytes:
    return json.dumps({**CHECK_IN, **changes}).encode()


def row(**changes: Any) -> ImportRow:
    found = parse_row(1, line(**changes))
    assert found is not None
    return found


def parse_bad_row(text: bytes) -> BadRow:
    with pytest.raises(BadRow) as caught:
        parse_row(1, text)
    return caught.value


def test_every_act_that_can_be_imported_has_its_name() -> None:
    acts = {kind for kind, _ in ACT_TYPES.values()}

    # Where events are sent, who holds which key, and answers that nobody can link are no part of an imported history.
    assert set(AGGREGATES) - {"key", "pulse", "subscription"} == acts
    assert ACT_TYPES["goal.check_in"] == ("goal", CheckIn)
    assert ACT_TYPES["organisation.policy"] == ACT_TYPES["organisation.set_policy"] == ("organisation", SetPolicy)
    assert "organisation.create" not in ACT_TYPES


def test_a_row_becomes_its_act_without_what_says_who_when_and_where() -> None:
    found = row()

    assert CheckIn(note="half way") == found.act
    assert ("goal", "g-1", "ana") == (found.kind, found.ref, found.by)
    assert not found.creates


def test_a_creating_row_hands_its_reference_to_the_stream() -> None:
    text = json.dumps({"at": CHECK_IN["at"], "by": "ana", "do": "goal.offer", "goal": "g-1", "team": "t-1"}).encode()

    found = parse_row(1, text)

    assert found is not None
    assert Offer(ref="g-1", team="t-1") == found.act
    assert found.creates


def test_a_creating_row_that_names_an_id_has_no_external_reference() -> None:
    own = "01890000-0000-7000-8000-000000000001"

    found = parse_row(1, json.dumps({"at": CHECK_IN["at"], "by": "a", "do": "member.join", "member": own}).encode())

    assert found is not None
    assert found.act.ref is None


def test_the_same_content_is_the_same_row_whatever_its_spelling() -> None:
    other = json.dumps(dict(reversed(CHECK_IN.items())), indent=1).replace("\n", " ").encode()

    found = parse_row(7, other)

    assert found is not None
    assert row().compute_identity(1) == found.compute_identity(1)
    assert row().compute_identity(1) != row().compute_identity(2)
    assert row(note="other").compute_identity(1) != row().compute_identity(1)


def test_a_row_with_an_id_of_its_own_is_that_row() -> None:
    assert row(id="r-1").compute_identity(1) == row(id="r-1", note="mended").compute_identity(1)
    assert row(id="r-1").compute_identity(1) != row(id="r-2").compute_identity(1)


def test_a_row_names_people_teams_and_goals_at_any_depth() -> None:
    found = row(needs=[{"text": "a review", "addressee": "sam"}])

    assert ("member", "ana", "/by") in found.names
    assert ("member", "sam", "/needs/0/addressee") in found.names
    assert ("goal", "g-1", "/goal") in found.names


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"surprise": 1}, "/surprise"),
        ({"at": "2024-10-30"}, "/at"),
        ({"at": "2024-10-30T04:49:46"}, "/at"),
        ({"at": 1730263786}, "/at"),
        ({"by": ""}, "/by"),
        ({"by": None}, "/by"),
        ({"do": "goal.ponder"}, "/do"),
        ({"goal": 7}, "/goal"),
        ({"goal": "x" * 201}, "/goal"),
        ({"note": 7}, "/note"),
        ({"note": "x" * 4001}, "/note"),
        ({"needs": [{"text": "a", "by_when": "b"}]}, "/needs/0/by_when"),
        ({"needs": [{"text": "a", "answer_by": "tomorrow"}]}, "/needs/0/answer_by"),
        ({"reason": {"code": "whim"}}, "/reason/code"),
        ({"id": ""}, "/id"),
    ],
)
def test_a_bad_field_is_named(changes: dict[str, Any], field: str) -> None:
    bad = parse_bad_row(line(**changes))

    assert ("invalid_field", field) == (bad.code, bad.field)


@pytest.mark.parametrize("missing", ["at", "by", "do", "goal"])
def test_a_missing_field_is_named(missing: str) -> None:
    bad = parse_bad_row(json.dumps({k: v for k, v in CHECK_IN.items() if k != missing}).encode())

    assert f"/{missing}" == bad.field


@pytest.mark.parametrize(
    "at",
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1969-12-31T23:59:59Z"],
)
def test_an_instant_that_no_calendar_reaches_is_named(at: str) -> None:
    error = parse_bad_row(line(at=at))

    assert ("invalid_field", "/at") == (error.code, error.field)


def test_nothing_begins_under_an_id_that_is_made_from_a_name() -> None:
    # given the id that another organisation's reference "web" stands for
    theirs = resolve_stream_id(uuid4(), "team", "web")

    error = parse_bad_row(line(do="team.create", team=str(theirs), name="Web", lead="ana"))

    assert ("invalid_field", "/team") == (error.code, error.field)


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({"do": "goal.check_in", "goal": "g", "note": "so far", "reason": {"code": "whim"}}, "dependency_slipped"),
        ({"do": "goal.check_in", "goal": "g", "note": "so far", "reason": {"code": 7}}, "dependency_slipped"),
        ({"do": "member.grant_role", "member": "ana", "role": "king"}, "steward"),
    ],
)
def test_a_wrong_word_is_answered_with_the_words_there_are(row: dict[str, Any], word: str) -> None:
    bad = parse_bad_row(json.dumps({"at": "2026-01-05T09:00:00Z", "by": "ana", **row}).encode())

    assert word in bad.allowed


def test_an_unknown_act_is_answered_with_those_there_are() -> None:
    assert "goal.check_in" in parse_bad_row(line(do="goal.ponder")).allowed


@pytest.mark.parametrize(
    "text",
    [
        b'{"at":',
        b"[]",
        b'"act"',
        b"\xff\xfe{}",
        b'{"a": NaN}',
        b"[" * 100_000,
        b'{"a": ' + b"[" * 700 + b"]" * 700 + b', "b": "nul \\u0000"}',
        b'{"a": "' + b"x" * MAX_LINE_BYTES + b'"}',
        line(note="nul \x00 inside"),
        b'{"a": "\\ud800"}',
        b'{"a": 1' + b"0" * 5000 + b"}",
    ],
    ids=[
        "cut",
        "list",
        "text",
        "not-utf-8",
        "nan",
        "deep",
        "deep-with-nul",
        "long",
        "nul",
        "surrogate",
        "digits",
    ],
)
def test_a_line_that_is_no_json_object_is_refused(text: bytes) -> None:
    assert "malformed_line" == parse_bad_row(text).code


def test_a_blank_line_is_no_row() -> None:
    assert parse_row(3, b"  \r\n") is None


def test_a_byte_order_mark_is_not_part_of_the_first_line() -> None:
    assert parse_row(1, b"\xef\xbb\xbf" + line()) == row()


def test_lines_are_read_plain_and_gzipped_alike() -> None:
    text = line() + b"\n" + line(note="b") + b"\n" + line(note="no newline at the end")

    plain = list(iter_lines(io.BytesIO(text)))
    packed = list(iter_lines(io.BytesIO(gzip.compress(text))))

    assert plain == packed == text.splitlines(keepends=True)


@pytest.mark.parametrize("text", [b"", b"\n", b"{", b"{}", b"\n\n{}\n"])
def test_short_files_lose_nothing(text: bytes) -> None:
    assert text == b"".join(iter_lines(io.BytesIO(text)))


@pytest.mark.parametrize("cut", [2, 5, 15, -9, -1])
def test_a_gzip_that_is_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(UnreadableImport, match="broken gzip"):
        list(iter_lines(io.BytesIO(gzip.compress(line() * 50)[:cut])))


def test_a_gzip_with_a_flipped_bit_is_refused() -> None:
    packed = bytearray(gzip.compress(line() * 50))
    packed[len(packed) // 2] ^= 0x10

    with pytest.raises(UnreadableImport, match="broken gzip"):
        list(iter_lines(io.BytesIO(bytes(packed))))


def test_of_an_over_long_line_only_the_beginning_is_held() -> None:
    text = b"x" * (3 * MAX_LINE_BYTES) + b"\n{}\n"

    found = list(iter_lines(io.BytesIO(gzip.compress(text))))

    assert [MAX_LINE_BYTES + 1, 3] == [len(part) for part in found]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"at,by,do,goal,due,note\n2026-01-05,ana,goal.offer,a,,\n", r"CSV \(columns at, by, do, goal, due, ...\)"),
        (b"\xef\xbb\xbftitle;owner\nA;ana\n", r"CSV with semicolons \(columns title, owner\)"),
        (b"\n\nTitle\tOwner\nA\tana\n", r"tab-separated text \(columns Title, Owner\)"),
        ("Titel,Größe\n".encode("latin-1"), "it is CSV; an import takes"),
        (b"PK\x03\x04\x14\x00", "a workbook"),
        (b"PAR1\x15\x04", "Parquet"),
        ('{"at": 1}\n'.encode("utf-16"), "UTF-16"),
        (b"<!doctype html>\n<html>", "HTML"),
        (b'[{"at": "2026-01-05T09:00:00Z"}]', "a JSON list"),
        (b'{\n  "at": "2026-01-05T09:00:00Z"\n}\n', "JSON over several lines"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_of_another_kind_is_told_what_it_is_and_what_to_do(text: bytes, said: str, packed: bool) -> None:
    with pytest.raises(UnreadableImport, match=said) as refused:
        list(iter_lines(io.BytesIO(gzip.compress(text) if packed else text)))
    assert "docs/import.md" in str(refused.value) or "jq" in str(refused.value)


@pytest.mark.parametrize("text", [b"nonsense\n", b'{"at": 1, "by"\n', b'"at", {"x": 1}\n', b"x" * 100 + b",y\n"])
def test_a_broken_line_is_a_matter_of_its_row(text: bytes) -> None:
    assert [text] == list(iter_lines(io.BytesIO(text)))


def test_an_import_that_unpacks_beyond_the_limit_is_refused() -> None:
    with pytest.raises(UnreadableImport, match="more than 1000 bytes"):
        list(iter_lines(io.BytesIO(gzip.compress(b"{}\n" * 1000)), ImportLimits(unpacked_bytes=1000, lines=10_000)))
