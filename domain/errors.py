"""Refusals: one tree. `code` is the contract, the docstring what happened, `remedy` what to do about it."""

from __future__ import annotations

import inspect


class Refusal(Exception):
    """The act was refused; nothing was recorded."""

    code = "refused"
    remedy = "Read `detail`."

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
    remedy = "Check the id or reference. What belongs to another organisation answers the same."


class Forbidden(Refusal):
    """This role may not do that."""

    code = "forbidden"
    remedy = "`allowed` names the roles that may."


class NotAParty(Refusal):
    """Only a party of this agreement may do that."""

    code = "not_a_party"
    remedy = "Let the owner or sponsor say it. An offer is the owner's, a request the sponsor's."


class ActNotAllowed(Refusal):
    """The agreement has no such act from this state."""

    code = "act_not_allowed"
    remedy = "`allowed` names the acts that are open to you now."


class ReasonRequired(Refusal):
    """This act needs a reason."""

    code = "reason_required"
    remedy = "Give `reason`, with words where the code alone is not enough."


class AnswersRequired(Refusal):
    """Name the event that you answer: nobody consents to what they have not seen."""

    code = "answers_required"
    remedy = "Put the event id that was `open` in the last answer into `answers`."


class AnswersSuperseded(Refusal):
    """What you answered is no longer the open one; read the open one first."""

    code = "answers_superseded"
    remedy = "Read the event in `open`, then answer that one."


class InvalidField(Refusal):
    """A field has a value that the rules do not allow."""

    code = "invalid_field"
    remedy = "`errors` names the field and what is wrong with it; `allowed` the words that it takes, if these are few."


class OutOfOrder(Refusal):
    """A moving act cannot be recorded before the stream's last moving act."""

    code = "out_of_order"
    remedy = "Give an `at` no earlier than `allowed` says."


class InTheFuture(Refusal):
    """An act cannot have happened after now."""

    code = "in_the_future"
    remedy = "Give an `at` that has passed."


class LoadChanged(Refusal):
    """The owner's load changed since the trade-off was named, and it no longer suffices."""

    code = "load_changed"
    remedy = "Counter, or agree anew on what gives."


class TradeOffRequired(Refusal):
    """This would take the owner over the load line: say what gives, or have the sponsor accept the overload."""

    code = "trade_off_required"
    remedy = "Name `trade_offs`, or have the sponsor say `accept_overload`."


class PurposeRequired(Refusal):
    """This organisation asks every goal to support a goal or a purpose."""

    code = "purpose_required"
    remedy = "Say what it supports."


class NoPurpose(Refusal):
    """There is no adopted purpose that this names as the one it serves."""

    code = "no_purpose"
    remedy = "Adopt a purpose, or name the current version: `allowed` says which."


class NonNegotiableCount(Refusal):
    """A charter has 3 to 5 non-negotiables."""

    code = "non_negotiable_count"
    remedy = "Retire or revise one before another comes; adopt one before another goes."


class VersionSuperseded(Refusal):
    """This names another version than the current one."""

    code = "version_superseded"
    remedy = "Read the current one, which `allowed` names, then act on that."


class DecisionRequired(Refusal):
    """Until its time-box is over, it takes a decision to adopt this."""

    code = "decision_required"
    remedy = "Name a `decision` in favour, or wait for the end of the time-box."


class DecisionUnfit(Refusal):
    """This decision does not carry this: it is open, went another way, is about something else, or was used before."""

    code = "decision_unfit"
    remedy = "Name a decision that is decided, in favour, about this, and not used yet."


class HandOverIncomplete(Refusal):
    """The member named in this change has not joined it yet."""

    code = "hand_over_incomplete"
    remedy = "The member named joins first, or refuses."


class AlreadyExists(Refusal):
    """Something of that reference exists already."""

    code = "already_exists"
    remedy = "Take another `ref`, or act on what is there."


class HandshakeRefused(Refusal):
    """The target did not say that it wants messages from here."""

    code = "handshake_refused"
    remedy = "Have it answer OPTIONS with `WebHook-Allowed-Origin`, or subscribe with `handshake: false`."


class VersionConflict(Refusal):
    """The stream has moved on from the version you named."""

    code = "version_conflict"
    remedy = "Read again, look at what changed, and decide anew."


class IdempotencyMismatch(Refusal):
    """This idempotency key was used with another body."""

    code = "idempotency_key_reused"
    remedy = "Take a fresh key for a new request."
