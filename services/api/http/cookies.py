"""Cookies of the console: which they are, what a browser may do with them, and what a request brings."""

from __future__ import annotations

_SECURE = "https://"


def is_secure(base_url: str) -> bool:
    """Whether browsers reach this server over TLS. What a request says of itself is no proof."""
    return base_url.startswith(_SECURE)


def session_cookie(base_url: str) -> str:
    """The name of the session's cookie. Over TLS no other host, nor a page without TLS, can set one of that name."""
    return "__Host-plimsoll" if is_secure(base_url) else "plimsoll"


def form_cookie(base_url: str) -> str:
    """The name of the cookie that a form is bound to before there is a session."""
    return "__Host-plimsoll-form" if is_secure(base_url) else "plimsoll-form"


def format_cookie(name: str, value: str, base_url: str, *, seconds: int) -> str:
    """The value of `Set-Cookie`: read by no script, sent with no other site's requests; 0 seconds: forget it."""
    secure = "; Secure" if is_secure(base_url) else ""
    return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


def read_cookie(headers: dict[str, str], name: str) -> str:
    """The cookie's value as the request has it; empty where it has none, or two: one of them is not ours."""
    found = [
        value.strip()
        for each, _, value in (part.partition("=") for part in headers.get("cookie", "").split(";"))
        if each.strip() == name
    ]
    return found[0] if len(found) == 1 and found[0].isascii() else ""


def read_session_token(headers: dict[str, str], base_url: str) -> str:
    """The token of the session that the request belongs to; empty where there is none."""
    return read_cookie(headers, session_cookie(base_url))
