"""Which log it is that a position is of, and which deployment it is that an organisation's id is of."""

from __future__ import annotations

from pathlib import Path

import pytest
from litestar.testing import TestClient

from domain.errors import AlreadyExists
from domain.references import derive_organisation_id
from services.api.app import create_app
from services.organisations import create_organisation, find_organisation_id
from services.runtime import Runtime, migrate
from services.settings import Settings
from tests.conftest import copy_sqlite


def pull(settings: Settings, key: str, query: str) -> tuple[int, dict[str, str], object]:
    """Status, headers and body of a pull of the feed by a server that begins now."""
    with Runtime.open(settings) as runtime, TestClient(create_app(runtime)) as client:
        response = client.get(f"/v1/events{query}", headers={"Authorization": f"Bearer {key}"})
        return response.status_code, dict(response.headers), response.json()


def test_a_position_of_before_a_restore_is_refused_though_the_log_has_grown_past_it(database_url: str) -> None:
    # given a follower of the feed
    settings = Settings(database_url=database_url)
    with Runtime.open(settings) as runtime:
        key = create_organisation(runtime, "acme", steward="stella").api_key
    _, headers, events = pull(settings, key, "?after=0")
    epoch, position = headers["plimsoll-epoch"], headers["plimsoll-position"]
    assert isinstance(events, list)
    assert {epoch} == {event["epoch"] for event in events}
    assert f"epoch={epoch}" in headers["link"]
    assert 200 == pull(settings, key, f"?after={position}&epoch={epoch}")[0]

    # when the database is said to be a restored copy
    assert migrate(settings, restored=True).restored
    assert not migrate(settings).restored

    # then
    status, _, problem = pull(settings, key, f"?after=1&epoch={epoch}")
    assert isinstance(problem, dict)
    assert (410, "epoch_changed") == (status, problem["code"])
    (current,) = problem["allowed"]
    assert current != epoch
    assert 200 == pull(settings, key, f"?after=0&epoch={current}")[0]
    assert 200 == pull(settings, key, "?after=1")[0]
    assert 422 == pull(settings, key, "?epoch=unknown")[0]


def test_a_copy_that_lost_its_views_or_is_behind_them_gets_an_epoch_by_itself(database_url: str) -> None:
    # given
    settings = Settings(database_url=database_url)
    epochs = []
    with Runtime.open(settings) as runtime:
        create_organisation(runtime, "acme", steward="stella")
        runtime.engine.catch_up()
        epochs.append(runtime.ledger.epoch)

    # when the views are ahead of the log, and when there are none
    for statement in ("UPDATE projection_checkpoints SET log_position = 99", "DELETE FROM projection_checkpoints"):
        with Runtime.open(settings) as runtime, runtime.database.transaction() as transaction:
            transaction.execute(statement)
        assert migrate(settings).restored
        with Runtime.open(settings) as runtime:
            epochs.append(runtime.ledger.epoch)

    # then
    assert 3 == len(set(epochs))


def test_equal_names_have_ids_of_their_own_in_each_deployment(tmp_path: Path) -> None:
    ids = set()
    for name in ("staging", "production"):
        settings = Settings(database_url=f"sqlite:///{tmp_path / name}")
        migrate(settings)
        with Runtime.open(settings) as runtime:
            ids.add(create_organisation(runtime, "acme", steward="stella").organisation_id)
            assert find_organisation_id(runtime, " acme ") in ids
            with pytest.raises(AlreadyExists):
                create_organisation(runtime, "acme", steward="somebody else")

    assert 2 == len(ids - {derive_organisation_id("acme")})


def test_an_organisation_that_exists_under_its_former_id_keeps_it(sqlite_template: Path, tmp_path: Path) -> None:
    # given a store in which names became ids as they did before
    copy_sqlite(sqlite_template, tmp_path / "old.db")
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'old.db'}")
    with Runtime.open(settings) as runtime:
        former = create_organisation(runtime, "acme", steward="stella").organisation_id
        assert derive_organisation_id("acme") == former

        # when the deployment has a namespace of its own
        runtime.ledger._identity = ("0" * 32, runtime.ledger.epoch)

        # then
        assert former == find_organisation_id(runtime, "acme")
        assert former != find_organisation_id(runtime, "another")
        with pytest.raises(AlreadyExists):
            create_organisation(runtime, "acme", steward="somebody else")
