"""What people write, as it comes in: unknown fields, wrong types and endless texts do not."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

import msgspec
import pytest

from domain.errors import InvalidField
from domain.goal.acts import ACTS, GoalAct
from domain.goal.events import Diff, DraftTerms
from domain.registry import AGGREGATES
from domain.terms import Condition, Terms, TermsInput, check_date

OFFER: dict[str, Any] = {
    "do": "offer",
    "title": "A goal",
    "owner": "ana",
    "sponsor": "sam",
    "terms": {
        "measure": {"kind": "number", "unit": "readers", "target": "100"},
        "conditions": ["It is read", {"id": "published", "text": "It is published"}],
        "due": "2026-03-27",
        "effort_hours": 7.5,
        "supports": [{"goal": "parent"}],
    },
    "reason": {"code": "new_need", "text": "the board asked"},
}


def parse_offer(**fields: Any) -> Any:
    return msgspec.convert({**OFFER, "terms": {**OFFER["terms"], **fields}}, GoalAct)


def test_an_offer_is_read_as_it_is_written() -> None:
    told = parse_offer().terms

    assert (date(2026, 3, 27), 7.5) == (told.due, told.effort_hours)
    assert ["It is read", Condition(id="published", text="It is published")] == told.conditions


@pytest.mark.parametrize(
    "fields",
    [
        {"conditions": []},
        {"conditions": ["x"] * 8},
        {"conditions": [""]},
        {"conditions": ["x" * 2001]},
        {"conditions": [{"id": "Has Spaces", "text": "x"}]},
        {"due": "2026-02-30"},
        {"due": "27.3.2026"},
        {"due": 20260327},
        {"measure": {"kind": "mood"}},
        {"measure": {"kind": "number", "traget": 1}},
        {"priority": "urgent"},
        {"kind": "epic"},
        {"supports": [{"goal": "x"}] * 21},
        {"supports": ["parent"]},
        {"effort_hours": None, "effort": 3},
        {"outcome": ""},
    ],
    ids=repr,
)
def test_what_has_another_shape_is_refused_at_the_door(fields: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError, match="terms"):
        parse_offer(**fields)


def test_a_reason_is_one_of_the_codes() -> None:
    with pytest.raises(msgspec.ValidationError, match="reason"):
        msgspec.convert({**OFFER, "reason": {"code": "illness"}}, GoalAct)
    with pytest.raises(msgspec.ValidationError, match="reason"):
        msgspec.convert({**OFFER, "reason": {"code": "other", "text": "x" * 2001}}, GoalAct)


@pytest.mark.parametrize("act", sorted(ACTS))
def test_no_act_takes_a_field_that_it_does_not_know(act: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"unknown field|missing required"):
        msgspec.convert({"do": act, "colour": "blue"}, GoalAct)


def test_no_other_act_does_either() -> None:
    for aggregate in AGGREGATES.values():
        for act in get_args(aggregate.acts):
            assert act.__struct_config__.forbid_unknown_fields, act


@pytest.mark.parametrize("inside", [date(1970, 1, 1), date(2199, 12, 31)])
def test_days_of_a_working_life_pass(inside: date) -> None:
    assert inside == check_date(inside, "/due")


@pytest.mark.parametrize("outside", [date(1969, 12, 31), date(2200, 1, 1), date.max, date.min])
def test_days_beyond_it_are_slips(outside: date) -> None:
    with pytest.raises(InvalidField) as refused:
        check_date(outside, "/due")

    assert "/due" == refused.value.pointer


def test_every_term_can_be_drafted_and_changed_but_the_kind_stays() -> None:
    terms = set(Terms.__struct_fields__)

    assert terms == set(TermsInput.__struct_fields__) == set(DraftTerms.__struct_fields__)
    assert terms - {"kind"} == set(Diff.__struct_fields__) - {"owner", "sponsor", "pause"}
