"""`print`: the printed form of a document of accounting, hung on the card of the lead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from provodka.accounting import DocumentKind
from provodka.crm import CardKind, CardRef, NewFile
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Outcome, Postponed
from provodka.settings import Strict
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Place, Planning
from rules.actions.books import Sold, find_sales, no_accounting, of_accounting
from rules.actions.desk import Desk, pack, submit, told
from rules.beside import Beside
from rules.durations import DurationText, parse_duration

_PAUSES: Final = (timedelta(seconds=15), timedelta(hours=1))
_TITLES: Final = {"invoice": "счёта", "order": "заказа", "shipment": "накладной"}


class PrintParams(Strict):
    """`document` is that of the sale; of several shipments the last. `name` is the file's, without it that of 1C.

    For the form is waited `within` so long: accounting may make the document later.
    """

    document: Literal["invoice", "order", "shipment"] = "invoice"
    name: str = ""
    within: DurationText = parse_duration("2d")


class PrintForm(Action[PrintParams]):
    """Each form once, however often it is attempted. Values of the result: sale, files (its name), reason."""

    name = "print"
    params = PrintParams
    templates = frozenset({"name"})
    lead = LeadUse.NEEDS

    def plan(self, planning: Planning[PrintParams]) -> dict[str, Any]:
        until = planning.calendar.add(planning.params.within, planning.now)
        return {
            "document": planning.params.document,
            "name": " ".join(planning.rendered["name"].split()),
            "since": planning.now.isoformat(),
            "until": until.isoformat(),
        }

    def doubles(self, earlier: PrintParams, later: PrintParams) -> bool:
        return earlier.document == later.document

    def beside(self, params: PrintParams, beside: Beside) -> Iterator[tuple[Place, str, str]]:  # noqa: ARG002
        yield from no_accounting(beside)

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        found = find_sales(items, desk)
        return [_decision(item, found[item.key], desk) for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        outcomes = submit(Desk(outside).crm.attach_files, NewFile, "file", ready)
        return [told(outcomes[d.item.key], d.frozen["told"]) for d in ready]


def _decision(item: Delivery, sold: Sold | ConnectorError, desk: Desk) -> Decision:
    if isinstance(sold, ConnectorError):
        return sold
    document, accounting = item.params["document"], desk.accounting
    try:
        printed = accounting.printed(sold.invoice.id, DocumentKind(document))
    except ConnectorError as error:
        return of_accounting(error, accounting.name)
    if printed is None:
        return _later(item, sold, desk.outside.now)
    name = item.params["name"] or printed.name
    file = desk.outside.keep(name if name.casefold().endswith(".pdf") else f"{name}.pdf", printed.body)
    return {
        "file": pack(NewFile(file, CardRef(CardKind.LEAD, sold.lead_id))),
        "told": {**sold.told, "files": file.name, "reason": "drawn by us" if printed.own else ""},
    }


def _later(item: Delivery, sold: Sold, now: datetime) -> Decision:
    """The longer it lasts the more seldom is looked."""
    since, until = (datetime.fromisoformat(item.params[name]) for name in ("since", "until"))
    what = item.params["document"]
    if now >= until:
        text = f"1С не дала печатную форму {_TITLES[what]}: проверьте, что документ проведён, и повторите resend"
        return Rejected(f"accounting has no printed form of the {what} of sale {sold.invoice.id}", hint=text)
    shortest, longest = _PAUSES
    pause = min(max((now - since) / 2, shortest), longest)
    return Postponed(min(now + pause, until), f"accounting has no printed form of the {what} yet")
