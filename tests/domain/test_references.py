"""An id or the source's own reference: both lead to one stream, without a table."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.errors import InvalidField
from domain.references import as_uuid, require_external_reference, resolve_stream_id

ONE, OTHER = UUID("00000001-0000-7000-8000-000000000000"), UUID("00000002-0000-7000-8000-000000000000")
SOME = "0190b1a2-0000-7000-8000-0000000000AB"


def test_an_id_names_itself_however_it_is_cased() -> None:
    assert UUID(SOME) == resolve_stream_id(ONE, "goal", SOME) == resolve_stream_id(OTHER, "member", SOME.lower())


def test_a_reference_always_names_the_same_stream() -> None:
    assert 5 == resolve_stream_id(ONE, "goal", "kep-19").version
    assert resolve_stream_id(ONE, "goal", "kep-19") == resolve_stream_id(ONE, "goal", "kep-19")


def test_nothing_crosses_from_one_organisation_or_kind_to_another() -> None:
    named = {resolve_stream_id(o, kind, "x") for o in (ONE, OTHER) for kind in ("goal", "member", "team")}

    assert 6 == len(named)


@pytest.mark.parametrize("ref", [SOME.replace("-", ""), f"{{{SOME[1:-1]}}}", "urn:uuid:" + SOME, "x" * 36, ""])
def test_only_the_canonical_form_is_an_id(ref: str) -> None:
    assert as_uuid(ref) is None


@pytest.mark.parametrize("ref", ["kep-19", "Ana Müller", "ana@example.org", "a/b", "日本"])
def test_a_reference_is_what_the_source_calls_it(ref: str) -> None:
    assert ref == require_external_reference(ref)


@pytest.mark.parametrize("ref", [SOME, " ", "", " padded", "padded ", "two\nlines", "nul\x00", "zero\u200bwidth"])
def test_what_looks_like_an_id_or_cannot_be_seen_is_no_reference(ref: str) -> None:
    with pytest.raises(InvalidField) as refused:
        require_external_reference(ref)

    assert "/ref" == refused.value.pointer
