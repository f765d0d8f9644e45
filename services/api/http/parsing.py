"""What comes in, decoded strictly: unknown fields, wrong types and impossible text are refused by name."""

from __future__ import annotations

import functools
import re
from datetime import UTC, date, datetime
from typing import Any, TypeVar, get_origin
from urllib.parse import parse_qsl, quote, unquote, unquote_to_bytes

import msgspec

from domain.quantities import parse_json_number
from domain.text import is_visible
from services.allowed_values import list_allowed_values
from services.api.http.problems import FieldError, ProblemError, field_error

T = TypeVar("T", bound=msgspec.Struct)

#: What a browser sends of a form without files.
FORM = "application/x-www-form-urlencoded"
#: Fields of one form.
_MAX_FORM_FIELDS = 500

#: Query strings with more parameters than this are refused unread.
_MAX_PARAMETERS = 100
#: Instants and days that a question may ask about: calendars beyond them overflow on the way to another zone.
_FIRST_YEAR, _LAST_YEAR = 1900, 2999

_PATH = re.compile(r"^(?P<message>.*) - at `(?P<path>.*)`$", re.DOTALL)
_NAMED_FIELD = re.compile(r"(?:missing required|contains unknown) field `(?P<name>[^`]*)`")
_STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<index>[^\]]*)\]")


@functools.cache
def _create_decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, float_hook=parse_json_number)


def parse_body(body: bytes, kind: Any, *, media_type: str) -> Any:
    """The body as a Struct of `kind`; an empty one counts as `{}`.

    Raises ProblemError: 415 for another media type, 400 for broken JSON, 422 naming the field for all the rest.
    """
    if not body.strip():
        body = b"{}"
    elif media_type != "application/json" and not _is_json(media_type):
        raise ProblemError("unsupported_media_type", "send the body as application/json", allowed=("application/json",))
    try:
        if b"\\u0000" in body:
            _reject_nul(body)
        return _create_decoder(kind).decode(body)
    except msgspec.ValidationError as error:
        raise _to_problem_error(error, kind) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError("malformed", f"not JSON: {_describe_json_error(error)}") from None


def _is_json(media_type: str) -> bool:
    name = media_type.partition(";")[0].strip().lower()
    return name == "application/json" or (name.startswith("application/") and name.endswith("+json"))


def _describe_json_error(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _reject_nul(body: bytes) -> None:
    """No store can hold U+0000 in a text and no person ever writes it, so it is refused wherever it stands."""
    if (pointer := _find_nul(msgspec.json.decode(body), "")) is not None:
        raise field_error(pointer or "/", "a text cannot hold the character U+0000")


def _find_nul(value: Any, pointer: str) -> str | None:
    if isinstance(value, str):
        return pointer if "\x00" in value else None
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        found = pointer if "\x00" in str(key) else _find_nul(inner, f"{pointer}/{key}")
        if found is not None:
            return found
    return None


def _to_problem_error(error: msgspec.ValidationError, kind: Any, where: str = "body") -> ProblemError:
    """Names the field, and what it would have taken where that is one of a few words."""
    refused = to_field_error(error, where)
    return ProblemError(
        "invalid_field", str(error), errors=(refused,), allowed=list_allowed_values(kind, refused.pointer)
    )


def to_field_error(error: msgspec.ValidationError, where: str = "body") -> FieldError:
    """Msgspec's "Expected `int`, got `str` - at `$.a[0]`" as a JSON pointer and a sentence."""
    found = _PATH.match(str(error))
    message, path = (found["message"], found["path"]) if found else (str(error), "$")
    steps = [step["name"] if step["name"] is not None else step["index"] for step in _STEP.finditer(path)]
    if named := _NAMED_FIELD.search(message):
        steps.append(named["name"])
    pointer = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
    return FieldError(pointer=pointer, detail=message, in_=where)


def parse_query(raw: bytes, kind: type[T], *, of_form: bool = False) -> T:
    """The query string as a Struct of `kind`; a list takes repeated parameters and commas.

    `of_form`: a parameter without a value is a field that was left empty, and counts as absent.
    Raises ProblemError 422 for unknown, repeated or ill-typed parameters.
    """
    if not raw:
        unasked: T = _build_default_query(kind)
        return unasked
    lists = _find_repeatable_fields(kind)
    values: dict[str, Any] = {}
    for name, value in _parse_pairs(raw):
        if of_form and not value:
            continue
        if name in lists:
            parts = [part for part in value.split(",") if part]
            if not parts:
                raise field_error("/" + name, "name at least one, or leave the parameter out", where="query")
            values.setdefault(name, []).extend(parts)
        elif name in values:
            raise field_error("/" + name, "this parameter is given more than once", where="query")
        else:
            values[name] = value
    try:
        query = msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _to_problem_error(error, kind, "query") from None
    for field in _list_fields(kind):
        # msgspec reads the text "null" as nothing; who writes it means something.
        if field.encode_name in values and getattr(query, field.name) is None:
            raise field_error("/" + field.encode_name, "leave it out instead of writing null", where="query")
    return query


@functools.cache
def _build_default_query(kind: type[msgspec.Struct]) -> Any:
    """The query of a request without one; raises ProblemError 422 where a field is required."""
    try:
        return msgspec.convert({}, kind)
    except msgspec.ValidationError as error:
        raise ProblemError("invalid_field", str(error), errors=(to_field_error(error, "query"),)) from None


@functools.cache
def _list_fields(kind: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """What msgspec works out anew from the annotations each time it is asked."""
    return msgspec.structs.fields(kind)


@functools.cache
def _find_repeatable_fields(kind: type[msgspec.Struct]) -> frozenset[str]:
    """The parameters that may be repeated."""
    return frozenset(f.encode_name for f in _list_fields(kind) if get_origin(_unwrap_annotated(f.type)) is list)


def _unwrap_annotated(annotation: Any) -> Any:
    """The type inside `Annotated[..., Meta]`."""
    return getattr(annotation, "__origin__", annotation) if hasattr(annotation, "__metadata__") else annotation


def parse_form(raw: bytes, *, media_type: str) -> list[tuple[str, str]]:
    """The fields of a form in their order, line ends as one character.

    Raises ProblemError: 415 for another media type, 400 for what is no form, 422 for a text with U+0000.
    """
    if raw and media_type.partition(";")[0].strip().lower() != FORM:
        raise ProblemError("unsupported_media_type", f"send the form as {FORM}", allowed=(FORM,))
    try:
        text = raw.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FORM_FIELDS)
    except ValueError:
        raise ProblemError("malformed", f"not a form in UTF-8 of at most {_MAX_FORM_FIELDS} fields") from None
    for name, value in pairs:
        if "\x00" in name or "\x00" in value:
            raise field_error("/" + name.replace("\x00", ""), "no U+0000 here")
    # Browsers part lines by CR LF, whatever was typed (HTML, 4.10.22.7).
    return [(name, value.replace("\r\n", "\n")) for name, value in pairs]


def convert_form(values: Any, kind: type[T]) -> T:
    """A form's values, which are texts, as a Struct of `kind`; raises ProblemError 422 that names the field."""
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _to_problem_error(error, kind) from None


def _parse_pairs(raw: bytes) -> list[tuple[str, str]]:
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS)
    except ValueError:
        raise ProblemError("malformed", "the query string is not well-formed") from None
    for name, value in pairs:
        if "\x00" in name or "\x00" in value:
            raise field_error("/" + name.replace("\x00", ""), "no U+0000 here", where="query")
    return pairs


def parse_as_of(text: str, name: str) -> date | datetime:
    """A day or an RFC 3339 instant with its offset, as an aware UTC datetime; raises ProblemError 422."""
    try:
        if "T" not in text.upper():
            value: date | datetime = msgspec.convert(text, date)
        else:
            value = msgspec.convert(text, datetime)
            if value.tzinfo is None:
                raise field_error("/" + name, "an instant needs its offset: 2026-03-04T12:00:00Z", where="query")
            value = value.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        raise field_error("/" + name, "a day (2026-03-04) or an RFC 3339 instant", where="query") from None
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise field_error("/" + name, f"a year from {_FIRST_YEAR} to {_LAST_YEAR}", where="query")
    return value


def parse_instant(text: str, name: str) -> datetime:
    """An RFC 3339 instant, in UTC; raises ProblemError 422 for a mere day."""
    value = parse_as_of(text, name)
    if not isinstance(value, datetime):
        raise field_error("/" + name, "an RFC 3339 instant: 2026-03-04T12:00:00Z", where="query")
    return value


_MAX_SEGMENT_LENGTH = 200
#: Segments that are remembered as they were decoded: clients send acts on the same goals over and over.
_CACHED_SEGMENTS = 4096


def decode_path(raw_path: bytes) -> str:
    """The path to route by: decoded but for `%2F` and `%25`, so that an encoded slash parts no segments.

    Raises ProblemError 400 for what is not UTF-8.
    """
    if b"%" not in raw_path and raw_path.isascii():
        return raw_path.decode("ascii")
    kept = raw_path.replace(b"%2f", b"%2F").replace(b"%25", b"%2525").replace(b"%2F", b"%252F")
    try:
        return unquote_to_bytes(kept).decode("utf-8")
    except UnicodeDecodeError:
        raise ProblemError("malformed", "the path is not UTF-8") from None


def encode_path(path: str) -> str:
    """What `decode_path` gave, as a URI has it (RFC 3986): for headers, which hold no other characters."""
    return quote(path, safe="/%:@")


@functools.lru_cache(_CACHED_SEGMENTS)
def decode_segment(segment: str) -> str:
    """A segment of a path as the sender meant it; raises ProblemError 422 for one that can name nothing."""
    text = unquote(segment)
    if not is_visible(text) or len(text) > _MAX_SEGMENT_LENGTH or "\x00" in text:
        raise field_error(
            "/id", f"an id or an external reference of 1 to {_MAX_SEGMENT_LENGTH} characters", where="path"
        )
    return text
