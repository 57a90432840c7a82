"""The poll of accounting, and its events with the leads that they are about, as the CRM has them at that moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from provodka.accounting import AccountingAccount
from provodka.crm import Cards
from provodka.errors import AuthFailed, ConnectorError, Rejected
from provodka.event import Event
from provodka.journal import Journal
from provodka.payloads import InvoiceEvent, lead_of


def with_leads(events: Sequence[Event], crm: Cards | None) -> list[Event]:
    """One call for all. A lead that has been deleted stays None: the sale goes on without it."""
    wanted = list(dict.fromkeys(e.payload.invoice.lead for e in events if isinstance(e.payload, InvoiceEvent)))
    found = crm.look("lead", wanted) if crm is not None and wanted else {}
    full = []
    for event in events:
        payload = event.payload
        if isinstance(payload, InvoiceEvent) and payload.invoice.lead in found:
            person, card = found[payload.invoice.lead]
            event = replace(event, person=person, payload=replace(payload, lead=lead_of(card)))
        full.append(event)
    return full


_PATIENCE: Final = timedelta(minutes=30)
_CURE: Final = "Ничего не делайте: оплаты и отгрузки дойдут сами, когда 1С ответит"


class Poll:
    """Looks for what changed in accounting, again and again.

    Where it is not let in, or what it needs is not published, that is a trouble at once: payments stay unseen, and
    nobody else would notice. A base that is closed for an update, or does not answer, is one only when that lasts.
    """

    def __init__(self, account: AccountingAccount, crm: Cards | None, journal: Journal) -> None:
        self._account = account
        self._crm = crm
        self._journal = journal
        self._failing_since: datetime | None = None

    def look(self) -> None:
        """What changed since the last time goes into the inbox, with the snapshots it was found by."""
        account, now = self._account, self._journal.now()
        try:
            events, snapshots, cursors = account.reconcile(now)
        except ConnectorError as error:
            self._tell(error, now)
            raise
        seen = {(account.name, kind): rows for kind, rows in snapshots.items()}
        self._journal.accept_derived(with_leads(events, self._crm), seen, cursors)
        self._failing_since = None
        self._journal.back(account.name)

    def _tell(self, error: ConnectorError, now: datetime) -> None:
        self._failing_since = self._failing_since or now
        if isinstance(error, AuthFailed | Rejected) or now - self._failing_since >= _PATIENCE:
            self._journal.trouble(self._account.name, error.reason, error.hint or _CURE)
