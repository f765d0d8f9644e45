"""The dbt package says what the registry of marts says, and each model says what it answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from domain.policy import Policy
from projections.marts.registry import MARTS
from projections.privacy import MIN_GROUP_SIZE
from tests.contracts.dbt_sources import STAGING, render_files
from tests.dbt.conftest import ANSWERS, MODELS, PACKAGE


def read_macro(name: str, file: str) -> str:
    text = (PACKAGE / "macros" / file).read_text()
    found = re.search(rf"macro {name}\(\) %}}\s*{{{{ return\((.*?)\) }}}}", text)
    assert found is not None
    return found[1]


def read_models() -> dict[str, dict[str, Any]]:
    return {model["name"]: model for model in yaml.safe_load((ANSWERS / "_answers.yml").read_text())["models"]}


def test_sources_and_staging_are_those_of_the_registry() -> None:
    committed = {path.name: path.read_text() for path in STAGING.iterdir()}

    assert render_files() == committed, "python -m tests.contracts write"


def test_the_sources_describe_every_column_and_say_how_fresh_they_are() -> None:
    [source] = yaml.safe_load((STAGING / "_sources.yml").read_text())["sources"]

    columns = {table["name"]: {c["name"]: c["description"] for c in table["columns"]} for table in source["tables"]}

    assert list(MARTS) == list(columns)
    for name, mart in MARTS.items():
        expected = [column.name for column in mart.columns if column.name != "deleted"]
        assert expected == list(columns[name])
        assert all(mart.find_column(each).comment in words for each, words in columns[name].items())
    fresh = {table["name"] for table in source["tables"] if "config" in table}
    assert {"fact_check_in", "fact_goal_event"} == fresh


def test_every_model_is_described_with_tests_and_used() -> None:
    exposures = yaml.safe_load((ANSWERS / "_exposures.yml").read_text())["exposures"]
    used = {re.findall(r"\w+", ref)[1] for exposure in exposures for ref in exposure["depends_on"]}

    assert set(MODELS) == set(read_models()) == used
    for model in read_models().values():
        assert model["description"]
        assert any("has_key" in test for test in model["data_tests"])
        assert all(column["description"].endswith(".") for column in model["columns"])
        assert "withheld_by" == model["columns"][-1]["name"]


def test_a_group_is_as_large_as_for_the_reports() -> None:
    assert MIN_GROUP_SIZE == int(read_macro("min_group_size", "privacy.sql"))


def test_dials_that_were_never_set_have_the_policys_defaults() -> None:
    defaults: dict[str, int] = yaml.safe_load(read_macro("default_dials", "policy.sql"))

    assert {name: getattr(Policy(), name) for name in defaults} == defaults


@pytest.mark.parametrize("model", MODELS)
def test_a_model_says_in_its_first_line_what_it_answers(model: str) -> None:
    assert (ANSWERS / f"{model}.sql").read_text().startswith("-- ")
