"""The mailbox channel: watches the folders by IDLE with a poll behind it, and comes back after every fault."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from connectors.imap.fetch import Memory
from connectors.imap.folder import Folder
from connectors.imap.pace import Pace
from connectors.imap.places import Place, find_places
from connectors.imap.settings import ImapSettings
from connectors.imap.told import Knows, Teller
from connectors.mail.connection import Server, logged_in, words
from connectors.mail.tokens import open_auth
from connectors.oauth import Auth
from provodka.channel import Around, Intake, Status
from provodka.errors import AuthFailed, ConnectorError, JournalUnavailableError, RateLimited, Retryable
from provodka.event import utc_now

BLIPS = 3  # so many failures in a row are worth an alert; servers close connections as a matter of course

log = logging.getLogger(__name__)


class ImapChannel:
    """A mailbox as a Watcher. Each letter becomes one `email.received` or `email.sent` event, known by its Message-ID.

    One connection serves all folders: IDLE on the first of them, every few seconds a question to the others, every
    `poll` seconds a look into all. The cursor `imap:<channel>:<folder>` is `UIDVALIDITY:UID`, stored together with the
    events (see `Cursors`). The mailbox itself is never changed: people read it too.
    """

    def __init__(
        self,
        name: str,
        settings: ImapSettings,
        *,
        auth: Auth | None = None,
        knows: Knows = lambda _: None,
        now: Callable[[], datetime] = utc_now,
        pace: Pace = Pace(),  # noqa: B008  # immutable
    ) -> None:
        self.name = name
        self._settings, self._auth, self._now, self._pace = settings, auth, now, pace
        self._knows = knows
        self._memory = Memory()

    def watch(self, stop: threading.Event, intake: Intake, status: Status) -> None:
        """Run until `stop`, and return within about a second of it (a connection being opened may take longer)."""
        run = _Run(
            self.name,
            self._settings,
            self._auth,
            self._knows,
            self._pace,
            self._memory,
            self._now,
            stop,
            intake,
            status,
        )
        run.forever()

    def check(self) -> list[str]:
        """Log in and look for the folders."""
        try:
            with logged_in(_server(self._settings, self._pace), self._auth) as client:
                places = find_places(client, self._settings)
        except ConnectorError as error:
            return [f"{error.reason}. {error.hint}".strip()]
        except (OSError, IMAPClientError) as error:
            return [words(error)]
        return [_no_folder(folder, places.there) for folder in places.missing]


@dataclass(slots=True)
class _Run:
    """One watch.

    `failures` counts connections in a row that did not come as far as looking into the folders: they are worth an
    alert. `drops` counts those that did not last until the first poll: they stretch the pause before the next login.
    """

    name: str
    settings: ImapSettings
    auth: Auth | None
    knows: Knows
    pace: Pace
    memory: Memory
    now: Callable[[], datetime]
    stop: threading.Event
    intake: Intake
    status: Status
    failures: int = 0
    drops: int = 0
    in_trouble: bool = True  # until the first look: what an earlier run told may still stand

    def forever(self) -> None:
        while not self.stop.is_set():
            try:
                self._session()
            except Exception as error:  # noqa: BLE001  # the edge of a connection: whatever happened, come back
                if not self.stop.is_set():
                    self.stop.wait(self._after(error))

    def _after(self, error: Exception) -> float:
        """Tell what happened; the seconds until the next try."""
        self.failures, self.drops = self.failures + 1, self.drops + 1
        log.warning("mailbox connection ended: channel=%s: %s", self.name, words(error), exc_info=_unexpected(error))
        if isinstance(error, AuthFailed):
            self._trouble(error.trouble, error.hint)
            return self.pace.refused
        if isinstance(error, RateLimited):
            self._trouble(error.trouble, error.hint)
            return min(error.wait or 0.0, self.pace.crowded)
        if self.failures >= BLIPS:
            told = error if isinstance(error, ConnectorError) else Retryable(f"{self.settings.host}: {words(error)}")
            self._trouble(told.reason, told.hint or _WAIT)
        pause = min(self.pace.first_retry * 2.0 ** min(self.drops - 1, 20), self.pace.last_retry)
        return pause * random.uniform(0.8, 1.2)  # noqa: S311  # jitter

    def _session(self) -> None:
        with logged_in(_server(self.settings, self.pace), self.auth, self.stop) as client:
            found = self._look_everywhere(client)
            self.failures = 0
            due = self._next_poll()
            while not self.stop.is_set():
                if self._wait(client, found, due):
                    found[0].look()
                elif time.monotonic() < due:
                    self._look_at_others(found)
                else:
                    found = self._look_everywhere(client)
                    self.drops = 0
                    due = self._next_poll()

    def _next_poll(self) -> float:
        return time.monotonic() + min(self.settings.poll, self.pace.idle)

    def _look_everywhere(self, client: IMAPClient) -> Sequence[Folder]:
        """The folders that exist."""
        places = find_places(client, self.settings)
        found = [self._folder(client, place, places.there) for place in places.found]
        if places.missing:
            cause = "; ".join(_no_folder(name, places.there) for name in places.missing)
            self._trouble(cause, _folder_cure(places.missing, places.there))
        _look_into(found)
        if self.in_trouble and not places.missing:
            self.status.well(self.name)
            self.in_trouble = False
        return found

    def _look_at_others(self, found: Sequence[Folder]) -> None:
        """At those that IDLE does not watch."""
        if news := [folder for folder in found[1:] if folder.has_news()]:
            _look_into([found[0], *news])

    def _trouble(self, cause: str, cure: str) -> None:
        self.in_trouble = True
        self.status.trouble(self.name, cause, cure)

    def _folder(self, client: IMAPClient, place: Place, there: Sequence[str]) -> Folder:
        teller = Teller(self.settings, self.knows)
        return Folder(client, place, self.name, self.settings, teller, self.intake, self.memory, self.now, there)

    def _wait(self, client: IMAPClient, found: Sequence[Folder], due: float) -> bool:
        """Until the next poll, or until the other folders are to be asked; True as soon as IDLE tells of a letter in
        the first one."""
        until = min(due, time.monotonic() + self.pace.others) if len(found) > 1 else due
        if not (self.settings.idle and found and client.has_capability("IDLE")):
            self.stop.wait(max(0.0, due - time.monotonic()))
            return False
        client.idle()
        told: Sequence[tuple[object, ...]] = ()
        while not (self.stop.is_set() or _has_news(told)) and (left := until - time.monotonic()) > 0:
            asked = time.monotonic()
            told = client.idle_check(timeout=min(self.pace.glance, left))
            if not told and time.monotonic() - asked < min(self.pace.glance, left) / 2:
                break  # the socket woke without a line, as it does when it was closed: DONE will tell
        _, told_at_end = client.idle_done()
        return _has_news([*told, *told_at_end])


_WAIT = "Provodka повторяет попытки сама. Если это длится дольше часа, спросите поддержку почтового сервера."


def _server(settings: ImapSettings, pace: Pace) -> Server:
    return Server(settings, settings.host, settings.port, settings.tls, pace.connect, pace.answer)


def _look_into(folders: Sequence[Folder]) -> None:
    """In their order: a letter is to be known before the answer to it in the folder of sent ones. At the end the first
    is selected again, for IDLE."""
    for folder in (*folders, *folders[: len(folders) > 1]):
        folder.look()


def _has_news(told: Sequence[tuple[object, ...]]) -> bool:
    """Whether there is «* 12 EXISTS» among the lines."""
    return any(len(line) > 1 and line[1] == b"EXISTS" for line in told)


def _no_folder(name: str, there: Sequence[str]) -> str:
    return f"there is no folder {name!r}; there are: {', '.join(there)}"


def _folder_cure(missing: Sequence[str], there: Sequence[str]) -> str:
    named = ", ".join(f"«{name}»" for name in missing)
    return f"В ящике нет папки {named}. Есть: {', '.join(there)}. Исправьте folders в настройках канала."


def _unexpected(error: Exception) -> bool:
    """Whether the traceback is worth a look: not for what servers and networks do every day."""
    return not isinstance(error, ConnectorError | OSError | IMAPClientError | JournalUnavailableError)


def watcher(name: str, settings: ImapSettings, around: Around) -> ImapChannel:
    """The watcher of the mailbox `name`."""

    def knows(addresses: Sequence[str]) -> bool | None:
        return around.callers.knows([f"email:{one}" for one in addresses])

    auth = open_auth(settings, around.store, around.now)
    return ImapChannel(name, settings, auth=auth, knows=knows, now=around.now)
