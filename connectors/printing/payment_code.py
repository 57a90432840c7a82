"""The code on an invoice that banks' applications read to fill in a payment: ГОСТ Р 56042-2014, in UTF-8."""

from __future__ import annotations

from connectors.printing.forms import InvoiceForm, vat_name
from provodka.accounting import Vat
from provodka.russian import NBSP, grouped


def payment_code(form: InvoiceForm) -> str:
    """What the code holds. The standard limits the length of a text, and the sum is in kopecks."""
    bank = form.account
    values = {
        "Name": form.seller.name[:160],
        "PersonalAcc": bank.number,
        "BankName": bank.bank[:45],
        "BIC": bank.bic,
        "CorrespAcc": bank.correspondent or "0",
        "PayeeINN": form.seller.inn,
        "KPP": form.seller.kpp,
        "Sum": str(int(form.total * 100)),
        "Purpose": purpose(form)[:210],
    }
    return "|".join(("ST00012", *(f"{key}={_plain(value)}" for key, value in values.items() if value)))


def purpose(form: InvoiceForm) -> str:
    """What the payment is for, with VAT as banks ask for it."""
    taxes = [f"{vat_name(tax.rate)} {grouped(tax.vat, 2)} руб." for tax in form.taxes if tax.rate is not Vat.NONE]
    vat = f"В том числе {', '.join(taxes)}" if taxes else "Без НДС"
    return f"Оплата по счёту № {form.short} от {form.date:%d.%m.%Y}. {vat}".replace(NBSP, " ")


def _plain(value: str) -> str:
    """Without what would end a field."""
    return " ".join(value.replace("|", " ").split())
