"""Leads, contacts and companies as answers show them."""

from __future__ import annotations

from sandbox.amocrm import fields
from sandbox.amocrm.call import Call
from sandbox.amocrm.model import Card, Company, Contact, Customer, Json, Lead
from sandbox.amocrm.store import kind_of


class CardView:
    """Shows cards to one call, with the blocks its `with` asks for."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.store = call.store
        self.wanted = call.with_()

    def show(self, card: Card) -> Json:
        """The HAL body of a card."""
        match card:
            case Lead():
                return self._lead(card)
            case Contact():
                return self._contact(card)
            case Company():
                return self._company(card)
            case Customer():
                return self._customer(card)
        raise TypeError(type(card).__name__)

    def _lead(self, lead: Lead) -> Json:
        embedded: Json = {"tags": self._tags(lead), "companies": self._refs("companies", _one(lead.company_id))}
        if "contacts" in self.wanted:
            embedded["contacts"] = self._buyer_contacts(lead)
        self._elements(lead, embedded)
        if "loss_reason" in self.wanted:
            reason = None if lead.loss_reason_id is None else self.store.loss_reasons[lead.loss_reason_id]
            embedded["loss_reason"] = [{"id": reason.id, "name": reason.name}] if reason else []
        if "source" in self.wanted:
            embedded["source"] = lead.source
        extra: Json = {"source_id": (lead.source or {}).get("id")} if "source_id" in self.wanted else {}
        if "is_price_modified_by_robot" in self.wanted:
            extra["is_price_modified_by_robot"] = False
        return {
            "id": lead.id,
            "name": lead.name,
            "price": lead.price,
            "responsible_user_id": lead.responsible_user_id,
            "group_id": 0,
            "status_id": lead.status_id,
            "pipeline_id": lead.pipeline_id,
            "loss_reason_id": lead.loss_reason_id,
            **self._history(lead),
            "closed_at": lead.closed_at,
            "closest_task_at": self.store.closest_task_at("leads", lead.id),
            "is_deleted": lead.is_deleted,
            "custom_fields_values": fields.present(self.store, lead),
            "score": None,
            "account_id": self.store.seed.account_id,
            "labor_cost": None,
            **extra,
            "_links": self.call.links(f"leads/{lead.id}"),
            "_embedded": embedded,
        }

    def _contact(self, contact: Contact) -> Json:
        embedded: Json = {"tags": self._tags(contact)}
        if "leads" in self.wanted:
            embedded["leads"] = self._refs("leads", contact.leads)
        self._person_blocks(contact, embedded)
        embedded["companies"] = self._refs("companies", _one(contact.company_id))
        names = {"name": contact.name, "first_name": contact.first_name, "last_name": contact.last_name}
        return self._person(contact, names, embedded)

    def _company(self, company: Company) -> Json:
        embedded: Json = {"tags": self._tags(company)}
        if "leads" in self.wanted:
            embedded["leads"] = self._refs("leads", company.leads)
        self._person_blocks(company, embedded)
        if "contacts" in self.wanted:
            embedded["contacts"] = self._refs("contacts", company.contacts)
        return self._person(company, {"name": company.name}, embedded)

    def _person(self, card: Contact | Company, names: Json, embedded: Json) -> Json:
        entity = kind_of(card)
        return {
            "id": card.id,
            **names,
            "responsible_user_id": card.responsible_user_id,
            "group_id": 0,
            **self._history(card),
            "is_deleted": card.is_deleted,
            "is_unsorted": card.is_unsorted,
            "closest_task_at": self.store.closest_task_at(entity, card.id),
            "custom_fields_values": fields.present(self.store, card),
            "account_id": self.store.seed.account_id,
            "_links": self.call.links(f"{entity}/{card.id}"),
            "_embedded": embedded,
        }

    def _history(self, card: Card) -> Json:
        return {
            "created_by": card.created_by,
            "updated_by": card.updated_by,
            "created_at": card.created_at,
            "updated_at": card.updated_at,
        }

    def _tags(self, card: Card) -> list[Json]:
        tags = (self.store.tags[one] for one in card.tags)
        return [{"id": tag.id, "name": tag.name, "color": tag.color} for tag in tags]

    def _refs(self, entity: str, ids: dict[int, bool]) -> list[Json]:
        return [{"id": one, "_links": self.call.links(f"{entity}/{one}")} for one in ids]

    def _customer(self, customer: Customer) -> Json:
        known = self.store.table("segments")
        segments = [one for one in customer.segments if one in known]
        embedded: Json = {
            "segments": [{"id": one, "_links": self.call.links(f"customers/segments/{one}")} for one in segments],
            "tags": self._tags(customer),
            "contacts": self._buyer_contacts(customer),
            "companies": self._refs("companies", _one(customer.company_id)),
        }
        self._elements(customer, embedded)
        return {
            "id": customer.id,
            "name": customer.name,
            "next_price": customer.next_price,
            "next_date": customer.next_date,
            "responsible_user_id": customer.responsible_user_id,
            "status_id": customer.status_id,
            "periodicity": customer.periodicity,
            **self._history(customer),
            "closest_task_at": self.store.closest_task_at("customers", customer.id),
            "is_deleted": customer.is_deleted,
            "custom_fields_values": fields.present(self.store, customer),
            "ltv": customer.ltv,
            "purchases_count": customer.purchases_count,
            "average_check": customer.ltv // customer.purchases_count if customer.purchases_count else 0,
            "account_id": self.store.seed.account_id,
            "_links": self.call.links(f"customers/{customer.id}"),
            "_embedded": embedded,
        }

    def _buyer_contacts(self, buyer: Lead | Customer) -> list[Json]:
        return [
            {"id": one, "is_main": main, "_links": self.call.links(f"contacts/{one}")}
            for one, main in buyer.contacts.items()
        ]

    def _person_blocks(self, card: Contact | Company, embedded: Json) -> None:
        if "customers" in self.wanted:
            embedded["customers"] = self._refs("customers", card.customers)
        if "social_profiles" in self.wanted:
            embedded["social_profiles"] = []
        self._elements(card, embedded)

    def _elements(self, card: Card, embedded: Json) -> None:
        if "catalog_elements" in self.wanted:
            embedded["catalog_elements"] = [
                {
                    "id": one,
                    "metadata": metadata,
                    "_links": self.call.links(f"catalogs/{metadata['catalog_id']}/elements/{one}"),
                }
                for one, metadata in card.elements.items()
            ]


def _one(card_id: int | None) -> dict[int, bool]:
    return {} if card_id is None else {card_id: True}
