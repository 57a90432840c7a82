"""Links between cards, kept on both sides."""

from __future__ import annotations

from sandbox.amocrm.model import Company, Contact, Customer, Lead
from sandbox.amocrm.store import Store

AnyCard = Lead | Contact | Company | Customer
Buyer = Lead | Customer
ALLOWED = {
    "leads": ("contacts", "companies", "catalog_elements"),
    "contacts": ("leads", "customers", "companies", "catalog_elements"),
    "companies": ("leads", "contacts", "customers", "catalog_elements"),
    "customers": ("contacts", "companies", "catalog_elements"),
}
"""What each kind of card may be linked to."""


class Links:
    """Links and unlinks cards of one store; every card touched is saved."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def buyer_contact(self, buyer: Buyer, contact: Contact, *, main: bool) -> None:
        """The first contact of a lead or customer is its main one whatever `main` says."""
        if main:
            buyer.contacts = dict.fromkeys(buyer.contacts, False)
        buyer.contacts[contact.id] = main or not any(buyer.contacts.values())
        _side(contact, buyer)[buyer.id] = True
        self._saved(buyer, contact)

    def buyer_company(self, buyer: Buyer, company: Company) -> None:
        """A lead or customer has at most one company: a new one takes the old one's place."""
        if buyer.company_id is not None and buyer.company_id != company.id:
            self.unlink(buyer, self.store.companies[buyer.company_id])
        buyer.company_id = company.id
        _side(company, buyer)[buyer.id] = True
        self._saved(buyer, company)

    def contact_company(self, contact: Contact, company: Company) -> None:
        """A contact has at most one company."""
        if contact.company_id is not None and contact.company_id != company.id:
            self.unlink(contact, self.store.companies[contact.company_id])
        contact.company_id = company.id
        company.contacts[contact.id] = True
        self._saved(contact, company)

    def link(self, one: AnyCard, other: AnyCard, *, main: bool = False) -> bool:
        """Link two cards in either order; False where the vendor knows no such link."""
        match one, other:
            case (Lead() | Customer() as buyer, Contact() as contact) | (
                Contact() as contact,
                Lead() | Customer() as buyer,
            ):
                self.buyer_contact(buyer, contact, main=main)
            case (Lead() | Customer() as buyer, Company() as company) | (
                Company() as company,
                Lead() | Customer() as buyer,
            ):
                self.buyer_company(buyer, company)
            case (Contact() as contact, Company() as company) | (Company() as company, Contact() as contact):
                self.contact_company(contact, company)
            case _:
                return False
        return True

    def unlink(self, one: AnyCard, other: AnyCard) -> bool:
        """Undo a link in either order; False where there was none."""
        match one, other:
            case (Lead() | Customer() as buyer, Contact() as contact) | (
                Contact() as contact,
                Lead() | Customer() as buyer,
            ):
                was = contact.id in buyer.contacts
                was_main = buyer.contacts.pop(contact.id, False)
                _side(contact, buyer).pop(buyer.id, None)
                if was_main and buyer.contacts:
                    buyer.contacts[next(iter(buyer.contacts))] = True
            case (Lead() | Customer() as buyer, Company() as company) | (
                Company() as company,
                Lead() | Customer() as buyer,
            ):
                was = buyer.company_id == company.id
                buyer.company_id = None if was else buyer.company_id
                _side(company, buyer).pop(buyer.id, None)
            case (Contact() as contact, Company() as company) | (Company() as company, Contact() as contact):
                was = contact.company_id == company.id
                contact.company_id = None if was else contact.company_id
                company.contacts.pop(contact.id, None)
            case _:
                return False
        self._saved(one, other)
        return was

    def _saved(self, *cards: AnyCard) -> None:
        for card in cards:
            self.store.save(card)


def _side(card: Contact | Company, buyer: Buyer) -> dict[int, bool]:
    return card.leads if isinstance(buyer, Lead) else card.customers
