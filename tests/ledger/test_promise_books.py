"""How full an owner's weeks are is kept as promises come and go, and is what a reader of the log finds anew."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any, cast

from domain.goal import acts
from domain.goal.events import ChangeAccepted, GoalAccepted
from domain.reasons import Reason, ReasonCode
from ledger.bulk.append import BulkLimits
from ledger.ledger import Ledger
from tests.ledger.tenant import WHY, Clock, Tenant
from tests.ledger.test_bulk import ImportRows, handle_all

#: More promises of one owner than are weighed anew for each decision.
PROMISES = 30


def import_promises(tenant: Tenant, ledger: Ledger) -> list[str]:
    """Live promises of ana's, and their references."""
    rows = ImportRows(tenant)
    with ledger.bulk(BulkLimits(cached_states=8)) as bulk:
        assert not [answer for answer in handle_all(bulk, rows.goals(PROMISES)) if isinstance(answer, str)]
        bulk.commit()
    return [f"file-goal-{number}" for number in range(PROMISES)]


def test_each_promise_is_weighed_as_a_reader_without_any_memory_weighs_it(
    ledger: Ledger, tenant: Tenant, clock: Clock
) -> None:
    # given
    chance, live, weighed = random.Random(5), import_promises(tenant, ledger), 0
    reason = Reason(code=ReasonCode.SCOPE_MISREAD, text="it is larger")

    for number in range(25):
        clock.now += timedelta(days=chance.choice([0, 0, 1]))
        goal, by, act = chance.choice(live), "ana", cast("Any", None)
        match chance.choice(["promise", "check in", "change", "withdraw"]):
            case "promise":
                goal = f"new-{number}"
                opened = tenant.offer(goal, hours=chance.randint(1, 40), due=date(2026, 4, 1))
                by, act = "sam", acts.Accept(answers=str(opened.event_ids[0]), reason=WHY)
                live.append(goal)
            case "check in":
                act = acts.CheckIn(progress=f"0.{chance.randint(3, 9)}")
            case "change":
                hours = acts.Changes(effort_hours=chance.randint(1, 60))
                opened = tenant.handle("ana", acts.ProposeChange(changes=hours, reason=reason), on=goal)
                by, act = "sam", acts.AcceptChange(answers=str(opened.event_ids[-1]))
            case _:
                live.remove(goal)
                act = acts.WithdrawPromise(reason=reason)
        command = tenant.command(by, act, on=goal)

        # when
        expected = [fact.data for fact in ledger.preview(command).facts]
        ledger.handle(command)

        # then
        recorded = [event.data for event in ledger.events(tenant.id, tenant.id_of(goal, "goal"))][-len(expected) :]
        for preview, data in zip(expected, recorded, strict=True):
            if isinstance(data, GoalAccepted | ChangeAccepted) and isinstance(preview, type(data)):
                assert preview.taken_as == data.taken_as
                weighed += 1
    assert weighed > 8
