"""Reading leads: by id, and the open ones of contacts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from connectors.amocrm.client import Json, embedded
from connectors.amocrm.known import lead_ref, read_lead
from connectors.amocrm.room import Room
from connectors.crm.changes import Authors, Card
from connectors.crm.leads import has_value, in_pipeline, newest_first
from connectors.crm.mirror import LEAD, KnownLead, load_lead, moment
from provodka.crm import LeadQuery, LeadState
from provodka.payloads import LeadRef
from provodka.stores import Snapshot

WITH: Final = "contacts,loss_reason"


class Leads:
    """The leads of one account."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def read(self, ids: Sequence[str]) -> dict[str, LeadRef]:
        """As rules see them. Since when each is on its stage only the mirror knows."""
        items = self.items(ids)
        kept = self._room.mirrored(LEAD, list(items))
        return {one: self._standing(item, kept.get(one)) for one, item in items.items()}

    def items(self, ids: Sequence[str]) -> dict[str, Json]:
        """As amoCRM gives them; deleted ones are absent."""
        found = self._room.by_ids("leads", ids, WITH)
        return {one: item for one, item in found.items() if not item.get("is_deleted")}

    def ref(self, item: Json) -> LeadRef:
        """An item as rules see it."""
        room = self._room
        return lead_ref(item, room.directory, room.settings.url, room.settings.stamp_code)

    def known(self, item: Json) -> KnownLead:
        """An item as the mirror keeps it."""
        return read_lead(item, self._room.directory, self._room.settings.stamp_code)

    def card(self, item: Json) -> Card:
        """An item, ready to be compared."""
        created_at, updated_at = moment(item.get("created_at")), moment(item.get("updated_at"))
        authors = Authors(item.get("created_by"), item.get("updated_by"))
        return Card(self.known(item), created_at, updated_at, lambda: self.ref(item), authors=authors)

    def _standing(self, item: Json, kept: Snapshot | None) -> LeadRef:
        place = KnownLead(str(item["id"]), pipeline_id=item.get("pipeline_id"), status_id=item.get("status_id"))
        now = place.standing(load_lead(kept) if kept else None, moment(item.get("updated_at")))
        return replace(self.ref(item), stage_since=moment(now.stage_since))

    def open(self, contacts: Sequence[str], pipeline: str) -> dict[str, list[LeadRef]]:
        """The open leads of each contact, newest first."""
        return {
            one: [ref for ref in refs if ref.state == LeadState.OPEN and in_pipeline(ref, pipeline)]
            for one, refs in self.of_contacts(contacts).items()
        }

    def of_contacts(self, contacts: Sequence[str]) -> dict[str, list[LeadRef]]:
        """All leads of each contact, newest first."""
        cards = self._room.by_ids("contacts", contacts, "leads")
        leads = {one: [str(lead["id"]) for lead in embedded(card, "leads")] for one, card in cards.items()}
        refs = self.read([lead for ids in leads.values() for lead in ids])
        return {one: newest_first(refs[lead] for lead in leads.get(one, ()) if lead in refs) for one in contacts}

    def find(self, query: LeadQuery) -> list[LeadRef]:
        """By amoCRM's own search, which also finds the text in other fields: so look at the values themselves."""
        field = self._room.directory.field(query.field)
        if not query.value.strip():
            return []
        asked = [("query", query.value.strip()), ("with", WITH)]
        items = (item for _, page in self._room.client.pages("/leads", "leads", asked) for item in page)
        refs = (self.ref(item) for item in items if not item.get("is_deleted"))
        return newest_first(ref for ref in refs if has_value(ref, field.name, query))
