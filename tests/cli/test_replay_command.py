"""An event evaluated again with today's rules: what is new is made, what exists is not made twice."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from cli.replay import replay
from provodka.errors import Retryable
from provodka.event import Event
from provodka.journal import (
    ActionState,
    DeadReason,
    EventState,
    Journal,
    NewAction,
    PlanRecord,
    StoredAction,
    StoredEvent,
    queries,
)
from provodka.payloads import CrmHint, EventType, Person
from rules.plan import PlanTrace, dump_trace
from tests.cli.playing import NAME, House, Seen, action, timer

Rules = Callable[[Event], tuple[NewAction, ...]]


@pytest.fixture
def today(house: House) -> Callable[[Rules], Callable[[StoredEvent], PlanRecord]]:
    """An evaluation by rules that make these actions."""

    def make(rules: Rules) -> Callable[[StoredEvent], PlanRecord]:
        def evaluate(stored: StoredEvent) -> PlanRecord:
            trace = dump_trace(PlanTrace(house.clock())).decode()
            return PlanRecord(stored.seq, stored.lane or stored.seq, "event", trace, rules(stored.event))

        return evaluate

    return make


def actions_of(journal: Journal, event: Event) -> list[StoredAction]:
    stored = journal.read(lambda c: queries.event_by_id(c, event.id))
    assert stored is not None
    return journal.read(lambda c: queries.actions_of(c, [stored.seq])).get(stored.seq, [])


def state_of(journal: Journal, event: Event) -> EventState:
    stored = journal.read(lambda c: queries.event_by_id(c, event.id))
    assert stored is not None
    return stored.state


def with_a_note(event: Event) -> tuple[NewAction, ...]:
    """The intake as it was, no task, and a note."""
    intake = action(event, 0, "intake", {"title": f"Сайт: {NAME}", "pipeline": "Кровля", "tags": ["новый"]})
    return intake, action(event, 2, "note", {"text": "добавлено"})


def test_only_what_is_new_is_made_and_the_difference_is_shown(
    journal: Journal, house: House, seen: Seen, today: Callable[..., object]
) -> None:
    event = house.planned()
    before = actions_of(journal, event)
    assert replay(journal, [event.id], seen.view(), evaluate=today(with_a_note)) == 0
    seen.has(
        "~ intake",
        "exists already with other parameters; it is not made again",
        "(action 1, ready)",
        'tags was ["сайт"], would be ["новый"]',
    )
    seen.has("+ note", "new: ", "добавлено")
    seen.has("- task", "today's rules would not make it; it stays as it is", "(action 2, waiting)")
    seen.has("1 event replayed, 1 new action")
    assert [(a.kind, a.params) for a in actions_of(journal, event)][:2] == [(a.kind, a.params) for a in before]
    assert [a.kind for a in actions_of(journal, event)] == ["intake", "task", "note"]
    seen.is_masked()


def test_the_plan_is_kept_with_its_cause(
    journal: Journal, house: House, seen: Seen, today: Callable[..., object]
) -> None:
    event = house.planned()
    assert replay(journal, [event.id], seen.view(), evaluate=today(with_a_note)) == 0
    stored = journal.read(lambda c: queries.event_by_id(c, event.id))
    assert stored is not None
    story = journal.read(lambda c: queries.story(c, stored))
    assert [plan.cause for plan in story.plans] == ["event", "replay"]


def test_a_second_replay_makes_nothing(
    journal: Journal, house: House, seen: Seen, today: Callable[..., object]
) -> None:
    event = house.planned()
    replay(journal, [event.id], Seen().view(), evaluate=today(with_a_note))
    assert replay(journal, [event.id], seen.view(), evaluate=today(with_a_note)) == 0
    seen.has("= note", "exists already and is not made again", "0 new actions")
    assert len(actions_of(journal, event)) == 3


def test_a_dry_run_shows_the_same_and_writes_nothing(
    journal: Journal, house: House, seen: Seen, today: Callable[..., object]
) -> None:
    event = house.planned()
    code = replay(journal, [event.id], seen.view(as_json=True), evaluate=today(with_a_note), dry_run=True)
    assert code == 0
    document = seen.json
    assert document["dry_run"] is True
    (told,) = document["events"]
    assert [(d["what"], d["kind"], d["id"]) for d in told["differences"]] == [
        ("differs", "intake", 1),
        ("new", "note", None),
        ("gone", "task", 2),
    ]
    assert len(actions_of(journal, event)) == 2
    seen.is_masked()


def renamed(event: Event) -> tuple[NewAction, ...]:
    """The stage is called otherwise now, and so is the task."""
    intake, task = (
        action(event, 0, "intake", {"title": "Сайт", "stage": "Новый"}),
        action(event, 1, "task", {"text": "!"}),
    )
    return intake, dataclasses.replace(task, needs=intake.key)


@pytest.mark.parametrize("reason", [DeadReason.REJECTED, DeadReason.EXHAUSTED])
def test_what_had_surely_done_nothing_goes_out_again_as_the_mended_rule_says(
    journal: Journal, house: House, seen: Seen, today: Callable[..., object], reason: DeadReason
) -> None:
    event = house.planned()
    house.dead(reason)
    before = actions_of(journal, event)
    assert replay(journal, [event.id], seen.view(), evaluate=today(renamed), dry_run=True) == 0
    seen.has("↻ intake", "had done nothing; it goes out again with today's parameters", "(action 1, dead)")
    assert actions_of(journal, event) == before, "a dry run does nothing"
    assert replay(journal, [event.id], seen.view(), evaluate=today(renamed)) == 0
    seen.has("1 event replayed, 0 new actions, 2 actions sent again with today's parameters")
    (intake, task) = actions_of(journal, event)
    assert (intake.key, intake.state, json.loads(intake.params)["stage"]) == (before[0].key, ActionState.READY, "Новый")
    assert (intake.reason, intake.error, intake.request) == (None, "", None)
    assert (task.state, json.loads(task.params)) == (ActionState.WAITING, {"text": "!"}), "it still needs the lead"
    house.done(lead_id="17")
    house.done(remote_id="5")
    assert [one.state for one in actions_of(journal, event)] == [ActionState.DONE] * 2
    replay(journal, [event.id], seen.view(), evaluate=today(with_a_note))
    assert [one.state for one in actions_of(journal, event)][:2] == [ActionState.DONE] * 2, "what is done stays"


@pytest.mark.parametrize("ending", ["unknown", "doubted", "done"])
def test_what_may_have_been_done_never_takes_other_parameters(
    journal: Journal, house: House, seen: Seen, today: Callable[..., object], ending: str
) -> None:
    event = house.planned()
    if ending == "unknown":
        house.dead(DeadReason.OUTCOME_UNKNOWN, unsure_since=house.clock())
    elif ending == "doubted":  # a later "surely refused" says nothing of the earlier try
        house.dead(DeadReason.REJECTED, unsure_since=house.clock())
    else:
        house.done(lead_id="17")
    before = actions_of(journal, event)[0]
    assert replay(journal, [event.id], seen.view(), evaluate=today(renamed)) == 0
    seen.has("~ intake", "it is not made again")
    assert actions_of(journal, event)[0] == before


def test_what_a_rule_made_after_its_wait_is_not_called_gone(
    journal: Journal, house: House, seen: Seen, today: Callable[..., object]
) -> None:
    event = house.event()
    due = house.clock() + timedelta(minutes=1)
    waits = timer(event, "Заявка с сайта", due)
    house.plan(event, actions=(waits, *house.usual(event)))
    assert replay(journal, [event.id], seen.view(), evaluate=today(lambda _: (waits,)), dry_run=True) == 0
    seen.has("= wait")
    assert "- intake" not in seen.text


def test_failed_events_are_replayed_and_count_as_planned(
    journal: Journal, house: House, seen: Seen, today: Callable[..., object]
) -> None:
    fine, event = house.planned("2"), house.event("1")
    (stored,) = journal.claim_events(1)
    journal.fail_event(stored.seq, "RuleError")
    assert replay(journal, [], seen.view(), evaluate=today(house.usual), failed=True) == 0
    seen.has(event.id, "1 event replayed, 2 new actions")
    assert fine.id not in seen.text
    assert state_of(journal, event) is EventState.PLANNED
    assert [a.kind for a in actions_of(journal, event)] == ["intake", "task"]


def test_an_event_that_fails_again_is_named_and_the_others_go_on(
    journal: Journal, house: House, seen: Seen, today: Callable[..., object]
) -> None:
    bad, good = house.planned("1"), house.planned("2")

    def evaluate(stored: StoredEvent) -> PlanRecord:
        if stored.event.id == bad.id:
            raise Retryable("CRM не отвечает")
        record: PlanRecord = today(with_a_note)(stored)
        return record

    assert replay(journal, [bad.id, good.id], seen.view(), evaluate=evaluate) == 1
    assert f"event {bad.id} is not replayed: what the rules ask could not be read: CRM не отвечает" in seen.error
    assert len(actions_of(journal, good)) == 3


def test_an_event_that_still_lies_in_the_inbox_is_left_to_the_worker(
    journal: Journal, house: House, seen: Seen, today: Callable[..., object]
) -> None:
    event = house.event()
    assert replay(journal, [event.id], seen.view(), evaluate=today(with_a_note)) == 1
    assert "it is not planned yet and will be" in seen.error
    assert state_of(journal, event) is EventState.RECEIVED


def test_a_hint_that_failed_goes_back_to_the_inbox_to_be_followed_again(
    journal: Journal, house: House, seen: Seen, today: Callable[..., object]
) -> None:
    hint = house.event(type=EventType.CRM_HINT, payload=CrmHint(("lead:17",)), person=Person())
    (stored,) = journal.claim_events(1)
    journal.fail_event(stored.seq, "no CRM")
    assert replay(journal, [], seen.view(as_json=True), evaluate=today(with_a_note), failed=True) == 0
    assert [one["outcome"] for one in seen.json["events"]] == ["back_in_inbox"]
    assert state_of(journal, hint) is EventState.RECEIVED
    assert [s.event.id for s in journal.claim_events(1)] == [hint.id]


def test_unknown_events_end_with_1_and_no_choice_with_2(
    journal: Journal, seen: Seen, today: Callable[..., object]
) -> None:
    evaluate = today(with_a_note)
    assert replay(journal, ["0123456789ab"], seen.view(), evaluate=evaluate) == 1
    assert "no such event" in seen.error
    assert replay(journal, [], seen.view(), evaluate=evaluate) == 2
    assert replay(journal, ["0123456789ab"], seen.view(), evaluate=evaluate, failed=True) == 2


def test_the_given_record_is_not_trusted_to_name_its_cause(
    journal: Journal, house: House, seen: Seen, today: Callable[..., object]
) -> None:
    event = house.planned()
    record = dataclasses.replace(today(with_a_note)(_stored(journal, event)), cause="timer")
    assert replay(journal, [event.id], seen.view(), evaluate=lambda _: record) == 0
    story = journal.read(lambda c: queries.story(c, _stored(journal, event)))
    assert story.plans[-1].cause == "replay"


def _stored(journal: Journal, event: Event) -> StoredEvent:
    stored = journal.read(lambda c: queries.event_by_id(c, event.id))
    assert stored is not None
    return stored
