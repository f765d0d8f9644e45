"""Who read my figures, in which role, which, and when."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from ledger.errors import LedgerUnavailable
from ledger.person_reads import PersonRead, PersonReadStore, ReadSubject
from services import person_reads
from services.runtime import Runtime
from services.settings import Settings
from tests.api.app_under_test import ApiApp, TickingClock, create_members, open_client


def looks(app: ApiApp, person: str, **query: Any) -> list[tuple[str, str, str, str, int]]:
    found = app.as_member(person).get_ok("/v1/me/looked-at", params={"names": "true", **query})
    names = found.get("names", {})
    return [(names[x["viewer"]], x["role"], x["what"], x["about"], x["times"]) for x in found["looks"]]


def read(app: ApiApp, person: str, path: str) -> None:
    assert 200 == app.as_member(person).get(f"/v1/{path}").status_code


def test_a_person_sees_who_read_their_figures_and_in_which_role(app: ApiApp) -> None:
    for _ in range(2):
        read(app, "stella", "reports/overload?member=ana")
    read(app, "lea", "reports/support?team=core")
    read(app, "aud", "reports/drift")
    read(app, "stella", "members")

    assert [
        ("stella", "steward", "members", "organisation", 1),
        ("Aud", "auditor", "reports/drift", "organisation", 1),
        ("Lea", "lead", "reports/support", "team", 1),
        ("stella", "steward", "reports/overload", "member", 2),
    ] == looks(app, "ana")
    assert [
        ("stella", "steward", "members", "organisation", 1),
        ("Aud", "auditor", "reports/drift", "organisation", 1),
    ] == looks(app, "ned")


def test_a_leads_look_at_the_organisation_is_one_at_the_team(app: ApiApp) -> None:
    read(app, "lea", "reports/overload")
    read(app, "lea", "reports/overload?member=ben")

    assert [("Lea", "lead", "reports/overload", "member", 1), ("Lea", "lead", "reports/overload", "team", 1)] == looks(
        app, "ben"
    )
    assert [("Lea", "lead", "reports/overload", "team", 1)] == looks(app, "mia")
    assert [] == looks(app, "ned")


def test_own_reads_and_those_that_show_no_person_are_none(app: ApiApp) -> None:
    read(app, "ana", "reports/overload")
    read(app, "ana", "reports/overload?member=ana")
    read(app, "ben", "reports/drift?team=core")
    read(app, "ana", "members")
    read(app, "lea", "reports/overload?member=lea")

    assert [] == looks(app, "ana")
    assert [] == looks(app, "lea")
    assert 403 == app.as_member("ben").get("/v1/reports/overload?member=ana").status_code
    assert [] == looks(app, "ana")


def test_every_form_of_a_report_is_a_read(app: ApiApp) -> None:
    for form in ("json", "csv", "text"):
        read(app, "stella", f"reports/overload?member=ana&format={form}")

    assert [("stella", "steward", "reports/overload", "member", 3)] == looks(app, "ana")


def test_whoever_comes_later_is_not_told_of_before(app: ApiApp) -> None:
    read(app, "stella", "reports/overload?team=edge")
    app.clock.now += timedelta(days=1)
    app.as_member("stella").post_ok("/v1/members/ana/join", {"team": "edge"})
    read(app, "aud", "reports/overload?team=edge")

    assert [("Aud", "auditor", "reports/overload", "team", 1)] == looks(app, "ana")
    assert 2 == len(looks(app, "ned"))


def test_reads_end_with_the_policy(app: ApiApp) -> None:
    read(app, "stella", "reports/overload?member=ana")
    app.as_member("stella").post_ok("/v1/policies", {"policy": {"looked_at_days": 30}})

    app.clock.now += timedelta(days=30)
    assert 1 == len(looks(app, "ana"))
    app.clock.now += timedelta(days=1)
    assert [] == looks(app, "ana")
    app.runtime.run_housekeeping()
    assert 0 == app.runtime.person_reads.store.purge(lambda _: 10**6)


def test_more_than_asked_for_is_said(app: ApiApp) -> None:
    for report in ("overload", "drift", "support"):
        read(app, "stella", f"reports/{report}?member=ana")

    found = app.as_member("ana").get_ok("/v1/me/looked-at?limit=2")

    assert (2, True, 90) == (len(found["looks"]), found["more"], found["kept_days"])
    assert 422 == app.as_member("ana").get("/v1/me/looked-at?limit=501").status_code


def test_another_organisation_sees_none_of_it(app: ApiApp) -> None:
    read(app, "stella", "reports/overload?member=ana")

    assert [] == app.as_member("ana", "rival").get_ok("/v1/me/looked-at")["looks"]


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url)


def test_a_clean_stop_keeps_every_read_and_a_read_waits_for_no_statement(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a store that is written to no sooner than at the stop
    monkeypatch.setattr(person_reads, "FLUSH_AFTER_S", 60.0)
    written: list[int] = []
    add = PersonReadStore.add

    def count(store: PersonReadStore, reads: dict[Any, Any]) -> None:
        written.append(len(reads))
        add(store, reads)

    monkeypatch.setattr(PersonReadStore, "add", count)
    clock = TickingClock()
    with Runtime(settings, clock=clock) as runtime:
        keys = create_members(runtime, "acme")
        runtime.engine.catch_up()
        with open_client(runtime) as client:
            for _ in range(5):
                headers = {"Authorization": f"Bearer {keys['stella']}"}
                assert 200 == client.get("/v1/reports/overload?member=ana", headers=headers).status_code

        assert [] == written

    # then
    assert [1] == written
    with Runtime(settings, clock=clock) as runtime, open_client(runtime) as client:
        found = client.get("/v1/me/looked-at", headers={"Authorization": f"Bearer {keys['ana']}"}).json()
    assert [5] == [look["times"] for look in found["looks"]]


def make_read(runtime: Runtime, number: int = 0) -> PersonRead:
    ids = [runtime.new_id() for _ in range(3)]
    return PersonRead(ids[0], ReadSubject.MEMBER, ids[1], ids[2], "steward", f"reports/{number}")


def test_reads_are_written_within_a_second_or_so(settings: Settings) -> None:
    with Runtime(settings) as runtime:
        read_ = make_read(runtime)
        runtime.person_reads.add([read_])
        runtime.person_reads.add([read_])
        deadline = time.monotonic() + 10

        def load() -> list[int]:
            store, subject = runtime.person_reads.store, {read_.subject_id}
            kept = store.load(read_.organisation_id, subject, reader=read_.subject_id, since=0, limit=10)
            return [one.times for one in kept]

        while not load() and time.monotonic() < deadline:
            time.sleep(0.05)
        runtime.person_reads.add([read_])
        runtime.person_reads.flush()

        assert [3] == load()


def test_where_the_store_is_away_reads_wait_and_at_last_are_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person_reads, "FLUSH_AFTER_S", 60.0)
    monkeypatch.setattr(person_reads, "MAX_PENDING", 3)
    with Runtime(settings) as runtime:
        reads = [make_read(runtime, number) for number in range(4)]

        def fail(*_: object) -> None:
            raise LedgerUnavailable("away")

        with monkeypatch.context() as away:
            away.setattr(PersonReadStore, "add", fail)
            runtime.person_reads.add(reads[:3])
            with pytest.raises(LedgerUnavailable):
                runtime.person_reads.flush()
            with pytest.raises(LedgerUnavailable, match="cannot be kept"):
                runtime.person_reads.add(reads[3:])

        runtime.person_reads.flush()
        runtime.person_reads.add(reads[3:])


def test_a_read_that_cannot_be_kept_is_not_answered(app: ApiApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person_reads, "MAX_PENDING", 0)

    refused = app.as_member("stella").get("/v1/reports/overload?member=ana")

    assert (503, "unavailable") == (refused.status_code, refused.json()["code"])
    assert 200 == app.as_member("ana").get("/v1/reports/overload?member=ana").status_code
