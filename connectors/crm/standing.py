"""How leads stand, by their ids, out of the mirror and without a call."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.crm.callers import DIRECTORY, WORK
from connectors.crm.mirror import LEAD, load_lead
from provodka.crm import LeadState
from provodka.stores import Mirror


@dataclass(frozen=True, slots=True)
class MirrorStanding:
    """The states of leads of the CRM whose mirror is kept as `system`."""

    system: str
    store: Mirror

    def states(self, ids: Sequence[str]) -> dict[str, LeadState]:
        """By id; a lead that the mirror does not have is absent, as all are while the CRM's stages are not known."""
        kept = self.store.snapshots(self.system, DIRECTORY, [WORK]).get(WORK) if ids else None
        if kept is None:
            return {}
        told = json.loads(kept.body)
        closed, won = frozenset(told["closed"]), frozenset(told.get("won", ()))
        leads = {one: load_lead(kept) for one, kept in self.store.snapshots(self.system, LEAD, list(ids)).items()}
        found: dict[str, LeadState] = {}
        for one, lead in leads.items():
            stage = str(lead.status_id)
            shut = LeadState.WON if stage in won else LeadState.LOST
            found[one] = shut if stage in closed else LeadState.OPEN
        return found
