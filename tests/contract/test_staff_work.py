"""What each of the staff has to do means the same on every CRM, and comes out of the mirror."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from provodka.crm import CrmAccount, LeadChange, LeadClosing, NewTask, StaffWork, TaskCompletion
from tests.contract.crms import ANNA, DUE, IVAN, ask, one


def test_the_board_holds_the_open_leads_alone_in_the_order_of_its_stages(crm: CrmAccount, lead: str) -> None:
    assert crm.board() is None, "the mirror is not filled"
    assert crm.fill()
    before = crm.board()
    assert before is not None
    assert before.places.index(("Кровля", "Новый лид")) < before.places.index(("Кровля", "Переговоры"))
    assert {(one.pipeline, one.stage) for one in before.leads} <= set(before.places)
    assert {one.state for one in before.leads} == {"open"}
    ids = [int(one.id) for one in before.leads]
    assert ids == sorted(ids, reverse=True)
    assert int(lead) in ids
    one(crm.close_leads(ask(LeadClosing(lead, won=False))))
    after = crm.board()
    assert after is not None
    assert [int(one.id) for one in after.leads] == [id_ for id_ in ids if id_ != int(lead)]


def test_open_tasks_and_leads_are_told_of_each_of_the_staff(crm: CrmAccount, lead: str, contact: str) -> None:
    assert crm.staff_work([ANNA]) is None, "the mirror is not filled"
    assert crm.fill()
    before = crm.staff_work([ANNA, IVAN, "nobody@krovlya.ru"])
    assert before is not None
    assert before["nobody@krovlya.ru"] == StaffWork()
    late = one(crm.create_tasks(ask(NewTask("Встреча", DUE + timedelta(days=1), lead, responsible=IVAN))))
    soon = one(crm.create_tasks(ask(NewTask("Позвонить", DUE, contact_id=contact, responsible=IVAN, type="Звонок"))))
    one(crm.update_leads(ask(LeadChange(lead, responsible=IVAN, price=Decimal(900)))))
    after = crm.staff_work([ANNA, IVAN])
    assert after is not None
    assert {one.id for one in before[ANNA].leads} - {one.id for one in after[ANNA].leads} == {lead}
    newest = max(after[IVAN].leads, key=lambda one: int(one.id))
    assert after[IVAN].leads[0] == newest
    (mine,) = (one for one in after[IVAN].leads if one.id == lead)
    known = crm.leads([lead])[lead]
    for member in ("title", "url", "pipeline", "stage", "state", "responsible", "price", "contacts", "stage_since"):
        assert getattr(mine, member) == getattr(known, member), member
    own = [task for task in after[IVAN].tasks if task.id in (soon, late)]
    assert [(task.id, task.text, task.due, task.lead.id) for task in own] == [
        (soon, "Позвонить", DUE, ""),
        (late, "Встреча", DUE + timedelta(days=1), lead),
    ]
    assert own[1].lead == mine
    one(crm.complete_tasks(ask(TaskCompletion(soon, "Готово"))))
    left = crm.staff_work([IVAN])
    assert left is not None
    assert soon not in {task.id for task in left[IVAN].tasks}
