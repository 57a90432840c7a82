"""Contacts by their ids, freshly read, and changes of them."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.bitrix24.cards import Leads, contacts_of
from connectors.bitrix24.client import id_of, moment
from connectors.bitrix24.directory import CONTACTS
from connectors.bitrix24.party_writes import PartyWrites
from connectors.bitrix24.patching import (
    LONGEST_NAME,
    multi_values,
    responsible,
    shown_fields,
    shown_tags,
    values_of,
)
from connectors.bitrix24.query import Json
from connectors.bitrix24.room import Room, gone
from connectors.bitrix24.tags import Tags
from connectors.crm.batching import build, with_fresh_names
from connectors.crm.mirror import emails_of, phones_of
from provodka.crm import CardKind, Contact, ContactChange
from provodka.operation import Done, Outcome, Request

KIND = CardKind.CONTACT
NAMES = ("name", "secondName", "lastName")


class Contacts:
    """`contacts` and `update_contacts` of one portal."""

    def __init__(self, room: Room, leads: Leads) -> None:
        self._room = room
        self._leads = leads
        self._tags = Tags(room, KIND)
        self._writes = PartyWrites(room, KIND, CONTACTS)

    def read(self, ids: Sequence[str]) -> dict[str, Contact]:
        """Their leads are those of which they are the main contact."""
        items = self._room.by_ids(CONTACTS, ids)
        leads: dict[str, list[str]] = {one: [] for one in items}
        for lead in self._leads.of_contacts(list(items)) if items else ():
            for one in contacts_of(lead):
                if one in leads:
                    leads[one].append(id_of(lead))
        return {one: self._neutral(item, tuple(leads[one])) for one, item in items.items()}

    def update(self, requests: Sequence[Request[ContactChange]]) -> list[Outcome]:
        return with_fresh_names(self._room.directory, requests, self._update)

    def _update(self, requests: Sequence[Request[ContactChange]]) -> list[Outcome]:
        items = self._room.by_ids(CONTACTS, [request.params.contact_id for request in requests])
        bodies, outcomes = build(requests, lambda request: self._body(request.params, items))
        outcomes.update({i: Done(requests[i].params.contact_id) for i, body in bodies.items() if not body})
        order = [i for i in bodies if i not in outcomes]
        outcomes.update(self._writes.patch({i: (requests[i].params.contact_id, bodies[i]) for i in order}))
        return [outcomes[i] for i in range(len(requests))]

    def _body(self, change: ContactChange, items: dict[str, Json]) -> Json:
        item = items.get(change.contact_id)
        if item is None:
            raise gone("contact", change.contact_id)
        directory = self._room.directory
        return {
            **_named(change.name, item),
            **responsible(directory, change.responsible),
            **values_of(directory, KIND, change.fields),
            **self._tags.changed(item, change.add_tags, change.remove_tags),
        }

    def _neutral(self, item: Json, leads: tuple[str, ...]) -> Contact:
        directory, one = self._room.directory, id_of(item)
        company = str(item.get("companyId") or "")
        return Contact(
            id=one,
            name=_whole_name(item),
            phones=phones_of(multi_values(item, "PHONE")),
            emails=emails_of(multi_values(item, "EMAIL")),
            responsible=directory.login_of(str(item.get("assignedById") or "")),
            leads=leads,
            updated_at=moment(item.get("updatedTime")),
            company_id=company if company != "0" else "",
            fields=shown_fields(directory, KIND, item),
            tags=shown_tags(directory, KIND, item),
            url=f"{self._room.settings.portal}/crm/contact/details/{one}/",
        )


def _whole_name(item: Json) -> str:
    return " ".join(text for key in NAMES if (text := str(item.get(key) or "").strip()))


def _named(name: str, item: Json) -> Json:
    """Which part of a name is which cannot be told, so it is written whole; one that is the same stays in its parts."""
    wanted = " ".join(name.split())
    if not wanted or wanted == _whole_name(item):
        return {}
    return {"name": wanted[:LONGEST_NAME], "secondName": "", "lastName": ""}
