"""What can be said about an experiment: each Struct is a request body and an import row's act."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar

import msgspec

from domain.experiment.events import Tension
from domain.reasons import Reason
from domain.references import Ref
from domain.terms import Text

OptionalText = Annotated[str, msgspec.Meta(max_length=2000)]


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Something done about an experiment."""

    #: Whether it carries authority (`domain.authority`).
    is_authoritative: ClassVar[bool] = True


class ProposeExperiment(Act, tag="propose", frozen=True, kw_only=True):
    """Take up a tension: what is to be tried, how one would tell, when it is looked at, and who sees to it."""

    tension: Tension
    hypothesis: Text
    measure: Text
    #: Needed; it may be left out only so that the refusal can name the rule.
    review_on: date | None = None
    #: Without a name: who proposes it, and it runs at once.
    owner: Ref | None = None
    #: Whose it is; without a name: the organisation's own.
    team: Ref | None = None
    ref: Ref | None = None


class AgreeToExperiment(Act, tag="agree", frozen=True, kw_only=True):
    """The owner agrees to see to it: from now on it runs."""


class DeclineExperiment(Act, tag="decline", frozen=True, kw_only=True):
    """The owner does not agree; a code is enough."""

    reason: Reason | None = None


class WithdrawExperiment(Act, tag="withdraw", frozen=True, kw_only=True):
    """Take the proposal back before its owner has answered."""


class ReviewExperiment(Act, tag="review", frozen=True, kw_only=True):
    """Say what was found, and when it is looked at again; without a day it is to be kept or dropped next."""

    finding: Text
    next: date | None = None


class KeepExperiment(Act, tag="keep", frozen=True, kw_only=True):
    """It helped, and stays. Only what was looked at can be kept."""

    outcome: Text


class DropExperiment(Act, tag="drop", frozen=True, kw_only=True):
    """End it, for a reason; also before its day, where it does harm."""

    outcome: OptionalText = ""
    reason: Reason | None = None


ExperimentAct = (
    ProposeExperiment
    | AgreeToExperiment
    | DeclineExperiment
    | WithdrawExperiment
    | ReviewExperiment
    | KeepExperiment
    | DropExperiment
)
