"""amoCRM as the house sees it: the neutral CRM, its webhooks' hints, and what the account lacks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from connectors.amocrm import hooks
from connectors.amocrm.additions import Additions
from connectors.amocrm.changes import Changes
from connectors.amocrm.client import Client
from connectors.amocrm.directory import Directory
from connectors.amocrm.known import lead_url
from connectors.amocrm.lead_changes import LeadChanges
from connectors.amocrm.leads import Leads
from connectors.amocrm.new_leads import NewLeads
from connectors.amocrm.notes import Notes
from connectors.amocrm.oauth import LongLived, token_desk
from connectors.amocrm.people import People
from connectors.amocrm.problems import classify
from connectors.amocrm.room import Room
from connectors.amocrm.settings import AmocrmSettings
from connectors.amocrm.setup import Setup
from connectors.amocrm.stamp import Stamp
from connectors.amocrm.tasks import Tasks
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

BATCH: Final = 50  # the vendor's advice; /leads/complex takes no more


class AmoCrm:
    """One account of amoCRM (or Kommo, which has the same API). Threads may share it; close it at the end."""

    def __init__(
        self,
        settings: AmocrmSettings,
        store: ConnectorStore,
        *,
        name: str = "amocrm",
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        account = f"amocrm:{settings.url}"
        limit = Limit(account, settings.per_second, settings.burst)
        timeouts = Timeouts(settings.connect_timeout, settings.read_timeout)
        http = Http(settings.url, limit, store, timeouts=timeouts, classify=classify, sleep=sleep)
        self._auth = _auth(settings, account, store, http, now)
        client = Client(http, self._auth)
        self._room = Room(name, store, now, settings, client, Directory(client))
        self._leads = Leads(self._room)
        self._people = People(self._room)
        self._changes = Changes(self._room, self._leads, self._people)
        self._new_leads = NewLeads(self._room, self._leads, self._people)
        self._lead_changes = LeadChanges(self._room, self._leads)
        self._additions = Additions(self._room, self._people)
        self._tasks = Tasks(self._room)
        self._notes = Notes(self._room)

    def close(self) -> None:
        """Close the connections."""
        self._room.client.close()

    def find_people(self, people: Sequence[Person]) -> list[FoundPerson | None]:
        """By the identity index; `contact.leads` may lag behind, `open_leads` does not."""
        return self._people.find(people)

    def leads(self, ids: Sequence[str]) -> dict[str, LeadRef]:
        """Freshly read, in one call for up to a hundred."""
        return self._leads.read(ids)

    def open_leads(self, contact_ids: Sequence[str], pipeline: str = "") -> dict[str, list[LeadRef]]:
        """Freshly read, in two calls for all."""
        return self._leads.open(contact_ids, pipeline)

    def users(self) -> Sequence[User]:
        """At most ten minutes old."""
        return self._room.directory.users()

    def check(self, needs: Sequence[Need], *, create: bool = False) -> list[Missing]:
        """Reads the account anew, so that a wrong token or address shows too."""
        self._room.directory.refresh(0)
        if create:
            Stamp(self._room).ensure()
        return missing(self._room.directory, needs)

    def fill(self, progress: Progress = lambda _: None, stop: Callable[[], bool] = lambda: False) -> bool:
        """Fill the identity index and the mirror, going on where an earlier run ended; whether both are complete.

        Cheap when they are. Call it at the start and again from time to time: after very many changes at once the
        index asks to be filled anew. `progress` gets the number of cards read so far.
        """
        self._changes.begin()
        return self._people.fill(progress, stop) and self._changes.fill(progress, stop)

    def derive(self, hint: CrmHint, event: Event) -> tuple[list[Event], list[Snapshot]]:
        """What a hint comes to: events and snapshots of kind `lead`, to be stored in one transaction.

        One call for all the leads of the hint, so hints that wait together are best joined into one.
        """
        return self._changes.derive(hint, event)

    def reconcile(self, received_at: datetime) -> tuple[list[Event], list[Snapshot], dict[str, str]]:
        """What changed since the last reconciling, hinted at or not; events, snapshots and cursors go together."""
        return self._changes.reconcile(received_at)

    def subscribe(self, destination: str) -> bool:
        """Have amoCRM send its hints to this address; whether anything had to be changed. Needs an administrator."""
        return hooks.subscribe(self._room, destination)

    def setup(self) -> AccountSetup:
        """What an integrator does with the account before the start."""
        return Setup(self._room)

    def keep_alive(self) -> None:
        """Refresh what would expire: a refresh token dies after three months without use. Once a day is plenty."""
        self._auth.keep_alive()

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def create_leads(self, requests: Sequence[Request[NewLead]]) -> list[Outcome]:
        """Leads with their contacts; the key goes into the service field. Values: contact_id, responsible, url."""
        return [self._addressed(outcome) for outcome in self._new_leads.create(requests)]

    @create_leads.find
    def _find_leads(self, requests: Sequence[Request[NewLead]]) -> list[Done | None]:
        return [done and self._addressed(done) for done in self._new_leads.find(requests)]

    def _addressed(self, outcome: Answer) -> Answer:
        """With the address of the card, for messages to the staff."""
        if isinstance(outcome, Done):
            outcome.values["url"] = lead_url(self._room.settings.url, outcome.remote_id)
        return outcome

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def update_leads(self, requests: Sequence[Request[LeadChange]]) -> list[Outcome]:
        """Only what is named changes."""
        return self._lead_changes.update(requests)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def add_to_contacts(self, requests: Sequence[Request[ContactAddition]]) -> list[Outcome]:
        """Phones and emails that the cards lack; the others stay as they were typed."""
        return self._additions.add(requests)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def create_tasks(self, requests: Sequence[Request[NewTask]]) -> list[Outcome]:
        """Recognised by card, text and time."""
        return self._tasks.create(requests)

    @create_tasks.find
    def _find_tasks(self, requests: Sequence[Request[NewTask]]) -> list[Done | None]:
        return self._tasks.find(requests)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def add_notes(self, requests: Sequence[Request[NewNote]]) -> list[Outcome]:
        """Recognised by card and text."""
        return self._notes.add(requests)

    @add_notes.find
    def _find_notes(self, requests: Sequence[Request[NewNote]]) -> list[Done | None]:
        return self._notes.find_notes(requests)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def log_calls(self, requests: Sequence[Request[NewCall]]) -> list[Outcome]:
        """Call notes on exactly this card; recognised by the call's id."""
        return self._notes.log(requests)

    @log_calls.find
    def _find_calls(self, requests: Sequence[Request[NewCall]]) -> list[Done | None]:
        return self._notes.find_calls(requests)


def _auth(
    settings: AmocrmSettings, account: str, store: ConnectorStore, http: Http, now: Callable[[], datetime]
) -> Auth:
    if (given := settings.oauth) is not None:
        desk = token_desk(given, http)
        return OAuth(account, store, desk, now, code=given.code, refresh_token=given.refresh_token)
    assert settings.token is not None  # noqa: S101 -- the settings have made sure of it
    return LongLived(settings.token)
