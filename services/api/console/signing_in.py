"""Signing in and out: an API key, or a link that works once, is exchanged for a session in the browser's cookie."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlsplit

import msgspec

from ledger.api_keys import KeyHolder, digest_of, generate_token, is_well_formed
from ledger.sessions import LINK_PREFIX, SESSION_LIFETIME, is_session_token
from services.api.console.csrf import FIELD, csrf_token, require_csrf_token
from services.api.console.forms import NEXT_FIELD, Form, read_form
from services.api.console.page import PageRequest, form
from services.api.console.rendering import redirect, render_page
from services.api.context import PublicContext
from services.api.http.cookies import form_cookie, format_cookie, read_cookie, read_session_token, session_cookie
from services.api.http.responses import HttpResponse
from services.api.operations import NoQuery, Operation, Route, Weight, command_route, query_route
from services.authorization import READ
from services.runtime import Runtime
from services.visibility.viewers import load_viewer

HOME = "/console"
SIGN_IN = "/console/sign-in"
ONCE = "/console/sign-in/once"
_UNAUTHENTICATED = 401
#: Of the cookie that binds a form of signing in to its browser.
_FORM_PREFIX = "plimf_"  # noqa: S105 - how a secret begins
_FORM_SECONDS = 3600
_MAX_NEXT = 2000


class SignInQuery(NoQuery, frozen=True, kw_only=True):
    """Where to go on afterwards."""

    next: Annotated[str, msgspec.Meta(max_length=_MAX_NEXT)] = HOME


class OnceQuery(NoQuery, frozen=True, kw_only=True):
    """The link's token."""

    token: Annotated[str, msgspec.Meta(max_length=200)] = ""


def choose_next(path: str) -> str:
    """The page of ours that the text names; the first page where it names no page of ours."""
    if not path.startswith(HOME) or len(path) > _MAX_NEXT or not path.isascii() or not path.isprintable():
        return HOME
    if path[len(HOME) : len(HOME) + 1] not in ("", "/", "?") or "\\" in path or "//" in path.partition("?")[0]:
        return HOME
    parts = urlsplit(path)
    # Signing out, or in again, is nowhere to go on.
    return (
        HOME if parts.netloc or parts.scheme or parts.path.startswith(("/console/sign-", "/console/static")) else path
    )


def sign_in_url(path: str) -> str:
    """Where to sign in and go on at this page."""
    return SIGN_IN if path == HOME else f"{SIGN_IN}?next={quote(path, safe='/')}"


def _public(path: str, method: str, summary: str, query: type[NoQuery] = NoQuery) -> Operation:
    return Operation(
        id=f"{method} {path}",
        summary=summary,
        tag="console",
        query=query,
        media=("text/html",),
        body_media="application/x-www-form-urlencoded",
        # It queries the store whose key it is.
        weight=Weight.LIGHT,
        is_page=True,
    )


def _show(
    context: PublicContext, template: str, title: str, values: dict[str, object], *, status: int = 200
) -> HttpResponse:
    """A page with a form for a browser without a session, bound to a cookie of its own: no other site sends it."""
    base_url = context.api.runtime.settings.base_url
    secret = read_cookie(context.headers, form_cookie(base_url))
    if not is_well_formed(secret, _FORM_PREFIX):
        secret = generate_token(_FORM_PREFIX)
    cookie = format_cookie(form_cookie(base_url), secret, base_url, seconds=_FORM_SECONDS)
    frame = {"title": title, "sections": (), "csrf": csrf_token(secret), "zone": "UTC", "is_signed_in": False}
    return render_page(template, values, frame=frame, status=status, headers={"Set-Cookie": cookie})


def _open_form(context: PublicContext) -> Form:
    """The form, which a page of ours in this browser has made. Raises ProblemError 403."""
    sent = read_form(context.body, context.headers)
    secret = read_cookie(context.headers, form_cookie(context.api.runtime.settings.base_url))
    require_csrf_token(secret, sent.get(FIELD))
    return sent


@query_route(SIGN_IN, _public(SIGN_IN, "get", "Sign in", SignInQuery))
def show_sign_in(context: PublicContext) -> HttpResponse:
    return _show(context, "sign_in.html", "Sign in", {"next": choose_next(context.query.next), "problem": ""})


@command_route(SIGN_IN, _public(SIGN_IN, "post", "Sign in with an API key"))
def sign_in(context: PublicContext) -> HttpResponse:
    sent = _open_form(context)
    going_on = choose_next(sent.get(NEXT_FIELD))
    runtime, key = context.api.runtime, sent.get("key").strip()
    found = runtime.keys.find_holders([digest_of(key)]) if is_well_formed(key) else {}
    problem = _find_objection(runtime, next(iter(found.values()), None))
    if problem:
        values: dict[str, object] = {"next": going_on, "problem": problem}
        return _show(context, "sign_in.html", "Sign in", values, status=_UNAUTHENTICATED)
    return _begin_session(context, next(iter(found.values())), going_on)


@query_route(ONCE, _public(ONCE, "get", "Sign in with a link", OnceQuery))
def show_once(context: PublicContext) -> HttpResponse:
    # Looking at it uses nothing up: mail programs look at links.
    return _show(context, "sign_in_once.html", "Sign in", {"token": context.query.token, "problem": ""})


@command_route(ONCE, _public(ONCE, "post", "Sign in with a link, once"))
def sign_in_once(context: PublicContext) -> HttpResponse:
    sent = _open_form(context)
    runtime, token = context.api.runtime, sent.get("token").strip()
    link = runtime.sessions.use_link(token) if is_well_formed(token, LINK_PREFIX) else None
    holder = runtime.keys.find_holder(link[1], link[0]) if link is not None else None
    problem = "This link was used already, or its ten minutes are over." if link is None else ""
    problem = problem or _find_objection(runtime, holder)
    if problem or holder is None:
        values: dict[str, object] = {"token": "", "problem": problem}
        return _show(context, "sign_in_once.html", "Sign in", values, status=_UNAUTHENTICATED)
    return _begin_session(context, holder, HOME)


def _find_objection(runtime: Runtime, holder: KeyHolder | None) -> str:
    """Why this key opens no session; empty where it does. Mistyped, expired and revoked keys are answered alike."""
    if holder is None or holder.expires_at <= runtime.clock():
        return "This key is not in force: it may be mistyped, expired or revoked."
    principal = holder.principal
    if load_viewer(runtime.ledger, runtime.database, principal, since=holder.created_at) is None:
        return "This key ended when its member left. A steward creates a new one when the member returns."
    if READ not in principal.scopes:
        return "This key does not read. Pages need one with the scope `read`; a steward creates it."
    return ""


def _begin_session(context: PublicContext, holder: KeyHolder, going_on: str) -> HttpResponse:
    runtime = context.api.runtime
    base_url = runtime.settings.base_url
    before = read_session_token(context.headers, base_url)
    if is_session_token(before):
        runtime.sessions.end(before)
    principal = holder.principal
    token = runtime.sessions.begin(principal.organisation_id, principal.member_id, principal.key_id)
    seconds = int(SESSION_LIFETIME.total_seconds())
    return redirect(going_on, {"Set-Cookie": format_cookie(session_cookie(base_url), token, base_url, seconds=seconds)})


@form("/console/sign-out", title="Sign out", weight=Weight.LIGHT)
def sign_out(request: PageRequest) -> HttpResponse:
    context = request.context
    runtime, viewer = context.runtime, request.viewer
    if request.form.get("everywhere"):
        runtime.sessions.end_all(viewer.organisation_id, viewer.member_id)
    else:
        runtime.sessions.end(context.session_token)
    base_url = runtime.settings.base_url
    return redirect(SIGN_IN, {"Set-Cookie": format_cookie(session_cookie(base_url), "", base_url, seconds=0)})


ROUTES: list[Route] = [show_sign_in, sign_in, show_once, sign_in_once, sign_out]
