"""`task`: give somebody a task on the lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from provodka.crm import Crm, Need, NewTask, Write
from provodka.crm import Task as OpenTask
from provodka.operation import Done
from rules.actions.base import Decision, Delivery, Outside, Place, Planning
from rules.actions.chain import TaskStep, needs_in, people_in, with_counters
from rules.actions.desk import Desk
from rules.actions.lead import LeadAction
from rules.actions.open_tasks import of_types, open_tasks, place
from rules.actions.targets import Target, find_targets
from rules.team import KEEP


class TaskParams(TaskStep):
    """`unless_open`: not while another task is open on the card; a text means one of this type."""

    unless_open: bool | str = Field(default=False)


class Task(LeadAction[TaskParams, NewTask]):
    """Creates a task; on the contact where there is no open lead. What is to follow it stays with the action."""

    name = "task"
    params = TaskParams
    templates = frozenset({"text", "then"})
    request = NewTask
    contact_will_do = True

    def plan(self, planning: Planning[TaskParams]) -> dict[str, Any]:
        due = planning.calendar.add(planning.params.due, planning.now)
        return {**with_counters(planning.rendered, planning.rule), "due": due.isoformat()}

    def people(self, params: TaskParams) -> Iterator[tuple[Place, str]]:
        yield from people_in(params)

    def doubles(self, earlier: TaskParams, later: TaskParams) -> bool:
        return earlier == later

    def needs(self, params: TaskParams) -> Iterator[tuple[Place, Need]]:
        yield from needs_in(params)
        if isinstance(params.unless_open, str):
            yield ("unless_open",), Need("task_type", params.unless_open)

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        targets = find_targets(items, desk)
        there = open_tasks({item.key: targets[item.key] for item in items if item.params.get("unless_open")}, desk)
        return [
            _in_its_place(item, targets[item.key], there) or self._decision(item, targets[item.key], desk)
            for item in items
        ]

    def build(self, item: Delivery, target: Target, desk: Desk) -> NewTask:
        wanted = item.params["responsible"]
        person = target.responsible if wanted == KEEP else desk.choose(item, wanted, target.responsible).person
        return NewTask(
            text=item.params["text"],
            due=datetime.fromisoformat(item.params["due"]),
            lead_id=target.lead_id,
            contact_id="" if target.lead_id else target.contact_id,
            type=item.params["type"],
            responsible=desk.outside.team.login(person),
        )

    def write(self, crm: Crm) -> Write[NewTask]:
        return crm.create_tasks


def _in_its_place(item: Delivery, target: object, there: Mapping[str, list[OpenTask]]) -> Done | None:
    """The task that is open already, where none is to be made beside it."""
    unless = item.params.get("unless_open")
    found = of_types(there.get(item.key, []), [unless] if isinstance(unless, str) else [])
    if not found or not isinstance(target, Target):
        return None
    return Done(values={**place(target), "reason": f"task {found[0].id} «{found[0].text}» is open already"})
