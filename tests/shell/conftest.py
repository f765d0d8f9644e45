"""A served organisation, and the commands of its members."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.organisations import create_organisation
from services.runtime import Runtime, migrate
from services.settings import variable_name
from tests.api.app_under_test import build_settings
from tests.services.shell import Shell
from tests.shell.scripted_server import ScriptedServer

ROOT = Path(__file__).parents[2]
WHY = {"code": "new_need", "text": "the audit asks for it"}
LIVE = {"conditions": ["it is published"], "due": "2031-02-28", "effort_hours": 40}


class Office:
    """An organisation with team `core`: `ana` promises, `sam` is promised to; `stella` is steward."""

    def __init__(self, url: str, steward_key: str) -> None:
        self.url = url
        self.keys = {"stella": steward_key}
        self.post("stella", "/v1/teams", {"name": "Core", "lead": "sam", "ref": "core"})
        for person in ("ana", "sam"):
            self.post("stella", "/v1/members", {"team": "core", "name": person.title(), "ref": person})
            made = self.post("stella", "/v1/keys", {"member": person, "scopes": ["read", "act"]})
            self.keys[person] = made["key"]

    def post(self, person: str, path: str, body: dict[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {self.keys[person]}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            said = json.load(answer)
        if "position" in said:
            self.wait_for_views(person, said["position"])
        return said

    def wait_for_views(self, person: str, position: int) -> None:
        """Commands of whomever see what was recorded up to here."""
        url = f"{self.url}/v1/teams?after_position={position}"
        headers = {"Authorization": f"Bearer {self.keys[person]}"}
        urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60).close()

    def offer(self, ref: str, title: str) -> str:
        """Ana offers a goal to Sam; the offer's event."""
        body = {
            "do": "offer",
            "ref": ref,
            "title": title,
            "sponsor": "sam",
            "team": "core",
            "terms": LIVE,
            "reason": WHY,
        }
        return str(self.post("ana", "/v1/goals", body)["open"])

    def promise(self, ref: str, title: str = "A goal") -> None:
        """A goal that Ana has promised Sam."""
        self.post("sam", f"/v1/goals/{ref}/accept", {"answers": self.offer(ref, title)})


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    settings = build_settings(tmp_path_factory.mktemp("office") / "served.db")
    migrate(settings)
    with Runtime.open(settings) as runtime:
        key = create_organisation(runtime, "acme", steward="stella").api_key
    environment = {
        variable_name("database_url"): settings.database_url,
        variable_name("log_level"): "error",
        variable_name("webhook_allowed_networks"): "127.0.0.0/8",
        # A busy machine is no failure of the commands.
        variable_name("position_wait_s"): "60",
    }
    with start_process("serve", "--port", "0", **environment) as server:
        try:
            assert server.stderr is not None
            line = server.stderr.readline()
            found = re.search(rb"http://[\d.:]+", line)
            assert found, line
            yield Office(found[0].decode(), key)
        finally:
            server.send_signal(signal.SIGTERM)


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No setting from outside, and no file of the person who runs the tests."""
    for name in [*filter(lambda name: name.startswith("PLIMSOLL_"), os.environ), "http_proxy", "HTTP_PROXY"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "100")
    return monkeypatch


@pytest.fixture
def shell(clean_environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The command line of somebody who has set nothing."""
    return Shell(capsys)


@pytest.fixture
def as_person(office: Office, shell: Shell, clean_environment: pytest.MonkeyPatch) -> Callable[[str], Shell]:
    """The command line of this person; a second call changes who it is."""

    def become(person: str) -> Shell:
        clean_environment.setenv("PLIMSOLL_URL", office.url)
        clean_environment.setenv("PLIMSOLL_KEY", office.keys[person])
        return shell

    return become


@pytest.fixture
def ana(as_person: Callable[[str], Shell]) -> Shell:
    return as_person("ana")


def start_process(*words: str, **environment: str) -> subprocess.Popen[bytes]:
    """The command in a process of its own, with the environment of this one and these variables."""
    command = [sys.executable, "-m", "services.cli", *words]
    pipe, variables = subprocess.PIPE, {**os.environ, **environment}
    # A shell has its background jobs ignore SIGINT, and what they start inherits that; a person's terminal does not.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(command, cwd=ROOT, env=variables, stdin=pipe, stdout=pipe, stderr=pipe)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.fixture
def serve_scripted(clean_environment: pytest.MonkeyPatch) -> Iterator[Callable[..., ScriptedServer]]:
    servers: list[ScriptedServer] = []

    def serve(answers: Callable[[int], tuple[int, dict[str, str], bytes] | None]) -> ScriptedServer:
        scripted = ScriptedServer(answers)
        servers.append(scripted)
        threading.Thread(target=scripted.server.serve_forever, args=(0.05,), daemon=True).start()
        clean_environment.setenv("PLIMSOLL_URL", scripted.url)
        clean_environment.setenv("PLIMSOLL_KEY", "plim_0123456789")
        return scripted

    yield serve
    for scripted in servers:
        scripted.server.shutdown()
        scripted.server.server_close()
