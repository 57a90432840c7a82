"""`complete_tasks`: complete the open tasks of the lead, with a mark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provodka.crm import Task, TaskCompletion
from provodka.operation import Outcome
from rules.actions.base import Decided, Delivery, Outside
from rules.actions.desk import Desk, pack, submit_all, together
from rules.actions.open_tasks import OfTypes, TasksAction
from rules.actions.targets import Target


class CompleteTasksParams(OfTypes):
    """`result` is what each of them is marked with."""

    result: str = ""


class CompleteTasks(TasksAction[CompleteTasksParams]):
    """Those that somebody has completed meanwhile stay as they are."""

    name = "complete_tasks"
    params = CompleteTasksParams
    templates = frozenset({"result"})

    def build(self, item: Delivery, target: Target, tasks: Sequence[Task]) -> dict[str, Any]:  # noqa: ARG002 -- the shape of these actions
        return {"completions": [pack(TaskCompletion(task.id, item.params["result"])) for task in tasks]}

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        outcomes = submit_all(Desk(outside).crm.complete_tasks, TaskCompletion, "completions", ready)
        return [together(outcomes[d.item.key], d.frozen["told"]) for d in ready]
