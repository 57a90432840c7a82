"""The planner's half of following a CRM, for tests of the connectors."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from provodka.event import Event
from provodka.payloads import Change, CrmHint, EventType, Person


@dataclass
class Follower:
    """Does with a hint what the planner does: derives, keeps the snapshots, drops what came before."""

    crm: object
    store: object
    seen: set = field(default_factory=set)

    def hint(self, *entities):
        hint = CrmHint(tuple(entities))
        now = datetime.now(UTC)
        event = Event("0", EventType.CRM_HINT, "crm", str(now.timestamp()), now, now, Person(), hint)
        return self._take(*self.crm.derive(hint, event))

    def reconcile(self, at=None):
        events, snapshots, cursors = self.crm.reconcile(at or datetime.now(UTC))
        self.store.cursors.update(cursors)
        return self._take(events, snapshots)

    def _take(self, events, snapshots):
        for kind, rows in snapshots.items():
            self.store.put_snapshots("crm", kind, rows)
        fresh = [event for event in events if event.external_id not in self.seen]
        self.seen.update(event.external_id for event in fresh)
        return fresh


def told(events):
    """What the events say, in short."""
    changes = ((event.type.value, getattr(event.payload, "change", Change())) for event in events)
    return [(kind, change.field, change.new) for kind, change in changes]
