"""What of compose.yaml, Dockerfile and the wheel can be proven without a container engine."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.settings import Settings, describe_settings

ROOT = Path(__file__).resolve().parent.parent
ROLES = ["api", "migrate", "scheduler", "worker"]
RUNS_TO_ITS_END = {"migrate"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    document = yaml.safe_load((ROOT / "compose.yaml").read_text())
    found: dict[str, Any] = document["services"]
    return found


def fill_in(value: str) -> str:
    """`value` as the engine would pass it on, where each `${NAME:?...}` is given as `secret`."""
    return re.sub(r"\$\{[A-Z_]+:\?[^}]*\}", "secret", value)


def test_the_deployment_has_every_role(services: dict[str, Any]) -> None:
    assert {*ROLES, "postgres", "redis"} == set(services)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_a_command_of_the_program(services: dict[str, Any], role: str) -> None:
    command = [sys.executable, "-c", "import sys; from services.cli import main; sys.exit(main())"]

    outcome = subprocess.run(
        [*command, *services[role]["command"], "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert 0 == outcome.returncode, outcome.stderr
    assert services[role]["command"][-1] in outcome.stdout


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_is_a_setting_and_takes_its_value(services: dict[str, Any], role: str) -> None:
    given = {name: fill_in(value) for name, value in services[role]["environment"].items()}

    assert set() == given.keys() - {variable for variable, _, _ in describe_settings()}
    settings = Settings.from_environment(given)
    assert "postgresql://plimsoll:secret@postgres:5432/plimsoll" == settings.database_url
    assert not settings.is_embedded


def test_whatever_keeps_running_has_a_health_check(services: dict[str, Any]) -> None:
    checked = {name for name, service in services.items() if service.get("healthcheck", {}).get("test")}

    assert set(services) - RUNS_TO_ITS_END == checked


def test_health_is_asked_where_the_role_answers(services: dict[str, Any]) -> None:
    assert f":{services['api']['environment']['PLIMSOLL_PORT']}/readyz" in services["api"]["healthcheck"]["test"][-1]
    for role in ("worker", "scheduler"):
        port = services[role]["environment"]["PLIMSOLL_WORKER_METRICS_PORT"]
        assert f":{port}/" in services[role]["healthcheck"]["test"][-1]


def test_nothing_starts_before_the_database_has_its_shape(services: dict[str, Any]) -> None:
    for role in set(ROLES) - RUNS_TO_ITS_END:
        assert {"condition": "service_completed_successfully"} == services[role]["depends_on"]["migrate"]
    assert {"condition": "service_healthy"} == services["migrate"]["depends_on"]["postgres"]


def test_no_secret_is_committed(services: dict[str, Any]) -> None:
    values = [value for service in services.values() for value in service.get("environment", {}).values()]
    passwords = [value for value in values if "PASSWORD" in value]

    assert 5 == len(passwords)
    assert all("${POSTGRES_PASSWORD:?" in value for value in passwords)


def test_the_manifests_on_the_page_run_commands_of_the_program_and_wait_for_their_end() -> None:
    page = (ROOT / "docs" / "running" / "kubernetes.md").read_text()
    manifests = list(yaml.safe_load_all(page.partition("```yaml\n")[2].partition("```")[0]))

    pods = [manifest["spec"]["template"]["spec"] for manifest in manifests]
    assert ["migrate", "serve", "worker"] == [pod["containers"][0]["args"][0] for pod in pods]
    for pod in pods[1:]:
        assert Settings().shutdown_seconds + 5 <= pod["terminationGracePeriodSeconds"]


def test_the_unit_on_the_page_waits_for_the_end_of_a_process() -> None:
    page = (ROOT / "docs" / "running" / "systemd.md").read_text()
    unit = configparser.ConfigParser()
    unit.read_string(page.partition("```ini\n")[2].partition("```")[0])

    assert Settings().shutdown_seconds + 5 <= unit.getint("Service", "TimeoutStopSec")


def test_images_are_named_without_digest(services: dict[str, Any]) -> None:
    dockerfile = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert not [image for image in [*dockerfile, *(s["image"] for s in services.values())] if "@" in image]


def test_the_image_does_not_run_as_root(services: dict[str, Any]) -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    last_stage = lines[max(n for n, line in enumerate(lines) if line.startswith("FROM ")) :]

    assert ["USER plimsoll"] == [line for line in last_stage if line.startswith("USER ")]
    assert not [name for name, service in services.items() if "user" in service]


def test_the_image_gets_every_file_it_copies() -> None:
    copied = [
        name
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for name in line.split()[1:-1]
    ]
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert set(copied) == let_through
    assert all((ROOT / name).exists() for name in copied)


def test_the_wheel_carries_every_file_of_the_rooms(tmp_path: Path) -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    rooms = config["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )

    [wheel] = tmp_path.glob("*.whl")
    files = {
        str(path.relative_to(ROOT))
        for room in rooms
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files == {name for name in zipfile.ZipFile(wheel).namelist() if name.split("/")[0] in rooms}
