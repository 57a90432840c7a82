"""Tasks of the running portal that are open: read, moved, given to another, completed."""

from datetime import UTC, datetime, timedelta

import pytest

from provodka.crm import CardKind, CardRef, NewTask, TaskChange, TaskCompletion
from provodka.errors import Rejected
from provodka.operation import Done
from tests.connectors.follower import Follower

DUE = datetime(2096, 12, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def lead(desk):
    return desk.lead()


@pytest.fixture
def task(crm, ask, lead):
    [done] = crm.create_tasks(ask(NewTask("Позвонить", DUE, lead, type="Звонок", responsible="ivan@krovlya.ru")))
    return done.remote_id


def card(lead, kind=CardKind.LEAD):
    return CardRef(kind, lead)


def test_the_open_tasks_of_cards_are_read_the_next_due_first(crm, desk, ask, lead, task):
    contact = desk.contact("Мария", "+79160001122")
    sooner, done, other = (
        one.remote_id
        for one in crm.create_tasks(
            ask(
                NewTask("Замер\nвзять рулетку", DUE - timedelta(hours=1), lead),
                NewTask("Сделано", DUE, lead),
                NewTask("Уточнить", DUE, contact_id=contact),
                prefix="more",
            )
        )
    )
    desk.rest("tasks.task.complete", taskId=done)
    found = crm.open_tasks([card(lead), card(contact, CardKind.CONTACT), card("999"), card("не номер")])
    assert [one.id for one in found[card(lead)]] == [sooner, task]
    first, second = found[card(lead)]
    assert (first.text, first.due, first.card) == ("Замер\nвзять рулетку", DUE - timedelta(hours=1), card(lead))
    assert (second.type, second.responsible, second.completed) == ("Звонок", "ivan@krovlya.ru", False)
    assert [one.id for one in found[card(contact, CardKind.CONTACT)]] == [other]
    assert found[card("999")] == found[card("не номер")] == []


def test_more_than_a_page_of_tasks_is_read(crm, desk, ask, lead):
    tasks = [NewTask(f"Дело {n}", DUE + timedelta(minutes=n), lead) for n in range(53)]
    crm.create_tasks(ask(*tasks))
    assert [one.text for one in crm.open_tasks([card(lead)])[card(lead)]] == [one.text for one in tasks]


def test_a_task_is_moved_given_to_another_and_called_otherwise(crm, desk, ask, lead, task):
    later = DUE + timedelta(days=2)
    change = TaskChange(task, due=later, responsible="anna@krovlya.ru", text="Перезвонить", type="Встреча")
    assert crm.change_tasks(ask(change)) == [Done(task)]
    [found] = crm.open_tasks([card(lead)])[card(lead)]
    assert (found.due, found.responsible, found.text, found.type) == (
        later,
        "anna@krovlya.ru",
        "Перезвонить",
        "Встреча",
    )
    before = desk.called("tasks.task.update")
    assert crm.change_tasks(ask(TaskChange(task))) == [Done(task)]
    assert desk.called("tasks.task.update") == before


def test_bad_changes_of_tasks_cost_the_good_one_nothing(crm, desk, ask, lead, task):
    gone, user, good = crm.change_tasks(
        ask(
            TaskChange("999", due=DUE),
            TaskChange(task, responsible="old@krovlya.ru"),
            TaskChange(task, text="Перезвонить"),
        )
    )
    assert isinstance(gone, Rejected)
    assert "отключён" in user.hint
    assert good == Done(task)


def test_a_task_is_completed_with_its_result_which_stands_there_once(crm, desk, ask, lead, task):
    desk.rest("tasks.task.renew", taskId=task)
    for _ in range(2):
        assert crm.complete_tasks(ask(TaskCompletion(task, "Договорились о замере"))) == [Done(task)]
        assert [one["text"] for one in desk.rest("tasks.task.result.list", taskId=task)] == ["Договорились о замере"]
    assert crm.open_tasks([card(lead)])[card(lead)] == []


def test_a_result_that_a_broken_attempt_wrote_is_not_written_again(crm, desk, ask, lead, task):
    number = desk.rest("task.commentitem.add", taskId=task, fields={"POST_MESSAGE": "Договорились"})
    desk.rest("tasks.task.result.addFromComment", commentId=number)
    assert crm.complete_tasks(ask(TaskCompletion(task, "Договорились"))) == [Done(task)]
    assert len(desk.rest("tasks.task.result.list", taskId=task)) == 1


def test_a_task_that_is_gone_is_refused_alone(crm, desk, ask, lead, task):
    gone, done = crm.complete_tasks(ask(TaskCompletion("999"), TaskCompletion(task)))
    assert isinstance(gone, Rejected)
    assert done == Done(task)


def test_a_task_that_we_complete_is_no_news_but_one_that_a_person_completes_is(crm, desk, ask, lead, task, store):
    follower = Follower(crm, store)
    follower.hint(f"lead:{lead}")
    crm.complete_tasks(ask(TaskCompletion(task, "Сами")))
    assert follower.hint(f"task:{task}") == []
    [other] = crm.create_tasks(ask(NewTask("Замер", DUE, lead), prefix="other"))
    number = desk.rest("task.commentitem.add", taskId=other.remote_id, fields={"POST_MESSAGE": "Замерили"})
    desk.rest("tasks.task.result.addFromComment", commentId=number)
    desk.rest("tasks.task.complete", taskId=other.remote_id)
    [event] = follower.hint(f"task:{other.remote_id}")
    assert (event.type.value, event.payload.text) == ("task.completed", "Замер")
    assert event.payload.result == "Замерили"
