"""How a person's commands are called. Imported with every start of `plimsoll`, so nothing of the domain is (0033)."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from services.client.completion import complete_act, complete_goal

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its type has no public name
    AddCommand = Callable[[Commands, str, str], argparse.ArgumentParser]

#: The person's commands, by name.
NAMES = (
    *("me", "goals", "goal", "check-in", "act", "why", "history", "report", "events", "pulse", "subscriptions"),
    "webhooks",
    "mcp",
)
#: What the API takes, so that a wrong word is refused here and the right ones can be completed.
WHY_FIELDS = (
    *("outcome", "measure", "conditions", "kind", "start", "due", "effort_hours", "priority", "supports"),
    *("owner", "sponsor", "team", "title", "description", "tags", "state", "pause", "progress", "confidence", "value"),
)
REPORTS = (
    "alignment",
    "cycles",
    "decisions",
    "drift",
    "overload",
    "pulse",
    "recognition",
    "reliability",
    "rituals",
    "support",
    "tensions",
)
STATES = (
    *("draft", "requested", "offered", "answer_deferred", "countered_by_owner", "countered_by_sponsor", "active"),
    *("change_proposed_by_owner", "change_proposed_by_sponsor", "lapsed", "delivered", "satisfied", "broken"),
    *("cancelled", "released", "promise_withdrawn", "declined", "expired", "withdrawn"),
)
REASONS = (
    *("new_information", "external_change", "dependency_slipped", "capacity", "new_need", "better_idea"),
    *("estimate_wrong", "scope_misread", "purpose_changed", "non_negotiable_conflict", "risk_or_safety"),
    *("correction", "other"),
)
SORTS = ("due", "-due", "title", "-title", "updated", "-updated")


def add_client_commands(commands: Commands, add_command: AddCommand) -> None:
    """Add them all."""
    _add_lists(commands, add_command)
    _add_goal_questions(commands, add_command)
    _add_check_in(commands, add_command)
    _add_act(commands, add_command)
    _add_events(commands, add_command)
    _add_pulses(commands, add_command)
    _add_subscriptions(commands, add_command)
    _add_webhooks(commands, add_command)
    words = "tools and resources for an assistant, on stdin and stdout (Model Context Protocol)"
    commands.add_parser("mcp", help=words, description=words)


def _add_check_in(commands: Commands, add_command: AddCommand) -> None:
    check_in = add_command(commands, "check-in", "say how a goal of yours stands")
    _add_goal_argument(check_in)
    check_in.add_argument("--note", "-m", metavar="TEXT", help="what happened since")
    check_in.add_argument("--progress", metavar="SHARE", help="how much is done: 70%% or 0.7")
    check_in.add_argument("--confidence", metavar="SHARE", help="how sure you are that it comes in time: 85%% or 0.85")
    check_in.add_argument("--value", metavar="NUMBER", help="what the measure shows now")
    for name, words in (
        ("blocker", "what stands in the way"),
        ("need", "what you need of others"),
        ("idea", "an idea"),
    ):
        check_in.add_argument(f"--{name}", metavar="TEXT", action="append", help=f"{words}; may be repeated")
    check_in.add_argument("--dry-run", action="store_true", help="show what it would record, and record nothing")
    _add_identity(check_in)


def _add_act(commands: Commands, add_command: AddCommand) -> None:
    act = add_command(commands, "act", "take any act on a goal: looked at and confirmed before it is recorded")
    _add_goal_argument(act)
    name = act.add_argument(
        "act", metavar="ACT", help="offer, accept, propose-change, ...; `plimsoll goal GOAL` lists yours"
    )
    name.completer = complete_act  # type: ignore[attr-defined] # argcomplete's protocol
    act.add_argument(
        "field", metavar="FIELD", nargs="*", help="changes.due=2027-01-15, tags[]=audit, accept_overload:=true"
    )
    act.add_argument(
        "--reason", metavar="CODE", choices=(*REASONS, *map(_spell, REASONS)), help="why: the code of a reason"
    )
    act.add_argument("--because", metavar="TEXT", default="", help="why, in words")
    how = act.add_mutually_exclusive_group()
    how.add_argument("--yes", action="store_true", help="do not ask; an act that answers needs answers=ID then")
    how.add_argument("--dry-run", action="store_true", help="show what it would do, and record nothing")
    _add_identity(act)


def _add_events(commands: Commands, add_command: AddCommand) -> None:
    words = "the feed of events"
    events = commands.add_parser("events", help=words, description=words)
    what = events.add_subparsers(dest="what", required=True, metavar="WHAT")
    tail = add_command(what, "tail", "print events as they come, each on a line")
    tail.add_argument("--type", action="append", metavar="TYPE", help="of this type; may be repeated")
    tail.add_argument("--subject", metavar="SUBJECT", help="of this stream: goal/REF, member/REF, team/REF")
    tail.add_argument("--last", type=int, default=10, metavar="N", help="begin with the last so many; default: 10")
    tail.add_argument("--after", type=int, metavar="POSITION", help="begin behind this position")
    tail.add_argument("--checkpoint", metavar="FILE", help="go on where the last call with this file left off")
    tail.add_argument("--once", action="store_true", help="leave when all that there is has been printed")


def _add_lists(commands: Commands, add_command: AddCommand) -> None:
    me = add_command(commands, "me", "who you are here, and what waits for you")
    me.add_argument("--limit", type=int, default=50, metavar="N", help="goals that are listed at most")
    goals = add_command(commands, "goals", "your goals, or those that the options name")
    for name, words in (
        ("team", "of this team"),
        ("owner", "of this member"),
        ("sponsor", "promised to this member"),
        ("cycle", "in this cycle"),
        ("supports", "that support this goal"),
    ):
        goals.add_argument(f"--{name}", metavar="REF", help=f"goals {words}")
    state = goals.add_argument("--state", action="append", type=_to_word, choices=STATES, metavar="STATE")
    state.help = "in this state; may be repeated"
    goals.add_argument("--words", dest="q", metavar="TEXT", help="whose title or outcome has these words")
    goals.add_argument("--all", action="store_true", help="all that you may see, not only your own")
    goals.add_argument("--ended", action="store_true", help="also those that have ended")
    goals.add_argument("--sort", choices=SORTS, default="due", help="by what; default: due")
    goals.add_argument("--limit", type=int, default=50, metavar="N", help="at most so many of each list; default: 50")
    _add_times(me, goals)


def _add_goal_questions(commands: Commands, add_command: AddCommand) -> None:
    goal = add_command(commands, "goal", "one goal: its terms, and what you may do with it")
    _add_goal_argument(goal)
    why = add_command(commands, "why", "why a field of a goal is what it is, and who agreed")
    _add_goal_argument(why)
    why.add_argument("--field", choices=WHY_FIELDS, default="due", metavar="FIELD", help="which field; default: due")
    history = add_command(commands, "history", "everything that happened to a goal, in sentences")
    _add_goal_argument(history)
    report = add_command(commands, "report", "a report in sentences")
    report.add_argument("report", choices=REPORTS, metavar="REPORT", help=", ".join(REPORTS))
    report.add_argument("--team", metavar="REF", help="of this team")
    report.add_argument("--member", metavar="REF", help="of this member")
    report.add_argument("--window", type=int, metavar="DAYS", help="days that end with the day asked about")
    report.add_argument("--explain", action="store_true", help="name the events behind each figure (--json)")
    report.add_argument("--format", choices=("text", "csv", "html", "svg"), default="text", help="default: text")
    _add_times(goal, why, history, report)


def add_group(commands: Commands, name: str, words: str) -> Commands:
    """A command that has commands of its own."""
    return commands.add_parser(name, help=words, description=words).add_subparsers(
        dest="what", required=True, metavar="WHAT"
    )


def _add_pulses(commands: Commands, add_command: AddCommand) -> None:
    group = add_group(commands, "pulse", "pulses: what a group feels, answered by persons who cannot be told apart")
    add_command(group, "list", "every pulse, the latest first")
    opened = add_command(group, "open", "ask a team, or the organisation")
    opened.add_argument("--team", metavar="REF", help="this team; default: the organisation")
    opened.add_argument("--closes-on", metavar="DAY", required=True, help="last day on which it can be answered")
    opened.add_argument("--ref", metavar="TEXT", help="a name of your own for it")
    for act, words in (
        ("show", "what is asked, and among how many you stand"),
        ("close", "end it: what may be known is published, the answers are deleted"),
    ):
        add_command(group, act, words).add_argument("pulse", metavar="PULSE", help="its reference or id")
    answer = add_command(group, "answer", "answer it, with a token that the server has signed without seeing it")
    answer.add_argument("pulse", metavar="PULSE", help="its reference or id")
    answer.add_argument(
        "answers", metavar="N", nargs="*", type=int, help="1 (not at all) to 7 for each item; asked for if left out"
    )
    answer.add_argument("--again", action="store_true", help="the reply was lost: sent before counts as answered")


def _add_subscriptions(commands: Commands, add_command: AddCommand) -> None:
    group = add_group(commands, "subscriptions", "events that are sent to an address by POST")
    add_command(group, "list", "every subscription that you may see")
    create = add_command(group, "create", "have events sent to an address; prints the secret this once")
    create.add_argument("url", metavar="URL", help="where to, https")
    create.add_argument("--name", metavar="TEXT", help="what it is called")
    _add_event_filters(create)
    create.add_argument(
        "--ordering", choices=("strict", "none"), help="each subject in order, or each event on its own"
    )
    create.add_argument("--no-handshake", action="store_true", help="do not ask the target first, by OPTIONS")
    for act, words in (
        ("show", "one subscription, and how far its events were sent"),
        ("pause", "send nothing until it is resumed"),
        ("resume", "send again, from where it stopped"),
        ("test", "send one message now, and say what was answered"),
        ("remove", "end it for good"),
    ):
        add_command(group, act, words).add_argument("subscription", metavar="ID", help="its id")
    _add_sending_again(group, add_command)


def _add_sending_again(group: Commands, add_command: AddCommand) -> None:
    deliveries = add_command(group, "deliveries", "what became of each event, the latest first")
    deliveries.add_argument("subscription", metavar="ID", help="its id")
    deliveries.add_argument("--state", choices=("pending", "delivered", "dead", "withheld", "held"), help="only these")
    deliveries.add_argument("--limit", type=int, default=50, metavar="N", help="at most so many; default: 50")
    replay = add_command(group, "replay", "send again what was recorded after a position or an instant")
    replay.add_argument("subscription", metavar="ID", help="its id")
    replay.add_argument("--after", type=int, metavar="POSITION", help="what was recorded after this position")
    replay.add_argument("--since", metavar="TIME", help="what was recorded after this RFC 3339 instant")
    redeliver = add_command(group, "redeliver", "send again one event, or all that were given up")
    redeliver.add_argument("subscription", metavar="ID", help="its id")
    redeliver.add_argument("--event", metavar="ID", help="this event")
    redeliver.add_argument("--state", choices=("dead", "held"), help="all deliveries in this state")
    rotate = add_command(group, "rotate-secret", "a new secret; prints it this once")
    rotate.add_argument("subscription", metavar="ID", help="its id")
    rotate.add_argument(
        "--overlap-hours", type=int, default=24, metavar="N", help="the former one signs too; default: 24"
    )


def _add_webhooks(commands: Commands, add_command: AddCommand) -> None:
    group = add_group(commands, "webhooks", "webhooks, received on this machine")
    listen = add_command(group, "listen", "subscribe this machine, verify and print what comes, until Ctrl-C")
    listen.add_argument("--host", default="127.0.0.1", help="address to listen on; default: 127.0.0.1")
    listen.add_argument("--port", type=int, default=0, help="port to listen on; default: a free one")
    listen.add_argument("--count", type=int, metavar="N", help="end after so many events")
    _add_event_filters(listen)


def _add_event_filters(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--types", action="append", metavar="TYPE", help="goal.promised.v1, goal.promised.* or goal.*; may be repeated"
    )
    command.add_argument("--subject", metavar="STREAM", help="only this stream: goal/REF, member/REF, ...")
    command.add_argument("--team", metavar="REF", help="only what belongs to this team")
    command.add_argument("--payload", choices=("auto", "thin", "full"), help="how much of an event; default: auto")


def _add_goal_argument(command: argparse.ArgumentParser) -> None:
    goal = command.add_argument("goal", metavar="GOAL", help="its reference, its id, or the beginning of its id")
    goal.completer = complete_goal  # type: ignore[attr-defined] # argcomplete's protocol


def _add_times(*commands: argparse.ArgumentParser) -> None:
    for command in commands:
        command.add_argument("--as-of", metavar="TIME", help="as it was then: a day, or an RFC 3339 instant")
        command.add_argument("--recorded-as-of", metavar="TIME", help="as it was known then: an RFC 3339 instant")


def _add_identity(command: argparse.ArgumentParser) -> None:
    command.add_argument("--idempotency-key", metavar="KEY", help="the same command with the same key is recorded once")


def _to_word(text: str) -> str:
    """A word of the API from one written with `-` or `_`."""
    return text.replace("-", "_")


def _spell(word: str) -> str:
    return word.replace("_", "-")
