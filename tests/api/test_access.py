"""The role table of the domain, cell by cell: role x capability x how the viewer stands to the subject."""

from __future__ import annotations

from uuid import uuid4

import pytest

from services.authorization import (
    ACT,
    ADMIN,
    IMPORT,
    READ,
    REQUIRED_SCOPES,
    ROLES,
    SCOPES,
    AccessSubject,
    Capability,
    Viewer,
    may,
    may_act,
    roles_for_command,
)

ME, OTHER, MY_TEAM, LED_TEAM, THEIR_TEAM = (uuid4() for _ in range(5))

#: How the subject stands to the viewer -> the subject.
SUBJECTS = {
    "own": AccessSubject(members=frozenset({ME})),
    "team": AccessSubject(members=frozenset({OTHER}), teams=frozenset({MY_TEAM})),
    "led": AccessSubject(members=frozenset({OTHER}), teams=frozenset({LED_TEAM})),
    "other": AccessSubject(members=frozenset({OTHER}), teams=frozenset({THEIR_TEAM})),
}

#: role -> capability -> its reach; by hand from docs/api.md, against `services.authorization.ROLE_CAPABILITIES`.
CELLS: dict[str, dict[str, str]] = {
    "member": {"act_as_party": "own", "see_goal": "own team", "see_person": "own"},
    "lead": {
        "act_as_party": "own",
        "see_goal": "own team led",
        "see_person": "own led",
        "see_team": "own led",
        "act_on_charter": "own led",
    },
    "steward": {
        "act_as_party": "own",
        "see_goal": "own team led other",
        "see_person": "own team led other",
        "see_team": "own team led other",
        "act_on_charter": "own team led other",
        "manage_members": "own team led other",
        "manage_keys": "own team led other",
        "manage_subscriptions": "own team led other",
        "set_policy": "own team led other",
        "import": "own team led other",
        "reassign": "own team led other",
    },
    "auditor": {
        "see_goal": "own team led other",
        "see_person": "own team led other",
        "see_team": "own team led other",
    },
    "integration": {
        "act_as_party": "own",
        "see_goal": "own team",
        "see_person": "own",
        "import": "own team led other",
    },
}


def build_viewer(role: str, scopes: tuple[str, ...] = SCOPES) -> Viewer:
    return Viewer(
        organisation_id=uuid4(),
        key_id=uuid4(),
        member_id=ME,
        scopes=frozenset(scopes),
        granted=frozenset({role}) - {"member", "lead"},
        teams=frozenset({MY_TEAM}),
        leads=frozenset({LED_TEAM}) if role == "lead" else frozenset(),
    )


@pytest.mark.parametrize("stands", SUBJECTS)
@pytest.mark.parametrize("capability", Capability)
@pytest.mark.parametrize("role", ROLES)
def test_each_cell_of_the_role_table_says_what_the_page_says(role: str, capability: Capability, stands: str) -> None:
    expected = stands in CELLS[role].get(capability, "").split()

    assert expected == may(build_viewer(role), capability, SUBJECTS[stands])


@pytest.mark.parametrize("capability", Capability)
@pytest.mark.parametrize("role", ROLES)
def test_no_role_gets_past_a_scope_that_its_key_lacks(role: str, capability: Capability) -> None:
    without = tuple(scope for scope in SCOPES if scope != REQUIRED_SCOPES[capability])

    assert [] == [name for name, subject in SUBJECTS.items() if may(build_viewer(role, without), capability, subject)]


@pytest.mark.parametrize(("role", "expected"), [(role, role != "auditor") for role in ROLES])
def test_an_auditor_acts_on_nothing_whatever_the_key_says(role: str, expected: bool) -> None:
    assert expected == may_act(build_viewer(role))


def test_a_key_that_may_only_read_acts_on_nothing() -> None:
    assert not may_act(build_viewer("steward", (READ, IMPORT)))


@pytest.mark.parametrize(
    ("scopes", "expected"), [((READ, ACT), frozenset[str]()), ((READ, ACT, ADMIN), frozenset({"steward"}))]
)
def test_a_stewards_powers_are_conveyed_by_the_admin_scope_alone(
    scopes: tuple[str, ...], expected: frozenset[str]
) -> None:
    assert expected == roles_for_command(build_viewer("steward", scopes))
