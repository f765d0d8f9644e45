"""A person's subscriptions: listed, made, paused, resumed, sent again, removed; and a receiver to try one with."""

from __future__ import annotations

import argparse
import json
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from services.client.server import Refused, Server, quote_segment
from services.client.words import Json
from services.console import CommandFailed, WrongUsage

if TYPE_CHECKING:
    from services.console import Console

#: A message that is larger is none of ours.
_MAX_MESSAGE_BYTES = 2_000_000
_WATCH_S = 0.2


def manage(server: Server, console: Console, given: argparse.Namespace) -> int:
    """`plimsoll subscriptions ...`."""
    match given.what:
        case "list":
            return _list(server, console)
        case "create":
            return _create(server, console, given)
        case "show":
            return _show(server, console, given.subscription)
        case "deliveries":
            return _list_deliveries(server, console, given)
        case _:
            return _act(server, console, given)


def _list(server: Server, console: Console) -> int:
    found: list[Json] = server.get("/v1/subscriptions")["subscriptions"]
    rows = [(s["id"], s["state"], s.get("name", ""), ",".join(s.get("types", [])) or "all", s["url"]) for s in found]
    console.print_table(found, ("id", "state", "name", "types", "url"), rows)
    return 0


def _create(server: Server, console: Console, given: argparse.Namespace) -> int:
    body: dict[str, Any] = {"url": given.url, "handshake": not given.no_handshake}
    for name in ("name", "subject", "team", "payload", "ordering", "types"):
        if value := getattr(given, name):
            body[name] = value
    created = server.post("/v1/subscriptions", body)
    subscription = created["subscription"]
    words = f"created {subscription['id']}; its secret, shown this once: {created['secret']}"
    console.print_result(created, words)
    return 0


def _show(server: Server, console: Console, subscription: str) -> int:
    found = server.get(f"/v1/subscriptions/{quote_segment(subscription)}")
    console.print_result(found, "\n".join(_describe(found)))
    return 0


def _describe(found: Json) -> list[str]:
    subscription, progress = found["subscription"], found["progress"]
    lines = [f"{subscription['id']}: {subscription['state']}, to {subscription['url']}"]
    if ended := subscription.get("disabled"):
        lines.append(f"ended at {ended['at']}: {ended['reason']}")
    if progress is not None:
        counts = ", ".join(f"{progress[name]} {name}" for name in ("delivered", "pending", "dead", "withheld", "held"))
        lines.append(f"{progress['behind']} events behind; deliveries: {counts}")
        if progress["failing_since"]:
            lines.append(f"failing since {progress['failing_since']}; next attempt {progress['next_attempt_at']}")
    return lines


def _list_deliveries(server: Server, console: Console, given: argparse.Namespace) -> int:
    path = f"/v1/subscriptions/{quote_segment(given.subscription)}/deliveries"
    found: list[Json] = server.get(path, state=given.state, limit=given.limit)["deliveries"]
    rows = [(str(d["position"]), d["event_id"], d["state"], str(d["tries"]), d["updated_at"]) for d in found]
    console.print_table(found, ("position", "event", "state", "tries", "at"), rows)
    return 0


def _act(server: Server, console: Console, given: argparse.Namespace) -> int:
    path = f"/v1/subscriptions/{quote_segment(given.subscription)}/{given.what}"
    body: Json = {}
    if given.what == "replay":
        body = {"after": given.after} if given.after is not None else {"since": given.since}
    elif given.what == "redeliver":
        body = {"event": given.event} if given.event else {"state": given.state}
    elif given.what == "rotate-secret":
        body = {"overlap_hours": given.overlap_hours}
    if None in body.values():
        raise WrongUsage("name what to send again: --after or --since, --event or --state")
    answer = server.post(path, body)
    console.print_result(answer, _describe_act(given.what, answer))
    return 0 if answer.get("delivered", True) else 1


def _describe_act(act: str, answer: Json) -> str:
    match act:
        case "test":
            what = f"HTTP {answer['status']}" if answer["status"] is not None else answer["error"]
            return f"{'delivered' if answer['delivered'] else 'not delivered'}: {what} in {answer['duration_ms']} ms"
        case "redeliver":
            return f"{answer['deliveries']} deliveries will be sent again"
        case "rotate-secret":
            return f"the new secret, shown this once: {answer['secret']}"
        case _:
            return f"{answer['id']} is {answer['state']}"


# --- a receiver to try it with ---------------------------------------------------------------------------------------


def listen(server: Server, console: Console, given: argparse.Namespace) -> int:
    """`plimsoll webhooks listen`: subscribe this machine, verify and print what comes, until Ctrl-C."""
    receiver = _Receiver((given.host, given.port), console)
    host = f"[{given.host}]" if ":" in given.host else given.host
    body: dict[str, Any] = {"url": f"http://{host}:{receiver.server_port}/", "name": "plimsoll webhooks listen"}
    for name in ("types", "subject", "team", "payload"):
        if value := getattr(given, name):
            body[name] = value
    thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": _WATCH_S}, daemon=True)
    thread.start()
    try:
        created = server.post("/v1/subscriptions", body)
        subscription = created["subscription"]["id"]
        receiver.secret = created["secret"]
        console.print_note(f"listening as {subscription} at {body['url']}; Ctrl-C removes it")
        try:
            _wait_for(receiver, given.count)
        finally:
            with suppress(Refused):
                server.post(f"/v1/subscriptions/{subscription}/remove", {})
    finally:
        receiver.shutdown()
        receiver.server_close()
    return 1 if receiver.rejected else 0


def _wait_for(receiver: _Receiver, count: int | None) -> None:
    with suppress(KeyboardInterrupt):
        while count is None or len(receiver.seen) < count:
            time.sleep(_WATCH_S)


class _Receiver(ThreadingHTTPServer):
    """Takes messages that verify, prints each once, and refuses others."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], console: Console) -> None:
        try:
            super().__init__(address, _Handler)
        except OSError as error:
            raise CommandFailed(f"cannot listen on {address[0]} port {address[1]}: {error.strerror or error}") from None
        self.console = console
        #: None until the subscription is made.
        self.secret: str | None = None
        self.seen: set[str] = set()
        self.rejected = 0
        self._lock = threading.Lock()

    def take(self, headers: dict[str, str], body: bytes) -> bool:
        """Print a message that is verified; whether it is."""
        # It imports the signatures' library, which the other commands of a person need not wait for.
        from services.webhooks.signatures import NotVerified, verify  # noqa: PLC0415

        deadline = time.monotonic() + 2
        while self.secret is None and time.monotonic() < deadline:
            # The first message may be quicker than the answer that holds the secret.
            time.sleep(0.01)
        try:
            verify(headers, body, now=int(time.time()), secret_texts=[self.secret or ""])
            event: Json = json.loads(body)
        except (NotVerified, ValueError) as error:
            self.rejected += 1
            self.console.print_note(f"refused: {error}")
            return False
        with self._lock:
            if headers["webhook-id"] not in self.seen:
                self.seen.add(headers["webhook-id"])
                self.console.print_line(self._describe(event))
        return True

    def _describe(self, event: Json) -> str:
        if self.console.as_json:
            return json.dumps(event, ensure_ascii=False)
        data = {name: value for name, value in event.get("data", {}).items() if name != "type"}
        return f"{event['time'][:19]}Z  {event['type']}  {event['subject']}  {json.dumps(data, ensure_ascii=False)}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Receiver

    def do_OPTIONS(self) -> None:
        """Grant messages from whoever asks: only what is signed is taken."""
        self._answer(200, **{"WebHook-Allowed-Origin": self.headers.get("WebHook-Request-Origin", "*")})

    def do_POST(self) -> None:
        """Take one message."""
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > _MAX_MESSAGE_BYTES:
            self._answer(413)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._answer(204 if self.server.take(headers, self.rfile.read(int(length))) else 401)

    def _answer(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_request(self, *_words: Any) -> None:
        """Messages are printed as such."""

    def log_error(self, *_words: Any) -> None:
        """A connection that breaks is tried again by its sender."""
