"""The shape of most actions: one request of the CRM about one lead."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Final, Generic, TypeVar

from provodka.crm import CardKind, CardRef, Crm, LeadChange, Write
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome
from provodka.payloads import LeadRef
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, P
from rules.actions.desk import Desk, pack, submit, told
from rules.actions.kept import keeping
from rules.actions.replaced import Replaced, replaced
from rules.actions.targets import Target, find_targets, with_leads

R = TypeVar("R")
NO_LEAD: Final = "У клиента нет открытой сделки: поставьте перед этим действием intake"


class LeadAction(Action[P], Generic[P, R]):
    """`build` makes the request for a target, `write` names the operation that takes it.

    One that `changes` the lead says by `replaces` what it takes the place of: that is frozen with the request, so that
    it can be put back.
    """

    lead = LeadUse.NEEDS
    request: type[R]
    contact_will_do: ClassVar[bool] = False
    """Whether it can hang on a contact that has no open lead."""
    changes: ClassVar[bool] = False
    reads_lead: ClassVar[bool] = False

    @abstractmethod
    def build(self, item: Delivery, target: Target, desk: Desk) -> R | Done:
        """The request, or Done where there is nothing to do; raises Rejected where there can be none."""

    def idle(self, item: Delivery) -> Done | None:  # noqa: ARG002 -- for those who override it
        """The outcome of one for which there is nothing to do, whatever its lead."""
        return None

    def replaces(self, request: R, lead: LeadRef) -> list[Replaced]:
        """The values of the lead that the request replaces."""
        return replaced(request, lead) if isinstance(request, LeadChange) else []

    @abstractmethod
    def write(self, crm: Crm) -> Write[R]: ...

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        idle = {item.key: done for item in items if (done := self.idle(item)) is not None}
        targets = find_targets([item for item in items if item.key not in idle], desk) if len(idle) < len(items) else {}
        if self.changes or self.reads_lead:
            targets = with_leads(targets, desk)
        return [idle.get(item.key) or self._decision(item, targets[item.key], desk) for item in items]

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
            request = self.build(item, target, desk)
        except ConnectorError as error:
            return error
        reason = "; ".join(filter(None, (desk.reasons.get(item.key, ""), target.why)))
        values = {"lead_id": target.lead_id, "contact_id": target.contact_id, "reason": reason}
        values = {name: value for name, value in values.items() if value}
        if isinstance(request, Done):
            return replace(request, values={**values, **request.values}, found=True)
        decision = {"request": pack(request), "told": values}
        if self.changes and target.lead is not None:
            return keeping(decision, CardRef(CardKind.LEAD, target.lead_id), self.replaces(request, target.lead))
        return decision
