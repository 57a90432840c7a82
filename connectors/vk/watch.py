"""Looks for what a VK community's notices did not bring, or, with `receive: polling`, for all of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from connectors.looking import Looking
from connectors.talks.reading import Fields, count, moment, part, parts_of, word
from connectors.talks.telling import Telling, of_answer, raw_of
from connectors.vk.api import VkApi
from connectors.vk.channel import book_of
from connectors.vk.leads import LeadForm, Leads
from connectors.vk.notice import Notices
from connectors.vk.settings import VkSettings
from connectors.vk.setup import Setup
from provodka.channel import Around, Intake, Status
from provodka.errors import ConnectorError, Rejected, Retryable
from provodka.event import Event

OVERLAP: Final = timedelta(hours=1)
PAGE: Final = 200
LEADS: Final = 1000
MOST_PAGES: Final = 50
WAIT: Final = 25  # seconds that a long poll is held open
_NO_POLL: Final = "Включите Long Poll API: Управление → Работа с API → Long Poll API, версия не ниже 5.103."


class VkWatcher:
    """One look: the state of the callback server, the answers of lead forms, and the messages that nobody told of.

    `receive: polling` spends the time between two looks in a long poll. The cursor `vk:<channel>:since` says up to
    when has been looked, `…:ts` where the long poll stood; at the first start nothing older is taken.
    """

    def __init__(self, name: str, settings: VkSettings, around: Around) -> None:
        self.name = name
        self._settings = settings
        self._now = around.now
        self._api = VkApi(settings, around.store)
        self._setup = Setup(settings, self._api) if settings.token else None
        self._notices = Notices(settings.account, book_of(settings, around))

    def watch(self, stop: threading.Event, intake: Intake, status: Status) -> None:
        """Until `stop`; a long poll that is open then is waited for."""
        pause = self._settings.poll.total_seconds()
        Looking(self.name, last_retry=pause).forever(lambda: self._round(stop, intake), stop, status)

    def check(self) -> list[str]:
        """Whether what is needed is switched on there."""
        try:
            if self._settings.receive == "polling":
                self._server()
            for form in self._settings.lead_forms:
                self._form(form)
        except ConnectorError as error:
            return [error.sentence("VK")]
        return []

    def close(self) -> None:
        self._api.close()

    def _round(self, stop: threading.Event, intake: Intake) -> float:
        self.look(intake)
        pause = self._settings.poll.total_seconds()
        if self._settings.receive == "polling":
            self._poll(time.monotonic() + pause, stop, intake)
            return 0.0
        if self._setup is not None:
            self._setup.look()
        return pause

    def look(self, intake: Intake) -> None:
        """Take in what came since the last look and is not known yet."""
        cursor, now = f"vk:{self.name}:since", self._now()
        told = intake.cursor(cursor)
        since = (datetime.fromisoformat(told) if told else now) - OVERLAP
        events = [
            event for event in self._missed(now, since) if told or event.occurred_at >= now - timedelta(minutes=1)
        ]
        intake.accept(events, cursors={cursor: now.isoformat()})

    def _missed(self, now: datetime, since: datetime) -> Iterator[Event]:
        for form in self._settings.lead_forms:
            yield from self._leads(form, now, since)
        if self._settings.token is not None:
            yield from self._messages(now, since)

    def _leads(self, number: int, now: datetime, since: datetime) -> Iterator[Event]:
        fresh = [lead for lead in self._all_leads(number) if _since(lead, since)]
        if not fresh:
            return
        form = self._form(number)  # anew each time: questions are added
        for lead in fresh:
            yield Leads(self.name, now, raw_of(lead)).of_list(lead, form)

    def _all_leads(self, number: int) -> Iterator[Fields]:
        """All pages: nowhere is it said in which order they come."""
        token = ""
        for _ in range(MOST_PAGES):
            given = {"group_id": self._settings.account, "form_id": number, "limit": LEADS, "next_page_token": token}
            page = self._api.lead_forms("getLeads", **given)
            leads, following = parts_of(page.get("leads")), word(page.get("next_page_token"))
            yield from leads
            if not leads or following in ("", token):
                return
            token = following

    def _form(self, number: int) -> LeadForm:
        """The form's own words, which a list of answers does not repeat."""
        found = self._api.lead_forms("get", group_id=self._settings.account, form_id=number)
        return LeadForm.of({"form_id": number, **found})

    def _messages(self, now: datetime, since: datetime) -> Iterator[Event]:
        for talk in self._talks(since):
            peer = word(part(talk, "conversation", "peer").get("id"))
            for body in self._history(peer, since):
                yield from self._notices.message(body, Telling(self.name, now, raw_of(body)))

    def _talks(self, since: datetime) -> Iterator[Fields]:
        """The talks in which something was said since then; those of the last word come first, but for pinned ones."""
        for page in range(MOST_PAGES):
            given = {"group_id": self._settings.account, "count": PAGE, "offset": page * PAGE}
            items = parts_of(self._api.ask("messages.getConversations", **given).get("items"))
            fresh = [talk for talk in items if _since(part(talk, "last_message"), since)]
            yield from fresh
            if len(items) < PAGE or not fresh:
                return

    def _history(self, peer: str, since: datetime) -> list[Fields]:
        """What was said in a talk since then, the oldest first."""
        found: list[Fields] = []
        for page in range(MOST_PAGES):
            given = {"group_id": self._settings.account, "peer_id": peer, "count": PAGE, "offset": page * PAGE}
            items = parts_of(self._api.ask("messages.getHistory", **given).get("items"))
            fresh = [body for body in items if _since(body, since)]
            found += fresh
            if len(fresh) < PAGE:
                break
        return found[::-1]

    def _server(self) -> Fields:
        try:
            return self._api.ask("groups.getLongPollServer", group_id=self._settings.account)
        except Rejected as error:
            raise Rejected(error.reason, hint=error.hint or _NO_POLL, status=error.status, code=error.code) from error

    def _poll(self, end: float, stop: threading.Event, intake: Intake) -> None:
        """Notices as they come, until that moment (monotonic).

        `failed` 1 gives a newer `ts`: some were forgotten, and the next look finds them. 2 wants a new key, 3 a new key
        and `ts`.
        """
        cursor = f"vk:{self.name}:ts"
        server = self._server()
        ts = intake.cursor(cursor) or word(server.get("ts"))
        while not stop.is_set() and (left := end - time.monotonic()) > 0:
            wait = max(1, min(WAIT, int(left)))
            told = self._api.long_poll(word(server.get("server")), {"key": word(server.get("key")), "ts": ts}, wait)
            failed = count(told.get("failed"))
            if failed in (1, 2, 3):
                server = server if failed == 1 else self._server()
                ts = ts if failed == 2 else word((told if failed == 1 else server).get("ts"))
                # kept before the look: asked once more with the old one, VK would forget what has come since
                intake.accept([], cursors={cursor: ts})
                self.look(intake)
            elif failed or not told.get("ts"):
                raise Retryable(f"the long poll says failed {failed}")
            else:
                ts = word(told.get("ts"))
                updates = parts_of(told.get("updates"))
                events = [event for one in updates for event in self._events(one)]
                if updates or intake.cursor(cursor) is None:
                    intake.accept(events, cursors={cursor: ts})

    def _events(self, update: Fields) -> list[Event]:
        return of_answer(self.name, self._now(), update, lambda telling: self._notices.events(update, telling))


def _since(body: Fields, since: datetime) -> bool:
    at = moment(body.get("date"))
    return at is not None and at >= since


def watcher(name: str, settings: VkSettings, around: Around) -> VkWatcher | None:
    """The watcher of the channel `name`; None without any key to look with."""
    if settings.token is None and not settings.lead_forms:
        return None
    return VkWatcher(name, settings, around)
