"""`dim_policy`: by which lines, days and shares an organisation's figures are computed, version by version."""

from __future__ import annotations

from typing import Any

from domain.instants import encode_json, to_micros
from domain.organisation.organisation import Organisation
from projections.engine.stream_events import PreparedEvent
from projections.marts.columns import DELETED, POSITION, Mart, MartColumn, instant_column
from projections.marts.rows import RowWriter, Wording

DIM_POLICY = Mart(
    name="dim_policy",
    comment="One row per version of the organisation's policy.",
    use="The lines and deadlines that held at a fact's instant.",
    key=("version",),
    subject=None,
    columns=(
        POSITION,
        MartColumn("event_id", "uuid", "The event that brought it."),
        MartColumn("version", "integer", "Version of the policy; 0: the defaults."),
        instant_column("valid_from", "Since when it holds; empty: since ever."),
        instant_column("valid_to", "Until when, exclusive; empty: it holds still."),
        MartColumn("zone", "text", "IANA time zone in which the organisation's dates are meant."),
        MartColumn("response_working_days", "integer", "To answer a request or offer.", unit="working days"),
        MartColumn("change_timeout_working_days", "integer", "To answer a proposal.", unit="working days"),
        MartColumn("verdict_working_days", "integer", "To answer a delivery.", unit="working days"),
        MartColumn("cadence_days", "integer", "Between two judgements of a goal.", unit="days"),
        MartColumn("wip_limit", "integer", "Live goals of one owner.", unit="goals"),
        MartColumn("load_amber", "decimal", "The amber load line.", unit="share"),
        MartColumn("load_red", "decimal", "The red load line.", unit="share"),
        MartColumn("focus", "decimal", "Of declared hours those that are available.", unit="share"),
        MartColumn("policy", "json", "Dials that were set, by name; the others have their defaults."),
        DELETED,
    ),
)

#: Dials with a column of their own, in the order of the columns.
_TYPED_DIALS = (
    *("response_working_days", "change_timeout_working_days", "verdict_working_days", "cadence_days"),
    *("wip_limit", "load_amber", "load_red", "focus"),
)


def write_organisation(state: Organisation, prepared: PreparedEvent, writer: RowWriter) -> None:
    """The rows of an organisation's policies after an event."""
    known = writer.find_open(DIM_POLICY)
    ends = [*(p.since for p in state.policies[1:]), None]
    changes = []
    for version, end in zip(state.policies, ends, strict=True):
        key = (version.version,)
        event = known[key][0] if key in known else prepared.event_id
        since = None if version.since is None else to_micros(version.since)
        until = None if end is None else to_micros(end)
        changes.append(Wording(DIM_POLICY, key, (event, *key, since, until, *_describe(state, version.policy))))
    writer.write(prepared, changes)


def _describe(state: Organisation, policy: Any) -> tuple[Any, ...]:
    return state.zone, *(getattr(policy, name) for name in _TYPED_DIALS), encode_json(policy).decode()
