"""`reopen_task`: open the task of the event again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from provodka.crm import CARD_GONE, NewNote, NewTask, TaskChange, TaskReopening
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome
from provodka.payloads import TaskEvent
from provodka.settings import Strict
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Planning
from rules.actions.desk import Desk, pack, submit, told
from rules.actions.open_tasks import place
from rules.actions.targets import Target, find_targets
from rules.durations import DurationText, parse_duration

_SOON: Final = parse_duration("15m working")


class ReopenTaskParams(Strict):
    """`comment` is written into the feed; `due`, counted from planning, is a new time where the old is not to stay."""

    comment: str = ""
    due: DurationText | None = None


class ReopenTask(Action[ReopenTaskParams]):
    """Where the CRM cannot open it again the same task is made anew, with the comment in its text."""

    name = "reopen_task"
    params = ReopenTaskParams
    templates = frozenset({"comment"})
    lead = LeadUse.USES
    reads = frozenset({"task"})

    def plan(self, planning: Planning[ReopenTaskParams]) -> dict[str, Any]:
        due = planning.params.due
        moment = "" if due is None else planning.calendar.add(due, planning.now).isoformat()
        return {**planning.rendered, "due": moment}

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        targets = find_targets(items, Desk(outside))
        return [_decision(item, targets[item.key], outside) for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        """What may be repeated goes first, what is recognised by its stamp last."""
        crm = Desk(outside).crm
        outcomes = submit(crm.reopen_tasks, TaskReopening, "reopen", ready)
        refused = [d for d in ready if _is_refusal(outcomes[d.item.key])]
        opened = [d for d in ready if isinstance(outcomes[d.item.key], Done)]
        outcomes |= _made_anew(refused, outcomes, outside)
        outcomes |= _but_failures(submit(crm.change_tasks, TaskChange, "change", opened))
        opened = [d for d in opened if isinstance(outcomes[d.item.key], Done)]
        outcomes |= _but_failures(submit(crm.add_notes, NewNote, "note", opened))
        return [told(outcomes[d.item.key], d.frozen["told"]) for d in ready]


def _decision(item: Delivery, target: Target | ConnectorError, outside: Outside) -> Decision:
    if not isinstance(item.event.payload, TaskEvent) or not item.event.payload.task.id:
        return Rejected(f"an event {item.event.type} names no task")
    if isinstance(target, ConnectorError) and not isinstance(target, Rejected):
        return target
    task = item.event.payload.task
    where = target if isinstance(target, Target) else Target(contact_id=task.contact)
    contact_id = "" if where.lead_id else where.contact_id
    comment = item.params["comment"].strip()
    due = datetime.fromisoformat(item.params["due"]) if item.params["due"] else None
    anew = NewTask(
        text="\n".join(filter(None, (task.text or item.event.payload.text, comment))),
        due=due or max(task.due or outside.now, outside.calendar.add(_SOON, outside.now)),
        lead_id=where.lead_id,
        contact_id=contact_id,
        type=task.type,
        responsible=outside.team.login(task.responsible or where.responsible),
    )
    hangs = bool(where.lead_id or contact_id)
    return {
        "reopen": pack(TaskReopening(task.id)),
        "change": pack(TaskChange(task.id, due)) if due else None,
        "note": pack(NewNote(comment, where.lead_id, contact_id)) if comment and hangs else None,
        "anew": pack(anew) if hangs else None,
        "told": {**place(where), "task": task.id},
    }


def _is_refusal(outcome: Outcome) -> bool:
    """Whether the CRM will not; a task that was deleted is not to come back."""
    return isinstance(outcome, Rejected) and outcome.code != CARD_GONE


def _made_anew(refused: Sequence[Decided], why: dict[str, Outcome], outside: Outside) -> dict[str, Outcome]:
    made = submit(Desk(outside).crm.create_tasks, NewTask, "anew", refused)
    reasons = {key: error.reason for key, error in why.items() if isinstance(error, Rejected)}
    return {key: told(one, {"reason": f"made anew: {reasons[key]}"}) for key, one in made.items()}


def _but_failures(outcomes: dict[str, Outcome]) -> Iterator[tuple[str, Outcome]]:
    yield from ((key, outcome) for key, outcome in outcomes.items() if not isinstance(outcome, Done))
