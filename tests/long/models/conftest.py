"""The environment of dbt, as the models' own tests have it."""

from tests.dbt.conftest import dbt_home

__all__ = ["dbt_home"]
