"""Two organisations never see each other, and the test that says so is seen to fail when a predicate is missing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.storage import protocol as storage_protocol
from ledger.storage import sqlite_statements
from projections import as_of
from projections.database import sql
from projections.database.database import named_statements
from tests.api.app_under_test import ApiApp
from tests.api.route_walk import SECRET, TenantSecrets, create_secrets, generate_requests, load_document, walk_routes


@pytest.fixture
def secrets(app: ApiApp) -> TenantSecrets:
    return create_secrets(app)


@pytest.mark.parametrize("person", ["stella", "aud", "ana", "bot"])
def test_no_route_tells_one_organisation_about_another(app: ApiApp, secrets: TenantSecrets, person: str) -> None:
    assert [] == list(walk_routes(app, secrets, person))


def test_the_walk_knows_every_route_and_its_bodies_are_taken(app: ApiApp, secrets: TenantSecrets) -> None:
    # given the same walk by the owners of what is hidden
    document = load_document(app)
    walked = {(method, path.partition("?")[0]) for method, path, _ in generate_requests(document, secrets)}
    operations = sum(len(methods) for methods in document["paths"].values())

    # then each operation is there, and no body is refused for its shape, which would hide everything behind it
    assert operations <= len(walked)
    stella = app.as_member("stella", "rival")
    refused = [
        (method, path, response.json()["errors"])
        for method, path, how in generate_requests(document, secrets)
        if "json" in how
        and (response := stella.request(method, path, **how)).status_code == 422
        and any(
            error["detail"].startswith(("Expected", "Object", "Invalid")) for error in response.json().get("errors", ())
        )
    ]
    assert [] == refused


#: Where a predicate stands -> the name of its statement.
PREDICATES = [
    ("lens", "every question about versions"),
    ("people", "members"),
    ("people", "member"),
    ("people", "teams_and_leads"),
    ("people", "team"),
    ("charters", "charters"),
    ("cycles", "cycles"),
    ("ledger", "feed"),
    ("ledger", "stream"),
    ("ledger", "keys"),
]
BOUND = "organisation_id = :organisation_id"


@pytest.fixture
def missing_predicate(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One organisation predicate is missing from one statement."""
    room, name = request.param
    if room == "lens":
        for module, constant in ((as_of, "BITEMPORAL_PREDICATE"), (sql, "BEGUN")):
            assert BOUND in getattr(module, constant)
            monkeypatch.setattr(module, constant, getattr(module, constant).replace(BOUND, "1 = 1"))
        yield
        return
    texts = storage_protocol.load_queries() if room == "ledger" else named_statements(room)
    assert BOUND in texts[name]
    monkeypatch.setitem(texts, name, texts[name].replace(BOUND, "1 = 1"))
    sqlite_statements.query_sql.cache_clear()
    yield
    monkeypatch.undo()
    sqlite_statements.query_sql.cache_clear()


@pytest.mark.parametrize(
    "missing_predicate", PREDICATES, indirect=True, ids=[f"{room}: {name}" for room, name in PREDICATES]
)
def test_the_walk_fails_when_a_predicate_is_forgotten(
    app: ApiApp, secrets: TenantSecrets, missing_predicate: None
) -> None:
    assert next(walk_routes(app, secrets), None), f"a statement without its organisation showed nothing of {SECRET}"
