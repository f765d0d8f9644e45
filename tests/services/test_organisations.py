from __future__ import annotations

import msgspec
import pytest

from domain.errors import AlreadyExists
from domain.member.member import Member, Role
from domain.references import derive_organisation_id
from projections.people import list_organisations
from services.commands.store import find_organisation
from services.imports.importer import import_lines
from services.organisations import create_organisation
from services.runtime import Runtime
from services.settings import Settings
from tests.services.conftest import Installation


def test_a_founded_organisation_has_a_steward_with_a_key(installation: Installation) -> None:
    founded = installation.founded

    steward = installation.runtime.ledger.load(founded.organisation_id, "member", founded.steward_id)

    assert isinstance(steward, Member)
    assert (True, (Role.STEWARD,)) == (steward.is_present, steward.roles)
    assert founded.steward_id == installation.principal.member_id
    assert {"read", "act", "import", "admin"} == installation.principal.scopes


def test_a_name_stands_for_one_organisation(sqlite_installation: Installation) -> None:
    assert (
        derive_organisation_id("default")
        == derive_organisation_id(" default ")
        == sqlite_installation.founded.organisation_id
    )
    assert (
        derive_organisation_id(str(sqlite_installation.founded.organisation_id))
        == sqlite_installation.founded.organisation_id
    )
    with pytest.raises(AlreadyExists):
        create_organisation(sqlite_installation.runtime, "default", steward="somebody else")


def test_founding_that_was_cut_short_is_finished_by_calling_again(
    sqlite_installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> str:
        raise OSError("the machine went down")

    with monkeypatch.context() as patch:
        patch.setattr(sqlite_installation.runtime.keys, "create", crash)
        with pytest.raises(OSError, match="went down"):
            create_organisation(sqlite_installation.runtime, "second", steward="ada")
    before = sqlite_installation.runtime.ledger.count()

    founded = create_organisation(sqlite_installation.runtime, "second", steward="ada")

    # The fact of the key, which is recorded before there is one.
    assert before + 1 == sqlite_installation.runtime.ledger.count()
    assert (
        sqlite_installation.runtime.keys.authenticate(founded.api_key, sqlite_installation.runtime.clock()) is not None
    )


def test_an_organisation_with_a_policy_older_than_its_founding_is_one_organisation(database_url: str) -> None:
    with Runtime.open(Settings(database_url=database_url)) as runtime:
        # given an organisation founded today, and a policy of last year that an import brought
        founded = create_organisation(runtime, "harbour", steward="steward")
        principal = runtime.keys.authenticate(founded.api_key, runtime.clock())
        assert principal is not None
        row = {"at": "2025-03-01T09:00:00Z", "by": "steward", "do": "organisation.policy", "policy": {"wip_limit": 4}}
        lines = [msgspec.json.encode(row)]
        assert 1 == import_lines(runtime, founded.organisation_id, lines, principal=principal).accepted

        # then it is the only one, whatever it was called before, and is found by its name of today
        organisation = founded.organisation_id
        renamed = {"at": "2026-01-05T09:00:00Z", "by": "steward", "do": "organisation.rename", "name": "old"}
        assert 1 == import_lines(runtime, organisation, [msgspec.json.encode(renamed)], principal=principal).accepted
        assert founded.organisation_id == find_organisation(runtime, "harbour")
        assert founded.organisation_id == find_organisation(runtime, None)
        assert [(founded.organisation_id, "harbour")] == list_organisations(runtime.database, 20)
