"""Bounds of a workbook's XML: looked at piece by piece before it is read, since openpyxl reads a part, or a row, whole.

40 kB of archive were one row of ten million cells: 33 s and 3 GB. What is not well formed ends the look at its part:
openpyxl gets no further either.
"""

from __future__ import annotations

import zipfile
from typing import IO
from xml.parsers import expat

from ledger.cancellation import check_cancelled
from services.imports.sheets.tables import UnreadableSheet

#: Of a part that is read whole, such as styles; of one row, or all that is outside of rows. A grid has 16,384 columns.
_MAX_ELEMENTS, _MAX_ROW_ELEMENTS = 30_000, 100_000
#: Characters of a row, or of a text that cells share; bytes of a tag.
_MAX_CHARACTERS, _MAX_TAG_BYTES = 5_000_000, 1_000_000
#: Texts that cells share: twenty-five for each of the most rows.
_MAX_SHARED_TEXTS = 500_000
_MAX_DEPTH = 64
_CHUNK_BYTES = 65_536
#: Others may ask for a window of gigabytes.
_COMPRESSIONS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})

_CONTENT_TYPES = "[Content_Types].xml"
_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#: What is read element by element: its root, and that element.
_ROW_OF_ROOT = {f"{_NAMESPACE} worksheet": f"{_NAMESPACE} row", f"{_NAMESPACE} sst": f"{_NAMESPACE} si"}


def require_bounded_parts(archive: zipfile.ZipFile) -> None:
    """Raise UnreadableSheet where a part takes more memory, or a longer step, than an honest one."""
    whole = {"xl/workbook.xml", "xl/styles.xml"}
    # It comes first: it says which part is the workbook, which is read whole whatever its root is.
    for part in sorted(archive.infolist(), key=lambda part: part.filename != _CONTENT_TYPES):
        name = part.filename
        is_whole = name in whole or name.endswith(".rels") or name.startswith("docProps/")
        look = _PartLook(name, is_whole=is_whole)
        if part.compress_type not in _COMPRESSIONS:
            look.refuse("it is compressed in another way")
        with archive.open(part) as stream:
            look.run(stream)
        whole |= look.workbooks


class _PartLook:
    """A look at one part."""

    def __init__(self, name: str, *, is_whole: bool) -> None:
        self._name = name
        self._is_whole = is_whole
        self._depth = self._elements = self._characters = self._rows = 0
        self._row = ""
        self._is_in_row = False
        self._max_elements = _MAX_ELEMENTS
        #: Counts of what is outside of rows, while one is looked at.
        self._outside = (0, 0)
        #: Names of parts that are workbooks, as the content types have them.
        self.workbooks: set[str] = set()
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._read
        self._parser.StartDoctypeDeclHandler = lambda *_: self.refuse("it declares a document type")

    def run(self, stream: IO[bytes]) -> None:
        fed = 0
        while chunk := stream.read(_CHUNK_BYTES):
            check_cancelled()
            try:
                self._parser.Parse(chunk)
            except expat.ExpatError:
                return
            fed += len(chunk)
            if fed - self._parser.CurrentByteIndex > _MAX_TAG_BYTES:
                self.refuse("a tag is too long")

    def refuse(self, complaint: str) -> None:
        """Raise UnreadableSheet, naming the part."""
        raise UnreadableSheet(f"the workbook's part {self._name[:200]!r} is like none that is saved: {complaint}")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._depth == 0 and not self._is_whole and tag in _ROW_OF_ROOT:
            self._row, self._max_elements = _ROW_OF_ROOT[tag], _MAX_ROW_ELEMENTS
        if "main+xml" in attributes.get("ContentType", ""):
            self.workbooks.add(attributes.get("PartName", "").removeprefix("/"))
        self._depth += 1
        self._elements += 1
        if tag == self._row and not self._is_in_row:
            self._is_in_row = True
            self._rows += 1
            self._outside = self._elements, self._characters
            self._elements = self._characters = 0
            if self._rows > _MAX_SHARED_TEXTS and tag.endswith(" si"):
                self.refuse("too many texts")
        if self._depth > _MAX_DEPTH:
            self.refuse("nested too deeply")
        if self._elements > self._max_elements:
            self.refuse("too many elements")

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if tag == self._row and self._is_in_row:
            self._is_in_row = False
            self._elements, self._characters = self._outside[0] - 1, self._outside[1]

    def _read(self, text: str) -> None:
        self._characters += len(text)
        if self._characters > _MAX_CHARACTERS:
            self.refuse("too much text in one place")
