"""What viewers see of streams, kept by the process, so that a page of the feed reads the events that it shows alone.

To which stream a position belongs never changes (`Outline`). Whether a viewer sees a stream follows from the viewer and
from how the stream stands (`KnownSight`): it is forgotten where an event of the stream is found (0111).
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from threading import Lock
from uuid import UUID
from weakref import WeakKeyDictionary

from msgspec.structs import replace

from ledger.ledger import Ledger
from services.authorization import Viewer

#: Kind and id.
Stream = tuple[str, UUID]

#: Positions that are read together.
_BLOCK_SIZE = 1000
#: Events behind which a sight is looked up anew instead of being followed.
_MAX_FOLLOWED = 1000
#: Streams of all organisations, each of some 250 bytes; and viewers, each of one byte for each stream.
MAX_STREAMS = 200_000
MAX_VIEWERS = 128
#: In place of a key's id: what is seen depends on its member and scopes.
_ANY_KEY = UUID(int=0)
UNKNOWN, HIDDEN, VISIBLE = range(3)


class Outline:
    """The stream of each position of one organisation's log, as far as it was read; streams are numbered."""

    def __init__(self, organisation_id: UUID) -> None:
        self._organisation_id = organisation_id
        #: By number.
        self.streams: list[Stream] = []
        self._numbers: dict[UUID, int] = {}
        #: The numbers at the positions from `_BLOCK_SIZE` times the key on, the first of which is 1.
        self._blocks: dict[int, array[int]] = {}
        self._lock = Lock()

    def read(self, ledger: Ledger, after: int, upto: int) -> array[int]:
        """The numbers of the streams at the positions behind one, up to another that the log has reached."""
        found = array("I")
        for block in range(after // _BLOCK_SIZE, -(-upto // _BLOCK_SIZE)):
            begin = block * _BLOCK_SIZE
            found += self._read_block(ledger, block, upto)[max(0, after - begin) : upto - begin]
        return found

    def number(self, streams: Iterable[Stream]) -> array[int]:
        """The streams' numbers, the next one for each that has none."""
        with self._lock:
            return array("I", [self._give_number(*stream) for stream in streams])

    def _read_block(self, ledger: Ledger, block: int, upto: int) -> array[int]:
        known = self._blocks.get(block, array("I"))
        begin, end = block * _BLOCK_SIZE, (block + 1) * _BLOCK_SIZE
        if begin + len(known) >= min(upto, end):
            return known
        # All that there is: the next page is of the same block.
        rows = ledger.list_streams_at(self._organisation_id, begin + len(known), end)
        with self._lock:
            grown = known + array("I", [self._give_number(*row) for row in rows])
            if len(grown) > len(self._blocks.get(block, ())):
                self._blocks[block] = grown
        return grown

    def _give_number(self, kind: str, stream_id: UUID) -> int:
        number = self._numbers.setdefault(stream_id, len(self.streams))
        if number == len(self.streams):
            self.streams.append((kind, stream_id))
        return number


class KnownSight:
    """Which streams one viewer may see, and may not, as they stand at a position: as far as it was looked up."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self._seen = bytearray()
        self._position = 0
        self._lock = Lock()

    @property
    def position(self) -> int:
        """Up to where streams that have grown were forgotten."""
        return self._position

    def follow(self, ledger: Ledger, head: int) -> None:
        """Forget the streams that have grown up to the organisation's position, which was read just now."""
        while (position := self._position) < head:
            is_near = head - position <= _MAX_FOLLOWED
            grown = self.outline.read(ledger, position, head) if is_near else array("I")
            with self._lock:
                # Another thread may have been here.
                if self._position == position:
                    self._forget(grown, everything=not is_near)
                    self._position = head

    def get(self, numbers: array[int]) -> bytes:
        """Of each of these streams whether it is visible, hidden or unknown."""
        with self._lock:
            self._lengthen()
            return bytes(map(self._seen.__getitem__, numbers))

    def recall(self, streams: Iterable[Stream]) -> dict[Stream, bool]:
        """Those of the streams of which it is known whether the viewer may see them."""
        asked = list(streams)
        seen = self.get(self.outline.number(asked))
        return {stream: each == VISIBLE for stream, each in zip(asked, seen, strict=True) if each != UNKNOWN}

    def keep(self, found: Mapping[Stream, bool], position: int) -> None:
        """Keep what was looked up once streams were forgotten up to `position`.

        Where it is another by now, one of the streams may have grown between both.
        """
        numbers = self.outline.number(found)
        with self._lock:
            if self._position == position:
                self._lengthen()
                for number, is_visible in zip(numbers, found.values(), strict=True):
                    self._seen[number] = VISIBLE if is_visible else HIDDEN

    def _forget(self, numbers: array[int], *, everything: bool) -> None:
        if everything:
            self._seen = bytearray()
        for number in numbers:
            if number < len(self._seen):
                self._seen[number] = UNKNOWN

    def _lengthen(self) -> None:
        self._seen.extend(bytes(len(self.outline.streams) - len(self._seen)))


class _KnownSights:
    """Of one ledger; those of which a page was read longest ago go first."""

    def __init__(self) -> None:
        self._outlines: OrderedDict[UUID, Outline] = OrderedDict()
        self._sights: OrderedDict[Viewer, KnownSight] = OrderedDict()
        self._lock = Lock()

    def find(self, viewer: Viewer) -> KnownSight:
        asked = replace(viewer, key_id=_ANY_KEY)
        with self._lock:
            outline = self._find_outline(viewer.organisation_id)
            known = self._sights.pop(asked, None)
            if known is None or known.outline is not outline:
                known = KnownSight(outline)
            self._sights[asked] = known
            if len(self._sights) > MAX_VIEWERS:
                self._sights.popitem(last=False)
        return known

    def _find_outline(self, organisation_id: UUID) -> Outline:
        outline = self._outlines.pop(organisation_id, None) or Outline(organisation_id)
        while len(outline.streams) + sum(len(each.streams) for each in self._outlines.values()) > MAX_STREAMS:
            if not self._outlines:
                outline = Outline(organisation_id)
                break
            self._outlines.popitem(last=False)
        self._outlines[organisation_id] = outline
        return outline


#: No value refers to its ledger, so that both go together.
_OF_LEDGERS: WeakKeyDictionary[Ledger, _KnownSights] = WeakKeyDictionary()


def find_known_sight(ledger: Ledger, viewer: Viewer, head: int) -> KnownSight:
    """What is known of the viewer's sight at the organisation's position, which was read just now."""
    known = _OF_LEDGERS.setdefault(ledger, _KnownSights()).find(viewer)
    known.follow(ledger, head)
    return known
