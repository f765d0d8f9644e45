"""Every operation of the API as a function that builds its request. Generated: see `tests/contracts/client_source.py`."""

from plimsoll_client.requests.charters import *
from plimsoll_client.requests.cycles import *
from plimsoll_client.requests.decisions import *
from plimsoll_client.requests.events import *
from plimsoll_client.requests.experiments import *
from plimsoll_client.requests.exports import *
from plimsoll_client.requests.goal_acts import *
from plimsoll_client.requests.goals import *
from plimsoll_client.requests.imports import *
from plimsoll_client.requests.keys import *
from plimsoll_client.requests.members import *
from plimsoll_client.requests.organisation import *
from plimsoll_client.requests.pulses import *
from plimsoll_client.requests.recognitions import *
from plimsoll_client.requests.reports import *
from plimsoll_client.requests.subscriptions import *
from plimsoll_client.requests.support import *
from plimsoll_client.requests.teams import *
