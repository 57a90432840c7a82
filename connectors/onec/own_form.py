"""Our own printed form of an invoice of 1C."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from connectors.onec.settings import BooksSettings
from connectors.printing.forms import InvoiceForm, Party
from connectors.printing.invoice import render_invoice
from connectors.printing.settings import Look
from provodka.accounting import BankAccount, Document, Sale
from provodka.errors import Rejected

ROUBLES: Final = "RUB"


def draw(sale: Sale, invoice: Document, settings: BooksSettings) -> bytes:
    """PDF of an invoice as accounting has it; the same invoice is the same file. Raises Rejected where it cannot be
    printed honestly."""
    if invoice.currency != ROUBLES:
        hint = "Счёт не в рублях: печатную форму может дать только 1С"
        raise Rejected(f"invoice {invoice.number} is in {invoice.currency}", hint=hint)
    own = settings.organization
    account = own.account
    bank = BankAccount(account.number, account.bic, account.bank, account.correspondent) if account else None
    moment = invoice.date or datetime(1970, 1, 1, tzinfo=UTC)
    form = InvoiceForm(
        number=invoice.number,
        date=moment.astimezone(ZoneInfo(settings.timezone)).date(),
        seller=Party(own.name, own.inn, own.kpp, own.address, own.phone, bank),
        buyer=Party(sale.buyer, sale.inn, sale.kpp, sale.address),
        lines=invoice.lines,
        total=invoice.amount,
        made_at=moment,
        vat_included=sale.vat_included,
    )
    return render_invoice(form, settings.own_form or Look())
