"""A chain of tasks: when a task is completed by people, the next one is made for the same lead.

The journal keeps what follows with the action that made the task, texts rendered, so that a chain goes on as it was
planned, whatever becomes of the rule meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import Field, TypeAdapter

from provodka.crm import Need
from provodka.event import Event
from provodka.payloads import TaskEvent
from provodka.settings import Strict
from rules.actions.base import Place
from rules.assignment import Responsible, people_of, with_counter
from rules.calendar import WorkingCalendar
from rules.durations import DurationText, parse_duration
from rules.plan import PlannedAction, RuleOutcome, RuleTrace
from rules.team import KEEP

TASK: Final = "task"


class TaskStep(Strict):
    """A task: `due` counts from the moment at which it is its turn. Without `responsible` the lead's own gets it."""

    text: str = Field(min_length=1)
    due: DurationText
    type: str = ""
    responsible: Responsible = KEEP
    then: NextTask | None = None


class NextTask(TaskStep):
    """What follows when that very task was completed; with `result: true` only if it was completed with a result."""

    result: bool = False


TaskStep.model_rebuild()


@dataclass(frozen=True, slots=True)
class ChainLink:
    """That a completed task is one of ours with a task to follow: whose rule's, by which action, and what follows."""

    rule: str
    key: str
    then: dict[str, Any]


CHAIN_LINK: Final[TypeAdapter[ChainLink | None]] = TypeAdapter(ChainLink | None)


def people_in(step: TaskStep) -> Iterator[tuple[Place, str]]:
    """The staff keys of a task and of all that follow it, each with its place."""
    yield from ((("responsible", *place), person) for place, person in people_of(step.responsible))
    if step.then is not None:
        yield from ((("then", *place), person) for place, person in people_in(step.then))


def needs_in(step: TaskStep) -> Iterator[tuple[Place, Need]]:
    """The task types of a task and of all that follow it, each with its place."""
    if step.type:
        yield ("type",), Need("task_type", step.type)
    if step.then is not None:
        yield from ((("then", *place), need) for place, need in needs_in(step.then))


def with_counters(step: dict[str, Any], rule: str) -> dict[str, Any]:
    """The planned form of a task and of all that follow it, but for the due times: those are known when it is time."""
    responsible = with_counter(step.get("responsible", KEEP), f"{rule}: task")
    following = step.get("then")
    return {
        **step,
        "type": step.get("type", ""),
        "responsible": responsible,
        "then": with_counters(following, rule) if following else None,
    }


def follow(
    link: ChainLink, event: Event, now: datetime, calendar: WorkingCalendar
) -> tuple[RuleTrace, list[PlannedAction]]:
    """What the completion of such a task comes to. The next task is made once, however often this one is completed."""
    result = event.payload.result if isinstance(event.payload, TaskEvent) else ""
    if link.then.get("result") and not result.strip():
        reason = "the task was completed without a result: its chain does not go on"
        return RuleTrace(link.rule, RuleOutcome.NOT_MATCHED, reason=reason), []
    due = calendar.add(parse_duration(link.then["due"]), now)
    key = f"{link.key}:then"
    params = {**link.then, "due": due.isoformat(), "unless_open": False}
    reason = "a task of this rule was completed: the next of its chain"
    trace = RuleTrace(link.rule, RuleOutcome.MATCHED, action_keys=(key,), reason=reason)
    return trace, [PlannedAction(key, TASK, link.rule, 0, params)]
