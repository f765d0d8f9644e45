"""Policies: the organisation's dials, versioned as events. Version 0 is what is written here."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from domain.personal import Value
from domain.quantities import Quantity

Days = Annotated[int, msgspec.Meta(ge=0, le=366)]
Ratio = Annotated[str, msgspec.Meta(pattern=r"^[0-9](\.[0-9]{1,4})?$")]


class Policy(Value, frozen=True, kw_only=True):
    """One version of all dials. Days are calendar days unless named working days; ratios are decimal strings."""

    #: Working days in which a request, offer or counter wants an answer.
    response_working_days: Days = 5
    #: Working days after which the one reminder goes out.
    reminder_working_days: Days = 3
    #: How far ahead a deferred answer may be promised.
    answer_by_days: Days = 14
    change_timeout_working_days: Days = 5
    lapse_grace_days: Days = 3
    verdict_working_days: Days = 10
    #: Deem a delivery satisfied when the sponsor's verdict days are over; off by default: silence is never a yes.
    deem_satisfied: bool = False
    #: Close a lapsed goal after this many days without contact; None: never.
    give_up_days: Days | None = None
    #: A lapsed goal without contact of a party for longer asks for no hours and counts as abandoned.
    silent_lapse_days: Days = 56
    #: A human judgement of a goal is expected this often.
    cadence_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 14
    stale_grace_days: Days = 3
    unaffirmed_days: Days = 14
    wip_limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5
    load_amber: Ratio = "0.85"
    load_red: Ratio = "1"
    focus: Ratio = "0.8"
    #: Share of a blocked goal's effort that still counts as load.
    blocked_share: Ratio = "0.5"
    #: Hours a week for members who declared none.
    default_hours: Quantity = "40"
    #: Hours a week, as a rate, for goals without effort where too few state any.
    default_effort: Quantity = "4"
    require_trade_off: bool = False
    require_purpose: bool = False
    #: Days of due date that may move, cumulative per cycle, without the other side's consent.
    tolerance_days: Days = 0
    #: A party absent longer than this may be replaced by a steward.
    absent_beyond_days: Days = 28
    #: For how long is kept who read whose figures.
    looked_at_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 90
    yes_and_amber: Ratio = "0.3"
    yes_and_red: Ratio = "0.6"
    pace_line: Ratio = "1.5"
    purpose_line: Ratio = "0.2"
    alignment_line: Ratio = "0.2"
    scope_line: Ratio = "0.5"
    #: Share of members who have not acknowledged what stands.
    acknowledgement_line: Ratio = "0.2"
    #: Breaches per 100 member-weeks.
    breach_line: Ratio = "5"
    #: Share of breaches without a repair talk within 7 days.
    unrepaired_line: Ratio = "0.2"
    #: A charter is looked at as a whole this often.
    review_days: Days = 183
    #: Person level is shown to the person alone: to no lead, steward or auditor.
    co_determination: bool = False
    #: The lines of the tensions that no other figure has: shares, but for a factor and minutes.
    vague_line: Ratio = "0.2"
    rigid_line: Ratio = "0.2"
    silent_drift_line: Ratio = "0.25"
    imposed_line: Ratio = "0.5"
    unsupported_line: Ratio = "0.3"
    #: Check-ins for each one that the cadence expects.
    monitoring_factor: Ratio = "2"
    needs_answered_line: Ratio = "0.5"
    results_only_line: Ratio = "0.1"
    #: Minutes a week and member held together.
    ritual_minutes_limit: Annotated[int, msgspec.Meta(ge=0, le=10_080)] = 240
    slow_consensus_line: Ratio = "0.25"
    static_line: Ratio = "0.5"
    #: The last day of which an import over HTTP may say what others did; None: no such day. From then on they say it.
    history_until: date | None = None


#: Dial -> how its value is kept: a decimal string, a count, a switch or a day. What else may be left out is a count.
DIAL_TYPES: dict[str, type] = {
    field.name: int if field.default is None else type(field.default) for field in msgspec.structs.fields(Policy)
} | {"history_until": date}
