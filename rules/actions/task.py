"""`task`: give somebody a task on the lead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import Field

from provodka.crm import Crm, Need, NewTask, Write
from provodka.settings import Strict
from rules.actions.base import Delivery, Place, Planning
from rules.actions.desk import Desk
from rules.actions.lead import LeadAction
from rules.actions.targets import Target
from rules.assignment import Responsible, people_of, with_counter
from rules.durations import DurationText
from rules.team import KEEP


class TaskParams(Strict):
    """`due` counts from the moment of planning. Without `responsible` the lead's own gets it."""

    text: str = Field(min_length=1)
    due: DurationText
    type: str = ""
    responsible: Responsible = KEEP


class Task(LeadAction[TaskParams, NewTask]):
    """Creates a task; on the contact where there is no open lead."""

    name = "task"
    params = TaskParams
    templates = frozenset({"text"})
    request = NewTask
    contact_will_do = True

    def plan(self, planning: Planning[TaskParams]) -> dict[str, Any]:
        due = planning.calendar.add(planning.params.due, planning.now)
        responsible = with_counter(planning.rendered["responsible"], f"{planning.rule}: task")
        return {**planning.rendered, "due": due.isoformat(), "responsible": responsible}

    def people(self, params: TaskParams) -> Iterator[tuple[Place, str]]:
        yield from ((("responsible", *place), person) for place, person in people_of(params.responsible))

    def doubles(self, earlier: TaskParams, later: TaskParams) -> bool:
        return earlier == later

    def needs(self, params: TaskParams) -> Iterator[tuple[Place, Need]]:
        if params.type:
            yield ("type",), Need("task_type", params.type)

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
