"""Fetches the leads that notices told of, and now and then asks the forms for those that none told of."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from connectors.graph import Graph
from connectors.http import Limit
from connectors.looking import Looking
from connectors.meta.leads import FIELDS, created_at, id_of, key_of, lead_event, lost_event
from connectors.meta.settings import MetaSettings
from connectors.talks.reading import Fields, moment, part, parts_of, word
from provodka.channel import Around, Intake, Status
from provodka.errors import AuthFailed, ConnectorError, Rejected
from provodka.event import Event
from provodka.stores import Pace

LOOK_EVERY: Final = 2.0
RETRY: Final = 300.0
OVERLAP: Final = timedelta(hours=1)
INVENTED_AFTER: Final = timedelta(hours=1)
PAGE: Final = "100"
NO_ACCESS: Final = (
    "Meta прислала заявку, но не отдаёт её ответы. Дайте приложению право leads_retrieval и доступ к лидам: "
    "Meta Business Suite → «Интеграции» → «Доступ к лидам» → добавьте приложение. Заявки не потеряны: "
    "Provodka заберёт их, как только доступ появится."
)
NOT_FETCHED: Final = "the lead cannot be fetched: {reason}"
FOREIGN: Final = "a trial of the vendor's: its page {page} is not ours"
NOT_SUBSCRIBED: Final = "Meta: страница не подписана на заявки (leadgen): provodka check --online --channel {name}"

log = logging.getLogger(__name__)


class MetaWatcher:
    """Leads of the forms of one page. A lead whose answers are refused is kept and asked for again: leads can be read
    for about 90 days. One that cannot be fetched though the page's forms can be read was invented by a test page, or
    deleted: after an hour its notice ends as `unreadable`, and nobody is alarmed."""

    def __init__(self, name: str, settings: MetaSettings, pace: Pace, now: Callable[[], datetime]) -> None:
        self.name = name
        self._settings = settings
        self._graph = Graph(settings, Limit(f"meta:{settings.page_id}:leads", settings.per_second, 5), pace)
        self._now = now
        self._forms: dict[str, str] = {}
        self._caught_up: datetime | None = None
        self._later: dict[str, datetime] = {}

    def watch(self, stop: threading.Event, intake: Intake, status: Status) -> None:
        """Until `stop`."""
        Looking(self.name, last_retry=RETRY).forever(partial(self.look, intake), stop, status)
        self._graph.close()

    def look(self, intake: Intake) -> float:
        """One round; the seconds until the next. Raises the refusal by which leads are being withheld."""
        withheld = self._fetch_told(intake)
        if withheld is not None:
            raise withheld
        if self._caught_up is None or self._now() - self._caught_up >= self._settings.poll:
            self._catch_up(intake)
            self._caught_up = self._now()
        return LOOK_EVERY

    def check(self) -> list[str]:
        """Whether the page's forms can be read, and whether it tells us of leads."""
        try:
            self._read_forms()
            fields = {
                word(field)
                for app in parts_of(self._graph.get(f"{self._settings.page_id}/subscribed_apps").get("data"))
                for field in app.get("subscribed_fields") or ()
            }
        except ConnectorError as error:
            return [error.sentence("Meta")]
        return [] if "leadgen" in fields else [NOT_SUBSCRIBED.format(name=self.name)]

    def close(self) -> None:
        """Close the connections."""
        self._graph.close()

    def _fetch_told(self, intake: Intake) -> ConnectorError | None:
        """All leads that notices told of and that are not there yet; the refusal, where there was one of rights."""
        now, withheld = self._now(), None
        for key in intake.unfinished(self.name, key_of(""), now + timedelta(seconds=1)):
            if self._later.get(key, now) > now:
                continue
            notice = json.loads(intake.parts(self.name, key)[0].body)
            event: Event | None
            try:
                event = self._told(key, notice)
            except Rejected as error:
                event, refusal = self._refused(key, notice, error)
                withheld = withheld or refusal
            if event is None:
                self._later[key] = now + timedelta(seconds=RETRY)
                continue
            intake.accept([event], channel=self.name)
            self._later.pop(key, None)
        return withheld

    def _told(self, key: str, notice: Fields) -> Event:
        page = word(notice.get("page_id"))
        if page and page != self._settings.page_id:
            return lost_event(self.name, key, notice, FOREIGN.format(page=page), self._now())
        lead = self._graph.get(id_of(key), fields=FIELDS)
        return lead_event(self.name, {**lead, "id": id_of(key)}, notice, self._names(), self._now())

    def _refused(self, key: str, notice: Fields, error: Rejected) -> tuple[Event | None, ConnectorError | None]:
        """Whether it is this lead alone that cannot be had, or all of them."""
        try:
            self._probe(word(notice.get("form_id")))
        except (Rejected, AuthFailed) as wider:
            log.warning("leads withheld: channel=%s lead=%s: %s", self.name, id_of(key), wider.reason)
            return None, Rejected(error.reason, hint=NO_ACCESS, status=error.status, code=error.code)
        told = moment(notice.get("created_time"))
        if told is None or self._now() - told >= INVENTED_AFTER:
            return lost_event(self.name, key, notice, NOT_FETCHED.format(reason=error.reason), self._now()), None
        return None, None

    def _probe(self, form: str) -> None:
        """Read any lead of the form where the page knows it, else any of the page's; raises where that is refused."""
        forms = self._read_forms()
        for one in [form] if form in forms else list(forms)[:1]:
            self._graph.get(f"{one}/leads", limit="1", fields="id")

    def _catch_up(self, intake: Intake) -> None:
        """Page by page, the newest leads of each form; how far this has come is kept with them."""
        begun, cursor = self._now(), f"meta:{self.name}:leads"
        known = intake.cursor(cursor)
        start = begun - timedelta(days=self._settings.first_sync_days)
        since = datetime.fromisoformat(known) - OVERLAP if known else start
        forms = self._read_forms()
        for form in self._settings.forms or tuple(forms):
            for lead in self._leads(form, since):
                intake.accept([lead_event(self.name, lead, {"form_id": form}, forms, self._now())], channel=self.name)
        intake.accept([], channel=self.name, cursors={cursor: begun.isoformat()})

    def _leads(self, form: str, since: datetime) -> list[Fields]:
        found: list[Fields] = []
        wanted = [{"field": "time_created", "operator": "GREATER_THAN", "value": int(since.timestamp())}]
        params = {"fields": FIELDS, "limit": PAGE, "filtering": json.dumps(wanted)}
        while True:
            answer = self._graph.get(f"{form}/leads", **params)
            found += [one for one in parts_of(answer.get("data")) if word(one.get("id")) and _is_after(one, since)]
            after = word(part(answer, "paging", "cursors").get("after"))
            if not after or not part(answer, "paging").get("next"):
                return found
            params["after"] = after

    def _names(self) -> Mapping[str, str]:
        """Names of forms by id; those that cannot be read now are left empty rather than hold a lead back."""
        if not self._forms:
            try:
                self._read_forms()
            except ConnectorError as error:
                log.warning("names of forms not read: channel=%s: %s", self.name, error.reason)
        return self._forms

    def _read_forms(self) -> dict[str, str]:
        answer: dict[str, Any] = self._graph.get(
            f"{self._settings.page_id}/leadgen_forms", fields="id,name", limit=PAGE
        )
        self._forms = {word(one.get("id")): word(one.get("name")) for one in parts_of(answer.get("data"))}
        return self._forms


def _is_after(lead: Fields, since: datetime) -> bool:
    at = created_at(lead)
    return at is None or at.astimezone(UTC) >= since


def watcher(name: str, settings: MetaSettings, around: Around) -> MetaWatcher | None:
    """The watcher of the channel `name`, where it takes leads."""
    return MetaWatcher(name, settings, around.store, around.now) if settings.lead_forms else None
