"""What actions share that turn to accounting (1C): the sale that they are about, whose error it was, the hint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from provodka.accounting import Sale, newest
from provodka.errors import ConnectorError, Rejected
from provodka.invoices import InvoiceRef, SaleState
from provodka.operation import Done, Outcome
from provodka.payloads import InvoiceEvent
from rules.actions.base import Decided, Delivery, Outside, Place
from rules.actions.desk import Desk
from rules.actions.lead import NO_LEAD
from rules.actions.targets import Target, find_targets
from rules.beside import Beside

NO_SALE: Final = "У сделки нет счёта в 1С: поставьте перед этим действием issue_invoice"
NOT_MADE: Final = "1С ещё не выставила счёт: посмотрите, чем кончилось действие issue_invoice"
CANCELLED: Final = "Счёт отменён: выставьте новый действием issue_invoice"
CURE: Final = (
    "add it, for example accounting: {type: odata, url: https://1c.firma.ru/base, user: …, password: …, "
    "organization: {inn: …}}: docs/ru/1c.md"
)


@dataclass(frozen=True, slots=True)
class Sold:
    """The sale that an action is about, and its cards; `made`: accounting has been brought to make the invoice."""

    invoice: InvoiceRef
    lead_id: str
    contact_id: str = ""
    made: bool = True

    @property
    def told(self) -> dict[str, str]:
        """What every result says of it."""
        return {"lead_id": self.lead_id, "contact_id": self.contact_id, "sale": self.invoice.id}


def no_accounting(beside: Beside) -> Iterator[tuple[Place, str, str]]:
    """The mistake of a config that has no accounting, while the step needs one."""
    if not beside.accounting:
        yield (), "the config has no accounting, so that this can never be done", CURE


def find_sales(items: Sequence[Delivery], desk: Desk) -> dict[str, Sold | ConnectorError]:
    """By action key: the sale of the event, else that of the lead which is meant where none is named."""
    known = {item.key: _own_lead(item) for item in items}
    targets = find_targets([item for item in items if known[item.key] is None], desk)
    found = {key: own or targets[key] for key, own in known.items()}
    leads = {one.lead_id for one in found.values() if isinstance(one, Target) and one.lead_id}
    sales = desk.accounting.sales(sorted(leads)) if leads else {}
    asked = desk.accounting.asked(sorted(leads)) if leads else {}
    return {item.key: _sold(item, found[item.key], sales, asked) for item in items}


def living(sales: Sequence[InvoiceRef]) -> list[InvoiceRef]:
    """Those that nobody has cancelled."""
    return [one for one in sales if one.state is not SaleState.CANCELLED]


def event_invoice(item: Delivery) -> InvoiceRef | None:
    """The invoice that the event itself is about, as it was then."""
    return item.event.payload.invoice if isinstance(item.event.payload, InvoiceEvent) else None


def of_accounting(outcome: Outcome, name: str) -> Outcome:
    """Marks whose word it is, so that an outage of 1C is not told as one of the CRM."""
    if isinstance(outcome, Done):
        outcome.values["system"] = name
    elif isinstance(outcome, ConnectorError):
        outcome.system = name
    return outcome


def hint(ready: Sequence[Decided], outcomes: Mapping[str, Outcome], outside: Outside) -> None:
    """Have the sales looked at that were written to: their events come at once, and not with the next poll."""
    done = [d for d in ready if isinstance(outcomes[d.item.key], Done)]
    if done:
        outside.hint({d.item.key: f"sale:{d.frozen['told']['sale']}" for d in done})


def _own_lead(item: Delivery) -> Target | None:
    """The lead of an event of accounting, unless the step is about another one. It may have been deleted since."""
    own = event_invoice(item)
    if own is None or (item.needed or {}).get("lead_id", own.lead) != own.lead:
        return None
    lead = item.event.payload.lead if isinstance(item.event.payload, InvoiceEvent) else None
    return Target(own.lead, lead.contacts[0] if lead and lead.contacts else "")


def _sold(
    item: Delivery,
    target: Target | ConnectorError,
    sales: Mapping[str, Sequence[InvoiceRef]],
    asked: Mapping[str, Sequence[Sale]],
) -> Sold | ConnectorError:
    if isinstance(target, ConnectorError):
        return target
    if not target.lead_id:
        return Rejected(f"contact {target.contact_id} has no open lead", hint=NO_LEAD)
    own, some = event_invoice(item), sales.get(target.lead_id, ())
    wanted = asked.get(target.lead_id, ())
    if own is not None and own.lead == target.lead_id:
        invoice: InvoiceRef | None = next((one for one in some if one.id == own.id), own)
    else:
        invoice = newest(some, wanted)
    if invoice is None:
        return Rejected(f"lead {target.lead_id} has no invoice in accounting", hint=NO_SALE)
    made = bool(invoice.ref) or any(sale.id == invoice.id and sale.invoice for sale in wanted)
    return Sold(invoice, target.lead_id, target.contact_id, made)
