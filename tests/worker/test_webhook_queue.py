"""What may be sent next: of each subject in order, whatever fails meanwhile."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.worker.webhooks.queue import DeliveryQueue, OpenDelivery

START = datetime(2026, 3, 4, tzinfo=UTC)


def delivery(position: int, subject: str) -> OpenDelivery:
    return OpenDelivery(UUID(int=position), position, subject, opened_at=0.0)


@given(
    st.lists(st.sampled_from("abc"), max_size=30),
    st.booleans(),
    st.integers(0, 2**32),
    st.floats(0, 0.9),
    st.integers(1, 8),
)
def test_every_delivery_is_finished_once_and_a_subject_stays_in_order(
    subjects: list[str], strict: bool, seed: int, failing: float, at_a_time: int
) -> None:
    chance, now = random.Random(seed), START
    queue, waiting = DeliveryQueue(strict=strict), [delivery(n, s) for n, s in enumerate(subjects, 1)]
    under_way: list[OpenDelivery] = []
    finished: list[OpenDelivery] = []
    while waiting or queue.open:
        for each in waiting[: chance.randint(0, 5)]:
            queue.add(each)
            waiting.remove(each)
        queue.release_due(now)
        while len(under_way) < at_a_time and (taken := queue.take()) is not None:
            if strict:
                assert taken.subject not in {other.subject for other in under_way}
            under_way.append(taken)
        if under_way:
            done = under_way.pop(chance.randrange(len(under_way)))
            if chance.random() < failing:
                queue.retry(done, now + timedelta(seconds=chance.randint(1, 60)))
            else:
                queue.finish(done)
                finished.append(done)
        now += timedelta(seconds=1)

    assert sorted(range(1, len(subjects) + 1)) == sorted(each.position for each in finished)
    assert (0, 0, None) == (len(queue), queue.ready, queue.next_due())
    if strict:
        for subject in set(subjects):
            positions = [each.position for each in finished if each.subject == subject]
            assert positions == sorted(positions)


def test_a_target_that_is_back_is_sent_everything_at_once() -> None:
    queue = DeliveryQueue(strict=True)
    for position, subject in enumerate("ab", 1):
        queue.add(delivery(position, subject))
        taken = queue.take()
        assert taken is not None
        queue.retry(taken, START + timedelta(hours=position))

    queue.release_all(START)

    assert 2 == queue.ready
