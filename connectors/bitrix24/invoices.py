"""Invoices of deals: smart invoices with rows of their own, recognised by our key in their outer code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from connectors.bitrix24.client import PAGE, id_of, moment
from connectors.bitrix24.directory import DEALS, INVOICES
from connectors.bitrix24.patching import LONGEST_NAME, item_add, item_done, item_update
from connectors.bitrix24.product_rows import set_rows
from connectors.bitrix24.query import Json
from connectors.bitrix24.room import Room, gone, number, unfinished
from connectors.crm.batching import build
from connectors.crm.values import plain_number
from provodka.crm import Invoice, InvoicePayment, InvoiceState, LeadState, NewInvoice, not_offered
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome, Request

OF_LEADS: Final = "счетов у лидов (счета выставляют по сделкам: поставьте crm.entity: deal)"
NO_TITLE: Final = "У счёта нет названия: укажите его вместе с номером, например «Счёт 238»."
NO_PAID_STAGE: Final = "В воронке счетов Битрикс24 нет этапа «оплачен»: добавьте успешный этап."
STATES: Final = {LeadState.OPEN: InvoiceState.ISSUED, LeadState.WON: InvoiceState.PAID}
PARENT: Final = f"parentId{DEALS.type_id}"


class Invoices:
    """`invoices`, `create_invoices` and `pay_invoices` of one portal."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def read(self, lead_ids: Sequence[str]) -> dict[str, list[Invoice]]:
        self._need_deals()
        deals = list(self._room.by_ids(DEALS, lead_ids))
        found: dict[str, list[Invoice]] = {one: [] for one in deals}
        parts = [deals[start : start + PAGE] for start in range(0, len(deals), PAGE)]
        for rows in self._room.all_items(INVOICES, [{f"@{PARENT}": part} for part in parts]):
            for row in rows:
                if (invoice := self._neutral(row)).lead_id in found:
                    found[invoice.lead_id].append(invoice)
        return found

    def create(self, requests: Sequence[Request[NewInvoice]]) -> list[Outcome]:
        self._need_deals()
        deals = self._room.by_ids(DEALS, [request.params.lead_id for request in requests])
        bodies, outcomes = build(requests, lambda request: _body(request, deals))
        made = self._room.deliver({i: item_add(INVOICES, body) for i, body in bodies.items()}, item_done)
        outcomes.update(made)
        outcomes.update(self._complete(requests, made))
        return [outcomes[i] for i in range(len(requests))]

    def find(self, requests: Sequence[Request[NewInvoice]]) -> list[Done | None]:
        """By our key; of twins the older one is ours. Its rows are written again: a broken attempt may lack them."""
        keys = [request.key for request in requests]
        filters = [{"@xmlId": keys[start : start + PAGE]} for start in range(0, len(keys), PAGE)]
        ids: dict[str, str] = {}
        for row in (row for rows in self._room.items(INVOICES, filters) for row in rows):
            ids.setdefault(str(row.get("xmlId")), id_of(row))
        found = self._room.settled(requests, [Done(ids[key], found=True) if key in ids else None for key in keys])
        for error in self._complete(requests, {i: done for i, done in enumerate(found) if done}).values():
            raise error
        return found

    def pay(self, requests: Sequence[Request[InvoicePayment]]) -> list[Outcome]:
        """The portal keeps the moment of the move, not of the payment."""
        ids = [request.params.invoice_id for request in requests]
        there = self._room.by_ids(INVOICES, ids)
        bodies, outcomes = build(requests, lambda request: self._paid(request.params.invoice_id, there))
        outcomes.update({i: Done(ids[i]) for i, body in bodies.items() if not body})
        commands = {i: item_update(INVOICES, ids[i], body) for i, body in bodies.items() if body}
        outcomes.update(self._room.deliver(commands, item_done))
        return [outcomes[i] for i in range(len(requests))]

    def _need_deals(self) -> None:
        if self._room.kind is not DEALS:
            raise not_offered("Битрикс24", OF_LEADS)

    def _complete(
        self, requests: Sequence[Request[NewInvoice]], made: Mapping[int, Outcome]
    ) -> dict[int, ConnectorError]:
        """Write the rows of those that are made; what goes wrong there is the outcome of the whole."""
        commands = {
            i: set_rows(INVOICES, outcome.remote_id, requests[i].params.lines)
            for i, outcome in made.items()
            if isinstance(outcome, Done) and requests[i].params.lines
        }
        sent = self._room.deliver(commands, lambda _: Done())
        return {
            i: unfinished(outcome, "its rows") for i, outcome in sent.items() if isinstance(outcome, ConnectorError)
        }

    def _paid(self, invoice: str, there: Mapping[str, Json]) -> Json:
        item = there.get(invoice)
        if item is None:
            raise gone("invoice", invoice)
        category = str(item.get("categoryId") or 0)
        funnels = [one for one in self._room.directory.invoice_pipelines() if one.id == category]
        paid = next((one.id for funnel in funnels for one in funnel.stages if one.state is LeadState.WON), "")
        if not paid:
            raise Rejected(f"the funnel {category} of invoices has no paid stage", hint=NO_PAID_STAGE)
        return {} if item.get("stageId") == paid else {"stageId": paid}

    def _neutral(self, item: Json) -> Invoice:
        stage = str(item.get("stageId") or "")
        funnels = self._room.directory.invoice_pipelines()
        known = next((one for funnel in funnels for one in funnel.stages if one.id == stage), None)
        state = STATES.get(known.state, InvoiceState.OTHER) if known else InvoiceState.OTHER
        return Invoice(
            id=id_of(item),
            title=str(item.get("title") or ""),
            state=state,
            amount=Decimal(plain_number(str(item.get("opportunity") or 0))),
            lead_id=str(item.get(PARENT) or ""),
            paid_at=moment(item.get("movedTime")) if state is InvoiceState.PAID else None,
            url=f"{self._room.settings.portal}/crm/type/{INVOICES.type_id}/details/{id_of(item)}/",
        )


def _body(request: Request[NewInvoice], deals: Mapping[str, Json]) -> Json:
    """Nothing of it may fail once it is made, so its rows are tried here too."""
    new = request.params
    deal = deals.get(new.lead_id)
    if deal is None:
        raise gone("deal", new.lead_id)
    if not new.title.strip():
        raise Rejected("an invoice without a title cannot be recognised", hint=NO_TITLE)
    set_rows(INVOICES, "0", new.lines)
    return {
        "title": new.title.strip()[:LONGEST_NAME],
        "xmlId": request.key,
        PARENT: number(new.lead_id),
        **({"assignedById": deal["assignedById"]} if deal.get("assignedById") else {}),
        **({"contactIds": [number(new.contact_id)]} if new.contact_id else {}),
        **({"companyId": number(new.company_id)} if new.company_id else {}),
        **({"comments": new.comment} if new.comment else {}),
    }
