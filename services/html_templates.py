"""Jinja's environment for a package's templates: the console's pages, and reports as pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


def create_environment(package: str, filters: Mapping[str, Callable[..., Any]]) -> Environment:
    """Every value is escaped, and a name without a value is an error. Jinja is imported here, so by no start."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= filters
    return environment
