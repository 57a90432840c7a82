"""What a portal of Bitrix24 offers about cards: people, companies, leads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from connectors.bitrix24.additions import Additions
from connectors.bitrix24.cards import Leads
from connectors.bitrix24.closing import Closing
from connectors.bitrix24.companies import Companies
from connectors.bitrix24.contacts import Contacts
from connectors.bitrix24.conversion import Conversion
from connectors.bitrix24.directory import LEADS
from connectors.bitrix24.lead_changes import LeadChanges
from connectors.bitrix24.links import Links
from connectors.bitrix24.new_contacts import NewContacts
from connectors.bitrix24.new_leads import NewLeads
from connectors.bitrix24.people import People
from connectors.bitrix24.removal import Removal
from connectors.bitrix24.room import Room
from connectors.crm.gone import Gone
from connectors.crm.leads import by_moving
from connectors.crm.mirrored import Mirrored
from provodka.crm import (
    Board,
    CardLink,
    CardRemoval,
    Company,
    CompanyChange,
    CompanyQuery,
    Contact,
    ContactAddition,
    ContactChange,
    FoundCompany,
    FoundPerson,
    LeadChange,
    LeadClosing,
    LeadConversion,
    LeadQuery,
    LeadReopening,
    LeadState,
    NewCompany,
    NewContact,
    NewLead,
)
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import LeadRef, Person

Answer = TypeVar("Answer")

BATCH: Final = 50  # commands of a batch


class OfferCards:
    """`provodka.crm.People`, `Companies` and `Leads`."""

    _room: Room
    _gone: Gone
    _mirrored: Mirrored

    def _furnish_cards(self, people: People, leads: Leads) -> None:
        self._leads, self._people = leads, people
        self._contacts, self._companies = Contacts(self._room, leads), Companies(self._room)
        self._links = Links(self._room)
        self._new_leads = NewLeads(self._room, leads, people)
        self._new_contacts = NewContacts(self._room, people)
        self._conversion = Conversion(self._room)
        self._lead_changes = LeadChanges(self._room, leads, self._conversion)
        self._closing = Closing(self._room, self._lead_changes)
        self._additions = Additions(self._room, people)
        self._removal = Removal(self._room, self._gone, people)

    def find_people(self, people: Sequence[Person]) -> list[FoundPerson | None]:
        """By the identity index; until it is complete, by the portal's index of duplicates."""
        return self._people.find(people)

    def contacts(self, ids: Sequence[str]) -> dict[str, Contact]:
        """Freshly read, in two requests for all; `leads` are those of which they are the main contact."""
        return self._contacts.read(ids)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def create_contacts(self, requests: Sequence[Request[NewContact]]) -> list[Outcome]:
        """Stamped with the key."""
        return self._new_contacts.create(requests)

    @create_contacts.find
    def _find_new_contacts(self, requests: Sequence[Request[NewContact]]) -> list[Done | None]:
        return self._new_contacts.find(requests)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def add_to_contacts(self, requests: Sequence[Request[ContactAddition]]) -> list[Outcome]:
        """Phones and emails that the cards lack; the others stay as they were typed."""
        return self._gone.sparing(requests, self._additions.add)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def update_contacts(self, requests: Sequence[Request[ContactChange]]) -> list[Outcome]:
        """Only what is named changes. A new name is written whole, since its parts cannot be told."""
        return self._gone.sparing(requests, self._contacts.update)

    def companies(self, ids: Sequence[str]) -> dict[str, Company]:
        """Freshly read, with their requisites and contacts, in three requests for up to fifty."""
        return self._companies.read(ids)

    def find_companies(self, queries: Sequence[CompanyQuery]) -> list[FoundCompany | None]:
        """One request for all searches, three for the cards that they find."""
        return self._companies.find(queries)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def create_companies(self, requests: Sequence[Request[NewCompany]]) -> list[Outcome]:
        """Stamped with the key; requisites that a broken attempt left out are written when the card is found."""
        return self._companies.create(requests)

    @create_companies.find
    def _find_companies(self, requests: Sequence[Request[NewCompany]]) -> list[Done | None]:
        return self._companies.find_made(requests)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def update_companies(self, requests: Sequence[Request[CompanyChange]]) -> list[Outcome]:
        """Only what is named changes; phones, emails and requisites are looked at before they are added."""
        return self._gone.sparing(requests, self._companies.update)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def link_cards(self, requests: Sequence[Request[CardLink]]) -> list[Outcome]:
        """Linked twice is linked once."""
        return self._gone.sparing(requests, self._links.link)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def unlink_cards(self, requests: Sequence[Request[CardLink]]) -> list[Outcome]:
        """What is not linked stays so."""
        return self._gone.sparing(requests, self._links.unlink)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def remove_cards(self, requests: Sequence[Request[CardRemoval]]) -> list[Outcome]:
        """Deleted, with what hangs on them alone."""
        return self._removal.remove(requests)

    def leads(self, ids: Sequence[str]) -> dict[str, LeadRef]:
        """Freshly read, in one request for up to 2500."""
        return self._leads.read(ids)

    def open_leads(self, contact_ids: Sequence[str], pipeline: str = "") -> dict[str, list[LeadRef]]:
        """Freshly read, by their main contact."""
        return self._leads.open(contact_ids, pipeline)

    def leads_of(self, contact_ids: Sequence[str]) -> dict[str, list[LeadRef]]:
        """Freshly read, by their main contact."""
        return self._leads.all_of(contact_ids)

    def find_leads(self, queries: Sequence[LeadQuery]) -> list[list[LeadRef]]:
        """One request for all."""
        return self._leads.find(queries)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def create_leads(self, requests: Sequence[Request[NewLead]]) -> list[Outcome]:
        """Leads with their contacts, both stamped with the key. Values: contact_id, responsible, url."""
        return [self._addressed(outcome) for outcome in self._new_leads.create(requests)]

    @create_leads.find
    def _find_leads(self, requests: Sequence[Request[NewLead]]) -> list[Done | None]:
        return [done and self._addressed(done) for done in self._new_leads.find(requests)]

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def update_leads(self, requests: Sequence[Request[LeadChange]]) -> list[Outcome]:
        """Only what is named changes. A lead of the portal that is won becomes contact, company and deal first."""
        return self._gone.sparing(requests, self._lead_changes.update)

    def board(self) -> Board | None:
        """Without a call; None until all leads have been read once."""
        return self._mirrored.board()

    def lead_states(self, contact_ids: Sequence[str]) -> dict[str, dict[str, LeadState]] | None:
        """Without a call; None until all leads have been read once."""
        return self._mirrored.lead_states(contact_ids)

    def loss_reasons(self) -> Sequence[str]:
        """At most ten minutes old: the options of `loss_field`, else the names of the lost stages."""
        return self._room.directory.loss_reasons()

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def close_leads(self, requests: Sequence[Request[LeadClosing]]) -> list[Outcome]:
        """In their own funnels. A lead of the portal that is won becomes contact, company and deal first."""
        return self._gone.sparing(requests, self._closing.close)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def reopen_leads(self, requests: Sequence[Request[LeadReopening]]) -> list[Outcome]:
        """Those that are in work already stay where they are; a lead that has become a deal is refused."""
        return self._gone.sparing(requests, self._closing.reopen)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def convert_leads(self, requests: Sequence[Request[LeadConversion]]) -> list[Outcome]:
        """Leads of the portal become contacts, companies and deals, and are won; the outcomes tell the deals.

        What was made of a lead is looked for by its id first, so that doing it again makes nothing twice. On a portal
        whose leads are deals they move to the funnel and stage that are named.
        """
        if self._room.kind is LEADS:
            return self._gone.sparing(requests, self._lead_changes.convert)
        return by_moving(requests, lambda moves: self._gone.sparing(moves, self._lead_changes.update))

    def _addressed(self, outcome: Answer) -> Answer:
        """With the address of the card, for messages to the staff."""
        if isinstance(outcome, Done):
            outcome.values["url"] = self._leads.url(outcome.remote_id)
        return outcome
