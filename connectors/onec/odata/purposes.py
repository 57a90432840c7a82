"""Payments that name no invoice but mention its number: what they may be for, as a suggestion and never as a fact."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from connectors.onec.odata.base import Base
from connectors.onec.odata.query import Row, every, guid, moment
from provodka.accounting import Document, DocumentKind
from provodka.invoices import short_number

BACK: Final = timedelta(days=180)  # an invoice older than that is rarely paid, and its number has come again
_NUMBERS: Final = re.compile(r"сч(?:[её]т\w*)?\.?\s*(?:на оплату\s*)?(?:№|N|#)?\s*([\w/-]*\d)", re.IGNORECASE)


class Purposes:
    """Looks for the invoices that purposes of payments mention."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def invoices(self, purpose: str, payment: Document) -> list[str]:
        """Refs of the payer's invoices with one of the numbers."""
        numbers = {short_number(one) for one in _NUMBERS.findall(purpose)}
        if not numbers or not payment.counterparty or payment.date is None:
            return []
        minute = self._base.now().replace(second=0, microsecond=0)  # one look for all payments that come together
        rows = self._base.kept(("invoices of", payment.counterparty, minute), lambda: self._of(payment))
        return [str(row["Ref_Key"]) for row in rows if short_number(str(row.get("Number") or "").strip()) in numbers]

    def _of(self, payment: Document) -> list[Row]:
        base = self._base
        paper = base.names.paper(DocumentKind.INVOICE)
        if not base.schema.has(paper.set, paper.counterparty) or base.schema.composite(paper.set, paper.counterparty):
            return []
        since = base.wall((payment.date or base.now()) - BACK)
        name = base.schema.property(paper.set, paper.counterparty)
        where = every(f"{name} eq {guid(payment.counterparty)}", f"Date ge {moment(since)}", "DeletionMark eq false")
        return base.client.rows(paper.set, where=where, select="Ref_Key,Number")
