"""Facts of the lead: what it is, who is responsible, its tasks, products, files, and the links to our pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from provodka.crm import CardKind, CardRef
from provodka.payloads import TaskEvent, TaskRef
from rules.fact import FilesFact, ProductsFact, ResponsibleFact, TasksFact
from worker.facts.source import Source


def _responsible(source: Source) -> ResponsibleFact | None:
    lead = source.subject.lead()
    if lead is None or not lead.responsible:
        return None
    login = source.team.login(lead.responsible)
    users = source.crm.users() if source.crm is not None else ()
    name = next((user.name for user in users if user.login.casefold() == login.casefold()), "")
    return ResponsibleFact(login, name)


def _responsible_is_present(source: Source) -> bool:
    responsible = source.fetch("responsible")
    return responsible is not None and source.is_present(responsible.key)


def _task(source: Source) -> TaskRef | None:
    """The event's own task as it is now."""
    payload = source.event.payload
    if source.crm is None or not isinstance(payload, TaskEvent):
        return None
    return source.crm.tasks([payload.task.id]).get(payload.task.id)


def _tasks(source: Source) -> TasksFact:
    card = source.subject.tasks_card()
    if source.crm is None or card is None:
        return TasksFact()
    mirrored = source.crm.mirrored_tasks([card])
    opened = source.crm.open_tasks([card])[card] if mirrored is None else mirrored[card]
    now = source.journal.now()
    return TasksFact(
        open=len(opened),
        overdue=sum(task.due < now for task in opened),
        next_due=min((task.due for task in opened), default=None),
        types=tuple(dict.fromkeys(task.type for task in opened if task.type)),
        last_result=_last_result(source, card),
    )


def _last_result(source: Source, card: CardRef) -> str:
    for one in source.past:
        if isinstance(one.payload, TaskEvent) and _hangs_on(one.payload, card):
            return one.payload.result
    return ""


def _hangs_on(payload: TaskEvent, card: CardRef) -> bool:
    lead = payload.lead.id if payload.lead is not None else ""
    return card.id == (lead if card.kind is CardKind.LEAD else payload.task.contact)


def _products(source: Source) -> ProductsFact:
    lead = source.subject.lead_id()
    lines = tuple(source.crm.lead_lines([lead]).get(lead, ())) if source.crm is not None and lead else ()
    total = sum((line.price * line.quantity for line in lines), Decimal(0))
    return ProductsFact(len(lines), total, lines)


def _files(source: Source) -> FilesFact:
    lead = source.subject.lead_id()
    found = source.crm.files(CardRef(CardKind.LEAD, lead)) if source.crm is not None and lead else ()
    return FilesFact(len(found), tuple(file.name for file in found))


def _pages(source: Source) -> dict[str, str]:
    """The personal links of the lead, by channel, and its mark as `prv_lead`; none where there is no lead."""
    lead = source.subject.lead_id() if source.own_pages is not None else ""
    return source.own_pages.of_lead(lead, source.journal.now()) if source.own_pages is not None and lead else {}


FETCH: Final[Mapping[str, Callable[[Source], Any]]] = {
    "lead": lambda source: source.current_lead.lead,
    "thread": lambda source: source.current_lead.thread,
    "responsible": _responsible,
    "responsible.present": _responsible_is_present,
    "task": _task,
    "tasks": _tasks,
    "products": _products,
    "files": _files,
    "pages": _pages,
}
