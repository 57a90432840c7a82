"""The open tasks of what an action is about, and the shape of the actions that change all of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator

from provodka.crm import CardKind, CardRef, Need, Task
from provodka.errors import ConnectorError
from provodka.operation import Done
from provodka.settings import Strict
from rules.actions.base import Action, Decision, Delivery, LeadUse, Outside, Place
from rules.actions.desk import Desk
from rules.actions.targets import Target, find_targets
from rules.text import same


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


TaskTypes = Annotated[tuple[str, ...], BeforeValidator(_as_list, json_schema_input_type=str | list[str])]
"""Names of task types; none means any."""


class OfTypes(Strict):
    """What actions on all tasks have in common: only those of `types`, where any are named."""

    types: TaskTypes = ()


P = TypeVar("P", bound=OfTypes)


def open_tasks(targets: Mapping[str, Target | ConnectorError], desk: Desk) -> dict[str, list[Task]]:
    """By action key, the open tasks of its lead (or contact), freshly read, the next due first."""
    cards = {key: card_of(target) for key, target in targets.items() if isinstance(target, Target)}
    found = desk.crm.open_tasks(list(dict.fromkeys(cards.values()))) if cards else {}
    return {key: found[card] for key, card in cards.items()}


def card_of(target: Target) -> CardRef:
    """The card that tasks of this target hang on."""
    return CardRef(CardKind.LEAD, target.lead_id) if target.lead_id else CardRef(CardKind.CONTACT, target.contact_id)


def of_types(tasks: Sequence[Task], types: Sequence[str]) -> list[Task]:
    """Those of these types; all where none is named."""
    return [task for task in tasks if not types or any(same(task.type, one) for one in types)]


def place(target: Target) -> dict[str, str]:
    """What the journal is told of a target."""
    named = {"lead_id": target.lead_id, "contact_id": target.contact_id}
    return {name: value for name, value in named.items() if value}


class TasksAction(Action[P]):
    """Does the same to all open tasks of the lead (of the contact, where there is no lead)."""

    lead = LeadUse.NEEDS

    @abstractmethod
    def build(self, item: Delivery, target: Target, tasks: Sequence[Task]) -> dict[str, Any]:
        """What is to be frozen for these tasks; there is at least one."""

    def needs(self, params: P) -> Iterator[tuple[Place, Need]]:
        yield from ((("types", i), Need("task_type", one)) for i, one in enumerate(params.types))

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        targets = find_targets(items, desk)
        tasks = open_tasks(targets, desk)
        return [self._decision(item, targets[item.key], tasks) for item in items]

    def _decision(self, item: Delivery, target: Target | ConnectorError, tasks: Mapping[str, list[Task]]) -> Decision:
        if isinstance(target, ConnectorError):
            return target
        wanted = of_types(tasks[item.key], item.params["types"])
        if not wanted:
            return Done(values={**place(target), "reason": "there is no such open task"})
        told = {**place(target), "tasks": ", ".join(task.id for task in wanted)}
        return {**self.build(item, target, wanted), "told": told}
