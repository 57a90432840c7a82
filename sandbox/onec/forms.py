"""Printed forms: which documents have one, what file it is, and what stands on it."""

from __future__ import annotations

from sandbox.onec.drafts import Refused, Told
from sandbox.onec.pdf import pdf

TITLES = {"invoice": "Счет на оплату", "order": "Заказ клиента", "shipment": "Универсальный передаточный документ"}


def printed_form(told: Told) -> tuple[str, bytes]:
    """File name and PDF; Refused for a document that is not printed."""
    paper = told.paper
    if paper.kind not in TITLES:
        raise Refused("no_form", f"У документа {paper.number} нет печатной формы")
    title = f"{TITLES[paper.kind]} № {paper.printed} от {paper.date:%d.%m.%Y}"
    party = paper.counterparty
    buyer = f"Покупатель: {party.name}, ИНН {party.inn}" + (f", КПП {party.kpp}" if party.kpp else "")
    rows = [f"{one.number}. {one.name}: {one.quantity:f} x {one.price:.2f} = {one.sum:.2f}" for one in told.lines]
    total = f"Итого: {paper.sum:.2f} {told.currency}, в том числе НДС {told.vat:.2f}"
    return f"{title}.pdf", pdf([title, "", buyer, "", *rows, "", total])
