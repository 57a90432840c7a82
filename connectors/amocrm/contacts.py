"""Contacts by their ids, freshly read, and changes of them."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.amocrm.additions import GONE
from connectors.amocrm.client import Json
from connectors.amocrm.known import card_url, first_company, named_fields, read_contact, tag_names
from connectors.amocrm.patching import PartyWrites, head, responsible, tag_changes, values_of
from connectors.amocrm.problems import STALE_IDS
from connectors.amocrm.room import Room
from connectors.crm.batching import build, with_fresh_names
from connectors.crm.mirror import CONTACT
from provodka.crm import Contact, ContactChange
from provodka.operation import Done, Outcome, Request

IDENTITIES = ("PHONE", "EMAIL")


class Contacts:
    """`contacts` and `update_contacts` of one account."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._writes = PartyWrites(room, CONTACT, "contacts", GONE)

    def read(self, ids: Sequence[str]) -> dict[str, Contact]:
        found = self._room.by_ids("contacts", ids, "leads")
        return {one: self._neutral(item) for one, item in found.items() if not item.get("is_deleted")}

    def update(self, requests: Sequence[Request[ContactChange]]) -> list[Outcome]:
        return with_fresh_names(self._room.directory, requests, self._update, STALE_IDS)

    def _update(self, requests: Sequence[Request[ContactChange]]) -> list[Outcome]:
        bodies, outcomes = build(requests, self._body)
        outcomes.update({i: Done(requests[i].params.contact_id) for i, body in bodies.items() if len(body) == 2})
        order = [i for i in bodies if i not in outcomes]
        sent = self._writes.patch([bodies[i] for i in order])
        outcomes.update(zip(order, sent, strict=True))
        return [outcomes[i] for i in range(len(requests))]

    def _body(self, request: Request[ContactChange]) -> Json:
        change, directory = request.params, self._room.directory
        body = {**head(change.contact_id, change.name), **responsible(directory, change.responsible)}
        if change.fields:
            body["custom_fields_values"] = values_of(directory, "contacts", change.fields)
        return {**body, **tag_changes(change.add_tags, change.remove_tags)}

    def _neutral(self, item: Json) -> Contact:
        known = read_contact(item, self._room.zone).neutral(self._room.directory)
        return Contact(
            id=known.id,
            name=known.name,
            phones=known.phones,
            emails=known.emails,
            responsible=known.responsible,
            leads=known.leads,
            updated_at=known.updated_at,
            company_id=first_company(item),
            fields=named_fields(
                item, self._room.directory.account().zone, (*IDENTITIES, self._room.settings.stamp_code)
            ),
            tags=tag_names(item),
            url=card_url(self._room.settings.url, "contacts", item["id"]),
        )
