"""Models of organisation_events. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date, datetime
from msgspec import Struct

from plimsoll_client.models.event_parts_bodies import ColumnMap


class OrganisationColumnMapKeptV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="organisation.column_map_kept.v1"
):
    """It was kept how a spreadsheet is read: from now on by this map."""

    map: ColumnMap
    name: str


class OrganisationCreatedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="organisation.created.v1"
):
    """The organisation was founded."""

    name: str
    zone: str = "UTC"


class OrganisationPolicySetV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="organisation.policy_set.v1"
):
    """A new version of all policies is in force."""

    dials: list[str] | None = None
    policy: Policy


class OrganisationRenamedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="organisation.renamed.v1"
):
    """The organisation was given another name."""

    name: str


class OrganisationSourceAddedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="organisation.source_added.v1"
):
    """The first goals of a tracker or file were imported."""

    source: str


class OrganisationWatermarkSetV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="organisation.watermark_set.v1"
):
    """A source has reported everything up to this instant: timers of its goals run up to it."""

    source: str
    watermark: datetime


class Policy(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of all dials. Days are calendar days unless named working days; ratios are decimal strings."""

    absent_beyond_days: int = 28
    acknowledgement_line: str = "0.2"
    alignment_line: str = "0.2"
    answer_by_days: int = 14
    blocked_share: str = "0.5"
    breach_line: str = "5"
    cadence_days: int = 14
    change_timeout_working_days: int = 5
    co_determination: bool = False
    deem_satisfied: bool = False
    default_effort: str = "4"
    default_hours: str = "40"
    focus: str = "0.8"
    give_up_days: int | None = None
    history_until: date | None = None
    imposed_line: str = "0.5"
    lapse_grace_days: int = 3
    load_amber: str = "0.85"
    load_red: str = "1"
    looked_at_days: int = 90
    monitoring_factor: str = "2"
    needs_answered_line: str = "0.5"
    pace_line: str = "1.5"
    pulse_by_leads: bool = False
    pulse_items: str = ""
    purpose_line: str = "0.2"
    reminder_working_days: int = 3
    require_purpose: bool = False
    require_trade_off: bool = False
    response_working_days: int = 5
    results_only_line: str = "0.1"
    review_days: int = 183
    rigid_line: str = "0.2"
    ritual_minutes_limit: int = 240
    scope_line: str = "0.5"
    silent_drift_line: str = "0.25"
    silent_lapse_days: int = 56
    slow_consensus_line: str = "0.25"
    stale_grace_days: int = 3
    static_line: str = "0.5"
    tolerance_days: int = 0
    unaffirmed_days: int = 14
    unrepaired_line: str = "0.2"
    unsupported_line: str = "0.3"
    vague_line: str = "0.2"
    verdict_working_days: int = 10
    wip_limit: int = 5
    yes_and_amber: str = "0.3"
    yes_and_red: str = "0.6"


#: Type of an event -> the Struct of its `data`.
EVENT_DATA: dict[str, type[Struct]] = {
    "organisation.column_map_kept.v1": OrganisationColumnMapKeptV1,
    "organisation.created.v1": OrganisationCreatedV1,
    "organisation.policy_set.v1": OrganisationPolicySetV1,
    "organisation.renamed.v1": OrganisationRenamedV1,
    "organisation.source_added.v1": OrganisationSourceAddedV1,
    "organisation.watermark_set.v1": OrganisationWatermarkSetV1,
}
