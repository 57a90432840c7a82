"""Bitrix24 as the house sees it: the neutral CRM, its events' hints, and what the portal lacks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from connectors.bitrix24 import hooks
from connectors.bitrix24.additions import Additions
from connectors.bitrix24.calls import Calls
from connectors.bitrix24.cards import Leads
from connectors.bitrix24.changes import Changes
from connectors.bitrix24.client import Client, Webhook
from connectors.bitrix24.conversion import Conversion, LeadConversion
from connectors.bitrix24.directory import Directory
from connectors.bitrix24.lead_changes import LeadChanges
from connectors.bitrix24.new_leads import NewLeads
from connectors.bitrix24.notes import Notes
from connectors.bitrix24.oauth import classify_token, token_desk
from connectors.bitrix24.operating import Operating
from connectors.bitrix24.people import People
from connectors.bitrix24.problems import classify
from connectors.bitrix24.room import Room
from connectors.bitrix24.settings import BitrixSettings
from connectors.bitrix24.setup import Setup
from connectors.bitrix24.tags import Tags
from connectors.bitrix24.tasks import Tasks
from connectors.crm.needs import missing
from connectors.crm.oauth import Auth, OAuth
from connectors.http import Http, Limit, Timeouts
from provodka.crm import (
    ContactAddition,
    FoundPerson,
    LeadChange,
    Missing,
    Need,
    NewCall,
    NewLead,
    NewNote,
    NewTask,
    Progress,
    User,
)
from provodka.event import Event, utc_now
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import CrmHint, LeadRef, Person
from provodka.readiness import AccountSetup
from provodka.stores import ConnectorStore, Snapshot

Answer = TypeVar("Answer")

BATCH: Final = 50  # commands of a batch


class Bitrix24:
    """One portal of Bitrix24. Threads may share it; close it at the end."""

    def __init__(
        self,
        settings: BitrixSettings,
        store: ConnectorStore,
        *,
        name: str = "bitrix24",
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        timeouts = Timeouts(settings.connect_timeout, settings.read_timeout)
        limit = Limit(settings.account, settings.per_second, settings.burst, leaky=True)
        url = settings.url.get_secret_value()
        base = f"{url}/rest" if settings.oauth else url
        http = Http(base, limit, store, timeouts=timeouts, classify=classify, sleep=sleep)
        self._auth, self._token_http = _entry(settings, store, now, timeouts)
        operating = Operating(settings.operating_seconds, now, sleep)
        client = Client(http, self._auth, operating)
        self._room = Room(name, store, now, settings, client, Directory(client, settings))
        self._leads = Leads(self._room)
        self._people = People(self._room)
        self._changes = Changes(self._room, self._leads, self._people)
        self._new_leads = NewLeads(self._room, self._leads, self._people)
        self._conversion = Conversion(self._room)
        self._lead_changes = LeadChanges(self._room, self._leads, self._conversion)
        self._additions = Additions(self._room, self._people)
        self._tasks = Tasks(self._room)
        self._notes = Notes(self._room)
        self._calls = Calls(self._room, self._leads)

    def close(self) -> None:
        """Close the connections."""
        self._room.client.close()
        if self._token_http is not None:
            self._token_http.close()

    def find_people(self, people: Sequence[Person]) -> list[FoundPerson | None]:
        """By the identity index; until it is complete, by the portal's index of duplicates."""
        return self._people.find(people)

    def leads(self, ids: Sequence[str]) -> dict[str, LeadRef]:
        """Freshly read, in one request for up to 2500."""
        return self._leads.read(ids)

    def open_leads(self, contact_ids: Sequence[str], pipeline: str = "") -> dict[str, list[LeadRef]]:
        """Freshly read, by their main contact."""
        return self._leads.open(contact_ids, pipeline)

    def users(self) -> Sequence[User]:
        """At most ten minutes old."""
        return self._room.directory.users()

    def check(self, needs: Sequence[Need], *, create: bool = False) -> list[Missing]:
        """Reads the portal anew, so that a wrong webhook or address shows too; rights are `setup().remarks()`."""
        directory = self._room.directory
        directory.refresh(0)
        directory.portal()
        if create:
            Tags(self._room).ensure()
        return missing(directory, needs)

    def fill(self, progress: Progress = lambda _: None, stop: Callable[[], bool] = lambda: False) -> bool:
        """Fill the identity index and the mirror, going on where an earlier run ended; whether both are complete."""
        self._changes.begin()
        return self._people.fill(progress, stop) and self._changes.fill(progress, stop)

    def derive(self, hint: CrmHint, event: Event) -> tuple[list[Event], list[Snapshot]]:
        """What a hint comes to; two requests for all the leads and tasks of it, so hints are best joined into one."""
        return self._changes.derive(hint, event)

    def reconcile(self, received_at: datetime) -> tuple[list[Event], list[Snapshot], dict[str, str]]:
        """What changed since the last reconciling, hinted at or not; events, snapshots and cursors go together."""
        return self._changes.reconcile(received_at)

    def subscribe(self, destination: str) -> bool:
        """Have the portal send its events to this address. Only an application can; an outbound webhook is set up by
        hand, so with an inbound webhook this is refused."""
        return hooks.subscribe(self._room, destination)

    def setup(self) -> AccountSetup:
        """What an integrator does with the portal before the start."""
        return Setup(self._room)

    def keep_alive(self) -> None:
        """Refresh a token that nobody has used for weeks."""
        self._auth.keep_alive()

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def create_leads(self, requests: Sequence[Request[NewLead]]) -> list[Outcome]:
        """Leads with their contacts, both stamped with the key. Values: contact_id, responsible, url."""
        return [self._addressed(outcome) for outcome in self._new_leads.create(requests)]

    @create_leads.find
    def _find_leads(self, requests: Sequence[Request[NewLead]]) -> list[Done | None]:
        return [done and self._addressed(done) for done in self._new_leads.find(requests)]

    def _addressed(self, outcome: Answer) -> Answer:
        """With the address of the card, for messages to the staff."""
        if isinstance(outcome, Done):
            outcome.values["url"] = self._leads.url(outcome.remote_id)
        return outcome

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def update_leads(self, requests: Sequence[Request[LeadChange]]) -> list[Outcome]:
        """Only what is named changes. A lead of the portal that is won becomes contact, company and deal first."""
        return self._lead_changes.update(requests)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def convert_leads(self, requests: Sequence[Request[LeadConversion]]) -> list[Outcome]:
        """Leads of the portal become contacts, companies and deals, and are won; the outcomes tell the deals.

        What was made of a lead is looked for by its id first, so that doing it again makes nothing twice.
        """
        return self._lead_changes.convert(requests)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def add_to_contacts(self, requests: Sequence[Request[ContactAddition]]) -> list[Outcome]:
        """Phones and emails that the cards lack; the others stay as they were typed."""
        return self._additions.add(requests)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def create_tasks(self, requests: Sequence[Request[NewTask]]) -> list[Outcome]:
        """Bound to their cards; recognised by our key, else by card, title and time."""
        return self._tasks.create(requests)

    @create_tasks.find
    def _find_tasks(self, requests: Sequence[Request[NewTask]]) -> list[Done | None]:
        return self._tasks.find(requests)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def add_notes(self, requests: Sequence[Request[NewNote]]) -> list[Outcome]:
        """Comments in the timeline; recognised by card and text."""
        return self._notes.add(requests)

    @add_notes.find
    def _find_notes(self, requests: Sequence[Request[NewNote]]) -> list[Done | None]:
        return self._notes.find(requests)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def log_calls(self, requests: Sequence[Request[NewCall]]) -> list[Outcome]:
        """Calls on exactly this card; recognised by the call's id."""
        return self._calls.log(requests)

    @log_calls.find
    def _find_calls(self, requests: Sequence[Request[NewCall]]) -> list[Done | None]:
        return self._calls.find(requests)


def _entry(
    settings: BitrixSettings, store: ConnectorStore, now: Callable[[], datetime], timeouts: Timeouts
) -> tuple[Auth, Http | None]:
    """The way in, and the connection to the token server where there is one."""
    given = settings.oauth
    if given is None:
        return Webhook(), None
    limit = Limit(f"bitrix24:{given.server}", per_second=1, burst=5)
    http = Http(given.server, limit, store, timeouts=timeouts, classify=classify_token)
    desk = token_desk(given, http)
    auth = OAuth(settings.account, store, desk, now, code=given.code, refresh_token=given.refresh_token)
    return auth, http
