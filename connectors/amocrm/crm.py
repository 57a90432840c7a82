"""amoCRM as the house sees it: the neutral CRM, its webhooks' hints, and what the account lacks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from connectors.amocrm import hooks
from connectors.amocrm.chats import Chats
from connectors.amocrm.chats import classify as classify_chats
from connectors.amocrm.client import Client
from connectors.amocrm.directory import Directory
from connectors.amocrm.firm_fields import FirmFields
from connectors.amocrm.known import card_url
from connectors.amocrm.leads import WITH, Leads
from connectors.amocrm.oauth import LongLived, token_desk
from connectors.amocrm.offer_cards import OfferCards
from connectors.amocrm.offer_sales import OfferSales
from connectors.amocrm.offer_work import OfferWork
from connectors.amocrm.people import People
from connectors.amocrm.problems import classify
from connectors.amocrm.readers import CardReader, TaskReader, company_reader, contact_reader, deleted
from connectors.amocrm.room import Room
from connectors.amocrm.settings import AmocrmSettings
from connectors.amocrm.setup import Setup
from connectors.amocrm.stamp import Stamp
from connectors.crm.changes import COMPANIES, CONTACTS, LEADS, TASKS, Kind
from connectors.crm.following import Following, Reader
from connectors.crm.gone import Gone
from connectors.crm.mirrored import Mirrored
from connectors.crm.needs import missing
from connectors.http import Http, Limit, Timeouts
from connectors.oauth import Auth, OAuth
from provodka.crm import PLACE_FOR, CrmAccount, Glance, Missing, Need, Progress
from provodka.event import Event, utc_now
from provodka.payloads import CardEvent, CrmHint, Person
from provodka.readiness import AccountSetup
from provodka.stores import ByKind, ConnectorStore


class AmoCrm(OfferCards, OfferWork, OfferSales):
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

        def open_at(url: str) -> Http:
            return Http(url, limit, store, timeouts=timeouts, classify=classify, sleep=sleep)

        http = open_at(settings.url)
        self._auth = _auth(settings, account, store, http, now)
        client = Client(http, self._auth)
        self._room = Room(name, store, now, settings, client, Directory(client))
        leads, people = Leads(self._room), People(self._room)
        self._gone = Gone(self._room)
        self._mirrored = Mirrored(self._room, self._room.directory, lambda one: card_url(settings.url, "leads", one))
        self._changes = _following(self._room, leads, people)
        self._furnish_cards(people, leads)
        self._furnish_work(lambda url: Client(open_at(url), self._auth, ""), self._open_chats(sleep))
        self._furnish_sales(leads, self._lead_changes, Client(http, self._auth, "/api/v2"))

    def close(self) -> None:
        """Close the connections."""
        self._room.client.close()
        self._files.close()
        self._chats.close()

    def _open_chats(self, sleep: Callable[[float], None]) -> Chats:
        """The chat service is a vendor of its own: another address, another limit, another way in."""
        settings, given = self._room.settings, self._room.settings.chats
        if given is None:
            return Chats(self._room, None, None)
        timeouts = Timeouts(settings.connect_timeout, settings.read_timeout)
        limit = Limit(f"amojo:{given.channel_id}", given.per_second, burst=5)
        http = Http(given.url, limit, self._room.store, timeouts=timeouts, classify=classify_chats, sleep=sleep)
        return Chats(self._room, given, http)

    def check(self, needs: Sequence[Need], *, create: bool = False) -> list[Missing]:
        """Reads the account anew, so that a wrong token or address shows too."""
        self._room.directory.refresh(0)
        if create:
            Stamp(self._room).ensure()
        without = [Missing(n) for n in needs if n.kind == PLACE_FOR and not FirmFields(self._room).takes_inn()]
        return [*missing(self._room.directory, needs), *without]

    def fill(self, progress: Progress = lambda _: None, stop: Callable[[], bool] = lambda: False) -> bool:
        """Fill the identity index and the mirror, going on where an earlier run ended; whether both are complete.

        Cheap when they are. Call it at the start and again from time to time: after very many changes at once the
        index asks to be filled anew. `progress` gets the number of cards read so far.
        """
        return self._changes.fill(progress, stop)

    def derive(self, hint: CrmHint, event: Event) -> tuple[list[Event], ByKind]:
        """What a hint comes to: events and snapshots by kind, to be stored in one transaction.

        One call for all the cards of a kind, so hints that wait together are best joined into one.
        """
        return self._changes.derive(hint, event)

    def reconcile(self, received_at: datetime) -> tuple[list[Event], ByKind, dict[str, str]]:
        """What changed since the last reconciling, hinted at or not; events, snapshots and cursors go together."""
        return self._changes.reconcile(received_at)

    def glances(self, kind: str, after: str, most: int) -> list[Glance]:
        """See `provodka.crm.Cards`."""
        return self._changes.glances(kind, after, most)

    def look(self, kind: str, ids: Sequence[str]) -> dict[str, tuple[Person, CardEvent]]:
        """See `provodka.crm.Cards`."""
        return self._changes.look(kind, ids)

    def subscribe(self, destination: str) -> bool:
        """Have amoCRM send its hints to this address; whether anything had to be changed. Needs an administrator."""
        return hooks.subscribe(self._room, destination)

    def setup(self) -> AccountSetup:
        """What an integrator does with the account before the start."""
        return Setup(self._room)

    def keep_alive(self) -> None:
        """Refresh what would expire: a refresh token dies after three months without use. Once a day is plenty."""
        self._auth.keep_alive()


def _following(room: Room, leads: Leads, people: People) -> Following:
    readers: dict[Kind, Reader] = {
        CONTACTS: contact_reader(room),
        LEADS: CardReader(room, "leads", WITH, leads.card),
        COMPANIES: company_reader(room),
        TASKS: TaskReader(room),
    }
    return Following(room, room.directory, people, readers, leads.read, partial(deleted, room))


def _auth(
    settings: AmocrmSettings, account: str, store: ConnectorStore, http: Http, now: Callable[[], datetime]
) -> Auth:
    if (given := settings.oauth) is not None:
        desk = token_desk(given, http)
        return OAuth(account, store, desk, now, code=given.code, refresh_token=given.refresh_token)
    assert settings.token is not None  # noqa: S101 -- the settings have made sure of it
    return LongLived(settings.token)


if TYPE_CHECKING:  # the type checker holds that nothing of a CRM is missing here
    _fulfils: type[CrmAccount] = AmoCrm
