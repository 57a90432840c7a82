"""Contacts, companies and tasks are followed as leads are: news once, echoes never, overdue by the clock."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from provodka.crm import (
    CompanyChange,
    ContactAddition,
    ContactChange,
    LeadChange,
    NewCompany,
    NewContact,
    NewLead,
    NewNote,
    NewTask,
    TaskChange,
    TaskCompletion,
)
from provodka.errors import Rejected
from provodka.operation import Done
from provodka.payloads import Change, EventType, Person
from tests.connectors.follower import Follower, told

MARIA = "+79160001122"
CHIEF = "rop@krovlya.ru"  # ours is their entry


@pytest.fixture
def follower(crm, store):
    assert crm.fill()
    return Follower(crm, store)


@pytest.mark.parametrize("poll", [True, False])
def test_a_contact_that_somebody_made_and_changed_is_told_with_old_and_new(desk, follower, poll):
    contact = desk.contact("Мария", MARIA)
    look = follower.reconcile if poll else lambda: follower.hint(f"contact:{contact}")
    [event] = look()
    assert (event.type, event.external_id) == (EventType.CONTACT_CREATED, f"contact-{contact}:created")
    assert event.person == Person("Мария", (MARIA,))
    assert (event.payload.contact.name, event.payload.contact.phones) == ("Мария", (MARIA,))
    desk.api("PATCH", f"/contacts/{contact}", {"name": "Мария Ивановна", "responsible_user_id": 7000002})
    events = look()
    assert {event.type for event in events} == {EventType.CONTACT_UPDATED}
    assert [event.payload.change for event in events] == [
        Change("name", "Мария", "Мария Ивановна", CHIEF),
        Change("responsible", CHIEF, "ivan@krovlya.ru", CHIEF),
    ]
    assert look() == []


def test_what_the_index_of_people_has_read_before_is_told_all_the_same(crm, desk, follower):
    contact = desk.contact("Мария", MARIA)
    assert crm.find_people([Person(phones=(MARIA,))])[0].contact.id == contact
    assert told(follower.hint(f"contact:{contact}")) == [("contact.created", "", "")]
    desk.api("PATCH", f"/contacts/{contact}", {"name": "Мария Ивановна"})
    assert crm.find_people([Person(phones=(MARIA,))])[0].contact.name == "Мария Ивановна"
    assert told(follower.reconcile()) == [("contact.updated", "name", "Мария Ивановна")]
    assert follower.hint(f"contact:{contact}") == []


def test_contacts_and_tasks_of_before_are_no_news(crm, desk, store):
    contact = desk.add("/contacts", {"name": "Старый", "created_at": 1_700_000_000})[0]
    [task] = desk.add("/tasks", {"text": "Старая", "complete_till": 1_700_000_100, "created_at": 1_700_000_000})
    follower = Follower(crm, store)
    assert crm.fill()
    assert follower.hint(f"contact:{contact}", f"task:{task}") == []
    assert follower.reconcile() == []


def test_a_field_of_a_contact_is_told_by_its_name(desk, follower):
    [field] = desk.add("/contacts/custom_fields", {"name": "Город", "type": "text"})
    contact = desk.contact("Мария", MARIA)
    follower.hint(f"contact:{contact}")
    value = {"field_id": int(field), "values": [{"value": "Тверь"}]}
    desk.api("PATCH", f"/contacts/{contact}", {"custom_fields_values": [value]})
    [event] = follower.hint(f"contact:{contact}")
    assert event.payload.change == Change("Город", "", "Тверь", CHIEF, custom=True)
    assert event.payload.contact.fields == {"Город": "Тверь"}


@pytest.mark.parametrize("poll", [True, False])
def test_a_company_is_followed_too(desk, follower, poll):
    [company] = desk.add("/companies", {"name": "Ромашка"})
    look = follower.reconcile if poll else lambda: follower.hint(f"company:{company}")
    [event] = look()
    assert (event.type, event.payload.company.name) == (EventType.COMPANY_CREATED, "Ромашка")
    desk.api("PATCH", f"/companies/{company}", {"name": "Ромашка Плюс"})
    assert told(look()) == [("company.updated", "name", "Ромашка Плюс")]
    assert look() == []


def test_an_event_of_a_company_tells_its_taxpayers_number(desk, follower):
    [field] = desk.add("/companies/custom_fields", {"name": "ИНН", "type": "text"})
    values = [{"field_id": int(field), "values": [{"value": "7707083893"}]}]
    [company] = desk.add("/companies", {"name": "Ромашка", "custom_fields_values": values})
    [event] = follower.hint(f"company:{company}")
    assert (event.payload.company.inn, event.payload.company.kpp, event.payload.change.by) == ("7707083893", "", CHIEF)


@pytest.mark.parametrize("poll", [True, False])
def test_a_task_of_a_person_is_created_and_completed_once(desk, follower, poll):
    [lead] = desk.add("/leads", {"name": "Крыша", "pipeline_id": 5000001, "status_id": 50000002})
    follower.hint(f"lead:{lead}")
    body = {"text": "Позвонить", "complete_till": int(time.time()) + 3600, "entity_type": "leads"}
    [task] = desk.add("/tasks", {**body, "entity_id": int(lead)})
    look = follower.reconcile if poll else lambda: follower.hint(f"task:{task}")
    [event] = look()
    assert (event.type, event.payload.lead.id, event.payload.text) == (EventType.TASK_CREATED, lead, "Позвонить")
    assert event.payload.task.due == datetime.fromtimestamp(body["complete_till"], UTC)
    desk.api("PATCH", f"/tasks/{task}", {"is_completed": True, "result": {"text": "Дозвонились"}})
    [event] = look()
    assert (event.type, event.payload.result) == (EventType.TASK_COMPLETED, "Дозвонились")
    assert look() == []


def test_what_we_make_and_change_ourselves_makes_no_event(crm, follower, ask):
    due = datetime(2030, 1, 1, tzinfo=UTC)
    [lead] = crm.create_leads(ask(NewLead("Сайт", contact=NewContact("Мария", (MARIA,)))))
    contact = lead.values["contact_id"]
    [task] = crm.create_tasks(ask(NewTask("Позвонить", due, lead_id=lead.remote_id)))
    crm.add_to_contacts(ask(ContactAddition(contact, emails=("m@example.ru",))))
    entities = (f"contact:{contact}", f"task:{task.remote_id}")
    assert told(follower.hint(f"lead:{lead.remote_id}", *entities)) == [("lead.created", "", "")]
    assert follower.hint(*entities) == []
    assert follower.reconcile() == []


def test_echoes_that_overtake_our_answers_make_no_event(crm, desk, follower, ask, monkeypatch):
    early, write = [], crm._room.client.write

    def overtaken(*args, **more):
        reply = write(*args, **more)
        early.extend(follower.reconcile())
        return reply

    monkeypatch.setattr(crm._room.client, "write", overtaken)
    due = datetime(2030, 1, 1, tzinfo=UTC)
    [lead] = crm.create_leads(ask(NewLead("Сайт", contact=NewContact("Мария", (MARIA,)))))
    crm.create_tasks(ask(NewTask("Позвонить", due, lead_id=lead.remote_id)))
    crm.add_to_contacts(ask(ContactAddition(lead.values["contact_id"], emails=("m@example.ru",))))
    assert told(early) == [("lead.created", "", "")]
    assert follower.reconcile() == []


def test_somebody_elses_change_beside_ours_is_told(crm, desk, follower, ask):
    contact = desk.contact("Мария", MARIA)
    follower.hint(f"contact:{contact}")
    desk.api("PATCH", f"/contacts/{contact}", {"name": "Мария Ивановна"})
    crm.add_to_contacts(ask(ContactAddition(contact, emails=("m@example.ru",))))
    assert told(follower.hint(f"contact:{contact}")) == [("contact.updated", "name", "Мария Ивановна")]


def test_a_task_is_overdue_once_for_each_due_time(desk, follower, crm, ask):
    soon = int(time.time()) + 60
    [lead] = desk.add("/leads", {"name": "Крыша", "pipeline_id": 5000001, "status_id": 50000002})
    [task] = desk.add(
        "/tasks", {"text": "Позвонить", "complete_till": soon, "entity_type": "leads", "entity_id": int(lead)}
    )
    [ours] = crm.create_tasks(ask(NewTask("Наша", datetime.fromtimestamp(soon, UTC), lead_id=lead)))
    follower.reconcile()
    at = datetime.fromtimestamp(soon, UTC) + timedelta(seconds=2)
    overdue = [event for event in follower.reconcile(at) if event.type is EventType.TASK_OVERDUE]
    assert {event.payload.task.id for event in overdue} == {task, ours.remote_id}
    assert {event.payload.lead.id for event in overdue} == {lead}
    assert follower.reconcile(at + timedelta(hours=3)) == []
    desk.api("PATCH", f"/tasks/{task}", {"complete_till": soon + 1})
    [event] = follower.reconcile(at + timedelta(hours=4))
    assert (event.type, event.payload.task.id) == (EventType.TASK_OVERDUE, task)


def test_a_task_that_was_completed_in_time_is_never_overdue(desk, follower):
    soon = int(time.time()) + 60
    [task] = desk.add("/tasks", {"text": "Позвонить", "complete_till": soon})
    follower.reconcile()
    desk.api("PATCH", f"/tasks/{task}", {"is_completed": True})
    at = datetime.fromtimestamp(soon, UTC) + timedelta(hours=1)
    assert [event.type for event in follower.reconcile(at)] == [EventType.TASK_COMPLETED]
    assert follower.reconcile(at + timedelta(hours=1)) == []


def test_many_cards_of_a_kind_are_read_by_one_call(desk, follower):
    contacts = [desk.contact(f"Гость {n}", f"+791600002{n:02}") for n in range(60)]
    before = desk.calls("GET /api/v4/contacts")
    assert len(follower.hint(*(f"contact:{one}" for one in contacts))) == 60
    assert desk.calls("GET /api/v4/contacts") == before + 1


def test_writes_to_a_deleted_card_are_refused_in_clear_words_and_without_a_call(crm, desk, follower, ask):
    [lead] = desk.add("/leads", {"name": "Крыша", "pipeline_id": 5000001, "status_id": 50000002})
    follower.hint(f"lead:{lead}")
    desk.control("delete", {"entity": "leads", "id": int(lead)})
    assert follower.hint(f"lead:{lead}") == []
    before = desk.stats()["calls"]
    due = datetime(2030, 1, 1, tzinfo=UTC)
    outcomes = [
        *crm.update_leads(ask(LeadChange(lead, stage="Переговоры"))),
        *crm.create_tasks(ask(NewTask("Позвонить", due, lead_id=lead))),
        *crm.add_notes(ask(NewNote("Привет", lead_id=lead))),
    ]
    assert all(isinstance(one, Rejected) and "удалили или объединили" in one.hint for one in outcomes)
    assert {k: n for k, n in desk.stats()["calls"].items() if "api" in k} == {
        k: n for k, n in before.items() if "api" in k
    }
    desk.control("delete", {"entity": "leads", "id": int(lead), "back": True})
    follower.hint(f"lead:{lead}")
    [done] = crm.update_leads(ask(LeadChange(lead, stage="Переговоры")))
    assert done.remote_id == lead


def test_a_deletion_that_no_webhook_told_is_found_in_the_feed(crm, desk, store, follower):
    contact = desk.contact("Мария", MARIA)
    follower.hint(f"contact:{contact}")
    desk.control("delete", {"entity": "contacts", "id": int(contact)})
    assert follower.reconcile() == []
    assert store.snapshots("crm", "contact", [contact]) == {}
    assert crm.find_people([Person(phones=(MARIA,))]) == [None]


def test_an_account_without_filters_tells_of_tasks_by_its_feed(crm, desk, follower):
    desk.control("settings", {"api_filter": False})
    crm._room.directory.refresh(0)
    [task] = desk.add("/tasks", {"text": "Позвонить", "complete_till": int(time.time()) + 3600})
    assert [event.type for event in follower.reconcile()] == [EventType.TASK_CREATED]
    desk.api("PATCH", f"/tasks/{task}", {"is_completed": True})
    assert [event.type for event in follower.reconcile()] == [EventType.TASK_COMPLETED]


@pytest.mark.parametrize("early", [True, False])
def test_changes_of_ours_to_any_kind_of_card_make_no_event(crm, desk, follower, ask, monkeypatch, early):
    told_early, write = [], crm._room.client.write

    def overtaken(*args, **more):
        reply = write(*args, **more)
        told_early.extend(follower.reconcile())
        return reply

    contact = desk.contact("Мария", MARIA)
    [task] = desk.add("/tasks", {"text": "Позвонить", "complete_till": int(time.time()) + 3600})
    [other] = desk.add("/tasks", {"text": "Уточнить", "complete_till": int(time.time()) + 3600})
    follower.reconcile()
    if early:
        monkeypatch.setattr(crm._room.client, "write", overtaken)
    [company] = crm.create_companies(ask(NewCompany("Ромашка", phones=("+74950001122",), tags=("опт",))))
    outcomes = [
        company,
        *crm.update_contacts(
            ask(ContactChange(contact, name="Мария Ивановна", responsible="ivan@krovlya.ru", add_tags=("VIP",)))
        ),
        *crm.update_companies(ask(CompanyChange(company.remote_id, name="Ромашка Плюс", emails=("r@example.ru",)))),
        *crm.change_tasks(ask(TaskChange(other, text="Уточнить адрес", due=datetime(2030, 1, 1, tzinfo=UTC)))),
        *crm.complete_tasks(ask(TaskCompletion(task, result="Дозвонились"))),
    ]
    assert all(isinstance(one, Done) for one in outcomes)
    assert told_early == []
    entities = (f"contact:{contact}", f"company:{company.remote_id}", f"task:{task}", f"task:{other}")
    assert follower.hint(*entities) == []
    assert follower.reconcile() == []
    desk.api("PATCH", f"/contacts/{contact}", {"name": "Мария"})
    assert told(follower.hint(*entities)) == [("contact.updated", "name", "Мария")]
