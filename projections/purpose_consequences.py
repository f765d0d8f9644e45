"""What each revision of one purpose caused below: the links that it left unaffirmed, and what became of them."""

from __future__ import annotations

from uuid import UUID

import msgspec

from projections.causes import PurposeVersion, purpose_versions
from projections.consequences import Consequence, downstream_consequences
from projections.database import Database
from projections.lens import AsOf
from projections.link_facts import material_changes


class PurposeConsequences(msgspec.Struct, frozen=True, kw_only=True):
    """Every version of a purpose, the newest first, and what its revisions caused."""

    charter: UUID
    versions: list[PurposeVersion]
    #: Nearest first, at most 5 steps down.
    downstream: list[Consequence]
    #: There is more below than the 200 entries that are told.
    more: bool


def purpose_consequences(
    database: Database, as_of: AsOf, charter: UUID, *, version: int | None = None
) -> PurposeConsequences:
    """What became of the links to a purpose at each revision, or at that of one version; a first one left none."""
    versions = [v for v in purpose_versions(database, as_of, charter) if version in (None, v.version)]
    events = {v.event_id for v in versions}
    revisions = [m for m in material_changes(database, as_of, [charter]).get(charter, []) if m.event_id in events]
    caused = downstream_consequences(database, as_of, {charter: revisions})
    return PurposeConsequences(charter=charter, versions=versions[::-1], downstream=caused.entries, more=caused.more)
