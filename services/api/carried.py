"""What the answer of each read may carry of an organisation: the kinds of things that a viewer's sight is about.

Published as `x-carries` of the operation. A read without a line fails a test, and so does one whose answer to a steward
holds more than its line says: what is listed here is what `services.visibility` has to reduce.
"""

from __future__ import annotations

from enum import StrEnum


class Carried(StrEnum):
    """What may be hidden from a member of the organisation."""

    #: A goal's terms, words, figures or title.
    GOAL = "goal"
    #: A person's own figures: capacity, absences, roles, load.
    PERSON = "person"
    #: A figure of a group.
    GROUP = "group"
    #: What only those read whose charter it is: acknowledgements, breaches, repairs.
    CHARTER = "charter"
    #: Sums of a team's pulse.
    PULSE = "pulse"
    #: Who said what of whom.
    RECOGNITION = "recognition"
    CYCLE = "cycle"
    DECISION = "decision"
    EXPERIMENT = "experiment"
    KEY = "key"
    SUBSCRIPTION = "subscription"


_FRAMEWORK = frozenset({Carried.CHARTER, Carried.CYCLE, Carried.DECISION, Carried.EXPERIMENT})
_REPORT = frozenset({Carried.GOAL, Carried.PERSON, Carried.GROUP})
_NOTHING = frozenset[Carried]()

#: Operation -> what its answer may carry. Empty: what every member may read.
CARRIED: dict[str, frozenset[Carried]] = {
    "alignmentReport": _REPORT | {Carried.CHARTER},
    "cyclesReport": _REPORT | {Carried.CYCLE},
    "decisionsReport": _REPORT | {Carried.DECISION},
    "driftReport": _REPORT | {Carried.CHARTER},
    "overloadReport": _REPORT,
    "pulseReport": frozenset({Carried.PULSE}),
    "reliabilityReport": _REPORT,
    "recognitionReport": _REPORT,
    "ritualsReport": _REPORT | {Carried.CHARTER},
    "supportReport": _REPORT,
    "tensionsReport": _REPORT | {Carried.EXPERIMENT},
    "pullEvents": frozenset(Carried) - {Carried.GROUP},
    "streamEvents": frozenset(Carried) - {Carried.GROUP},
    "searchHistory": frozenset(Carried) - {Carried.GROUP},
    "getSnapshot": frozenset(Carried) - {Carried.GROUP},
    "exportMart": frozenset(Carried) - {Carried.KEY, Carried.SUBSCRIPTION},
    "listGoals": frozenset({Carried.GOAL}),
    "getGoal": frozenset({Carried.GOAL}),
    "getGoalHistory": frozenset({Carried.GOAL, Carried.PERSON}),
    "getGoalLinks": frozenset({Carried.GOAL}),
    "diffGoal": frozenset({Carried.GOAL}),
    "whyIsIt": frozenset({Carried.GOAL, Carried.DECISION}),
    "getPurposeConsequences": frozenset({Carried.GOAL}),
    "listCharters": frozenset({Carried.CHARTER}),
    "getCharter": frozenset({Carried.CHARTER, Carried.GOAL}),
    "getCharterHistory": frozenset({Carried.CHARTER}),
    "listCycles": frozenset({Carried.CYCLE, Carried.GOAL}),
    "getCycle": frozenset({Carried.CYCLE, Carried.GOAL}),
    "getCycleHistory": frozenset({Carried.CYCLE, Carried.GOAL}),
    "listDecisions": frozenset({Carried.DECISION}),
    "getDecision": frozenset({Carried.DECISION}),
    "getDecisionHistory": frozenset({Carried.DECISION}),
    "listExperiments": frozenset({Carried.EXPERIMENT}),
    "getExperiment": frozenset({Carried.EXPERIMENT}),
    "getExperimentHistory": frozenset({Carried.EXPERIMENT}),
    "getDigest": _FRAMEWORK | {Carried.GOAL},
    "getInbox": _FRAMEWORK | {Carried.GOAL},
    "getCalibration": frozenset({Carried.PERSON}),
    "getMadePossible": frozenset({Carried.GOAL, Carried.CYCLE, Carried.PERSON}),
    "getLookedAt": frozenset({Carried.PERSON}),
    "listMembers": frozenset({Carried.PERSON}),
    "getMember": frozenset({Carried.PERSON}),
    "getMemberHistory": frozenset({Carried.PERSON}),
    "listKeys": frozenset({Carried.KEY}),
    "listColumnMaps": _NOTHING,
    "listPulses": _NOTHING,
    "getPulse": frozenset({Carried.PULSE}),
    "getPulseHistory": frozenset({Carried.PULSE}),
    "listRecognitions": frozenset({Carried.RECOGNITION}),
    "getRecognition": frozenset({Carried.RECOGNITION}),
    "getRecognitionHistory": frozenset({Carried.RECOGNITION, Carried.GOAL}),
    "listSubscriptions": frozenset({Carried.SUBSCRIPTION}),
    "getSubscription": frozenset({Carried.SUBSCRIPTION}),
    "getSubscriptionHistory": frozenset({Carried.SUBSCRIPTION}),
    "listDeliveries": frozenset({Carried.SUBSCRIPTION}),
    "getDelivery": frozenset({Carried.SUBSCRIPTION, Carried.GOAL, Carried.PERSON}) | _FRAMEWORK,
    "listTeams": _NOTHING,
    "getTeam": _NOTHING,
    "getTeamHistory": _NOTHING,
    "getPolicies": _NOTHING,
    "getOrganisation": _NOTHING,
    "getOrganisationHistory": _NOTHING,
    "whoAmI": _NOTHING,
}
