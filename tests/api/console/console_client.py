"""A browser without a window: a session's cookie, pages as they are read, and forms as they are sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from httpx import Response

from tests.api.app_under_test import ApiApp
from tests.api.console.html_page import HtmlPage

SIGN_IN = "/console/sign-in"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class ConsoleClient:
    """One browser. It keeps cookies, follows no redirect by itself, and complains of what no page may hold."""

    def __init__(self, app: ApiApp) -> None:
        self._app = app
        self.cookies: dict[str, str] = {}

    def request(self, method: str, path: str, *, headers: dict[str, str] | None = None, **how: Any) -> Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {**({"Cookie": cookie} if cookie else {}), **(headers or {})}
        # Every request of the same client would share its jar.
        self._app.client.cookies.clear()
        response: Response = self._app.client.request(method, path, headers=sent, follow_redirects=False, **how)
        for each in response.headers.get_list("set-cookie"):
            name, _, rest = each.partition("=")
            value = rest.partition(";")[0]
            if "Max-Age=0" in each:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        if method == "POST":
            self._app.runtime.engine.catch_up()
        return response

    def get(self, path: str, **how: Any) -> Response:
        return self.request("GET", path, **how)

    def open(self, path: str, *, status: int = 200) -> HtmlPage:
        """The page at this path."""
        response = self.get(path)
        assert response.status_code == status, (response.status_code, response.headers.get("location"), response.text)
        return read_page(response)

    def send(self, path: str, fields: dict[str, str] | list[tuple[str, str]], **how: Any) -> Response:
        """Send these fields as a form."""
        return self.request("POST", path, content=urlencode(fields), headers=_FORM, **how)

    def submit(self, page: HtmlPage, action: str, **fields: str) -> Response:
        """Fill in the page's form and send it. `/a/b` is written `a__b`."""
        given = {("/" + n.replace("__", "/")) if "__" in n else n: v for n, v in fields.items()}
        return self.send(action, page.find_form(action) | given)

    def sign_in(self, key: str, next_: str = "/console") -> Response:
        page = self.open(f"{SIGN_IN}?{urlencode({'next': next_})}")
        return self.submit(page, SIGN_IN, key=key)


def sign_in(app: ApiApp, person: str, organisation: str = "acme") -> ConsoleClient:
    """A browser in which this person is signed in."""
    client = ConsoleClient(app)
    response = client.sign_in(app.keys[organisation][person])
    assert response.status_code == 303, response.text
    return client


def read_page(response: Response) -> HtmlPage:
    """The answer as a page that keeps to the rules of every page."""
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = HtmlPage(response.text)
    assert [] == page.list_complaints()
    return page
