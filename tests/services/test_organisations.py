from __future__ import annotations

import pytest

from domain.errors import AlreadyExists
from domain.member import Member, Role
from services.organisations import found, organisation_id
from tests.services.conftest import Office


def test_a_founded_organisation_has_a_steward_with_a_key(office: Office) -> None:
    founded = office.founded

    steward = office.runtime.ledger.load(founded.organisation_id, "member", founded.steward_id)

    assert isinstance(steward, Member)
    assert (True, (Role.STEWARD,)) == (steward.present, steward.roles)
    assert founded.steward_id == office.principal.member_id
    assert {"read", "act", "import", "admin"} == office.principal.scopes


def test_a_name_stands_for_one_organisation(desk: Office) -> None:
    assert organisation_id("default") == organisation_id(" default ") == desk.founded.organisation_id
    assert organisation_id(str(desk.founded.organisation_id)) == desk.founded.organisation_id
    with pytest.raises(AlreadyExists):
        found(desk.runtime, "default", steward="somebody else")


def test_founding_that_was_cut_short_is_finished_by_calling_again(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> str:
        raise OSError("the machine went down")

    with monkeypatch.context() as patch:
        patch.setattr(desk.runtime.keys, "create", crash)
        with pytest.raises(OSError, match="went down"):
            found(desk.runtime, "second", steward="ada")
    before = desk.runtime.ledger.count()

    founded = found(desk.runtime, "second", steward="ada")

    assert before == desk.runtime.ledger.count()
    assert desk.runtime.keys.authenticate(founded.api_key, desk.runtime.clock()) is not None
