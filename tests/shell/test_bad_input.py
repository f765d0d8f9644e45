"""What goes wrong in a shell is one clear line and the right exit code, never a traceback."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.services.shell import Shell
from tests.shell.conftest import Office, start_process
from tests.shell.scripted_server import ScriptedServer

KEY = "plim_0123456789"
JSON = "application/json"


def says_one_line(shell: Shell) -> str:
    """What stderr holds: one line of ours."""
    assert shell.err.startswith("plimsoll: "), shell.err
    assert 1 == shell.err.count("\n"), shell.err
    assert "" == shell.out
    return shell.err


# --- key and server --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["me"], ["goals"], ["check-in", "a", "-m", "x"], ["act", "a", "affirm", "--yes"]])
def test_without_a_key_it_says_how_to_get_one(shell: Shell, words: list[str]) -> None:
    assert 2 == shell(*words)
    assert "PLIMSOLL_KEY" in says_one_line(shell)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PLIMSOLL_KEY", "secret", "plim_"),
        ("PLIMSOLL_KEY", "plim_a b", "plim_"),
        ("PLIMSOLL_KEY", "plim_ä", "plim_"),
        ("PLIMSOLL_URL", "127.0.0.1:8000", "https://HOST"),
        ("PLIMSOLL_URL", "ftp://127.0.0.1", "https://HOST"),
        ("PLIMSOLL_URL", "file:///etc/passwd", "https://HOST"),
        ("PLIMSOLL_KEEY", KEY, "is not a setting"),
    ],
)
def test_a_setting_that_is_none_is_a_wrong_usage(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv("PLIMSOLL_KEY", KEY)
    monkeypatch.setenv(name, value)

    assert 2 == shell("me")
    line = says_one_line(shell)
    assert name in line
    assert said in line
    assert value == KEY or value not in line.replace("https://HOST or http://HOST:PORT", "")


def test_a_key_of_another_server_is_told_from_other_refusals(ana: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLIMSOLL_KEY", KEY)

    assert 1 == ana("me")
    assert "does not take this key: it is one of another server" in says_one_line(ana)
    assert KEY not in ana.err


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1", "nothing listens there"),
        ("http://no-such-host.invalid", "no host is called no-such-host.invalid"),
        ("https://127.0.0.1:1", "nothing listens there"),
    ],
)
def test_a_server_that_is_away_is_named(shell: Shell, monkeypatch: pytest.MonkeyPatch, url: str, said: str) -> None:
    monkeypatch.setenv("PLIMSOLL_URL", url)
    monkeypatch.setenv("PLIMSOLL_KEY", KEY)

    for words in (["me"], ["check-in", "a", "-m", "x"]):
        assert 1 == shell(*words)
        line = says_one_line(shell)
        assert f"cannot reach {url}" in line
        assert said in line
        assert "PLIMSOLL_URL" in line
        assert "unknown" not in line


def test_a_server_without_tls_is_told_from_one_that_is_away(
    office: Office, ana: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIMSOLL_URL", office.url.replace("http:", "https:"))

    assert 1 == ana("me")
    assert "it does not speak TLS" in says_one_line(ana)


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        (200, {"Content-Type": "text/html"}, b"<html>It works!</html>", "does not answer as Plimsoll does (status 200"),
        (404, {"Content-Type": "text/html"}, b"<html>", "does not answer as Plimsoll does (status 404, text/html)"),
        (200, {"Content-Type": JSON}, b'{"status": "ok"}', "does not answer as Plimsoll does (status 200"),
        (200, {"Content-Type": JSON}, b"[1, 2]", "does not answer as Plimsoll does (status 200"),
        (502, {}, b"", "does not answer as Plimsoll does (status 502"),
        (401, {"Content-Type": JSON}, b'{"message": "Unauthorized"}', "does not answer as Plimsoll does (status 401"),
        (301, {"Location": "https://elsewhere/"}, b"", "leads on to https://elsewhere/: set PLIMSOLL_URL"),
    ],
)
def test_another_server_is_told_from_plimsoll(
    shell: Shell,
    serve_scripted: Callable[..., ScriptedServer],
    status: int,
    headers: dict[str, str],
    body: bytes,
    said: str,
) -> None:
    serve_scripted(lambda _: (status, headers, body))

    for words in (["me"], ["goals"], ["goal", "a"], ["why", "a"], ["history", "a"], ["check-in", "a", "-m", "x"]):
        assert 1 == shell(*words)
        assert said in says_one_line(shell)


def test_the_key_is_not_sent_on_to_where_a_redirect_leads(
    shell: Shell, serve_scripted: Callable[..., ScriptedServer]
) -> None:
    target = serve_scripted(lambda _: (200, {}, b"{}"))
    serve_scripted(lambda _: (302, {"Location": target.url}, b""))

    assert 1 == shell("me")
    assert [] == target.requests


# --- answers that get lost -------------------------------------------------------------------------------------------

_GOAL = b'{"id": "g", "version": 2, "open": null}'
_DONE = json.dumps({"id": "01977f6e-8d3a-7c51-9e2b-4f0a6d8c1b35", "version": 3, "state": "active"}).encode()
_BUSY = json.dumps({"code": "overloaded", "detail": "too many", "status": 503}).encode()


def list_identities(scripted: ScriptedServer) -> list[str]:
    return [headers["Idempotency-Key"] for method, _, headers in scripted.requests if method == "POST"]


@pytest.mark.parametrize("lost", [None, (503, {"Retry-After": "0"}, _BUSY)], ids=["hung up", "overloaded"])
def test_a_command_whose_answer_got_lost_is_sent_again_as_the_same(
    shell: Shell, serve_scripted: Callable[..., ScriptedServer], lost: Any
) -> None:
    answers = {1: (200, {}, _GOAL), 2: lost, 3: (200, {}, _DONE), 4: (200, {}, b'{"entries": []}')}
    scripted = serve_scripted(answers.__getitem__)

    assert 0 == shell("check-in", "a", "-m", "x", "--json")
    first, second = list_identities(scripted)
    assert first == second


def test_a_command_of_unknown_outcome_says_how_to_find_out(
    shell: Shell, serve_scripted: Callable[..., ScriptedServer]
) -> None:
    scripted = serve_scripted(lambda number: (200, {}, _GOAL) if number == 1 else None)

    assert 1 == shell("check-in", "a", "-m", "x")
    (identity,) = set(list_identities(scripted))
    line = says_one_line(shell)
    assert "whether it was recorded is unknown" in line
    assert f"--idempotency-key {identity}" in line


# --- terminals -------------------------------------------------------------------------------------------------------


def test_a_pipe_whose_reader_leaves_ends_it_quietly(ana: Shell, office: Office) -> None:
    with start_process("goals", "--all", "--ended", "--json") as process:
        assert process.stdout is not None
        process.stdout.close()
        error = process.stderr.read() if process.stderr is not None else b"?"

    assert (1, b"") == (process.returncode, error)


@pytest.mark.parametrize("words", [["--help"], ["completion", "bash"]])
def test_a_small_output_into_a_closed_pipe_ends_quietly_too(ana: Shell, words: list[str]) -> None:
    with start_process(*words) as process:
        assert process.stdout is not None
        process.stdout.close()
        error = process.stderr.read() if process.stderr is not None else b"?"

    assert b"" == error
    assert process.returncode in (0, 1)


def test_a_terminal_that_is_not_utf_8_shows_what_it_can(ana: Shell, office: Office) -> None:
    office.promise("umlaut", "Größer → schöner")

    with start_process("goal", "umlaut", PYTHONIOENCODING="ascii") as process:
        out, error = process.communicate(timeout=60)
    assert (0, b"") == (process.returncode, error)
    assert b"Gr??er ? sch?ner (umlaut), active" in out

    # JSON is UTF-8 whatever the terminal is
    with start_process("goal", "umlaut", "--json", PYTHONIOENCODING="latin-1") as process:
        out, _ = process.communicate(timeout=60)
    assert "Größer → schöner" == json.loads(out)["goal"]["title"]


def test_a_word_that_the_locale_cannot_read_is_a_wrong_usage(ana: Shell) -> None:
    ascii_locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}

    with start_process("check-in", "umlaut", "-m", "größer", **ascii_locale) as process:
        _, error = process.communicate(timeout=60)
    assert 2 == process.returncode
    assert b"is no text in this locale" in error
    assert b"Traceback" not in error


@contextmanager
def open_silent_server() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_an_interrupted_question_is_one_line(shell: Shell) -> None:
    with open_silent_server() as url, start_process("me", PLIMSOLL_URL=url, PLIMSOLL_KEY=KEY) as process:
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)

    assert (1, b"plimsoll: interrupted\n") == (process.returncode, error)


def test_what_people_write_cannot_drive_the_terminal(
    shell: Shell, serve_scripted: Callable[..., ScriptedServer]
) -> None:
    text = "\u202egnol \u001b[31mred\u001b]0;title\u0007"
    entry = {"occurred_at": "2026-11-30T09:00:00.000000Z", "text": text}
    serve_scripted(lambda _: (200, {}, json.dumps({"entries": [entry], "next": None}).encode()))

    assert 0 == shell("history", "a")
    assert "gnol" in shell.out
    assert [] == [character for character in shell.out if character in "\u001b\u0007\u202e"]


# --- the file of settings --------------------------------------------------------------------------------------------


@pytest.fixture
def settings_file(shell: Shell, tmp_path: Path) -> Path:
    path = tmp_path / "config" / "plimsoll" / "client.toml"
    path.parent.mkdir(parents=True)
    return path


def test_server_and_key_may_be_kept_in_a_file(
    shell: Shell, office: Office, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_file.write_text(f'url = "{office.url}"\nkey = "{office.keys["ana"]}"\n')
    settings_file.chmod(0o600)

    assert 0 == shell("me")
    assert "Ana at acme" in shell.out
    # the environment goes before it
    monkeypatch.setenv("PLIMSOLL_KEY", office.keys["sam"])
    assert 0 == shell("me")
    assert "Sam at acme" in shell.out


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        (f'key = "{KEY}"', 0o644, "chmod 600"),
        ("key = ", 0o600, "is not TOML"),
        ('colour = "red"', 0o600, "only"),
        ("key = 7", 0o600, "only"),
        ('key = "secret"', 0o600, "plim_"),
        (b"\xff\xfe", 0o600, "cannot read"),
    ],
)
def test_a_file_of_settings_that_will_not_do_is_a_wrong_usage(
    shell: Shell, settings_file: Path, text: str | bytes, mode: int, said: str
) -> None:
    settings_file.write_bytes(text if isinstance(text, bytes) else text.encode())
    settings_file.chmod(mode)

    assert 2 == shell("me")
    assert said in says_one_line(shell)
