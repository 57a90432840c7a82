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
    early, batch = [], crm._room.client.batch

    def overtaken(commands, **more):
        answer = batch(commands, **more)
        if more.get("write"):
            early.extend(follower.reconcile())
        return answer

    if request.param == "early":
        monkeypatch.setattr(crm._room.client, "batch", overtaken)
    return lambda: [*told(early), *told(follower.reconcile())]


def test_changes_of_a_contact_are_no_news(crm, desk, follower, ask, echoes):
    contact = desk.contact("Мария", MARIA)
    follower.hint(f"contact:{contact}")
    crm.update_contacts(ask(ContactChange(contact, "Мария Ивановна", "ivan@krovlya.ru", ("vip",))))
    assert echoes() == []
    assert follower.hint(f"contact:{contact}") == []


def test_changes_of_a_contact_that_is_still_to_be_told_of_leave_its_telling(crm, desk, follower, ask):
    contact = desk.contact("Мария", MARIA)
    crm.update_contacts(ask(ContactChange(contact, "Мария Ивановна")))
    assert told(follower.hint(f"contact:{contact}")) == [("contact.created", "", "")]


def test_what_somebody_changed_beside_ours_is_told_alone(crm, desk, follower, ask):
    contact = desk.contact("Мария", MARIA)
    follower.hint(f"contact:{contact}")
    desk.rest("crm.contact.update", id=contact, fields={"NAME": "Марина"})
    crm.update_contacts(ask(ContactChange(contact, responsible="ivan@krovlya.ru")))
    assert told(follower.hint(f"contact:{contact}")) == [("contact.updated", "name", "Марина")]


def test_companies_that_we_make_and_change_are_no_news(crm, follower, ask, echoes):
    [made] = crm.create_companies(ask(NewCompany("ООО Ромашка", "7707083893", phones=(MARIA,), tags=("опт",))))
    change = CompanyChange(made.remote_id, "ООО Ромашка плюс", emails=("r@example.ru",), responsible="ivan@krovlya.ru")
    crm.update_companies(ask(change, prefix="change"))
    assert echoes() == []
    assert follower.hint(f"company:{made.remote_id}") == []


def test_contacts_that_we_make_are_no_news(crm, follower, ask, echoes):
    [made] = crm.create_contacts(ask(NewContact("Мария", (MARIA,), ("m@example.ru",))))
    assert echoes() == []
    assert follower.hint(f"contact:{made.remote_id}") == []


def test_tasks_that_we_move_and_complete_are_no_news(crm, desk, follower, ask, echoes):
    lead = desk.lead()
    body = {"TITLE": "Позвонить", "RESPONSIBLE_ID": 5, "UF_CRM_TASK": [f"L_{lead}"], "DEADLINE": DUE.isoformat()}
    theirs = str(desk.rest("tasks.task.add", fields=body)["task"]["id"])
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


def test_what_people_complete_is_told_with_its_result_also_by_a_poll(crm, desk, follower, ask):
    lead = desk.lead()
    [made] = crm.create_tasks(ask(NewTask("Замер", DUE, lead_id=lead)))
    follower.reconcile()
    comment = desk.rest(
        "task.commentitem.add", taskId=made.remote_id, fields={"POST_MESSAGE": "Замер сделан", "AUTHOR_ID": 5}
    )
    desk.rest("tasks.task.result.addFromComment", commentId=comment)
    desk.rest("tasks.task.complete", taskId=made.remote_id)
    [event] = follower.reconcile()
    assert (event.type.value, event.payload.result) == ("task.completed", "Замер сделан")


def test_writes_of_every_kind_to_what_was_deleted_are_refused_without_a_call(crm, desk, follower, ask):
    lead, contact = desk.lead(), desk.contact("Мария", MARIA)
    follower.hint(f"lead:{lead}", f"contact:{contact}")
    desk.rest("crm.lead.delete", id=lead)
    follower.hint(f"lead:{lead}")
    before = desk.requests()
    link = CardLink(CardRef(CardKind.CONTACT, contact), CardRef(CardKind.LEAD, lead))
    outcomes = [*crm.link_cards(ask(link)), *crm.close_leads(ask(LeadClosing(lead, won=True)))]
    assert all(isinstance(one, Rejected) and "удалили или объединили" in one.hint for one in outcomes)
    assert desk.requests() == before


def test_the_task_that_proves_the_connection_is_no_news(crm, follower):
    sign = crm.setup().probe("https://hooks.krovlya.ru/")
    assert follower.hint(sign) == follower.reconcile() == []
    crm.setup().end_probe("https://hooks.krovlya.ru/", sign)
    assert follower.hint(sign) == []
