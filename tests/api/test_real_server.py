"""The journey through a real server: uvicorn, a socket, the embedded worker, several clients at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx

from tests.api.app_under_test import offer, why


def open_client(url: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=20)


def test_a_steward_sets_up_and_two_members_agree_change_and_ask_why(url: tuple[str, str]) -> None:
    # given
    base, key = url
    today = datetime.now(UTC).date()
    later = (today + timedelta(days=44)).isoformat()
    with open_client(base, key) as stella:
        while 200 != stella.get("/readyz").status_code:
            time.sleep(0.05)
        assert 201 == stella.post("/v1/teams", json={"name": "Core", "lead": "stella", "ref": "core"}).status_code
        keys = {}
        for person in ("ana", "sam"):
            body = {"ref": person, "name": person.title(), "team": "core"}
            assert 201 == stella.post("/v1/members", json=body).status_code
            said = stella.post("/v1/keys", json={"member": person, "scopes": ["read", "act"]})
            keys[person] = said.json()["key"]

    with open_client(base, keys["ana"]) as ana, open_client(base, keys["sam"]) as sam:
        # when
        body = offer(ref="report/1", start=today.isoformat(), due=(today + timedelta(days=30)).isoformat())
        offered = ana.post("/v1/goals", json=body).json()
        path = "/v1/goals/report%2F1"
        assert 200 == sam.post(f"{path}/accept", json={"answers": offered["open"]}).status_code
        proposed = ana.post(f"{path}/propose-change", json={"changes": {"due": later}, "reason": why()})
        answers = {"answers": proposed.json()["open"]}
        accepted = sam.post(f"{path}/accept-change", json=answers, headers={"If-Match": proposed.headers["ETag"]})

        # then what was written is read back through the projector's own thread
        told = ana.get(f"{path}/why?field=due&after_position={accepted.json()['position']}")
        assert (200, later) == (told.status_code, told.json()["value"])


def test_many_clients_at_once_are_all_served(url: tuple[str, str]) -> None:
    base, key = url

    def ask(number: int) -> int:
        with open_client(base, key) as stella:
            created = stella.post("/v1/teams", json={"name": f"Team {number}", "lead": "stella"})
            read = stella.get("/v1/teams", params={"after_position": created.json()["position"]})
            assert created.json()["id"] in {team["id"] for team in read.json()["teams"]}
            return read.status_code

    with ThreadPoolExecutor(8) as pool:
        assert [200] * 24 == list(pool.map(ask, range(24)))


def test_a_head_and_a_body_too_large_are_answered_on_the_wire(url: tuple[str, str]) -> None:
    base, key = url
    with open_client(base, key) as stella:
        head = stella.head("/v1/me")
        assert (200, b"") == (head.status_code, head.content)
        large = stella.post("/v1/goals", content=b"x" * 2_000_000, headers={"Content-Type": "application/json"})
        assert (413, "body_too_large") == (large.status_code, large.json()["code"])
        assert 200 == stella.get("/v1/me").status_code
