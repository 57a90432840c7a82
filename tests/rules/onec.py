"""The small world with a base of 1C beside its CRM: the real account and book of sales, over a base in memory."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors.onec.account import OneC
from connectors.onec.settings import BooksSettings
from provodka.crm import Company, Contact, ProductLine
from provodka.event import Event, build_payload
from provodka.invoices import InvoiceRef
from provodka.operation import Done, Outcome
from provodka.payloads import AccountingHint, EventType, LeadRef, Person
from tests.connectors.memory_store import MemoryStore
from tests.connectors.onec.base import MemoryRoad
from tests.rules.around_crm import AroundCrm
from tests.rules.world import CLIENT, NOW, World, delivery, plan_of

INN, KPP = "7701999111", "770101001"
TILE = ProductLine("Черепица", Decimal(10), Decimal("500.55"), "A-17", "м²")
SCREW = ProductLine("Саморез", Decimal(3), Decimal("0.10"))
STAGE = "lead.stage_changed"


class Books(World):
    """Lead 17 of company 9, «Ромашка», with two products. `look` follows the hints, as the planner does."""

    def __init__(self, **settings: Any) -> None:
        crm = AroundCrm()
        super().__init__(crm=crm)
        self.around = crm
        self.firm(Company("9", "ООО «Ромашка»", INN, KPP, ("+74950000000",)))
        self.card(LeadRef("17", "Крыша", company="9", responsible="anna@krovlya.ru"))
        crm.products["17"] = [TILE, SCREW]
        self.road = MemoryRoad()
        self.store = MemoryStore()
        terms = {"organization": {"inn": "7801999002"}, "settle_seconds": 0, **settings}
        self.accounting = OneC(BooksSettings.model_validate(terms), self.store, self.road, lambda: self.now)

    def firm(self, company: Company) -> None:
        self.around.firms[company.id] = company

    def card(self, lead: LeadRef) -> None:
        self.around.know(Contact("c1", "Пётр Сидоров", CLIENT.phones, CLIENT.emails, company_id=""), lead)

    def do(self, name: str, params: Any = None, event: Event | None = None, **more: Any) -> Outcome:
        """Plan and deliver a step for a change of the stage of lead 17, or for another event."""
        event = event or self.staged()
        (action,) = plan_of({name: params or {}}, event=event).actions
        more.setdefault("frozen", self.frozen.get(action.key))
        (outcome,) = self.deliver_items([delivery(action, event, **more)], name)
        return outcome

    def done(self, name: str, params: Any = None, event: Event | None = None, **more: Any) -> Done:
        outcome = self.do(name, params, event, **more)
        assert isinstance(outcome, Done), outcome
        return outcome

    def issued(self, **params: Any) -> InvoiceRef:
        """An invoice of lead 17, as rules see it then."""
        number = 1 + len(self.sales())
        self.done("issue_invoice", params, self.staged(f"issue{number}"))
        self.look()
        return self.sales()[-1]

    def staged(self, id: str = "e1", lead: str = "17") -> Event:
        card = self.around.lead_cards[lead]
        return _event(id, STAGE, {"lead": card, "change": {"field": "stage"}})

    def told(self, kind: str, invoice: InvoiceRef, id: str = "i1") -> Event:
        """An event of accounting about a sale of lead 17, as it is now."""
        paper = invoice.payments[-1] if kind.endswith("paid") and invoice.payments else invoice.paper
        return _event(id, kind, {"invoice": invoice, "lead": self.around.lead_cards[invoice.lead], "document": paper})

    def look(self, *more: str) -> list[str]:
        """The types of the events that follow from the hints (and from `more` entities, as a poll finds them)."""
        found: list[Event] = []
        for entity in (*self.hinted.values(), *more):
            hint = AccountingHint((entity,))
            event = Event(entity, EventType.ACCOUNTING_HINT, "1c", entity, NOW, self.now, Person(), hint)
            events, snapshots = self.accounting.derive(hint, event)
            found += events
            for kind, rows in snapshots.items():
                self.store.put_snapshots(self.accounting.name, kind, rows)
        self.hinted.clear()
        return [event.type.value for event in found]

    def sales(self, lead: str = "17") -> list[InvoiceRef]:
        return list(self.accounting.sales([lead]).get(lead, ()))

    def pay(self, amount: str) -> None:
        """The last invoice is paid, in part or in full."""
        invoice = self.sales()[-1]
        ref = f"pay{len(self.road.papers)}"
        self.road.pay(ref, invoice.ref, amount)
        self.look(f"payment:{ref}")

    def price(self, price: str) -> None:
        card = self.around.lead_cards["17"]
        self.around.lead_cards["17"] = replace(card, price=Decimal(price))


def _event(id: str, kind: str, payload: dict[str, Any]) -> Event:
    return Event(id, EventType(kind), "crm", id, NOW, NOW, Person(), build_payload(EventType(kind), payload))
