"""What a process remembers of keys and members is never much older than it says, whoever changed them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from domain import member
from domain.references import resolve
from ledger.commands import Command
from services.api.admission import HARD_SECONDS
from services.runtime import Runtime
from tests.api.house import House

#: What a look at the store may take on a busy machine.
_MARGIN_SECONDS = 4.0


@pytest.fixture
def elsewhere(house: House) -> Iterator[Runtime]:
    """Another process's connection to the same store."""
    with Runtime(house.runtime.settings, clock=house.clock) as runtime:
        yield runtime


def refused_within_the_bound(ask: Callable[[], int], allowed: int, refused: int) -> None:
    deadline = time.monotonic() + HARD_SECONDS + _MARGIN_SECONDS
    while (status := ask()) != refused:
        assert allowed == status
        assert time.monotonic() < deadline
        time.sleep(0.02)


def says(runtime: Runtime, house: House, person: str, act: object) -> None:
    organisation: UUID = house.organisation_id()
    runtime.ledger.handle(
        Command(
            organisation_id=organisation,
            kind="member",
            stream_id=resolve(organisation, "member", person),
            act=act,
            actor=resolve(organisation, "member", "stella"),
            roles=frozenset({"steward"}),
        )
    )


def test_a_key_revoked_by_another_process_stops_within_a_second(house: House, elsewhere: Runtime) -> None:
    ana = house.as_("ana")
    assert 200 == ana.get("/v1/me").status_code
    principal = elsewhere.keys.authenticate(house.keys["acme"]["ana"], house.clock.now)
    assert principal is not None

    elsewhere.keys.revoke(principal.key_id)

    refused_within_the_bound(lambda: ana.get("/v1/me").status_code, 200, 401)


def test_a_member_who_left_through_another_process_is_out_within_a_second(house: House, elsewhere: Runtime) -> None:
    ana = house.as_("ana")
    assert 200 == ana.get("/v1/me").status_code

    says(elsewhere, house, "ana", member.Leave())

    refused_within_the_bound(lambda: ana.get("/v1/me").status_code, 200, 401)


def test_a_role_withdrawn_by_another_process_is_gone_within_a_second(house: House, elsewhere: Runtime) -> None:
    auditor = house.as_("aud")
    assert 403 == auditor.post("/v1/goals", {"do": "draft", "title": "x"}).status_code

    says(elsewhere, house, "aud", member.RevokeRole(role=member.Role.AUDITOR))

    # Whoever is no auditor any more may act, as far as the key goes.
    refused_within_the_bound(lambda: auditor.get("/v1/me").json()["roles"].count("auditor"), 1, 0)


def test_what_this_process_changed_counts_at_once(house: House) -> None:
    ana, stella = house.as_("ana"), house.as_("stella")
    assert 200 == ana.get("/v1/me").status_code

    stella.says("/v1/members/ana/leave", {})

    assert 401 == ana.get("/v1/me").status_code


def test_a_key_whose_time_is_over_is_refused_without_any_look(house: House) -> None:
    ana = house.as_("ana")
    assert 200 == ana.get("/v1/me").status_code

    house.clock.now = house.clock.now.replace(year=house.clock.now.year + 2)

    assert 401 == ana.get("/v1/me").status_code
