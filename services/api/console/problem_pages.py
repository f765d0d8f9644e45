"""Problems as pages: what happened, which field, what is allowed instead, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from services.api.console.csrf import csrf_token
from services.api.console.navigation import list_links
from services.api.console.rendering import redirect, render_page
from services.api.console.signing_in import HOME, sign_in_url
from services.api.http.cookies import format_cookie, read_session_token, session_cookie
from services.api.http.parsing import encode_path
from services.api.http.problems import PROBLEM_DEFINITIONS, Problem
from services.api.http.responses import HttpResponse

if TYPE_CHECKING:
    from services.api.context import RequestState

#: Headers of a problem that say something to a browser.
_KEPT = frozenset({"allow", "retry-after"})
#: What to do about it on a page, where that is something else than for a program.
_REMEDIES = {"unknown_route": "There is no page at this address. It may have been mistyped."}


def render_problem(state: RequestState, problem: Problem, headers: dict[str, str], method: str) -> HttpResponse | None:
    """The page for a problem of a request below `/console`; None for any other request."""
    if state.path != HOME and not state.path.startswith(f"{HOME}/"):
        return None
    if problem.code == "unauthenticated":
        return _ask_to_sign_in(state, method)
    kept = {name: value for name, value in headers.items() if name.lower() in _KEPT}
    remedy = _REMEDIES.get(problem.code) or PROBLEM_DEFINITIONS[problem.code].remedy
    values = {"problem": problem, "remedy": remedy, "home": HOME}
    return render_page("problem.html", values, frame=_build_frame(state), status=problem.status, headers=kept)


def _build_frame(state: RequestState) -> dict[str, object]:
    """The layout around a problem: with the navigation where it is known who asked."""
    is_known = state.viewer is not None
    token = read_session_token(state.headers, state.api.runtime.settings.base_url) if is_known else ""
    return {
        "title": "Not done",
        "sections": list_links(state.viewer, state.path) if state.viewer is not None else (),
        "csrf": csrf_token(token),
        "zone": "UTC",
        "is_signed_in": is_known,
    }


def _ask_to_sign_in(state: RequestState, method: str) -> HttpResponse:
    """Lead to signing in and back; a form that was sent without a session is not kept."""
    base_url = state.api.runtime.settings.base_url
    name = session_cookie(base_url)
    # Not where none came: a link on another site's page brings none, and must sign out of nothing.
    is_over = read_session_token(state.headers, base_url) != ""
    forget = {"Set-Cookie": format_cookie(name, "", base_url, seconds=0)} if is_over else {}
    if method == "POST":
        frame = {"title": "Sign in again", "sections": (), "csrf": "", "zone": "UTC", "is_signed_in": False}
        values = {"sign_in": sign_in_url(HOME)}
        return render_page("session_over.html", values, frame=frame, status=401, headers=forget)
    path = encode_path(state.path)
    if state.query_string:
        path += "?" + quote(state.query_string, safe="=&%+,:;@/~.-_!$'()*")
    if state.headers.get("sec-fetch-site") == "cross-site":
        # A browser sends no cookie of ours with a link on another site's page: asked again by us, it does.
        frame = {"title": "One moment", "sections": (), "csrf": "", "zone": "UTC", "is_signed_in": False}
        return render_page("again.html", {"again": path}, frame=frame, headers={})
    return redirect(sign_in_url(path), forget)
