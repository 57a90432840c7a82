"""A CRM in memory that also keeps what stands around a lead: firms, links, products, invoices, files, bots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provodka.crm import (
    BotStart,
    CardLink,
    Company,
    CompanyChange,
    CompanyQuery,
    Customer,
    FoundCompany,
    Invoice,
    InvoicePayment,
    LeadLines,
    NewCompany,
    NewContact,
    NewCustomer,
    NewFile,
    NewInvoice,
    ProductLine,
)
from provodka.operation import Done, Outcome, Repeat, Request, operation
from tests.rules.world import FakeCrm


class AroundCrm(FakeCrm):
    """What was written is kept as it was sent; firms are found by ИНН, phone, email and name, in this order."""

    def __init__(self) -> None:
        super().__init__()

        self.firms: dict[str, Company] = {}
        self.made: dict[str, str] = {}
        self.products: dict[str, list[ProductLine]] = {}
        self.bills: dict[str, list[Invoice]] = {}
        self.regulars: dict[str, list[Customer]] = {}

    def companies(self, ids: Sequence[str]) -> dict[str, Company]:
        self._read("companies", tuple(ids))
        return {one: self.firms[one] for one in ids if one in self.firms}

    def find_companies(self, queries: Sequence[CompanyQuery]) -> list[FoundCompany | None]:
        self._read("find_companies", list(queries))
        return [self._find_firm(query) for query in queries]

    def _find_firm(self, query: CompanyQuery) -> FoundCompany | None:
        def fits(firm: Company) -> list[bool]:
            return [
                bool(query.inn) and query.inn == firm.inn,
                bool(set(query.phones) & set(firm.phones)),
                bool(set(query.emails) & set(firm.emails)),
                bool(query.name) and query.name == firm.name,
            ]

        for at, reason in enumerate(("by ИНН", "by phone", "by email", "by name")):
            for firm in self.firms.values():
                if fits(firm)[at]:
                    return FoundCompany(firm, reason=reason)
        return None

    def _make(self, name: str, requests: Sequence[Request[Any]], prefix: str) -> list[Outcome]:
        def make(request: Request[Any], _: int) -> Outcome:
            id_ = self.made.setdefault(request.key, f"{prefix}{len(self.made) + 1}")
            return Done(id_)

        return self._write(name, requests, make)

    def _made(self, requests: Sequence[Request[Any]]) -> list[Done | None]:
        self.asked.append(("look back", [request.key for request in requests]))
        return [Done(self.made[r.key], found=True) if r.key in self.made else None for r in requests]

    @operation(repeat=Repeat.STAMP, batch=50)
    def create_contacts(self, requests: Sequence[Request[NewContact]]) -> list[Outcome]:
        return self._make("create_contacts", requests, "p")

    @create_contacts.find
    def _made_contacts(self, requests: Sequence[Request[Any]]) -> list[Done | None]:
        return self._made(requests)

    @operation(repeat=Repeat.STAMP, batch=50)
    def create_companies(self, requests: Sequence[Request[NewCompany]]) -> list[Outcome]:
        return self._make("create_companies", requests, "f")

    @create_companies.find
    def _made_companies(self, requests: Sequence[Request[Any]]) -> list[Done | None]:
        return self._made(requests)

    @operation(repeat=Repeat.SAFE, batch=50)
    def update_companies(self, requests: Sequence[Request[CompanyChange]]) -> list[Outcome]:
        return self._write("update_companies", requests, lambda r, _: Done(r.params.company_id))

    @operation(repeat=Repeat.SAFE, batch=50)
    def link_cards(self, requests: Sequence[Request[CardLink]]) -> list[Outcome]:
        return self._write("link_cards", requests, lambda r, _: Done(r.params.card.id))

    def lead_lines(self, lead_ids: Sequence[str]) -> dict[str, list[ProductLine]]:
        self._read("lead_lines", tuple(lead_ids))
        return {one: self.products.get(one, []) for one in lead_ids}

    @operation(repeat=Repeat.SAFE)
    def set_lead_lines(self, requests: Sequence[Request[LeadLines]]) -> list[Outcome]:
        return self._write("set_lead_lines", requests, lambda r, _: Done(r.params.lead_id))

    @operation(repeat=Repeat.PERSON, batch=50)
    def create_invoices(self, requests: Sequence[Request[NewInvoice]]) -> list[Outcome]:
        return self._make("create_invoices", requests, "i")

    def invoices(self, lead_ids: Sequence[str]) -> dict[str, list[Invoice]]:
        self._read("invoices", tuple(lead_ids))
        return {one: self.bills.get(one, []) for one in lead_ids}

    @operation(repeat=Repeat.SAFE, batch=50)
    def pay_invoices(self, requests: Sequence[Request[InvoicePayment]]) -> list[Outcome]:
        return self._write("pay_invoices", requests, lambda r, _: Done(r.params.invoice_id))

    def customers(self, contact_ids: Sequence[str]) -> dict[str, list[Customer]]:
        self._read("customers", tuple(contact_ids))
        return {one: self.regulars.get(one, []) for one in contact_ids}

    @operation(repeat=Repeat.PERSON, batch=50)
    def create_customers(self, requests: Sequence[Request[NewCustomer]]) -> list[Outcome]:
        return self._make("create_customers", requests, "r")

    @operation(repeat=Repeat.STAMP, batch=50)
    def attach_files(self, requests: Sequence[Request[NewFile]]) -> list[Outcome]:
        return self._make("attach_files", requests, "a")

    @attach_files.find
    def _made_files(self, requests: Sequence[Request[Any]]) -> list[Done | None]:
        return self._made(requests)

    @operation(repeat=Repeat.PERSON)
    def start_bots(self, requests: Sequence[Request[BotStart]]) -> list[Outcome]:
        return self._write("start_bots", requests, lambda r, _: Done(r.params.lead_id))
