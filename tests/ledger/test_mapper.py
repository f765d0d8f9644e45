"""Events as stored: the tag is the topic, the envelope is whole, personal text is apart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from eventsourcing.persistence import MapperDeserialisationError, StoredEvent

from domain.envelope import Event, RecordedEvent, Source
from domain.goal import events as e
from domain.member.member import Joined
from domain.personal import Personal, PersonalOfMember
from domain.reasons import Reason, ReasonCode
from domain.registry import EVENTS
from domain.team.team import Renamed
from ledger.serialization import Mapper, extract, extract_shallow, personal_fields, with_log_position

ANA, SAM, STREAM = UUID(int=1), UUID(int=2), UUID(int=3)
AT = datetime(2026, 1, 5, 9, 0, 0, 123456, tzinfo=UTC)


def build_event(data: Event, kind: str, **more: Any) -> RecordedEvent:
    fields: dict[str, Any] = {
        "event_id": UUID(int=9),
        "organisation_id": UUID(int=8),
        "stream": f"{kind}/{STREAM}",
        "version": 4,
        "type": str(type(data).__struct_config__.tag),
        "occurred_at": AT,
        "recorded_at": AT,
        "actor": ANA,
        "on_behalf_of": None,
        "source": Source.API,
        "causation_id": None,
        "correlation_id": UUID(int=9),
        "reason": None,
        "position": 7,
        "log_position": 12,
        "data": data,
    }
    return RecordedEvent(**{**fields, **more})


def decode_state(stored: StoredEvent) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(stored.state)
    return decoded


def test_an_event_comes_back_as_it_was_recorded() -> None:
    mapper = Mapper(EVENTS)
    check_in = e.CheckedIn(
        note="a note",
        ideas=("an idea", "another"),
        blockers=(e.Blocker(text="stuck", next_action="ask"), e.Blocker(text="", type="tool")),
        needs=(e.Need(text="a hand", addressee=SAM),),
        progress="0.5",
    )
    event = build_event(check_in, "goal", reason=Reason(code=ReasonCode.OTHER, text="because of this and that"))

    stored = mapper.to_stored_event(event)

    assert event == mapper.to_domain_event(stored)
    assert (STREAM, 4, "goal.checked_in.v1") == (stored.originator_id, stored.originator_version, stored.topic)


def test_only_the_sealed_part_holds_personal_text() -> None:
    event = build_event(
        e.CheckedIn(note="n0te", ideas=("idea",), blockers=(e.Blocker(text="stuck"),), progress="0.5"),
        "goal",
        on_behalf_of=SAM,
        reason=Reason(code=ReasonCode.CAPACITY, text="words"),
    )

    stored = decode_state(Mapper(EVENTS).to_stored_event(event))

    assert {"type": "goal.checked_in.v1", "ideas": [""], "blockers": [{}], "progress": "0.5"} == stored["data"]
    assert {"code": "capacity"} == stored["header"]["reason"]
    assert {
        "key_id": None,
        "subject": str(SAM),
        "texts": {
            "/data/note": "n0te",
            "/data/ideas/0": "idea",
            "/data/blockers/0/text": "stuck",
            "/header/reason/text": "words",
        },
    } == stored["sealed"]


def test_a_members_own_text_is_sealed_for_the_member() -> None:
    stored = decode_state(Mapper(EVENTS).to_stored_event(build_event(Joined(name="Sam"), "member")))

    assert {"key_id": None, "subject": str(STREAM), "texts": {"/data/name": "Sam"}} == stored["sealed"]


@pytest.mark.parametrize(
    "event",
    [
        e.CheckedIn(progress="0.4"),
        e.CheckedIn(note="n0te", progress="0.4", blockers=()),
        e.Affirmed(note="n0te"),
        e.Affirmed(),
        Joined(name="Sam", team=STREAM),
    ],
)
def test_texts_that_lie_open_are_lifted_just_as_they_are_taken_from_the_json(event: Event) -> None:
    data = msgspec.json.decode(msgspec.json.encode(event))
    texts = extract(data, personal_fields(type(event)).paths, "/data")

    lifted = extract_shallow(event, personal_fields(type(event)))

    assert lifted is not None
    assert (msgspec.json.encode(data), texts) == (msgspec.json.encode(lifted[0]), lifted[1])


@pytest.mark.parametrize("event", [e.FeedbackGiven(by="owner", text=""), e.CheckedIn(ideas=("an idea",))])
def test_a_text_that_an_event_cannot_be_without_or_that_lies_further_inside_is_not_lifted(event: Event) -> None:
    assert extract_shallow(event, personal_fields(type(event))) is None


def test_an_event_without_personal_text_has_no_sealed_part() -> None:
    assert "sealed" not in decode_state(Mapper(EVENTS).to_stored_event(build_event(Renamed(name="Core"), "team")))


def test_an_event_that_would_mix_two_subjects_is_refused_when_it_is_declared() -> None:
    class Mixed(Event, frozen=True, kw_only=True, tag="member.mixed.v1"):
        mine: Personal[str]
        theirs: PersonalOfMember[str]

    with pytest.raises(TypeError, match="mixes personal text"):
        personal_fields(Mixed)


def test_fields_of_a_later_version_are_tolerated() -> None:
    mapper = Mapper(EVENTS)
    stored = mapper.to_stored_event(build_event(Renamed(name="Core"), "team"))
    grown = decode_state(stored)
    grown["data"]["colour"] = "blue"
    grown["header"]["weather"] = "fine"

    read = mapper.to_domain_event(StoredEvent(STREAM, 4, stored.topic, msgspec.json.encode(grown)))

    assert Renamed(name="Core") == read.data


def test_a_retired_tag_is_read_as_the_one_that_replaced_it() -> None:
    def renamed(data: dict[str, Any]) -> dict[str, Any]:
        return {"name": data["title"]}

    stored = Mapper(EVENTS).to_stored_event(build_event(Renamed(name="Core"), "team"))
    old = decode_state(stored)
    old["data"] = {"type": "team.retitled.v1", "title": "Old words"}
    old["header"]["type"] = "team.retitled.v1"

    mapper = Mapper(EVENTS, {"team.retitled.v1": ("team.renamed.v1", renamed)})
    read = mapper.to_domain_event(StoredEvent(STREAM, 4, "team.retitled.v1", msgspec.json.encode(old)))

    assert (Renamed(name="Old words"), "team.renamed.v1") == (read.data, read.type)


def test_an_unknown_tag_says_which_event_cannot_be_read() -> None:
    stored = Mapper(EVENTS).to_stored_event(build_event(Renamed(name="Core"), "team"))

    with pytest.raises(MapperDeserialisationError, match=r"team\.unheard_of\.v1.*version 4"):
        Mapper(EVENTS).to_domain_event(StoredEvent(STREAM, 4, "team.unheard_of.v1", stored.state))


def test_a_staged_event_learns_its_place_and_nothing_else_changes() -> None:
    mapper = Mapper(EVENTS)
    event = build_event(e.CheckedIn(note="n0te"), "goal")
    later = AT.replace(hour=10)

    state = with_log_position(mapper.to_stored_event(event).state, recorded_at=later, position=70, log_position=120)

    read = mapper.to_domain_event(StoredEvent(STREAM, 4, event.type, state))
    assert msgspec.structs.replace(event, recorded_at=later, position=70, log_position=120) == read
