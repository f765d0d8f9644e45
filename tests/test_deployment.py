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

from ledger.storage.access import DatabaseRole
from services.settings import Settings, describe_settings

ROOT = Path(__file__).resolve().parent.parent
ROLES = ["api", "migrate", "operator", "roles", "scheduler", "worker"]
RUNS_TO_ITS_END = {"migrate", "operator", "roles"}
#: Started only with a profile.
OPTIONAL = {"operator", "proxy"}
SECRETS = "/run/secrets/"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    document = yaml.safe_load((ROOT / "compose.yaml").read_text())
    found: dict[str, Any] = document["services"]
    return found


def fill_in(value: str, secrets: Path) -> str:
    """`value` as the engine would pass it on, where no `${NAME:-}` is given, with the secrets in this folder."""
    return re.sub(r"\$\{[A-Z_]+:-\}", "", value).replace(SECRETS, f"{secrets}/")


def test_the_deployment_has_every_role(services: dict[str, Any]) -> None:
    assert {*ROLES, "postgres", "redis", "proxy"} == set(services)
    assert OPTIONAL == {name for name, service in services.items() if "profiles" in service}


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_a_command_of_the_program(services: dict[str, Any], role: str) -> None:
    command = [sys.executable, "-c", "import sys; from services.cli import main; sys.exit(main())"]

    outcome = subprocess.run(
        [*command, *services[role]["command"], "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert 0 == outcome.returncode, outcome.stderr
    assert all(word in outcome.stdout for word in services[role]["command"] if not word.startswith("/"))


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_is_a_setting_and_takes_its_value(services: dict[str, Any], role: str, tmp_path: Path) -> None:
    for secret in services[role]["secrets"]:
        (tmp_path / secret).write_text(f"of-{secret}\n")
    given = {name: fill_in(value, tmp_path) for name, value in services[role]["environment"].items()}

    assert set() == {name.removesuffix("_FILE") for name in given} - {name for name, _, _ in describe_settings()}
    settings = Settings.from_environment(given)
    user, secret, views = DATABASE_ROLES[role]
    assert f"postgresql://{user}:of-{secret}@postgres:5432/plimsoll" == settings.database_url
    wanted = f"postgresql://{views}:of-{views}@postgres:5432/plimsoll" if views else ""
    assert wanted == settings.views_database_url
    assert ("redis" in services[role]["secrets"]) == (not settings.is_embedded)


#: What of the program connects as whom, with which secret, and to the views as whom.
DATABASE_ROLES = {
    "roles": ("plimsoll", "postgres", ""),
    "migrate": ("plimsoll_migrate", "plimsoll_migrate", ""),
    "api": ("plimsoll_write", "plimsoll_write", "plimsoll_read"),
    "worker": ("plimsoll_write", "plimsoll_write", "plimsoll_project"),
    "scheduler": ("plimsoll_write", "plimsoll_write", "plimsoll_project"),
    "operator": ("plimsoll_write", "plimsoll_write", "plimsoll_project"),
}


def test_each_part_is_given_the_secrets_that_it_reads_and_no_other(services: dict[str, Any]) -> None:
    for name in DATABASE_ROLES.keys() - {"roles"}:
        named = {
            value.removeprefix(SECRETS)
            for variable, value in services[name]["environment"].items()
            if variable.endswith("_FILE")
        }
        assert named == set(services[name]["secrets"]), name
    assert {"postgres", *(role.name_with("plimsoll") for role in DatabaseRole)} == set(services["roles"]["secrets"])
    assert [["postgres"], ["redis"]] == [services[name]["secrets"] for name in ("postgres", "redis")]


def test_only_the_stores_own_network_reaches_them(services: dict[str, Any]) -> None:
    document = yaml.safe_load((ROOT / "compose.yaml").read_text())

    assert document["networks"]["stores"]["internal"]
    assert [["stores"], ["stores"]] == [services[name]["networks"] for name in ("postgres", "redis")]
    assert {"api", "proxy"} == {name for name, service in services.items() if "ports" in service}
    assert ["127.0.0.1:8000:8000"] == services["api"]["ports"]


def test_redis_asks_for_its_password_and_tells_it_to_nobody(redis_command: str, tmp_path: Path) -> None:
    # given what the container runs, with a program in the server's place that prints what it is told
    (tmp_path / "redis").write_text("s3cret\n")
    (tmp_path / "docker-entrypoint.sh").write_text('#!/bin/sh\necho "args: $*"; cat\n')
    (tmp_path / "docker-entrypoint.sh").chmod(0o755)
    script = redis_command.replace("$$", "$").replace(SECRETS, f"{tmp_path}/")

    told = subprocess.run(
        ["sh", "-c", script], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert ["args: redis-server -", "requirepass s3cret"] == told[:2]
    assert 'save ""' in told


@pytest.fixture
def redis_command(services: dict[str, Any]) -> str:
    shell, flag, script = services["redis"]["command"]
    assert ("sh", "-c") == (shell, flag)
    return str(script)


def test_whatever_keeps_running_has_a_health_check(services: dict[str, Any]) -> None:
    checked = {name for name, service in services.items() if service.get("healthcheck", {}).get("test")}

    assert set(services) - RUNS_TO_ITS_END == checked


def test_health_is_asked_where_the_role_answers(services: dict[str, Any]) -> None:
    assert f":{services['api']['environment']['PLIMSOLL_PORT']}/readyz" in services["api"]["healthcheck"]["test"][-1]
    for role in ("worker", "scheduler"):
        port = services[role]["environment"]["PLIMSOLL_WORKER_METRICS_PORT"]
        assert f":{port}/" in services[role]["healthcheck"]["test"][-1]


def test_nothing_starts_before_the_database_has_its_shape(services: dict[str, Any]) -> None:
    for role in set(ROLES) - {"migrate", "roles"}:
        assert {"condition": "service_completed_successfully"} == services[role]["depends_on"]["migrate"]
    assert {"condition": "service_completed_successfully"} == services["migrate"]["depends_on"]["roles"]
    assert {"condition": "service_healthy"} == services["migrate"]["depends_on"]["postgres"]


def test_no_secret_is_committed(services: dict[str, Any]) -> None:
    document = yaml.safe_load((ROOT / "compose.yaml").read_text())
    given = [item for service in services.values() for item in service.get("environment", {}).items()]
    secret = [(name, value) for name, value in given if "PASSWORD" in name]

    assert secret
    assert all(name.endswith("_FILE") and value.startswith(SECRETS) for name, value in secret)
    assert not [value for _, value in given if re.search(r"://[^/]*:[^/]*@", value)]
    assert {f"./secrets/{name}" for name in document["secrets"]} == {s["file"] for s in document["secrets"].values()}
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_way_to_make_the_secrets_makes_each_of_them() -> None:
    text = (ROOT / "compose.yaml").read_text()
    (named,) = re.findall(r"for name in ([a-z_ ]+); do", text)

    assert set(yaml.safe_load(text)["secrets"]) == set(named.split())


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
