"""Duplicates: the vendor's duplicate control of `/leads/complex`, and the count of what was stored twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sandbox.amocrm.drafts import Draft
from sandbox.amocrm.dump import coded_values
from sandbox.amocrm.identity import identities
from sandbox.amocrm.model import Json, Lead
from sandbox.amocrm.store import Store, field_owner
from sandbox.amocrm.writer import CardWriter


def matching_lead(store: Store, draft: Draft) -> Lead | None:
    """The open lead of the same pipeline whose main contact shares a phone or e-mail with the draft's new contact."""
    if draft.new_contact is None:
        return None
    fields = draft.new_contact.fields
    codes = {field_id: store.field_code("contacts", field_id) for field_id in fields}
    for one in sorted(identities(fields, codes)):
        for entity, card_id in store.people.holders(one):
            if entity != "contacts":
                continue
            for lead_id in store.contacts[card_id].leads:
                lead = store.leads[lead_id]
                same = lead.is_open and lead.pipeline_id == draft.values["pipeline_id"]
                if same and lead.contacts.get(card_id):
                    return lead
    return None


def merge(writer: CardWriter, lead: Lead, draft: Draft) -> Json:
    """Update the matched lead in place of a new one; the stage of the known lead stays."""
    values = {key: value for key, value in draft.values.items() if key not in ("status_id", "pipeline_id", "source")}
    tags = [*(draft.tags or ()), *draft.tags_to_add]
    writer.patch(lead, Draft("leads", draft.request_id, values, draft.fields, tags_to_add=tags))
    contact_id = next((one for one, main in lead.contacts.items() if main), None)
    return {
        "id": lead.id,
        "contact_id": contact_id,
        "company_id": lead.company_id,
        "request_id": [draft.request_id],
        "merged": True,
    }


def count_doubles(store: Store) -> Json:
    """People (contacts joined by any shared phone or e-mail) with more than one open lead, shared identities.

    Doubled customers, purchases and list elements are named only where there are any.
    """
    parents: dict[int, int] = {contact_id: contact_id for contact_id in store.contacts}
    shared = 0
    for one, holders in store.people.items():
        ids = [card_id for entity, card_id in holders if entity == "contacts"]
        shared += len(ids) > 1 and "@" not in one
        for other in ids[1:]:
            parents[_root(parents, other)] = _root(parents, ids[0])
    open_leads: dict[int, set[int]] = defaultdict(set)
    for contact_id, contact in store.contacts.items():
        root = _root(parents, contact_id)
        open_leads[root].update(lead_id for lead_id in contact.leads if store.leads[lead_id].is_open)
    sizes = [len(leads) for leads in open_leads.values() if len(leads) > 1]
    people = {"open_leads": len(sizes), "extra_leads": sum(sizes) - len(sizes), "contacts_by_phone": shared}
    return {**people, **{kind: count for kind, count in _count_sales(store, parents).items() if count}}


def _count_sales(store: Store, parents: dict[int, int]) -> Json:
    """How many customers, purchases and list elements are there beyond the first of each person or outside id."""
    buyers = [_root(parents, next(iter(one.contacts))) for one in store.customers.values() if one.contacts]
    bought = [(one.customer_id, one.external_id) for one in store.transactions.values() if not one.is_deleted]
    goods = [
        (element.catalog_id, text)
        for element in store.elements.values()
        for text in coded_values(store, field_owner(element), element, "EXTERNAL_ID")
    ]
    return {
        "customers": len(buyers) - len(set(buyers)),
        "transactions": _extra([one for one in bought if one[1] is not None]),
        "elements": _extra(goods),
    }


def _extra(rows: Sequence[tuple[int, str | None]]) -> int:
    return len(rows) - len(set(rows))


def _root(parents: dict[int, int], one: int) -> int:
    while parents[one] != one:
        parents[one] = parents[parents[one]]
        one = parents[one]
    return one
