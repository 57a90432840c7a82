"""The facts that rules ask of the outside, read from the CRM and the journal when first asked.

By subject: `people`, `lead`, `money`, `staff`; each has a table of its facts, by the names of `rules.fact.FACTS`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from provodka.crm import NOT_OFFERED
from provodka.errors import Rejected
from provodka.journal import queries
from provodka.payloads import TaskEvent
from rules.actions.chain import TASK, ChainLink
from rules.fact import FACTS
from rules.faults import RuleError
from rules.told import ToldBefore
from worker.facts import lead, money, people, staff
from worker.facts.source import Source
from worker.repeats import tracked

_FETCH: Final[Mapping[str, Callable[[Source], Any]]] = {
    **people.FETCH,
    **lead.FETCH,
    **money.FETCH,
    **staff.FETCH,
    "call.tracking": lambda source: tracked(source.event, source.journal),
}


@dataclass
class LiveFacts(Source):
    """`rules.facts.Facts` for one event. A ConnectorError passes through: the event is planned later.

    Of what the CRM does not have there is none (a lead of Bitrix24 has no invoices); what it refuses us for good is the
    fault of the rule that asks.
    """

    _read: dict[str, Any] = field(default_factory=dict)

    def fetch(self, name: str) -> Any:  # noqa: ANN401 -- of the type that rules.fact.FACTS names
        """The value of a fact; one that others need too is read once."""
        if name not in self._read:
            try:
                self._read[name] = _FETCH[name](self)
            except Rejected as error:
                if error.code == NOT_OFFERED:
                    return FACTS[name].empty
                raise RuleError(f"{name} cannot be read: {error.reason}") from error
        return self._read[name]

    def chain(self) -> ChainLink | None:
        """By our own link from the task to the action that made it."""
        payload = self.event.payload
        if self.crm is None or not isinstance(payload, TaskEvent):
            return None
        system, task_id = self.crm.name, payload.task.id
        made = self.journal.read(lambda c: queries.maker_of(c, system, TASK, task_id))
        then = json.loads(made.params).get("then") if made else None
        return ChainLink(made.rule, made.key, then) if made and then else None

    def told(self) -> ToldBefore | None:
        return self.repeats.told(self.event, self.journal)
