"""`fact_pulse`: what each closed pulse came to, a row for each group and item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain.instants import to_micros
from domain.pulse.pulse import Pulse
from projections.engine.stream_events import PreparedEvent, to_column_value
from projections.figures import round_for_report
from projections.marts.columns import DELETED, POSITION, Mart, MartColumn, instant_column
from projections.marts.goal_step import micros_of
from projections.marts.rows import Fact, RowWriter
from projections.pulse.sums import SAFETY, GroupSums, list_group_sums, mean_of, safety_of

FACT_PULSE = Mart(
    name="fact_pulse",
    comment="One row per closed pulse, group and item: means of five answers and more, or by which rule there is none.",
    use="How safe it is to speak, over time. What may be known was decided when the pulse was closed"
    " ([Pulse](pulse.md#what-is-shown)): no other cut of it is there. Not for comparing leads, and no target.",
    key=("pulse_id", "grouping", "group_id", "item"),
    subject="group",
    subject_column="group_id",
    columns=(
        POSITION,
        MartColumn("event_id", "uuid", "The event that closed the pulse."),
        MartColumn("pulse_id", "uuid", "The pulse."),
        MartColumn("ref", "text", "The source's own id of the pulse.", nullable=True),
        MartColumn(
            "grouping",
            "text",
            "team, others (all who are not shown by their team, in one sum) or organisation (all sums together).",
        ),
        MartColumn("group_id", "uuid", "The team; of others and of the organisation the organisation's id."),
        MartColumn("team_id", "uuid", "The team; empty: others, or the organisation.", nullable=True),
        MartColumn("item", "text", "The item, or psychological_safety: the mean of the seven items of safety."),
        MartColumn("answers", "integer", "How many answered; empty: withheld.", nullable=True, unit="answers"),
        MartColumn(
            "total", "integer", "Sum of the ratings as given; empty: withheld, or several items.", nullable=True
        ),
        MartColumn("mean", "decimal", "Mean, 1 to 7, turned so that more is better; empty: withheld.", nullable=True),
        MartColumn("withheld_by", "text", "small_group or small_complement; empty: it is shown.", nullable=True),
        instant_column("opened_at", "When the pulse was opened.", nullable=False),
        instant_column("closed_at", "When it was closed.", nullable=False),
        DELETED,
    ),
)


def write_pulse(state: Pulse, prepared: PreparedEvent, writer: RowWriter) -> None:
    """The rows of a pulse once it is closed."""
    if state.state == "closed":
        writer.write(prepared, _list_rows(state, prepared))


def _list_rows(pulse: Pulse, prepared: PreparedEvent) -> Iterator[Fact]:
    identity, times = str(to_column_value(pulse.id)), (to_micros(pulse.opened_at), micros_of(pulse.closed_at))
    for group in list_group_sums(pulse):
        team = None if group.team is None else str(group.team)
        about = (group.grouping, team or str(pulse.organisation_id), team)
        for values in _list_values(pulse, group):
            yield Fact(FACT_PULSE, (prepared.event_id, identity, pulse.ref, *about, *values, *times))


def _list_values(pulse: Pulse, group: GroupSums) -> Iterator[tuple[Any, ...]]:
    """Item, answers, total, mean and rule of each item."""
    names = [SAFETY, *(item.id for item in pulse.items)]
    if group.rule is not None:
        yield from ((name, None, None, None, str(group.rule)) for name in names)
        return
    yield SAFETY, group.answers, None, _decimal(safety_of(pulse.items, group)), None
    for item in pulse.items:
        yield item.id, group.answers, group.totals[item.id], _decimal(mean_of(item, group)), None


def _decimal(value: Any) -> str:
    return str(round_for_report(value))
