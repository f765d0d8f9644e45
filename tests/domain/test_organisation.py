"""The organisation: its zone, and its policies as versions."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import msgspec
import pytest

from domain.errors import AlreadyExists, Forbidden, InvalidField
from domain.organisation import organisation
from domain.organisation.decide import decide
from domain.organisation.organisation import Create, PolicySet, SetPolicy, insert_policy
from domain.policy import Policy
from tests.spec import Story, given, instant

#: What domain.md and reports.md say holds where nobody decided otherwise.
DEFAULTS: dict[str, Any] = {
    "response_working_days": 5,
    "reminder_working_days": 3,
    "answer_by_days": 14,
    "change_timeout_working_days": 5,
    "lapse_grace_days": 3,
    "verdict_working_days": 10,
    "deem_satisfied": False,
    "give_up_days": None,
    "cadence_days": 14,
    "stale_grace_days": 3,
    "unaffirmed_days": 14,
    "wip_limit": 5,
    "load_amber": "0.85",
    "load_red": "1",
    "focus": "0.8",
    "blocked_share": "0.5",
    "default_hours": "40",
    "default_effort": "4",
    "require_trade_off": False,
    "require_purpose": False,
    "tolerance_days": 0,
    "absent_beyond_days": 28,
}


def state(story: Story) -> organisation.Organisation:
    told: organisation.Organisation = story.state("", "organisation")
    return told


def test_where_nobody_decided_the_agreed_defaults_hold() -> None:
    assert DEFAULTS == {name: getattr(Policy(), name) for name in DEFAULTS}
    (default,) = state(Story()).policies
    assert (0, None, Policy()) == (default.version, default.since, default.policy)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        *(({"focus": 0.75}, {"focus": "0.75"}), ({"focus": 1}, {"focus": "1"}), ({"focus": "0.70"}, {"focus": "0.70"})),
        *(({"focus": Decimal("0.7")}, {"focus": "0.7"}), ({"default_hours": 37.5}, {"default_hours": "37.5"})),
        *(({"wip_limit": "3"}, {"wip_limit": 3}), ({"wip_limit": 3.0}, {"wip_limit": 3})),
        *(({"give_up_days": "30"}, {"give_up_days": 30}), ({"give_up_days": None}, {})),
    ],
)
def test_a_dial_is_a_number_or_a_decimal_string(written: dict[str, Any], kept: dict[str, Any]) -> None:
    given().when(SetPolicy(policy=written), by="stella").then(PolicySet(policy=Policy(**kept), dials=tuple(written)))


def test_only_the_dials_that_are_named_change() -> None:
    story = Story()

    given(story=story).when(SetPolicy(policy={"wip_limit": 3}), by="stella").then(
        PolicySet(policy=Policy(wip_limit=3), dials=("wip_limit",))
    )
    given(story=story).when(SetPolicy(policy={"focus": "0.7"}), by="stella").then(
        PolicySet(policy=Policy(wip_limit=3, focus="0.7"), dials=("focus",))
    )


def test_each_instant_has_its_version() -> None:
    story = Story()
    for at, limit in (("2026-02-02", 3), ("2026-03-02", 4)):
        story.says("stella", SetPolicy(policy={"wip_limit": limit}), at=at)

    told = [
        (state(story).policy_at(instant(at)).version, state(story).policy_at(instant(at)).policy.wip_limit)
        for at in ("1990-01-01", "2026-02-02T08:59", "2026-02-02", "2026-03-01", "2026-03-02", "2030-01-01")
    ]
    assert [(0, 5), (0, 5), (1, 3), (1, 3), (2, 4), (2, 4)] == told


def test_a_dial_told_late_holds_up_to_the_next_version_that_sets_it() -> None:
    told: list[tuple[str, dict[str, Any]]] = [
        ("2026-02-02", {"cadence_days": 7}),
        ("2026-03-02", {"wip_limit": 3, "focus": "0.7"}),
    ]
    told += [("2026-04-02", {"cadence_days": 21})]
    for order in permutations(told):
        story = Story()
        for at, policy in order:
            story.says("stella", SetPolicy(policy=policy), at=at, learnt="2026-05-01")

        held = [state(story).policy_at(instant(at)) for at in ("2026-02-01", "2026-02-03", "2026-03-03", "2026-04-03")]
        assert [(0, 5, 14, "0.8"), (1, 5, 7, "0.8"), (2, 3, 7, "0.7"), (3, 3, 21, "0.7")] == [
            (v.version, v.policy.wip_limit, v.policy.cadence_days, v.policy.focus) for v in held
        ]


def test_a_change_that_names_no_dial_ends_none_that_is_told_late() -> None:
    story = Story()
    story.says("stella", SetPolicy(policy={}), at="2026-03-02")

    story.says("stella", SetPolicy(policy={"focus": "0.7"}), at="2026-02-02", learnt="2026-05-01")

    assert "0.7" == state(story).policy_at(instant("2026-03-03")).policy.focus


def test_a_version_of_which_it_was_not_kept_what_it_set_holds_as_a_whole() -> None:
    known = state(Story())
    whole = PolicySet(policy=Policy(wip_limit=3))
    known = msgspec.structs.replace(known, policies=insert_policy(known, whole, instant("2026-03-02")))
    late = PolicySet(policy=Policy(focus="0.7"), dials=("focus",))

    versions = insert_policy(known, late, instant("2026-02-02"))

    assert [("0.8", 5), ("0.7", 5), ("0.8", 3)] == [(v.policy.focus, v.policy.wip_limit) for v in versions]


def test_a_line_told_late_is_not_over_the_red_one_of_a_version_behind_it() -> None:
    story = Story()
    story.says("stella", SetPolicy(policy={"load_amber": "0.5", "load_red": "0.6"}), at="2026-03-02")
    story.says("stella", SetPolicy(policy={"load_amber": "0.6"}), at="2026-04-02")
    late = SetPolicy(policy={"load_amber": "0.5", "load_red": "0.5"})

    given(story=story).when(late, by="stella", at="2026-03-15", learnt="2026-05-01").refused_with(
        InvalidField, pointer="/policy/load_amber"
    )
    given(story=story).when(late, by="stella", at="2026-02-15", learnt="2026-05-01").then(PolicySet)


def test_policies_change_so_often_and_no_more() -> None:
    story = Story()
    for number in range(organisation.MAX_POLICY_VERSIONS):
        story.says("stella", SetPolicy(policy={"wip_limit": 3 + number % 2}))

    given(story=story).when(SetPolicy(policy={"wip_limit": 5}), by="stella").refused_with(
        InvalidField, pointer="/policy"
    )
    assert organisation.MAX_POLICY_VERSIONS == state(story).policies[-1].version


def test_only_a_steward_sets_policies() -> None:
    for by in ("ana", "lea"):
        given().when(SetPolicy(policy={"wip_limit": 3}), by=by).refused_with(Forbidden, allowed=("steward",))


def test_an_unknown_dial_is_refused_with_those_that_there_are() -> None:
    given().when(SetPolicy(policy={"wip_limit": 3, "wip_limits": 3}), by="stella").refused_with(
        InvalidField, pointer="/policy/wip_limits", allowed=Policy.__struct_fields__
    )


@pytest.mark.parametrize(
    ("dial", "value"),
    [
        ("wip_limit", 0),
        ("wip_limit", "3.5"),
        ("wip_limit", 4.5),
        ("wip_limit", [3]),
        ("wip_limit", None),
        ("wip_limit", True),
        ("cadence_days", 0),
        ("lapse_grace_days", -1),
        ("give_up_days", 367),
        ("focus", 0.12345),
        ("focus", True),
        ("focus", [0.8]),
        ("focus", 10),
        ("focus", "NaN"),
        ("focus", float("inf")),
        ("default_hours", 0.1 + 0.2),
        ("load_red", "1E+999999"),
        ("default_hours", "many"),
        ("require_trade_off", 1),
    ],
)
def test_a_dials_bad_value_is_refused_by_name(dial: str, value: Any) -> None:
    given().when(SetPolicy(policy={dial: value}), by="stella").refused_with(InvalidField, pointer=f"/policy/{dial}")


def test_the_amber_line_is_not_over_the_red_one() -> None:
    given().when(SetPolicy(policy={"load_red": "0.8"}), by="stella").refused_with(
        InvalidField, pointer="/policy/load_amber"
    )
    given().when(SetPolicy(policy={"load_red": "0.8", "load_amber": "0.8"}), by="stella").then(PolicySet)


def test_an_organisation_is_founded_once() -> None:
    given().when(Create(name="Again"), by="stella").refused_with(AlreadyExists)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "/etc/localtime", "UTC\x00"])
def test_a_zone_is_one_of_the_iana_list(zone: str) -> None:
    story = Story()
    world = story.world(story.organisation_id, story.now)

    with pytest.raises(InvalidField) as refused:
        decide(None, Create(name="Elsewhere", zone=zone), world)
    assert "/zone" == refused.value.pointer


def test_days_are_the_zones() -> None:
    story = Story(zone="Pacific/Kiritimati")
    world = story.world(story.organisation_id, instant("2026-03-01T10:00"))

    assert ("2026-03-02", "Pacific/Kiritimati") == (world.today.isoformat(), world.zone.key)
