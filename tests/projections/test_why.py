"""Why it is so: value, accepted change, proposal, promise, and what upstream led to it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.errors import InvalidField, NotFound
from domain.goal import acts
from domain.reasons import Reason, ReasonCode
from domain.terms import TermsInput
from projections.database.database import Database
from projections.history.history import FIELDS
from projections.lineage.why import Why, explain_field
from projections.sight import EVERYTHING
from tests.projections.conftest import ProjectStory
from tests.spec import offer, request
from tests.spec import why as because
from tests.story import Story


@pytest.fixture
def story() -> Story:
    """A parent that moved, and a goal that moved because of it, after an earlier move of its own."""
    story = Story(begins="2026-03-02")
    story.says("lea", offer("lea", due=date(2026, 5, 29)), on="parent", at="2026-03-02T09:00")
    story.says("sam", acts.Accept(), on="parent", at="2026-03-02T10:00")
    story.says("ana", offer(supports=["parent"], due=date(2026, 4, 30)), at="2026-03-02T11:00")
    story.says("sam", acts.Accept(), at="2026-03-02T12:00")
    move_due_date(story, "2026-03-10", date(2026, 5, 8), "capacity", "Two are away")
    move_due_date(
        story, "2026-03-16", date(2026, 6, 30), "new_information", "The client waits", goal="parent", by="lea"
    )
    move_due_date(story, "2026-03-20", date(2026, 6, 12), "dependency_slipped", "The parent moved", trigger="parent")
    return story


def move_due_date(story: Story, at: str, due: date, code: str, text: str, **how: Any) -> None:
    goal, by = how.get("goal", "goal"), how.get("by", "ana")
    change = acts.ProposeChange(
        changes=acts.Changes(due=due),
        reason=Reason(code=ReasonCode(code), text=text),
        trigger=how.get("trigger", "other"),
        trade_offs=[acts.TradeOffInput(kind="defer", goal="goal", for_="parent")] if goal == "goal" else [],
    )
    story.says(by, change, on=goal, at=f"{at}T09:00")
    story.says("sam", acts.AcceptChange(), on=goal, at=f"{at}T10:00")


def ask_why(database: Database, project: ProjectStory, story: Story, field: str, **as_of: Any) -> Why:
    return explain_field(database, project(story, **as_of), story.id("goal", "goal"), field, sight=EVERYTHING)


def test_a_due_date_leads_back_through_each_consent_to_the_promise(
    database: Database, project: ProjectStory, story: Story
) -> None:
    answer = ask_why(database, project, story, "due")

    assert "2026-06-12" == answer.value
    assert [
        ("change", "2026-05-08", "2026-06-12", "Sam"),
        ("change", "2026-04-30", "2026-05-08", "Sam"),
        ("promise", None, "2026-04-30", "Sam"),
    ] == [(link.kind, link.before, link.after, link.by and link.by.name) for link in answer.chain]
    said = answer.chain[0].said
    assert said is not None
    assert ("Ana", "dependency_slipped", "The parent moved", "parent", True, False) == (
        said.by and said.by.name,
        said.reason and said.reason.code,
        said.reason and said.reason.text,
        said.trigger,
        said.in_time,
        said.retroactive,
    )
    assert ["defer"] == [trade_off.kind for trade_off in said.trade_offs]
    assert story.last_event().event_id == answer.chain[0].event_id


def test_upstream_names_the_parent_whose_change_led_to_this_one(
    database: Database, project: ProjectStory, story: Story
) -> None:
    (upstream,) = ask_why(database, project, story, "due").upstream

    assert (True, "trigger", story.id("parent", "goal"), story.last_event("parent").event_id) == (
        upstream.caused,
        upstream.because,
        upstream.goal,
        upstream.changed_by,
    )


def test_a_parent_that_moved_later_led_to_nothing(database: Database, project: ProjectStory, story: Story) -> None:
    before_it_moved = ask_why(database, project, story, "due", as_of=date(2026, 3, 12))
    meanwhile = ask_why(database, project, story, "due", as_of=date(2026, 3, 17))

    assert [(False, None), (False, story.last_event("parent").event_id)] == [
        (answer.upstream[0].caused, answer.upstream[0].changed_by) for answer in (before_it_moved, meanwhile)
    ]


def test_what_the_parent_did_afterwards_is_not_what_led_to_it(
    database: Database, project: ProjectStory, story: Story
) -> None:
    led_to_it = story.last_event("parent").event_id
    move_due_date(story, "2026-03-25", date(2026, 8, 31), "new_information", "Once more", goal="parent", by="lea")

    (upstream,) = ask_why(database, project, story, "due").upstream

    assert (True, led_to_it) == (upstream.caused, upstream.changed_by)


def test_the_answer_is_that_of_its_time(database: Database, project: ProjectStory, story: Story) -> None:
    answer = ask_why(database, project, story, "due", as_of=date(2026, 3, 11))

    assert "2026-05-08" == answer.value
    assert ["change", "promise"] == [link.kind for link in answer.chain]


def test_a_field_that_never_changed_leads_to_the_promise_alone(
    database: Database, project: ProjectStory, story: Story
) -> None:
    (link,) = ask_why(database, project, story, "conditions").chain

    assert ("promise", [{"id": "c1", "text": "It is published"}]) == (link.kind, link.after)
    assert link.said is not None
    assert "goal.offered.v1" == link.said.type


def test_a_counter_is_what_the_promise_answered(database: Database, project: ProjectStory) -> None:
    story = Story(begins="2026-03-02")
    story.says("sam", request(due=date(2026, 3, 27)))
    story.says("ana", acts.Counter(terms=TermsInput(due=date(2026, 4, 24)), reason=because("capacity")))
    story.says("sam", acts.Accept())

    (link,) = ask_why(database, project, story, "due").chain

    assert ("promise", "2026-04-24") == (link.kind, link.after)
    assert link.said is not None
    assert ("goal.countered.v1", "Ana") == (link.said.type, link.said.by and link.said.by.name)


def test_before_a_promise_the_chain_is_what_was_asked_for(database: Database, project: ProjectStory) -> None:
    story = Story(begins="2026-03-02")
    story.says("sam", request(due=date(2026, 3, 27)))
    story.says("ana", acts.Counter(terms=TermsInput(due=date(2026, 4, 24)), reason=because("capacity")))

    answer = ask_why(database, project, story, "due")

    assert [("asked", "2026-04-24"), ("asked", "2026-03-27")] == [(link.kind, link.after) for link in answer.chain]


def test_a_rejected_proposal_is_no_part_of_the_chain(database: Database, project: ProjectStory, story: Story) -> None:
    change = acts.ProposeChange(changes=acts.Changes(due=date(2026, 9, 1)), reason=because())
    story.says("ana", change, at="2026-03-24")
    story.says("sam", acts.RejectChange(reason=because()))

    assert "2026-06-12" == ask_why(database, project, story, "due").chain[0].after


def test_a_self_set_goal_says_that_one_person_consented_in_both_roles(
    database: Database, project: ProjectStory
) -> None:
    story = Story(begins="2026-03-02")
    story.says("ana", offer(sponsor="ana", due=date(2026, 4, 30)))
    story.says("ana", acts.ProposeChange(changes=acts.Changes(due=date(2026, 5, 8)), reason=because()), at="2026-03-10")

    change, promise = ask_why(database, project, story, "due").chain

    assert ("change", True, "promise") == (change.kind, change.self_accepted, promise.kind)


def test_a_title_or_state_leads_to_the_acts_that_set_it(
    database: Database, project: ProjectStory, story: Story
) -> None:
    story.says("ana", acts.Retitle(title="Better"), at="2026-03-24")

    assert ["act", "promise"] == [link.kind for link in ask_why(database, project, story, "title").chain]
    assert "active" == ask_why(database, project, story, "state").chain[0].after


def test_a_value_that_was_never_given_has_no_chain(database: Database, project: ProjectStory, story: Story) -> None:
    answer = ask_why(database, project, story, "effort_hours")

    assert (None, []) == (answer.value, answer.chain)


def test_every_field_has_an_answer(database: Database, project: ProjectStory, story: Story) -> None:
    view = project(story)

    for field in FIELDS:
        answer = explain_field(database, view, story.id("goal", "goal"), field, sight=EVERYTHING)
        assert (answer.chain[0].after if answer.chain else None) == answer.value


def test_an_unknown_field_is_refused_with_those_that_one_can_ask_for(
    database: Database, project: ProjectStory, story: Story
) -> None:
    with pytest.raises(InvalidField) as refusal:
        ask_why(database, project, story, "colour")

    assert "due" in refusal.value.allowed
    with pytest.raises(NotFound):
        explain_field(database, project(story), story.id("nowhere", "goal"), "due", sight=EVERYTHING)


def test_a_promised_value_is_explained_by_the_counter_that_brought_it(
    database: Database, project: ProjectStory
) -> None:
    # given a request, the owner's counter about the effort, the sponsor's about the due date
    story = Story(begins="2026-03-02")
    story.says("sam", request("ana", due=date(2026, 4, 30)), at="2026-03-02T09:00")
    effort = acts.Counter(
        terms=TermsInput(effort_hours=12), reason=Reason(code=ReasonCode.ESTIMATE_WRONG, text="It is half a week")
    )
    story.says("ana", effort, at="2026-03-03T09:00")
    earlier = acts.Counter(
        terms=TermsInput(due=date(2026, 4, 24)), reason=Reason(code=ReasonCode.NEW_NEED, text="Fair")
    )
    story.says("sam", earlier, at="2026-03-04T09:00")
    story.says("ana", acts.Promise(), at="2026-03-05T09:00")

    # when
    told = {field: ask_why(database, project, story, field).chain for field in ("effort_hours", "due", "outcome")}

    # then
    assert {"effort_hours": [("promise", "Ana", "goal.countered.v1", "It is half a week")]} | {
        "due": [("promise", "Sam", "goal.countered.v1", "Fair")],
        "outcome": [("promise", "Sam", "goal.requested.v1", because().text)],
    } == {
        field: [
            (link.kind, link.said.by and link.said.by.name, link.said.type, link.said.reason and link.said.reason.text)
            for link in chain
            if link.said is not None
        ]
        for field, chain in told.items()
    }


def test_what_set_off_a_proposal_set_off_the_counter_to_it(
    database: Database, project: ProjectStory, story: Story
) -> None:
    # given a change because of the parent, answered with another day, and that accepted
    change = acts.ProposeChange(
        changes=acts.Changes(due=date(2026, 7, 10)), reason=because("dependency_slipped"), trigger="parent"
    )
    story.says("ana", change, at="2026-03-24T09:00")
    counter = acts.CounterChange(changes=acts.Changes(due=date(2026, 7, 3)), reason=because("new_need"))
    story.says("sam", counter, at="2026-03-25T09:00")
    story.says("ana", acts.AcceptChange(), at="2026-03-26T09:00")

    # when
    answer = ask_why(database, project, story, "due")

    # then
    said = answer.chain[0].said
    assert said is not None
    assert ("2026-07-03", "goal.change_countered.v1", "parent") == (answer.value, said.type, said.trigger)
    assert [(True, "trigger")] == [(up.caused, up.because) for up in answer.upstream]


def test_a_hand_over_names_the_new_owner_who_agreed_to_it(
    database: Database, project: ProjectStory, story: Story
) -> None:
    hand_over = acts.ProposeChange(changes=acts.Changes(owner="lea"), reason=because("capacity"))
    story.says("ana", hand_over, at="2026-03-24T09:00")
    story.says("lea", acts.Join(), at="2026-03-25T09:00")
    story.says("sam", acts.AcceptChange(), at="2026-03-26T09:00")

    chain = ask_why(database, project, story, "owner").chain

    assert [("change", ["Lea"]), ("promise", [])] == [(link.kind, [p.name for p in link.joined]) for link in chain]
