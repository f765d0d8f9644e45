"""The OpenAPI document of the code, and a founded organisation with one team behind a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.api.app import encode_openapi_document
from tests.api.real_server import serve_organisation


@pytest.fixture(scope="session")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The OpenAPI document as a file."""
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_bytes(encode_openapi_document())
    return path


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Where an organisation with the team `core`, led by `stella`, is served, and her key."""
    with serve_organisation(tmp_path) as (url, key):
        headers = {"Authorization": f"Bearer {key}"}
        body = {"name": "Core", "lead": "stella", "ref": "core"}
        httpx.post(f"{url}/v1/teams", json=body, headers=headers).raise_for_status()
        yield url, key
