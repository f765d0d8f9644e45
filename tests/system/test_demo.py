"""The two commands that the README promises a newcomer, as a newcomer runs them."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from tests.api.console.browser import find_chromium, launch_browser
from tests.conftest import skip_or_fail
from tests.system.deployment import ROOT, TIMEOUT_SECONDS, Process, clean_environment
from tests.system.tour import PICTURES, find_who_is_over_the_line_and_why_a_goal_moved, look_around


def start_demo(folder: Path, name: str) -> Process:
    return Process(["demo", "--port", "0", "--data", str(folder / "data")], {}, folder / f"{name}.log")


def read_ready_line(process: Process) -> dict[str, Any]:
    told: dict[str, str] = json.loads(process.wait_for_line("READY ").removeprefix("READY "))
    return told


@pytest.fixture(scope="module")
def running_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Process, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("demo")
    process = start_demo(folder, "first")
    try:
        yield folder, process, read_ready_line(process)
    finally:
        process.kill()


def get(told: dict[str, str], path: str, **params: Any) -> dict[str, Any]:
    seen: dict[str, Any] = fetch(told, path, **params).json()
    return seen


def fetch(told: dict[str, str], path: str, **params: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {told['api_key']}"}
    answer = httpx.get(
        told["url"] + path, params=params or None, headers=headers, trust_env=False, timeout=TIMEOUT_SECONDS
    )
    assert answer.is_success, answer.text
    return answer


def find_figure(report: dict[str, Any], name: str) -> dict[str, Any]:
    (figure,) = [f for f in report["figures"] if f["name"] == name]
    return dict(figure)


def test_the_demo_tells_its_four_stories(running_demo: tuple[Path, Process, dict[str, str]]) -> None:
    _, _, told = running_demo

    priya = get(told, "/v1/reports/overload", member="priya")
    red = [f for f in priya["figures"] if f["name"] == "load_ratio" and f.get("line") == "red"]
    assert len(red) >= 2
    assert priya["relief"]

    platform = get(told, "/v1/reports/overload", team="platform")
    yes_and = find_figure(platform, "yes_and_ratio")
    assert (1, True) == (yes_and["value"], yes_and["n"] >= 2)

    checkout = get(told, "/v1/reports/drift", team="checkout", names="true")
    assert {"Tomas Novak", "A checkout that feels instant"} <= set(checkout["names"].values())
    assert "names" not in get(told, "/v1/reports/drift", team="checkout")
    assert 3 == find_figure(checkout, "alignment_drift")["count"]
    assert {"alignment"} <= {m["kind"] for m in checkout["mend"]}

    data = get(told, "/v1/reports/overload", team="data")
    assert 0 == find_figure(data, "trade_offs_undone")["value"]
    why = get(told, "/v1/goals/settlement-report/why", field="due")
    assert (True, "blocker") == (why["chain"][0]["said"]["in_time"], why["chain"][0]["said"]["trigger"])


def test_the_tour_of_the_console_answers_in_four_clicks(
    running_demo: tuple[Path, Process, dict[str, Any]],
) -> None:
    # given what READY says, and a browser
    _, _, told = running_demo
    path = find_chromium()
    if path is None:
        skip_or_fail("chromium is not installed (Debian: apt-get install chromium)")
    taken = set[str]()

    def take(_page: Page, name: str) -> None:
        taken.add(name)

    # when the tour is walked
    with launch_browser(path) as browser:
        walk = find_who_is_over_the_line_and_why_a_goal_moved(browser, told["console"]["vera"], take)
        look_around(browser, told["console"], take)

    # then it is known who is over the line, and why that goal moved
    assert "Priya Raman" in walk.over_the_line
    assert "because dependency slipped: the bank's interface comes three weeks late" in walk.reason
    assert walk.clicks <= 4
    assert walk.seconds <= 60
    # and the page of the tour shows the pictures of these steps, each of them small
    assert taken == set(re.findall(r"pictures/([\w-]+)\.png", (ROOT / "docs" / "tour.md").read_text()))
    assert all((PICTURES / f"{name}.png").stat().st_size <= 60_000 for name in taken)


def test_the_demo_has_a_pulse_that_tells_nothing_of_a_team_of_four(
    running_demo: tuple[Path, Process, dict[str, str]],
) -> None:
    _, _, told = running_demo

    found = {
        team: find_figure(get(told, "/v1/reports/pulse", team=team), "psychological_safety")
        for team in ("platform", "checkout", "data")
    }

    assert [5, 5, None] == [figure.get("n") for figure in found.values()]
    assert found["platform"]["value"] < 4 < found["checkout"]["value"]
    assert "no_data" == found["data"]["status"]
    everybody = find_figure(get(told, "/v1/reports/pulse"), "psychological_safety")
    assert 16 == everybody["n"]


def test_the_demo_tells_what_all_of_it_is_for(running_demo: tuple[Path, Process, dict[str, str]]) -> None:
    _, _, told = running_demo

    cycles = get(told, "/v1/reports/cycles", team="checkout", names="true")
    assert {"open", "closed"} == {c["state"] for c in cycles["cycles"]}
    assert (1, 3) == (
        find_figure(cycles, "improvements_overdue")["count"],
        find_figure(cycles, "improvements_overdue")["n"],
    )
    assert {"Last quarter", "Dario Ricci"} <= set(cycles["names"].values())
    drift = get(told, "/v1/reports/drift", team="checkout")
    assert (1, 5) == (
        find_figure(drift, "acknowledgement_share")["count"],
        find_figure(drift, "acknowledgement_share")["n"],
    )
    assert 1 == find_figure(drift, "repair_share")["value"]
    support = get(told, "/v1/reports/support")
    assert (1, 2) == (
        find_figure(support, "needs_past_answer_by")["count"],
        find_figure(support, "needs_past_answer_by")["n"],
    )
    assert 1 == get(told, "/v1/charters/checkout")["purpose"]["version"]


def test_everything_that_the_demo_prints_to_look_at_is_there(
    running_demo: tuple[Path, Process, dict[str, str]],
) -> None:
    _, process, told = running_demo
    printed = re.findall(r'^  get "([^"]+)"$', process.log.read_text(), re.MULTILINE)

    assert len(printed) >= 15
    for path in printed:
        assert fetch(told, path).text
    assert "Priya Raman: " in fetch(told, "/v1/reports/overload?member=priya&format=text").text


def test_the_tables_and_the_checkup_that_it_names_are_one_command_each(
    running_demo: tuple[Path, Process, dict[str, str]],
) -> None:
    folder, process, _ = running_demo
    printed = process.log.read_text()
    [database] = re.findall(r"^  export PLIMSOLL_DATABASE_URL=(.*)$", printed, re.MULTILINE)
    by_an_operator = printed.partition("PLIMSOLL_DATABASE_URL=")[2]
    commands = re.findall(r"^  \.venv/bin/plimsoll (.*)$", by_an_operator, re.MULTILINE)
    assert ["export", "doctor"] == [command.split()[0] for command in commands]

    for command in commands:
        ran = subprocess.run(
            [sys.executable, "-m", "services.cli", *command.split()],
            capture_output=True,
            text=True,
            cwd=folder,
            env=clean_environment() | {"PLIMSOLL_DATABASE_URL": database, "PYTHONPATH": str(ROOT)},
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
    assert (folder / "weeks.csv").read_text().startswith("position,member_id,week,")


def run_script(told: dict[str, str], script: str) -> str:
    """What the README's shell prints, on this demo."""
    ran = subprocess.run(
        [
            "bash",
            "-euo",
            "pipefail",
            "-c",
            re.sub(r"export URL=.*", f"export URL={told['url']} KEY={told['api_key']}", script),
        ],
        capture_output=True,
        text=True,
        env=clean_environment() | {"no_proxy": "*"},
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def read_shell_blocks() -> list[str]:
    """The README's shell blocks."""
    found: list[str] = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return found


@pytest.mark.parametrize("time", ["first", "again"])
def test_the_readmes_walk_does_what_it_says(running_demo: tuple[Path, Process, dict[str, str]], time: str) -> None:
    """And does it again on the same store."""
    _, _, told = running_demo
    script = read_shell_blocks()[0]

    printed = run_script(told, script)

    why = json.loads(printed[printed.rindex('{"goal":') :])
    assert ("due", ["change", "promise"]) == (why["field"], [link["kind"] for link in why["chain"]])
    assert why["value"] in script
    assert "the bank moved its interface by three weeks" == why["chain"][0]["said"]["reason"]["text"]


def test_the_api_pages_walk_goes_on_from_there(running_demo: tuple[Path, Process, dict[str, str]]) -> None:
    _, _, told = running_demo
    [walk] = re.findall(
        r"## The first ten minutes.*?```sh\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.DOTALL
    )

    first = read_shell_blocks()[0].rpartition("call $LENA")[0]
    accepted, *printed = re.sub(r"(?<=\})(?=[a-z])", "\n", run_script(told, f"{first}\n{walk}")).splitlines()
    headers = [line.partition(":")[0] for line in printed if not line.startswith(("{", "["))]
    answers = [json.loads(line) for line in printed if line.startswith(("{", "["))]

    assert "active" == json.loads(accepted)["state"]
    assert {"etag", "plimsoll-position", "ratelimit", "ratelimit-policy"} == set(headers)
    checked, again, stale, malformed, superseded, events = answers
    assert checked["events"] == again["events"] == [event["id"] for event in events]
    assert (412, 422, 409) == (stale["status"], malformed["status"], superseded["status"])
    assert ["/changes/due"] == [error["pointer"] for error in malformed["errors"]]
    assert "check_in" in superseded["allowed"]


#: A JSON answer among those in text: each answer that is one begins a line or follows another.
_JSON = re.compile(r'(?:^|(?<=\}))\{"(?=goal|decision|entries|id|of)', re.MULTILINE)


def test_the_readmes_tour_of_the_framework_is_answered(running_demo: tuple[Path, Process, dict[str, str]]) -> None:
    _, _, told = running_demo
    helpers, tour = read_shell_blocks()[0].splitlines()[:3], read_shell_blocks()[1]

    printed = run_script(told, "\n".join([*helpers, tour]))

    decision, charter = (
        json.JSONDecoder().raw_decode(printed[found.start() :])[0] for found in _JSON.finditer(printed)
    )
    alignment, cycles, support = (
        printed.index(title) for title in ("Alignment of", "Review of cycles of", "Support of")
    )
    assert alignment < printed.index("{") < cycles < support
    assert "“Small shops sell, and are paid the next morning”" in printed[alignment:cycles]
    assert any("objected" in entry["text"] for entry in decision["entries"])
    assert 4 == len(charter["non_negotiables"])
    assert "Merge every day, however small (Dario Ricci, " in printed[cycles:support]
    assert 2 == len(re.findall(r" asks .*, open for ", printed[support:]))


PAGES_WITH_CALLS = ("charters", "cycles", "decisions-by-consent", "recognition", "support", "tensions")


def read_calls(page: str) -> str:
    """The shell blocks of a page in `docs/`, in one."""
    return "\n".join(re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / f"{page}.md").read_text(), re.DOTALL))


@pytest.mark.parametrize("page", PAGES_WITH_CALLS)
def test_the_calls_on_the_pages_answer_as_the_pages_say(
    running_demo: tuple[Path, Process, dict[str, str]], page: str
) -> None:
    """They change the demo, each page other things of it; no test before counts these, and none behind."""
    _, _, told = running_demo
    # given the persons of the API page, and a page whose comments name what is refused
    helpers = read_shell_blocks()[0].splitlines()[:3]
    [persons] = re.findall(
        r"### As persons of the demo.*?```sh\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.DOTALL
    )
    calls = read_calls(page)

    # when its calls are made from the top to the bottom
    printed = run_script(told, "\n".join([*helpers, persons, calls]))

    # then every other call is answered
    answers = [json.loads(answer) for answer in re.sub(r"(?<=\})(?=\{\")", "\0", printed).split("\0")]
    refused = [answer["code"] for answer in answers if "status" in answer]
    assert re.findall(r"  # (\w+_\w+)", calls) == refused
    assert len(refused) < len(answers)
    assert not [answer["refused"] for answer in answers if answer.get("refused")]


#: Whom a link signs in -> what stands on their first page.
CONSOLE_PERSONS = {
    "priya": ("Priya Raman", "over the line", "Shard the orders database"),
    "noor": ("Noor Haddad", "under the line"),
    "vera": ("Vera Lind", "/console/audit"),
}


def require_one_sign_in(link: str, is_shown: tuple[str, ...]) -> None:
    """The link signs its person in to the console, and only once."""
    with httpx.Client(trust_env=False, timeout=TIMEOUT_SECONDS) as browser:
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', browser.get(link).text))
        answers = [browser.post(link.partition("?")[0], data=fields) for _ in range(2)]
        assert [303, 401] == [answer.status_code for answer in answers]
        page = browser.get(link.partition("/sign-in")[0]).text
    assert list(is_shown) == [words for words in is_shown if words in page]


def test_ctrl_c_stops_it_and_a_second_start_keeps_the_data(running_demo: tuple[Path, Process, dict[str, Any]]) -> None:
    folder, first, told = running_demo
    before = get(told, "/v1/goals", limit=1)
    assert first.stop(signal.SIGINT) == 0, first.log.read_text()

    second = start_demo(folder, "second")
    try:
        again = read_ready_line(second)
        assert told["api_key"] == again["api_key"]
        assert told["organisation"] == again["organisation"]
        assert before["goals"] == get(again, "/v1/goals", limit=1)["goals"]
        for person, is_shown in CONSOLE_PERSONS.items():
            require_one_sign_in(again["console"][person], is_shown)
        assert second.stop(signal.SIGTERM) == 0, second.log.read_text()
    finally:
        second.kill()
    assert "Traceback" not in first.log.read_text() + second.log.read_text()
