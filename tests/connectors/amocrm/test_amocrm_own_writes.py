"""What we change ourselves is no news, whether its echo comes behind our answer or before it."""

from datetime import UTC, datetime

import pytest

from provodka.crm import (
    CardKind,
    CardLink,
    CardRef,
    CompanyChange,
    ContactChange,
    LeadClosing,
    NewCompany,
    NewContact,
    NewTask,
    TaskChange,
    TaskCompletion,
    TaskReopening,
)
from provodka.errors import Rejected
from provodka.payloads import Person
from tests.connectors.follower import Follower, told

MARIA = "+79160001122"
DUE = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def follower(crm, store):
    assert crm.fill()
    return Follower(crm, store)


@pytest.fixture(params=["late", "early"])
def echoes(request, crm, follower, monkeypatch):
    """What is told of our writes, by echoes that come when all is done or right behind each write."""
    early, write = [], crm._room.client.write

    def overtaken(*args, **more):
        reply = write(*args, **more)
        early.extend(follower.reconcile())
        return reply

    if request.param == "early":
        monkeypatch.setattr(crm._room.client, "write", overtaken)
    return lambda: [*told(early), *told(follower.reconcile())]


def test_changes_of_a_contact_are_no_news(crm, desk, follower, ask, echoes):
    desk.add("/contacts/custom_fields", {"name": "Город", "type": "text"})
    contact = desk.contact("Мария", MARIA)
    follower.hint(f"contact:{contact}")
    change = ContactChange(contact, "Мария Ивановна", "ivan@krovlya.ru", ("vip",), fields={"Город": "Тверь"})
    crm.update_contacts(ask(change))
    assert echoes() == []
    assert follower.hint(f"contact:{contact}") == []


def test_changes_of_a_contact_that_is_still_to_be_told_of_leave_its_telling(crm, desk, follower, ask):
    contact = desk.contact("Мария", MARIA)
    crm.update_contacts(ask(ContactChange(contact, "Мария Ивановна")))
    assert told(follower.hint(f"contact:{contact}")) == [("contact.created", "", "")]


def test_what_somebody_changed_beside_ours_is_told_alone(crm, desk, follower, ask):
    contact = desk.contact("Мария", MARIA)
    follower.hint(f"contact:{contact}")
    desk.api("PATCH", f"/contacts/{contact}", {"name": "Мария Ивановна"})
    crm.update_contacts(ask(ContactChange(contact, responsible="ivan@krovlya.ru")))
    assert told(follower.hint(f"contact:{contact}")) == [("contact.updated", "name", "Мария Ивановна")]


def test_a_field_that_somebody_changed_beside_ours_is_told_however_the_index_of_people_has_seen_it(
    crm, desk, follower, ask
):
    _, department = desk.add("/contacts/custom_fields", *({"name": n, "type": "text"} for n in ("Город", "Отдел")))
    contact = desk.contact("Мария", MARIA)
    follower.hint(f"contact:{contact}")
    theirs = {"field_id": int(department), "values": [{"value": "Закупки"}]}
    desk.api("PATCH", f"/contacts/{contact}", {"custom_fields_values": [theirs]})
    crm.find_people([Person("", (MARIA,))])
    crm.update_contacts(ask(ContactChange(contact, fields={"Город": "Тверь"})))
    assert told(follower.hint(f"contact:{contact}")) == [("contact.updated", "Отдел", "Закупки")]
    assert follower.hint(f"contact:{contact}") == []


@pytest.mark.parametrize("place", [{"name": "ИНН", "type": "text"}, {"name": "Юр. лицо", "type": "legal_entity"}])
def test_companies_that_we_make_and_change_are_no_news(crm, desk, follower, ask, echoes, place):
    desk.add("/companies/custom_fields", place)
    [made] = crm.create_companies(ask(NewCompany("ООО Ромашка", "7707083893", phones=(MARIA,), tags=("опт",))))
    change = CompanyChange(
        made.remote_id, "ООО Ромашка плюс", inn="7728168971", emails=("r@example.ru",), responsible="ivan@krovlya.ru"
    )
    crm.update_companies(ask(change, prefix="change"))
    assert echoes() == []
    assert follower.hint(f"company:{made.remote_id}") == []


def test_contacts_that_we_make_are_no_news(crm, follower, ask, echoes):
    [made] = crm.create_contacts(ask(NewContact("Мария", (MARIA,), ("m@example.ru",))))
    assert echoes() == []
    assert follower.hint(f"contact:{made.remote_id}") == []


def test_tasks_that_we_move_and_complete_are_no_news(crm, desk, follower, ask, echoes):
    [lead] = desk.add("/leads", {"name": "Крыша", "pipeline_id": 5000001, "status_id": 50000002})
    body = {"text": "Позвонить", "complete_till": int(DUE.timestamp()), "entity_type": "leads", "entity_id": int(lead)}
    [theirs] = desk.add("/tasks", body)
    follower.reconcile()
    [ours] = crm.create_tasks(ask(NewTask("Замер", DUE, lead_id=lead)))
    tasks = (theirs, ours.remote_id)
    crm.change_tasks(ask(*(TaskChange(one, text="Перезвонить") for one in tasks), prefix="move"))
    crm.complete_tasks(ask(*(TaskCompletion(one, "Дозвонились") for one in tasks), prefix="done"))
    assert echoes() == []
    assert follower.hint(*(f"task:{one}" for one in tasks)) == []
    crm.reopen_tasks(ask(*(TaskReopening(one) for one in tasks), prefix="again"))
    assert echoes() == []
    assert follower.hint(*(f"task:{one}" for one in tasks)) == []


def test_writes_of_every_kind_to_what_was_deleted_are_refused_without_a_call(crm, desk, follower, ask):
    [lead] = desk.add("/leads", {"name": "Крыша", "pipeline_id": 5000001, "status_id": 50000002})
    contact = desk.contact("Мария", MARIA)
    follower.hint(f"lead:{lead}", f"contact:{contact}")
    desk.control("delete", {"entity": "leads", "id": int(lead)})
    follower.hint(f"lead:{lead}")
    before = desk.calls("POST /api/v4/leads/link") + desk.calls("PATCH /api/v4/leads")
    link = CardLink(CardRef(CardKind.CONTACT, contact), CardRef(CardKind.LEAD, lead))
    outcomes = [*crm.link_cards(ask(link)), *crm.close_leads(ask(LeadClosing(lead, won=True)))]
    assert all(isinstance(one, Rejected) and "удалили или объединили" in one.hint for one in outcomes)
    assert desk.calls("POST /api/v4/leads/link") + desk.calls("PATCH /api/v4/leads") == before


def test_the_task_that_proves_the_connection_is_no_news_the_first_time_and_ever_after(crm, follower, echoes):
    signs = [crm.setup().probe("https://hooks.krovlya.ru/"), crm.setup().probe("https://hooks.krovlya.ru/")]
    assert signs[0] == signs[1]
    assert echoes() == []
    assert follower.hint(*signs) == []
