"""The names of the OpenAPI components: published, so neither a class nor a module that is renamed changes one.

A class that is published for the first time gets its line here; `tests/contracts` fails for one without.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import msgspec.inspect

from domain.envelope import Event


def component_name(cls: Any) -> str:
    """The name under which a class is published; its own where the table has none (which a test refuses)."""
    if issubclass(cls, Event) and isinstance(tag := cls.__struct_config__.tag, str):
        # "goal.change_accepted.v1" is GoalChangeAcceptedV1: the tag is what is published.
        return "".join(part.capitalize() for part in re.split(r"[._]", tag))
    name: str = cls.__name__
    return COMPONENT_NAMES.get(cls.__module__, {}).get(name, name)


def published_classes(types: Iterable[Any]) -> dict[Any, Any]:
    """Every Struct and enumeration within these types, with msgspec's information on its type."""
    seen: set[int] = set()
    return {
        found.cls: found
        for info in msgspec.inspect.multi_type_info(list(types))
        for found in _classes_within(info, seen)
    }


def _classes_within(info: Any, seen: set[int]) -> Iterator[Any]:
    if isinstance(info, tuple):
        for part in info:
            yield from _classes_within(part, seen)
    elif isinstance(info, msgspec.inspect.Type | msgspec.inspect.Field) and id(info) not in seen:
        seen.add(id(info))
        if isinstance(info, msgspec.inspect.StructType | msgspec.inspect.EnumType):
            yield info
        for name in info.__struct_fields__:
            yield from _classes_within(getattr(info, name), seen)


def msgspec_names(cls: Any) -> tuple[str, str]:
    """The two names that msgspec gives a class's schema: where its own name is unique, and where it is not."""
    return cls.__name__, re.sub(r"[^a-zA-Z0-9.\-_]", "_", f"{cls.__module__}.{cls.__qualname__}")


COMPONENT_NAMES: dict[str, dict[str, str]] = {
    "domain.charter.acts": {
        "EventReference": "BreachTopic",
        "Acknowledge": "Acknowledge",
        "AdoptNonNegotiable": "AdoptNonNegotiable",
        "AdoptPurpose": "AdoptPurpose",
        "AgreeRepair": "AgreeRepair",
        "ChangeRitual": "ChangeRitual",
        "EndRitual": "EndRitual",
        "GrantFreedom": "GrantFreedom",
        "ProposePurpose": "ProposePurpose",
        "PutInForce": "PutInForce",
        "RaiseBreach": "RaiseBreach",
        "RetireNonNegotiable": "RetireNonNegotiable",
        "Review": "ReviewCharter",
        "ReviseNonNegotiable": "ReviseNonNegotiable",
        "SetRitual": "SetRitual",
        "SetSight": "SetSight",
        "WithdrawFreedom": "WithdrawFreedom",
    },
    "domain.charter.state": {
        "Acknowledgement": "Acknowledgement",
        "Breach": "Breach",
        "DecisionSubject": "DecisionSubject",
        "Purpose": "Purpose",
        "PurposeText": "PurposeText",
    },
    "domain.cycle.acts": {
        "AgreeImprovement": "AgreeImprovement",
        "Close": "CloseCycle",
        "CreditContribution": "CreditContribution",
        "DropImprovement": "DropImprovement",
        "FinishImprovement": "FinishImprovement",
        "IncludeGoal": "IncludeGoal",
        "Open": "OpenCycle",
        "RecordLearning": "RecordLearning",
        "SettleGoal": "SettleGoal",
        "ShareReflection": "ShareReflection",
    },
    "domain.cycle.events": {
        "CarriedImprovement": "CarriedImprovement",
        "GoalAtClose": "GoalAtClose",
        "Lesson": "Lesson",
        "PurposeVersion": "RestatedPurpose",
    },
    "domain.cycle.state": {
        "Closed": "ClosedCycle",
        "GoalInCycle": "GoalInCycle",
        "Improvement": "CycleImprovement",
        "Learning": "CycleLearning",
        "Running": "RunningCycle",
    },
    "domain.pulse.pulse": {
        "ClosePulse": "ClosePulse",
        "ItemSum": "PulseItemSum",
        "OpenPulse": "OpenPulse",
        "PulseCell": "PulseCell",
        "PulseItem": "PulseItem",
        "PulseResult": "PulseResult",
        "WithheldResult": "WithheldPulseResult",
    },
    "projections.pulse.report": {
        "PulseItemEntry": "PulseItemEntry",
        "PulseReport": "PulseReport",
        "PulseWaveEntry": "PulseWaveEntry",
    },
    "services.api.routes.pulses": {
        "GiveAnswer": "PulseAnswer",
        "PulseList": "PulseList",
        "PulseSummary": "PulseSummary",
        "PulseView": "PulseView",
        "SignedToken": "SignedPulseToken",
        "TakenAnswer": "TakenPulseAnswer",
        "TakeToken": "TakePulseToken",
    },
    "domain.recognition.recognition": {
        "CorrectRecognition": "CorrectRecognition",
        "GiveRecognition": "GiveRecognition",
        "TakeBackRecognition": "TakeBackRecognition",
    },
    "domain.decision.acts": {
        "DecisionSubjectInput": "DecisionTopic",
        "Consent": "ConsentToOption",
        "Decide": "DecideAsLead",
        "IntegrateObjection": "IntegrateObjection",
        "Open": "OpenDecision",
        "RaiseObjection": "RaiseObjection",
        "Reopen": "ReopenDecision",
        "Review": "ReviewDecision",
        "SetReview": "SetDecisionReview",
        "SharePerspective": "SharePerspective",
        "WithdrawObjection": "WithdrawObjection",
    },
    "domain.decision.events": {
        "Fallback": "DecisionFallback",
        "Option": "DecisionOption",
    },
    "domain.decision.state": {
        "Decision": "Decision",
        "GivenConsent": "GivenConsent",
        "Objection": "Objection",
        "Outcome": "DecisionOutcome",
        "Round": "DecisionRound",
    },
    "domain.experiment.acts": {
        "AgreeToExperiment": "AgreeToExperiment",
        "DeclineExperiment": "DeclineExperiment",
        "DropExperiment": "DropExperiment",
        "KeepExperiment": "KeepExperiment",
        "ProposeExperiment": "ProposeExperiment",
        "ReviewExperiment": "ReviewExperiment",
        "WithdrawExperiment": "WithdrawExperiment",
    },
    "domain.experiment.events": {
        "Tension": "Tension",
    },
    "domain.experiment.state": {
        "Experiment": "Experiment",
        "ExperimentFinding": "ExperimentFinding",
    },
    "domain.goal.acts": {
        "Accept": "AcceptGoal",
        "AcceptChange": "AcceptChange",
        "Affirm": "AffirmGoal",
        "AffirmLink": "AffirmLink",
        "AnswerNeed": "AnswerNeed",
        "BlockerInput": "BlockerInput",
        "Cancel": "CancelGoal",
        "Changes": "ChangesInput",
        "CheckIn": "CheckIn",
        "ChooseApproach": "ChooseApproach",
        "Clarify": "ClarifyGoal",
        "CloseBroken": "CloseBroken",
        "Counter": "CounterGoal",
        "CounterChange": "CounterChange",
        "DeclareComplete": "DeclareComplete",
        "DeclareSatisfied": "DeclareSatisfied",
        "Decline": "DeclineGoal",
        "DeferAnswer": "DeferAnswer",
        "Discard": "DiscardDraft",
        "Dispute": "DisputeDelivery",
        "Draft": "DraftGoal",
        "EvidenceInput": "EvidenceInput",
        "Feedback": "GiveFeedback",
        "Join": "JoinHandOver",
        "NeedInput": "NeedInput",
        "Offer": "OfferGoal",
        "Pause": "PauseGoal",
        "Promise": "PromiseGoal",
        "ProposeChange": "ProposeChange",
        "RaiseBlocker": "RaiseBlocker",
        "ReassignSponsor": "ReassignSponsor",
        "RecordValue": "RecordValue",
        "TakeBackStatement": "TakeBackStatement",
        "Refuse": "RefuseHandOver",
        "RejectChange": "RejectChange",
        "RejectDelivery": "RejectDelivery",
        "Release": "ReleaseGoal",
        "ReleaseDeparted": "ReleaseDeparted",
        "Request": "RequestGoal",
        "ResolveBlocker": "ResolveBlocker",
        "Resume": "ResumeGoal",
        "Retitle": "RetitleGoal",
        "RetractCompletion": "RetractCompletion",
        "ReviseDraft": "ReviseDraft",
        "RuleBroken": "RuleBroken",
        "RuleSatisfied": "RuleSatisfied",
        "TradeOffInput": "TradeOffInput",
        "Unlink": "UnlinkGoal",
        "VerdictInput": "VerdictInput",
        "Withdraw": "WithdrawGoal",
        "WithdrawChange": "WithdrawChange",
        "WithdrawPromise": "WithdrawPromise",
    },
    "domain.goal.events": {
        "Blocker": "Blocker",
        "Diff": "TermsDiff",
        "DraftTerms": "DraftTerms",
        "Evidence": "Evidence",
        "Need": "Need",
        "TakenAs": "TakenAs",
        "TradeOff": "TradeOff",
        "Verdict": "Verdict",
    },
    "domain.goal.state": {
        "Delivery": "Delivery",
        "DraftGoal": "GoalDraft",
        "Ended": "EndedGoal",
        "LinkState": "LinkState",
        "Negotiating": "NegotiatedGoal",
        "OpenBlocker": "OpenBlocker",
        "OpenNeed": "OpenNeed",
        "Promised": "PromisedGoal",
        "ChangeProposal": "ChangeProposal",
        "ToleratedChange": "ToleratedChange",
    },
    "domain.member.member": {
        "Absence": "Absence",
        "Capacity": "Capacity",
        "ChangeTeam": "ChangeTeam",
        "DeclareAbsence": "DeclareAbsence",
        "DeclareCapacity": "DeclareCapacity",
        "GrantRole": "GrantRole",
        "Join": "JoinOrganisation",
        "Leave": "LeaveOrganisation",
        "LeaveTeam": "LeaveTeam",
        "RenameMember": "RenameMember",
        "RevokeRole": "RevokeRole",
        "Role": "Role",
        "TakeBackFact": "TakeBackFact",
    },
    "domain.organisation.column_map": {
        "ColumnMap": "ColumnMap",
        "RowStatus": "SheetRowStatus",
        "SheetField": "SheetField",
    },
    "domain.organisation.organisation": {
        "KeepColumnMap": "KeepColumnMap",
        "KeptColumnMap": "KeptColumnMap",
        "RenameOrganisation": "RenameOrganisation",
        "SetPolicy": "SetPolicy",
    },
    "domain.policy": {
        "Policy": "Policy",
    },
    "domain.reasons": {
        "Reason": "Reason",
        "ReasonCode": "ReasonCode",
    },
    "domain.scope": {
        "Scope": "Scope",
    },
    "domain.subscription.subscription": {
        "Disablement": "SubscriptionDisablement",
        "PauseSubscription": "PauseSubscription",
        "RemoveSubscription": "RemoveSubscription",
        "ResumeSubscription": "ResumeSubscription",
        "RotateSecret": "RotateSecret",
    },
    "domain.team.team": {
        "AppointLead": "AppointLead",
        "Archive": "ArchiveTeam",
        "Create": "CreateTeam",
        "Restore": "RestoreTeam",
        "TakeBackAppointment": "TakeBackAppointment",
        "Rename": "RenameTeam",
    },
    "domain.terms": {
        "Condition": "Condition",
        "GoalKind": "GoalKind",
        "Measure": "Measure",
        "MeasureInput": "MeasureInput",
        "Priority": "Priority",
        "Support": "Support",
        "SupportInput": "SupportInput",
        "Terms": "Terms",
        "TermsInput": "TermsInput",
    },
    "ledger.api_keys": {
        "KeyAction": "KeyAction",
        "KeyRecord": "KeyRecord",
    },
    "ledger.deliveries": {
        "Attempt": "DeliveryAttempt",
        "EventDelivery": "EventDelivery",
    },
    "projections.alignment.report": {
        "AlignmentReport": "AlignmentReport",
        "UnlinkedGoal": "UnlinkedGoal",
    },
    "projections.alignment.tree": {
        "GoalNode": "GoalNode",
        "PurposeNode": "PurposeNode",
    },
    "projections.calibration": {
        "Calibration": "Calibration",
        "ConfidenceBucket": "ConfidenceBucket",
    },
    "projections.charters.charters": {
        "LinkedGoals": "LinkedGoals",
    },
    "projections.charters.rituals": {
        "RitualEntry": "RitualEntry",
        "RitualsReport": "RitualsReport",
    },
    "projections.cycles.approaches": {
        "ApproachEntry": "ApproachEntry",
        "FreedomEntry": "FreedomEntry",
    },
    "projections.cycles.cycles": {
        "ContributionEntry": "ContributionEntry",
        "ReflectionEntry": "ReflectionEntry",
    },
    "projections.cycles.review": {
        "CycleEntry": "CycleEntry",
        "CycleGoalEntry": "CycleGoalEntry",
        "CyclesReport": "CyclesReport",
        "ImprovementEntry": "ImprovementEntry",
        "LearningEntry": "LearningEntry",
    },
    "projections.decisions.decisions": {
        "Perspective": "Perspective",
    },
    "projections.decisions.report": {
        "DecisionsReport": "DecisionsReport",
    },
    "projections.drift.report": {
        "DriftReport": "DriftReport",
    },
    "projections.drift.suggestions": {
        "Suggestion": "Suggestion",
    },
    "projections.figures": {
        "Figure": "Figure",
    },
    "projections.history.history": {
        "HistoryEntry": "HistoryEntry",
        "FieldChange": "FieldChange",
        "HistoryPage": "HistoryPage",
    },
    "projections.history.search": {
        "FoundEvent": "FoundEvent",
    },
    "projections.inbox.digest": {
        "DigestChange": "DigestChange",
        "ChangedSection": "ChangedSection",
        "Digest": "Digest",
        "RequestSection": "RequestSection",
        "UnchangedGoal": "UnchangedGoal",
        "UnchangedGoals": "UnchangedGoals",
    },
    "projections.inbox.goal_requests": {
        "OpenRequest": "OpenRequest",
    },
    "projections.inbox.inbox": {
        "Inbox": "Inbox",
        "InboxEntry": "InboxEntry",
        "Reminder": "Reminder",
        "Reminders": "Reminders",
    },
    "projections.lineage.downstream": {
        "Consequence": "PurposeConsequence",
        "PurposeConsequences": "PurposeConsequences",
    },
    "projections.lineage.goal_links": {
        "GoalLinks": "GoalLinks",
        "LinkView": "LinkView",
    },
    "projections.lineage.upstream": {
        "PurposeVersionEntry": "UpstreamPurpose",
        "Upstream": "UpstreamCause",
    },
    "projections.lineage.why": {
        "Party": "WhyParty",
        "ProposalDetails": "WhyProposal",
        "Why": "WhyAnswer",
        "WhyStep": "WhyStep",
    },
    "projections.made_possible": {
        "MadePossible": "MadePossible",
        "MadePossibleEntry": "MadePossibleEntry",
    },
    "projections.overload.additions": {
        "AdditionEntry": "AdditionEntry",
        "RequesterEntry": "RequesterEntry",
        "TradeOffEntry": "TradeOffEntry",
    },
    "projections.overload.relief": {
        "ReliefOption": "ReliefOption",
        "Relief": "Relief",
    },
    "projections.overload.report": {
        "OverloadReport": "OverloadReport",
    },
    "projections.privacy": {
        "WithheldBy": "WithheldBy",
    },
    "projections.reliability.report": {
        "OpenAnswer": "OpenAnswer",
        "ReliabilityReport": "ReliabilityReport",
    },
    "projections.support.report": {
        "BlockerEntry": "BlockerEntry",
        "NeedEntry": "NeedEntry",
        "SupportReport": "SupportReport",
    },
    "services.api.http.problems": {
        "FieldError": "FieldError",
        "Problem": "Problem",
    },
    "services.api.routes.charters": {
        "CharterList": "CharterList",
        "CharterSummary": "CharterSummary",
        "FreedomSummary": "FreedomSummary",
        "NonNegotiableSummary": "NonNegotiableSummary",
        "ProposalSummary": "ProposalSummary",
        "RitualSummary": "RitualSummary",
    },
    "services.api.routes.cycles": {
        "CycleList": "CycleList",
        "CycleSummary": "CycleSummary",
        "CycleView": "CycleView",
        "UndecidedGoal": "UndecidedGoal",
    },
    "projections.tensions.report": {
        "TensionEntry": "TensionEntry",
        "TensionsReport": "TensionsReport",
        "TriedExperiment": "TriedExperiment",
    },
    "services.api.routes.experiments": {
        "ExperimentList": "ExperimentList",
        "ExperimentSummary": "ExperimentSummary",
        "ExperimentView": "ExperimentView",
    },
    "projections.recognition.report": {
        "RecognitionReport": "RecognitionReport",
        "UnrecognisedHelp": "UnrecognisedHelp",
    },
    "services.api.routes.recognitions": {
        "RecognitionList": "RecognitionList",
        "RecognitionSummary": "RecognitionSummary",
    },
    "services.api.routes.decisions": {
        "DecisionList": "DecisionList",
        "DecisionSummary": "DecisionSummary",
        "DecisionView": "DecisionView",
    },
    "services.cloud_events": {
        "CloudEvent": "CloudEvent",
    },
    "services.api.routes.resources": {
        "OrganisationState": "OrganisationState",
        "Resource": "Resource",
        "SnapshotEnd": "SnapshotEnd",
        "SnapshotHead": "SnapshotHead",
        "SnapshotLine": "SnapshotLine",
    },
    "services.api.routes.deliveries": {
        "DeliveryList": "DeliveryList",
        "DeliveryView": "DeliveryView",
        "Redeliver": "Redeliver",
        "Redelivery": "Redelivery",
        "Replay": "ReplaySubscription",
        "SendWebhookTest": "SendWebhookTest",
        "WebhookKeys": "WebhookKeys",
        "WebhookTestResult": "WebhookTestResult",
    },
    "services.api.routes.events": {
        "EventType": "EventType",
    },
    "services.api.routes.goal_queries": {
        "GoalDiff": "GoalDiff",
        "GoalList": "GoalList",
        "GoalView": "GoalView",
    },
    "services.api.routes.goals": {
        "BeginDraft": "BeginDraft",
        "BeginOffer": "BeginOffer",
        "BeginRequest": "BeginRequest",
        "OpeningTerms": "OpeningTerms",
        "ActPreview": "ActPreview",
        "OwnerLoad": "OwnerLoad",
        "PreviewedEvent": "PreviewedEvent",
        "LoadWeek": "LoadWeek",
    },
    "services.api.routes.history_search": {
        "HistorySearchPage": "HistorySearchPage",
    },
    "services.api.routes.imports": {
        "ImportProblem": "ImportRefused",
    },
    "services.api.routes.sheets": {
        "ColumnMapSummary": "ColumnMapKept",
        "ColumnMaps": "ColumnMaps",
        "SheetProblem": "SheetRefused",
    },
    "services.imports.sheets.records": {
        "CellProblem": "SheetCellProblem",
    },
    "services.imports.sheets.verdicts": {
        "Question": "SheetQuestion",
        "RowVerdict": "SheetRowVerdict",
        "SheetResult": "SheetResult",
        "SheetVerdict": "SheetVerdict",
    },
    "ledger.person_reads": {
        "ReadSubject": "ReadSubject",
    },
    "services.api.routes.looked_at": {
        "Look": "Look",
        "LookedAt": "LookedAt",
    },
    "services.api.routes.inbox": {
        "AffirmGoals": "AffirmGoals",
        "AffirmationResult": "Affirmations",
        "AffirmedGoal": "AffirmedGoal",
        "AffirmationRefusal": "NotAffirmedGoal",
    },
    "services.api.routes.keys": {
        "CreateKey": "CreateKey",
        "CreatedKey": "CreatedKey",
        "KeyList": "KeyList",
        "RevokeKey": "RevokeKey",
        "RevokedKey": "RevokedKey",
        "RotateKey": "RotateKey",
    },
    "services.api.routes.organisation": {
        "Me": "CurrentMember",
        "OrganisationSummary": "OrganisationSummary",
    },
    "services.api.routes.people": {
        "MemberList": "MemberList",
        "TeamList": "TeamList",
    },
    "services.api.routes.subscriptions": {
        "CreatedSubscription": "CreatedSubscription",
        "DeliveryProgress": "DeliveryProgress",
        "RotatedSecret": "RotatedSecret",
        "Subscribe": "Subscribe",
        "SubscriptionList": "SubscriptionList",
        "SubscriptionSummary": "SubscriptionSummary",
        "SubscriptionView": "SubscriptionView",
    },
    "services.api.routes.system": {
        "EventTypeList": "EventTypes",
        "Liveness": "Liveness",
        "ProblemType": "ProblemKind",
        "ProblemTypeList": "ProblemKinds",
        "Readiness": "Readiness",
    },
    "services.api.summaries": {
        "GoalSummary": "GoalSummary",
        "MemberSummary": "MemberSummary",
        "PolicySummary": "PolicySummary",
        "PolicyValues": "PolicyValues",
        "TeamSummary": "TeamSummary",
    },
    "services.imports.importer": {
        "ImportReceipt": "ImportResult",
        "RowError": "ImportRowError",
    },
    "services.webhooks.signatures": {
        "PublicKey": "WebhookKey",
    },
}
