"""How many steps a command takes from the socket to its answer."""

from __future__ import annotations

import sys
import threading
from functools import reduce
from io import StringIO
from math import inf
from pathlib import Path
from types import CodeType, FrameType

import httpx
import pytest

from services.api import pipeline
from services.api.auth import key_cache
from services.logs import LogWriter, RequestLog
from tests.api.app_under_test import ApiApp, create_active_goal
from tests.api.real_server import run_server

_ROOT = Path(__file__).parents[2]
_PACKAGES = tuple(str(_ROOT / name) + "/" for name in ("domain", "ledger", "projections", "services"))
#: What docs/architecture.md says; to be lowered with it, never raised.
MAX_FUNCTIONS, MAX_MODULES = 166, 51
#: What the server does once a second falls into some commands only.
_COMMANDS = 5


def test_a_check_in_takes_no_more_steps_than_the_architecture_says(
    app: ApiApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine every command would be late enough to have its key looked up.
    for name in ("REFRESH_AFTER_S", "MAX_STALENESS_S"):
        monkeypatch.setattr(key_cache, name, inf)
    # As a server has it: its line of the log is a step too, whatever other tests of this process have configured.
    log, lines = RequestLog(), LogWriter(StringIO())
    log.configure(lines, silent=False)
    monkeypatch.setattr(pipeline, "request_log", log)
    goal, called = create_active_goal(app), set[CodeType]()
    paths: list[set[CodeType]] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.add(frame.f_code)

    # Of the server's thread and of none that it starts later: its loop decides, and commits, without one.
    threading.setprofile(note)
    with run_server(app.runtime) as port:
        threading.setprofile(None)
        headers = {"Authorization": f"Bearer {app.keys['acme']['ana']}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/v1", headers=headers) as client:
            for number in range(3 * _COMMANDS):
                called.clear()
                answer = client.post(
                    f"/goals/{goal}/check-in",
                    json={"note": "on the way", "progress": "0.4", "confidence": "0.8"},
                    headers={"Idempotency-Key": f"step-{number}"},
                )
                assert 200 == answer.status_code
                paths.append(set(called))
    assert sys.getprofile() is None
    lines.close()

    always = reduce(set.intersection, paths[-_COMMANDS:])
    steps = {
        (code.co_filename, code.co_qualname)
        for code in always
        if code.co_filename.startswith(_PACKAGES) and not code.co_name.startswith("<")
    }
    names = "\n".join(sorted(f"{Path(module).relative_to(_ROOT)} {name}" for module, name in steps))
    assert 0 < len(steps) <= MAX_FUNCTIONS, f"{len(steps)}:\n{names}"
    assert len({module for module, _ in steps}) <= MAX_MODULES, len({module for module, _ in steps})
