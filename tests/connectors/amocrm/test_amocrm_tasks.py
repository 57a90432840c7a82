"""Tasks that there are, and notices to the staff, against the running sandbox."""

from datetime import UTC, datetime, timedelta

import pytest

from provodka.crm import (
    CardKind,
    CardRef,
    NewLead,
    NewTask,
    NoticeForm,
    Presence,
    StaffNotice,
    TaskChange,
    TaskCompletion,
)
from provodka.errors import Ambiguous, Rejected
from provodka.event import Event
from provodka.operation import Done, Request
from provodka.payloads import CrmHint, EventType, Person

DUE = datetime(2030, 1, 5, 12, tzinfo=UTC)
LATER = DUE + timedelta(days=1)


@pytest.fixture
def lead(crm, ask):
    [done] = crm.create_leads(ask(NewLead("Сайт", "Кровля", "Новый лид"), prefix="made"))
    return CardRef(CardKind.LEAD, done.remote_id)


def lead_task(lead, text="Позвонить", **more):
    return NewTask(text, DUE, lead_id=lead.id, type="Звонок", responsible="anna@krovlya.ru", **more)


def completed_events(crm, task):
    now = datetime.now(UTC)
    hint = CrmHint((f"task:{task}",))
    events, _ = crm.derive(hint, Event("0", EventType.CRM_HINT, "crm", "1", now, now, Person(), hint))
    return [event.type.value for event in events]


@pytest.mark.parametrize("filters", [True, False])
def test_open_tasks_of_cards_are_read_the_next_due_first(crm, desk, lead, ask, filters):
    desk.control("settings", {"api_filter": filters})
    contact = CardRef(CardKind.CONTACT, desk.contact("Мария", "+79160001122"))
    empty = CardRef(CardKind.COMPANY, "77")
    late, soon, done, other = crm.create_tasks(
        ask(
            NewTask("Позже", LATER, lead_id=lead.id),
            lead_task(lead),
            lead_task(lead, "Сделано"),
            NewTask("Контакту", DUE, contact_id=contact.id),
        )
    )
    crm.complete_tasks(ask(TaskCompletion(done.remote_id)))
    found = crm.open_tasks([lead, contact, empty])
    assert [task.id for task in found[lead]] == [soon.remote_id, late.remote_id]
    assert [task.id for task in found[contact]] == [other.remote_id]
    assert found[empty] == []
    first = found[lead][0]
    assert (first.text, first.due, first.type, first.responsible) == ("Позвонить", DUE, "Звонок", "anna@krovlya.ru")
    assert (first.card, first.completed, first.result) == (lead, False, "")
    assert crm.task_types() == ("Связаться", "Встреча", "Звонок")


def test_a_task_is_moved_given_to_another_and_renamed(crm, lead, ask):
    [made] = crm.create_tasks(ask(lead_task(lead)))
    change = TaskChange(made.remote_id, LATER, "ivan@krovlya.ru", "Перезвонить", "Встреча")
    assert crm.change_tasks(ask(change, TaskChange(made.remote_id))) == [Done(made.remote_id), Done(made.remote_id)]
    [task] = crm.open_tasks([lead])[lead]
    assert (task.due, task.responsible, task.text, task.type) == (LATER, "ivan@krovlya.ru", "Перезвонить", "Встреча")


def test_bad_changes_of_tasks_are_told_one_by_one(crm, lead, ask):
    [made] = crm.create_tasks(ask(lead_task(lead)))
    good, gone, kind, user = crm.change_tasks(
        ask(
            TaskChange(made.remote_id, LATER),
            TaskChange("999", LATER),
            TaskChange(made.remote_id, type="Звонк"),
            TaskChange(made.remote_id, responsible="old@krovlya.ru"),
        )
    )
    assert good == Done(made.remote_id)
    assert all(isinstance(one, Rejected) for one in (gone, kind, user))
    assert "удалили" in gone.hint
    assert "«Звонок»" in kind.hint
    assert "отключён" in user.hint


def test_a_task_is_completed_with_its_result_once(crm, desk, lead, ask):
    [made] = crm.create_tasks(ask(lead_task(lead)))
    done, gone = crm.complete_tasks(ask(TaskCompletion(made.remote_id, "Договорились"), TaskCompletion("999")))
    assert done == Done(made.remote_id)
    assert isinstance(gone, Rejected)
    assert "удалили" in gone.hint
    assert crm.complete_tasks(ask(TaskCompletion(made.remote_id, "Другое"))) == [Done(made.remote_id)]
    task = desk.api("GET", f"/tasks/{made.remote_id}")
    assert (task["is_completed"], task["result"]) == (True, {"text": "Договорились"})
    assert desk.calls("PATCH /api/v4/tasks") == 1


def test_what_we_complete_ourselves_is_no_news_and_what_people_complete_is(crm, desk, lead, ask):
    ours, theirs = crm.create_tasks(ask(lead_task(lead), lead_task(lead, "Замер")))
    crm.complete_tasks(ask(TaskCompletion(ours.remote_id)))
    desk.api("PATCH", f"/tasks/{theirs.remote_id}", {"is_completed": True, "result": {"text": "ок"}})
    assert completed_events(crm, ours.remote_id) == []
    assert completed_events(crm, theirs.remote_id) == ["task.completed"]


def test_a_completion_that_was_refused_leaves_the_task_to_people(crm, desk, lead, ask):
    [made] = crm.create_tasks(ask(lead_task(lead)))
    desk.fault("/tasks", status=422, method="PATCH")
    [outcome] = crm.complete_tasks(ask(TaskCompletion(made.remote_id)))
    assert isinstance(outcome, Rejected)
    desk.api("PATCH", f"/tasks/{made.remote_id}", {"is_completed": True})
    assert completed_events(crm, made.remote_id) == ["task.completed"]


def test_a_notice_becomes_a_task_or_a_note_as_said(crm, desk, lead, ask):
    task, note, old, nowhere = crm.notify_staff(
        ask(
            StaffNotice("ivan@krovlya.ru", "Клиент ждёт", lead, DUE),
            StaffNotice("ivan@krovlya.ru", "Клиент оплатил", lead, DUE, NoticeForm.NOTE),
            StaffNotice("old@krovlya.ru", "Клиент ждёт", lead, DUE),
            StaffNotice("ivan@krovlya.ru", "Клиент ждёт", CardRef(CardKind.COMPANY, "5"), DUE),
        )
    )
    [made] = crm.open_tasks([lead])[lead]
    assert (made.id, made.text, made.responsible, made.due) == (task.remote_id, "Клиент ждёт", "ivan@krovlya.ru", DUE)
    shown = desk.api("GET", f"/leads/{lead.id}/notes")["_embedded"]["notes"]
    assert [(str(one["id"]), one["params"]["text"]) for one in shown] == [
        (note.remote_id, "Иван Петров: Клиент оплатил")
    ]
    assert isinstance(old, Rejected)
    assert "отключён" in old.hint
    assert isinstance(nowhere, Rejected)
    assert nowhere.hint


@pytest.mark.parametrize(("form", "path"), [(NoticeForm.TASK, "/tasks"), (NoticeForm.NOTE, "/leads/notes")])
def test_a_notice_whose_answer_was_lost_is_not_given_twice(crm, desk, lead, ask, form, path):
    requests = ask(StaffNotice("ivan@krovlya.ru", "Клиент ждёт", lead, DUE, form))
    desk.fault(path, "cut_after")
    assert isinstance(crm.notify_staff(requests)[0], Ambiguous)
    since = datetime.now(UTC) - timedelta(seconds=30)
    [again] = crm.notify_staff([Request(one.key, one.params, since) for one in requests])
    assert again.found
    assert desk.stats()["objects"]["tasks" if form is NoticeForm.TASK else "notes"] == 1


def test_a_notice_to_somebody_dismissed_meanwhile_is_still_found(crm, desk, lead, ask):
    requests = ask(StaffNotice("ivan@krovlya.ru", "Клиент оплатил", lead, DUE, NoticeForm.NOTE))
    desk.fault("/leads/notes", "cut_after")
    assert isinstance(crm.notify_staff(requests)[0], Ambiguous)
    desk.api("POST", "/users/deactivate", [{"id": 7000002}])
    crm._room.directory.refresh(0)
    since = datetime.now(UTC) - timedelta(seconds=30)
    [again] = crm.notify_staff([Request(one.key, one.params, since) for one in requests])
    assert again.found


def test_who_is_switched_off_is_told_and_presence_is_unknown(crm):
    assert {user.login: user.active for user in crm.users()}["old@krovlya.ru"] is False
    assert crm.presence(["anna@krovlya.ru"]) == {"anna@krovlya.ru": Presence.UNKNOWN}
