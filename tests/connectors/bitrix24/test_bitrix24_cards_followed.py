"""Contacts, companies and tasks of a portal are followed as leads are: news once, echoes never."""

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


def task_of(desk, lead, **fields):
    body = {"TITLE": "Позвонить", "RESPONSIBLE_ID": 5, "UF_CRM_TASK": [f"L_{lead}"], **fields}
    return str(desk.rest("tasks.task.add", fields=body)["task"]["id"])


@pytest.mark.parametrize("poll", [True, False])
def test_a_contact_that_somebody_made_and_changed_is_told_with_old_and_new(desk, follower, poll):
    contact = desk.contact("Мария", MARIA)
    look = follower.reconcile if poll else lambda: follower.hint(f"contact:{contact}")
    [event] = look()
    assert (event.type, event.external_id) == (EventType.CONTACT_CREATED, f"contact-{contact}:created")
    assert event.person == Person("Мария", (MARIA,))
    desk.rest("crm.contact.update", id=contact, fields={"NAME": "Мария Ивановна", "ASSIGNED_BY_ID": 6})
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
    desk.rest("crm.contact.update", id=contact, fields={"NAME": "Мария Ивановна"})
    assert crm.find_people([Person(phones=(MARIA,))])[0].contact.name == "Мария Ивановна"
    assert told(follower.reconcile()) == [("contact.updated", "name", "Мария Ивановна")]
    assert follower.hint(f"contact:{contact}") == []


@pytest.mark.parametrize("poll", [True, False])
def test_a_company_is_followed_too(desk, follower, poll):
    company = str(desk.rest("crm.company.add", fields={"TITLE": "Ромашка"}))
    look = follower.reconcile if poll else lambda: follower.hint(f"company:{company}")
    [event] = look()
    assert (event.type, event.payload.company.name) == (EventType.COMPANY_CREATED, "Ромашка")
    desk.rest("crm.company.update", id=company, fields={"TITLE": "Ромашка Плюс"})
    assert told(look()) == [("company.updated", "name", "Ромашка Плюс")]
    assert look() == []


def test_an_event_of_a_company_tells_its_taxpayers_number(desk, follower):
    company = str(desk.rest("crm.company.add", fields={"TITLE": "Ромашка"}))
    of = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": company, "PRESET_ID": 1, "NAME": "Ромашка"}
    desk.rest("crm.requisite.add", fields={**of, "RQ_INN": "7707083893", "RQ_KPP": "770701001"})
    [event] = follower.hint(f"company:{company}")
    assert (event.payload.company.inn, event.payload.company.kpp) == ("7707083893", "770701001")
    assert event.payload.change.by == CHIEF


@pytest.mark.parametrize("poll", [True, False])
def test_a_task_of_a_person_is_created_and_completed_once(desk, follower, poll):
    lead = desk.lead()
    follower.hint(f"lead:{lead}")
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    task = task_of(desk, lead, DEADLINE=due.isoformat(), TAGS=["Звонок"])
    look = follower.reconcile if poll else lambda: follower.hint(f"task:{task}")
    [event] = [event for event in look() if event.type is not EventType.LEAD_UPDATED]
    assert (event.type, event.payload.lead.id, event.payload.text) == (EventType.TASK_CREATED, lead, "Позвонить")
    assert (event.payload.task.due, event.payload.task.type) == (due, "Звонок")
    assert event.payload.task.responsible == "anna@krovlya.ru"
    desk.rest("tasks.task.complete", taskId=task)
    [event] = look()
    assert event.type is EventType.TASK_COMPLETED
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


def test_echoes_that_overtake_our_answers_make_no_event(crm, follower, ask, monkeypatch):
    early, batch = [], crm._room.client.batch

    def overtaken(commands, **more):
        answer = batch(commands, **more)
        if more.get("write"):
            early.extend(follower.reconcile())
        return answer

    monkeypatch.setattr(crm._room.client, "batch", overtaken)
    due = datetime(2030, 1, 1, tzinfo=UTC)
    [lead] = crm.create_leads(ask(NewLead("Сайт", contact=NewContact("Мария", (MARIA,)))))
    crm.create_tasks(ask(NewTask("Позвонить", due, lead_id=lead.remote_id)))
    crm.add_to_contacts(ask(ContactAddition(lead.values["contact_id"], emails=("m@example.ru",))))
    assert told(early) == [("lead.created", "", "")]
    assert follower.reconcile() == []


def test_a_task_is_overdue_once_for_each_due_time(crm, desk, follower, ask):
    soon = int(time.time()) + 60
    lead = desk.lead()
    deadline = datetime.fromtimestamp(soon, UTC)
    task = task_of(desk, lead, DEADLINE=deadline.isoformat())
    [ours] = crm.create_tasks(ask(NewTask("Наша", deadline, lead_id=lead)))
    follower.reconcile()
    overdue = [e for e in follower.reconcile(deadline + timedelta(seconds=2)) if e.type is EventType.TASK_OVERDUE]
    assert {event.payload.task.id for event in overdue} == {task, ours.remote_id}
    assert follower.reconcile(deadline + timedelta(hours=3)) == []
    desk.rest("tasks.task.update", taskId=task, fields={"DEADLINE": (deadline + timedelta(seconds=1)).isoformat()})
    [event] = follower.reconcile(deadline + timedelta(hours=4))
    assert (event.type, event.payload.task.id) == (EventType.TASK_OVERDUE, task)


def test_many_cards_of_a_kind_are_read_by_one_request(crm, desk, follower):
    contacts = [desk.contact(f"Гость {n}", f"+791600002{n:02}") for n in range(60)]
    crm.users()
    crm._room.directory.labels("contact")
    before = desk.requests()
    assert len(follower.hint(*(f"contact:{one}" for one in contacts))) == 60
    assert desk.requests() == before + 1


def test_writes_to_a_deleted_card_are_refused_in_clear_words_and_without_a_call(crm, desk, follower, ask):
    lead = desk.lead()
    follower.hint(f"lead:{lead}")
    desk.rest("crm.lead.delete", id=lead)
    assert follower.hint(f"lead:{lead}") == []
    before = desk.requests()
    due = datetime(2030, 1, 1, tzinfo=UTC)
    outcomes = [
        *crm.update_leads(ask(LeadChange(lead, stage="В работе"))),
        *crm.create_tasks(ask(NewTask("Позвонить", due, lead_id=lead))),
        *crm.add_notes(ask(NewNote("Привет", lead_id=lead))),
    ]
    assert all(isinstance(one, Rejected) and "удалили или объединили" in one.hint for one in outcomes)
    assert desk.requests() == before


def test_a_deal_that_was_written_to_while_it_was_compared_is_looked_at_again(deals, desk, store):
    follower = Follower(deals, store)
    assert deals.fill()
    deal = desk.lead(2)
    assert told(follower.hint(f"mirrored-lead:{deal}")) == [("lead.created", "", "")]


def test_a_deletion_that_no_event_told_is_found_once_a_day(crm, desk, store, follower):
    contact = desk.contact("Мария", MARIA)
    follower.hint(f"contact:{contact}")
    desk.rest("crm.contact.delete", id=contact)
    assert follower.reconcile() == []
    assert store.snapshots("crm", "contact", [contact]), "it is not looked for before a day is over"
    store.cursors["crm:swept"] = str(int(time.time()) - 90_000)
    assert follower.reconcile() == []
    assert store.snapshots("crm", "contact", [contact]) == {}
    assert crm.find_people([Person(phones=(MARIA,))]) == [None]


def test_the_cards_that_a_won_lead_becomes_make_no_event(crm, desk, follower, ask):
    lead = desk.lead(name="Мария", companyTitle="Ромашка")
    follower.reconcile()
    [done] = crm.update_leads(ask(LeadChange(lead, stage="Качественный лид")))
    assert done.remote_id == lead
    assert follower.reconcile() == []


@pytest.mark.parametrize("early", [True, False])
def test_changes_of_ours_to_any_kind_of_card_make_no_event(crm, desk, follower, ask, monkeypatch, early):
    told_early, batch = [], crm._room.client.batch

    def overtaken(commands, **more):
        answer = batch(commands, **more)
        if more.get("write"):
            told_early.extend(follower.reconcile())
        return answer

    contact, lead = desk.contact("Мария", MARIA), desk.lead()
    task, other = task_of(desk, lead), task_of(desk, lead, TITLE="Уточнить")
    follower.reconcile()
    if early:
        monkeypatch.setattr(crm._room.client, "batch", overtaken)
    [company] = crm.create_companies(ask(NewCompany("Ромашка", phones=("+74950001122",))))
    outcomes = [
        company,
        *crm.update_contacts(ask(ContactChange(contact, name="Мария Ивановна", responsible="ivan@krovlya.ru"))),
        *crm.update_companies(ask(CompanyChange(company.remote_id, name="Ромашка Плюс", emails=("r@example.ru",)))),
        *crm.change_tasks(ask(TaskChange(other, text="Уточнить адрес", due=datetime(2030, 1, 1, tzinfo=UTC)))),
        *crm.complete_tasks(ask(TaskCompletion(task, result="Дозвонились"))),
    ]
    assert all(isinstance(one, Done) for one in outcomes)
    assert told_early == []
    entities = (f"contact:{contact}", f"company:{company.remote_id}", f"task:{task}", f"task:{other}")
    assert follower.hint(*entities) == []
    assert follower.reconcile() == []
    desk.rest("crm.contact.update", id=contact, fields={"NAME": "Анна"})
    assert told(follower.hint(*entities)) == [("contact.updated", "name", "Анна")]
