"""`plimsoll migrate`, `organisation`, `keys`: what an operator does before the service can be used."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from domain.member.member import Member
from domain.references import as_uuid, resolve_stream_id
from ledger.api_keys import GUEST_SCOPE_PREFIX, KeyAction, KeyRecord
from ledger.storage.access import DatabaseRole
from projections.people import find_organisations, list_organisations
from services import database_roles, organisations
from services import runtime as composition
from services.console import CommandFailed
from services.organisations import OPERATOR, find_organisation_id
from services.runtime import Runtime

if TYPE_CHECKING:
    from services.console import Console
    from services.settings import Settings

#: What an import into an empty store founds, and what is meant where no organisation is named.
DEFAULT_ORGANISATION = "default"
MAX_KEY_DAYS = 365
#: Organisations that a refusal names.
_MAX_LISTED_ORGANISATIONS = 20


def migrate(settings: Settings, console: Console, *, restored: bool) -> int:
    """Bring the database to this version's shape."""
    changed = composition.migrate(settings, restored=restored)
    words = [f"migrated ({len(changed.applied)} new)"] if changed.applied else []
    if changed.views:
        words.append(f"{len(changed.views)} views begin anew: {', '.join(changed.views)}")
        words.append(
            f"they fill from the log ({changed.events} events) while `plimsoll serve` or a worker runs, "
            "or at once with: plimsoll projections rebuild"
        )
    if changed.restored:
        words.append("this log was restored from a copy: followers of the feed are refused until they begin anew")
    console.print_result(changed, "\n".join(words) or "up to date")
    return 0


def create_database_roles(settings: Settings, console: Console, *, prefix: str, passwords: Path | None) -> int:
    """Create PostgreSQL's roles; `PLIMSOLL_DATABASE_URL` is its administrator's."""
    given = _read_passwords(passwords, prefix) if passwords is not None else {}
    done = database_roles.create_roles(settings.database_url, prefix, given)
    rows = [
        (one.role, "created" if one.created else "was there", "set" if one.has_new_password else "as it was")
        for one in done
    ]
    console.print_table(list(done), ("role", "", "password"), rows)
    return 0


def _read_passwords(folder: Path, prefix: str) -> dict[DatabaseRole, str]:
    """The passwords in the folder's files, by what their role is for. Raises `CommandFailed` where there is none."""
    found = {}
    for purpose in DatabaseRole:
        path = folder / purpose.name_with(prefix)
        if path.is_file():
            found[purpose] = path.read_text(encoding="utf-8").rstrip("\r\n")
            if not found[purpose]:
                raise CommandFailed(f"{path} is empty")
    if not found:
        names = ", ".join(purpose.name_with(prefix) for purpose in DatabaseRole)
        raise CommandFailed(f"{folder} holds none of: {names}")
    return found


def create_organisation(settings: Settings, console: Console, *, name: str, steward: str, zone: str) -> int:
    """Create an organisation with its first steward and key."""
    with Runtime.open(settings) as runtime:
        founded = organisations.create_organisation(runtime, name, steward=steward, zone=zone)
    words = (
        f"organisation {founded.organisation} ({founded.organisation_id})\n"
        f"steward      {steward} ({founded.steward_id})\n"
        f"API key      {founded.api_key}\n"
        "The key is shown this once; keep it safe."
    )
    console.print_result(founded, words)
    return 0


def find_organisation(runtime: Runtime, name: str | None) -> UUID:
    """The id of the organisation that was founded as `name`, has it as its id, or is called so today.

    Without a name that of `default`, or of the only one.

    Raises CommandFailed where there is none, or more than one.
    """
    chosen = find_organisation_id(runtime, name or DEFAULT_ORGANISATION)
    if runtime.ledger.load(chosen, "organisation", chosen) is not None:
        return chosen
    runtime.engine.catch_up()
    named = find_organisations(runtime.database, name.strip()) if name is not None else []
    if len(named) == 1:
        return named[0]
    known = list_organisations(runtime.database, _MAX_LISTED_ORGANISATIONS)
    if name is None and len(known) == 1:
        return known[0][0]
    if not known:
        raise CommandFailed("there is no organisation yet; make one with: plimsoll organisation create")
    names = ", ".join(repr(each) for _, each in known)
    if name is None:
        raise CommandFailed(f"say which --organisation; there are: {names}")
    if named:
        raise CommandFailed(f"{len(named)} organisations are called {name!r}; say the id of one")
    raise CommandFailed(f"no organisation {name!r}; there are: {names}")


def create_key(  # noqa: PLR0913 - the command's options
    settings: Settings,
    console: Console,
    *,
    organisation: str | None,
    member: str,
    scopes: list[str],
    decision: str | None = None,
    name: str,
    days: int,
) -> int:
    """Create a key for a joined member, or a guest's for one decision; its text is printed this once."""
    if not 1 <= days <= MAX_KEY_DAYS:
        raise CommandFailed(f"a key lives 1 to {MAX_KEY_DAYS} days")
    with Runtime.open(settings) as runtime:
        tenant = find_organisation(runtime, organisation)
        member_id = resolve_stream_id(tenant, "member", member)
        holder = runtime.ledger.load(tenant, "member", member_id)
        if not isinstance(holder, Member) or not holder.is_present:
            raise CommandFailed(f"no member {member!r} has joined")
        conveys = frozenset(scopes if decision is None else [_build_guest_scope(runtime, tenant, decision)])
        expires_at = runtime.clock() + timedelta(days=days)
        key = organisations.create_key(
            runtime, tenant, member_id, conveys, by=OPERATOR, expires_at=expires_at, name=name
        )
    console.print_result(
        {"api_key": key, "expires_at": expires_at}, f"{key}\nThe key is shown this once; keep it safe."
    )
    return 0


def _build_guest_scope(runtime: Runtime, tenant: UUID, decision: str) -> str:
    """The one scope of a guest's key. Raises CommandFailed where no such decision was opened."""
    decision_id = resolve_stream_id(tenant, "decision", decision)
    if runtime.ledger.load(tenant, "decision", decision_id) is None:
        raise CommandFailed(f"no decision {decision!r}")
    return f"{GUEST_SCOPE_PREFIX}{decision_id}"


def list_keys(settings: Settings, console: Console, *, organisation: str | None) -> int:
    """List an organisation's keys, and who issued and revoked each; never their text, which is not stored."""
    with Runtime.open(settings) as runtime:
        keys = organisations.list_keys(runtime, find_organisation(runtime, organisation))
    rows = [
        (
            str(key.key_id),
            key.name,
            str(key.member_id),
            ",".join(sorted(key.scopes)),
            _format_action(key.issued) or f"{key.created_at:%Y-%m-%d}",
            f"{key.expires_at:%Y-%m-%d}",
            _format_use(key),
        )
        for key in keys
    ]
    console.print_table(list(keys), ("key", "name", "member", "scopes", "issued", "expires", "last used"), rows)
    return 0


def _format_action(action: KeyAction | None) -> str:
    """The day, and by whom; empty where no event says it."""
    return "" if action is None else f"{action.at:%Y-%m-%d} by {action.by or 'an operator'}"


def _format_use(key: KeyRecord) -> str:
    if key.revoked_at is not None:
        return f"revoked {_format_action(key.revoked)}".strip()
    if key.ended_at is not None:
        return "ended: its member left"
    return f"{key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never"


def rotate_key(settings: Settings, console: Console, *, key_id: str, overlap_hours: int) -> int:
    """Replace a key; the old one works on for the overlap."""
    chosen = _parse_key_id(key_id)
    with Runtime.open(settings) as runtime:
        key = organisations.rotate_key(runtime, chosen, timedelta(hours=overlap_hours), by=OPERATOR)
    console.print_result({"api_key": key, "overlap_hours": overlap_hours}, f"{key}\nThe key is shown this once.")
    return 0


def revoke_key(settings: Settings, console: Console, *, key_id: str) -> int:
    """Make a key invalid at once."""
    chosen = _parse_key_id(key_id)
    with Runtime.open(settings) as runtime:
        organisations.revoke_key(runtime, chosen, by=OPERATOR)
    console.print_result({"revoked": key_id}, f"revoked {key_id}")
    return 0


def _parse_key_id(text: str) -> UUID:
    key_id = as_uuid(text)
    if key_id is None:
        raise CommandFailed(f"{text!r} is not a key's id; see: plimsoll keys list")
    return key_id
