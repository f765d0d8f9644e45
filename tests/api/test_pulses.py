"""Pulses over HTTP: opened, answered without a key, closed, and what of them is never shown."""

from __future__ import annotations

import logging
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from httpx import Response

from domain.pulse.pulse import SAFETY_ITEMS
from services import blind_tokens
from tests.api.app_under_test import ApiApp, MemberClient

CORE = ("lea", "ana", "ben", "sam", "mia")
SAFE = [2, 6, 1, 5, 3, 6, 7]
LAST_DAY = "2026-03-20"


class Ballot(msgspec.Struct, frozen=True):
    """What a client sends when it answers."""

    cell: str
    token: str
    signature: str

    def with_answers(self, answers: list[int]) -> dict[str, Any]:
        return {**msgspec.to_builtins(self), "ratings": answers}


def open_pulse(app: ApiApp, by: str = "stella", **fields: Any) -> dict[str, Any]:
    return app.as_member(by).post_ok("/v1/pulses", {"team": "core", "closes_on": LAST_DAY, **fields})


def take_ballot(member: MemberClient, pulse: str) -> Ballot:
    """Have a token signed, as a client does."""
    seen = member.get_ok(f"/v1/pulses/{pulse}")
    [cell] = [cell for cell in seen["cells"] if cell["id"] == seen["cell"]]
    key = blind_tokens.decode_public_key(b64decode(cell["public_key"]))
    token = blind_tokens.blind(key, UUID(seen["id"]).bytes)
    signed = member.post_ok(f"/v1/pulses/{pulse}/token", {"blinded": b64encode(token.blinded).decode()})
    signature = blind_tokens.finalize(key, token, b64decode(signed["signature"]))
    randomizer = token.message[: blind_tokens.RANDOMIZER_BYTES]
    return Ballot(cell["id"], b64encode(randomizer).decode(), b64encode(signature).decode())


def send(app: ApiApp, pulse: str, ballot: Ballot, answers: list[int] | None = None) -> Response:
    response: Response = app.client.post(f"/v1/pulses/{pulse}/answers", json=ballot.with_answers(answers or SAFE))
    return response


def answer_all(app: ApiApp, pulse: str, people: tuple[str, ...] = CORE, answers: list[int] | None = None) -> None:
    for person in people:
        assert 200 == send(app, pulse, take_ballot(app.as_member(person), pulse), answers).status_code


def close_pulse(app: ApiApp, pulse: str, by: str = "stella") -> dict[str, Any]:
    return app.as_member(by).post_ok(f"/v1/pulses/{pulse}/close", {})


def read_report(app: ApiApp, person: str, query: str = "?team=core") -> dict[str, Any]:
    report: dict[str, Any] = app.as_member(person).get_ok(f"/v1/reports/pulse{query}")
    return report


def code_of(response: Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def list_stored(app: ApiApp) -> Iterator[str]:
    """Every row of every table of the store's files, as text."""
    served = Path(app.runtime.settings.database_url.removeprefix("sqlite:///"))
    for file in sorted(served.parent.glob(f"{served.stem}*")):
        if file.name.endswith(("-wal", "-shm", ".pulse-key", ".lock")):
            continue
        with closing(sqlite3.connect(file)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (name,) in tables:
                yield from (f"{name} {row}" for row in connection.execute(f"SELECT * FROM {name}"))


# --- the way of a pulse ----------------------------------------------------------------------------------------------


def test_a_pulse_is_opened_answered_closed_and_read(app: ApiApp) -> None:
    pulse = open_pulse(app, ref="spring")["id"]
    answer_all(app, pulse)

    closed = close_pulse(app, "spring")

    assert ("closed", 2) == (closed["state"], closed["version"])
    report = read_report(app, "mia")
    figures = {figure["name"]: figure for figure in report["figures"]}
    # 2, 1 and 3 are turned: 6, 6, 7, 5, 5, 6, 7.
    assert (6.0, 5) == (figures["psychological_safety"]["value"], figures["psychological_safety"]["n"])
    assert [6.0, 6.0, 7.0, 5.0, 5.0, 6.0, 7.0] == [figures[item.id]["value"] for item in SAFETY_ITEMS]
    text = app.as_member("lea").get("/v1/reports/pulse?team=core&format=text").text
    assert "Psychological safety, 1 to 7: 6" in text
    opened, closed_entry = app.as_member("mia").get_ok("/v1/pulses/spring/history")["entries"]
    assert opened["text"].startswith("stella asked Core 7 items (5 persons, until ")
    assert "stella closed the pulse (Core: 5 answers); single answers were deleted." == closed_entry["text"]
    of_another_team = app.as_member("ned").get_ok("/v1/pulses/spring/history")["entries"]
    assert "stella closed the pulse; single answers were deleted." == of_another_team[-1]["text"]


def test_its_end_closes_it_without_anybody(app: ApiApp) -> None:
    pulse = open_pulse(app)["id"]
    answer_all(app, pulse)
    assert 0 == app.runtime.close_due_pulses()

    app.clock.now += timedelta(days=30)
    assert 1 == app.runtime.close_due_pulses()
    app.runtime.engine.catch_up()

    assert 5 == read_report(app, "mia")["figures"][0]["n"]
    assert 0 == app.runtime.close_due_pulses()
    ended = app.as_member("mia").get_ok(f"/v1/pulses/{pulse}/history")["entries"][-1]["text"]
    assert "The clock: the pulse ended (Core: 5 answers); single answers were deleted." == ended


def test_own_items_are_asked_by_policy(app: ApiApp) -> None:
    app.as_member("stella").post_ok("/v1/policies", {"policy": {"pulse_items": "I would stay.\n\nI laugh here."}})
    pulse = open_pulse(app)["id"]

    assert ["own_1", "own_2"] == [
        item["id"] for item in app.as_member("ana").get_ok(f"/v1/pulses/{pulse}")["items"][7:]
    ]
    ballot = take_ballot(app.as_member("ana"), pulse)
    assert (422, "invalid_field") == code_of(send(app, pulse, ballot))
    assert 200 == send(app, pulse, ballot, [*SAFE, 7, 7]).status_code


@pytest.mark.parametrize(
    "text", ["x" * 201, "\n".join("abcdefghijk"), "tab\there", "nul\x00", "I stay.\n\u200b", "a\u2028b", "a\x85b"]
)
def test_items_that_cannot_be_asked_are_refused(shared_app: ApiApp, text: str) -> None:
    response = shared_app.as_member("stella").post("/v1/policies", {"policy": {"pulse_items": text}})

    assert 422 == response.status_code


# --- who may ---------------------------------------------------------------------------------------------------------


def test_a_lead_opens_one_by_policy_alone(app: ApiApp) -> None:
    body = {"team": "core", "closes_on": LAST_DAY}
    assert (403, "forbidden") == code_of(app.as_member("lea").post("/v1/pulses", body))
    assert (403, "forbidden") == code_of(app.as_member("ana").post("/v1/pulses", body))

    app.as_member("stella").post_ok("/v1/policies", {"policy": {"pulse_by_leads": True}})

    assert (403, "forbidden") == code_of(app.as_member("lea").post("/v1/pulses", {"closes_on": LAST_DAY}))
    assert 201 == app.as_member("lea").post("/v1/pulses", body).status_code


@pytest.mark.parametrize(
    ("fields", "status", "pointer"),
    [
        ({"closes_on": "2026-03-01"}, 422, "/closes_on"),
        ({"closes_on": "2027-03-01"}, 422, "/closes_on"),
        ({"team": "nothing"}, 404, "/team"),
        # Team edge has two members.
        ({"team": "edge"}, 409, "/team"),
    ],
)
def test_a_pulse_that_cannot_be_shown_is_not_opened(
    app: ApiApp, fields: dict[str, Any], status: int, pointer: str
) -> None:
    before = app.count_events()

    response = app.as_member("stella").post("/v1/pulses", {"team": "core", "closes_on": LAST_DAY, **fields})

    assert (status, pointer) == (response.status_code, response.json()["errors"][0]["pointer"])
    assert before == app.count_events()
    assert not [row for row in list_stored(app) if row.startswith("pulse_")]


def test_one_is_open_at_a_time(app: ApiApp) -> None:
    open_pulse(app)

    response = app.as_member("stella").post("/v1/pulses", {"closes_on": LAST_DAY})

    assert (409, "act_not_allowed") == code_of(response)


# --- one answer each, and none that can be linked --------------------------------------------------------------------


def test_a_member_gets_one_token_and_the_same_again(app: ApiApp) -> None:
    pulse = open_pulse(app)["id"]
    ana = app.as_member("ana")
    seen = ana.get_ok(f"/v1/pulses/{pulse}")
    key = blind_tokens.decode_public_key(b64decode(seen["cells"][0]["public_key"]))
    tokens = [b64encode(blind_tokens.blind(key, UUID(pulse).bytes).blinded).decode() for _ in range(2)]

    first = ana.post(f"/v1/pulses/{pulse}/token", {"blinded": tokens[0]})
    again = ana.post(f"/v1/pulses/{pulse}/token", {"blinded": tokens[0]})
    other = ana.post(f"/v1/pulses/{pulse}/token", {"blinded": tokens[1]})

    assert 200 == first.status_code
    assert first.json() == again.json()
    assert (409, "act_not_allowed") == code_of(other)


def test_a_token_answers_once(app: ApiApp) -> None:
    pulse = open_pulse(app)["id"]
    ballot = take_ballot(app.as_member("ana"), pulse)

    assert 200 == send(app, pulse, ballot).status_code
    assert (409, "act_not_allowed") == code_of(send(app, pulse, ballot))
    assert (409, "act_not_allowed") == code_of(send(app, pulse, ballot, [7] * 7))


def test_a_token_of_another_pulse_or_none_is_refused_in_the_same_words(app: ApiApp) -> None:
    # given a token of the other organisation's pulse, one of this organisation's pulse before, and one made up
    stranger = app.as_member("ana", "rival")
    theirs = app.as_member("stella", "rival").post_ok("/v1/pulses", {"team": "core", "closes_on": LAST_DAY})["id"]
    foreign = take_ballot(stranger, theirs)
    before = open_pulse(app)["id"]
    old = take_ballot(app.as_member("ana"), before)
    close_pulse(app, before)
    pulse = open_pulse(app)["id"]
    cell = app.as_member("ana").get_ok(f"/v1/pulses/{pulse}")["cell"]
    made_up = Ballot(cell, b64encode(b"x" * 32).decode(), b64encode(b"y" * 256).decode())

    # when
    moved = [
        foreign,
        old,
        made_up,
        msgspec.structs.replace(foreign, cell=cell),
        msgspec.structs.replace(old, cell=cell),
    ]
    answers = [send(app, pulse, ballot) for ballot in moved]

    # then
    assert {(403, "forbidden")} == set(map(code_of, answers))
    assert 1 == len({msgspec.json.encode({**a.json(), "request_id": ""}) for a in answers})


def test_a_key_is_not_wanted_with_an_answer(app: ApiApp) -> None:
    pulse = open_pulse(app)["id"]
    ballot = take_ballot(app.as_member("ana"), pulse)

    response = app.as_member("ana").post(f"/v1/pulses/{pulse}/answers", ballot.with_answers(SAFE))

    assert (400, "key_not_wanted") == code_of(response)
    assert 200 == send(app, pulse, ballot).status_code


def test_a_closed_pulse_is_not_answered(app: ApiApp) -> None:
    pulse = open_pulse(app)["id"]
    answer_all(app, pulse)
    app.clock.now += timedelta(days=30)
    made_up = Ballot(str(UUID(int=1)), b64encode(b"x" * 32).decode(), b64encode(b"y" * 256).decode())

    assert (409, "act_not_allowed") == code_of(send(app, pulse, made_up))
    assert (409, "act_not_allowed") == code_of(
        app.as_member("ana").post(f"/v1/pulses/{pulse}/token", {"blinded": "AAAA"})
    )
    close_pulse(app, pulse)
    assert (409, "act_not_allowed") == code_of(send(app, pulse, made_up))


def test_who_is_not_asked_gets_no_token(app: ApiApp) -> None:
    pulse = open_pulse(app)["id"]

    for person in ("ned", "stella", "bot"):
        response = app.as_member(person).post(f"/v1/pulses/{pulse}/token", {"blinded": "AAAA"})
        assert (403, "forbidden") == code_of(response), person
    response = app.as_member("ana", "rival").post(f"/v1/pulses/{pulse}/token", {"blinded": "AAAA"})
    assert (404, "not_found") == code_of(response)


@pytest.mark.parametrize("answers", [[], [1] * 6, [0] * 7, [8] * 7, [1.5] * 7, ["1"] * 7, [1] * 33])
def test_answers_off_the_scale_are_refused(app: ApiApp, answers: list[Any]) -> None:
    pulse = open_pulse(app)["id"]
    ballot = take_ballot(app.as_member("ana"), pulse)

    response = app.client.post(f"/v1/pulses/{pulse}/answers", json=ballot.with_answers(answers))

    assert (422, "invalid_field") == code_of(response)
    assert 200 == send(app, pulse, ballot).status_code


def test_nothing_stored_links_an_answer_with_who_gave_it(app: ApiApp, caplog: pytest.LogCaptureFixture) -> None:
    # given
    caplog.set_level(logging.INFO)
    pulse = open_pulse(app)["id"]
    before = app.count_events()
    ballots = {person: take_ballot(app.as_member(person), pulse) for person in CORE}
    for ballot in ballots.values():
        send(app, pulse, ballot)

    # then no event was recorded, and no row names a member and an answer, or when
    assert before == app.count_events()
    seats = [row for row in list_stored(app) if row.startswith("pulse_seats")]
    kept = [row for row in list_stored(app) if row.startswith("pulse_ballots")]
    assert (5, 5) == (len(seats), len(kept))
    ids = [app.resolve_id("member", person).replace("-", "") for person in CORE]
    assert not [row for row in kept for member in ids if member in row.replace("-", "")]
    digests = {row.split("'")[3] for row in kept}
    assert not [row for row in seats for digest in digests if digest in row]
    # and sealed answers that are the same look different, as long as one another
    sealed = [row.split("'")[-2] for row in kept]
    assert (5, 1) == (len(set(sealed)), len({len(text) for text in sealed}))

    # when it is closed, both are gone, and so are the keys
    close_pulse(app, pulse)
    rows = list(list_stored(app))
    assert not [row for row in rows if row.startswith(("pulse_ballots", "pulse_cells"))]
    assert not [row for row in rows for digest in digests if digest in row]
    assert 5 == len([row for row in rows if row.startswith("pulse_seats") and ", None, '" in row])


def test_requests_for_tokens_and_answers_are_not_logged(app: ApiApp, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[Any] = []
    from services import logs  # noqa: PLC0415 - what is patched

    monkeypatch.setattr(logs.request_log, "add", lines.append)
    pulse = open_pulse(app)["id"]
    answer_all(app, pulse, ("ana",))

    assert ["/v1/pulses", "/v1/pulses/{pulse}"] == [line.route for line in lines]


# --- what is shown ---------------------------------------------------------------------------------------------------


def test_four_answers_are_withheld_from_everybody(app: ApiApp) -> None:
    pulse = open_pulse(app)["id"]
    answer_all(app, pulse, CORE[:4])
    close_pulse(app, pulse)

    for person in ("mia", "lea", "stella", "aud"):
        figures = read_report(app, person)["figures"]
        assert {("withheld", "small_group", None)} == {(f["status"], f["rule"], f["value"]) for f in figures}, person
        assert not [f for f in figures if "n" in f]
    events = app.as_member("stella").get_ok("/v1/events?types=pulse.*")
    assert [] == events[-1]["data"]["results"]
    assert "answers" not in str(events[-1]["data"])
    assert not [row for row in list_stored(app) if row.startswith("pulse_ballots")]


def test_a_refusal_and_a_withheld_figure_do_not_depend_on_how_many_answered(app: ApiApp) -> None:
    sizes = set()
    for count in (0, 1, 4):
        pulse = open_pulse(app)["id"]
        answer_all(app, pulse, CORE[:count])
        close_pulse(app, pulse)
        report = read_report(app, "stella")
        sizes.add(msgspec.json.encode(report["figures"]))
    assert 1 == len(sizes)


def test_the_next_pulse_of_a_team_that_one_has_left_is_withheld(app: ApiApp) -> None:
    stella = app.as_member("stella")
    for name in ("zoe", "tim", "kim"):
        stella.post_ok("/v1/members", {"name": name.title(), "ref": name, "team": "core"})
        app.keys["acme"][name] = stella.post_ok("/v1/keys", {"member": name, "scopes": ["read", "act"]})["key"]
    people = (*CORE, "zoe", "tim", "kim")
    first = open_pulse(app)["id"]
    answer_all(app, first, people)
    close_pulse(app, first)

    stella.post_ok("/v1/members/zoe/leave", {})
    second = open_pulse(app)["id"]
    answer_all(app, second, (*CORE, "tim", "kim"), [7] * 7)
    close_pulse(app, second)

    told = app.as_member("stella").get_ok(f"/v1/pulses/{second}/history")["entries"][-1]["text"]
    assert "nothing of it can be shown, as beside an earlier pulse it would tell of few" in told
    report = read_report(app, "stella")
    assert {"small_complement"} == {figure["rule"] for figure in report["figures"]}
    assert [None, 6.0] == [wave.get("psychological_safety") for wave in report["waves"]]


def test_a_team_sees_its_own_sums_and_the_organisation_all_together(app: ApiApp) -> None:
    stella = app.as_member("stella")
    people = tuple(f"e{n}" for n in range(4))
    for name in people:
        stella.post_ok("/v1/members", {"name": name.title(), "ref": name, "team": "edge"})
        app.keys["acme"][name] = stella.post_ok("/v1/keys", {"member": name, "scopes": ["read", "act"]})["key"]
    pulse = open_pulse(app, team=None)["id"]
    answer_all(app, pulse)
    answer_all(app, pulse, ("eva", *people), [4] * 7)
    close_pulse(app, pulse)

    assert (6.0, 5) == _safety(read_report(app, "mia"))
    assert (4.0, 5) == _safety(read_report(app, "eva", "?team=edge"))
    assert (5.0, 10) == _safety(read_report(app, "mia", ""))
    assert 403 == app.as_member("mia").get("/v1/reports/pulse?team=edge").status_code
    core, edge = app.resolve_id("team", "core"), app.resolve_id("team", "edge")
    assert [core] == [result["team"] for result in app.as_member("mia").get_ok(f"/v1/pulses/{pulse}")["results"]]
    shown = app.as_member("mia").get_ok("/v1/events?types=pulse.*")[-1]["data"]["results"]
    assert [core] == [result["team"] for result in shown]
    assert {core, edge} == {r["team"] for r in app.as_member("stella").get_ok(f"/v1/pulses/{pulse}")["results"]}


def _safety(report: dict[str, Any]) -> tuple[float, int]:
    return report["figures"][0]["value"], report["figures"][0]["n"]


def test_a_pulse_has_no_figure_of_a_person(shared_app: ApiApp) -> None:
    response = shared_app.as_member("ana").get("/v1/reports/pulse?member=ana")

    assert (422, "/member") == (response.status_code, response.json()["errors"][0]["pointer"])


def test_no_import_opens_or_answers_a_pulse(app: ApiApp) -> None:
    row = b'{"at": "2026-03-02T09:00:00Z", "by": "stella", "do": "pulse.open", "pulse": "p", "closes_on": "2026-03-20"}'

    answer = app.as_member("stella").post("/v1/imports", content=row, headers={"Content-Type": "application/x-ndjson"})

    assert 422 == answer.status_code


def test_a_closing_that_was_interrupted_is_finished(app: ApiApp, monkeypatch: pytest.MonkeyPatch) -> None:
    pulse = open_pulse(app)["id"]
    answer_all(app, pulse)
    with monkeypatch.context() as patch:
        patch.setattr(app.runtime.pulses, "end", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
        app.clock.now += timedelta(days=30)
        with pytest.raises(RuntimeError):
            app.runtime.close_due_pulses()
    assert [row for row in list_stored(app) if row.startswith("pulse_ballots")]

    assert 0 == app.runtime.close_due_pulses()

    assert not [row for row in list_stored(app) if row.startswith("pulse_ballots")]
    app.runtime.engine.catch_up()
    assert 5 == read_report(app, "mia")["figures"][0]["n"]


def test_another_sealing_key_takes_no_answer(app: ApiApp) -> None:
    pulse = open_pulse(app)["id"]
    ballot = take_ballot(app.as_member("ana"), pulse)
    url = app.runtime.settings.database_url.removeprefix("sqlite:///")
    with open(f"{url}.pulse-key", "wb") as file:  # noqa: PTH123 - beside the database
        file.write(b"z" * 32)

    assert (503, "pulse_key_missing") == code_of(send(app, pulse, ballot))
    assert (503, "pulse_key_missing") == code_of(
        app.as_member("ben").post(f"/v1/pulses/{pulse}/token", {"blinded": "AAAA"})
    )
