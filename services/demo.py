"""`plimsoll demo`: a seeded organisation on embedded storage, served until Ctrl-C. A second start keeps the data."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from domain.member.member import GrantRole, Join, Role
from domain.references import resolve_stream_id
from ledger.commands import Command
from services import logs, seed
from services import runtime as composition
from services.authorization import ACT, READ
from services.commands.serving import handle_stop_signals, serve_until_stopped
from services.console import CommandFailed
from services.demo_pulse import hold_pulse
from services.imports.importer import import_lines
from services.organisations import OPERATOR, STEWARD_SCOPES, create_key, create_organisation, find_organisation_id
from services.runtime import Runtime
from services.worker.embedded import start_runtime

if TYPE_CHECKING:
    from services.console import Console
    from services.settings import Settings

NAME = "Harbour & Co"
#: Holds the demo's key, so that a second start prints the same one; readable by its owner only.
STATE_FILE = "demo.json"
_AUDITOR = "vera"
#: Who is signed in to the console by a link -> the scopes of their key, and who that is.
_CONSOLE_PERSONS: dict[str, tuple[tuple[str, ...], str]] = {
    "priya": ((READ, ACT), "Priya, overloaded:"),
    "noor": ((READ, ACT), "Noor, her lead:"),
    _AUDITOR: ((READ,), "Vera, who audits:"),
}


class _SavedDemo(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo remembers between two starts."""

    organisation: UUID
    api_key: str
    #: The day on which the stories end; after a crash the same history is imported again.
    told_on: date
    seeded: bool = False
    #: Member whom a link signs in to the console -> the id of the key behind it.
    console_keys: dict[str, UUID] = {}


def run(settings: Settings, console: Console, *, port: int | None, data: Path) -> int:
    """Seed (once) and serve; prints what to try and, when it answers, one line `READY {...}`.

    Storage is the folder's, whatever the settings say. Raises CommandFailed where the folder cannot be written or the
    port is taken.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(f"cannot use {data} for the demo's data: {error.strerror}") from None
    settings = msgspec.structs.replace(
        settings,
        database_url=f"sqlite:///{data.resolve() / 'plimsoll.sqlite'}",
        redis_url=None,
        # `plimsoll webhooks listen` in another terminal.
        webhook_allowed_networks=settings.webhook_allowed_networks or "127.0.0.0/8",
        port=settings.port if port is None else port,
        log_level="warning",
    )
    logs.configure(settings)
    composition.migrate(settings)
    with Runtime.open(settings) as runtime:
        note = _seed(runtime, data / STATE_FILE, console)
        note = _create_console_keys(runtime, data / STATE_FILE, note)
        runtime.engine.catch_up()
    with handle_stop_signals() as stop, start_runtime(settings) as runtime:
        serve_until_stopped(runtime, lambda url: _print_ready(console, runtime, url, note), stop=stop)
    console.print_note("stopped; the data stays in " + str(data))
    return 0


def _seed(runtime: Runtime, path: Path, console: Console) -> _SavedDemo:
    """The demo's note, with the history behind it recorded; each step is safe to do again after a crash."""
    note = _create_organisation(runtime, path)
    if note.seeded:
        return note
    rows = seed.rows(note.told_on)
    principal = runtime.keys.authenticate(note.api_key, runtime.clock())
    if principal is None:
        raise CommandFailed(f"the key in {path} is no longer good; remove the folder to start over")
    with console.progress("recording two years of history") as progress:
        lines = (msgspec.json.encode(row) for row in rows)
        result = import_lines(runtime, note.organisation, lines, principal=principal, progress=progress)
    if result.errors:
        first = result.errors[0]
        raise CommandFailed(f"the demo's own history was refused: line {first.line}: {first.detail}")
    hold_pulse(runtime, principal, note.told_on)
    return _save(path, msgspec.structs.replace(note, seeded=True))


def _create_organisation(runtime: Runtime, path: Path) -> _SavedDemo:
    if path.exists():
        try:
            return msgspec.json.decode(path.read_bytes(), type=_SavedDemo)
        except msgspec.MsgspecError as error:
            raise CommandFailed(f"{path} is not the demo's note ({error}); remove the folder to start over") from None
    tenant = find_organisation_id(runtime, NAME)
    if runtime.keys.list(tenant):
        # Founded, and killed before the key was noted: its text is gone for good, so make another.
        steward = runtime.keys.list(tenant)[0].member_id
        key = create_key(runtime, tenant, steward, STEWARD_SCOPES, by=OPERATOR, name="demo key")
    else:
        key = create_organisation(runtime, NAME, steward=seed.STEWARD).api_key
    return _save(path, _SavedDemo(organisation=tenant, api_key=key, told_on=runtime.clock().date()))


def _create_console_keys(runtime: Runtime, path: Path, note: _SavedDemo) -> _SavedDemo:
    """The demo's note with a key in force of each person whose link is printed; their texts are shown nowhere."""
    _appoint_auditor(runtime, note)
    keys = dict(note.console_keys)
    for person, (scopes, _) in _CONSOLE_PERSONS.items():
        known = runtime.keys.find_holder(keys[person], note.organisation) if person in keys else None
        if known is not None and known.expires_at > runtime.clock():
            continue
        member_id = resolve_stream_id(note.organisation, "member", person)
        text = create_key(runtime, note.organisation, member_id, scopes, by=OPERATOR, name="demo's console")
        principal = runtime.keys.authenticate(text, runtime.clock())
        if principal is not None:
            keys[person] = principal.key_id
    return note if keys == note.console_keys else _save(path, msgspec.structs.replace(note, console_keys=keys))


def _appoint_auditor(runtime: Runtime, note: _SavedDemo) -> None:
    """Have an auditor join; one who is there already stays."""
    auditor_id = resolve_stream_id(note.organisation, "member", _AUDITOR)
    known = runtime.ledger.load_current(note.organisation, "member", auditor_id)
    if known is not None and Role.AUDITOR in known.state.roles:
        return
    joining: list[Any] = [] if known is not None else [Join(name="Vera Lind", ref=_AUDITOR)]
    for act in [*joining, GrantRole(role=Role.AUDITOR)]:
        runtime.handle(
            Command(
                organisation_id=note.organisation,
                kind="member",
                stream_id=auditor_id,
                act=act,
                actor=resolve_stream_id(note.organisation, "member", seed.STEWARD),
                roles=frozenset({"steward"}),
            )
        )


def _save(path: Path, note: _SavedDemo) -> _SavedDemo:
    """Replace the note in one step: a kill leaves the old one or the new one."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.encode(note))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return note


def _print_ready(console: Console, runtime: Runtime, url: str, note: _SavedDemo) -> None:
    month_ago, database = note.told_on - timedelta(days=30), runtime.settings.database_url
    tokens = {
        person: runtime.sessions.create_link(note.organisation, key_id) for person, key_id in note.console_keys.items()
    }
    links = {person: f"{url}/console/sign-in/once?token={token}" for person, token in tokens.items()}
    shown = "\n".join(
        f"  {role:<24}{links[person]}" for person, (_, role) in _CONSOLE_PERSONS.items() if person in links
    )
    console.print_line(
        _INSTRUCTIONS.format(url=url, key=note.api_key, month_ago=month_ago, database=database, links=shown)
    )
    ready = {"url": url, "api_key": note.api_key, "organisation": str(note.organisation), "console": links}
    console.print_line("READY " + msgspec.json.encode(ready).decode())


_INSTRUCTIONS = """
Plimsoll answers at {url}; every call and its shape: {url}/docs

In a browser, the console. Each link signs in once, within ten minutes; afterwards {url}/console takes the key below:
{links}

  export URL={url} KEY={key}
  get() {{ curl -s -H "Authorization: Bearer $KEY" "$URL$1"; }}

Priya, the only database specialist, is overloaded: her goals ask for more hours than she has. By how much, and what
would relieve her:
  get "/v1/reports/overload?member=priya&format=text"
Viktor asks Platform for more and drops nothing for it: three such additions ("yes, and") this month:
  get "/v1/reports/overload?team=platform&format=text"
Checkout's outcome changed. Which of its tasks were not confirmed since, and what could be said to whom:
  get "/v1/reports/drift?team=checkout&format=text"
Why is the settlement report due when it is? The value, its change, the reason, who agreed, what was given up for it:
  get "/v1/goals/settlement-report/why?field=due"
The same goal in plain words, from the first offer on, and as it stood a month ago:
  get "/v1/goals/settlement-report/history"
  get "/v1/goals/settlement-report?as_of={month_ago}"

What is all of it for? The purpose changed three weeks ago: which goals were confirmed or changed since, and which not:
  get "/v1/reports/alignment?format=text"
  get "/v1/goals/night-batch/why?field=outcome"
Checkout's charter was made together: the decision, the objection that changed it, a breach and its repair talk:
  get "/v1/decisions/checkout-purpose/history"
  get "/v1/charters/checkout/history"
Checkout's last quarter: what became of each goal, and what goes on into this one (one improvement is overdue):
  get "/v1/reports/cycles?team=checkout&format=text"
  get "/v1/cycles/checkout-last/history"
Which promises were kept, renegotiated in time, or missed; was there a word before; and how soon each side answers:
  get "/v1/reports/reliability?window=90&format=text"
Who asked for help, who answered, and who has not; and which of Priya's extras can wait, to be decided this week:
  get "/v1/reports/support?format=text"
  get "/v1/decisions/which-can-wait"
Which tensions show in Platform, since when, and what was tried about its silence:
  get "/v1/reports/tensions?team=platform&format=text"
  get "/v1/experiments/a-line-on-fridays/history"
Who thanked whom for what, and whose help nobody has mentioned yet:
  get "/v1/reports/recognition?team=data&format=text"
How safe it is to speak: Platform less than Checkout; Data has four members, too few for a figure of its own:
  get "/v1/reports/pulse?team=platform&format=text"
  get "/v1/reports/pulse?team=checkout&format=text"
  get "/v1/reports/pulse?team=data&format=text"
What happened in Platform, what is needed, what stands as it was:
  get "/v1/teams/platform/digest?names=true"

The same from a shell, in sentences; with a member's key also what waits for them, check-ins and acts:
  export PLIMSOLL_URL={url} PLIMSOLL_KEY={key}
  .venv/bin/plimsoll report overload --team platform
  .venv/bin/plimsoll goals --team platform
  .venv/bin/plimsoll why settlement-report --field due

What happens, as it happens: in another terminal subscribe this machine, then do something here:
  PLIMSOLL_URL={url} PLIMSOLL_KEY={key} .venv/bin/plimsoll webhooks listen --types 'goal.*'

The facts as a table, and whether all is well, in another shell:
  export PLIMSOLL_DATABASE_URL={database}
  .venv/bin/plimsoll export fact_load_week --format csv --output weeks.csv
  .venv/bin/plimsoll doctor

Ctrl-C stops it; the same command starts it again with the same data.
"""
