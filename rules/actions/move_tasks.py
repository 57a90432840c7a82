"""`move_tasks`: give the open tasks of the lead another due time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from provodka.crm import NewNote, Task, TaskChange
from provodka.operation import Done, Outcome
from rules.actions.base import Decided, Delivery, Outside, Planning
from rules.actions.desk import Desk, pack, submit, submit_all, together
from rules.actions.open_tasks import OfTypes, TasksAction
from rules.actions.targets import Target
from rules.durations import DurationText


class MoveTasksParams(OfTypes):
    """`due` counts from the moment of planning; `comment` is written into the feed where a task was moved."""

    due: DurationText
    comment: str = ""


class MoveTasks(TasksAction[MoveTasksParams]):
    """Moves first and writes then: moving may be repeated, and a note is looked for before it is written again."""

    name = "move_tasks"
    params = MoveTasksParams
    templates = frozenset({"comment"})

    def plan(self, planning: Planning[MoveTasksParams]) -> dict[str, Any]:
        return {**planning.rendered, "due": planning.calendar.add(planning.params.due, planning.now).isoformat()}

    def build(self, item: Delivery, target: Target, tasks: Sequence[Task]) -> dict[str, Any]:
        due, comment = datetime.fromisoformat(item.params["due"]), item.params["comment"].strip()
        note = NewNote(comment, target.lead_id, "" if target.lead_id else target.contact_id)
        changes = [pack(TaskChange(task.id, due)) for task in tasks]
        return {"changes": changes, "note": pack(note) if comment else None}

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        crm = Desk(outside).crm
        moved = submit_all(crm.change_tasks, TaskChange, "changes", ready)
        outcomes = {d.item.key: together(moved[d.item.key], d.frozen["told"]) for d in ready}
        noted = submit(crm.add_notes, NewNote, "note", [d for d in ready if isinstance(outcomes[d.item.key], Done)])
        outcomes |= {key: note for key, note in noted.items() if not isinstance(note, Done)}
        return [outcomes[d.item.key] for d in ready]
