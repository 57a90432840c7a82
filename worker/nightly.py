"""The night with 1C: everything is read anew, what was missed is told, and both sides are compared."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from provodka.accounting import AccountingAccount
from provodka.crm import CrmAccount
from provodka.event import Event, new_event_id
from provodka.journal import Journal
from provodka.payloads import EventType, InvoiceEvent, Person
from provodka.stores import Snapshot
from worker.booked import with_leads
from worker.comparison import Compared, compare

log = structlog.get_logger("worker")

DIFFERS: Final = "differs"
"""The mirror's kind of the differences of a sale as rules last heard of them."""


class Nightly:
    """The comparison of one account with its CRM. A difference is told once, as long as it stays the same."""

    def __init__(self, account: AccountingAccount, crm: CrmAccount, journal: Journal, zone: ZoneInfo) -> None:
        self._account = account
        self._crm = crm
        self._journal = journal
        self._zone = zone
        self._cursor = f"{account.name}:night"

    def when_due(self) -> bool:
        """Compare, if its hour has come and it was not done since; whether it was."""
        local = self._journal.now().astimezone(self._zone)
        day = local.date().isoformat()
        if f"{local:%H:%M}" < self._account.comparing.at or (self._journal.cursor(self._cursor) or "") >= day:
            return False
        found = self.run(day)
        log.info("accounting.compared", differing=sum(bool(one.differences) for one in found), sales=len(found))
        return True

    def run(self, day: str = "") -> list[Compared]:
        """Read everything anew, tell what was missed, then compare and tell what differs. `day` is marked as done."""
        name = self._account.name
        now = self._journal.now()
        events, snapshots, cursors = self._account.reconcile(now, full=True)
        seen = {(name, kind): rows for kind, rows in snapshots.items()}
        self._journal.accept_derived(with_leads(events, self._crm), seen, cursors)
        found = list(compare(self._account, self._crm, now))
        told = self._journal.store.snapshots(name, DIFFERS, [one.sale.id for one in found])
        news = [one for one in found if _text(one) != (told[one.sale.id].body if one.sale.id in told else "")]
        rows = [Snapshot(one.sale.id, _text(one), now) for one in news]
        differing = [_event(name, one, now) for one in news if one.differences]
        marked = {self._cursor: day} if day else {}
        self._journal.accept_derived(with_leads(differing, self._crm), {(name, DIFFERS): rows}, marked)
        return found


def _text(compared: Compared) -> str:
    return "\n".join(str(one) for one in compared.differences)


def _event(channel: str, compared: Compared, now: datetime) -> Event:
    id_ = new_event_id(now)
    text = _text(compared)
    mark = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Event(
        id=id_,
        type=EventType.INVOICE_DIFFERS,
        channel=channel,
        external_id=f"{EventType.INVOICE_DIFFERS.value}:{compared.sale.id}:{now:%Y-%m-%d}:{mark}",
        occurred_at=now,
        received_at=now,
        person=Person(),
        payload=InvoiceEvent(compared.invoice, compared.lead, compared.invoice.paper, text),
    )
