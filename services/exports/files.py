"""Files that are there whole or not at all, with their SHA-256."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

_NEW_FILE_MODE = 0o666


class DigestingFile:
    """A file to be written from beginning to end, with its size and digest so far."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        #: Bytes written.
        self.size = 0
        self.closed = False

    def write(self, part: Any) -> int:
        """Take the next bytes."""
        view = memoryview(part)
        self._digest.update(view)
        self.size += view.nbytes
        self._file.write(view)
        return view.nbytes

    def flush(self) -> None:
        """Give what was written to the system."""
        self._file.flush()

    def close(self) -> None:
        """Does nothing: the code that opened the file closes it."""

    def tell(self) -> int:
        """Bytes written."""
        return self.size

    def writable(self) -> bool:
        """Always true."""
        return True

    def readable(self) -> bool:
        """Always false."""
        return False

    def seekable(self) -> bool:
        """Always false."""
        return False

    @property
    def sha256(self) -> str:
        """Of all that was written, 64 hex digits."""
        return self._digest.hexdigest()


@contextmanager
def open_output(output: Path | None) -> Iterator[BinaryIO]:
    """A file that takes its name when it is complete and on disk; whatever had the name before stays until then.

    None: stdout.
    """
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    descriptor, name = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # A temporary file is its maker's alone; an exported one is as readable as any other new file.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(_NEW_FILE_MODE & ~mask)
        Path(name).replace(output)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
