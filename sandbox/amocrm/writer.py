"""Writing checked drafts of leads, contacts and companies, with what follows from a write."""

from __future__ import annotations

import time
from typing import Any

from sandbox.amocrm.changes import Before, Changes
from sandbox.amocrm.drafts import Draft, TagRef
from sandbox.amocrm.links import Links
from sandbox.amocrm.model import CLOSED, LOST, Card, Company, Contact, Customer, Lead
from sandbox.amocrm.store import Store, kind_of

CLASSES: dict[str, type[Any]] = {"leads": Lead, "contacts": Contact, "companies": Company, "customers": Customer}
UNNAMED = {
    "leads": "Сделка #{}",
    "contacts": "Контакт #{}",
    "companies": "Компания #{}",
    "customers": "Покупатель #{}",
}


class CardWriter:
    """Writes on behalf of one user at one moment (unix seconds)."""

    def __init__(self, store: Store, changes: Changes, user_id: int, now: int) -> None:
        self.store = store
        self.changes = changes
        self.links = Links(store)
        self.user_id = user_id
        self.now = now

    def create(self, draft: Draft, *, unsorted: bool = False) -> Any:  # noqa: ANN401  # Lead, Contact or Company
        """Store a new card with its tags and links, and announce it."""
        card = self._new(draft, unsorted=unsorted)
        for contact_id, main in draft.contacts.items():
            self.links.link(card, self.store.contacts[contact_id], main=main)
        if draft.company_id is not None:
            self.links.link(card, self.store.companies[draft.company_id])
        self.changes.card_added(card)
        return card

    def complex(self, draft: Draft) -> tuple[Lead, int | None, int | None]:
        """A lead with its contact and company; new ones are linked to each other too."""
        unsorted = draft.metadata is not None
        if unsorted:
            draft.values["status_id"] = self.store.pipelines[draft.values["pipeline_id"]].unsorted().id
        lead: Lead = self._new(draft, unsorted=unsorted)
        contact = self._partner("contacts", draft.new_contact, next(iter(draft.contacts), None), unsorted=unsorted)
        company = self._partner("companies", draft.new_company, draft.company_id, unsorted=unsorted)
        if contact is not None:
            self.links.buyer_contact(lead, contact, main=True)
        if company is not None:
            self.links.buyer_company(lead, company)
        if contact is not None and company is not None:
            self.links.contact_company(contact, company)
        if draft.new_contact is not None:
            self.changes.card_added(contact)
        if draft.new_company is not None:
            self.changes.card_added(company)
        self.changes.card_added(lead)
        return lead, contact and contact.id, company and company.id

    def patch(self, card: Card, draft: Draft) -> None:
        """Set what the draft names, leave the rest, and announce the change."""
        before = Before.of(card)
        card.updated_at, card.updated_by = self.now, self.user_id
        for key, value in draft.values.items():
            setattr(card, key, value)
        if isinstance(card, Contact):
            _settle_name(card, draft)
        for field_id, values in draft.fields.items():
            if values:
                card.fields[field_id] = values
            else:
                card.fields.pop(field_id, None)
        self._tag(card, draft)
        if isinstance(card, Lead):
            self._settle_stage(card, before, draft)
        self.store.save(card)
        self.changes.card_updated(card, before)

    def _partner(self, entity: str, draft: Draft | None, known_id: int | None, *, unsorted: bool) -> Any:  # noqa: ANN401
        if draft is not None:
            return self._new(draft, unsorted=unsorted)
        return None if known_id is None else self.store.table(entity)[known_id]

    def _new(self, draft: Draft, *, unsorted: bool) -> Any:  # noqa: ANN401  # Lead, Contact or Company
        entity = draft.entity
        defaults = {
            "id": self.store.new_id(entity),
            "name": "",
            "responsible_user_id": self.user_id,
            "created_by": self.user_id,
            "updated_by": draft.values.get("created_by", self.user_id),
            "created_at": self.now,
            "updated_at": draft.values.get("created_at", self.now),
        }
        card = CLASSES[entity](**{**defaults, **draft.values}, is_unsorted=unsorted, born=time.monotonic())
        card.fields = {field_id: values for field_id, values in draft.fields.items() if values}
        if isinstance(card, Contact):
            _settle_name(card, draft)
        card.name = card.name or UNNAMED[entity].format(card.id)
        if isinstance(card, Lead) and not card.is_open and card.closed_at is None:
            card.closed_at = self.now
        if isinstance(card, Customer) and card.status_id is None:
            card.status_id = next(iter(self.store.table("customer_statuses")), None)
        self._tag(card, draft)
        self.store.add(entity, card)
        return card

    def _tag(self, card: Card, draft: Draft) -> None:
        if draft.tags is not None:
            card.tags = []
        for ref in [*(draft.tags or ()), *draft.tags_to_add]:
            tag_id = self._tag_id(card, ref)
            if tag_id not in card.tags:
                card.tags.append(tag_id)
        if gone := set(draft.tags_to_delete):
            card.tags = [one for one in card.tags if one not in gone and self.store.tags[one].name not in gone]

    def _tag_id(self, card: Card, ref: TagRef) -> int:
        return ref if isinstance(ref, int) else self.store.tag(kind_of(card), ref).id

    def _settle_stage(self, lead: Lead, before: Before, draft: Draft) -> None:
        if lead.status_id != LOST:
            lead.loss_reason_id = None
        if lead.is_open:
            lead.closed_at = None
        elif before.status_id not in CLOSED and "closed_at" not in draft.values:
            lead.closed_at = self.now
        if before.status_id != lead.status_id and lead.is_unsorted:
            self._accept(lead)

    def _accept(self, lead: Lead) -> None:
        """Taking a lead out of «Неразобранное» shows its contact and company."""
        for row in self.store.incoming.values():
            if row.lead_id == lead.id:
                row.state = "accepted"
                self.store.touch("incoming", row.id)
        company = None if lead.company_id is None else self.store.companies[lead.company_id]
        for card in (lead, company, *(self.store.contacts[one] for one in lead.contacts)):
            if card is not None and card.is_unsorted:
                card.is_unsorted = False
                self.store.save(card)


def _settle_name(contact: Contact, draft: Draft) -> None:
    """`name` and its two parts follow each other."""
    parts = "first_name" in draft.values or "last_name" in draft.values
    if parts and "name" not in draft.values:
        contact.name = f"{contact.first_name} {contact.last_name}".strip()
    elif "name" in draft.values and not parts:
        contact.first_name, contact.last_name = contact.name, ""
