"""An import's lines: read within bounds, decoded strictly, and turned into acts. Nothing here touches the ledger."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, BinaryIO, get_args
from uuid import UUID

import msgspec

from domain.charter import acts as charters
from domain.charter.state import resolve_charter_id
from domain.envelope import Instant
from domain.errors import InvalidField
from domain.organisation.organisation import AddSource, KeepColumnMap, SetPolicy, SetWatermark
from domain.organisation.organisation import Create as CreateOrganisation
from domain.quantities import parse_json_number
from domain.references import Ref, as_uuid, require_external_reference, resolve_stream_id
from domain.registry import AGGREGATES
from domain.scope import ORGANISATION
from domain.terms import FIRST_YEAR
from domain.text import compose
from ledger.cancellation import check_cancelled
from services.allowed_values import list_allowed_values
from services.imports.file_kinds import describe_other_kind

#: A longer line is refused: no honest act needs a megabyte.
MAX_LINE_BYTES = 1_000_000
MAX_ID_LENGTH = 200
#: Version of the ids that are made from an external reference (RFC 9562).
_NAME_BASED = 5

_GZIP_MAGIC = b"\x1f\x8b"
_BUFFER_BYTES = 65_536
#: So much may be unpacked whatever it was packed into.
_FREE_BYTES = 1_000_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

#: The row by which a source declares up to when it has reported everything.
WATERMARK = "source.watermark"

#: Where events are sent is no part of a history that is imported; and a key's text is answered once, to who holds one
#: with `admin`: no row of a file makes one. Who answered a pulse, and what, is in no file.
_NOT_IMPORTED = frozenset({"key", "pulse", "subscription"})

#: What a row may `do` -> the stream's kind and the act's Struct.
ACT_TYPES: dict[str, tuple[str, type[msgspec.Struct]]] = {
    f"{kind}.{act.__struct_config__.tag}": (kind, act)
    for kind, aggregate in AGGREGATES.items()
    if kind not in _NOT_IMPORTED
    for act in get_args(aggregate.acts)
    if act not in (CreateOrganisation, AddSource, KeepColumnMap, SetWatermark)
} | {"organisation.policy": ("organisation", SetPolicy), WATERMARK: ("organisation", SetWatermark)}

#: The stream of a charter's act is that of its owner.
_CHARTER_ACTS: dict[str, type[msgspec.Struct]] = {
    "purpose.propose": charters.ProposePurpose,
    "purpose.adopt": charters.AdoptPurpose,
    "non_negotiable.adopt": charters.AdoptNonNegotiable,
    "non_negotiable.revise": charters.ReviseNonNegotiable,
    "non_negotiable.retire": charters.RetireNonNegotiable,
    "member.acknowledge": charters.Acknowledge,
    "breach.raise": charters.RaiseBreach,
    "repair.agree": charters.AgreeRepair,
    "freedom.grant": charters.GrantFreedom,
    "freedom.withdraw": charters.WithdrawFreedom,
    "ritual.set": charters.SetRitual,
    "ritual.change": charters.ChangeRitual,
    "ritual.end": charters.EndRitual,
    "sight.set": charters.SetSight,
}
ACT_TYPES |= {name: ("charter", act) for name, act in _CHARTER_ACTS.items()}

#: Acts that bring a stream into being: there the row's own reference becomes the stream's external one.
_CREATING_VERBS = frozenset(
    {
        "team.create",
        "member.join",
        "goal.draft",
        "goal.request",
        "goal.offer",
        "cycle.open",
        "decision.open",
        "experiment.propose",
        "recognition.give",
    }
)

#: Where a row names a member, team or goal, at whatever depth.
_KIND_OF_FIELD = {
    "by": "member",
    "member": "member",
    "owner": "member",
    "sponsor": "member",
    "lead": "member",
    "addressee": "member",
    "acts_next": "member",
    "mediator": "member",
    "team": "team",
    "leave": "team",
    "join": "team",
    "goal": "goal",
    "for": "goal",
    "follow_up_of": "goal",
    "goals": "goal",
    "cycle": "cycle",
    "follows": "cycle",
    "deciders": "member",
    "decision": "decision",
    "experiment": "experiment",
}

_DECODER = msgspec.json.Decoder(float_hook=parse_json_number)
_PATH = re.compile(r" - at `\$(.*)`$")
_UNKNOWN = re.compile(r"^Object contains unknown field `(.*)`")
_MISSING = re.compile(r"^Object missing required field `(.*)`")


class UnreadableImport(InvalidField):
    """The file cannot be read: it is neither plain NDJSON nor whole gzipped NDJSON."""


class BadRow(Exception):
    """One line cannot be an act."""

    def __init__(self, code: str, detail: str, field: str | None = None, allowed: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        #: JSON pointer into the row.
        self.field = field
        self.allowed = allowed


class ImportRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line as an act, not yet decided."""

    line: int
    at: datetime
    #: None: the importing member speaks, of a source.
    by: str | None
    kind: str
    #: The stream's reference; None: the organisation itself.
    ref: str | None
    act: Any
    creates: bool
    own_id: str | None
    #: The tracker or file that the row says it came from.
    source: str | None
    #: The row as it was read.
    raw: dict[str, Any]

    @property
    def digest(self) -> bytes:
        """SHA-256 of its canonical form."""
        return hashlib.sha256(msgspec.json.encode(self.raw, order="sorted")).digest()

    @property
    def names(self) -> tuple[tuple[str, str, str], ...]:
        """Every (kind, composed reference, JSON pointer) that the row names."""
        return tuple(_find_names(self.raw, ""))

    @property
    def created(self) -> tuple[str, str] | None:
        """The kind and composed reference of the stream that it begins; None where it begins none."""
        return (self.kind, compose(self.ref)) if self.creates and self.ref is not None else None

    def resolve_stream(self, organisation_id: UUID) -> UUID:
        """The stream that it acts on."""
        if self.ref is None:
            return organisation_id
        if self.kind == "charter":
            return resolve_charter_id(organisation_id, self.ref)
        return resolve_stream_id(organisation_id, self.kind, self.ref)

    def compute_identity(self, ordinal: int) -> str:
        """What makes it the same row again: its `id`, else its content and its ordinal among equal rows of the file."""
        return f"id:{self.own_id}" if self.own_id is not None else f"sha256:{self.digest.hex()}:{ordinal}"


class _Head(msgspec.Struct, frozen=True):
    """What every row has besides its act's body."""

    at: Instant
    do: str
    #: Only a watermark may do without: it is the source's own statement, not a member's.
    by: Ref | None = None
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID_LENGTH)] | None = None
    source: Ref | None = None


class ImportLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one import may have; blank lines count as bytes only."""

    unpacked_bytes: int
    lines: int
    #: How many times its packed size a gzipped import may have once unpacked. Histories have ten to thirty.
    ratio: int = 100


def iter_lines(file: BinaryIO, limits: ImportLimits | None = None) -> Iterator[bytes]:
    """The lines of plain or gzipped NDJSON; of an over-long one its beginning only, of blank ones many at once.

    Raises UnreadableImport for a file of another kind, a broken gzip and for more than `limits` allow.
    """
    packed = _ByteCounter(file)
    source = io.BufferedReader(packed, _BUFFER_BYTES)
    is_gzip = source.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC)
    reader: Any = io.BufferedReader(gzip.GzipFile(fileobj=source), _BUFFER_BYTES) if is_gzip else source
    try:
        yield from _LineReader(reader, packed, limits)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableImport(f"broken gzip: {error}") from None


class _ByteCounter(io.RawIOBase):
    """A stream that counts the bytes read of it; work that was cancelled reads no further."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        check_cancelled()
        found = self._file.read(len(buffer))
        buffer[: len(found)] = found
        self.bytes += len(found)
        return len(found)


class _LineReader:
    """Lines within their limits."""

    def __init__(self, reader: Any, packed: _ByteCounter, limits: ImportLimits | None) -> None:
        self._reader = reader
        self._packed = packed
        self._limits = limits
        self._bytes = self._lines = 0

    def __iter__(self) -> Iterator[bytes]:
        while line := self._read(MAX_LINE_BYTES + 1):
            if line.isspace() and line.endswith(b"\n"):
                yield line + self._read_blank_lines()
                continue
            self._lines += 1
            self._require_within_limits()
            if self._lines == 1 and (other := describe_other_kind(line)) is not None:
                raise UnreadableImport(f"this file holds no acts: {other}")
            yield line
            while len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
                line = self._read(MAX_LINE_BYTES + 1)
                if not line:
                    return

    def _read(self, size: int) -> bytes:
        line: bytes = self._reader.readline(size)
        self._bytes += len(line)
        self._require_within_limits()
        return line

    def _read_blank_lines(self) -> bytes:
        """The blank lines that are in the buffer already, at the cost of one."""
        ahead = self._reader.peek()
        blank = ahead[: len(ahead) - len(ahead.lstrip())]
        found: bytes = self._reader.read(blank.rfind(b"\n") + 1)
        self._bytes += len(found)
        return found

    def _require_within_limits(self) -> None:
        limits = self._limits
        if limits is None:
            return
        if self._bytes > limits.unpacked_bytes:
            raise UnreadableImport(f"more than {limits.unpacked_bytes} bytes once unpacked; send it in parts")
        if self._bytes > _FREE_BYTES and self._bytes > limits.ratio * self._packed.bytes:
            raise UnreadableImport(f"more than {limits.ratio} times its size once unpacked: no history is like that")
        if self._lines > limits.lines:
            raise UnreadableImport(f"more than {limits.lines} lines; send it in parts")


def parse_row(line: int, text: bytes) -> ImportRow | None:
    """The act on this line; None for a blank one. Raises BadRow."""
    if len(text) > MAX_LINE_BYTES:
        raise BadRow("malformed_line", f"longer than {MAX_LINE_BYTES} bytes")
    if line == 1:
        text = text.removeprefix(_BYTE_ORDER_MARK)
    text = text.strip()
    if not text:
        return None
    try:
        return _build_row(line, _parse_object(text))
    except RecursionError:
        raise BadRow("malformed_line", "nested too deeply") from None


def _parse_object(text: bytes) -> dict[str, Any]:
    try:
        raw = _DECODER.decode(text)
    except UnicodeDecodeError:
        raise BadRow("malformed_line", f"not UTF-8{_explain_format(text)}") from None
    except msgspec.DecodeError as error:
        raise BadRow("malformed_line", f"not JSON: {error}{_explain_format(text)}") from None
    if not isinstance(raw, dict):
        raise BadRow("malformed_line", f"not a JSON object{_explain_format(text)}")
    # Looked at in full only where the escape occurs; PostgreSQL's text cannot hold what it spells.
    if b"\\u0000" in text and _has_nul(raw):
        raise BadRow("malformed_line", "a text holds the character NUL")
    return raw


#: How the first bytes of other formats begin, and what they are.
_OTHER_FORMATS = (
    (b"PK\x03\x04", "a ZIP archive, as spreadsheets are saved (.xlsx)"),
    (b"\xff\xfe", "UTF-16 text: acts are UTF-8"),
    (b"\xfe\xff", "UTF-16 text: acts are UTF-8"),
    (b"[", "a JSON array (or its beginning): write its items one a line (jq -c '.[]')"),
)
_DELIMITERS = (b",", b";", b"\t")


def _explain_format(text: bytes) -> str:
    """What the line is instead of an act, where that shows, and what to do about it; empty where it does not."""
    what = next((words for beginning, words in _OTHER_FORMATS if text.startswith(beginning)), None)
    if what is None and not text.startswith(b"{") and any(mark in text for mark in _DELIMITERS):
        what = "CSV or the like, it seems"
    if what is None:
        return ""
    return f". This is {what}; a spreadsheet of goals is imported as docs/from-a-spreadsheet.md says"


def _build_row(line: int, raw: dict[str, Any]) -> ImportRow:
    head = _convert(raw, _Head)
    if head.do not in ACT_TYPES:
        raise BadRow("invalid_field", f"nothing is called {head.do!r}", "/do", tuple(sorted(ACT_TYPES)))
    if head.by is None and head.do != WATERMARK:
        raise BadRow("invalid_field", "missing field `by`", "/by")
    source = None if head.source is None else _require_external(head.source, "source")
    kind, struct = ACT_TYPES[head.do]
    taken = {"at", "by", "do", "id"} | ({"source"} if head.do != WATERMARK else set())
    taken |= set() if kind == "organisation" else {kind}
    if kind == "charter" and "charter" not in raw and "team" in raw:
        # A charter is named by its owner; for a team's, "team" means the same.
        raw = {**raw, "charter": raw["team"]}
        taken.add("team")
    body = {name: value for name, value in raw.items() if name not in taken}
    body["do"] = struct.__struct_config__.tag
    ref = None if kind == "organisation" else _parse_own_reference(raw, kind)
    if kind == "charter":
        body["of"] = ref
    creates = head.do in _CREATING_VERBS
    if "ref" in body and creates:
        raise BadRow("invalid_field", f"`{kind}` says the reference already", "/ref")
    if creates and ref is not None:
        body |= _build_reference_fields(ref, kind)
    return ImportRow(
        line=line,
        at=_to_utc(head.at),
        by=head.by,
        kind=kind,
        ref=ref,
        act=_convert(body, struct),
        creates=creates,
        own_id=None if head.id is None else compose(head.id),
        source=source,
        raw=raw,
    )


def _to_utc(at: datetime) -> datetime:
    """In UTC. Raises BadRow where no calendar reaches: at both ends an instant overflows on its way to another zone."""
    try:
        found = at.astimezone(UTC)
    except OverflowError:
        found = datetime.min.replace(tzinfo=UTC)
    if found.year < FIRST_YEAR:
        raise BadRow("invalid_field", f"an instant from {FIRST_YEAR} on", "/at")
    return found


def _has_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_nul(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(_has_nul(part) for part in value)
    return isinstance(value, str) and "\x00" in value


def _parse_own_reference(raw: dict[str, Any], kind: str) -> str:
    if kind not in raw:
        raise BadRow("invalid_field", f"`{kind}` is required", f"/{kind}")
    try:
        return msgspec.convert(raw[kind], Ref)
    except msgspec.ValidationError as error:
        raise BadRow("invalid_field", str(error), f"/{kind}") from None


def _build_reference_fields(ref: str, kind: str) -> dict[str, str]:
    """The external reference of the stream that a creating row begins; none for one that is begun under an id.

    An id made from a name belongs to that name, perhaps in another organisation: only the reference itself takes it.
    """
    identity = as_uuid(ref)
    if identity is not None and identity.version == _NAME_BASED:
        raise BadRow("invalid_field", "this id belongs to an external reference: name that instead", f"/{kind}")
    return {} if identity is not None else {"ref": _require_external(ref, kind)}


def _require_external(ref: str, field: str) -> str:
    try:
        return require_external_reference(ref)
    except InvalidField as refusal:
        raise BadRow(refusal.code, refusal.detail, f"/{field}") from None


def _convert(value: dict[str, Any], struct: type[msgspec.Struct]) -> Any:
    try:
        return msgspec.convert(value, struct)
    except msgspec.ValidationError as error:
        detail, field = explain_error(str(error))
        raise BadRow("invalid_field", detail, field, list_allowed_values(struct, field)) from None


def explain_error(message: str) -> tuple[str, str | None]:
    """The message of msgspec, and the JSON pointer of the field that it is about."""
    path = _PATH.search(message)
    detail = message[: path.start()] if path else message
    pointer = re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", path.group(1)).replace(".", "/") if path else ""
    for pattern, words in ((_UNKNOWN, "unknown field"), (_MISSING, "missing field")):
        if named := pattern.match(detail):
            return f"{words} `{named.group(1)}`", f"{pointer}/{named.group(1)}"
    return detail, pointer or None


def _find_names(value: Any, pointer: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str):
                if name == "charter":
                    if inner != ORGANISATION:
                        yield "team", compose(inner), f"{pointer}/{name}"
                elif name in _KIND_OF_FIELD:
                    yield _KIND_OF_FIELD[name], compose(inner), f"{pointer}/{name}"
            else:
                yield from _find_names(inner, f"{pointer}/{name}")
    elif isinstance(value, list):
        kind = _KIND_OF_FIELD.get(pointer.rpartition("/")[2])
        for index, inner in enumerate(value):
            if isinstance(inner, str) and kind is not None:
                yield kind, compose(inner), f"{pointer}/{index}"
            yield from _find_names(inner, f"{pointer}/{index}")
