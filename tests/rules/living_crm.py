"""A CRM in memory whose cards really change, for actions that read what they are about to replace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from provodka.crm import (
    CardKind,
    CardRemoval,
    Company,
    CompanyChange,
    Contact,
    ContactChange,
    LeadChange,
    LeadClosing,
    LeadConversion,
    LeadQuery,
    LeadReopening,
)
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import LeadRef
from tests.rules.world import NOW, FakeCrm

WON, LOST = "Успешно реализовано", "Закрыто и не реализовано"


class LivingCrm(FakeCrm):
    """Leads, contacts and companies by id; a write changes what a read shows."""

    def __init__(self) -> None:
        super().__init__()
        self.firms: dict[str, Company] = {}

    def put(self, *cards: LeadRef | Contact | Company) -> None:
        for card in cards:
            tables: dict[type, dict[str, Any]] = {
                LeadRef: self.lead_cards,
                Contact: self.contact_cards,
                Company: self.firms,
            }
            tables[type(card)][card.id] = card

    def leads_of(self, contact_ids: Sequence[str]) -> dict[str, list[LeadRef]]:
        self._read("leads_of", tuple(contact_ids))
        return {id_: [lead for lead in self.lead_cards.values() if id_ in lead.contacts] for id_ in contact_ids}

    def find_leads(self, queries: Sequence[LeadQuery]) -> list[list[LeadRef]]:
        self._read("find_leads", tuple(queries))
        return [[one for one in self.lead_cards.values() if one.fields.get(q.field) == q.value] for q in queries]

    def companies(self, ids: Sequence[str]) -> dict[str, Company]:
        self._read("companies", tuple(ids))
        return {id_: self.firms[id_] for id_ in ids if id_ in self.firms}

    @operation(repeat=Repeat.SAFE, batch=50)
    def update_leads(self, requests: Sequence[Request[LeadChange]]) -> list[Outcome]:
        return self._write("update_leads", requests, lambda r, _: self._changed(self.lead_cards, r.params.lead_id, r))

    @operation(repeat=Repeat.SAFE, batch=50)
    def update_contacts(self, requests: Sequence[Request[ContactChange]]) -> list[Outcome]:
        return self._write(
            "update_contacts", requests, lambda r, _: self._changed(self.contact_cards, r.params.contact_id, r)
        )

    @operation(repeat=Repeat.SAFE, batch=50)
    def update_companies(self, requests: Sequence[Request[CompanyChange]]) -> list[Outcome]:
        return self._write("update_companies", requests, lambda r, _: self._changed(self.firms, r.params.company_id, r))

    @operation(repeat=Repeat.SAFE, batch=50)
    def close_leads(self, requests: Sequence[Request[LeadClosing]]) -> list[Outcome]:
        def close(request: Request[LeadClosing], _: int) -> Outcome:
            won = request.params.won
            values = {"state": "won" if won else "lost", "stage": WON if won else LOST, "closed_at": NOW}
            return self._set(request.params.lead_id, **values)

        return self._write("close_leads", requests, close)

    @operation(repeat=Repeat.SAFE, batch=50)
    def reopen_leads(self, requests: Sequence[Request[LeadReopening]]) -> list[Outcome]:
        def reopen(request: Request[LeadReopening], _: int) -> Outcome:
            if self.lead_cards[request.params.lead_id].state == "open":
                return Done(request.params.lead_id)
            return self._set(request.params.lead_id, state="open", stage=request.params.stage, closed_at=None)

        return self._write("reopen_leads", requests, reopen)

    @operation(repeat=Repeat.SAFE, batch=50)
    def convert_leads(self, requests: Sequence[Request[LeadConversion]]) -> list[Outcome]:
        def convert(request: Request[LeadConversion], _: int) -> Outcome:
            wanted = request.params
            return self._set(wanted.lead_id, pipeline=wanted.pipeline, stage=wanted.stage)

        return self._write("convert_leads", requests, convert)

    @operation(repeat=Repeat.SAFE, batch=50)
    def remove_cards(self, requests: Sequence[Request[CardRemoval]]) -> list[Outcome]:
        def remove(request: Request[CardRemoval], _: int) -> Outcome:
            card = request.params.card
            (self.lead_cards if card.kind is CardKind.LEAD else self.contact_cards).pop(card.id, None)
            return Done(card.id, {"removed": "deleted"})

        return self._write("remove_cards", requests, remove)

    def _set(self, lead_id: str, **values: Any) -> Outcome:
        self.lead_cards[lead_id] = replace(self.lead_cards[lead_id], **values)
        return Done(lead_id)

    def _changed(self, table: dict[str, Any], one: str, request: Request[Any]) -> Outcome:
        change, card = request.params, table.get(one)
        if card is None:
            return Rejected(f"card {one} is gone")
        values: dict[str, Any] = {"fields": {k: v for k, v in {**card.fields, **change.fields}.items() if v}}
        for member in ("title", "name", "responsible", "price", "pipeline", "stage"):
            if getattr(change, member, None) not in (None, ""):
                values[member] = getattr(change, member)
        if getattr(change, "stage", ""):
            values["state"] = {WON: "won", LOST: "lost"}.get(change.stage, "open")
        removed = {tag.casefold() for tag in change.remove_tags}
        kept = [tag for tag in card.tags if tag.casefold() not in removed]
        values["tags"] = tuple(dict.fromkeys((*kept, *(tag for tag in change.add_tags if tag not in kept))))
        table[one] = replace(card, **values)
        return Done(one)
