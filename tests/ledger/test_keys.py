"""API keys."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from domain.errors import InvalidField, NotFound
from ledger.api_keys import Keys, is_well_formed
from ledger.ledger import Ledger
from tests.ledger.tenant import Clock

ORGANISATION, MEMBER = uuid4(), uuid4()


@pytest.fixture
def keys(ledger: Ledger) -> Keys:
    return Keys(ledger)


def create_key(keys: Keys) -> str:
    return keys.create(ORGANISATION, MEMBER, {"read", "act"}, name="laptop")


def test_who_holds_a_key_is_known_by_it(keys: Keys, clock: Clock) -> None:
    text = create_key(keys)

    principal = keys.authenticate(text, clock())

    assert principal is not None
    assert (ORGANISATION, MEMBER, frozenset({"read", "act"})) == (
        principal.organisation_id,
        principal.member_id,
        principal.scopes,
    )
    assert [principal.key_id] == [record.key_id for record in keys.list(ORGANISATION)]


def test_the_key_itself_is_nowhere_in_the_store(keys: Keys, ledger: Ledger, clock: Clock) -> None:
    text = create_key(keys)
    keys.authenticate(text, clock())

    with ledger.recorder.read() as session:
        rows = session.query("keys", organisation_id=ORGANISATION, created_at=0, key_id=UUID(int=0), limit=10)

    assert text.startswith("plim_")
    assert text not in repr([tuple(row) for row in rows])


def test_two_keys_are_never_the_same(keys: Keys) -> None:
    assert 20 == len({create_key(keys) for _ in range(20)})


@pytest.mark.parametrize("spoil", ["", "plim_", "plim_" + "0" * 49, "Bearer x", "\u00e9" * 54])
def test_what_is_no_key_is_refused_without_asking_the_store(spoil: str) -> None:
    assert not is_well_formed(spoil)


def test_a_mistyped_key_is_refused_without_asking_the_store(keys: Keys, ledger: Ledger, clock: Clock) -> None:
    text = create_key(keys)
    ledger.close()

    for place in range(len(text)):
        wrong = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        assert keys.authenticate(wrong, clock()) is None
    assert keys.authenticate(text[:-1], clock()) is None


def test_a_well_formed_key_of_nobody_is_refused(keys: Keys, ledger: Ledger, clock: Clock) -> None:
    text = create_key(keys)
    with ledger.recorder.write() as session:
        session.run("revoke_key", organisation_id=ORGANISATION, key_id=keys.list(ORGANISATION)[0].key_id, at=1)

    assert keys.authenticate(text, clock()) is None


def test_a_key_ends(keys: Keys, clock: Clock) -> None:
    text = keys.create(ORGANISATION, MEMBER, ["read"], clock.now + timedelta(days=1))

    assert keys.authenticate(text, clock.now + timedelta(hours=23)) is not None
    assert keys.authenticate(text, clock.now + timedelta(days=1)) is None


def test_no_key_lives_longer_than_a_year(keys: Keys, clock: Clock) -> None:
    for expires_at in (clock.now + timedelta(days=366), clock.now, clock.now - timedelta(days=1)):
        with pytest.raises(InvalidField):
            keys.create(ORGANISATION, MEMBER, ["read"], expires_at)

    create_key(keys)
    assert clock.now + timedelta(days=365) == keys.list(ORGANISATION)[0].expires_at


@pytest.mark.parametrize("scopes", [[], ["everything"], ["read", "write"]])
def test_unknown_scopes_are_refused(keys: Keys, scopes: list[str]) -> None:
    with pytest.raises(InvalidField):
        keys.create(ORGANISATION, MEMBER, scopes)


def test_a_rotated_key_and_the_new_one_overlap(keys: Keys, clock: Clock) -> None:
    old = create_key(keys)
    key_id = keys.list(ORGANISATION)[0].key_id

    fresh = keys.rotate(key_id, timedelta(hours=1))

    for text in (old, fresh):
        principal = keys.authenticate(text, clock.now + timedelta(minutes=59))
        assert principal is not None
        assert (MEMBER, frozenset({"read", "act"})) == (principal.member_id, principal.scopes)
    assert keys.authenticate(old, clock.now + timedelta(hours=1)) is None
    assert keys.authenticate(fresh, clock.now + timedelta(days=364)) is not None


def test_an_overlap_does_not_lengthen_a_keys_life(keys: Keys, clock: Clock) -> None:
    text = keys.create(ORGANISATION, MEMBER, ["read"], clock.now + timedelta(hours=1))

    keys.rotate(keys.list(ORGANISATION)[0].key_id, timedelta(days=30))

    assert keys.authenticate(text, clock.now + timedelta(hours=1)) is None


def test_a_revoked_key_is_refused_at_once(keys: Keys, clock: Clock) -> None:
    text = create_key(keys)
    key_id = keys.list(ORGANISATION)[0].key_id

    keys.revoke(key_id)
    keys.revoke(key_id)

    assert keys.authenticate(text, clock()) is None
    with pytest.raises(NotFound):
        keys.rotate(key_id, timedelta(hours=1))


def test_another_organisations_key_is_not_there(keys: Keys, clock: Clock) -> None:
    text = create_key(keys)
    key_id, other = keys.list(ORGANISATION)[0].key_id, uuid4()

    assert [] == keys.list(other)
    with pytest.raises(NotFound):
        keys.revoke(key_id, organisation_id=other)
    with pytest.raises(NotFound):
        keys.rotate(key_id, timedelta(hours=1), organisation_id=other)
    assert keys.authenticate(text, clock()) is not None


def test_use_is_noted_once_a_minute(keys: Keys, clock: Clock) -> None:
    text, begin = create_key(keys), clock.now + timedelta(seconds=1)
    noted = []
    for seconds in (0, 30, 59, 61, 90, 130):
        keys.authenticate(text, begin + timedelta(seconds=seconds))
        noted.append(keys.list(ORGANISATION)[0].last_used_at)

    expected = [begin + timedelta(seconds=seconds) for seconds in (0, 0, 0, 61, 61, 130)]
    assert expected == noted
