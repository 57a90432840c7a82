"""A card that an import has made is told of as such, so that no rule for single leads is started by thousands."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from provodka.cards import Change, ContactEvent, ContactRef, LeadEvent, LeadRef, TaskEvent, TaskRef
from provodka.event import Event, new_event_id
from provodka.journal import Finished, Journal, NewAction, PlanRecord, StoredAction, imports, queries
from provodka.journal.imports import ImportJob, ImportState
from provodka.journal.records import ActionState
from provodka.payloads import EventType, Person, RowAdded

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
JOB = "01a22a2ccf35cded"
ANNA = Person("Анна", ("+79160000001",))
IVAN = Person("Иван", ("+79160000002",))
CARDS: dict[EventType, Any] = {
    EventType.LEAD_CREATED: LeadEvent(LeadRef("17", contacts=("4",))),
    EventType.CONTACT_CREATED: ContactEvent(ContactRef("4")),
    EventType.TASK_CREATED: TaskEvent(LeadRef("17"), task=TaskRef("30")),
}


def event(kind: EventType, person: Person, payload: Any, id_: str = "", channel: str = "amocrm") -> Event:
    made = id_ or new_event_id(NOW)
    return Event(made, kind, channel, made, NOW, NOW, person, payload)


def taken(journal: Journal, row: Event, kind: str, result: dict[str, str] | None) -> StoredAction:
    """The row, with an action that is done, or still running where it has no result."""
    journal.accept([row])
    [claimed] = journal.claim_events(10)
    action = NewAction(f"{row.id}:{kind}", "Импорт", kind, "{}")
    journal.write_plans([PlanRecord(claimed.seq, claimed.lane or 0, "event", "{}", (action,))])
    [running] = journal.claim_actions(10)
    if result is not None:
        told = json.dumps(result)
        journal.finish([Finished(running.id, running.attempt, "done", ActionState.DONE, "[]", result=told)])
    return running


def told(journal: Journal, *found: Event) -> dict[EventType, bool]:
    """What the journal keeps of cards that appeared: whether an import has made them."""
    journal.accept_derived(found, {}, {})
    lines = journal.read(lambda c: queries.list_events(c, limit=100))
    payloads = {line.event.event.type: line.event.event.payload for line in lines}
    return {one.type: payloads[one.type].change.imported for one in found}


@pytest.fixture
def imported(journal: Journal) -> Journal:
    """A journal that knows of one import."""
    job = ImportJob(JOB, "list", "База.csv", "", "{}", 1, ImportState.RUNNING, NOW)
    journal.write(lambda c: imports.add(c, job))
    return journal


def row(person: Person = ANNA) -> Event:
    return event(EventType.TABLE_ROW_ADDED, person, RowAdded(imported=True), imports.event_id(JOB, 2), "list")


@pytest.mark.parametrize(
    ("kind", "maker", "result"),
    [
        (EventType.LEAD_CREATED, "intake", {"lead_id": "17", "contact_id": "4", "created": "yes"}),
        (EventType.LEAD_CREATED, "create", {"lead_id": "17", "created": "yes"}),
        (EventType.CONTACT_CREATED, "intake", {"lead_id": "17", "contact_id": "4", "created": "yes"}),
        (EventType.TASK_CREATED, "task", {"remote_id": "30"}),
        (EventType.LEAD_CREATED, "intake", None),  # the CRM tells of it before its answer is here
    ],
)
def test_a_card_that_an_import_has_made_is_told_of_as_imported(
    imported: Journal, kind: EventType, maker: str, result: dict[str, str] | None
) -> None:
    taken(imported, row(), maker, result)
    assert told(imported, event(kind, ANNA, CARDS[kind])) == {kind: True}


@pytest.mark.parametrize("state", [ActionState.READY, ActionState.DEAD])
def test_a_card_that_an_import_may_have_made_in_an_attempt_that_broke_off_is_told_of_as_imported(
    imported: Journal, state: ActionState
) -> None:
    """The process died, or the line broke, between the request and its answer; the CRM tells before we ask again."""
    running = taken(imported, row(), "intake", None)
    doubt = Finished(running.id, running.attempt, "ambiguous", state, "[]", unsure_since=NOW)
    imported.finish([doubt])
    lead = event(EventType.LEAD_CREATED, ANNA, CARDS[EventType.LEAD_CREATED])
    assert told(imported, lead) == {EventType.LEAD_CREATED: True}


def test_a_card_is_not_of_an_import_whose_action_never_went_out(imported: Journal) -> None:
    running = taken(imported, row(), "intake", None)
    imported.finish([Finished(running.id, running.attempt, "retryable", ActionState.READY, "[]")])
    lead = event(EventType.LEAD_CREATED, ANNA, CARDS[EventType.LEAD_CREATED])
    assert told(imported, lead) == {EventType.LEAD_CREATED: False}


def test_another_lead_of_the_same_person_and_a_lead_of_another_person_are_not(imported: Journal) -> None:
    taken(imported, row(), "intake", {"lead_id": "17", "contact_id": "4", "created": "yes"})
    by_hand = event(EventType.LEAD_CREATED, ANNA, LeadEvent(LeadRef("18", contacts=("4",))))
    assert told(imported, by_hand) == {EventType.LEAD_CREATED: False}
    stranger = event(EventType.CONTACT_CREATED, IVAN, ContactEvent(ContactRef("5")))
    assert told(imported, stranger) == {EventType.CONTACT_CREATED: False}


def test_what_is_changed_later_in_an_imported_lead_is_told_of_as_usual(imported: Journal) -> None:
    taken(imported, row(), "intake", {"lead_id": "17", "contact_id": "4", "created": "yes"})
    moved = LeadEvent(LeadRef("17", contacts=("4",)), Change("stage", "Новый", "Думает"))
    assert told(imported, event(EventType.LEAD_STAGE_CHANGED, ANNA, moved)) == {EventType.LEAD_STAGE_CHANGED: False}


def test_a_lead_that_a_live_row_of_a_table_has_made_is_not_imported(imported: Journal) -> None:
    live = replace(row(), id=new_event_id(NOW), payload=RowAdded())
    taken(imported, live, "intake", {"lead_id": "17", "contact_id": "4", "created": "yes"})
    assert told(imported, event(EventType.LEAD_CREATED, ANNA, CARDS[EventType.LEAD_CREATED])) == {
        EventType.LEAD_CREATED: False
    }
