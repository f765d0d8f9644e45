"""Text that can be seen is taken as it was written; text that cannot is none, in every act and whatever its script."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args
from unicodedata import normalize
from uuid import UUID

import msgspec
import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st
from msgspec import inspect

from domain.errors import InvalidField
from domain.goal import acts
from domain.reasons import Reason, ReasonCode, check_reason
from domain.references import require_external_reference, resolve_stream_id
from domain.registry import AGGREGATES
from domain.text import check_text, check_texts, fold, is_visible, visible_length

ORGANISATION = UUID("0190d0a5-0000-7000-8000-00000000000a")

UNSEEN = {
    "a zero-width space": "\u200b",
    "a zero-width joiner": "\u200d",
    "a word joiner": "\u2060",
    "a byte order mark": "\ufeff",
    "plain blanks": "   ",
    "blanks": " \u00a0\u3000",
    "a soft hyphen": "\u00ad",
    "a combining accent": "\u0301",
    "a variation selector": "\ufe0f",
    "a further variation selector": "\U000e0100",
    "tags": "\U000e0067\U000e0062\U000e007f",
    "a Hangul filler": "\u3164",
    "a half-width Hangul filler": "\uffa0",
    "the initial filler of Hangul": "\u115f\u1160",
    "the blank of Braille": "\u2800",
    "a direction mark": "\u202e",
    "an invisible times": "\u2062",
    "twenty of them": "\u200b\u200c" * 10,
}
SEEN = {
    "a family": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "a keycap": "1\ufe0f\u20e3",
    "a flag of tags": "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "Persian with a non-joiner": "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "Devanagari with a joiner": "\u0915\u094d\u200d\u0937",
    "Arabic in its direction": "\u200f\u0646\u0635",
    "Korean": "\ud55c\uad6d",
    "decomposed German": normalize("NFD", "J\u00fcrgen"),
    "the mark of a verse": "\u06dd",
    "one letter": "a",
}


@pytest.mark.parametrize("what", UNSEEN)
def test_what_cannot_be_seen_is_no_text(what: str) -> None:
    assert (False, 0) == (is_visible(UNSEEN[what]), visible_length(UNSEEN[what]))
    for has_lines in (True, False):
        with pytest.raises(InvalidField) as refused:
            check_text(UNSEEN[what], "/here", has_lines=has_lines)
        assert "/here" == refused.value.pointer


@pytest.mark.parametrize("what", SEEN)
def test_what_can_be_seen_is_a_text_in_every_script(what: str) -> None:
    assert is_visible(SEEN[what])
    check_text(SEEN[what], "/here", has_lines=False)


@pytest.mark.parametrize("control", ["\x07", "\x00", "\x1b", "\x7f", "\x85", "\r", "\x0b"])
def test_a_control_character_is_refused_by_its_number(control: str) -> None:
    for has_lines in (True, False):
        with pytest.raises(InvalidField, match=f"U\\+{ord(control):04X}"):
            check_text(f"a{control}b", "/here", has_lines=has_lines)


@pytest.mark.parametrize("separator", ["\n", "\t", "\r\n", "\u2028"])
def test_lines_and_tabs_are_for_long_texts(separator: str) -> None:
    check_text(f"a{separator}b", "/here", has_lines=True)
    with pytest.raises(InvalidField):
        check_text(f"a{separator}b", "/here", has_lines=False)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        *(("abc", 3), ("a b", 3), (" a \n  b ", 3), ("a\u200b\u200bb", 2), ("u\u0308", 1), ("\u00fc", 1)),
        *(("a" + "\u0301" * 19, 1), (" \u200b ", 0), ("\u200b a", 1)),
    ],
)
def test_a_length_counts_what_can_be_seen(text: str, length: int) -> None:
    assert length == visible_length(text)


def test_a_reason_of_twenty_characters_that_nobody_sees_is_none() -> None:
    check_reason(Reason(code=ReasonCode.OTHER, text="the bank moved it so"))
    for text in ("\u200b" * 20, "a" + "\u200b" * 19, "a" + " " * 18 + "b", "e" + "\u0301" * 19):
        with pytest.raises(InvalidField):
            check_reason(Reason(code=ReasonCode.OTHER, text=text))


# --- references ----------------------------------------------------------------------------------------------------


@for_any(st.text(min_size=1, max_size=30))
def test_every_form_of_a_reference_names_one_stream(ref: str) -> None:
    forms = {form: resolve_stream_id(ORGANISATION, "member", normalize(form, ref)) for form in ("NFC", "NFD")}

    assert {resolve_stream_id(ORGANISATION, "member", ref)} == set(forms.values())


def test_a_reference_is_kept_in_its_composed_form() -> None:
    assert "j\u00fcrgen" == require_external_reference("ju\u0308rgen")
    for unseen in ("\u3164", "\u2800", "\u0301", "a\u200b", " a", "\x07"):
        with pytest.raises(InvalidField):
            require_external_reference(unseen)


@for_any(st.text(max_size=30))
def test_a_text_is_found_by_every_form_and_case_of_it(text: str) -> None:
    assert {fold(text)} == {fold(normalize(form, text)) for form in ("NFC", "NFD")}
    assert fold(text) == fold(fold(text))


# --- every text of every act ---------------------------------------------------------------------------------------


def find_texts(kind: inspect.Type, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], inspect.StrType]]:
    """The texts that people write into an act; those with a pattern are closed already."""
    match kind:
        case inspect.Metadata(type=inner):
            yield from find_texts(inner, path)
        case inspect.UnionType(types=kinds):
            for each in kinds:
                yield from find_texts(each, path)
        case inspect.ListType(item_type=item):
            yield from find_texts(item, (*path, "0"))
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from find_texts(field.type, (*path, field.encode_name))
        case inspect.StrType(pattern=None):
            yield path, kind


def example(kind: inspect.Type) -> Any:
    """The least that this type takes."""
    match kind:
        case inspect.Metadata(type=inner):
            return example(inner)
        case inspect.UnionType(types=kinds):
            return example(kinds[0])
        case inspect.StructType(fields=fields, tag=tag, tag_field=tag_field):
            least = {field.encode_name: example(field.type) for field in fields if field.required}
            return least | ({tag_field: tag} if tag_field else {})
        case (
            inspect.ListType(item_type=item, min_length=least) | inspect.VarTupleType(item_type=item, min_length=least)
        ):
            return [example(item)] * (least or 0)
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.EnumType(cls=cls):
            return next(iter(cls)).value
        case inspect.StrType(min_length=least):
            return "x" * max(1, least or 0)
    return {inspect.DateType: "2026-03-02", inspect.BoolType: True, inspect.IntType: 1}.get(
        type(kind), "2026-03-02T09:00:00Z" if isinstance(kind, inspect.DateTimeType) else str(ORGANISATION)
    )


def put(kind: inspect.Type, path: tuple[str, ...], text: str) -> Any:
    """An example of this type with `text` at `path`."""
    match kind:
        case _ if not path:
            return text
        case inspect.Metadata(type=inner):
            return put(inner, path, text)
        case inspect.UnionType(types=kinds):
            takes = [each for each in kinds if any(found == path for found, _ in find_texts(each))]
            return put(takes[0], path, text)
        case inspect.ListType(item_type=item, min_length=least):
            return [put(item, path[1:], text), *[example(item)] * ((least or 1) - 1)]
        case inspect.StructType(fields=fields):
            [field] = [field for field in fields if field.encode_name == path[0]]
            return {**example(kind), field.encode_name: put(field.type, path[1:], text)}
    raise AssertionError(kind)


ACTS = [act for aggregate in AGGREGATES.values() for act in get_args(aggregate.acts)]
#: Each text with the number of characters that it surely takes.
TEXTS = [
    pytest.param(act, path, 36 if kind.min_length == 36 else 20, id=f"{act.__module__}-{act.__name__}-{'.'.join(path)}")
    for act in ACTS
    for path, kind in find_texts(inspect.type_info(act))
]


def write(act: type[msgspec.Struct], path: tuple[str, ...], text: str, width: int) -> msgspec.Struct:
    """The act with `text`, repeated to this width, at `path`."""
    found: msgspec.Struct = msgspec.convert(put(inspect.type_info(act), path, (text * width)[:width]), act)
    return found


@pytest.mark.parametrize(("act", "path", "width"), TEXTS)
def test_every_text_of_every_act_is_one_that_can_be_seen(
    act: type[msgspec.Struct], path: tuple[str, ...], width: int
) -> None:
    for unseen in (*UNSEEN.values(), "a\x07", "\x1b["):
        with pytest.raises(InvalidField) as refused:
            check_texts(write(act, path, unseen, width))
        assert "/" + "/".join(path) == refused.value.pointer
    for seen in SEEN.values():
        check_texts(write(act, path, seen, width))


@for_any(st.sampled_from(TEXTS), st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1))
def test_a_text_is_taken_just_where_something_of_it_is_seen(text: Any, written: str) -> None:
    act, path, width = text.values
    lines = {"\u2028", "\u2029"}
    act_with_text = write(act, path, written, width if width == 36 else min(len(written), 36))

    if is_visible(written[:36]) and not lines & set(written):
        check_texts(act_with_text)
    elif not is_visible(written[:36]):
        with pytest.raises(InvalidField):
            check_texts(act_with_text)


def test_what_an_act_leaves_out_is_no_text_at_all() -> None:
    check_texts(acts.CheckIn(note="", ideas=[], progress=0.5))
    check_texts(acts.Retitle(title=None))
