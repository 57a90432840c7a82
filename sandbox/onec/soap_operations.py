"""The operations of the web service: XDTO values in, XDTO values out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sandbox.onec.cml_write import quantity
from sandbox.onec.desk import Desk
from sandbox.onec.drafts import (
    Counterparty,
    CounterpartyDraft,
    Gone,
    InvoiceDraft,
    LineDraft,
    OrderDraft,
    Refused,
    Told,
)
from sandbox.onec.errors import OnecError
from sandbox.onec.papers import Line

Values = Mapping[str, Any]


class Operations:
    """The operations by name. Those of the reference raise; the later ones answer with `Result`, code and text."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._raising: dict[str, Callable[[Values], Values]] = {
            "CreateCounterparty": self._create_counterparty,
            "CreateInvoice": self._create_invoice,
            "GetDocumentsSince": self._documents_since,
            "GetPrintForm": self._print_form,
            "Ping": lambda _: {key.capitalize(): value for key, value in desk.about().items()},
        }
        self._telling: dict[str, Callable[[Values], Values]] = {
            "FindCounterparty": self._find_counterparty,
            "CreateOrder": self._create_order,
            "FindDocument": lambda values: {"Details": _details(desk.document(values["ExternalId"]))},
            "GetDocument": lambda values: {"Details": _details(desk.paper(values["Ref"]))},
            "CancelDocument": lambda values: {"Document": _result(desk.cancel(values["Ref"]), created=False)},
        }

    def call(self, operation: str, values: Values) -> Values:
        if operation in self._raising:
            return self._raising[operation](values)
        try:
            return {"Code": "ok", "Text": "", **self._telling[operation](values)}
        except Refused as refusal:
            return {"Code": refusal.code, "Text": refusal.message, "Field": refusal.field or None}

    def _create_counterparty(self, values: Values) -> Values:
        given = values["Counterparty"]
        inn = given["INN"] or ""
        person = "entrepreneur" if inn else "person"
        draft = CounterpartyDraft(
            external_id=given["ExternalId"],
            name=given["Name"],
            inn=inn,
            kpp=given["KPP"] or "",
            full_name=given["FullName"] or "",
            kind="legal" if given["LegalEntity"] else person,
            ogrn=given["OGRN"] or "",
            email=given["Email"] or "",
            phone=given["Phone"] or "",
        )
        made = self._desk.counterparty(draft)
        return {"Ref": made.ref, "Code": made.code, "Created": made.created}

    def _create_invoice(self, values: Values) -> Values:
        given = values["Invoice"]
        draft = InvoiceDraft(
            external_id=given["ExternalId"],
            organization_inn=given["OrganizationINN"],
            counterparty=given["CounterpartyRef"],
            date=given["Date"],
            currency=given["Currency"],
            price_includes_vat=given["PriceIncludesVAT"],
            lines=tuple(_line_draft(line) for line in given["Lines"]),
            comment=given["Comment"] or "",
            post=values["Post"],
        )
        made = self._desk.invoice(draft)
        return _result(made.told, made.created)

    def _create_order(self, values: Values) -> Values:
        given = values["Order"]
        draft = OrderDraft(
            given["ExternalId"], given["InvoiceRef"], given["Date"], given["Comment"] or "", post=values["Post"]
        )
        made = self._desk.order(draft)
        return {"Document": _result(made.told, made.created)}

    def _documents_since(self, values: Values) -> Values:
        types = frozenset(word.strip().lower() for word in values["Types"].split(",") if word.strip())
        found = self._desk.changes(values["Cursor"], values["MaxCount"], types)
        items = [item for one in found.items for item in _items(one)]
        return {"Cursor": found.cursor, "HasMore": found.has_more, "Items": items}

    def _print_form(self, values: Values) -> Values:
        if values["Format"].lower() != "pdf":
            raise OnecError(f"Формат {values['Format']} не поддерживается")
        name, content = self._desk.printed(values["Ref"])
        return {"FileName": name, "ContentType": "application/pdf", "Data": content}

    def _find_counterparty(self, values: Values) -> Values:
        found = self._desk.find_counterparties(values["INN"], values["KPP"] or "")
        return {"Counterparties": [_found(one) for one in found]}


def _line_draft(line: Values) -> LineDraft:
    return LineDraft(
        name=line["Name"],
        quantity=line["Quantity"],
        price=line["Price"],
        sum=line["Sum"],
        vat_rate=line["VATRate"],
        vat_sum=line["VATSum"],
        ref=line["NomenclatureRef"] or "",
        sku=line["Article"] or "",
    )


def _result(told: Told, created: bool) -> Values:
    paper = told.paper
    return {
        "Ref": paper.ref,
        "Number": paper.number,
        "Date": paper.date,
        "Posted": paper.posted,
        "Sum": f"{paper.sum:.2f}",
        "VATSum": f"{told.vat:.2f}",
        "Created": created,
        "Version": paper.version,
    }


def _items(one: Told | Gone) -> list[Values]:
    """One `Document`, or for a payment of several documents one for each of them with its part of the sum."""
    if isinstance(one, Gone):
        empty = {"BaseRef": None, "Number": "", "Date": datetime(1, 1, 1), "Sum": "0.00"}  # noqa: DTZ001
        return [{"Type": one.kind.capitalize(), "Ref": one.ref, **empty, "Posted": False, "DeletionMark": True}]
    whole = _document(one)
    shares = [{"BaseRef": part.invoice_ref or part.order_ref or None, "Sum": f"{part.sum:.2f}"} for part in one.shares]
    return [{**whole, **share} for share in shares] or [whole]


def _document(one: Told) -> dict[str, Any]:
    paper = one.paper
    return {
        "Type": paper.kind.capitalize(),
        "Ref": paper.ref,
        "BaseRef": one.invoice_ref or one.order_ref or None,
        "Number": paper.number,
        "Date": paper.date,
        "Posted": one.stands,
        "DeletionMark": paper.deleted,
        "Sum": f"{paper.sum:.2f}",
        "Lines": [_line(line) for line in one.lines],
    }


def _details(one: Told) -> Values:
    shares = [
        {"InvoiceRef": part.invoice_ref or None, "OrderRef": part.order_ref or None, "Sum": f"{part.sum:.2f}"}
        for part in one.shares
    ]
    return {
        "ExternalId": one.external_id or None,
        "CounterpartyRef": one.paper.counterparty.ref or None,
        "VATSum": f"{one.vat:.2f}",
        "Version": one.paper.version,
        "Document": _document(one),
        "Allocations": shares,
    }


def _line(line: Line) -> Values:
    return {
        "LineNumber": line.number,
        "NomenclatureRef": line.product,
        "Article": line.article or None,
        "Name": line.name,
        "Quantity": quantity(line.quantity),
        "Price": f"{line.price:.2f}",
        "VATRate": line.vat_rate or "none",
        "VATSum": f"{line.vat:.2f}",
        "Sum": f"{line.sum:.2f}",
    }


def _found(one: Counterparty) -> Values:
    return {
        "Ref": one.ref,
        "Code": one.code,
        "INN": one.inn,
        "KPP": one.kpp,
        "Name": one.name,
        "FullName": one.full_name,
    }
