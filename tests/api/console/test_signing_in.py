"""Sessions: what opens one, what ends it, and what no other site can do with it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest

from ledger.api_keys import digest_of
from ledger.sessions import LINK_LIFETIME, SESSION_LIFETIME
from services.organisations import create_organisation
from services.runtime import Runtime, migrate
from services.settings import Settings
from tests.api.app_under_test import ApiApp, TickingClock
from tests.api.console.console_client import SIGN_IN, ConsoleClient, read_page, sign_in

SIGN_OUT = "/console/sign-out"
ONCE = "/console/sign-in/once"


def set_cookie(headers: object) -> str:
    return str(headers["set-cookie"])  # type: ignore[index]


def test_a_key_opens_a_session_whose_cookie_no_script_and_no_other_site_uses(shared_app: ApiApp) -> None:
    # when
    client = ConsoleClient(shared_app)
    response = client.sign_in(shared_app.keys["acme"]["ana"], "/console?a=b")

    # then
    assert (303, "/console?a=b") == (response.status_code, response.headers["location"])
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"} <= set(
        set_cookie(response.headers).split("; ")[1:]
    )
    assert "plimsoll=plims_" in set_cookie(response.headers)
    assert shared_app.keys["acme"]["ana"] not in response.text + str(response.headers)
    assert "My week" == client.open("/console").headings[0]


def test_over_tls_the_cookie_is_the_hosts_own_and_secure(serve_app: Callable[..., ApiApp]) -> None:
    app = serve_app(public_url="https://plimsoll.example.org")

    client = sign_in(app, "ana")

    assert {"__Host-plimsoll", "__Host-plimsoll-form"} == client.cookies.keys()
    assert "Secure" in set_cookie(ConsoleClient(app).get(SIGN_IN).headers)
    # One of the plain name is another's, as a page without TLS could have set it.
    client.cookies = {"plimsoll": client.cookies["__Host-plimsoll"]}
    assert 303 == client.get("/console").status_code


@pytest.mark.parametrize("key", ["", "plim_wrong", "x" * 150, "plims_" + "0" * 49, "<script>"])
def test_what_is_no_key_in_force_opens_nothing_and_is_not_repeated(key: str, shared_app: ApiApp) -> None:
    client = ConsoleClient(shared_app)

    response = client.sign_in(key)

    assert 401 == response.status_code
    assert "not in force" in read_page(response).text
    assert not key or key not in response.text
    assert {"plimsoll-form"} == client.cookies.keys()


def test_a_session_ends_with_signing_out_also_for_who_has_copied_its_cookie(shared_app: ApiApp) -> None:
    # given
    client, copy = sign_in(shared_app, "ana"), ConsoleClient(shared_app)
    elsewhere = sign_in(shared_app, "ana")
    copy.cookies = dict(client.cookies)

    # when
    response = client.submit(client.open("/console"), SIGN_OUT)

    # then
    assert (303, SIGN_IN) == (response.status_code, response.headers["location"])
    assert [303, 303] == [each.get("/console").status_code for each in (client, copy)]
    assert 200 == elsewhere.get("/console").status_code


def test_signing_out_everywhere_ends_every_session_of_the_member_and_no_others(shared_app: ApiApp) -> None:
    first, second, other = (sign_in(shared_app, person) for person in ("ana", "ana", "sam"))

    response = first.submit(first.open("/console"), SIGN_OUT, everywhere="yes")

    assert 303 == response.status_code
    assert [303, 303, 200] == [each.get("/console").status_code for each in (first, second, other)]


def test_signing_in_again_ends_the_session_that_the_browser_had(shared_app: ApiApp) -> None:
    client, copy = sign_in(shared_app, "ana"), ConsoleClient(shared_app)
    copy.cookies = dict(client.cookies)

    client.sign_in(shared_app.keys["acme"]["sam"])

    assert [200, 303] == [each.get("/console").status_code for each in (client, copy)]


def test_a_session_ends_after_twelve_hours_and_with_its_key(app: ApiApp) -> None:
    # given
    clients = [sign_in(app, person) for person in ("ana", "sam")]

    # when
    app.runtime.keys.revoke(app.viewer("ana").key_id)

    # then
    assert [303, 200] == [each.get("/console").status_code for each in clients]
    app.clock.now += SESSION_LIFETIME
    assert 303 == clients[1].get("/console").status_code


def test_the_session_of_a_member_who_left_is_over_at_once(app: ApiApp) -> None:
    # given
    client = sign_in(app, "mia")
    page = client.open("/console")

    # when
    app.as_member("stella").post_ok("/v1/members/mia/leave", {})

    # then
    assert (303, SIGN_IN) == (client.get("/console").status_code, client.get("/console").headers["location"])
    before = app.count_events()
    response = client.submit(page, SIGN_OUT)
    assert 401 == response.status_code
    assert "Nothing was recorded" in read_page(response).text
    assert before == app.count_events()
    assert "ended when its member left" in read_page(ConsoleClient(app).sign_in(app.keys["acme"]["mia"])).text


@pytest.mark.parametrize("token", ["", "0" * 64, "é", None])
def test_a_form_without_the_sessions_token_does_nothing(token: str | None, shared_app: ApiApp) -> None:
    # given
    client, other = sign_in(shared_app, "ana"), sign_in(shared_app, "sam")
    forged = other.open("/console").find_form(SIGN_OUT)["csrf"] if token is None else token

    # when
    response = client.send(SIGN_OUT, {"csrf": forged})

    # then
    assert 403 == response.status_code
    assert "nothing was recorded" in read_page(response).text
    assert 200 == client.get("/console").status_code


def test_no_other_site_signs_a_browser_in(shared_app: ApiApp) -> None:
    # given a form that another site holds, with a token of another browser
    page = ConsoleClient(shared_app).open(SIGN_IN)
    victim = ConsoleClient(shared_app)

    # when
    response = victim.submit(page, SIGN_IN, key=shared_app.keys["acme"]["ana"])

    # then
    assert 403 == response.status_code
    assert {} == victim.cookies


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example/console",
        "/\\evil.example",
        "/console//evil.example",
        "/console\\@evil.example",
        "/console@evil.example",
        "/consolex",
        "console",
        "javascript:alert(1)",
        "/v1/goals",
        "/console\r\nSet-Cookie: a=b",
        "/console/sign-out",
        "/console/é",
        " /console",
    ],
)
def test_signing_in_leads_to_no_other_site(target: str, shared_app: ApiApp) -> None:
    client = ConsoleClient(shared_app)
    page = client.open(f"{SIGN_IN}?next={quote(target)}")
    assert "/console" == page.find_form(SIGN_IN)["next"]

    response = client.submit(page, SIGN_IN, key=shared_app.keys["acme"]["ana"], next=target)

    assert (303, "/console") == (response.status_code, response.headers["location"])


def test_a_page_that_was_asked_for_is_where_signing_in_leads(shared_app: ApiApp) -> None:
    client = ConsoleClient(shared_app)

    asked = client.get("/console/nowhere?as_of=2026-01-31&x=%22")
    led = client.get("/console?as_of=2026-01-31&x=a%26b")

    assert 404 == asked.status_code
    assert f"{SIGN_IN}?next=/console%3Fas_of%3D2026-01-31%26x%3Da%2526b" == led.headers["location"]
    assert "/console?as_of=2026-01-31&x=a%26b" == client.open(led.headers["location"]).find_form(SIGN_IN)["next"]


def test_a_link_on_another_sites_page_is_asked_for_again_by_ours(shared_app: ApiApp) -> None:
    client = ConsoleClient(shared_app)

    response = client.get("/console?as_of=2026-01-31", headers={"Sec-Fetch-Site": "cross-site"})

    assert 200 == response.status_code
    [again] = read_page(response).root.find_all("meta", http_equiv="refresh")
    assert "0; url=/console?as_of=2026-01-31" == again.attributes["content"]


def test_a_link_signs_in_once_and_looking_at_it_uses_nothing_up(app: ApiApp) -> None:
    # given
    viewer = app.viewer("ana")
    token = app.runtime.sessions.create_link(viewer.organisation_id, viewer.key_id)
    first, second = ConsoleClient(app), ConsoleClient(app)

    # when
    pages = [each.open(f"{ONCE}?token={token}") for each in (first, second)]
    responses = [each.submit(page, ONCE) for each, page in zip((first, second), pages, strict=True)]

    # then
    assert [303, 401] == [each.status_code for each in responses]
    assert "used already" in read_page(responses[1]).text
    assert 200 == first.get("/console").status_code


def test_a_link_works_for_ten_minutes_and_while_its_key_does(app: ApiApp) -> None:
    # given
    ana, sam = app.viewer("ana"), app.viewer("sam")
    late = app.runtime.sessions.create_link(ana.organisation_id, ana.key_id)
    revoked = app.runtime.sessions.create_link(sam.organisation_id, sam.key_id)

    # when
    app.runtime.keys.revoke(sam.key_id)
    client = ConsoleClient(app)
    of_revoked = client.submit(client.open(f"{ONCE}?token={revoked}"), ONCE)
    app.clock.now += LINK_LIFETIME
    of_late = client.submit(client.open(f"{ONCE}?token={late}"), ONCE)

    # then
    assert [401, 401] == [of_revoked.status_code, of_late.status_code]
    assert "plimsoll" not in client.cookies


def test_a_session_is_no_key_and_a_key_is_no_session(shared_app: ApiApp) -> None:
    client = sign_in(shared_app, "ana")
    token, key = client.cookies["plimsoll"], shared_app.keys["acme"]["ana"]

    assert 401 == shared_app.with_key(token).get("/v1/me/inbox").status_code
    assert 401 == client.get("/v1/me/inbox").status_code
    client.cookies = {"plimsoll": key}
    assert 303 == client.get("/console", headers={"Authorization": f"Bearer {key}"}).status_code


def test_a_key_that_cannot_read_opens_no_session(app: ApiApp) -> None:
    viewer = app.viewer("ana")
    key = app.runtime.keys.create(viewer.organisation_id, viewer.member_id, ("act",))

    response = ConsoleClient(app).sign_in(key)

    assert 401 == response.status_code
    assert "does not read" in read_page(response).text


def test_pages_are_kept_by_no_cache_and_shown_in_no_other_page(shared_app: ApiApp) -> None:
    client = sign_in(shared_app, "ana")

    for path in ("/console", SIGN_IN, ONCE, "/console/nowhere"):
        headers = client.get(path).headers
        assert "private, no-store" == headers["cache-control"]
        assert "DENY" == headers["x-frame-options"]
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert {"'none'"} == {policy[name] for name in ("default-src", "frame-ancestors", "base-uri")}
        assert {"'self'"} == {policy[name] for name in ("script-src", "style-src", "form-action")}


def test_assets_are_kept_for_good_under_names_that_their_bytes_make(shared_app: ApiApp) -> None:
    client = ConsoleClient(shared_app)
    page = client.open(SIGN_IN)
    links = [*page.root.find_all("link", rel="stylesheet"), *page.root.find_all("script")]

    for each in links:
        response = client.get(each.attributes.get("href") or each.attributes["src"])
        assert 200 == response.status_code
        assert "public, max-age=31536000, immutable" == response.headers["cache-control"]
    assert 404 == client.get("/console/static/console.0000000000000000.css").status_code
    assert 404 == client.get("/console/static/..%2F__init__.py").status_code


def test_sessions_and_links_are_kept_by_either_database(database_url: str) -> None:
    # given
    migrate(Settings(database_url=database_url))
    clock = TickingClock()
    with Runtime(Settings(database_url=database_url), clock=clock) as runtime:
        founded = create_organisation(runtime, "acme", steward="stella")
        principal = runtime.keys.authenticate(founded.api_key, clock.now)
        assert principal is not None
        who = (founded.organisation_id, founded.steward_id, principal.key_id)
        sessions = runtime.sessions

        def find(token: str) -> bool:
            holder = runtime.keys.find_holders([digest_of(token)]).get(digest_of(token))
            return holder is not None and holder.principal == principal and holder.expires_at > clock.now

        # when
        first, second, third = (sessions.begin(*who) for _ in range(3))
        link, late = (sessions.create_link(founded.organisation_id, principal.key_id) for _ in range(2))

        # then
        assert find(first)
        sessions.end(first)
        assert [False, True, True] == [find(token) for token in (first, second, third)]
        assert 2 == sessions.end_all(founded.organisation_id, founded.steward_id)
        assert [False, False] == [find(token) for token in (second, third)]
        found = (founded.organisation_id, principal.key_id)
        assert [found, None] == [sessions.use_link(link), sessions.use_link(link)]
        last = sessions.begin(*who)
        clock.now += SESSION_LIFETIME
        assert not find(last)
        assert sessions.use_link(late) is None
        assert 1 == sessions.purge(clock.now)
