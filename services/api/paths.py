"""Path segments: an external reference may hold a slash, which stays encoded until its segment is cut out."""

from __future__ import annotations

from urllib.parse import unquote, unquote_to_bytes

from services.api.problems import ProblemError, field_error

_LONGEST_SEGMENT = 200


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


def decode_segment(segment: str) -> str:
    """A segment of a path as the sender meant it; raises ProblemError 422 for one that can name nothing."""
    text = unquote(segment)
    if not text.strip() or len(text) > _LONGEST_SEGMENT or "\x00" in text:
        raise field_error("/id", f"an id or an external reference of 1 to {_LONGEST_SEGMENT} characters", where="path")
    return text
