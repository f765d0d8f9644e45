"""The table `events`: the log as rows, and rows as the log's events again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from domain.envelope import RecordedEvent, Source
from domain.instants import encode_json, to_micros
from domain.reasons import Reason
from domain.registry import EventData
from projections.as_of import AsOf
from projections.marts.columns import Mart, MartColumn, member_column
from services.person_figures import withhold_figures

if TYPE_CHECKING:
    from ledger.ledger import Ledger

#: Events that are read at a time.
_PAGE = 5_000

EVENTS = Mart(
    name="events",
    comment="One row per event: the whole log of the organisation, with what people wrote.",
    use="Everything else follows from it. It holds names, reasons and notes as they were given: grant it to those who"
    " may read all of that, or sync with `--no-events`.",
    key=("event_id",),
    subject=None,
    is_final=True,
    columns=(
        MartColumn("position", "integer", "The organisation's gapless, commit-ordered sequence, from 1."),
        MartColumn("event_id", "uuid", "The event."),
        MartColumn("organisation_id", "uuid", "The organisation."),
        MartColumn("kind", "text", "Kind of its stream: goal, member, team, charter, cycle, decision, ..."),
        MartColumn("stream_id", "uuid", "Its stream: the goal, the member, the team, ..."),
        MartColumn("stream_version", "integer", "Its version of the stream, from 1."),
        MartColumn("type", "text", "The event's tag with its version."),
        MartColumn("occurred_at", "timestamp", "Business time; of a timer the instant at which it fell due."),
        MartColumn("recorded_at", "timestamp", "When it was recorded."),
        member_column("actor", "The member who recorded it; empty for a timer."),
        member_column("on_behalf_of", "The member whose act it was, where that is not the actor."),
        MartColumn("source", "text", "api, import, timer or worker."),
        MartColumn("external_source", "text", "The tracker or file that it came from.", nullable=True),
        MartColumn("correlation_id", "uuid", "The command that began it all."),
        MartColumn("causation_id", "uuid", "What led to it.", nullable=True),
        MartColumn("reason_code", "text", "Why, as a code.", nullable=True),
        MartColumn("reason_text", "text", "Why, in words.", nullable=True, personal="words"),
        MartColumn("key_id", "uuid", "The API key with which it was made.", nullable=True),
        MartColumn("data", "json", "The event itself, as its schema says.", personal="identity"),
        MartColumn("month", "text", "The month of its business time in UTC, `2026-03`: the table's partitions."),
    ),
)


def list_event_rows(ledger: Ledger, view: AsOf, after: int) -> Iterator[tuple[Any, ...]]:
    """The organisation's events behind a position and up to where the view stands, as rows."""
    while events := ledger.read_feed(view.organisation_id, after, _PAGE, upto=view.position):
        for event in withhold_figures(ledger, events):
            reason, kind, stream = event.reason, *event.stream.split("/", 1)
            ids = (event.actor, event.on_behalf_of, event.correlation_id, event.causation_id, event.key_id)
            actor, behalf, correlation, causation, key = (None if each is None else str(each) for each in ids)
            yield (
                *(event.position, str(event.event_id), str(event.organisation_id), kind, stream, event.version),
                *(event.type, to_micros(event.occurred_at), to_micros(event.recorded_at), actor, behalf),
                *(event.source.value, event.external_source, correlation, causation),
                *((None, None) if reason is None else (str(reason.code), reason.text)),
                *(key, encode_json(event.data).decode(), f"{event.occurred_at:%Y-%m}"),
            )
        after = events[-1].position


_DATA: msgspec.json.Decoder[Any] = msgspec.json.Decoder(EventData)


def decode_events(rows: Iterable[Mapping[str, Any]]) -> Iterator[RecordedEvent]:
    """Rows, instants as aware datetimes, as events again: what projections fold, without a database.

    The log position, which does not leave the process, is that of the organisation.
    """
    for row in rows:
        code = row["reason_code"]
        yield RecordedEvent(
            event_id=UUID(row["event_id"]),
            organisation_id=UUID(row["organisation_id"]),
            stream=f"{row['kind']}/{row['stream_id']}",
            version=row["stream_version"],
            type=row["type"],
            occurred_at=row["occurred_at"],
            recorded_at=row["recorded_at"],
            actor=_to_id(row["actor"]),
            on_behalf_of=_to_id(row["on_behalf_of"]),
            source=Source(row["source"]),
            causation_id=_to_id(row["causation_id"]),
            correlation_id=UUID(row["correlation_id"]),
            reason=None if code is None else msgspec.convert({"code": code, "text": row["reason_text"]}, Reason),
            external_source=row["external_source"],
            key_id=_to_id(row["key_id"]),
            position=row["position"],
            log_position=row["position"],
            data=_DATA.decode(row["data"]),
        )


def _to_id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)
