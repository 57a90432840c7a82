"""What an account of amoCRM offers about cards: people, companies, leads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from connectors.amocrm.additions import Additions
from connectors.amocrm.companies import Companies
from connectors.amocrm.contacts import Contacts
from connectors.amocrm.known import card_url
from connectors.amocrm.lead_changes import LeadChanges
from connectors.amocrm.leads import Leads
from connectors.amocrm.links import Links
from connectors.amocrm.new_contacts import NewContacts
from connectors.amocrm.new_leads import NewLeads
from connectors.amocrm.people import People
from connectors.amocrm.removal import Removal
from connectors.amocrm.room import Room
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

BATCH: Final = 50  # the vendor's advice; /leads/complex takes no more


class OfferCards:
    """`provodka.crm.People`, `Companies` and `Leads`."""

    _room: Room
    _gone: Gone
    _mirrored: Mirrored

    def _furnish_cards(self, people: People, leads: Leads) -> None:
        self._leads, self._people = leads, people
        self._contacts, self._companies, self._links = Contacts(self._room), Companies(self._room), Links(self._room)
        self._new_leads = NewLeads(self._room, leads, people)
        self._new_contacts = NewContacts(self._room, people)
        self._lead_changes = LeadChanges(self._room, leads)
        self._additions = Additions(self._room, people)
        self._removal = Removal(self._room, self._lead_changes, self._contacts, self._companies)

    def find_people(self, people: Sequence[Person]) -> list[FoundPerson | None]:
        """By the identity index; `contact.leads` may lag behind, `open_leads` does not."""
        return self._people.find(people)

    def contacts(self, ids: Sequence[str]) -> dict[str, Contact]:
        """Freshly read, in one call for up to a hundred."""
        return self._contacts.read(ids)

    def companies(self, ids: Sequence[str]) -> dict[str, Company]:
        """Freshly read, in one call for up to a hundred."""
        return self._companies.read(ids)

    def find_companies(self, queries: Sequence[CompanyQuery]) -> list[FoundCompany | None]:
        """A call or two for each; what was made in the last seconds may not be found yet."""
        return self._companies.find(queries)

    def leads(self, ids: Sequence[str]) -> dict[str, LeadRef]:
        """Freshly read, in one call for up to a hundred."""
        return self._leads.read(ids)

    def open_leads(self, contact_ids: Sequence[str], pipeline: str = "") -> dict[str, list[LeadRef]]:
        """Freshly read, in two calls for all."""
        return self._leads.open(contact_ids, pipeline)

    def leads_of(self, contact_ids: Sequence[str]) -> dict[str, list[LeadRef]]:
        """Freshly read, in two calls for all."""
        return self._leads.of_contacts(contact_ids)

    def find_leads(self, queries: Sequence[LeadQuery]) -> list[list[LeadRef]]:
        """A call for each; what was made or filled in in the last seconds may not be found yet."""
        return [self._leads.find(query) for query in queries]

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def create_contacts(self, requests: Sequence[Request[NewContact]]) -> list[Outcome]:
        """Recognised by the key in the service field of contacts."""
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
        """Only what is named changes."""
        return self._gone.sparing(requests, self._contacts.update)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def create_companies(self, requests: Sequence[Request[NewCompany]]) -> list[Outcome]:
        """Recognised by the key in the service field of companies."""
        return self._companies.create(requests)

    @create_companies.find
    def _find_companies(self, requests: Sequence[Request[NewCompany]]) -> list[Done | None]:
        return self._companies.find_made(requests)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def update_companies(self, requests: Sequence[Request[CompanyChange]]) -> list[Outcome]:
        """Only what is named changes; phones and emails are added to those there are."""
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
        """Leads are closed as lost, and every card carries the tag: the API deletes none."""
        return self._removal.remove(requests)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def create_leads(self, requests: Sequence[Request[NewLead]]) -> list[Outcome]:
        """Leads with their contacts; the key goes into the service field. Values: contact_id, responsible, url."""
        return [self._addressed(outcome) for outcome in self._new_leads.create(requests)]

    @create_leads.find
    def _find_leads(self, requests: Sequence[Request[NewLead]]) -> list[Done | None]:
        return [done and self._addressed(done) for done in self._new_leads.find(requests)]

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def update_leads(self, requests: Sequence[Request[LeadChange]]) -> list[Outcome]:
        """Only what is named changes."""
        return self._gone.sparing(requests, self._lead_changes.update)

    def board(self) -> Board | None:
        """Without a call; None until all leads have been read once."""
        return self._mirrored.board()

    def lead_states(self, contact_ids: Sequence[str]) -> dict[str, dict[str, LeadState]] | None:
        """Without a call; None until all leads have been read once."""
        return self._mirrored.lead_states(contact_ids)

    def loss_reasons(self) -> Sequence[str]:
        """At most ten minutes old; none where the account does not use them."""
        return self._room.directory.loss_reasons()

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def close_leads(self, requests: Sequence[Request[LeadClosing]]) -> list[Outcome]:
        """In their own pipelines; a lost lead with its reason."""
        return self._gone.sparing(requests, self._lead_changes.close)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def reopen_leads(self, requests: Sequence[Request[LeadReopening]]) -> list[Outcome]:
        """Those that are in work already stay where they are."""
        return self._gone.sparing(requests, self._lead_changes.reopen)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def convert_leads(self, requests: Sequence[Request[LeadConversion]]) -> list[Outcome]:
        """Leads are deals already: they move to the pipeline and stage that are named."""
        return by_moving(requests, lambda moves: self._gone.sparing(moves, self._lead_changes.update))

    def _addressed(self, outcome: Answer) -> Answer:
        """With the address of the card, for messages to the staff."""
        if isinstance(outcome, Done):
            outcome.values["url"] = card_url(self._room.settings.url, "leads", outcome.remote_id)
        return outcome
