"""Forms that send a file (`multipart/form-data`, RFC 7578): their fields, and the file's name and bytes."""

from __future__ import annotations

from contextlib import closing
from typing import BinaryIO

import msgspec
from multipart import MultipartError, MultipartParser, parse_options_header

from services.api.console.csrf import FIELD, require_csrf_token
from services.api.console.forms import Form
from services.api.context import RequestContext
from services.api.http.problems import ProblemError

MULTIPART = "multipart/form-data"
#: Parts of a form, and bytes of one that is no file.
_MAX_PARTS, _MAX_FIELD_BYTES = 20, 10_000
#: Bytes around the file, and those of its fields.
FORM_OVERHEAD_BYTES = 100_000


class FileForm(msgspec.Struct, frozen=True):
    """What was sent: fields, and one file; empty where none was chosen."""

    form: Form
    file_name: str
    body: bytes


def read_file_form(context: RequestContext, *, field: str, max_bytes: int) -> FileForm:
    """The form of a request, which this session's page has made. Raises ProblemError."""
    media_type, options = parse_options_header(context.headers.get("content-type", ""))
    if media_type != MULTIPART or not options.get("boundary"):
        raise ProblemError("unsupported_media_type", f"send the form as {MULTIPART}", allowed=(MULTIPART,))
    if context.body_file is None:
        raise ProblemError("malformed", "the form has no body")
    try:
        return _read(context.body_file, options["boundary"], context.session_token, field, max_bytes)
    except (MultipartError, UnicodeError) as error:
        raise ProblemError("malformed", f"no form that can be read: {type(error).__name__}") from None


def _read(file: BinaryIO, boundary: str, secret: str, field: str, max_bytes: int) -> FileForm:
    parser = MultipartParser(
        file,
        boundary,
        part_limit=_MAX_PARTS,
        memory_limit=2 * (max_bytes + FORM_OVERHEAD_BYTES),
        partsize_limit=max_bytes + FORM_OVERHEAD_BYTES,
    )
    pairs: list[tuple[str, str]] = []
    name, body = "", b""
    for part in parser.parts():
        with closing(part):
            if part.name == field:
                name, body = part.filename or "", part.raw
            elif part.size <= _MAX_FIELD_BYTES:
                pairs.append((part.name, part.value))
    form = Form(pairs)
    require_csrf_token(secret, form.get(FIELD))
    if len(body) > max_bytes:
        raise ProblemError("body_too_large", f"at most {max_bytes} bytes")
    return FileForm(form, name.rpartition("/")[2].rpartition("\\")[2], body)
