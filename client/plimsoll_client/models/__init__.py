"""What the API takes and sends, a Struct each. Generated: see `tests/contracts/client_source.py`."""

from plimsoll_client.models.charter_events import *
from plimsoll_client.models.charters import *
from plimsoll_client.models.charters_bodies import *
from plimsoll_client.models.cycle_events import *
from plimsoll_client.models.cycles import *
from plimsoll_client.models.cycles_bodies import *
from plimsoll_client.models.decision_events import *
from plimsoll_client.models.decisions import *
from plimsoll_client.models.decisions_bodies import *
from plimsoll_client.models.event_parts import *
from plimsoll_client.models.event_parts_bodies import *
from plimsoll_client.models.events import *
from plimsoll_client.models.experiment_events import *
from plimsoll_client.models.experiments import *
from plimsoll_client.models.experiments_bodies import *
from plimsoll_client.models.goal_events import *
from plimsoll_client.models.goals import *
from plimsoll_client.models.goals_bodies import *
from plimsoll_client.models.imports import *
from plimsoll_client.models.imports_bodies import *
from plimsoll_client.models.key_events import *
from plimsoll_client.models.keys import *
from plimsoll_client.models.keys_bodies import *
from plimsoll_client.models.member_events import *
from plimsoll_client.models.members import *
from plimsoll_client.models.members_bodies import *
from plimsoll_client.models.organisation import *
from plimsoll_client.models.organisation_bodies import *
from plimsoll_client.models.organisation_events import *
from plimsoll_client.models.pulse_events import *
from plimsoll_client.models.pulses import *
from plimsoll_client.models.pulses_bodies import *
from plimsoll_client.models.recognition_events import *
from plimsoll_client.models.recognitions import *
from plimsoll_client.models.recognitions_bodies import *
from plimsoll_client.models.reports import *
from plimsoll_client.models.shared import *
from plimsoll_client.models.shared_bodies import *
from plimsoll_client.models.subscription_events import *
from plimsoll_client.models.subscriptions import *
from plimsoll_client.models.subscriptions_bodies import *
from plimsoll_client.models.support import *
from plimsoll_client.models.support_bodies import *
from plimsoll_client.models.team_events import *
from plimsoll_client.models.teams import *
from plimsoll_client.models.teams_bodies import *
from plimsoll_client.models import (
    charter_events,
    cycle_events,
    decision_events,
    experiment_events,
    goal_events,
    key_events,
    member_events,
    organisation_events,
    pulse_events,
    recognition_events,
    subscription_events,
    team_events,
)

#: Type of an event -> the Struct of its `data`.
EVENT_DATA = {
    **charter_events.EVENT_DATA,
    **cycle_events.EVENT_DATA,
    **decision_events.EVENT_DATA,
    **experiment_events.EVENT_DATA,
    **goal_events.EVENT_DATA,
    **key_events.EVENT_DATA,
    **member_events.EVENT_DATA,
    **organisation_events.EVENT_DATA,
    **pulse_events.EVENT_DATA,
    **recognition_events.EVENT_DATA,
    **subscription_events.EVENT_DATA,
    **team_events.EVENT_DATA,
}
