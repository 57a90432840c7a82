"""The shape of most actions: one request of the CRM about one lead."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Final, Generic, TypeVar

from provodka.crm import Crm, Write
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Outcome
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, P
from rules.actions.desk import Desk, pack, submit, told
from rules.actions.targets import Target, find_targets

R = TypeVar("R")
NO_LEAD: Final = "У клиента нет открытой сделки: поставьте перед этим действием intake"


class LeadAction(Action[P], Generic[P, R]):
    """`build` makes the request for a target, `write` names the operation that takes it."""

    lead = LeadUse.NEEDS
    request: type[R]
    contact_will_do: ClassVar[bool] = False
    """Whether it can hang on a contact that has no open lead."""

    @abstractmethod
    def build(self, item: Delivery, target: Target, desk: Desk) -> R:
        """The request; raises Rejected where there can be none."""

    @abstractmethod
    def write(self, crm: Crm) -> Write[R]: ...

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        targets = find_targets(items, desk)
        return [self._decision(item, targets[item.key], desk) for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        outcomes = submit(self.write(Desk(outside).crm), self.request, "request", ready)
        return [told(outcomes[d.item.key], d.frozen["told"]) for d in ready]

    def _decision(self, item: Delivery, target: Target | ConnectorError, desk: Desk) -> Decision:
        if isinstance(target, ConnectorError):
            return target
        if not target.lead_id and not self.contact_will_do:
            return Rejected(
                f"contact {target.contact_id} has no open lead",
                hint=NO_LEAD,
            )
        try:
            request = pack(self.build(item, target, desk))
        except ConnectorError as error:
            return error
        values = {"lead_id": target.lead_id, "contact_id": target.contact_id, "reason": desk.reasons.get(item.key, "")}
        return {"request": request, "told": {name: value for name, value in values.items() if value}}
