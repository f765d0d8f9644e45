"""Served applications, each on its own copy of a seeded store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.api.app_under_test import ApiApp, write_template
from tests.api.real_server import serve_organisation

Keys = dict[str, dict[str, str]]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Keys]:
    """The seeded store, written once, and everybody's key."""
    home = tmp_path_factory.mktemp("template")
    keys = write_template(home)
    return home / "template.db", keys


@pytest.fixture(scope="module")
def shared_app(template: tuple[Path, Keys], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiApp]:
    """One served store for a module whose tests only ever add to it."""
    with ApiApp(template[0], tmp_path_factory.mktemp("shared"), template[1]) as app:
        yield app


@pytest.fixture
def serve_app(template: tuple[Path, Keys], tmp_path: Path) -> Iterator[Callable[..., ApiApp]]:
    """Serve the seeded store with settings of the test's own."""
    with ExitStack() as apps:

        def serve(**settings: Any) -> ApiApp:
            return apps.enter_context(ApiApp(template[0], tmp_path, template[1], **settings))

        yield serve


@pytest.fixture
def app(serve_app: Callable[..., ApiApp]) -> ApiApp:
    """The seeded store, served."""
    return serve_app()


@pytest.fixture
def url(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Where a freshly founded organisation is served by a real server, and its steward's key."""
    with serve_organisation(tmp_path) as served:
        yield served
