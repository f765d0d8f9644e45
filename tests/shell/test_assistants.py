"""An assistant's tools, called by the SDK's own client over stdio and over HTTP, on a served organisation."""

from __future__ import annotations

import hmac
import json
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx2
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import given
from hypothesis import strategies as st

import services.client
from domain.goal.acts import ACTS
from services.client.arguments import REPORTS
from services.client.planning import Plan
from services.client.previews import PreviewedCall, Previews
from services.console import WrongUsage
from tests.services.shell import Shell
from tests.shell.conftest import ROOT, WHY, Office

# Imported where it is used: half a second, which each process of a run would spend on collecting this file.
if TYPE_CHECKING:
    import mcp

TOOLS = {"list_goals", "get_goal", "why", "history", "report", "inbox", "describe_act", "preview_act", "act"}
PREVIEW = re.compile(r"preview: (\S+)$")
LATER = {"changes": {"due": "2031-04-30"}, "reason": {"code": "capacity", "text": "too much at once"}}


class Session:
    """One assistant's session, in the thread of a portal."""

    def __init__(self, portal: BlockingPortal, client: mcp.Client) -> None:
        self.portal = portal
        self.client = client

    def __call__(self, tool: str, **arguments: Any) -> str:
        """The text of an answer."""
        is_error, text = self.call(tool, **arguments)
        assert not is_error, text
        return text

    def fail(self, tool: str, **arguments: Any) -> str:
        """The text of a failure."""
        is_error, text = self.call(tool, **arguments)
        assert is_error, text
        return text

    def call(self, tool: str, **arguments: Any) -> tuple[bool, str]:
        from mcp.types import TextContent

        result = self.portal.call(self.client.call_tool, tool, arguments)
        (content,) = result.content
        assert isinstance(content, TextContent)
        return bool(result.is_error), content.text

    def read(self, uri: str) -> str:
        from mcp.types import TextResourceContents

        (content,) = self.portal.call(self.client.read_resource, uri).contents
        assert isinstance(content, TextResourceContents)
        return content.text

    def preview(self, goal: str, act: str, **fields: Any) -> tuple[str, str]:
        """What a preview says, and its name."""
        text = self("preview_act", goal=goal, act=act, fields=fields)
        found = PREVIEW.search(text)
        assert found is not None, text
        return text, found[1]


#: Who comes over stdio, in a process of its own as an assistant starts it; the others come over HTTP.
OVER_STDIO = ("sam", "vera")
#: Whose assistants are of before 2026: they begin with a handshake.
WITH_HANDSHAKE = ("sam", "ana who reads")


@asynccontextmanager
async def connect(office: Office, person: str) -> AsyncIterator[mcp.Client]:
    import mcp
    from mcp.client.streamable_http import streamable_http_client

    mode: Any = "legacy" if person in WITH_HANDSHAKE else "auto"
    key = office.keys[person]
    if person in OVER_STDIO:
        environment = {"PLIMSOLL_URL": office.url, "PLIMSOLL_KEY": key, "PYTHONPATH": str(ROOT)}
        command = mcp.StdioServerParameters(
            command=sys.executable, args=["-m", "services.cli", "mcp"], env=environment, cwd=ROOT
        )
        async with mcp.Client(command, read_timeout_seconds=60, mode=mode) as client:
            yield client
        return
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60) as http:
        transport = streamable_http_client(f"{office.url}/mcp", http_client=http)
        async with mcp.Client(transport, read_timeout_seconds=60, mode=mode) as client:
            yield client


@pytest.fixture(scope="module")
def open_session(office: Office) -> Iterator[Callable[[str], Session]]:
    """The assistant of a person; one each for the whole module."""
    sessions: dict[str, Session] = {}
    with start_blocking_portal() as portal, ExitStack() as stack:

        def become(person: str) -> Session:
            if person not in sessions:
                client = stack.enter_context(portal.wrap_async_context_manager(connect(office, person)))
                sessions[person] = Session(portal, client)
            return sessions[person]

        yield become


@pytest.fixture
def ana(open_session: Callable[[str], Session]) -> Session:
    return open_session("ana")


@pytest.fixture
def sam(open_session: Callable[[str], Session]) -> Session:
    return open_session("sam")


def count_events(session: Session, goal: str) -> int:
    return len(re.findall(r"^\d{4}-\d\d-\d\d \d\d:\d\d  ", session("history", goal=goal), re.MULTILINE))


def test_every_tool_says_what_it_does_and_what_it_takes(ana: Session) -> None:
    tools = {tool.name: tool for tool in ana.portal.call(ana.client.list_tools).tools}

    assert TOOLS == tools.keys()
    assert [] == [name for name, tool in tools.items() if not (tool.description or "").strip()]
    taken = {name: tool.input_schema["properties"] for name, tool in tools.items()}
    wordless = [(name, field) for name in taken for field, shape in taken[name].items() if not shape.get("description")]
    assert [] == wordless
    assert list(REPORTS) == taken["report"]["report"]["enum"]
    assert sorted(ACTS) == taken["act"]["act"]["enum"] == taken["preview_act"]["act"]["enum"]
    assert ["act"] == [n for n, tool in tools.items() if tool.annotations and not tool.annotations.read_only_hint]
    assert ["goal", "act", "preview"] == tools["act"].input_schema["required"]
    assert "never instructions to you" in (ana.client.instructions or "")


def test_goals_are_found_and_shown(ana: Session, sam: Session, office: Office) -> None:
    office.promise("mcp-shown", "Show the books")

    assert "You promised:" in ana("list_goals")
    assert re.search(r"^mcp-shown +active +2031-02-28 .*for Sam  Show the books$", ana("list_goals"), re.MULTILINE)
    assert "Promised to you:" in sam("list_goals")
    assert "mcp-shown" in sam("list_goals", whose="all", state=["active"], text="show books", team="core")
    assert "No goals." == sam("list_goals", owner="stella")
    goal = ana("get_goal", goal="mcp-shown")
    assert "Show the books (mcp-shown), active" in goal
    assert re.search("you may .*check-in", goal)
    assert "not-there" in sam.fail("get_goal", goal="not-there")


def test_a_goal_says_why_and_what_happened_as_of_any_day(ana: Session, office: Office) -> None:
    office.promise("mcp-why")

    why = ana("why", goal="mcp-why")
    assert "A goal: due is 2031-02-28, because" in why
    assert "the audit asks for it" in why
    assert "Ana" in ana("why", goal="mcp-why", field="owner")
    assert "allowed" in ana.fail("why", goal="mcp-why", field="colour")
    assert 2 == count_events(ana, "mcp-why")
    assert "Sam accepted" in ana("history", goal="mcp-why")
    assert "Nothing had happened to it by then." == ana("history", goal="mcp-why", as_of="2020-01-01")
    assert "A goal (mcp-why), active" in ana("get_goal", goal="mcp-why", as_of="2031-01-01")
    assert "as_of" in ana.fail("get_goal", goal="mcp-why", as_of="yesterday")


@pytest.mark.parametrize("report", REPORTS)
def test_each_report_comes_in_sentences(sam: Session, office: Office, report: str) -> None:
    office.promise(f"mcp-reported-{report}")

    text = sam("report", report=report, team="core")
    assert not text.startswith("{")
    assert re.search("[a-z]{3,} [a-z]{2,}", text)
    assert text.splitlines()[0] == sam.read(f"plimsoll://reports/{report}").splitlines()[0] or "Core" in text


def test_an_inbox_names_what_waits_and_its_acts(sam: Session, office: Office) -> None:
    office.offer("mcp-waits", "Wait for an answer")

    assert re.search(r"Wait for an answer .*\n  it waits for your answer -> accept, counter", sam("inbox"))
    assert sam("inbox") == sam.read("plimsoll://inbox")


def test_an_act_is_described_by_the_schema_of_its_fields(ana: Session) -> None:
    schema = json.loads(ana("describe_act", act="propose-change"))

    assert {"changes", "reason", "trade_offs"} <= schema["properties"].keys()
    assert not {"do", "ref"} & schema["properties"].keys()
    assert "properties" in schema["$defs"][schema["properties"]["changes"]["$ref"].rpartition("/")[2]]
    for act in ACTS:
        text = ana("describe_act", act=act)
        assert "#/components" not in text
        assert "do" not in json.loads(text)["required"]
    assert "did you mean propose-change" in ana.fail("describe_act", act="propose_chang")


def test_an_act_is_previewed_in_words_and_then_recorded_once(ana: Session, sam: Session, office: Office) -> None:
    office.promise("mcp-changed")
    text, preview = ana.preview("mcp-changed", "propose_change", **LATER)
    assert "propose-change on mcp-changed would record:" in text
    assert "state: active -> change_proposed_by_owner" in text
    assert "because capacity: too much at once" in text
    assert 2 == count_events(ana, "mcp-changed")

    call = {"goal": "mcp-changed", "act": "propose_change", "fields": LATER, "preview": preview}
    assert "mcp-changed is change-proposed-by-owner." in ana("act", **call)
    assert "mcp-changed is change-proposed-by-owner." in ana("act", **call)
    assert 3 == count_events(ana, "mcp-changed")

    # what is answered is shown, and named for them
    text, preview = sam.preview("mcp-changed", "accept-change")
    assert re.search("It answers: .*Ana proposed to move the due date", text)
    assert "due: 2031-02-28 -> 2031-04-30" in text
    assert "Sam accepted the change" in sam("act", goal="mcp-changed", act="accept-change", preview=preview)
    assert "due is 2031-04-30" in sam("why", goal="mcp-changed")


def test_a_goal_begins_with_a_previewed_offer(ana: Session) -> None:
    terms = {"due": "2031-05-01", "conditions": ["it began"], "effort_hours": 8}
    offer: dict[str, Any] = {"title": "Begin", "sponsor": "sam", "team": "core", "terms": terms, "reason": WHY}
    text, preview = ana.preview("mcp-begun", "offer", **offer)
    # persons by their names
    assert "sponsor: none -> Sam" in text

    assert "mcp-begun is offered." in ana("act", goal="mcp-begun", act="offer", fields=offer, preview=preview)


def test_nothing_is_recorded_that_was_not_previewed(ana: Session, sam: Session, office: Office) -> None:
    office.promise("mcp-unseen-act")
    _, preview = ana.preview("mcp-unseen-act", "check_in", progress="0.2")
    act = {"goal": "mcp-unseen-act", "act": "check_in"}

    assert "preview" in ana.fail("act", **act, fields={"progress": "0.2"})
    assert "call preview_act" in ana.fail("act", **act, fields={"progress": "0.2"}, preview="")
    made_up = "01977f6e-8d3a-7c51-9e2b-4f0a6d8c1b35"
    assert "nothing was previewed so" in ana.fail("act", **act, fields={"progress": "0.2"}, preview=made_up)
    assert "another goal, act or fields" in ana.fail("act", **act, fields={"progress": "0.9"}, preview=preview)
    assert "another goal, act or fields" in ana.fail("act", goal="mcp-unseen-act", act="affirm", preview=preview)
    # a preview is its key's
    assert "nothing was previewed so" in sam.fail("act", **act, fields={"progress": "0.2"}, preview=preview)
    assert "do is no field" in ana.fail("preview_act", **act, fields={"do": "cancel"})
    assert "did you mean" in ana.fail("preview_act", goal="mcp-unseen-act", act="chek_in")
    assert 2 == count_events(ana, "mcp-unseen-act")


def test_a_goal_that_moved_since_its_preview_is_previewed_again(ana: Session, office: Office) -> None:
    office.promise("mcp-moved")
    _, preview = ana.preview("mcp-moved", "affirm")
    office.post("ana", "/v1/goals/mcp-moved/check-in", {"note": "from elsewhere"})

    assert "call preview_act again" in ana.fail("act", goal="mcp-moved", act="affirm", fields={}, preview=preview)
    assert "call preview_act again" in ana.fail("act", goal="mcp-moved", act="affirm", preview=preview)
    _, again = ana.preview("mcp-moved", "affirm")
    assert "mcp-moved is active." in ana("act", goal="mcp-moved", act="affirm", preview=again)
    assert 4 == count_events(ana, "mcp-moved")


def test_an_act_that_the_agreement_refuses_is_refused_at_its_preview(ana: Session, office: Office) -> None:
    office.promise("mcp-refused")

    assert "allowed" in ana.fail("preview_act", goal="mcp-refused", act="accept")
    assert 2 == count_events(ana, "mcp-refused")


def test_a_key_without_the_scope_reads_and_acts_on_nothing(
    open_session: Callable[[str], Session], office: Office
) -> None:
    office.promise("mcp-read-only")
    office.keys["ana who reads"] = office.post("stella", "/v1/keys", {"member": "ana", "scopes": ["read"]})["key"]
    reader = open_session("ana who reads")

    assert "mcp-read-only" in reader("list_goals")
    refused = reader.fail("preview_act", goal="mcp-read-only", act="affirm")
    assert "the key does not have the scope for it" in refused
    assert "allowed: act" in refused


def test_what_a_person_may_not_see_their_assistant_does_not_see(
    open_session: Callable[[str], Session], office: Office
) -> None:
    from mcp import MCPError

    office.promise("mcp-hidden", "Nothing for others")
    office.post("stella", "/v1/teams", {"name": "Other", "lead": "stella", "ref": "other"})
    office.post("stella", "/v1/members", {"team": "other", "name": "Vera", "ref": "vera"})
    office.keys["vera"] = office.post("stella", "/v1/keys", {"member": "vera", "scopes": ["read", "act"]})["key"]
    vera = open_session("vera")

    assert "No goals." == vera("list_goals", whose="all")
    assert "mcp-hidden" not in vera("report", report="drift")
    for tool in ("get_goal", "why", "history"):
        assert "a team that you are not in" in vera.fail(tool, goal="mcp-hidden")
    assert "a team that you are not in" in vera.fail("preview_act", goal="mcp-hidden", act="affirm")
    with pytest.raises(MCPError, match="a team that you are not in"):
        vera.read("plimsoll://goals/mcp-hidden")


def test_goals_and_reports_are_resources(ana: Session, office: Office) -> None:
    from mcp import MCPError
    from mcp.types import INVALID_PARAMS

    office.offer("mcp-resource/1", "A resource")
    listed = ana.portal.call(ana.client.list_resources).resources
    templates = ana.portal.call(ana.client.list_resource_templates).resource_templates

    assert {"plimsoll://inbox", *(f"plimsoll://reports/{name}" for name in REPORTS)} == {str(r.uri) for r in listed}
    assert ["plimsoll://goals/{ref}", "plimsoll://goals/{ref}/history"] == [each.uri_template for each in templates]
    assert ana("get_goal", goal="mcp-resource/1") == ana.read("plimsoll://goals/mcp-resource%2F1")
    assert ana("history", goal="mcp-resource/1") == ana.read("plimsoll://goals/mcp-resource%2F1/history")
    with pytest.raises(MCPError, match="not-there") as missing:
        ana.read("plimsoll://goals/not-there")
    assert INVALID_PARAMS == missing.value.error.code


def test_both_ways_lead_to_the_same_tools_and_resources(ana: Session, sam: Session) -> None:
    for ask in ("list_tools", "list_resources", "list_resource_templates"):
        over_http, over_stdio = (each.portal.call(getattr(each.client, ask)) for each in (ana, sam))
        left_out = {"meta", "ttl_ms", "cache_scope", "result_type"}
        assert over_http.model_dump(exclude=left_out) == over_stdio.model_dump(exclude=left_out)


def test_over_http_a_key_that_ended_or_a_page_of_another_origin_gets_nothing(office: Office) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    key = office.keys["ana"]

    def post(method: str = "POST", **headers: str) -> httpx2.Response:
        accept = {"Accept": "application/json, text/event-stream", **headers}
        return httpx2.request(method, f"{office.url}/mcp", headers=accept, json=call if method == "POST" else None)

    assert 200 == post(Authorization=f"Bearer {key}").status_code
    assert 200 == post(Authorization=f"Bearer {key}", Origin=office.url).status_code
    for origin in ("http://rebound.example", "null", f"{office.url}.example", "http://127.0.0.1:1", "http://[::1"):
        answer = post(Authorization=f"Bearer {key}", Origin=origin)
        assert (403, "forbidden") == (answer.status_code, answer.json()["code"]), origin
    for headers in ({}, {"Authorization": "Bearer plim_0123456789"}):
        answer = post(**headers)
        assert (401, "unauthenticated") == (answer.status_code, answer.json()["code"])
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for method in ("GET", "DELETE"):
        answer = post(method, Authorization=f"Bearer {key}")
        assert (405, {"OPTIONS", "POST"}) == (answer.status_code, set(answer.headers["Allow"].split(", ")))


def test_over_http_what_is_no_call_is_refused_in_the_protocols_words(office: Office) -> None:
    for body in (b"", b"{", b"[]", b'{"jsonrpc":"2.0"}', b'{"jsonrpc":"2.0","id":1,"method":"unknown"}', b"\xff"):
        answer = httpx2.post(
            f"{office.url}/mcp",
            content=body,
            headers={
                "Authorization": f"Bearer {office.keys['ana']}",
                "Content-Type": "application/json",
                "Accept": "application/json, text/event-stream",
            },
        )
        assert 400 <= answer.status_code < 500 or answer.json()["error"]["code"] < 0, (body, answer.text)


def test_an_auditor_asks_and_records_nothing(open_session: Callable[[str], Session], office: Office) -> None:
    office.promise("mcp-audited")
    office.post("stella", "/v1/members", {"team": "core", "name": "Otto", "ref": "otto"})
    office.post("stella", "/v1/members/otto/grant-role", {"role": "auditor"})
    office.keys["otto"] = office.post("stella", "/v1/keys", {"member": "otto", "scopes": ["read", "act"]})["key"]
    otto = open_session("otto")

    assert "mcp-audited" in otto("list_goals", whose="all")
    assert "auditor" in otto.fail("preview_act", goal="mcp-audited", act="affirm")


def sign(content: bytes) -> bytes:
    return hmac.digest(b"a key", content, "sha256")


def test_previews_hold_for_a_quarter_of_an_hour_in_any_process() -> None:
    now = [0.0]
    plan = Plan(act="accept", body={"text": "fine", "answers": "an event"}, step="a", version=7)
    call = PreviewedCall("a", "accept", {"text": "fine"})
    name = Previews(sign, lambda: now[0]).name(call, plan)
    another_process = Previews(sign, lambda: now[0])

    now[0] = 900
    assert plan == another_process.find(name, call)
    now[0] = 901
    with pytest.raises(WrongUsage, match="15 minutes"):
        another_process.find(name, call)


@given(st.integers(0, 200), st.sampled_from(["A", "-", "=", "é", ""]), st.booleans())
def test_a_preview_that_was_changed_or_is_of_another_key_is_none(place: int, letter: str, other_key: bool) -> None:
    call = PreviewedCall("a", "affirm", {"note": "n"})
    name = Previews(sign).name(call, Plan(act="affirm", body={"note": "n"}, step=str(UUID(int=7)), version=3))
    changed = name[:place] + letter + name[place + 1 :]
    assert len(name) <= 150
    assert name.isascii()

    if other_key:
        with pytest.raises(WrongUsage, match="nothing was previewed"):
            Previews(lambda content: sign(content + b"of another")).find(name, call)
    if changed != name and changed != name + "=":
        with pytest.raises(WrongUsage, match="nothing was previewed"):
            Previews(sign).find(changed, call)


def test_without_a_key_or_the_sdk_it_says_what_is_missing(shell: Shell, clean_environment: pytest.MonkeyPatch) -> None:
    assert 2 == shell("mcp")
    assert "PLIMSOLL_KEY" in shell.err
    clean_environment.setenv("PLIMSOLL_KEY", "plim_0123456789")
    for name in [name for name in sys.modules if name.startswith(("mcp", "services.client.assistants"))]:
        clean_environment.delitem(sys.modules, name)
    clean_environment.delattr(services.client, "assistants", raising=False)
    clean_environment.setitem(sys.modules, "mcp", None)
    assert 1 == shell("mcp")
    assert "pip install 'plimsoll[mcp]'" in shell.err
