from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from projections.history.history import HISTORY
from services.version import read_version
from tests.fixtures import synthetic
from tests.services.shell import Shell

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shell(empty_sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    for name in list(os.environ):
        if name.startswith("PLIMSOLL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PLIMSOLL_DATABASE_URL", empty_sqlite_url)
    return Shell(capsys)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "history.ndjson.gz"
    synthetic.write(path, goals=20)
    return path


def test_an_import_into_an_empty_store_founds_an_organisation(shell: Shell, history: Path) -> None:
    rows = len(synthetic.build_acts(goals=20))

    assert 0 == shell("import", str(history), "--json")
    assert {"accepted": rows, "already": 0}.items() <= shell.result.items()
    assert "created organisation default" in shell.err
    assert re.search(r"^plim_\w+$", shell.err, re.MULTILINE)

    assert 0 == shell("import", str(history), "--json")
    assert {"accepted": 0, "already": rows}.items() <= shell.result.items()


def test_a_dry_run_on_an_empty_store_leaves_it_empty(shell: Shell, history: Path) -> None:
    assert 0 == shell("import", str(history), "--dry-run", "--json")
    assert (True, len(synthetic.build_acts(goals=20))) == (shell.result["dry_run"], shell.result["accepted"])

    assert 1 == shell("audit", "verify")
    assert "plimsoll migrate" in shell.err


def test_a_refused_import_tells_each_row_and_leaves_with_1(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "bad.ndjson"
    file.write_text('{"at": "2024-05-06T08:00:00Z", "by": "a", "do": "goal.ponder"}\nnonsense\n')

    assert 1 == shell("import", str(file))
    assert "0 accepted, 0 already there, 2 refused: nothing was kept" in shell.out
    assert "line 1 /do: invalid_field: nothing is called 'goal.ponder'" in shell.out
    assert "line 2: malformed_line: not JSON" in shell.out


def test_a_table_is_told_how_to_become_acts(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "goals.csv"
    file.write_text("at,by,do,goal\n2026-01-05T09:00:00Z,ana,goal.offer,a\n")

    assert 1 == shell("import", str(file))
    assert "it is CSV (columns at, by, do, goal)" in shell.err
    assert "docs/import.md#from-a-spreadsheet" in shell.err
    assert 1 == shell.err.count("\n")
    # and nothing was founded for it
    assert 1 == shell("audit", "verify")
    assert "plimsoll migrate" in shell.err


def test_the_page_turns_a_table_into_acts(shell: Shell, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "import.md").read_text()
    table, program = (
        re.findall(rf"^```{kind}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0] for kind in ("csv", "python")
    )
    done = subprocess.run([sys.executable, "-c", program], input=table, capture_output=True, text=True, check=True)
    people = page.partition("## An example")[2].partition("```json\n")[2].splitlines()[:3]
    history = tmp_path / "goals.ndjson"
    history.write_text("\n".join([*people, done.stdout]))

    assert 0 == shell("import", str(history), "--json"), shell.out
    assert 5 == shell.result["accepted"]


def test_a_wrong_organisation_is_told_which_there_are(shell: Shell, history: Path) -> None:
    shell("migrate")
    for words in (["keys", "list"], ["import", str(history), "--organisation", "Nope"]):
        if words[0] == "keys":
            assert 1 == shell(*words)
            assert "there is no organisation yet" in shell.err
            shell("organisation", "create", "Harbour & Co", "--steward", "ada")
        else:
            assert 1 == shell(*words)
            assert "no organisation 'Nope'; there are: 'Harbour & Co'" in shell.err
    for words in (["keys", "list"], ["keys", "create", "--member", "ada"], ["export", "fact_goal_event"]):
        assert 1 == shell(*words, "--organisation", "Nope")
        assert "no organisation 'Nope'; there are: 'Harbour & Co'" in shell.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["import", "no-such-file"], "cannot read no-such-file: No such file"),
        (["projections", "status"], "run `plimsoll migrate`"),
        (["keys", "revoke", "seven"], "'seven' is not a key's id"),
        (["export", "fact_goal_event", "--organisation", "x"], "run `plimsoll migrate`"),
    ],
)
def test_what_may_go_wrong_is_one_line_and_1(shell: Shell, words: list[str], said: str) -> None:
    assert 1 == shell(*words)
    assert said in shell.err
    assert 1 == shell.err.count("\n")


@pytest.mark.parametrize(
    "words",
    [[], ["sail"], ["serve", "--port", "65536"], ["export", "dim_unicorn"], ["import", "f", "--dry-run", "--partial"]],
)
def test_a_wrong_call_is_2(shell: Shell, words: list[str]) -> None:
    assert 2 == shell(*words)
    assert "usage: plimsoll" in shell.err


def test_a_wrong_setting_is_2(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLIMSOLL_PORT", "many")

    assert 2 == shell("doctor")
    assert "PLIMSOLL_PORT" in shell.err


def test_a_broken_gzip_is_one_line_and_1(shell: Shell, history: Path) -> None:
    history.write_bytes(history.read_bytes()[:-40])

    assert 1 == shell("import", str(history))
    assert "broken gzip" in shell.err


def test_a_database_that_is_away_is_one_line_and_1(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLIMSOLL_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")

    assert 1 == shell("migrate")
    assert shell.err.startswith("plimsoll: ")
    assert 1 == shell.err.count("\n")


def test_from_an_empty_store_to_keys(shell: Shell) -> None:
    assert 0 == shell("migrate", "--json")
    assert shell.result["applied"]
    assert 0 == shell("migrate")
    assert "up to date" in shell.out

    assert 0 == shell("organisation", "create", "Harbour & Co", "--steward", "ada@example.org", "--json")
    assert shell.result["api_key"].startswith("plim_")
    assert 1 == shell("organisation", "create", "Harbour & Co", "--steward", "ada@example.org")
    assert "exists already" in shell.err
    assert 1 == shell("organisation", "create", "Elsewhere", "--steward", "ada", "--zone", "Mars/Base")
    assert "not an IANA time zone" in shell.err

    assert 0 == shell("keys", "create", "--member", "ada@example.org", "--scope", "read", "--json")
    assert shell.result["api_key"].startswith("plim_")
    assert 1 == shell("keys", "create", "--member", "nobody")
    assert 1 == shell("keys", "create", "--member", "ada@example.org", "--days", "366")

    assert 0 == shell("keys", "list", "--json")
    key = next(key for key in shell.result if key["scopes"] == ["read"])
    assert "plim_" not in shell.out
    assert 0 == shell("keys", "rotate", key["key_id"], "--json")
    assert shell.result["api_key"].startswith("plim_")
    assert 0 == shell("keys", "revoke", key["key_id"])
    assert 0 == shell("keys", "list")


def test_the_key_pair_of_webhooks_is_renewed_with_an_overlap(shell: Shell) -> None:
    assert 0 == shell("migrate")
    assert 0 == shell("signing-keys", "list", "--json")
    (former,) = shell.result

    assert 0 == shell("signing-keys", "rotate", "--json")

    new = shell.result["public_key"]
    assert "private" not in shell.out
    assert 0 == shell("signing-keys", "list", "--json")
    assert [new["kid"], former["public_key"]["kid"]] == [key["public_key"]["kid"] for key in shell.result]
    assert [True, False] == [key["retired_at"] is None for key in shell.result]
    assert 0 == shell("signing-keys", "rotate", "--overlap-hours", "0")
    assert 0 == shell("signing-keys", "list")
    assert 1 == shell.out.count("whpk_")
    assert 2 == shell("signing-keys", "rotate", "--overlap-hours", "-1")
    assert "0 to 720" in shell.err


def test_a_guest_gets_a_key_for_one_decision(shell: Shell, tmp_path: Path) -> None:
    told = tmp_path / "decision.ndjson"
    gus = {"at": "2026-01-05T09:00:00Z", "by": "steward", "do": "member.join", "member": "gus"}
    asked = {
        "at": "2026-01-06T09:00:00Z",
        "by": "steward",
        "do": "decision.open",
        "decision": "on-call",
        "question": "How?",
        "options": ["So", "As now"],
        "status_quo": "o2",
        "deciders": ["gus"],
        "deadline": "2026-01-16T12:00:00Z",
        "fallback": {"rule": "status_quo"},
    }
    told.write_text("\n".join(map(json.dumps, (gus, asked))))
    assert 0 == shell("import", str(told)), shell.out

    assert 0 == shell("keys", "create", "--member", "gus", "--decision", "on-call", "--json")
    assert shell.result["api_key"].startswith("plim_")

    assert 0 == shell("keys", "list", "--json")
    (scope,) = next(key["scopes"] for key in shell.result if key["scopes"][0].startswith("decide:"))
    assert 0 == shell("keys", "create", "--member", "gus", "--decision", scope.removeprefix("decide:"))
    assert 1 == shell("keys", "create", "--member", "gus", "--decision", "nothing")
    assert "no decision 'nothing'" in shell.err
    assert 2 == shell("keys", "create", "--member", "gus", "--decision", "on-call", "--scope", "read")


@pytest.mark.parametrize("after", ["1000000", "-1"])
def test_an_export_behind_a_position_that_is_not_reached_is_refused(
    shell: Shell, history: Path, tmp_path: Path, after: str
) -> None:
    assert 0 == shell("import", str(history))
    target = tmp_path / "events.ndjson"

    assert 1 == shell("export", "fact_goal_event", "--after", after, "--output", str(target))

    assert f"has not reached position {after}" in shell.err
    assert not target.exists()


def test_without_a_name_the_only_organisation_is_meant(shell: Shell) -> None:
    shell("migrate")
    shell("organisation", "create", "one", "--steward", "ada")
    assert 0 == shell("keys", "list")

    shell("organisation", "create", "two", "--steward", "ada")
    assert 1 == shell("keys", "list")
    assert "there are: 'one', 'two'" in shell.err
    assert 0 == shell("keys", "list", "--organisation", "two")


def test_the_views_can_be_looked_at_rebuilt_and_verified(shell: Shell, history: Path, tmp_path: Path) -> None:
    shell("import", str(history))

    assert 0 == shell("export", "fact_goal_event", "--output", str(tmp_path / "facts"), "--json")
    assert shell.result["rows"] == len((tmp_path / "facts").read_text().splitlines())

    assert 0 == shell("projections", "status", "--json")
    before = {view["name"]: view["digest"] for view in shell.result}
    assert 0 == shell("projections", "rebuild", "--json")
    assert before == {view["name"]: view["digest"] for view in shell.result["views"]}
    assert 0 == shell("projections", "verify")
    assert "the views say what the log says" in shell.out
    assert 1 == shell("projections", "rebuild", "unicorns")

    assert 0 == shell("doctor", "--json")
    assert {"database", "log", "broker"} <= {check["name"] for check in shell.result}
    assert 0 == shell("audit", "verify")


def test_streams_that_a_view_holds_back_are_tried_again(
    shell: Shell, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a view that could not follow what there is
    shell("import", str(history))
    with monkeypatch.context() as broken:
        broken.setattr(type(HISTORY), "rows", _refuse)
        shell("projections", "rebuild", "history")
    assert 1 == shell("doctor")

    # when
    assert 0 == shell("projections", "retry", "history", "--json")

    # then they flow again
    assert 0 < shell.result["released"]
    assert 0 == shell.result["held"]
    assert 0 == shell("projections", "verify", "history")
    assert 0 == shell("projections", "retry")
    assert 1 == shell("projections", "retry", "unicorns")


def _refuse(*_: object) -> None:
    raise ValueError("it cannot be folded")


def test_it_says_which_version_it_is(shell: Shell) -> None:
    assert 0 == shell("--version")
    assert f"plimsoll {read_version()}" == shell.out.strip()


def test_what_is_shown_to_be_copied_is_shown_whole(
    shell: Shell, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    shell("import", str(history))
    shell("keys", "create", "--member", "steward", "--name", "a name of many words that says what the :key: is for")

    shell("keys", "list", "--json")
    keys = shell.result
    assert 0 == shell("keys", "list")
    for key in keys:
        assert key["key_id"] in shell.out
        assert key["member_id"] in shell.out
        assert key["name"] in shell.out
    shell("projections", "status", "--json")
    digests = [view["digest"] for view in shell.result]
    shell("projections", "status")
    assert all(digest in shell.out for digest in digests)


def test_migrating_says_which_views_it_emptied(shell: Shell, history: Path, empty_sqlite_url: str) -> None:
    import sqlite3

    # given
    shell("import", str(history))
    shell("projections", "rebuild")
    assert 0 == shell("migrate")
    assert "up to date" == shell.out.strip()

    # when a view is of another version of the code
    with sqlite3.connect(empty_sqlite_url.removeprefix("sqlite:///") + "-views") as connection:
        connection.execute("UPDATE projection_checkpoints SET version = version - 1 WHERE name IN ('goals', 'drift')")
    connection.close()
    assert 0 == shell("migrate")

    # then
    assert "2 views begin anew: " in shell.out
    assert {"goals", "drift"} <= set(re.findall(r"\w+", shell.out))
    assert 1 == shell("projections", "verify")
    assert 0 == shell("migrate", "--json")
    assert [[], [], 0] == [shell.result[name] for name in ("applied", "views", "events")]


def test_verify_finds_a_row_that_was_tampered_with(shell: Shell, history: Path, empty_sqlite_url: str) -> None:
    import sqlite3

    shell("import", str(history))
    shell("projections", "rebuild")
    with sqlite3.connect(empty_sqlite_url.removeprefix("sqlite:///") + "-views") as connection:
        connection.execute("UPDATE goals SET title = 'something else' WHERE title = (SELECT MIN(title) FROM goals)")
    connection.close()

    assert 1 == shell("projections", "verify", "goals", "--json")
    assert ["goals"] == [difference["table"] for difference in shell.result["differences"]]


def test_doctor_finds_a_hole_in_the_log(shell: Shell, history: Path, empty_sqlite_url: str) -> None:
    import sqlite3

    shell("import", str(history))
    with sqlite3.connect(empty_sqlite_url.removeprefix("sqlite:///")) as connection:
        connection.execute("DELETE FROM stored_events WHERE notification_id = 50")
    connection.close()

    assert 1 == shell("audit", "verify")
    assert "FAIL" in shell.out


def test_doctor_finds_a_redis_that_is_away(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell("migrate")
    monkeypatch.setenv("PLIMSOLL_REDIS_URL", "redis://127.0.0.1:1/0")

    assert 1 == shell("doctor", "--json")
    assert [False] == [check["ok"] for check in shell.result if check["name"] == "broker"]


def test_the_openapi_document_is_printed(shell: Shell, tmp_path: Path) -> None:
    assert 0 == shell("openapi", "--output", str(tmp_path / "openapi.json"))
    assert json.loads((tmp_path / "openapi.json").read_text())["openapi"].startswith("3.1")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_server_answers_until_it_is_told_to_stop(shell: Shell, empty_sqlite_url: str, how: signal.Signals) -> None:
    shell("migrate")
    environment = {**os.environ, "PLIMSOLL_DATABASE_URL": empty_sqlite_url, "PLIMSOLL_LOG_LEVEL": "warning"}
    command = [sys.executable, "-m", "services.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        line = server.stderr.readline()
        url = re.search(r"http://[\d.:]+", line)
        assert url, line
        with urllib.request.urlopen(f"{url[0]}/livez", timeout=10) as answer:
            assert 200 == answer.status
        server.send_signal(how)
        rest = server.stderr.read()

    assert 0 == server.returncode
    assert "Traceback" not in rest


def test_a_server_on_a_taken_port_says_so(shell: Shell) -> None:
    import socket

    shell("migrate")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert 1 == shell("serve", "--port", str(taken.getsockname()[1]))

    assert "cannot listen on 127.0.0.1 port" in shell.err
