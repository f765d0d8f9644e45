from __future__ import annotations

from pathlib import Path

import pytest

from services import settings
from services.settings import Settings, SettingsError

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

    assert [settings.to_table_row(*entry) for entry in settings.describe_settings()] == rows
