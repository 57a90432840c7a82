"""Letters by SMTP: to clients, and to the staff."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from connectors.base import CallTrace, collecting, report, summarize
from connectors.enclosed import files_of
from connectors.mail.sent import Sent, SentFolder
from connectors.mail.tokens import open_auth
from connectors.smtp.letter import Sender, build, message_id
from connectors.smtp.settings import SmtpSettings
from connectors.smtp.wire import Connection, cause, logged_in
from provodka.channel import Around
from provodka.crm import StaffMessage
from provodka.errors import ConnectorError, OutcomeUnknownError, RateLimited, Rejected, Retryable
from provodka.event import utc_now
from provodka.messages import ClientMessage
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.stores import Blobs, Pace, Tokens

BATCH: Final = 50
LONGEST_WAIT: Final = 5.0  # seconds
SETTLING: Final = timedelta(minutes=2)
"""So long a server may take to show a letter among the sent ones."""
NO_ADDRESS: Final = "«{to}» не похоже на адрес почты."


class Store(Pace, Blobs, Tokens, Protocol):
    """What a mailer is given of the journal."""


class Outgoing:
    """One mailbox that sends, by one connection for a batch. A letter to the staff whose answer was lost is sent again:
    a double is better than silence."""

    medium = "email"
    reaches = ("email",)
    carries_files = True

    def __init__(
        self,
        settings: SmtpSettings,
        store: Store,
        *,
        name: str = "smtp",
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.name = name
        self._settings = settings
        self._store = store
        self._sleep = sleep
        self._now = now
        self._account = f"smtp:{settings.user.casefold()}"
        self._auth = open_auth(settings, store, now)
        self._sender = Sender(settings.name, settings.address, settings.subject_tag, settings.unsubscribe)
        self._sent = None if settings.sent is None else self._open_sent(settings.sent)

    def _open_sent(self, folder: SentFolder) -> Sent:
        settings = self._settings
        return Sent(settings, folder, settings.connect_timeout, settings.read_timeout, self._auth)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def notify(self, requests: Sequence[Request[StaffMessage]]) -> list[Outcome]:
        """The subject is the first line of the text."""
        return self._send([Request(r.key, ClientMessage(r.params.to, r.params.text)) for r in requests])

    def check(self) -> list[str]:
        """Log in, and look for the folder of sent letters; what is wrong in a sentence each, nothing when all is
        well."""
        try:
            with self._open():
                pass
        except ConnectorError as error:
            return [f"SMTP: {cause(error)}"]
        return self._sent.check() if self._sent is not None else []

    def close(self) -> None:
        """Nothing stays open between batches."""

    def _send(self, requests: Sequence[Request[ClientMessage]], *, copied: bool = False) -> list[Outcome]:
        """What a broken connection left over goes by another one, as long as each of them carries something."""
        outcomes: list[Outcome] = []
        while len(outcomes) < len(requests):
            try:
                with self._open() as connection:
                    for request in requests[len(outcomes) :]:
                        outcomes.append(self._one(connection, request, copied=copied))
                        if connection.broken:
                            break
            except ConnectorError as error:
                outcomes += [error] * (len(requests) - len(outcomes))
        return outcomes

    def _one(self, connection: Connection, request: Request[ClientMessage], *, copied: bool) -> Outcome:
        message, settings = request.params, self._settings
        try:
            to = _ascii(message.to)
            files = files_of(message, settings.files, self._store)
            letter = build(replace(message, to=to), request.key, self._sender, self._now(), files)
            self._take_place()
            said = self._traced("MAIL", letter, lambda: connection.send(to, letter))
        except ConnectorError as error:
            return error
        number = message_id(message, request.key, settings.address)
        return Done(number, {"message_id": number, "answer": said, **(self._copy(letter) if copied else {})})

    def _copy(self, letter: bytes) -> dict[str, str]:
        """Into the folder of sent letters, where we are to do it. The letter itself is away: whatever goes wrong now is
        only told."""
        if self._sent is None or not self._sent.settings.copy_there:
            return {}
        try:
            self._sent.put([letter], self._now())
        except ConnectorError as error:
            return {"copy": f"not in the folder of sent letters: {error.reason}"}
        return {"copy": "in the folder of sent letters"}

    def _take_place(self) -> None:
        per_second = self._settings.per_minute / 60
        wait = self._store.reserve(self._account, per_second, max(1, int(self._settings.per_minute / 6)))
        if wait > LONGEST_WAIT:
            raise RateLimited(f"the mailbox is held back for {wait:.0f} s", wait=wait)
        if wait > 0:
            self._sleep(wait)

    @contextmanager
    def _open(self) -> Iterator[Connection]:
        """Traced where it fails: a connection that opened shows by its letters."""
        started = time.perf_counter()
        try:
            with logged_in(self._settings, self._auth) as connection:
                yield connection
        except ConnectorError as error:
            self._report("CONNECT", b"", error.reason, error, started)
            raise

    def _traced(self, command: str, sent: bytes, work: Callable[[], str]) -> str:
        started = time.perf_counter()
        try:
            said = work()
        except ConnectorError as error:
            if isinstance(error, RateLimited) and error.wait:  # no other process is to ask, either
                self._store.hold(self._account, error.wait, error.reason)
            self._report(command, sent, error.reason, error, started)
            raise
        self._report(command, sent, said, None, started)
        return said

    def _report(self, command: str, sent: bytes, said: str, error: ConnectorError | None, started: float) -> None:
        if collecting():
            report(
                CallTrace(
                    method="SMTP",
                    path=command,
                    status=error.status if error else 250,
                    milliseconds=round((time.perf_counter() - started) * 1000, 1),
                    request_summary=summarize(sent.partition(b"\r\n\r\n")[0]),
                    answer_summary=summarize(said.encode()),
                    error_kind=error.kind if error else "",
                    system="smtp",
                )
            )


class Mailer(Outgoing):
    """A mailer that cannot look for a letter to a client whose answer was lost: a person has to judge."""

    @operation(repeat=Repeat.PERSON, batch=BATCH)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        """Each letter by itself; its Message-ID is the value `message_id`."""
        return self._send(requests, copied=True)


class SeekingMailer(Outgoing):
    """A mailer that can look into the folder of sent letters. Where other letters of ours are there, one that is not
    was not sent, and goes again; where the folder tells nothing (the server keeps no copies, or we put them there
    ourselves when all is done), a person has to judge."""

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        """As of any mailer."""
        return self._send(requests, copied=True)

    @write.find
    def _sent_before(
        self, requests: Sequence[Request[ClientMessage]]
    ) -> list[Done | ConnectorError | OutcomeUnknownError | None]:
        assert self._sent is not None  # noqa: S101 -- `messenger` has made sure of it
        ids = [message_id(request.params, request.key, self._settings.address) for request in requests]
        there, telling = self._sent.find(ids)
        telling = telling and not self._sent.settings.copy_there
        return [self._judged(request, id_, id_ in there, telling) for request, id_ in zip(requests, ids, strict=True)]

    def _judged(
        self, request: Request[ClientMessage], id_: str, there: bool, telling: bool
    ) -> Done | ConnectorError | OutcomeUnknownError | None:
        if there:
            return Done(id_, {"message_id": id_, "reason": "found in the folder of sent letters"}, found=True)
        if not telling:
            return OutcomeUnknownError(f"the answer to the letter {id_} was lost, and the sent letters do not tell")
        since = request.unsure_since or self._now()
        if self._now() - since < SETTLING:
            return Retryable("the folder of sent letters may not show the letter yet", wait=SETTLING.total_seconds())
        return None


def _ascii(address: str) -> str:
    """As it goes over the wire; domains may be Cyrillic, mailboxes may not."""
    box, at, domain = address.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode()
        box.encode("ascii")
    except UnicodeError:
        at = ""
    if not at or not box or any(sign.isspace() or sign in "<>" for sign in box + domain):
        raise Rejected(f"«{address}» is no address of email", hint=NO_ADDRESS.format(to=address))
    return f"{box}@{domain}"


def messenger(name: str, settings: SmtpSettings, around: Around) -> Mailer | SeekingMailer:
    """The messenger of the channel `name`."""
    kind = Mailer if settings.sent is None else SeekingMailer
    return kind(settings, around.store, name=name, now=around.now)
