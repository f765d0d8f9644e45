"""What a process remembers of keys and members is never much older than it says, whoever changed them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from domain.member import member
from domain.references import resolve_stream_id
from ledger.commands import Command
from services.api.auth.key_cache import MAX_STALENESS_S
from services.runtime import Runtime
from tests.api.app_under_test import ApiApp

#: What a look at the store may take on a busy machine.
_MARGIN_SECONDS = 4.0


@pytest.fixture
def other_runtime(app: ApiApp) -> Iterator[Runtime]:
    """Another process's connection to the same store."""
    with Runtime(app.runtime.settings, clock=app.clock) as runtime:
        yield runtime


def assert_refused_in_time(ask: Callable[[], int], allowed: int, refused: int) -> None:
    deadline = time.monotonic() + MAX_STALENESS_S + _MARGIN_SECONDS
    while (status := ask()) != refused:
        assert allowed == status
        assert time.monotonic() < deadline
        time.sleep(0.02)


def handle_as_steward(runtime: Runtime, app: ApiApp, person: str, act: object) -> None:
    organisation: UUID = app.organisation_id()
    runtime.ledger.handle(
        Command(
            organisation_id=organisation,
            kind="member",
            stream_id=resolve_stream_id(organisation, "member", person),
            act=act,
            actor=resolve_stream_id(organisation, "member", "stella"),
            roles=frozenset({"steward"}),
        )
    )


def test_a_key_revoked_by_another_process_stops_within_a_second(app: ApiApp, other_runtime: Runtime) -> None:
    ana = app.as_member("ana")
    assert 200 == ana.get("/v1/me").status_code
    principal = other_runtime.keys.authenticate(app.keys["acme"]["ana"], app.clock.now)
    assert principal is not None

    other_runtime.keys.revoke(principal.key_id)

    assert_refused_in_time(lambda: ana.get("/v1/me").status_code, 200, 401)


def test_a_member_who_left_through_another_process_is_out_within_a_second(app: ApiApp, other_runtime: Runtime) -> None:
    ana = app.as_member("ana")
    assert 200 == ana.get("/v1/me").status_code

    handle_as_steward(other_runtime, app, "ana", member.Leave())

    assert_refused_in_time(lambda: ana.get("/v1/me").status_code, 200, 401)


def test_a_role_withdrawn_by_another_process_is_gone_within_a_second(app: ApiApp, other_runtime: Runtime) -> None:
    auditor = app.as_member("aud")
    assert 403 == auditor.post("/v1/goals", {"do": "draft", "title": "x"}).status_code

    handle_as_steward(other_runtime, app, "aud", member.RevokeRole(role=member.Role.AUDITOR))

    # Whoever is no auditor any more may act, as far as the key goes.
    assert_refused_in_time(lambda: auditor.get("/v1/me").json()["roles"].count("auditor"), 1, 0)


def test_what_this_process_changed_counts_at_once(app: ApiApp) -> None:
    ana, stella = app.as_member("ana"), app.as_member("stella")
    assert 200 == ana.get("/v1/me").status_code

    stella.post_ok("/v1/members/ana/leave", {})

    assert 401 == ana.get("/v1/me").status_code


def test_a_key_whose_time_is_over_is_refused_without_any_look(app: ApiApp) -> None:
    ana = app.as_member("ana")
    assert 200 == ana.get("/v1/me").status_code

    app.clock.now = app.clock.now.replace(year=app.clock.now.year + 2)

    assert 401 == ana.get("/v1/me").status_code
