"""Refusals: one tree. `code` is the contract, the docstring is the message, `allowed` lists what would pass."""

from __future__ import annotations

import inspect


class Refusal(Exception):
    """The act was refused; nothing was recorded."""

    code = "refused"

    def __init__(
        self,
        detail: str | None = None,
        *,
        pointer: str | None = None,
        allowed: tuple[str, ...] = (),
        open_event: str | None = None,
    ) -> None:
        self.detail = detail or inspect.cleandoc(type(self).__doc__ or "")
        #: JSON pointer into the act's body, where one field is at fault.
        self.pointer = pointer
        #: What the same party could do instead, as act names or values.
        self.allowed = allowed
        #: For `answers_superseded`: the event id that is open now.
        self.open_event = open_event
        super().__init__(self.detail)


class NotFound(Refusal):
    """Nothing of that name exists in this organisation."""

    code = "not_found"


class Forbidden(Refusal):
    """This role may not do that."""

    code = "forbidden"


class NotAParty(Refusal):
    """Only a party of this agreement may do that."""

    code = "not_a_party"


class ActNotAllowed(Refusal):
    """The agreement has no such act from this state."""

    code = "act_not_allowed"


class ReasonRequired(Refusal):
    """This act needs a reason."""

    code = "reason_required"


class AnswersRequired(Refusal):
    """Name the event that you answer: nobody consents to what they have not seen."""

    code = "answers_required"


class AnswersSuperseded(Refusal):
    """What you answered is no longer the open one; read the open one first."""

    code = "answers_superseded"


class InvalidField(Refusal):
    """A field has a value that the rules do not allow."""

    code = "invalid_field"


class OutOfOrder(Refusal):
    """A moving act cannot be recorded before the stream's last moving act."""

    code = "out_of_order"


class InTheFuture(Refusal):
    """An act cannot have happened after now."""

    code = "in_the_future"


class LoadChanged(Refusal):
    """The owner's load changed since the trade-off was named, and it no longer suffices."""

    code = "load_changed"


class TradeOffRequired(Refusal):
    """This would take the owner over the load line: say what gives, or have the sponsor accept the overload."""

    code = "trade_off_required"


class PurposeRequired(Refusal):
    """This organisation asks every goal to support a goal or a purpose."""

    code = "purpose_required"


class NoPurpose(Refusal):
    """There is no adopted purpose that this names as the one it serves."""

    code = "no_purpose"


class NonNegotiableCount(Refusal):
    """A charter has 3 to 5 non-negotiables."""

    code = "non_negotiable_count"


class VersionSuperseded(Refusal):
    """This names another version than the current one."""

    code = "version_superseded"


class DecisionRequired(Refusal):
    """Until its time-box is over, it takes a decision to adopt this."""

    code = "decision_required"


class DecisionUnfit(Refusal):
    """This decision does not carry this: it is open, went another way, is about something else, or was used before."""

    code = "decision_unfit"


class HandOverIncomplete(Refusal):
    """The member named in this change has not joined it yet."""

    code = "hand_over_incomplete"


class AlreadyExists(Refusal):
    """Something of that reference exists already."""

    code = "already_exists"


class VersionConflict(Refusal):
    """The stream has moved on from the version you named."""

    code = "version_conflict"


class IdempotencyMismatch(Refusal):
    """This idempotency key was used with another body."""

    code = "idempotency_key_reused"
