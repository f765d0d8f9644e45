"""CloudEvents of what is stored: sent on without being decoded whole, in the same bytes as the decoded event."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import registry
from domain.envelope import RecordedEvent, Source
from domain.goal.events import CheckedIn
from domain.instants import encode_json
from domain.reasons import Reason, ReasonCode
from domain.registry import EVENTS, Deprecation
from domain.team.team import Renamed
from ledger.serialization import LogRecord, Mapper
from services.cloud_events import encode_event, to_cloud_event
from tests.domain.golden import FILES, sample, to_recorded_event
from tests.ledger.test_mapper import STREAM, build_event

MAPPER = Mapper(EVENTS)
BASE_URL, EPOCH = 'https://a.example/"b"', "0f" * 16

texts = st.text(st.characters(codec="utf-8"), max_size=30)
ids = st.uuids()
instants = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda at: at if at.microsecond % 3 else at.replace(microsecond=0)
)


def to_record(event: RecordedEvent, mapper: Mapper = MAPPER) -> LogRecord:
    stored = mapper.to_stored_event(event)
    return LogRecord(event.stream_id, event.version, stored.topic, stored.state, event.position, mapper)


def encode_decoded(record: LogRecord) -> bytes:
    """As an event was encoded before records were: decoded whole."""
    return encode_json(to_cloud_event(record.decode(), BASE_URL, EPOCH))


def is_free_text(field: msgspec.inspect.Field) -> bool:
    info: Any = field.type
    while isinstance(info, msgspec.inspect.Metadata):
        info = info.type
    return isinstance(info, msgspec.inspect.StrType) and info.pattern is None


@st.composite
def events(draw: st.DrawFn) -> RecordedEvent:
    """Any type of event: with fields left out, with words of any kind, in any envelope."""
    cls = EVENTS[draw(st.sampled_from(sorted(EVENTS)))]
    data = sample(cls)
    fields: Any = msgspec.inspect.type_info(cls)
    declared = {field.name: field for field in msgspec.structs.fields(cls)}
    changed: dict[str, Any] = {}
    for field in fields.fields:
        default = declared[field.name].default
        if not field.required and default is not msgspec.NODEFAULT and draw(st.booleans()):
            changed[field.name] = default
        elif is_free_text(field):
            changed[field.name] = draw(texts)
    reason = draw(st.none() | st.builds(Reason, code=st.sampled_from(ReasonCode), text=texts))
    return msgspec.structs.replace(
        to_recorded_event(msgspec.structs.replace(data, **changed)),
        event_id=draw(ids),
        occurred_at=draw(instants),
        recorded_at=draw(instants),
        actor=draw(st.none() | ids),
        on_behalf_of=draw(st.none() | ids),
        causation_id=draw(st.none() | ids),
        key_id=draw(st.none() | ids),
        source=draw(st.sampled_from(Source)),
        reason=reason,
        version=draw(st.integers(1, 2**31)),
        position=draw(st.integers(1, 2**53)),
    )


@given(events())
def test_a_record_is_sent_in_the_bytes_of_its_decoded_event(event: RecordedEvent) -> None:
    record = to_record(event)

    assert event == record.decode()
    assert encode_decoded(record) == encode_event(record, BASE_URL, EPOCH)


@pytest.mark.parametrize("path", sorted(FILES.glob("*.json")), ids=lambda path: path.stem)
def test_what_was_ever_stored_is_sent_in_the_bytes_of_its_decoded_event(path: Any) -> None:
    state = path.read_bytes().strip()
    record = LogRecord(UUID(int=3), 7, path.stem, state, msgspec.json.decode(state)["header"]["position"], MAPPER)

    assert encode_decoded(record) == encode_event(record, BASE_URL, EPOCH)


def test_most_events_are_sent_without_being_decoded_whole() -> None:
    plain = [tag for tag, cls in EVENTS.items() if to_record(to_recorded_event(sample(cls))).read_text() is not None]

    assert len(EVENTS) * 0.6 < len(plain)


def test_an_instant_that_was_stored_with_an_offset_is_sent_in_utc() -> None:
    at = datetime(2026, 1, 5, 10, 0, tzinfo=timezone(timedelta(hours=1)))
    record = to_record(build_event(Renamed(name="Core"), "team", occurred_at=at))

    sent = msgspec.json.decode(encode_event(record, BASE_URL, EPOCH))

    assert "2026-01-05T09:00:00.000000Z" == sent["time"]
    assert encode_decoded(record) == encode_event(record, BASE_URL, EPOCH)


def test_a_text_inside_of_a_list_is_sent_where_it_was() -> None:
    record = to_record(build_event(CheckedIn(note="n0te", ideas=("one", "two")), "goal"))

    assert ["one", "two"] == msgspec.json.decode(encode_event(record, BASE_URL, EPOCH))["data"]["ideas"]
    assert encode_decoded(record) == encode_event(record, BASE_URL, EPOCH)


def test_a_record_of_a_deprecated_or_retired_type_is_sent_as_its_decoded_event(monkeypatch: pytest.MonkeyPatch) -> None:
    def rename(data: dict[str, Any]) -> dict[str, Any]:
        return {"name": data["called"]}

    mapper = Mapper(EVENTS, {"team.called.v1": ("team.renamed.v1", rename)})
    stored = mapper.to_stored_event(build_event(Renamed(name="Core"), "team"))
    grown = msgspec.json.decode(stored.state)
    grown["data"] = {"type": "team.called.v1", "called": "Core"}
    retired = LogRecord(STREAM, 4, "team.called.v1", msgspec.json.encode(grown), 7, mapper)
    monkeypatch.setitem(registry.DEPRECATIONS, "team.renamed.v1", Deprecation(since=date(2026, 1, 1)))

    for record in (retired, to_record(build_event(Renamed(name="Core"), "team"))):
        sent = encode_event(record, BASE_URL, EPOCH)
        assert encode_decoded(record) == sent
        assert ("team.renamed.v1", True) == tuple(msgspec.json.decode(sent)[name] for name in ("type", "deprecated"))


def test_an_event_that_cannot_be_read_fails_as_it_does_when_it_is_decoded() -> None:
    stored = MAPPER.to_stored_event(build_event(Renamed(name="Core"), "team"))
    broken = stored.state.replace(b'"name":"Core"', b'"name":7')
    record = LogRecord(STREAM, 4, stored.topic, broken, 7, MAPPER)

    with pytest.raises(Exception, match="cannot read event"):
        encode_event(record, BASE_URL, EPOCH)
