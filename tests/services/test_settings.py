from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from services import settings
from services.settings import ClientSettings, Settings, SettingsError

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_an_empty_environment_gives_the_embedded_defaults() -> None:
    found = Settings.from_environment({"PATH": "/bin", "PLIMSOLL_REDIS_URL": ""})

    assert Settings() == found
    assert found.is_embedded


def test_each_variable_sets_its_field() -> None:
    environment = {
        "PLIMSOLL_DATABASE_URL": "postgresql://host/db",
        "PLIMSOLL_REDIS_URL": "redis://host/1",
        "PLIMSOLL_PORT": "0",
        "PLIMSOLL_POSITION_WAIT_S": "0.25",
    }

    found = Settings.from_environment(environment)

    expected = Settings(database_url="postgresql://host/db", redis_url="redis://host/1", port=0, position_wait_s=0.25)
    assert expected == found
    assert not found.is_embedded


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLIMSOLL_PORT", "65536"),
        ("PLIMSOLL_PORT", "http"),
        ("PLIMSOLL_DATABASE_URL", "mysql://host/db"),
        ("PLIMSOLL_REDIS_URL", "localhost:6379"),
        ("PLIMSOLL_LOG_FORMAT", "xml"),
        ("PLIMSOLL_WORKER_THREADS", "0"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({name: value})


def test_a_misspelt_variable_is_refused_and_not_ignored() -> None:
    with pytest.raises(SettingsError, match="PLIMSOLL_DATABSE_URL is not a setting"):
        Settings.from_environment({"PLIMSOLL_DATABSE_URL": "sqlite:///x"})


def test_the_page_of_settings_lists_every_one_with_its_default() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `PLIMSOLL_")]

    described = [*settings.describe_settings(), *settings.describe_settings(ClientSettings)]
    assert [settings.to_table_row(*entry) for entry in described] == rows


def test_a_person_and_a_server_may_share_an_environment() -> None:
    both = {"PLIMSOLL_PORT": "9000", "PLIMSOLL_URL": "https://host/plimsoll", "PLIMSOLL_KEY": "plim_0123"}

    assert Settings(port=9000) == Settings.from_environment(both)
    assert ClientSettings(url="https://host/plimsoll", key="plim_0123") == ClientSettings.from_environment(both)
    with pytest.raises(SettingsError, match="PLIMSOLL_KEYS is not a setting"):
        ClientSettings.from_environment({"PLIMSOLL_KEYS": "plim_0123"})


def test_a_value_that_has_no_such_form_is_told_the_form_in_words() -> None:
    for name, form in (("PLIMSOLL_DATABASE_URL", "sqlite:///PATH"), ("PLIMSOLL_REDIS_URL", "redis://")):
        with pytest.raises(SettingsError, match=form):
            Settings.from_environment({name: "x"})


@pytest.mark.parametrize("group", [Settings, ClientSettings])
def test_every_pattern_is_said_in_words(group: type[Settings | ClientSettings]) -> None:
    properties = msgspec.json.schema(group)["$defs"][group.__name__]["properties"]
    with_pattern = [name for name, schema in properties.items() if '"pattern"' in msgspec.json.encode(schema).decode()]

    assert [] == [name for name in with_pattern if name not in settings._FORMS]


def test_each_secret_can_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss/w:rd%\n")
    (tmp_path / "redis").write_text("redis://host/3\n")
    environment = {
        "PLIMSOLL_DATABASE_URL": "postgresql://plimsoll_write@host:5433/db?sslmode=require",
        "PLIMSOLL_DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
        "PLIMSOLL_REDIS_URL_FILE": str(tmp_path / "redis"),
        "PLIMSOLL_REDIS_PASSWORD": "other",
    }

    found = Settings.from_environment(environment)

    assert "postgresql://plimsoll_write:p%40ss%2Fw%3Ard%25@host:5433/db?sslmode=require" == found.database_url
    assert "redis://:other@host/3" == found.redis_url
    assert "" == found.database_password


def test_every_url_and_password_counts_as_a_secret() -> None:
    named = {name for name in Settings.__struct_fields__ if name.endswith(("_url", "password", "secret", "token"))}

    assert named - {"public_url"} == set(settings.SECRET_FIELDS)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"PLIMSOLL_REDIS_URL_FILE": "/nowhere/at/all"}, r"PLIMSOLL_REDIS_URL_FILE: /nowhere/at/all cannot be read"),
        ({"PLIMSOLL_PORT_FILE": "/etc/hostname"}, "PLIMSOLL_PORT_FILE is not a setting"),
        ({"PLIMSOLL_REDIS_URL": "redis://a", "PLIMSOLL_REDIS_URL_FILE": "/b"}, "PLIMSOLL_REDIS_URL: given twice"),
        ({"PLIMSOLL_DATABASE_PASSWORD": "x"}, "PLIMSOLL_DATABASE_PASSWORD: PLIMSOLL_DATABASE_URL names no host"),
        ({"PLIMSOLL_VIEWS_DATABASE_URL": "postgresql://h/d"}, "PLIMSOLL_VIEWS_DATABASE_URL: the views of a SQLite"),
    ],
)
def test_a_secret_that_cannot_be_is_refused_by_name(environment: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Settings.from_environment(environment)


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")

    with pytest.raises(SettingsError, match=r"PLIMSOLL_DATABASE_PASSWORD_FILE: .* holds 1 to 10000 bytes"):
        Settings.from_environment({"PLIMSOLL_DATABASE_PASSWORD_FILE": str(tmp_path / "empty")})
