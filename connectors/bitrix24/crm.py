"""Bitrix24 as the house sees it: the neutral CRM, its events' hints, and what the portal lacks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from connectors.bitrix24 import hooks
from connectors.bitrix24.cards import Leads
from connectors.bitrix24.client import Client, Webhook
from connectors.bitrix24.directory import Directory
from connectors.bitrix24.oauth import classify_token, token_desk
from connectors.bitrix24.offer_cards import OfferCards
from connectors.bitrix24.offer_sales import OfferSales
from connectors.bitrix24.offer_work import OfferWork
from connectors.bitrix24.operating import Operating
from connectors.bitrix24.people import People
from connectors.bitrix24.problems import classify
from connectors.bitrix24.readers import Deletions, LeadReader, TaskReader, company_reader, contact_reader
from connectors.bitrix24.room import Room
from connectors.bitrix24.settings import BitrixSettings
from connectors.bitrix24.setup import Setup
from connectors.bitrix24.tags import Tags
from connectors.crm.changes import COMPANIES, CONTACTS, LEADS, TASKS, Kind
from connectors.crm.following import Following, Reader
from connectors.crm.gone import Gone
from connectors.crm.mirrored import Mirrored
from connectors.crm.needs import missing
from connectors.http import Http, Limit, Timeouts
from connectors.oauth import Auth, OAuth
from provodka.crm import Glance, Missing, Need, Progress
from provodka.event import Event, utc_now
from provodka.payloads import CardEvent, CrmHint, Person
from provodka.readiness import AccountSetup
from provodka.stores import ByKind, ConnectorStore


class Bitrix24(OfferCards, OfferWork, OfferSales):
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
        leads, people = Leads(self._room), People(self._room)
        self._gone = Gone(self._room)
        self._mirrored = Mirrored(self._room, self._room.directory, leads.url)
        self._changes = _following(self._room, leads, people)
        self._furnish_cards(people, leads)
        self._furnish_work(leads)
        self._furnish_sales(leads, self._lead_changes)

    def close(self) -> None:
        """Close the connections."""
        self._room.client.close()
        if self._token_http is not None:
            self._token_http.close()

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
        return self._changes.fill(progress, stop)

    def derive(self, hint: CrmHint, event: Event) -> tuple[list[Event], ByKind]:
        """What a hint comes to; a request for all the cards of a kind, so hints are best joined into one."""
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
        """Have the portal send its events to this address. Only an application can; an outbound webhook is set up by
        hand, so with an inbound webhook this is refused."""
        return hooks.subscribe(self._room, destination)

    def setup(self) -> AccountSetup:
        """What an integrator does with the portal before the start."""
        return Setup(self._room)

    def keep_alive(self) -> None:
        """Refresh a token that nobody has used for weeks."""
        self._auth.keep_alive()


def _following(room: Room, leads: Leads, people: People) -> Following:
    readers: dict[Kind, Reader] = {
        CONTACTS: contact_reader(room),
        LEADS: LeadReader(room, leads),
        COMPANIES: company_reader(room),
        TASKS: TaskReader(room),
    }

    def named(kind: Kind) -> str:
        """Hints at leads name the portal's leads or its deals, as it works."""
        return room.kind.path if kind is LEADS else kind.name

    gone = Deletions(room).since
    return Following(room, room.directory, people, readers, leads.read, gone, named, room.settings.look_back)


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
