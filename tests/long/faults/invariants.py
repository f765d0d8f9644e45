"""What has to be true after every bad day: all that was acknowledged is there, once, where it was said to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import psycopg

from tests.long.faults.deployed_service import DeployedService, wait_until_caught_up
from tests.long.faults.load_clients import Attempt, FeedReader, RetryingClient


def list_attempts(sailors: Iterable[RetryingClient]) -> list[Attempt]:
    """All that all of them were told, in the order of its end."""
    return sorted((each for sailor in sailors for each in sailor.log), key=lambda each: each.ended_at)


def find_key(event: dict[str, Any]) -> str | None:
    """The idempotency key of the command behind an event: its clients wrote it into what they said."""
    data = event["data"]
    key = data.get("note") or data.get("name")
    return str(key) if key else None


def assert_no_loss_no_duplicate(sailors: list[RetryingClient], tail: FeedReader) -> None:
    """Each key that was acknowledged has one event, at the position that its client was told; none has two."""
    told = list_attempts(sailors)
    at = {find_key(event): int(event["sequence"]) for event in tail.seen}
    counted = Counter(find_key(event) for event in tail.seen)
    keys = {each.key for each in told}
    acknowledged = {each.key: each.position for each in told if each.is_acknowledged}

    assert [] == tail.faults
    assert {} == {key: count for key, count in counted.items() if key in keys and count > 1}
    assert {} == {key: position for key, position in acknowledged.items() if at.get(key) != position}
    # Every client insisted: what it began it was told the end of.
    assert set() == keys - acknowledged.keys()


def read_event_rows(database_url: str, organisation: str) -> list[tuple[int, str, int]]:
    """Position, stream and version of each of an organisation's events, as the table has them."""
    with psycopg.connect(database_url) as session:
        gapless = session.execute(
            "SELECT count(*), coalesce(max(notification_id), 0), (SELECT log_position FROM ledger_head)"
            " FROM stored_events"
        ).fetchone()
        assert gapless is not None
        assert 1 == len(set(gapless)), gapless
        times = session.execute("SELECT recorded_at FROM stored_events ORDER BY notification_id").fetchall()
        assert times == sorted(times)
        rows = session.execute(
            "SELECT position, originator_id::text, originator_version FROM stored_events"
            " WHERE organisation_id = %s ORDER BY position",
            [organisation],
        ).fetchall()
    return [(position, stream, version) for position, stream, version in rows]


def list_feed_rows(tail: FeedReader) -> list[tuple[int, str, int]]:
    """The same, as the reader of the feed saw it."""
    return [(int(e["sequence"]), e["subject"].partition("/")[2], e["streamversion"]) for e in tail.seen]


def find_organisation(tail: FeedReader) -> str:
    return str(tail.seen[0]["source"]).rpartition("/")[2]


def assert_recovers(
    fleet: DeployedService, sailors: list[RetryingClient], tail: FeedReader, *, database_url: str | None = None
) -> float:
    """Everything at once, after the day is over; the seconds that the views took to catch up."""
    head = max(each.position for each in list_attempts(sailors))
    tail.finish(head)
    settled = wait_until_caught_up(fleet, 120)
    # A clock may have added something of its own behind the last command.
    tail.pull(timeout=0)
    assert_no_loss_no_duplicate(sailors, tail)
    if database_url is not None:
        assert read_event_rows(database_url, find_organisation(tail)) == list_feed_rows(tail)
    failed = [check for check in fleet.command("doctor") if not check["ok"]]
    assert [] == failed
    fleet.command("audit", "verify")
    fleet.command("projections", "verify")
    return settled


def compute_figures(sailors: list[RetryingClient]) -> dict[str, Any]:
    """What the clients saw, in numbers."""
    told = list_attempts(sailors)
    answered = [each.took for each in told if each.status]
    return {
        "commands": len({each.key for each in told}),
        "attempts": len(told),
        "acknowledged": len({each.key for each in told if each.is_acknowledged}),
        "replayed": sum(each.replayed for each in told),
        "answers": dict(Counter(f"{each.status} {each.code}".strip() for each in told)),
        "slowest answer, s": round(max(answered), 2),
    }
