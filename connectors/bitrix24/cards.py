"""Leads, be they the portal's leads or its deals: read by id or by contact, for the mirror and for rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from connectors.bitrix24.client import PAGE, id_of, moment
from connectors.bitrix24.fields import decode
from connectors.bitrix24.query import Json
from connectors.bitrix24.room import Room
from connectors.bitrix24.tags import tags_of
from connectors.crm.changes import Authors, Card
from connectors.crm.mirror import KnownLead
from connectors.crm.names import CustomField, plain
from connectors.crm.values import plain_number
from provodka.crm import LeadState
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
        return KnownLead(
            id=id_of(item),
            title=str(item.get("title") or ""),
            pipeline_id=int(item.get("categoryId") or 0),
            status_id=str(item.get("stageId") or ""),
            responsible_id=str(item.get("assignedById") or ""),
            price=_price(item),
            tags=tuple(sorted(tags_of(item, tags))),
            fields={str(field.id): text for field, text in self._fields(item, tags)},
            contacts=contacts_of(item),
            stage_since=int(_moved_at(item).timestamp()),
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
        wanted = list(dict.fromkeys(contacts))
        found: dict[str, list[LeadRef]] = {one: [] for one in contacts}
        for item in self.of_contacts(wanted):
            ref = self.ref(item)
            if ref.state == LeadState.OPEN and (not pipeline or plain(ref.pipeline) == plain(pipeline)):
                for one in ref.contacts:
                    if one in found:
                        found[one].append(ref)
        for refs in found.values():
            refs.sort(key=lambda ref: (ref.created_at, int(ref.id)), reverse=True)
        return found

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


def _company_of(item: Json) -> str:
    one = str(item.get("companyId") or "")
    return "" if one == "0" else one


def _price(item: Json) -> str:
    """As people write it: the classic family says "15000.00" where the universal one says 15000."""
    return plain_number(str(item.get("opportunity") or 0))
