"""The event sourcing library's own test cases, run on our recorders."""

from __future__ import annotations

import sys
from typing import cast
from uuid import uuid4

import pytest
from eventsourcing import cryptography
from eventsourcing.persistence import ApplicationRecorder, IntegrityError, StoredEvent

from ledger.storage.opening import open_recorder
from ledger.storage.protocol import LogStore

# The shipped cases import the cipher that needs another package; the library's own second one has the same name, and
# no recorder uses either.
sys.modules.setdefault("eventsourcing.cipher", cryptography)

from eventsourcing.tests import persistence as shipped  # noqa: E402  # after the line above


class _StoreTestCase:
    """Opens a recorder on the store that the fixture names."""

    fixture: str
    url: str
    stores: list[LogStore]

    @pytest.fixture(autouse=True)
    def _set_url(self, request: pytest.FixtureRequest) -> None:
        self.url = request.getfixturevalue(self.fixture)

    def setUp(self) -> None:
        self.stores = []

    def tearDown(self) -> None:
        for recorder in self.stores:
            recorder.close()

    def create_recorder(self) -> ApplicationRecorder:
        recorder = open_recorder(self.url)
        self.stores.append(recorder)
        return cast("ApplicationRecorder", recorder)


class TestSQLiteRecorder(_StoreTestCase, shipped.ApplicationRecorderTestCase[ApplicationRecorder]):
    fixture = "sqlite_url"


class TestPostgresRecorder(_StoreTestCase, shipped.ApplicationRecorderTestCase[ApplicationRecorder]):
    fixture = "postgres_url"


class TestSQLitePositionsDoNotInterleave(_StoreTestCase, shipped.NonInterleavingNotificationIDsBaseCase):
    fixture = "sqlite_url"


class TestPostgresPositionsDoNotInterleave(_StoreTestCase, shipped.NonInterleavingNotificationIDsBaseCase):
    fixture = "postgres_url"


def test_a_failed_insert_leaves_no_gap(database_url: str) -> None:
    recorder = cast("ApplicationRecorder", open_recorder(database_url))
    stream = uuid4()
    first = StoredEvent(stream, 1, "topic", b"state")
    recorder.insert_events([first])

    with pytest.raises(IntegrityError):
        recorder.insert_events([StoredEvent(uuid4(), 1, "topic", b"state"), first])

    after = recorder.insert_events([StoredEvent(stream, 2, "topic", b"state")])
    cast("LogStore", recorder).close()
    assert [2] == after
