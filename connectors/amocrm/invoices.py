"""Invoices: elements of the list of invoices, hung on their leads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from connectors.amocrm.batch import deliver
from connectors.amocrm.catalogs import INVOICES, Catalogs, value_of, values_in
from connectors.amocrm.client import Json
from connectors.amocrm.lead_changes import GONE
from connectors.amocrm.patching import LONGEST_NAME, ROBOT, head, number, patch
from connectors.amocrm.problems import refusal
from connectors.amocrm.room import Room
from connectors.amocrm.tasks import answers
from connectors.crm.account import CLOCKS, earliest
from connectors.crm.batching import among, build, claimed, same_text
from connectors.crm.mirror import moment
from provodka.crm import Invoice, InvoicePayment, InvoiceState, NewInvoice, ProductLine
from provodka.errors import Ambiguous, ConnectorError, RateLimited, Rejected, Retryable
from provodka.operation import Done, Outcome, Request

NOT_THERE: Final = "Счёта нет в amoCRM: его удалили."
NO_TITLE: Final = "У счёта нет названия: укажите его вместе с номером, например «Счёт 238»."
NOT_HUNG: Final = "Счёт создан, но не привязан к сделке: её удалили или объединили с другой. Привяжите его вручную."
STATES: Final = {
    "created": InvoiceState.ISSUED,
    "paid": InvoiceState.PAID,
    "partially_paid": InvoiceState.PARTLY_PAID,
    "paid_in_advance": InvoiceState.PARTLY_PAID,
}
STATUS, SUM, PAID_AT = ("BILL_STATUS", "Статус"), ("BILL_PRICE", "Сумма"), ("BILL_PAYMENT_DATE", "Дата оплаты")
ITEMS: Final = ("ITEMS", "Товары")


class Invoices:
    """`invoices`, `create_invoices` and `pay_invoices` of one account."""

    def __init__(self, room: Room, catalogs: Catalogs) -> None:
        self._room = room
        self._catalogs = catalogs

    def read(self, lead_ids: Sequence[str]) -> dict[str, list[Invoice]]:
        rows = self._catalogs.of_leads(lead_ids, INVOICES)
        ids = dict.fromkeys(str(row["id"]) for some in rows.values() for row in some)
        elements = self._catalogs.elements(INVOICES, list(ids), "invoice_link")
        return {
            lead: [self._neutral(elements[str(row["id"])], lead) for row in some if str(row["id"]) in elements]
            for lead, some in rows.items()
        }

    def create(self, requests: Sequence[Request[NewInvoice]]) -> list[Outcome]:
        began = self._room.now()
        leads = self._catalogs.of_leads([request.params.lead_id for request in requests], INVOICES)
        bodies, outcomes = build(requests, lambda request: _body(request.params, leads))
        order = list(bodies)
        path = self._catalogs.path(INVOICES)
        made = deliver(
            [bodies[i] for i in order],
            send=lambda items: self._room.client.write("POST", path, items, accept=(400,)),
            answers=lambda reply, indices: answers(reply, "elements", indices),
            already=among(lambda part: self._look(part, began), [requests[i] for i in order]),
            size=self._room.settings.batch,
        )
        outcomes.update(zip(order, made, strict=True))
        return [self._hung(requests[i].params, outcomes[i]) for i in range(len(requests))]

    def find(self, requests: Sequence[Request[NewInvoice]]) -> list[Done | None]:
        """By its title, among the invoices made since; it is hung on its lead if it does not hang there yet."""
        found = self._room.settled(requests, self._look(requests, earliest(requests)))
        for request, done in zip(requests, found, strict=True):
            if done is not None:
                self._hang(request.params, done)
        return found

    def pay(self, requests: Sequence[Request[InvoicePayment]]) -> list[Outcome]:
        bodies, outcomes = build(requests, lambda request: _paid(request.params))
        sent = patch(self._room, self._catalogs.path(INVOICES), list(bodies.values()), NOT_THERE)
        outcomes.update(zip(bodies, sent, strict=True))
        return [outcomes[i] for i in range(len(requests))]

    def _look(self, requests: Sequence[Request[NewInvoice]], since: datetime) -> list[Done | None]:
        oldest = since.timestamp() - CLOCKS
        titles = [same_text(request.params.title)[:LONGEST_NAME] for request in requests]
        given = [
            (same_text(item.get("name")), str(item["id"]))
            for title in dict.fromkeys(titles)
            for item in self._catalogs.search(INVOICES, title)
            if int(item.get("created_at") or 0) >= oldest and same_text(item.get("name")) == title
        ]
        return claimed(titles, given)

    def _hung(self, new: NewInvoice, outcome: Outcome) -> Outcome:
        """Made, but perhaps not hung: then the next attempt must find it, not make another one."""
        if not isinstance(outcome, Done):
            return outcome
        try:
            self._hang(new, outcome)
        except (RateLimited, Retryable) as error:
            return Ambiguous(f"the invoice is there, but does not hang on its lead yet: {error.reason}")
        except ConnectorError as error:
            return error
        return outcome

    def _hang(self, new: NewInvoice, done: Done) -> None:
        metadata = {"quantity": 1, "catalog_id": self._catalogs.id(INVOICES)}
        link = {"to_entity_id": int(done.remote_id), "to_entity_type": "catalog_elements", "metadata": metadata}
        reply = self._room.client.write("POST", f"/leads/{number(new.lead_id)}/link", [link], accept=(400, 404))
        if reply.status >= 400:
            raise refusal(reply, NOT_HUNG)

    def _neutral(self, item: Json, lead_id: str) -> Invoice:
        def value(names: tuple[str, str]) -> Json:
            return value_of(item, self._catalogs.field(INVOICES, *names))

        items = values_in(item, self._catalogs.field(INVOICES, *ITEMS))
        total = sum((_amount(one) for one in items), Decimal(0)) or Decimal(str(value(SUM).get("value") or 0))
        paid_at = value(PAID_AT).get("value")
        return Invoice(
            id=str(item["id"]),
            title=str(item.get("name") or ""),
            state=STATES.get(str(value(STATUS).get("enum_code")), InvoiceState.OTHER),
            amount=total,
            lead_id=lead_id,
            paid_at=moment(paid_at) if paid_at else None,
            url=str(item.get("invoice_link") or ""),
        )


def _body(new: NewInvoice, leads: dict[str, list[Json]]) -> Json:
    if new.lead_id not in leads:
        raise Rejected(f"lead {new.lead_id} is not in the account", hint=GONE)
    if not new.title.strip():
        raise Rejected("an invoice without a title cannot be recognised", hint=NO_TITLE)
    total = sum((line.quantity * line.price for line in new.lines), Decimal(0))
    payer = ("contacts", new.contact_id) if new.contact_id else ("companies", new.company_id)
    values: Json = {"BILL_STATUS": [{"enum_code": "created"}]}
    if new.comment:
        values["BILL_COMMENT"] = [{"value": new.comment}]
    if payer[1]:
        values["PAYER"] = [{"value": {"entity_type": payer[0], "entity_id": number(payer[1])}}]
    if new.lines:
        values["ITEMS"] = [{"value": _item(line)} for line in new.lines]
        values["BILL_PRICE"] = [{"value": float(total)}]
    return {
        "name": new.title.strip()[:LONGEST_NAME],
        "created_by": ROBOT,
        "custom_fields_values": [{"field_code": code, "values": rows} for code, rows in values.items()],
    }


def _item(line: ProductLine) -> Json:
    item: Json = {"description": line.name, "unit_price": float(line.price), "quantity": float(line.quantity)}
    return {**item, **({"sku": line.sku} if line.sku else {}), **({"unit_type": line.unit} if line.unit else {})}


def _paid(payment: InvoicePayment) -> Json:
    status = {"field_code": STATUS[0], "values": [{"enum_code": "paid"}]}
    moment_ = {"field_code": PAID_AT[0], "values": [{"value": int(payment.paid_at.timestamp())}]}
    return {**head(payment.invoice_id, ""), "custom_fields_values": [status, moment_]}


def _amount(item: Json) -> Decimal:
    """amoCRM works the sum of a line out itself when the card is opened; until then it may be absent."""
    if item.get("total_sum") is not None:
        return Decimal(str(item["total_sum"]))
    return Decimal(str(item.get("unit_price") or 0)) * Decimal(str(item.get("quantity") or 0))
