"""A store from before references were composed: each stream is found by its own spelling and by the composed one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from unicodedata import normalize

import pytest

from domain import references
from domain.references import derive_organisation_id, resolve_stream_id
from ledger.storage.opening import open_migration_session
from services.imports.importer import ImportResult, import_lines
from services.organisations import create_organisation
from services.runtime import Runtime, migrate
from services.settings import Settings

ORGANISATION = normalize("NFD", "Früher & Söhne")
JUERGEN, ZOE, TEAM, GOAL = (normalize("NFD", ref) for ref in ("jürgen", "zoë", "köln", "übergabe"))
TERMS = {"outcome": "Done", "measure": {"kind": "binary"}, "conditions": ["It is done"], "due": "2026-03-27"}
WHY = {"code": "new_need", "text": "it is asked for"}


def row(do: str, by: str, **fields: Any) -> dict[str, Any]:
    return {"at": "2026-02-02T09:00:00Z", "by": by, "do": do, **fields}


HISTORY = [
    row("member.join", "steward", member=JUERGEN, name="J"),
    row("member.join", "steward", member=ZOE, name="Zoe apart"),
    row("member.join", "steward", member=normalize("NFC", ZOE), name="Zoe composed"),
    row("team.create", "steward", team=TEAM, name="Cologne", lead=JUERGEN),
    row("goal.offer", JUERGEN, goal=GOAL, title="G", sponsor=JUERGEN, team=TEAM, terms=TERMS, reason=WHY),
]


def import_rows(runtime: Runtime, key: str, rows: Iterable[dict[str, Any]]) -> ImportResult:
    principal = runtime.keys.authenticate(key, runtime.clock())
    assert principal is not None
    lines = [json.dumps(each).encode() for each in rows]
    return import_lines(runtime, principal.organisation_id, lines, principal=principal)


@pytest.fixture
def old_store(database_url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Settings, str]:
    """A store whose streams began under references as they were sent, and its steward's key."""
    settings = Settings(database_url=database_url)
    with monkeypatch.context() as before:
        before.setattr(references, "compose", lambda text: text)
        resolve_stream_id.cache_clear()
        with Runtime.open(settings) as runtime:
            key = create_organisation(runtime, ORGANISATION, steward="steward").api_key
            assert 5 == import_rows(runtime, key, HISTORY).accepted
    with open_migration_session(database_url) as session:
        session.execute("DROP TABLE ledger_former_ids")
        session.execute("DELETE FROM ledger_migrations WHERE number = 10")
    resolve_stream_id.cache_clear()
    migrate(settings)
    return settings, key


def test_what_began_under_another_spelling_is_found_by_every_spelling(old_store: tuple[Settings, str]) -> None:
    settings, key = old_store
    with Runtime.open(settings) as runtime:
        names = {derive_organisation_id(normalize(form, ORGANISATION)) for form in ("NFC", "NFD")}
        [tenant] = names

        def find(kind: str, ref: str) -> Any:
            return runtime.ledger.load(tenant, kind, resolve_stream_id(tenant, kind, ref))

        for form in ("NFC", "NFD"):
            assert "J" == find("member", normalize(form, JUERGEN)).name
            assert "Cologne" == find("team", normalize(form, TEAM)).name
            assert "G" == find("goal", normalize(form, GOAL)).title
        assert {"accepted": 0, "already": 5} == {
            name: getattr(import_rows(runtime, key, HISTORY), name) for name in ("accepted", "already")
        }


def test_two_who_print_alike_stay_two(old_store: tuple[Settings, str]) -> None:
    settings, _ = old_store
    with Runtime.open(settings) as runtime:
        tenant = derive_organisation_id(ORGANISATION)
        called = {
            form: runtime.ledger.load(tenant, "member", resolve_stream_id(tenant, "member", normalize(form, ZOE))).name
            for form in ("NFC", "NFD")
        }

    assert {"NFC": "Zoe composed", "NFD": "Zoe apart"} == called


def test_who_is_there_under_one_spelling_does_not_join_under_another(old_store: tuple[Settings, str]) -> None:
    settings, key = old_store
    again = [row("member.join", "steward", member=normalize("NFC", JUERGEN))]

    with Runtime.open(settings) as runtime:
        result = import_rows(runtime, key, again)

    assert ["already_exists"] == [error.code for error in result.errors]


def test_a_new_store_has_one_stream_for_all_spellings(database_url: str) -> None:
    with Runtime.open(Settings(database_url=database_url)) as runtime:
        key = create_organisation(runtime, "new", steward="steward").api_key
        result = import_rows(
            runtime,
            key,
            [
                row("member.join", "steward", member=normalize("NFC", JUERGEN)),
                row("team.create", "steward", team=TEAM, name="Cologne", lead=JUERGEN),
                row("member.join", "steward", member=JUERGEN),
            ],
        )

    assert [(3, "already_exists")] == [(error.line, error.code) for error in result.errors]
