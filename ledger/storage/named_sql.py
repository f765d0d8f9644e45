"""SQL in files: each statement has a name, so that what is asked of a database can be read in one place."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files


@cache
def load_statements(package: str, *path: str) -> dict[str, str]:
    """The statements of a file in `package`, by name, comments removed; each begins with a line `-- name: NAME`."""
    text = files(package).joinpath(*path).read_text(encoding="utf-8")
    parts = re.split(r"^-- name: *(\w+) *$", text, flags=re.MULTILINE)[1:]
    bare = (re.sub(r"^--.*\n", "", statement, flags=re.MULTILINE).strip() for statement in parts[1::2])
    return dict(zip(parts[::2], bare, strict=True))
