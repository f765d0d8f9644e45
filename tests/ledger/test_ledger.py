"""What the ledger promises to its callers, on both databases."""

from __future__ import annotations

import gc
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.envelope import Source
from domain.errors import ActNotAllowed, InTheFuture, NotFound, Refusal, VersionConflict
from domain.goal import acts
from domain.goal.state import Negotiating, Promised
from domain.member import member
from domain.organisation import organisation
from ledger.commit.unit_of_work import UnitOfWork
from ledger.ledger import Ledger
from ledger.storage.protocol import row_uuid
from tests.ledger.tenant import BEGINNING, WHY, Clock, Tenant, capacity


def test_a_command_is_answered_with_what_it_recorded(ledger: Ledger, tenant: Tenant) -> None:
    receipt = tenant.offer("ship")

    events = ledger.events(tenant.id, tenant.id_of("ship", "goal"))
    assert [e.event_id for e in events] == receipt.event_ids
    assert (receipt.version, receipt.position, receipt.log_position) == (1, ledger.position(tenant.id), ledger.head())
    assert f"goal/{tenant.id_of('ship', 'goal')}" == receipt.stream
    assert isinstance(receipt.state, Negotiating)
    assert ledger.load(tenant.id, "goal", tenant.id_of("ship", "goal")) == receipt.state


def test_the_whole_envelope_is_kept(ledger: Ledger, tenant: Tenant) -> None:
    at = BEGINNING - timedelta(days=400)
    cause, correlation = ledger.new_id(), ledger.new_id()

    tenant.handle("ana", capacity(30), on="ana", at=at, causation_id=cause, correlation_id=correlation)

    event = ledger.events(tenant.id, tenant.id_of("ana"))[-1]
    assert "member.capacity_declared.v1" == event.type
    assert (at, tenant.id_of("stella"), tenant.id_of("ana")) == (event.occurred_at, event.actor, event.on_behalf_of)
    assert (cause, correlation, Source.IMPORT) == (event.causation_id, event.correlation_id, event.source)
    assert event.recorded_at > BEGINNING
    assert [event] == ledger.read_log(event.log_position - 1, 10)


def test_a_refused_command_leaves_nothing(ledger: Ledger, tenant: Tenant) -> None:
    tenant.offer("ship")
    head = ledger.head()

    with pytest.raises(ActNotAllowed):
        tenant.handle("ana", acts.DeclareComplete(), on="ship")

    assert (head, head) == (ledger.head(), ledger.count())


def test_the_second_of_two_versions_is_a_conflict(ledger: Ledger, tenant: Tenant) -> None:
    version = tenant.handle("ana", capacity(30), on="ana", expected_versions=(1,)).version

    with pytest.raises(VersionConflict):
        tenant.handle("ana", capacity(20), on="ana", expected_versions=(1,))

    assert version + 1 == tenant.handle("ana", capacity(20), on="ana", expected_versions=(version,)).version


def test_version_zero_means_must_not_exist(tenant: Tenant) -> None:
    tenant.handle("stella", member.Join(name="New"), on="new", expected_versions=(0,))

    with pytest.raises(VersionConflict):
        tenant.handle("stella", member.Join(name="New"), on="new", expected_versions=(0,))


def test_an_act_of_tomorrow_is_refused(tenant: Tenant, clock: Clock) -> None:
    with pytest.raises(InTheFuture):
        tenant.handle("ana", capacity(30), on="ana", at=clock.now + timedelta(days=1))


def test_recorded_at_never_falls_when_the_clock_does(ledger: Ledger, tenant: Tenant, clock: Clock) -> None:
    tenant.handle("ana", capacity(30), on="ana")
    clock.now -= timedelta(hours=5)

    tenant.handle("ana", capacity(20), on="ana")

    events = ledger.read_log(0, 1000)
    assert sorted(e.recorded_at for e in events) == [e.recorded_at for e in events]
    assert all(e.occurred_at <= e.recorded_at for e in events)


def test_positions_are_gapless_for_the_log_and_for_each_organisation(ledger: Ledger, clock: Clock) -> None:
    one, other = Tenant.create(ledger, clock), Tenant.create(ledger, clock)
    one.offer("ship")
    other.offer("ship")
    one.handle("ana", capacity(30), on="ana")

    assert list(range(1, ledger.count() + 1)) == [e.log_position for e in ledger.read_log(0, 1000)]
    for tenant in (one, other):
        positions = [e.position for e in ledger.read_feed(tenant.id, 0, 1000)]
        assert list(range(1, ledger.position(tenant.id) + 1)) == positions


def test_another_organisations_stream_is_not_there(ledger: Ledger, clock: Clock) -> None:
    mine, theirs = Tenant.create(ledger, clock), Tenant.create(ledger, clock)
    theirs.offer("ship")
    goal = theirs.id_of("ship", "goal")

    assert ledger.load(mine.id, "goal", goal) is None
    assert [] == ledger.events(mine.id, goal)
    assert [] == ledger.read_feed(mine.id, 0, 100, subject=goal)
    assert all(e.organisation_id == mine.id for e in ledger.read_feed(mine.id, 0, 100))
    head = ledger.head()
    for act in (acts.CheckIn(note="hello"), acts.Withdraw(reason=WHY)):
        with pytest.raises(NotFound):
            mine.handle("ana", act, on=goal)
    with pytest.raises(NotFound):
        mine.handle("stella", member.Join(name="Stolen"), on=theirs.id_of("ana"))
    with pytest.raises(NotFound):
        ledger.run_timers(mine.id, goal)
    assert head == ledger.head()


def test_a_stream_of_another_kind_is_not_there(ledger: Ledger, tenant: Tenant) -> None:
    tenant.offer("ship")

    assert ledger.load(tenant.id, "member", tenant.id_of("ship", "goal")) is None
    with pytest.raises(NotFound):
        tenant.handle("stella", member.Join(name="Goal"), on=tenant.id_of("ship", "goal"))
    with pytest.raises(NotFound):
        tenant.handle("stella", organisation.Create(name="Twice"), on=tenant.id_of("elsewhere"))


def test_what_was_known_and_what_held_are_two_questions(ledger: Ledger, tenant: Tenant, clock: Clock) -> None:
    goal = tenant.promise("ship")
    clock.now += timedelta(days=9)
    tenant.handle("ana", acts.CheckIn(progress="0.5"), on="ship")
    before = clock.now
    clock.now += timedelta(days=1)
    tenant.handle("ana", acts.CheckIn(progress="0.2"), on="ship", at=BEGINNING + timedelta(days=4))

    def progress(**when: datetime) -> str:
        state = ledger.load(tenant.id, "goal", goal, **when)
        assert isinstance(state, Promised)
        return state.progress

    assert "0.5" == progress()
    assert "0.2" == progress(as_of=BEGINNING + timedelta(days=5))
    assert "0" == progress(as_of=BEGINNING + timedelta(days=5), recorded_as_of=before)
    assert ledger.load(tenant.id, "goal", goal, as_of=BEGINNING - timedelta(days=1)) is None


def test_timers_run_before_the_act_and_at_their_own_time(ledger: Ledger, tenant: Tenant, clock: Clock) -> None:
    tenant.promise("ship", due=date(2026, 1, 16))
    clock.now = datetime(2026, 2, 2, 9, tzinfo=UTC)

    receipt = tenant.handle("ana", acts.CheckIn(note="late, but here"), on="ship")

    lapsed, checked_in = ledger.events(tenant.id, tenant.id_of("ship", "goal"))[-2:]
    assert ("goal.lapsed.v1", Source.TIMER, None) == (lapsed.type, lapsed.source, lapsed.actor)
    assert datetime(2026, 1, 20, tzinfo=UTC) == lapsed.occurred_at
    assert [checked_in.event_id] == receipt.event_ids
    assert "lapsed" == receipt.state.state


def test_the_sweep_records_what_is_due_once(ledger: Ledger, tenant: Tenant, clock: Clock) -> None:
    goal = tenant.promise("ship", due=date(2026, 1, 9))
    clock.now = datetime(2026, 2, 2, 9, tzinfo=UTC)
    assert [(tenant.id, goal)] == ledger.find_streams_with_due_timers(clock.now, 10)

    first, second = ledger.run_timers(tenant.id, goal), ledger.run_timers(tenant.id, goal)

    assert first is not None
    assert second is None
    assert ["goal.lapsed.v1"] == [e.type for e in ledger.events(tenant.id, goal) if e.source is Source.TIMER]
    assert [] == ledger.find_streams_with_due_timers(clock.now, 10)


def test_a_goal_with_nothing_due_is_looked_at_again_later(ledger: Ledger, tenant: Tenant, clock: Clock) -> None:
    goal = tenant.promise("ship")
    clock.now += timedelta(hours=1)
    assert [(tenant.id, goal)] == ledger.find_streams_with_due_timers(clock.now, 10)

    assert ledger.run_timers(tenant.id, goal) is None

    assert [] == ledger.find_streams_with_due_timers(clock.now, 10)
    assert [(tenant.id, goal)] == ledger.find_streams_with_due_timers(clock.now + timedelta(days=1, hours=1), 10)


def test_a_word_between_two_reminders_costs_no_look_and_one_after_a_reminder_winds_the_clock_up(
    ledger: Ledger, tenant: Tenant, clock: Clock
) -> None:
    goal = tenant.promise("ship", due=date(2026, 6, 1))
    clock.now += timedelta(hours=1)
    ledger.run_timers(tenant.id, goal)

    tenant.handle("ana", acts.CheckIn(note="on the way"), on="ship")

    assert [] == ledger.find_streams_with_due_timers(clock.now, 10)

    clock.now += timedelta(days=16)
    reminded = ledger.run_timers(tenant.id, goal)
    assert reminded is not None
    assert ["goal.check_in_due.v1"] == [e.type for e in ledger.events(tenant.id, goal) if e.source is Source.TIMER]

    tenant.handle("ana", acts.CheckIn(note="still on the way"), on="ship")

    assert [(tenant.id, goal)] == ledger.find_streams_with_due_timers(clock.now, 10)
    clock.now += timedelta(days=16)
    ledger.run_timers(tenant.id, goal)
    assert 2 == [e.type for e in ledger.events(tenant.id, goal)].count("goal.check_in_due.v1")


def test_a_word_learnt_late_after_a_reminder_that_came_too_late_is_swept_before_its_own_is_too_late(
    ledger: Ledger, tenant: Tenant, clock: Clock
) -> None:
    goal = tenant.promise("ship", due=date(2026, 6, 1))
    # The cadence was over on 01-20 at 00:00; by 02-03 nobody is reminded of it any more.
    clock.now = datetime(2026, 2, 3, 9, tzinfo=UTC)
    assert ledger.run_timers(tenant.id, goal) is None

    # The cadence of this one was over on 01-21 at 00:00; it is reminded of until 02-04 at 00:00.
    tenant.handle("ana", acts.CheckIn(note="on the way"), on="ship", at=datetime(2026, 1, 6, 9, tzinfo=UTC))

    assert [(tenant.id, goal)] == ledger.find_streams_with_due_timers(clock.now, 10)
    ledger.run_timers(tenant.id, goal)
    reminders = [e for e in ledger.events(tenant.id, goal) if e.source is Source.TIMER]
    assert [("goal.check_in_due.v1", datetime(2026, 1, 21, tzinfo=UTC))] == [(e.type, e.occurred_at) for e in reminders]


def test_a_batch_leaves_nothing_for_the_collector(ledger: Ledger, tenant: Tenant) -> None:
    def turns() -> int:
        return sum(isinstance(found, UnitOfWork) for found in gc.get_objects())

    tenant.promise("ship")
    gc.collect()
    gc.disable()
    try:
        before = turns()
        for number in range(20):
            tenant.handle("ana", acts.CheckIn(note=f"word {number}"), on="ship")
        left = turns() - before
    finally:
        gc.enable()

    # The last one may still be on its way out.
    assert left <= 1


def test_a_preview_says_what_would_be_and_records_nothing(ledger: Ledger, tenant: Tenant) -> None:
    head = ledger.head()
    command = tenant.command("ana", capacity(12), on="ana")

    preview = ledger.preview(command)

    assert (head, head) == (ledger.head(), ledger.count())
    assert ["CapacityDeclared"] == [type(fact.data).__name__ for fact in preview.facts]
    assert ledger.load(tenant.id, "member", tenant.id_of("ana")) == preview.before
    assert "12" == preview.after.capacities[-1].hours_per_week
    assert preview.after.capacities == ledger.handle(command).state.capacities


def test_a_promise_is_weighed_against_the_owners_latest_promises(ledger: Ledger, tenant: Tenant) -> None:
    tenant.promise("first", hours=300)

    goal = tenant.promise("second", hours=300)

    assert tenant.worst_ratio(goal) > 1.9 * tenant.worst_ratio(tenant.id_of("first", "goal"))


def test_what_another_process_recorded_is_seen_by_the_next_command(
    ledger: Ledger, tenant: Tenant, database_url: str, clock: Clock
) -> None:
    tenant.promise("first", hours=300)
    there = Ledger.open(database_url, clock=clock, new_id=ledger.new_id)
    elsewhere = Tenant(there, clock, tenant.id)
    for step in range(3):
        elsewhere.handle("ana", capacity(30 + step), on="ana")
        elsewhere.promise(f"there-{step}", hours=100)

        receipt = tenant.handle("ana", capacity(20 + step), on="ana")

        assert f"{20 + step}" == receipt.state.capacities[-1].hours_per_week
        assert receipt.version == len(ledger.events(tenant.id, tenant.id_of("ana")))
    goal = tenant.promise("last", hours=10)
    there.close()
    assert tenant.worst_ratio(goal) > 1


def test_the_feed_can_be_asked_for_types_and_for_one_stream(ledger: Ledger, tenant: Tenant) -> None:
    goal = tenant.promise("ship")

    offered = ledger.read_feed(tenant.id, 0, 100, types=["goal.offered.v1", "team.created.v1"])
    of_goal = ledger.read_feed(tenant.id, 0, 100, subject=goal)

    assert ["team.created.v1", "goal.offered.v1"] == [e.type for e in offered]
    assert ["goal.offered.v1", "goal.accepted.v1"] == [e.type for e in of_goal]
    assert [of_goal[1]] == ledger.read_feed(tenant.id, of_goal[0].position, 1, subject=goal)


def test_whole_streams_are_read_up_to_a_log_position(ledger: Ledger, tenant: Tenant) -> None:
    goal = tenant.promise("ship")
    head = ledger.head()
    tenant.handle("ana", acts.CheckIn(progress="0.5"), on="ship")

    streams = ledger.read_streams([goal, tenant.id_of("ana"), tenant.id_of("nobody")], head)

    assert {goal: 2, tenant.id_of("ana"): 1} == {stream: len(events) for stream, events in streams.items()}


def test_a_log_position_is_found_by_the_time_it_was_recorded_at(ledger: Ledger, tenant: Tenant, clock: Clock) -> None:
    before, head = clock.now, ledger.head()
    clock.now += timedelta(hours=1)
    tenant.handle("ana", capacity(30), on="ana")

    def known(instant: datetime) -> int:
        return ledger.last_known(tenant.id, 0, recorded_as_of=instant).log_position

    assert 0 == known(BEGINNING - timedelta(days=1))
    assert head == known(before + timedelta(minutes=30))
    assert head + 1 == known(clock.now)


def test_an_act_that_says_again_what_is_so_is_already_there(ledger: Ledger, tenant: Tenant, clock: Clock) -> None:
    at = BEGINNING - timedelta(days=30)
    first = tenant.handle("ana", capacity(30), on="ana", at=at, import_row="row-1")
    again = tenant.handle("ana", capacity(30), on="ana", at=at, import_row="row-1")

    assert (False, True) == (first.already, again.already)
    assert (first.version, first.log_position) == (again.version, ledger.head())


def test_personal_text_is_in_the_sealed_part_only(ledger: Ledger, tenant: Tenant) -> None:
    secret = "only between us"
    tenant.promise("ship")
    tenant.handle(
        "ana", acts.CheckIn(note=secret, ideas=[secret], blockers=[acts.BlockerInput(text=secret)]), on="ship"
    )
    head = ledger.head()

    with ledger.recorder.read() as session:
        ((stream_id, _, topic, state),) = session.query("read", after=head - 1, limit=1)

    raw = bytes(state).decode()
    header_and_data, _, sealed = raw.partition('"sealed"')
    assert (tenant.id_of("ship", "goal"), "goal.checked_in.v1") == (row_uuid(stream_id), topic)
    assert secret not in header_and_data
    assert 3 == sealed.count(secret)
    assert str(tenant.id_of("ana")) in sealed
    assert secret == ledger.read_log(head - 1, 1)[0].data.note  # type: ignore[attr-defined]  # a check-in
    reason = ledger.events(tenant.id, tenant.id_of("ship", "goal"))[0].reason
    assert WHY == reason


def test_every_refusal_of_many_leaves_the_log_whole(ledger: Ledger, tenant: Tenant) -> None:
    refused = 0
    for hours in (30, 999, 20, 500, 10):
        try:
            tenant.handle("ana", capacity(hours), on="ana")
        except Refusal:
            refused += 1

    assert 2 == refused
    assert ledger.head() == ledger.count() == ledger.read_log(0, 1000)[-1].log_position
    assert list(range(1, 5)) == [e.version for e in ledger.events(tenant.id, tenant.id_of("ana"))]
