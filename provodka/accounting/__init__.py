"""The neutral accounting: what rules, the worker and the house know of 1C, whatever road leads to it.

Sums are Decimal in the document's currency, times UTC; refs are the ids of accounting, as strings.
"""

from provodka.accounting.documents import Basis, Document, DocumentKind, Line
from provodka.accounting.parties import BankAccount, Counterparty, NewCounterparty, PartyKind
from provodka.accounting.protocols import Accounting, AccountingAccount, Comparing, Printed, Terms
from provodka.accounting.requests import Cancellation, InvoiceRequest, OrderRequest, priced, total
from provodka.accounting.sale import Sale, arrows, newest, shown
from provodka.accounting.vat import KOPECK, Vat, VatText, kopecks, vat_amount

__all__ = [
    "KOPECK",
    "Accounting",
    "AccountingAccount",
    "BankAccount",
    "Basis",
    "Cancellation",
    "Comparing",
    "Counterparty",
    "Document",
    "DocumentKind",
    "InvoiceRequest",
    "Line",
    "NewCounterparty",
    "OrderRequest",
    "PartyKind",
    "Printed",
    "Sale",
    "Terms",
    "Vat",
    "VatText",
    "arrows",
    "kopecks",
    "newest",
    "priced",
    "shown",
    "total",
    "vat_amount",
]
