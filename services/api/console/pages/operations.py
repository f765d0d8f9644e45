"""Operations: whether read models, their streams and subscriptions keep up, as `plimsoll doctor` and `/v1` say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from domain.errors import Forbidden, NotFound
from ledger.deliveries import DeliveryCursor
from projections.engine.checkpoints import load_held_streams
from services.api.console.navigation import NavigationEntry, NavigationSection
from services.api.console.page import PageRequest, form, page
from services.api.console.rendering import redirect
from services.api.http.responses import HttpResponse
from services.api.operations import ReadQuery, Route, Weight
from services.api.queries import as_of_now
from services.api.routes.subscriptions import SubscriptionsQuery, SubscriptionSummary, list_subscriptions
from services.authorization import Capability, Viewer, may
from services.view_health import ViewHealth, load_view_health

PATH = "/console/operations"
#: Subscriptions that the page shows.
_LIMIT = 100


class OperationsQuery(ReadQuery, frozen=True, kw_only=True):
    """What was just tried."""

    retried: Annotated[str, msgspec.Meta(max_length=40)] = ""
    released: Annotated[int, msgspec.Meta(ge=0, le=2**31)] = 0


class SubscriptionProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription, and how far it was sent; None: nothing is sent for it."""

    subscription: SubscriptionSummary
    cursor: DeliveryCursor | None
    behind: int


def may_operate(viewer: Viewer) -> bool:
    """Whether the state of the service is this viewer's to see: a steward's or an auditor's."""
    return may(viewer, Capability.SEE_PERSON)


def may_retry(viewer: Viewer) -> bool:
    """Whether the viewer may have held streams tried again."""
    return may(viewer, Capability.MANAGE_MEMBERS)


@page(
    PATH,
    title="Operations",
    template="operations.html",
    query=OperationsQuery,
    weight=Weight.LIGHT,
    entry=NavigationEntry(name="Operations", section=NavigationSection.SERVICE, order=90, is_shown=may_operate),
)
def show_operations(request: PageRequest) -> Mapping[str, Any]:
    _require_operator(request)
    runtime, organisation = request.context.runtime, request.viewer.organisation_id
    views = load_view_health(runtime)
    held = load_held_streams(runtime.database, organisation)
    head = runtime.ledger.position(organisation)
    subscriptions = _load_subscriptions(request, head)
    names = request.load_names([*(each.stream_id for each in held), *(s.subscription.owner for s in subscriptions)])
    query: OperationsQuery = request.query
    return {
        "views": views,
        "slowest": max((view.lag_seconds for view in views), default=0.0),
        "faults": [(view.status.name, view.fault) for view in views if view.fault],
        "missing": sum(view.status.missing for view in views),
        "held": held,
        "held_elsewhere": _count_held_elsewhere(views, len(held)),
        "head": head,
        "position": as_of_now(request.context).position,
        "subscriptions": subscriptions,
        "names": names,
        "queued": runtime.ledger.commit_stats().queued,
        "connections": {"log": runtime.ledger.count_connections(), "views": runtime.database.count_connections()},
        "is_broker_reachable": runtime.wakeups.is_reachable(),
        "has_broker": runtime.settings.redis_url is not None,
        "can_retry": may_retry(request.viewer) and not runtime.settings.views_database_url,
        "retried": query.retried if query.retried in runtime.engine.projections else "",
        "released": query.released,
    }


def _require_operator(request: PageRequest) -> None:
    if not may_operate(request.viewer):
        raise Forbidden("the state of the service is for stewards and auditors", allowed=("steward", "auditor"))


def _count_held_elsewhere(views: list[ViewHealth], here: int) -> bool:
    """Whether a view holds back a stream of another organisation: which one is not said."""
    return not here and any(view.status.held for view in views)


def _load_subscriptions(request: PageRequest, head: int) -> list[SubscriptionProgress]:
    listed = request.ask(list_subscriptions, SubscriptionsQuery(limit=_LIMIT)).subscriptions
    cursors = request.context.runtime.deliveries.load_cursors([each.id for each in listed])
    found = [
        SubscriptionProgress(
            subscription=each,
            cursor=(cursor := cursors.get(each.id)),
            behind=max(0, head - cursor.position) if cursor is not None else 0,
        )
        for each in listed
    ]
    # What fails first, then what is furthest behind.
    return sorted(found, key=lambda each: (each.cursor is None or not each.cursor.failures, -each.behind))


@form(PATH + "/retry", title="Try held streams again", weight=Weight.LIGHT)
def retry(request: PageRequest) -> HttpResponse:
    _require_operator(request)
    runtime = request.context.runtime
    if not may_retry(request.viewer):
        raise Forbidden("held streams are tried again by stewards", allowed=("steward",))
    if runtime.settings.views_database_url:
        raise Forbidden(
            "this process only reads the views: run `plimsoll projections retry` where a worker runs",
            allowed=("plimsoll projections retry",),
        )
    view = request.form.get("view")
    if view not in runtime.engine.projections:
        raise NotFound("there is no such view", pointer="/view")
    return redirect(f"{PATH}?retried={view}&released={runtime.engine.retry_held(view)}")


ROUTES: list[Route] = [show_operations, retry]
