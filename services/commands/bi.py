"""`plimsoll bi`: who may read the marts with SQL, and the proof that they read no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import LedgerMisconfigured
from projections.marts.snapshots import refresh_snapshots, verify_snapshots
from services import bi
from services.bi import Finding
from services.commands.store import find_organisation
from services.console import CommandFailed
from services.runtime import Runtime

if TYPE_CHECKING:
    from uuid import UUID

    from services.console import Console
    from services.settings import Settings


def grant(
    settings: Settings,
    console: Console,
    *,
    organisation: str | None,
    role: str | None,
    names: bool,
    rotate: bool,
    own_schema: str | None,
) -> int:
    """Create a role for one organisation, and print its connection string this once."""
    with Runtime.open(settings) as runtime:
        tenant = find_organisation(runtime, organisation)
        made = bi.grant_role(
            settings.database_url,
            tenant,
            role=role or _default_role(tenant),
            names=names,
            rotate=rotate,
            own_schema=own_schema,
        )
        refresh_snapshots(runtime.database, runtime.ledger, tenant, runtime.clock())
    words = f"the role {made.role} reads the marts of {tenant}, {'with' if names else 'without'} names of members"
    words += f", and may make tables in schema {own_schema}." if own_schema else "."
    console.print_result(made, f"{words} Its connection, shown this once:\n{made.connection}")
    return 0


def _default_role(tenant: UUID) -> str:
    return f"plimsoll_bi_{tenant.hex[:12]}"


def revoke(settings: Settings, console: Console, *, role: str) -> int:
    """Drop a role."""
    bi.revoke_role(settings.database_url, role)
    console.print_result({"revoked": role}, f"revoked {role}")
    return 0


def list_roles(settings: Settings, console: Console) -> int:
    """List the roles that were granted."""
    grants = bi.list_grants(settings.database_url)
    rows = [
        (each.role, str(each.organisation_id), "with names" if each.names else "", each.own_schema or "")
        for each in grants
    ]
    console.print_table(grants, ("role", "organisation", "", "own schema"), rows)
    return 0


def refresh(settings: Settings, console: Console, *, organisation: str | None) -> int:
    """Bring the computed marts to where the views are, at once."""
    with Runtime.open(settings) as runtime:
        tenant = find_organisation(runtime, organisation)
        with console.progress("following the log"):
            runtime.engine.catch_up()
        rows = refresh_snapshots(runtime.database, runtime.ledger, tenant, runtime.clock())
    console.print_result({"rows": rows}, f"{rows} rows written")
    return 0


def check(settings: Settings, console: Console) -> int:
    """Look at what each granted role may do, and whether the computed marts are what the views give."""
    if not bi.is_postgresql(settings.database_url):
        raise CommandFailed("only PostgreSQL has schema bi: export the marts of a SQLite store")
    try:
        found = bi.check_grants(settings.database_url)
    except LedgerMisconfigured as error:
        raise CommandFailed(str(error)) from None
    with Runtime.open(settings) as runtime:
        differing = verify_snapshots(runtime.database, runtime.ledger, runtime.clock())
    words = [f"{each.mart}: {each.missing} missing, {each.surplus} surplus" for each in differing]
    detail = "; ".join(words) or "as the views give them"
    found.append(Finding(role="", what="computed marts", ok=not words, detail=detail))
    rows = [("ok" if each.ok else "WRONG", each.role, each.what, each.detail) for each in found]
    console.print_table(found, ("", "role", "what", ""), rows)
    return 0 if all(each.ok for each in found) else 1
