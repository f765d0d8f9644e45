"""Recognition of files that hold no acts, by their beginning: one refusal for the file instead of one for each line."""

from __future__ import annotations

import re

#: How files of other kinds begin -> what they are. Text in UTF-16 and UTF-32 begins with its byte order mark.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a workbook (XLSX) or another ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (XLS)"),
    (b"PAR1", "Parquet"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"%PDF", "a PDF"),
    (b"BZh", "compressed with bzip2"),
    (b"\xfd7zXZ\x00", "compressed with xz"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"\xff\xfe", "UTF-16 or UTF-32 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"<", "HTML or XML"),
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_DELIMITERS = {b",": "CSV", b";": "CSV with semicolons", b"\t": "tab-separated text", b"|": "a table with bars"}
#: Columns of a heading that are named, and characters of one.
_MAX_NAMED, _MAX_COLUMN_LENGTH = 5, 60
_COLUMN = re.compile(r"[^{}\[\]]+")


def describe_other_kind(line: bytes) -> str | None:
    """What a file is whose first line is this, and what to do with it; None where it may be NDJSON."""
    line = line.removeprefix(_BYTE_ORDER_MARK).lstrip()
    for magic, words in _MAGIC:
        if line.startswith(magic):
            return f"it is {words}; {_ADVICE}"
    if line.startswith(b"["):
        return "it is a JSON list; write its acts one a line: jq -c '.[]' FILE"
    if line.startswith(b"{"):
        # An object that begins on this line and ends on another; one that is broken is a matter of its row.
        is_begun = line.rstrip(b"\r\n \t") == b"{" and line.endswith(b"\n")
        return "it is JSON over several lines; write each act on one: jq -c . FILE" if is_begun else None
    if (table := _describe_table(line)) is not None:
        return f"it is {table}; {_ADVICE}"
    return None


_ADVICE = (
    "an import takes acts as NDJSON, one JSON object a line, plain or gzipped: "
    "docs/import.md#from-a-spreadsheet turns a table into acts, docs/from-a-spreadsheet.md imports one of goals"
)


def _describe_table(line: bytes) -> str | None:
    """The kind of a table and its first columns, where this is a heading."""
    delimiter = max(_DELIMITERS, key=line.count)
    if not line.count(delimiter):
        return None
    try:
        cells = [cell.strip().strip('"') for cell in line.decode().strip().split(delimiter.decode())]
    except UnicodeDecodeError:
        # Of another encoding, such as a spreadsheet's Latin-1: its columns are not named.
        return _DELIMITERS[delimiter]
    if not all(len(cell) <= _MAX_COLUMN_LENGTH and _COLUMN.fullmatch(cell) for cell in cells if cell):
        return None
    named = ", ".join(cells[:_MAX_NAMED]) + (", ..." if len(cells) > _MAX_NAMED else "")
    return f"{_DELIMITERS[delimiter]} (columns {named})"
