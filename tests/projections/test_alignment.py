"""The alignment report: the tree from purposes to tasks, tangible progress, what hangs in the air and on one person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import msgspec
import pytest

from domain.goal.acts import AffirmLink, Cancel, CheckIn, DeclareComplete, DeclareSatisfied, RecordValue
from domain.member import member
from domain.team import team
from domain.terms import MeasureInput, SupportInput
from projections.alignment import report as alignment_report
from projections.alignment.report import AlignmentReport
from projections.alignment.tree import GoalNode
from projections.database.database import Database
from projections.figures import Figure, ReportScope
from tests.domain.charters import adopt_dated_purpose
from tests.projections.conftest import ProjectStory
from tests.projections.explained import list_named_goals
from tests.projections.test_drift import change_goal, promise_goal
from tests.spec import Story, instant, why

RunReport = Callable[..., AlignmentReport]
CORE = SupportInput(purpose="core")
STEWARD = frozenset({"steward"})


@pytest.fixture
def ask(database: Database, project: ProjectStory) -> RunReport:
    """`ask(story, "2026-03-20", team="core")`."""

    def report(
        story: Story,
        as_of: str = "2026-03-20",
        *,
        team: str | None = None,
        member: str | None = None,
        recorded_as_of: datetime | None = None,
    ) -> AlignmentReport:
        when = instant(as_of) if "T" in as_of else date.fromisoformat(as_of)
        return alignment_report.build_report(
            database,
            project(story, when, recorded_as_of=recorded_as_of),
            ReportScope(
                team=story.id(team, "team") if team else None,
                member=story.id(member) if member else None,
                explain=True,
            ),
        )

    return report


def promise_outcome(story: Story, name: str = "outcome", **terms: Any) -> Story:
    """A team outcome of core, promised by its lead to mia; it serves the purpose."""
    return promise_goal(story, name, owner="lea", sponsor="mia", kind="outcome", **{"supports": [CORE], **terms})


def worked_example() -> Story:
    """Docs: the outcome of core, two tasks for it, one of them measured; a task for nothing."""
    story = promise_outcome(adopt_dated_purpose(Story()))
    measure = MeasureInput(kind="number", baseline=10, target=50)
    promise_goal(story, "measured", owner="ana", supports=["outcome"], measure=measure)
    promise_goal(story, "told", owner="ben", supports=["outcome"])
    promise_goal(story, "loose", owner="ben")
    story.says("ana", RecordValue(value="20"), on="measured", at="2026-03-09")
    story.says("ben", CheckIn(note="Half", progress=0.5), on="told", at="2026-03-09")
    return story


def find_figure(report: AlignmentReport, name: str, **keys: object) -> Figure:
    [figure] = [f for f in report.figures if f.name == name and all(getattr(f, k) == v for k, v in keys.items())]
    return figure


def name_nodes(story: Story, nodes: list[GoalNode]) -> list[Any]:
    """A tree by the references of its goals."""
    called = {story.id(name, "goal"): name for name in _NAMES}
    return [(called[node.goal], name_nodes(story, node.goals)) if node.goals else called[node.goal] for node in nodes]


_NAMES = ("outcome", "measured", "told", "loose", "goal", "parent", "other", "part", "second")


def test_the_worked_example(ask: RunReport) -> None:
    story = worked_example()

    report = ask(story, team="core")

    [purpose] = report.tree
    assert (story.id("core", "charter"), story.id("core", "team"), 1, "Nobody waits in the dark") == (
        purpose.charter,
        purpose.team,
        purpose.version,
        purpose.text,
    )
    assert [("outcome", ["measured", "told"])] == name_nodes(story, purpose.goals)
    [top] = purpose.goals
    assert (0.375, 2) == (top.progress, top.contributors)  # (10/40 + 0.5) / 2
    assert [0.25, 0.5] == [node.progress for node in top.goals]
    progress = find_figure(report, "purpose_progress")
    assert (0.375, 1, purpose.charter) == (progress.value, progress.n, progress.charter)
    untied = find_figure(report, "untied_share")
    assert (1, 3, 0.333333) == (untied.count, untied.n, untied.value)
    # Two tasks are tied by their links, and the outcome that they lead to has one of its own.
    goals = {story.id(name, "goal") for name in ("measured", "told", "loose", "outcome")}
    assert goals == list_named_goals(story.events, untied)
    assert [story.id("loose", "goal")] == [loose.goal for loose in report.untied] == [g.goal for g in report.unlinked]
    alone = find_figure(report, "single_contributor_share")
    assert (0, 1) == (alone.count, alone.n)
    assert 2 == find_figure(report, "contributors", goal=story.id("outcome", "goal")).value
    assert not report.more


def test_what_a_goal_tells_itself_goes_before_what_supports_it(ask: RunReport) -> None:
    story = worked_example()
    story.says("lea", CheckIn(note="As I see it", progress=0.1), on="outcome", at="2026-03-10")

    assert 0.1 == find_figure(ask(story), "purpose_progress").value


def test_the_value_goes_before_what_was_said_and_follows_a_new_target(ask: RunReport) -> None:
    story = worked_example()
    story.says("ana", CheckIn(note="Nearly there", progress=0.9), on="measured", at="2026-03-10")
    measure = MeasureInput(kind="number", baseline=10, target=30)
    change_goal(story, "measured", at="2026-03-11T09:00", measure=measure)

    [[before], [after]] = [ask(story, day).tree for day in ("2026-03-10", "2026-03-12")]

    assert [0.25, 0.5] == [tree.goals[0].goals[0].progress for tree in (before, after)]


def test_a_kept_goal_counts_whole_and_a_cancelled_one_not_at_all(ask: RunReport) -> None:
    story = worked_example()
    story.says("ben", DeclareComplete(), on="told", at="2026-03-12")
    story.says("sam", DeclareSatisfied(), on="told", at="2026-03-13")
    story.says("sam", Cancel(reason=why()), on="measured", at="2026-03-14")

    [tree] = ask(story).tree

    assert [("outcome", ["told"])] == name_nodes(story, tree.goals)
    assert (1.0, 1) == (tree.goals[0].progress, tree.goals[0].contributors)


def test_what_was_kept_for_an_earlier_purpose_is_no_progress_of_the_current_one(ask: RunReport) -> None:
    story = promise_goal(adopt_dated_purpose(Story()), supports=[CORE])
    promise_goal(story, "other", owner="ben", supports=[CORE])
    story.says("ana", DeclareComplete(), at="2026-03-04")
    story.says("sam", DeclareSatisfied(), at="2026-03-05")
    adopt_dated_purpose(story, "2026-03-10", text="Nobody waits")

    before, after = ask(story, "2026-03-09"), ask(story, "2026-03-12")

    assert [(2, 0.5), (1, 0.0)] == [
        (figure.n, figure.value)
        for figure in (find_figure(before, "purpose_progress"), find_figure(after, "purpose_progress"))
    ]
    [node] = after.tree[0].goals
    assert (story.id("other", "goal"), instant("2026-03-10"), False) == (
        node.goal,
        node.unaffirmed_since,
        node.overdue,
    )
    story.says("ben", AffirmLink(supports=[CORE]), on="other", at="2026-03-13")
    assert None is ask(story, "2026-03-14").tree[0].goals[0].unaffirmed_since


def test_goals_that_support_each_other_come_to_an_end(ask: RunReport) -> None:
    story = promise_goal(adopt_dated_purpose(Story()), "parent", owner="ben", sponsor="sam", supports=[CORE])
    promise_goal(story, supports=["parent"])
    change_goal(story, "parent", at="2026-03-03T09:00", supports=[CORE, SupportInput(goal="goal")])

    report = ask(story)

    assert [("parent", [("goal", ["parent"])])] == name_nodes(story, report.tree[0].goals)
    assert report.tree[0].goals[0].goals[0].goals[0].again
    assert 0.0 == find_figure(report, "purpose_progress").value


def test_a_task_is_tied_through_another_task_and_by_an_outcome_of_another_team(ask: RunReport) -> None:
    story = promise_outcome(adopt_dated_purpose(Story()))
    promise_goal(story, "part", owner="ana", supports=["outcome"])
    story.says("stella", team.Create(name="Edge", lead="mia", ref="edge"), on="edge", roles=STEWARD)
    story.says("stella", member.Join(team="edge"), on="ben", roles=STEWARD)
    promise_goal(story, "told", owner="ben", supports=["part"])

    report = ask(story, member="ben")

    assert [] == report.untied
    assert [("outcome", [("part", ["told"])])] == name_nodes(story, report.tree[0].goals)
    assert (0, 1) == (find_figure(report, "untied_share").count, find_figure(report, "untied_share").n)


def test_an_outcome_with_one_contributor_hangs_on_one_person(ask: RunReport) -> None:
    story = promise_outcome(worked_example(), "second")
    promise_goal(story, "goal", owner="ana", supports=["second"])
    promise_goal(story, "part", owner="ana", supports=["second"])

    report = ask(story, team="core")

    figure = find_figure(report, "single_contributor_share")
    assert (1, 2, 0.5) == (figure.count, figure.n, figure.value)
    links = {story.last_event(name).event_id for name in ("goal", "part")}
    assert links < set(figure.events or ())
    assert {story.id(name, "goal") for name in ("outcome", "second")} <= list_named_goals(story.events, figure)


def test_without_a_purpose_there_is_no_tree(ask: RunReport) -> None:
    report = ask(promise_goal(Story()), team="core")

    figure = find_figure(report, "purpose_progress")
    assert ([], None, "no_charter") == (report.tree, figure.value, figure.status)
    assert [] == report.unlinked  # there is nothing that it could lead to


def test_a_tree_has_its_limits_and_says_so(ask: RunReport, monkeypatch: pytest.MonkeyPatch) -> None:
    story = worked_example()
    monkeypatch.setattr("projections.alignment.tree.MAX_NODES", 2)

    report = ask(story)

    assert report.more
    assert [("outcome", ["measured"])] == name_nodes(story, report.tree[0].goals)


def test_the_answer_of_a_day_stays_as_it_was(ask: RunReport) -> None:
    story = worked_example()
    before = msgspec.json.encode(ask(story, "2026-03-20", recorded_as_of=instant("2026-03-20")))

    story.says("ben", CheckIn(note="More", progress=0.8), on="told", at="2026-03-25")
    adopt_dated_purpose(story, "2026-03-28", text="Nobody waits")
    story.says("ana", CheckIn(note="told late", progress=0.7), on="measured", at="2026-03-15", learnt="2026-03-29")

    assert before == msgspec.json.encode(ask(story, "2026-03-20", recorded_as_of=instant("2026-03-20")))
