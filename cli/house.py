"""The whole house out of one config: journal, connectors, engine, and the doors that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import structlog

from cli.callers import LateCallers
from cli.config import Config
from cli.console import console_parts
from cli.hooks import CRM_CHANNEL, warn
from cli.partners import JournalSentIn
from connectors.registry import ACCOUNTINGS, CHANNELS, CRMS
from connectors.secrecy import cutter
from connectors.submissions import FormsSettings
from connectors.tables.importing import ReadRow
from provodka.accounting import AccountingAccount
from provodka.calls import Callers, Dialler, NobodyCalls, Recordings
from provodka.cashier import Cashier
from provodka.channel import Around, Page, Received, Receiver, Subscriber, Watcher
from provodka.crm import CrmAccount, Messenger
from provodka.errors import ConnectorError
from provodka.event import utc_now
from provodka.fence import Fence, Limits
from provodka.journal import Journal, StoredAction
from provodka.journal.imports import ImportJob
from provodka.own_pages import LeadMarks, OwnPages
from provodka.redact import Redactor
from provodka.web import Web
from rules.actions import DELIVERED, REGISTRY, UNDO
from rules.actions.base import Decision, Delivery
from rules.brake import brakes_of
from rules.engine import Engine
from rules.ticks import Ticks
from scheduler import Alerts, Clock, Job, Scheduler, forget_firings, forget_parts, forget_turns, tell_dead_letters
from webhooks.app import create_app
from webhooks.files import SignedFiles
from webhooks.metrics import Metrics
from webhooks.receive import Door
from webhooks.refusals import Refusals, forget_refusals
from webhooks.server import WebServer
from worker.booked import Poll
from worker.deliverer import Deliverer
from worker.importing import Importer, kept_rows
from worker.nightly import Nightly
from worker.outside import Equipment, JournalLinks, JournalOutside, JournalTurns
from worker.planner import Planner
from worker.threads import Worker

log = structlog.get_logger("house")

BOOKS_CHANNEL = "1c"  # also served at /exchange/1c, where 1C expects a site
TALKS, TALKS_SECONDS = "talks", 3600.0
HOOKS_SECONDS, HOOKS_FIRST = 3600.0, 20.0  # who has just been started is connected now, by hand or by `connect`


Heard = Callable[[str, Received], None]
T = TypeVar("T")


class House:
    """Opens the journal at once; everything else is made when it is first asked for. Close it at the end."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.journal = Journal(config.journal_url)
        self.redactor = Redactor(self.journal.key, config.secrets)
        self._closing = ExitStack()
        self._closing.callback(self.journal.close)
        self._to_close: list[Any] = []

    def close(self) -> None:
        """Let go of connections, then of the journal: of each once, and of all, though one of them should fail."""
        self._closing.close()

    @property
    def now(self) -> datetime:
        return utc_now()

    @cached_property
    def engine(self) -> Engine:
        config = self.config
        return Engine(config.rules, REGISTRY, config.team, config.calendar, config.client, config.beside)

    @cached_property
    def fence(self) -> Fence:
        """Around what somebody only wants to try."""
        most = self.config.console.what_if
        return self._kept(Fence(Limits(most.time.total_seconds(), most.memory)))

    @cached_property
    def crm(self) -> CrmAccount | None:
        """The CRM of the config; the staff's cards and stages are read when first needed."""
        settings = self.config.crm
        if settings is None:
            return None
        return self._kept(CRMS[settings.type].open(settings, self.journal.store))

    @cached_property
    def accounting(self) -> AccountingAccount | None:
        """The accounting of the config, if it has one."""
        settings = self.config.accounting
        if settings is None:
            return None
        return self._kept(ACCOUNTINGS[settings.type].open(settings, self.journal.store))

    @cached_property
    def nightly(self) -> Nightly | None:
        """The comparison of accounting and CRM, where there are both."""
        if self.accounting is None or self.crm is None:
            return None
        return Nightly(self.accounting, self.crm, self.journal, ZoneInfo(self.config.timezone))

    @cached_property
    def correspondents(self) -> dict[str, Any]:
        """Every channel that writes to people, by its name."""
        return self._parts("messenger")

    @cached_property
    def diallers(self) -> dict[str, Dialler]:
        """Every channel that makes calls, by its name."""
        return self._parts("dialler")

    @cached_property
    def cashiers(self) -> dict[str, Cashier]:
        """Every channel that makes links for payments, by its name."""
        return self._parts("cashier")

    @cached_property
    def subscribers(self) -> dict[str, Subscriber]:
        """Every channel whose service is told by us where to send, by its name."""
        return self._parts("subscriber")

    @cached_property
    def recordings(self) -> dict[str, Recordings]:
        """Every channel whose recordings can be fetched, by its name."""
        return self._parts("recordings")

    @cached_property
    def around(self) -> Around:
        """What channels are given of the house."""
        public_url = self.config.server.public_url
        hooks, pages = (f"{public_url}/hooks", f"{public_url}/f") if public_url else ("", "")
        zone = ZoneInfo(self.config.timezone)
        settings, key = self.config.crm, self.journal.key
        sent_in = JournalSentIn(self.journal, settings.type if settings is not None else "")
        return Around(
            self.journal.store, zone, self.callers, self.files, hooks=hooks, pages=pages, key=key, sent_in=sent_in
        )

    @cached_property
    def own_pages(self) -> OwnPages:
        """What rules may know of our pages and partners."""
        channels = self.config.channels.items()
        lives = {name: one.valid for name, one in channels if CHANNELS[one.type].personal}
        listed = [one.partners for _, one in channels if one.type == "partner"]
        senders = {address: one.named(key) for some in listed for key, one in some.items() for address in one.mail}
        return OwnPages(LeadMarks(self.journal.key), self.around.pages, lives, senders)

    @cached_property
    def files(self) -> SignedFiles | None:
        """Addresses of our files for others; None where nobody can reach us."""
        public_url = self.config.server.public_url
        return SignedFiles(public_url, self.journal.key, utc_now) if public_url else None

    @cached_property
    def callers(self) -> Callers:
        """Who calls, by the mirror of the CRM."""
        settings = self.config.crm
        if settings is None:
            return NobodyCalls()
        return LateCallers(settings.type, self.journal.store, self.config.team.extensions)

    @cached_property
    def messengers(self) -> dict[str, Messenger]:
        """By medium, as those ask for them who write to the staff: the first of each."""
        return {one.medium: one for one in reversed(list(self.correspondents.values()))}

    @cached_property
    def services(self) -> Web:
        """What speaks to any other service."""
        from connectors.web.sender import WebSender

        return WebSender(self.config.http, self.config.beside.veil, self.journal.store)

    @cached_property
    def receivers(self) -> Mapping[str, Receiver]:
        made: dict[str, Receiver] = self._parts("receiver")
        settings = self.config.crm
        hooks = CRMS[settings.type].receiver(CRM_CHANNEL, settings, self.journal.store) if settings else None
        if hooks:
            made[CRM_CHANNEL] = hooks
        books = self.config.accounting
        if books and (caller := ACCOUNTINGS[books.type].receiver(BOOKS_CHANNEL, books, self.journal.store)):
            made[BOOKS_CHANNEL] = caller
        return made

    @cached_property
    def pages(self) -> Mapping[str, Page]:
        """Every channel that shows people a page, by its name."""
        return self._parts("page")

    @cached_property
    def watchers(self) -> list[Watcher]:
        return list(self._parts("watcher").values())

    @cached_property
    def planner(self) -> Planner:
        brakes = brakes_of(self.config.rules, REGISTRY, self.config.brake)
        channels = self.config.channels.items()
        double_within = {name: one.double_within for name, one in channels if isinstance(one, FormsSettings)}
        return Planner(
            self.journal,
            self.engine,
            self.crm,
            self.crm,
            brakes,
            self.accounting,
            double_within=double_within,
            own_pages=self.own_pages,
        )

    @cached_property
    def equipment(self) -> Equipment:
        return Equipment(
            self.crm,
            self.messengers,
            self.config.team,
            self.config.calendar,
            self.services,
            self.correspondents,
            self.accounting,
            self.diallers,
            self.recordings,
            self.files,
            self.cashiers,
        )

    def web(self, host: str | None = None, port: int | None = None, heard: Heard | None = None) -> WebServer:
        """The web server of this config, not started. `heard` hears of deliveries in place of `provodka status`."""
        server = self.config.server
        heard = heard or self._kept(Refusals(self.journal)).heard
        door = Door(
            self.receivers, self.journal, utc_now, server.body_limit, Metrics(), heard, cutter(self.config.secrets)
        )
        app = create_app(door, self.journal, self.pages, lambda: console_parts(self))
        return WebServer(app, host or server.host, server.port if port is None else port, server.threads)

    def worker(self) -> Worker:
        """The worker, not started."""
        return Worker(self.journal, self.planner, Deliverer(self.journal, DELIVERED, self.equipment, self.journal))

    def would_undo(self, actions: Sequence[tuple[StoredAction, Mapping[str, Any]]]) -> list[Decision]:
        """What undoing these with these parameters would decide now; reads the CRM, writes nothing."""
        events = self.journal.events([action.event_seq for action, _ in actions])
        items = [Delivery(action.key, params, (), events[action.event_seq].event) for action, params in actions]
        turns, links = JournalTurns(self.journal), JournalLinks(self.journal)
        outside = JournalOutside(self.equipment, self.journal, turns, links, self.now)
        try:
            return UNDO.decide(items, outside)
        except ConnectorError as error:
            return [error] * len(items)

    def scheduler(self) -> Scheduler:
        """The scheduler, not started."""
        telegram = (self.config.team.telegram(key) for key in self.config.alerts.to)
        alerts = Alerts(self.messengers.get("telegram"), tuple(str(id_) for id_ in telegram if id_ is not None))
        jobs = [
            Job("alerts", 5, lambda _: alerts.tell(self.journal)),
            Job("dead letters", 30, lambda _: tell_dead_letters(self.journal)),
            Job("turns", 86_400, lambda _: forget_turns(self.journal)),
            Job("firings", 86_400, lambda _: forget_firings(self.journal)),
            Job("refusals", 3600, lambda _: forget_refusals(self.journal)),
            Job("parts", 86_400, lambda _: forget_parts(self.journal)),
        ]
        if self.crm is not None:
            jobs += _crm_jobs(self.crm, self.journal)
            if self.crm.shows_talks():
                jobs.append(Job("talks", TALKS_SECONDS, lambda _: self.connect_talks()))
            jobs.append(Job("hooks", HOOKS_SECONDS, lambda _: self.look_at_hooks(), first=HOOKS_FIRST))
        if self.accounting is not None:
            poll = Poll(self.accounting, self.crm, self.journal)
            jobs.append(Job("accounting", self.accounting.poll_seconds, lambda _: poll.look()))
            if (nightly := self.nightly) is not None:
                jobs.append(Job("comparison", 60, lambda _: nightly.when_due(), first=30))
        clock = Clock(Ticks(self.config.rules, self.config.calendar), utc_now)
        importer = Importer(self.journal, self.imported, self.config.calendar)
        return Scheduler(self.journal, [*self.watchers, clock, importer], jobs)

    def imported(self, job: ImportJob) -> Iterator[ReadRow]:
        """The rows of the file of an import, as its channel reads them now. Raises Rejected with the cure."""
        return kept_rows(job, self.journal, self.config.channels, ZoneInfo(self.config.timezone))

    def connect_talks(self) -> None:
        """Make the channel of talks known to the CRM; a line of `status` where it does not take it."""
        if self.crm is None:
            return
        try:
            self.crm.connect_talks()
        except ConnectorError as error:
            self.journal.trouble(TALKS, error.reason, error.hint or "Проверьте настройки канала переписки в CRM")
        else:
            self.journal.well(TALKS)

    def look_at_hooks(self) -> None:
        """Whether the CRM tells us of changes: a log line and a line of `status` where it does not."""
        if self.crm is not None:
            warn(self.config.crm, self.config.server.public_url, self.crm.setup(), self.journal)

    def _parts(self, part: str) -> dict[str, Any]:
        """Of every channel that has such a part, by its name."""
        made = {n: CHANNELS[s.type].open(part, n, s, self.around) for n, s in self.config.channels.items()}
        return {name: self._kept(one) for name, one in made.items() if one is not None}

    def _kept(self, part: T) -> T:
        """What there is to close of it is closed at the end."""
        if (close := getattr(part, "close", None)) is not None and not any(one is part for one in self._to_close):
            self._to_close.append(part)
            self._closing.callback(close)
        return part


def _crm_jobs(crm: CrmAccount, journal: Journal) -> list[Job]:
    def reconcile(_: Callable[[], bool]) -> None:
        """What no webhook told: found by update time, put into the inbox with the snapshots it was found by."""
        events, snapshots, cursors = crm.reconcile(utc_now())
        journal.accept_derived(events, {(crm.name, kind): rows for kind, rows in snapshots.items()}, cursors)
        journal.back(crm.name)  # where nothing new comes in, nobody else would notice the end of an outage

    return [
        Job("people", 600, lambda stop: crm.fill(stop=stop)),
        Job("reconcile", 60, reconcile),
        Job("tokens", 3600, lambda _: crm.keep_alive()),
    ]
