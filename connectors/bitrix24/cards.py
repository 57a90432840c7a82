"""Leads, be they the portal's leads or its deals: read by id or by contact, for the mirror and for rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from connectors.bitrix24.client import PAGE, id_of, moment
from connectors.bitrix24.fields import Value, decode, encode
from connectors.bitrix24.query import Json
from connectors.bitrix24.room import Room
from connectors.bitrix24.tags import tags_of
from connectors.crm.changes import Authors, Card
from connectors.crm.leads import has_value, in_pipeline, newest_first
from connectors.crm.mirror import KnownLead, place_of
from connectors.crm.names import CustomField
from connectors.crm.values import plain_number
from provodka.crm import LeadQuery, LeadState
from provodka.payloads import LeadRef


class Leads:
    """The leads of one portal."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def items(self, ids: Sequence[str]) -> dict[str, Json]:
        """As the portal gives them."""
        return self._room.by_ids(self._room.kind, ids)

    def read(self, ids: Sequence[str]) -> dict[str, LeadRef]:
        """As rules see them."""
        return {one: self.ref(item) for one, item in self.items(ids).items()}

    def card(self, item: Json) -> Card:
        """An item, ready to be compared."""
        created_at, updated_at = moment(item.get("createdTime")), moment(item.get("updatedTime"))
        moved_by = item.get("movedBy")
        authors = Authors(
            item.get("createdBy"), item.get("updatedBy"), {"stage": moved_by, "won": moved_by, "lost": moved_by}
        )
        return Card(self.known(item), created_at, updated_at, lambda: self.ref(item), authors=authors)

    def known(self, item: Json) -> KnownLead:
        """An item as the mirror keeps it."""
        directory = self._room.directory
        tags = directory.tags_field()
        pipeline, stage = int(item.get("categoryId") or 0), str(item.get("stageId") or "")
        return KnownLead(
            id=id_of(item),
            title=str(item.get("title") or ""),
            pipeline_id=pipeline,
            status_id=stage,
            responsible_id=str(item.get("assignedById") or ""),
            price=_price(item),
            tags=tuple(sorted(tags_of(item, tags))),
            fields={str(field.id): text for field, text in self._fields(item, tags)},
            contacts=contacts_of(item),
            created_at=int(moment(item.get("createdTime")).timestamp()),
            stage_since=int(_moved_at(item).timestamp()),
            since_place=place_of(pipeline, stage),
        )

    def ref(self, item: Json) -> LeadRef:
        """An item as rules see it."""
        directory = self._room.directory
        tags = directory.tags_field()
        loss_field = self._room.settings.loss_field
        pipeline, stage, state = directory.place_of(int(item.get("categoryId") or 0), str(item.get("stageId") or ""))
        fields = {field.name: text for field, text in reversed(self._fields(item, tags))}  # our own win of two alike
        return LeadRef(
            id=id_of(item),
            title=str(item.get("title") or ""),
            url=self.url(id_of(item)),
            pipeline=pipeline,
            stage=stage,
            state=state.value,
            responsible=directory.login_of(str(item.get("assignedById") or "")),
            price=Decimal(_price(item)),
            tags=tuple(tags_of(item, tags)),
            fields=fields,
            contacts=contacts_of(item),
            created_at=moment(item.get("createdTime")),
            company=_company_of(item),
            updated_at=moment(item.get("updatedTime")),
            stage_since=_moved_at(item),
            closed_at=None if state is LeadState.OPEN else _moved_at(item),
            loss_reason=fields.get(loss_field, "") if loss_field else stage if state is LeadState.LOST else "",
        )

    def url(self, lead_id: str) -> str:
        """The address of a card, for people."""
        return f"{self._room.settings.portal}/crm/{self._room.kind.path}/details/{lead_id}/"

    def open(self, contacts: Sequence[str], pipeline: str) -> dict[str, list[LeadRef]]:
        """The open leads of each contact, newest first."""
        return {
            one: [ref for ref in refs if ref.state == LeadState.OPEN and in_pipeline(ref, pipeline)]
            for one, refs in self.all_of(contacts).items()
        }

    def all_of(self, contacts: Sequence[str]) -> dict[str, list[LeadRef]]:
        """All leads of each contact, newest first."""
        refs = [self.ref(item) for item in self.of_contacts(list(dict.fromkeys(contacts)))]
        return {one: newest_first(ref for ref in refs if one in ref.contacts) for one in contacts}

    def find(self, queries: Sequence[LeadQuery]) -> list[list[LeadRef]]:
        """By the portal's filter, one request for all; what it gives is looked at again."""
        asked = [(query, self._room.directory.field(query.field)) for query in queries]
        zone = self._room.directory.portal().zone
        filters = [{f"={field.id}": _first(encode(field, query.value, zone))} for query, field in asked if query.value]
        rows = iter(self._room.all_items(self._room.kind, filters))
        found = [[self.ref(item) for item in next(rows)] if query.value else [] for query, _ in asked]
        return [
            newest_first(ref for ref in refs if has_value(ref, field.name, query))
            for refs, (query, field) in zip(found, asked, strict=True)
        ]

    def of_contacts(self, contacts: Sequence[str]) -> list[Json]:
        """The leads whose main contact is one of these."""
        parts = [contacts[start : start + PAGE] for start in range(0, len(contacts), PAGE)]
        found = self._room.all_items(self._room.kind, [{"@contactId": part} for part in parts])
        return [row for rows in found for row in rows]

    def _fields(self, item: Json, tags: CustomField | None) -> list[tuple[CustomField, str]]:
        fields = (one for one in self._room.directory.fields() if one != tags)
        return [(field, text) for field in fields if (text := decode(field, item.get(str(field.id))))]


def contacts_of(item: Json) -> tuple[str, ...]:
    """The contacts of a card, the main one first."""
    many = item.get("contactIds")
    rows = [item.get("contactId"), *(many if isinstance(many, list) else ())]
    return tuple(dict.fromkeys(str(one) for one in rows if one and str(one) != "0"))


def _moved_at(item: Json) -> datetime:
    """When the card came to its stage."""
    return moment(item.get("movedTime") or item.get("createdTime"))


def _first(value: Value) -> str | int | float:
    return value[0] if isinstance(value, list) else value


def _company_of(item: Json) -> str:
    one = str(item.get("companyId") or "")
    return "" if one == "0" else one


def _price(item: Json) -> str:
    """As people write it: the classic family says "15000.00" where the universal one says 15000."""
    return plain_number(str(item.get("opportunity") or 0))
