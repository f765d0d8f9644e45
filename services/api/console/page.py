"""What a page is: a function of a request, whose values a template shows; and a form: a function that records.

Both ask and record by the routes of `/v1`, called as functions: what a page shows is what the same person's call would
answer, with the same sight, the same record of who read whose figures, and the same refusals.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from inspect import iscoroutinefunction
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.errors import Refusal
from services.api.console import navigation
from services.api.console.csrf import FIELD, csrf_token, require_csrf_token
from services.api.console.forms import KEY_FIELD, VERSION_FIELD, Form, read_form
from services.api.console.rendering import render_page
from services.api.context import RequestContext, load_freshness, parse_idempotency_key
from services.api.http.parsing import FORM
from services.api.http.problems import Problem, ProblemError, problem_from_error, problem_from_refusal
from services.api.http.responses import HttpResponse
from services.api.operations import NoQuery, Operation, Route, Weight, command_route, query_route
from services.api.queries import as_of_now, sight_of
from services.authorization import READ, Viewer, may_act

T = TypeVar("T")

#: How much of a process a class takes: what a page asks for weighs no more than the page.
_WEIGHTS = (Weight.FREE, Weight.LIGHT, Weight.PAGE, Weight.REPORT)


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request for a page, or one form that was sent."""

    context: RequestContext
    #: The fields of a form; of a page none.
    form: Form = Form(())
    #: The class of the thread in which it asks.
    weight: Weight = Weight.LIGHT

    @property
    def query(self) -> Any:
        """The decoded query: an instance of the page's query Struct."""
        return self.context.query

    @property
    def viewer(self) -> Viewer:
        """Who looks."""
        return self.context.viewer

    def to_problem(self, error: Refusal | ProblemError) -> Problem:
        """What a refused form is shown again with."""
        if isinstance(error, Refusal):
            return problem_from_refusal(error, instance=self.context.path, request_id="")
        return problem_from_error(error, self.context.path, "")

    @property
    def zone(self) -> str:
        """IANA name of the organisation's zone."""
        organisation = self.viewer.organisation_id
        entry = self.context.runtime.ledger.load_current(organisation, "organisation", organisation)
        return entry.state.zone if entry is not None else "UTC"

    @property
    def name(self) -> str:
        """How the viewer is called; empty for one whom no event has named yet."""
        entry = self.context.runtime.ledger.load_current(self.viewer.organisation_id, "member", self.viewer.member_id)
        return entry.state.name if entry is not None and entry.state is not None else ""

    def ask(self, route: Route, query: NoQuery | None = None, **parameters: str) -> Any:
        """What a GET of `/v1` answers this viewer, as its answer's Struct. Raises what the route raises."""
        operation = route.operation
        if _WEIGHTS.index(route.weight) > _WEIGHTS.index(self.weight):
            raise RuntimeError(f"{operation.id} is of the class {route.weight}: declare it for the page")
        context = replace(self._as_route(route), query=query if query is not None else operation.query())
        response: HttpResponse = route.handler(context, **parameters)
        return msgspec.json.decode(response.body, type=operation.answer)

    async def perform(self, route: Route, body: Any, **parameters: str) -> Any:
        """Record what a POST of `/v1` records, once for this form; its answer. Raises what the route raises."""
        if not may_act(self.viewer):
            raise ProblemError("forbidden", "an auditor reads everything and acts on nothing", allowed=("read",))
        response: HttpResponse = await route.handler(self._as_command(route, body), **parameters)
        return msgspec.json.decode(response.body, type=route.operation.answer)

    def call(self, route: Route, body: Any, **parameters: str) -> Any:
        """What a POST of `/v1` without an `Idempotency-Key` answers, once each time; for a thread.

        Raises what the route raises.
        """
        headers = {n: value for n, value in self.context.headers.items() if n not in ("idempotency-key", "if-match")}
        context = replace(self._as_route(route), body=body, headers=headers, idempotency_key=None)
        response: HttpResponse = route.handler(context, **parameters)
        return msgspec.json.decode(response.body, type=route.operation.answer)

    def preview(self, route: Route, body: Any, **parameters: str) -> Any:
        """What a POST of `/v1` that records nothing answers; for a thread. Raises what the route raises."""
        response: HttpResponse = route.handler(self._as_command(route, body), **parameters)
        return msgspec.json.decode(response.body, type=route.operation.answer)

    def _as_command(self, route: Route, body: Any) -> RequestContext:
        """The context of a call that carries the form's key, and the version that the form was made of."""
        headers = {name: value for name, value in self.context.headers.items() if name != "if-match"}
        headers["idempotency-key"] = self.form.get(KEY_FIELD)
        version = self.form.get(VERSION_FIELD)
        if version:
            headers["if-match"] = f'"v{version}"'
        key = parse_idempotency_key(headers)
        return replace(self._as_route(route), body=body, headers=headers, idempotency_key=key)

    async def show(self, weight: Weight, function: Callable[[PageRequest], T]) -> T:
        """What the function makes of this request, in a thread of this class: an answer that queries the store."""

        def ask_and_show() -> T:
            freshness = load_freshness(self.context.runtime, self.viewer.organisation_id)
            return function(replace(self, context=replace(self.context, freshness=freshness), weight=weight))

        return await self.context.run_in_thread(weight, ask_and_show)

    def load_names(self, ids: Iterable[UUID | str | None]) -> Mapping[str, str]:
        """Id -> how it is called now, of what the viewer may see."""
        view = as_of_now(self.context)
        return sight_of(self.context, view).load_names(self.context.runtime.database, view, ids)

    def _as_route(self, route: Route) -> RequestContext:
        """The context of a call of this route by the same viewer."""
        scopes = route.operation.scopes
        if self.viewer.scopes.isdisjoint(scopes):
            raise ProblemError("insufficient_scope", f"this asks for one of: {', '.join(scopes)}", allowed=scopes)
        return replace(self.context, operation=route.operation)

    def new_form_key(self) -> str:
        """The key of a form that is being made: sent twice, it is recorded once."""
        return str(self.context.runtime.new_id())

    def build_frame(self, title: str) -> dict[str, Any]:
        """What the layout shows around a page."""
        return {
            "title": title,
            "sections": navigation.list_links(self.viewer, self.context.path),
            "csrf": csrf_token(self.context.session_token),
            "zone": self.zone,
            "is_signed_in": True,
            "signed_in_as": self.name,
        }

    def render(self, template: str, title: str, values: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
        """A page of this viewer's."""
        return render_page(template, values, frame=self.build_frame(title), status=status)


#: A page's values for its template, or a response of its own.
PageFunction = Callable[..., Mapping[str, Any] | HttpResponse]
FormFunction = Callable[..., Awaitable[HttpResponse]]


def page(  # noqa: PLR0913 - what a page is, named one by one
    path: str,
    *,
    title: str,
    template: str,
    query: type[NoQuery] = NoQuery,
    weight: Weight = Weight.LIGHT,
    entry: navigation.NavigationEntry | None = None,
) -> Callable[[PageFunction], Route]:
    """Declare the function below as the page at this path. It runs in a thread of its class.

    It returns the template's values; `title` among them replaces the page's.
    """
    if entry is not None:
        navigation.add_entry(path, entry)
    operation = Operation(
        id=f"page {path}",
        summary=title,
        tag="console",
        scopes=(READ,),
        query=query,
        media=("text/html",),
        reads_view=True,
        weight=weight,
        is_page=True,
    )

    def declare(function: PageFunction) -> Route:
        def answer(context: RequestContext, **parameters: str) -> HttpResponse:
            request = PageRequest(context=context, weight=weight)
            found = function(request, **parameters)
            if isinstance(found, HttpResponse):
                return found
            return request.render(template, str(found.get("title", title)), found)

        return query_route(path, operation)(answer)

    return declare


def form(
    path: str, *, title: str, weight: Weight | None = None, media: str = FORM, body_limit_bytes: int | None = None
) -> Callable[[FormFunction | PageFunction], Route]:
    """Declare the function below as what the form at this path does, once its token was found to be the session's.

    An async one runs on the event loop and never blocks, such as one that records acts; another in a thread.
    `media`: with `multipart/form-data` the function reads `context.body_file`, and requires the token, by itself.
    """
    operation = Operation(
        id=f"form {path}",
        summary=title,
        tag="console",
        scopes=(READ,),
        media=("text/html",),
        body_media=media,
        body_limit_bytes=body_limit_bytes,
        weight=weight,
        is_page=True,
    )

    def declare(function: FormFunction | PageFunction) -> Route:
        if iscoroutinefunction(function):

            async def record(context: RequestContext, **parameters: str) -> HttpResponse:
                response: HttpResponse = await function(_open_form(context), **parameters)
                return response

            return command_route(path, operation)(record)

        def answer(context: RequestContext, **parameters: str) -> Any:
            return function(replace(_open_form(context), weight=weight or Weight.LIGHT), **parameters)

        return command_route(path, operation)(answer)

    return declare


def _open_form(context: RequestContext) -> PageRequest:
    """The form, which this session's page has made; raises ProblemError 403 for any other."""
    if context.operation.body_media != FORM:
        return PageRequest(context=context)
    sent = read_form(context.body, context.headers)
    require_csrf_token(context.session_token, sent.get(FIELD))
    return PageRequest(context=context, form=sent)
