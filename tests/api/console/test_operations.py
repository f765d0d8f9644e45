"""The console's operations: how views, streams and subscriptions stand, for stewards and auditors alone."""

from __future__ import annotations

from uuid import UUID

import pytest

from projections.engine.checkpoints import HeldStream, load_held_streams, save_held_streams
from tests.api.app_under_test import ApiApp, create_active_goal
from tests.api.console.console_client import read_page, sign_in
from tests.api.route_walk import create_subscription

PATH = "/console/operations"


def hold(app: ApiApp, goal: str, organisation: str = "acme") -> None:
    """Have the view of goals hold this stream back, as if it could not be folded."""
    held = HeldStream(
        name="goals",
        stream_id=UUID(goal),
        organisation_id=app.organisation_id(organisation),
        error="ValueError: <b>no such</b> measure",
        since=app.runtime.ledger.head() - 1,
        events=1,
    )
    with app.runtime.database.transaction() as transaction:
        save_held_streams(transaction, [held])


def test_a_steward_sees_how_views_and_subscriptions_stand(app: ApiApp) -> None:
    create_subscription(app, "eva", "to-the-ledger")

    page = sign_in(app, "stella").open(PATH)

    assert {view.name for view in app.runtime.engine.status()} <= {each.text for each in page.root.find_all("code")}
    assert "to-the-ledger" in page.text
    assert "has followed everything" in page.text
    assert "Events lost none" in page.text


def test_a_held_stream_is_named_and_tried_again(app: ApiApp) -> None:
    goal = create_active_goal(app, title="The report")
    hold(app, goal)
    stella = sign_in(app, "stella")
    page = stella.open(PATH)
    assert "goals holds back 1 event of The report" in page.text
    assert "<b>no such" not in page.source

    # when
    answer = stella.submit(page, f"{PATH}/retry")

    # then it flows again
    assert 303 == answer.status_code
    assert [] == load_held_streams(app.runtime.database, app.organisation_id())
    assert "1 stream flows again" in stella.open(answer.headers["location"]).text


def test_a_held_stream_of_another_organisation_is_not_named(app: ApiApp) -> None:
    hold(app, create_active_goal(app, organisation="rival", title="A rival's goal"), "rival")

    page = sign_in(app, "stella").open(PATH)

    assert "None of this organisation." in page.text
    assert "measure" not in page.text


@pytest.mark.parametrize(("person", "status"), [("ana", 403), ("lea", 403), ("bot", 403), ("aud", 200)])
def test_the_state_of_the_service_is_for_stewards_and_auditors(person: str, status: int, app: ApiApp) -> None:
    hold(app, create_active_goal(app))
    client = sign_in(app, person)

    response = client.get(PATH)

    assert status == response.status_code
    assert (status == 200) == ("Held streams" in response.text)
    assert (status == 200) == (f'href="{PATH}"' in client.get("/console").text)
    # and nobody but a steward has anything tried again
    page = read_page(client.get("/console"))
    csrf = page.find_form("/console/sign-out")["csrf"]
    assert 403 == client.send(f"{PATH}/retry", {"csrf": csrf, "view": "goals"}).status_code
    assert 1 == len(load_held_streams(app.runtime.database, app.organisation_id()))


def test_a_retry_without_a_token_or_of_no_view_does_nothing(app: ApiApp) -> None:
    stella = sign_in(app, "stella")
    csrf = stella.open(PATH).find_form("/console/sign-out")["csrf"]

    assert 403 == stella.send(f"{PATH}/retry", {"view": "goals"}).status_code
    assert 404 == stella.send(f"{PATH}/retry", {"csrf": csrf, "view": "goals; DROP"}).status_code


def test_where_views_are_only_read_the_page_says_how_to_try_again(app: ApiApp, monkeypatch: pytest.MonkeyPatch) -> None:
    goal = create_active_goal(app)
    hold(app, goal)
    stella = sign_in(app, "stella")
    csrf = stella.open(PATH).find_form(f"{PATH}/retry")["csrf"]
    monkeypatch.setattr(
        app.runtime, "settings", type(app.runtime.settings)(views_database_url="postgresql://reader@views/plimsoll")
    )

    page = stella.open(PATH)

    assert [] == [form for form in page.root.find_all("form") if form.attributes.get("action") == f"{PATH}/retry"]
    assert "plimsoll projections retry" in page.text
    assert 403 == stella.send(f"{PATH}/retry", {"csrf": csrf, "view": "goals"}).status_code
