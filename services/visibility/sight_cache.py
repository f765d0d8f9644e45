"""Which streams viewers see, kept by the process, so that a page of the feed reads the events that it shows alone.

To which stream a position belongs never changes (`StreamIndex`). Whether a viewer sees a stream follows from what
`Viewer` says and from the stream's own events: it is forgotten where another event of the stream is found (0111).
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock
from uuid import UUID

from msgspec.structs import replace

from ledger.ledger import Ledger
from services.authorization import Viewer

#: Kind and id.
Stream = tuple[str, UUID]

#: What all organisations' entries may take in a process; the organisation of which a page was read longest ago goes.
MAX_BYTES = 64_000_000
#: What they take, measured: the entry of a stream, and of a member besides one byte for each stream.
_STREAM_BYTES, _VIEWER_BYTES = 280, 2_000
#: Positions that are read together, of four bytes.
_BLOCK_SIZE = 1000
#: Behind more events than this all is looked up anew: no page looks at more positions.
_MAX_FOLLOWED = 1000
#: In place of a key's id, of which sight does not depend.
_ANY_KEY = UUID(int=0)
HIDDEN, VISIBLE, UNKNOWN = range(3)


class StreamIndex:
    """The stream of each position of one organisation's log, as far as it was read; streams are numbered."""

    def __init__(self, organisation_id: UUID) -> None:
        self._organisation_id = organisation_id
        #: By number.
        self.streams: list[Stream] = []
        #: By id, as an integer: its hash costs a tenth of a UUID's.
        self._numbers: dict[int, int] = {}
        #: The numbers at the positions from `_BLOCK_SIZE` times the key on, the first of which is 1.
        self._blocks: dict[int, array[int]] = {}
        self._lock = Lock()

    @property
    def bytes(self) -> int:
        """What it takes, about."""
        return _STREAM_BYTES * len(self.streams) + 4 * _BLOCK_SIZE * len(self._blocks)

    def read(self, ledger: Ledger, after: int, upto: int) -> array[int]:
        """The numbers of the streams at the positions behind one, up to another that the log has reached."""
        found = array("I")
        for block in range(after // _BLOCK_SIZE, -(-upto // _BLOCK_SIZE)):
            begin = block * _BLOCK_SIZE
            found += self._read_block(ledger, block, upto)[max(0, after - begin) : upto - begin]
        return found

    def number(self, streams: Iterable[Stream]) -> array[int]:
        """The numbers of streams that there are; one that had none gets the next."""
        with self._lock:
            return array("I", [self._give_number(*stream) for stream in streams])

    def find(self, stream: Stream) -> int | None:
        """The stream's number; None where it has none, or the stream is of another kind."""
        number = self._numbers.get(stream[1].int)
        return number if number is not None and self.streams[number][0] == stream[0] else None

    def _read_block(self, ledger: Ledger, block: int, upto: int) -> array[int]:
        known = self._blocks.get(block, array("I"))
        begin, end = block * _BLOCK_SIZE, (block + 1) * _BLOCK_SIZE
        if begin + len(known) >= min(upto, end):
            return known
        # All that there is: the next page is of the same block.
        rows = ledger.list_streams_at(self._organisation_id, begin + len(known), end)
        with self._lock:
            grown = known + array("I", [self._give_number(*row) for row in rows])
            # Another thread may have read more meanwhile.
            if len(grown) > len(self._blocks.get(block, ())):
                self._blocks[block] = grown
        return grown

    def _give_number(self, kind: str, stream_id: UUID) -> int:
        number = self._numbers.get(stream_id.int)
        if number is None:
            number = len(self.streams)
            self.streams.append((kind, stream_id))
            self._numbers[stream_id.int] = number
        return number


class CachedSight:
    """Which streams one viewer sees and which not, as they stand at a position: as far as they were looked up.

    It may be used from many threads: what each gets is as of the position that it has followed to, or later.
    """

    def __init__(self, index: StreamIndex, viewer: Viewer) -> None:
        self.index = index
        self.viewer = viewer
        #: By the stream's number.
        self._seen = bytearray()
        self._position = 0
        self._lock = Lock()

    @property
    def position(self) -> int:
        """Streams that had grown up to here were forgotten."""
        return self._position

    def follow(self, ledger: Ledger, head: int) -> None:
        """Forget the streams that have grown up to the organisation's position, which was read just now."""
        while (position := self._position) < head:
            is_near = bool(self._seen) and head - position <= _MAX_FOLLOWED
            grown = self.index.read(ledger, position, head) if is_near else array("I")
            with self._lock:
                # Another thread may have been here.
                if self._position == position:
                    self._position = head
                    if is_near:
                        self._forget(grown)
                    else:
                        self._seen.clear()

    def get(self, numbers: array[int]) -> bytes:
        """Of each of these streams whether it is visible, hidden or unknown."""
        with self._lock:
            self._lengthen()
            return bytes([self._seen[number] for number in numbers])

    def recall(self, streams: Iterable[Stream]) -> dict[Stream, bool]:
        """Those of these streams that are known, with whether they are visible."""
        numbers = {stream: number for stream in streams if (number := self.index.find(stream)) is not None}
        seen = zip(numbers, self.get(array("I", numbers.values())), strict=True)
        return {stream: each == VISIBLE for stream, each in seen if each != UNKNOWN}

    def keep(self, numbers: array[int], seen: Iterable[int], position: int) -> None:
        """Keep which streams are visible (1) and hidden (0), all looked up after `position` was this.

        Where it is another by now, one of these may have grown between both: then nothing is kept.
        """
        with self._lock:
            if self._position == position:
                self._lengthen()
                for number, each in zip(numbers, seen, strict=True):
                    self._seen[number] = each

    def _forget(self, numbers: array[int]) -> None:
        for number in numbers:
            if number < len(self._seen):
                self._seen[number] = UNKNOWN

    def _lengthen(self) -> None:
        self._seen.extend(bytes([UNKNOWN]) * (len(self.index.streams) - len(self._seen)))


class _Organisation:
    """What is kept of one organisation."""

    def __init__(self, organisation_id: UUID) -> None:
        self.index = StreamIndex(organisation_id)
        #: By member and scopes: one who changes teams, leads or roles begins anew, in the same place.
        self._sights: dict[tuple[UUID, frozenset[str]], CachedSight] = {}
        #: What it took when it was last looked at.
        self.counted = 0

    @property
    def bytes(self) -> int:
        return self.index.bytes + len(self._sights) * (_VIEWER_BYTES + len(self.index.streams))

    def find_sight(self, viewer: Viewer) -> CachedSight:
        place = (viewer.member_id, viewer.scopes)
        known = self._sights.get(place)
        if known is None or known.viewer != viewer:
            known = self._sights[place] = CachedSight(self.index, viewer)
        return known


class SightCache:
    """What is kept of one ledger's organisations, for all threads of a process."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._organisations: OrderedDict[UUID, _Organisation] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def find(self, viewer: Viewer, head: int) -> CachedSight:
        """What is known of the viewer's sight at the organisation's position, which was read just now."""
        of = viewer.organisation_id
        with self._lock:
            known = self._organisations.pop(of, None) or _Organisation(of)
            self._organisations[of] = known
            sight = known.find_sight(replace(viewer, key_id=_ANY_KEY))
            self._make_room(known)
        sight.follow(self._ledger, head)
        return sight

    def _make_room(self, changed: _Organisation) -> None:
        """Forget organisations until the rest is within its bound; one that is beyond it alone goes as well."""
        self._bytes += changed.bytes - changed.counted
        changed.counted = changed.bytes
        while self._bytes > MAX_BYTES:
            _, oldest = self._organisations.popitem(last=False)
            self._bytes -= oldest.counted
