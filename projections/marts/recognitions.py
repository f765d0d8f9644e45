"""`fact_recognition`: one row for each recognition, as it stands."""

from __future__ import annotations

from domain.instants import to_micros
from domain.recognition.recognition import Recognition
from projections.engine.stream_events import PreparedEvent, to_column_value
from projections.marts.columns import DELETED, POSITION, Mart, MartColumn, instant_column, member_column
from projections.marts.rows import RowWriter, Wording

FACT_RECOGNITION = Mart(
    name="fact_recognition",
    comment="One row per recognition, as it stands; its words are left to its history.",
    use="Whether results and working together are both recognised, by team and cycle. Not for comparing persons.",
    key=("recognition_id",),
    subject="recognition",
    subject_column="recognition_id",
    columns=(
        POSITION,
        MartColumn("event_id", "uuid", "The event that last changed the row."),
        MartColumn("recognition_id", "uuid", "The recognition."),
        MartColumn("ref", "text", "The source's own id of the recognition.", nullable=True),
        MartColumn("kind", "text", "result or relationship."),
        MartColumn("state", "text", "given or taken_back."),
        member_column("giver", "The member who gave it.", nullable=False),
        member_column("member_id", "The member who is recognised.", nullable=False),
        MartColumn("goal_id", "uuid", "The goal that it is for.", nullable=True),
        MartColumn("cycle_id", "uuid", "The cycle that it is for.", nullable=True),
        MartColumn("team_id", "uuid", "The team of that goal or cycle; empty: the organisation's own.", nullable=True),
        instant_column("given_at", "When it was given.", nullable=False),
        DELETED,
    ),
)


def write_recognition(state: Recognition, prepared: PreparedEvent, writer: RowWriter) -> None:
    """The row of a recognition after an event."""
    ids = (state.id, state.giver, state.member, state.goal, state.cycle, state.team)
    identity, giver, member, goal, cycle, team = to_column_value(ids)
    key = (str(identity),)
    about = (giver, member, goal, cycle, team, to_micros(state.given_at))
    values = (prepared.event_id, identity, state.ref, state.kind, state.state, *about)
    writer.write(prepared, [Wording(FACT_RECOGNITION, key, values, is_last=state.state == "taken_back")])
