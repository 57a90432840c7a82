"""The products of leads, and the price that follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.bitrix24.cards import Leads
from connectors.bitrix24.client import mapping
from connectors.bitrix24.patching import item_done, item_update
from connectors.bitrix24.product_rows import read_rows, set_rows, total
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.room import Room, gone, named
from connectors.crm.batching import build
from connectors.crm.expecting import Aim, Expectations
from connectors.crm.mirror import LEAD, KnownLead, stranger
from connectors.crm.values import plain_number
from provodka.crm import LeadLines, ProductLine
from provodka.errors import Ambiguous, ConnectorError
from provodka.operation import Done, Outcome, Request


class Lines:
    """`lead_lines` and `set_lead_lines` of one portal."""

    def __init__(self, room: Room, leads: Leads) -> None:
        self._room = room
        self._leads = leads
        self._expectations = Expectations(room, LEAD, stranger)

    def read(self, lead_ids: Sequence[str]) -> dict[str, list[ProductLine]]:
        return read_rows(self._room, self._room.kind, list(self._leads.items(lead_ids)))

    def write(self, requests: Sequence[Request[LeadLines]]) -> list[Outcome]:
        """Whose price follows the rows is settled before the rows are written; a second time changes nothing."""
        ids = [request.params.lead_id for request in requests]
        items = self._leads.items(ids)
        commands, outcomes = build(requests, lambda request: self._rows(request.params, items))
        prices = {i: body for i in commands if (body := _price(requests[i].params, items[ids[i]]))}
        aims = self._expectations.expect(
            [(ids[i], requests[i].params) for i in commands], self._expectations.known(ids), _aim
        )
        settled = self._room.deliver(
            {i: item_update(self._room.kind, ids[i], body) for i, body in prices.items()}, item_done
        )
        failed = {i: one for i, one in settled.items() if not isinstance(one, Done)}
        sent = self._send({i: one for i, one in commands.items() if i not in failed})
        self._expectations.settle([(ids[i], one) for i, one in {**failed, **sent}.items()], aims)
        outcomes.update({i: named(one, ids[i]) for i, one in {**failed, **sent}.items()})
        return [outcomes[i] for i in range(len(requests))]

    def _send(self, commands: Mapping[int, Command]) -> dict[int, Outcome]:
        """An empty list cannot be said in a batch, so clearing a card's rows is a call of its own."""
        clearing = {i: one for i, one in commands.items() if not one.params["productRows"]}
        sent = self._room.deliver({i: one for i, one in commands.items() if i not in clearing}, _written)
        for i, one in clearing.items():
            try:
                sent[i] = _written(self._room.client.call(one.method, one.params, write=True))
            except ConnectorError as error:  # it is this lead's own, and costs the others nothing
                sent[i] = error
        return sent

    def _rows(self, wanted: LeadLines, items: Mapping[str, Json]) -> Command:
        if wanted.lead_id not in items:
            raise gone("lead", wanted.lead_id)
        return set_rows(self._room.kind, wanted.lead_id, wanted.lines)


def _follows(wanted: LeadLines) -> bool:
    """Whether the price becomes the sum. Lines that tell no prices leave it alone."""
    return wanted.set_price and not (wanted.lines and not total(wanted.lines))


def _price(wanted: LeadLines, item: Json) -> Json:
    """What makes the price follow the rows, or stay as it is; nothing where that is so already."""
    by_hand = str(item.get("isManualOpportunity")) in {"Y", "True", "1"}
    if _follows(wanted):
        return {"isManualOpportunity": "N"} if by_hand else {}
    return {} if by_hand else {"isManualOpportunity": "Y", "opportunity": item.get("opportunity") or 0}


def _aim(lead: KnownLead, wanted: LeadLines) -> Aim:
    del lead
    return {"price": plain_number(str(total(wanted.lines)))} if _follows(wanted) else {}


def _written(result: object) -> Outcome:
    return Done() if "productRows" in mapping(result) else Ambiguous("the answer holds no rows")
