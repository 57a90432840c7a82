"""Links between cards, kept on both sides."""

from __future__ import annotations

from sandbox.amocrm.model import Company, Contact, Lead
from sandbox.amocrm.store import Store


class Links:
    """Links and unlinks cards of one store; every card touched is saved."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def lead_contact(self, lead: Lead, contact: Contact, *, main: bool) -> None:
        """The first contact of a lead is its main one whatever `main` says."""
        if main:
            lead.contacts = dict.fromkeys(lead.contacts, False)
        lead.contacts[contact.id] = main or not any(lead.contacts.values())
        contact.leads[lead.id] = True
        self._saved(lead, contact)

    def lead_company(self, lead: Lead, company: Company) -> None:
        """A lead has at most one company: a new one takes the old one's place."""
        if lead.company_id is not None and lead.company_id != company.id:
            self.unlink(lead, self.store.companies[lead.company_id])
        lead.company_id = company.id
        company.leads[lead.id] = True
        self._saved(lead, company)

    def contact_company(self, contact: Contact, company: Company) -> None:
        """A contact has at most one company."""
        if contact.company_id is not None and contact.company_id != company.id:
            self.unlink(contact, self.store.companies[contact.company_id])
        contact.company_id = company.id
        company.contacts[contact.id] = True
        self._saved(contact, company)

    def link(self, one: Lead | Contact | Company, other: Lead | Contact | Company, *, main: bool = False) -> bool:
        """Link two cards in either order; False where the vendor knows no such link."""
        match one, other:
            case (Lead() as lead, Contact() as contact) | (Contact() as contact, Lead() as lead):
                self.lead_contact(lead, contact, main=main)
            case (Lead() as lead, Company() as company) | (Company() as company, Lead() as lead):
                self.lead_company(lead, company)
            case (Contact() as contact, Company() as company) | (Company() as company, Contact() as contact):
                self.contact_company(contact, company)
            case _:
                return False
        return True

    def unlink(self, one: Lead | Contact | Company, other: Lead | Contact | Company) -> None:
        """Undo a link in either order; harmless where there is none."""
        match one, other:
            case (Lead() as lead, Contact() as contact) | (Contact() as contact, Lead() as lead):
                was_main = lead.contacts.pop(contact.id, False)
                contact.leads.pop(lead.id, None)
                if was_main and lead.contacts:
                    lead.contacts[next(iter(lead.contacts))] = True
            case (Lead() as lead, Company() as company) | (Company() as company, Lead() as lead):
                lead.company_id = None
                company.leads.pop(lead.id, None)
            case (Contact() as contact, Company() as company) | (Company() as company, Contact() as contact):
                contact.company_id = None
                company.contacts.pop(contact.id, None)
            case _:
                return
        self._saved(one, other)

    def _saved(self, *cards: Lead | Contact | Company) -> None:
        for card in cards:
            self.store.save(card)
