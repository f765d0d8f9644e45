"""Instants have one form in every answer: UTC, six digits of the second, `Z`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.api.app_under_test import ApiApp, create_active_goal, why
from tests.api.route_walk import VICTIM, create_secrets
from tests.api.test_reproducible_reads import NDJSON, build_late_facts, list_paths, record

LOOKS_LIKE_ONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:")
IS_ONE = re.compile(r"^(>=? |<=? )?[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$")


def find_instants(value: Any) -> Iterator[str]:
    """Every text in it that begins like an instant."""
    if isinstance(value, dict):
        for member in value.values():
            yield from find_instants(member)
    elif isinstance(value, list):
        for member in value:
            yield from find_instants(member)
    elif isinstance(value, str) and LOOKS_LIKE_ONE.search(value):
        yield value


def test_instants_have_one_form_in_each_read_and_in_the_feed(app: ApiApp) -> None:
    # given instants on the second (imported) and within it
    hidden = create_secrets(app)
    record(app, "/v1/imports", build_late_facts(3, 12))
    app.runtime.engine.catch_up()
    stella = app.as_member("stella", VICTIM)

    # when
    urls = [path.replace("as_of=2026-03-20", "as_of=2026-03-20T12:00:00%2B02:00") for path in list_paths(app, hidden)]
    urls += ["/v1/events?limit=1000", "/v1/keys", "/v1/me", f"/v1/goals/{hidden.goal}/diff?from=2026-03-01"]
    answers = [stella.get(url) for url in urls]

    # then
    found = [text for answer in answers for text in find_instants(answer.json())]
    assert [] == [text for text in found if not IS_ONE.match(text)]
    assert {".000000Z"} < {text[-8:] for text in found}
    headers = [value for answer in answers for value in answer.headers.values() if LOOKS_LIKE_ONE.match(value)]
    assert len(headers) > len(urls)
    assert [] == [value for value in headers if not IS_ONE.match(value)]


def test_instants_have_one_form_in_what_a_refusal_allows_and_in_a_preview(app: ApiApp) -> None:
    # given
    stella, ana = app.as_member("stella"), app.as_member("ana")
    goal = create_active_goal(app)
    question = {"question": "?", "options": ["a", "b"], "status_quo": "o2", "deciders": ["ana"], "team": "core"}
    late = {**question, "deadline": "2020-01-01T00:00:00Z", "fallback": {"rule": "status_quo"}}
    row = {"at": "2026-02-02T09:00:00Z", "by": "ana", "do": "goal.propose_change", "goal": goal}
    change = {"changes": {"due": "2026-04-10"}, "reason": why()}

    # when
    refused = stella.post("/v1/imports", content=json.dumps(row | change).encode(), headers=NDJSON)
    too_late = ana.post("/v1/decisions", late)
    previewed = ana.post(f"/v1/goals/{goal}/preview", {"do": "propose_change", **change})

    # then
    for answer, status in ((refused, 422), (too_late, 422), (previewed, 200)):
        assert status == answer.status_code, answer.text
        found = list(find_instants(answer.json()))
        assert found, answer.text
        assert [] == [text for text in found if not IS_ONE.match(text)]
