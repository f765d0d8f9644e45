"""Recognition: whether both kinds are given, whether help and results are seen, and how even it is across a team.

Formulas: docs/reports.md. Nobody is ranked: how much a member received is that member's own figure, help that was not
recognised is listed by goal, and the spread is one number of a team of five and more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any
from uuid import UUID

import msgspec

from projections.as_of import AsOf
from projections.database.database import Database
from projections.figures import (
    WHOLE_ORGANISATION,
    EventRef,
    Figure,
    GroupFigure,
    MemberRef,
    Report,
    ReportScope,
    SubjectGoal,
    SubjectMember,
    build_share,
    event_ids,
    finish_report,
    of_group,
    of_window,
    round_for_report,
    window_begin,
)
from projections.people import members_at
from projections.privacy import MIN_GROUP_SIZE, WithheldBy
from projections.recognition.queries import (
    GivenHelp,
    GivenRecognition,
    RecognitionFacts,
    count_received,
    load_facts,
)


class UnrecognisedHelp(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Help that no recognition of the window followed: who could say so, and to whom."""

    goal: SubjectGoal
    #: Whose row it is: the helper; in the asker's own report the asker.
    member: SubjectMember
    helper: MemberRef
    asker: MemberRef
    #: The answer to the need.
    event: EventRef


class RecognitionReport(Report, frozen=True, kw_only=True):
    """The figures of recognition, and the help that was not recognised, by goal."""

    unrecognised: list[UnrecognisedHelp]


def build_report(database: Database, as_of: AsOf, scope: ReportScope = WHOLE_ORGANISATION) -> RecognitionReport:
    """The recognition of a team's goals and cycles, of all of the organisation's, or a member's own."""
    everywhere = load_facts(database, as_of, scope.window, team=scope.team)
    facts = everywhere.of_team(scope.team)
    recognised = frozenset(given.member for given in everywhere.given)
    if scope.member is not None:
        figures = list[Figure | GroupFigure](_member_figures(scope.member, facts, scope.group))
        rows = [
            *_list_rows(facts.help, recognised, scope, helper=scope.member),
            *_list_unthanked(facts, everywhere.given, scope.member),
        ]
    else:
        figures = [*_group_figures(facts, everywhere.given, scope.group)]
        members = [member.id for member in members_at(database, as_of, team=scope.team)]
        figures.append(_spread_figure(everywhere.given, members, scope))
        rows = list(_list_rows(facts.help, recognised, scope))
    return finish_report(
        RecognitionReport,
        as_of,
        scope,
        figures,
        unrecognised=sorted(rows, key=lambda row: (row.goal.int, row.event.int, row.member.int)),
    )


def build_relationship_figure(database: Database, as_of: AsOf, scope: ReportScope) -> GroupFigure:
    """Of the group figures the share of recognitions for relationships."""
    given = load_facts(database, as_of, scope.window).of_team(scope.team).given
    return of_window(
        _relationship_share(given, scope.group),
        window_begin(as_of),
        ((one.at, one.team, one.member) for one in given),
        ((one.at, one.team, one.giver) for one in given),
    )


# --- figures ---------------------------------------------------------------------------------------------------------


def _list_events(given: Iterable[GivenRecognition]) -> list[UUID]:
    """What gave each of them, and what last corrected it."""
    return event_ids(event for one in given for event in (one.event, one.last_event))


def _relationship_share(given: Sequence[GivenRecognition], group: dict[str, Any]) -> Figure:
    """The share of recognitions that are for working together (`relationship`)."""
    relationships = [one for one in given if one.kind == "relationship"]
    return build_share("relationship_share", len(relationships), len(given), events=_list_events(given), **group)


def _group_figures(
    facts: RecognitionFacts, everywhere: Sequence[GivenRecognition], group: dict[str, Any]
) -> Iterator[GroupFigure]:
    """`everywhere`: what was given in all teams."""
    given = facts.given
    received, gave = [(one.team, one.member) for one in given], [(one.team, one.giver) for one in given]
    events = _list_events(given)
    yield of_group(Figure(name="recognitions", value=len(given), events=events, **group), received, gave)
    yield of_group(_relationship_share(given, group), received, gave)
    seen = [goal for goal in facts.satisfied if goal.recognised is not None]
    results = build_share(
        "results_recognised",
        len(seen),
        len(facts.satisfied),
        events=event_ids(event for goal in facts.satisfied for event in (goal.event, goal.recognised)),
        **group,
    )
    yield of_group(results, [(goal.team, goal.owner) for goal in facts.satisfied])
    # Who helped in two teams is counted in each, so that the organisation's figure is the sum of the teams'.
    helpers = {(helped.team, helped.helper) for helped in facts.help}
    persons = {helper for _, helper in helpers}
    thanks = [one for one in everywhere if one.member in persons]
    recognised = {one.member for one in thanks}
    said = (event for helped in facts.help for event in (helped.check_in, helped.event))
    coverage = build_share(
        "helpers_recognised",
        sum(helper in recognised for _, helper in helpers),
        len(helpers),
        events=event_ids([*said, *_list_events(thanks)]),
        **group,
    )
    yield of_group(coverage, helpers)


def _spread_figure(given: Sequence[GivenRecognition], members: Collection[UUID], scope: ReportScope) -> GroupFigure:
    """Gini's coefficient of what each of the joined members received: of five members and more, for every viewer."""
    if len(members) < MIN_GROUP_SIZE:
        return of_group(Figure(name="received_gini", value=None, **scope.group).as_withheld(WithheldBy.SMALL_GROUP))
    counts = count_received(given, members)
    value = gini(list(counts.values()))
    figure = Figure(
        name="received_gini",
        n=len(members),
        value=round_for_report(value),
        status=None if value is not None else "no_data",
        events=_list_events(one for one in given if one.member in counts),
        **scope.group,
    )
    return of_group(figure, [(scope.team, member) for member in members])


def gini(counts: Sequence[int]) -> Fraction | None:
    """Gini's coefficient of these counts, exactly: 0 where all are the same; None where all are 0.

    Half of the mean difference of two of them, over their mean (Gini, Variabilita e mutabilita, 1912).
    """
    total, n = sum(counts), len(counts)
    if not total:
        return None
    weighted = sum((2 * place - n - 1) * count for place, count in enumerate(sorted(counts), 1))
    return Fraction(weighted, n * total)


def _member_figures(member: UUID, facts: RecognitionFacts, group: dict[str, Any]) -> Iterator[Figure]:
    received = [one for one in facts.given if one.member == member]
    gave = [one for one in facts.given if one.giver == member]
    for name, ones in (("recognitions_received", received), ("recognitions_given", gave)):
        yield Figure(name=name, value=len(ones), events=_list_events(ones), **group)
    yield _relationship_share(received, group)


# --- help that was not recognised ------------------------------------------------------------------------------------


def _list_rows(
    help_given: Sequence[GivenHelp], recognised: Collection[UUID], scope: ReportScope, *, helper: UUID | None = None
) -> Iterator[UnrecognisedHelp]:
    """Help by members who received no recognition at all in the window."""
    for helped in help_given:
        is_asked_about = helper in (None, helped.helper) and scope.includes_person(helped.helper)
        if is_asked_about and helped.helper not in recognised:
            yield _build_row(helped, helped.helper)


def _list_unthanked(
    facts: RecognitionFacts, given: Sequence[GivenRecognition], asker: UUID
) -> Iterator[UnrecognisedHelp]:
    """Help that a member got from those whom this member has not recognised in the window, whatever others did."""
    thanked = {one.member for one in given if one.giver == asker}
    for helped in facts.help:
        if helped.asker == asker and helped.helper not in thanked:
            yield _build_row(helped, asker)


def _build_row(helped: GivenHelp, member: UUID) -> UnrecognisedHelp:
    return UnrecognisedHelp(
        goal=helped.goal, member=member, helper=helped.helper, asker=helped.asker, event=helped.event
    )
