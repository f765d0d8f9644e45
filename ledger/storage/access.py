"""Who may do what in PostgreSQL, as SQL text: roles, rights on tables, and policies that keep organisations apart.

The one place for such text. A role that asks for one organisation at a time says which in a parameter of its session; a
role that people log in with themselves (they could set that parameter) has the organisation written into its policy.
Either policy is an equality, so that it is answered by the index that the statement uses anyway: a subquery in its
place took 430 times as long.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import msgspec

#: The session's parameter that names the organisation whose rows the reading role sees.
ORGANISATION_PARAMETER = "plimsoll.organisation_id"
#: The database's parameter that holds the prefix of its roles; absent: one role does everything.
ROLES_PARAMETER = "plimsoll.roles"


class DatabaseRole(StrEnum):
    """What a role is for; `<prefix>_<value>` is its name."""

    #: Owns the tables and changes their shape.
    MIGRATE = "migrate"
    #: Appends to the log, and writes what belongs to commands.
    WRITE = "write"
    #: Keeps the views.
    PROJECT = "project"
    #: Reads the views, of one organisation at a time.
    READ = "read"

    def name_with(self, prefix: str) -> str:
        return f"{prefix}_{self}"


#: What the writing role may do with each table of the log. Nothing changes or deletes an event.
LOG_RIGHTS: dict[str, str] = {
    "stored_events": "SELECT, INSERT",
    "ledger_head": "SELECT, UPDATE",
    "ledger_standing": "SELECT, INSERT, UPDATE",
    "ledger_idempotency": "SELECT, INSERT, UPDATE, DELETE",
    "ledger_import_rows": "SELECT, INSERT",
    "ledger_keys": "SELECT, INSERT, UPDATE",
    "ledger_person_reads": "SELECT, INSERT, UPDATE, DELETE",
    "console_sessions": "SELECT, INSERT, DELETE",
    "console_links": "SELECT, INSERT, DELETE",
    "console_uploads": "SELECT, INSERT, DELETE",
    "pulse_waves": "SELECT, INSERT, UPDATE, DELETE",
    "pulse_cells": "SELECT, INSERT, DELETE",
    "pulse_seats": "SELECT, INSERT, UPDATE, DELETE",
    "pulse_ballots": "SELECT, INSERT, DELETE",
    "webhook_cursors": "SELECT, INSERT, UPDATE, DELETE",
    "webhook_secrets": "SELECT, INSERT, UPDATE, DELETE",
    "webhook_deliveries": "SELECT, INSERT, UPDATE, DELETE",
    "webhook_attempts": "SELECT, INSERT, UPDATE, DELETE",
    "webhook_signing_keys": "SELECT, INSERT, UPDATE",
    "ledger_sinks": "SELECT, INSERT, UPDATE",
    "ledger_identity": "SELECT",
    "ledger_former_ids": "SELECT",
    "ledger_migrations": "SELECT",
}
#: What the projecting role may do with each table of the views.
VIEW_RIGHTS = "SELECT, INSERT, UPDATE, DELETE"


class RowPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows of a table a role sees. Without a policy it sees none, once row security is on."""

    name: str
    table: str
    role: str
    #: A condition on a row.
    condition: str
    #: ALL, or SELECT.
    command: str = "SELECT"

    @property
    def statement(self) -> str:
        """What creates it; raises in the database where the table has one of that name."""
        check = f" WITH CHECK ({self.condition})" if self.command == "ALL" else ""
        return (
            f"CREATE POLICY {self.name} ON {self.table} FOR {self.command} TO {quote_name(self.role)}"
            f" USING ({self.condition}){check}"
        )


def session_policy(table: str, role: str, *, column_type: str = "uuid") -> RowPolicy:
    """The rows of the organisation that the session names; none where it names none."""
    named = f"NULLIF(current_setting('{ORGANISATION_PARAMETER}', true), '')::{column_type}"
    return RowPolicy(name="plimsoll_of_session", table=table, role=role, condition=f"organisation_id = {named}")


def fixed_policy(table: str, role: str, organisation_id: UUID, *, column_type: str = "uuid") -> RowPolicy:
    """The rows of one organisation, whatever the session says: for a role with which people log in."""
    condition = f"organisation_id = '{organisation_id}'::{column_type}"
    return RowPolicy(name=f"plimsoll_for_{role}", table=table, role=role, condition=condition)


def unrestricted_policy(table: str, role: str) -> RowPolicy:
    """All rows, to read and to write."""
    return RowPolicy(name="plimsoll_of_all", table=table, role=role, condition="true", command="ALL")


def enable_row_security(table: str) -> str:
    """From now on each role but the owner sees what a policy shows it."""
    return f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"


def grant_exactly(rights: str, table: str, role: str) -> list[str]:
    """The statements after which the role has these rights on the table, and no others."""
    name = quote_name(role)
    return [f"REVOKE ALL ON TABLE {table} FROM {name}", f"GRANT {rights} ON TABLE {table} TO {name}"]


def quote_name(name: str) -> str:
    """A name as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("'", "''") + "'"
