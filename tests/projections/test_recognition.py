"""The recognition report against a plain fold over the events, and what it shows of whom."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.errors import Refusal
from domain.goal.acts import (
    Accept,
    AcceptChange,
    AnswerNeed,
    Changes,
    CheckIn,
    DeclareComplete,
    DeclareSatisfied,
    Join,
    NeedInput,
    ProposeChange,
    TakeBackStatement,
)
from domain.member import member
from domain.recognition.recognition import CorrectRecognition, GiveRecognition, TakeBackRecognition
from domain.team import team
from projections.database.database import Database
from projections.figures import ReportScope
from projections.history import history
from projections.privacy import WithheldBy
from projections.recognition import recognitions
from projections.recognition.report import RecognitionReport, build_report, gini
from projections.sight import EVERYTHING
from services.cloud_events import to_cloud_event
from tests.naive_recognition import NaiveRecognition
from tests.projections.conftest import ProjectStory
from tests.spec import Story, offer, why

PEOPLE = ("ana", "ben", "sam", "mia", "lea", "stella", "ned", "eva")
STEWARD = frozenset({"steward"})


def build_story(seed: int = 1) -> Story:
    """Two teams: core of five, and edge of two; promises of each kept or not."""
    story = Story(seed=seed, begins="2026-01-05")
    story.says("stella", team.Create(name="Edge", lead="eva", ref="edge"), on="edge", roles=STEWARD)
    for name in ("ned", "eva"):
        story.says("stella", member.Join(team="edge", name=name.title(), ref=name), on=name, roles=STEWARD)
    return story


def promise(story: Story, goal: str, owner: str, sponsor: str, at: str, of: str = "core") -> None:
    from msgspec.structs import replace  # noqa: PLC0415 - one place

    story.says(owner, replace(offer(owner, sponsor), team=of), on=goal, at=at)
    story.says(sponsor, Accept(), on=goal)


def help_with(story: Story, goal: str, owner: str, helper: str, at: str) -> None:
    """The owner asks, the helper answers within the hour."""
    asked_at = datetime.fromisoformat(at)
    asked_at = asked_at if asked_at.tzinfo else asked_at.replace(tzinfo=UTC)
    asked = CheckIn(note="so far", needs=[NeedInput(text="Which bank?", addressee=helper)])
    need = f"{story.says(owner, asked, on=goal, at=asked_at)[-1].event_id}/0"
    story.says(helper, AnswerNeed(need=need, text="The first."), on=goal, at=asked_at + timedelta(hours=1))


def hand_over(story: Story, goal: str, owner: str, sponsor: str, to: str) -> None:
    story.says(owner, ProposeChange(changes=Changes(owner=to), reason=why()), on=goal)
    story.says(to, Join(), on=goal)
    story.says(sponsor, AcceptChange(), on=goal)


def satisfy(story: Story, goal: str, owner: str, sponsor: str) -> None:
    story.says(owner, DeclareComplete(), on=goal)
    story.says(sponsor, DeclareSatisfied(), on=goal)


def thank(story: Story, ref: str, by: str, whom: str, goal: str = "goal", **fields: Any) -> None:
    how = {"at": fields.pop("at")} if "at" in fields else {}
    act = GiveRecognition(member=whom, goal=goal, **{"kind": "relationship", "text": "Thank you.", **fields})
    story.says(by, act, on=ref, **how)


# --- a plain fold ----------------------------------------------------------------------------------------------------


def fold(story: Story, at: datetime, known: int, window: int, of: str | None) -> dict[str, Any]:
    """The report's figures from the exported events alone."""
    events = [to_builtin(event) for event in story.events[:known]]
    team = str(story.id(of, "team")) if of else None
    figures = NaiveRecognition(events, at, "UTC", window).figures(team)
    return {**figures, "received_gini": figures["received_gini"][2]}


def to_builtin(event: Any) -> dict[str, Any]:
    """The event as it leaves the process."""
    exported: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(to_cloud_event(event, "", "")))
    return exported


def told(report: RecognitionReport) -> dict[str, Any]:
    """The report's figures as the fold has them."""
    figures = {figure.name: (figure.count, figure.n, figure.value) for figure in report.figures}
    return {**figures, "received_gini": figures["received_gini"][2]}


def random_story(seed: int) -> Story:
    """Promises, help, recognitions, corrections and leaves in any order; what is refused is left out."""
    random, story = Random(seed), build_story(seed)
    teams = {"ned": "edge", "eva": "edge"}
    goals = []
    at = datetime(2026, 1, 12, 9, tzinfo=UTC)
    for step in range(70):
        at += timedelta(hours=random.randint(4, 30))
        one, other, third = random.sample(PEOPLE, 3)
        try:
            match random.randrange(8):
                case 0 | 1:
                    promise(story, f"goal-{step}", one, other, at.isoformat(), teams.get(one, "core"))
                    goals.append((f"goal-{step}", one, other))
                case 2 | 3 if goals:
                    goal, owner, _ = random.choice(goals)
                    help_with(story, goal, owner, third, at.isoformat())
                    if random.random() < 0.2:
                        asked = [r for r in story.stream(goal) if r.type == "goal.checked_in.v1"][-1]
                        story.says(owner, TakeBackStatement(corrects=str(asked.event_id)), on=goal)
                case 4 if goals and random.random() < 0.3:
                    place = random.randrange(len(goals))
                    goal, owner, sponsor = goals[place]
                    hand_over(story, goal, owner, sponsor, third)
                    goals[place] = goal, third, sponsor
                case 4 if goals:
                    goal, owner, sponsor = random.choice(goals)
                    satisfy(story, goal, owner, sponsor)
                case 5 | 6 if goals:
                    goal, owner, _ = random.choice(goals)
                    kind = random.choice(["result", "relationship"])
                    thank(story, f"thanks-{step}", one, random.choice([other, owner]), goal, kind=kind, at=at)
                case 7:
                    act: Any = random.choice([TakeBackRecognition(), CorrectRecognition(kind="relationship")])
                    held = story.states("recognition")
                    if random.random() < 0.1:
                        story.says("mia", member.Leave(), on="mia", at=at)
                    elif held:
                        chosen = random.choice(held)
                        giver = next(name for name in PEOPLE if story.id(name) == chosen.giver)
                        story.says(giver, act, on=str(chosen.id), at=at)
        except Refusal:
            continue
    return story


@pytest.mark.parametrize("seed", range(1, 7))
def test_every_figure_is_that_of_a_plain_fold_over_the_events(
    database: Database, project: ProjectStory, seed: int
) -> None:
    story = random_story(seed)
    last = story.now.date()
    for day in (last - timedelta(days=9), last):
        for of in (None, "core", "edge"):
            view = project(story, day)
            scope = ReportScope(team=story.id(of, "team") if of else None)

            assert fold(story, view.at, view.known_position, 28, of) == told(build_report(database, view, scope))


@pytest.mark.parametrize("seed", range(1, 4))
def test_a_figure_follows_from_the_events_that_it_names(database: Database, project: ProjectStory, seed: int) -> None:
    story = random_story(seed)
    view = project(story, story.now.date())

    report = build_report(database, view, ReportScope(window=90, explain=True))

    # Gini's coefficient is of all members, and help is by team: which no event of the figures says.
    context = [e for e in story.events if e.kind == "member" or e.type in ("goal.offered.v1", "goal.requested.v1")]
    for figure in report.figures:
        named = {*(figure.events or ()), *(e.event_id for e in context)}
        events = [to_builtin(event) for event in story.events if event.event_id in named]
        expected = NaiveRecognition(events, view.at, "UTC", 90).figures(None)[figure.name]
        assert expected in ((figure.count, figure.n, figure.value), (None, None, figure.value)), figure.name


def test_the_fold_has_something_to_say() -> None:
    """The histories above hold each kind of case: else their agreement would show nothing."""
    folded = [fold(random_story(seed), datetime(2027, 1, 1, tzinfo=UTC), 10**6, 366, None) for seed in range(1, 7)]

    assert any(0 < f["relationship_share"][0] < f["relationship_share"][1] for f in folded)
    assert any(0 < f["helpers_recognised"][0] < f["helpers_recognised"][1] for f in folded)
    assert any(0 < f["results_recognised"][0] < f["results_recognised"][1] for f in folded)
    assert any(f["received_gini"] for f in folded)


# --- one story -------------------------------------------------------------------------------------------------------


@pytest.fixture
def story() -> Story:
    """Ana's goal: ben and sam helped; ben was thanked, sam was not; sam's satisfaction was recognised."""
    story = build_story()
    promise(story, "goal", "ana", "sam", "2026-03-02T09:00")
    help_with(story, "goal", "ana", "ben", "2026-03-03T09:00")
    help_with(story, "goal", "ana", "sam", "2026-03-04T09:00")
    thank(story, "thanks", "ana", "ben")
    satisfy(story, "goal", "ana", "sam")
    thank(story, "kept", "sam", "ana", kind="result")
    return story


def test_a_team_sees_both_kinds_and_how_far_help_is_seen(
    database: Database, project: ProjectStory, story: Story
) -> None:
    report = build_report(database, project(story), ReportScope(team=story.id("core", "team"), explain=True))

    assert {
        "recognitions": (None, None, 2),
        "relationship_share": (1, 2, 0.5),
        "results_recognised": (1, 1, 1.0),
        "helpers_recognised": (1, 2, 0.5),
        "received_gini": 0.6,
    } == told(report)
    given = [story.last_event(ref, "recognition").event_id for ref in ("thanks", "kept")]
    assert [given, given] == [figure.events for figure in report.figures[:2]]


def test_help_that_was_not_recognised_is_listed_by_goal(
    database: Database, project: ProjectStory, story: Story
) -> None:
    [row] = build_report(database, project(story), ReportScope(team=story.id("core", "team"))).unrecognised

    assert (story.id("sam"), story.id("ana"), story.id("sam")) == (row.helper, row.asker, row.member)


def test_an_asker_sees_whom_to_thank_and_not_whether_others_did(
    database: Database, project: ProjectStory, story: Story
) -> None:
    thank(story, "mias", "mia", "sam")

    [row] = build_report(database, project(story), ReportScope(member=story.id("ana"))).unrecognised

    assert (story.id("sam"), story.id("ana")) == (row.helper, row.member)


@pytest.mark.parametrize("to", ["sam", "mia"])
def test_help_stays_between_who_asked_and_who_answered_whoever_owns_the_goal_later(
    database: Database, project: ProjectStory, to: str
) -> None:
    story = build_story()
    promise(story, "goal", "ana", "ben", "2026-03-02T09:00")
    help_with(story, "goal", "ana", "sam", "2026-03-03T09:00")
    hand_over(story, "goal", "ana", "ben", to)
    view = project(story)

    report = build_report(database, view, ReportScope(team=story.id("core", "team")))
    unthanked = {
        name: [row.helper for row in build_report(database, view, ReportScope(member=story.id(name))).unrecognised]
        for name in ("ana", "mia")
    }

    assert (0, 1, 0.0) == told(report)["helpers_recognised"]
    assert [(story.id("sam"), story.id("ana"))] == [(row.helper, row.asker) for row in report.unrecognised]
    assert {"ana": [story.id("sam")], "mia": []} == unthanked


def test_a_members_own_report_counts_what_was_given_and_received(
    database: Database, project: ProjectStory, story: Story
) -> None:
    report = build_report(database, project(story), ReportScope(member=story.id("ana")))

    assert {"recognitions_received": 1, "recognitions_given": 1, "relationship_share": 0.0} == {
        figure.name: figure.value for figure in report.figures
    }


def test_a_report_of_before_a_correction_is_what_it_was(
    database: Database, project: ProjectStory, story: Story
) -> None:
    story.says("ana", TakeBackRecognition(), on="thanks", at="2026-03-20")

    before = build_report(database, project(story, date(2026, 3, 19)))
    after = build_report(database, project(story, date(2026, 3, 20)))

    assert (2, 1) == (told(before)["recognitions"][2], told(after)["recognitions"][2])


def test_the_spread_of_four_is_withheld_whoever_looks(database: Database, project: ProjectStory, story: Story) -> None:
    story.says("mia", member.Leave(), on="mia")

    report = build_report(database, project(story), ReportScope(team=story.id("core", "team")))

    spread = next(figure for figure in report.figures if figure.name == "received_gini")
    assert (None, None, WithheldBy.SMALL_GROUP) == (spread.value, spread.n, spread.rule)


@pytest.mark.parametrize(
    ("counts", "expected"), [([0, 0, 0], None), ([2, 2, 2], 0), ([0, 0, 0, 0, 5], 0.8), ([1, 2, 3, 4], 0.25)]
)
def test_ginis_coefficient(counts: list[int], expected: float | None) -> None:
    assert expected == (None if (value := gini(counts)) is None else float(value))


def test_its_history_reads_in_plain_words(database: Database, project: ProjectStory, story: Story) -> None:
    story.says("ana", CorrectRecognition(text="Found the cause."), on="thanks")
    story.says("ana", TakeBackRecognition(), on="thanks")
    view = project(story)

    entries = history.load_history(database, view, story.id("thanks", "recognition"), sight=EVERYTHING)

    assert [
        'Ana recognised Ben for "A goal" (the way of working together): Thank you.',
        "Ana put the recognition in other words (the way of working together): Found the cause.",
        "Ana took the recognition back.",
    ] == [entry.text for entry in entries]


def test_a_list_has_what_its_reader_gave_or_received_or_leads(
    database: Database, project: ProjectStory, story: Story
) -> None:
    view = project(story)

    def listed(who: str, *teams: str) -> list[UUID]:
        visible = recognitions.RecognitionVisibilityFilter(
            member=story.id(who), teams=frozenset(story.id(name, "team") for name in teams)
        )
        page = recognitions.load_recognitions_page(database, view, recognitions.RecognitionFilters(), visible=visible)
        return [found.id for found in page.recognitions]

    thanks, kept = (story.id(ref, "recognition") for ref in ("thanks", "kept"))
    assert [[thanks], [kept, thanks], [], [kept, thanks]] == [
        listed("ben"),
        listed("ana"),
        listed("mia"),
        listed("lea", "core"),
    ]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, ["kept", "thanks"]),
        ({"hidden": ("ben",)}, ["kept"]),
        ({"hidden_but_from_lead": ("ben",)}, ["kept"]),
        ({"hidden_but_from_lead": ("ben",), "led": ("core",)}, ["kept", "thanks"]),
        ({"hidden": ("ana",), "led": ("core",)}, []),
    ],
)
def test_a_list_leaves_out_whom_charters_hide(
    database: Database, project: ProjectStory, story: Story, limits: dict[str, tuple[str, ...]], expected: list[str]
) -> None:
    view = project(story)
    ids = {
        name: frozenset(story.id(ref, "team" if name == "led" else "member") for ref in refs)
        for name, refs in limits.items()
    }
    visible = recognitions.RecognitionVisibilityFilter(member=story.id("stella"), teams=None, **ids)

    page = recognitions.load_recognitions_page(database, view, recognitions.RecognitionFilters(), visible=visible)

    assert [story.id(ref, "recognition") for ref in expected] == [found.id for found in page.recognitions]
