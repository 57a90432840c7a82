"""Letters, a mailbox that is watched, and a journal that remembers what it was given."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.header import Header

import pytest

from connectors.imap.mailbox import ImapChannel
from connectors.imap.pace import Pace
from connectors.imap.parse import parse_letter
from connectors.imap.settings import ImapSettings
from provodka.event import Event
from provodka.payloads import EmailReceived
from sandbox.mail import ADDRESS, PASSWORD, MailServer

NOW = datetime(2025, 12, 1, 12, 0, tzinfo=UTC)
HASTY = Pace(connect=2, answer=0.6, idle=540, glance=0.1, refused=0.4, crowded=0.2, first_retry=0.05, last_retry=0.2)


def build_letter(
    text: str | bytes = "Нужен замер в субботу",
    *,
    subject: str = "Замер",
    sender: str = "Мария Р <maria@example.org>",
    message_id: str | None = "<1@example.org>",
    charset: str = "utf-8",
    headers: Mapping[str, str] | None = None,
    content_type: str = "",
) -> bytes:
    """A letter of one part, as mail programs write it; `headers` replace or add, undeclared bytes stay as they are."""
    name, _, address = sender.rpartition(" ")
    fields = {
        "From": f"{Header(name, charset).encode()} {address}" if name else address,
        "To": "info@krovlya.ru",
        "Subject": Header(subject, charset).encode(),
        "Date": "Mon, 1 Dec 2025 12:00:00 +0300",
        **({"Message-ID": message_id} if message_id else {}),
        "Content-Type": content_type or f"text/plain; charset={charset}",
        "Content-Transfer-Encoding": "8bit",
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    body = text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode(charset)
    return head.encode("utf-8", "surrogateescape") + b"\r\n" + body


def part(content: bytes | str, content_type: str = "text/plain; charset=utf-8", **headers: str) -> bytes:
    """A part for `build_multipart`; header names with underscores for dashes."""
    fields = {"Content-Type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return head.encode() + b"\r\n" + (content if isinstance(content, bytes) else content.encode())


def build_multipart(*parts: bytes, subtype: str = "mixed", **letter: object) -> bytes:
    body = b"".join(b"--b1\r\n" + each + b"\r\n" for each in parts) + b"--b1--\r\n"
    kind = f'multipart/{subtype}; boundary="b1"'
    return build_letter(body, content_type=kind, **letter)  # type: ignore[arg-type]


def mailbox_settings(**values: object) -> ImapSettings:
    known = {"host": "imap.example.ru", "user": "info@krovlya.ru", "password": "x", "own_addresses": ["krovlya.ru"]}
    return ImapSettings.model_validate(known | values)


def read_event(raw: bytes, **settings: object) -> tuple[Event, list[bytes]]:
    return parse_letter(
        raw, channel="mail", folder="INBOX", received_at=NOW, internal_date=NOW, settings=mailbox_settings(**settings)
    )


@dataclass
class Read:
    """A letter as the rules will see it."""

    event: Event
    blobs: list[bytes]

    @property
    def payload(self) -> EmailReceived:
        assert isinstance(self.event.payload, EmailReceived), self.event.payload
        return self.event.payload

    @property
    def mail(self):
        return self.payload.message

    @property
    def person(self):
        return self.event.person


@pytest.fixture
def letter():
    return build_letter


@pytest.fixture
def multipart():
    return build_multipart


@pytest.fixture(name="part")
def part_fixture():
    return part


@pytest.fixture
def settings():
    return mailbox_settings


@pytest.fixture
def read() -> Callable[..., Read]:
    return lambda raw, **settings: Read(*read_event(raw, **settings))


@dataclass
class RememberingIntake:
    """An intake with the journal's promises: all or nothing, known keys left out, cursors with the events."""

    events: list[Event] = field(default_factory=list)
    batches: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    cursors: dict[str, str] = field(default_factory=dict)
    blobs: list[bytes] = field(default_factory=list)
    offered: int = 0
    broken: Exception | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def accept(self, events: Sequence[Event], *, channel="", parts=(), cursors=None, blobs=()) -> None:
        with self._changed:
            if self.broken:
                raise self.broken
            known = {(each.channel, each.external_id) for each in self.events}
            self.offered += len(events)
            for each in events:
                if (each.channel, each.external_id) not in known:
                    known.add((each.channel, each.external_id))
                    self.events.append(each)
            self.blobs += blobs
            self.cursors.update(cursors or {})
            self.batches.append((len(events), dict(cursors or {})))
            self._changed.notify_all()

    def cursor(self, name: str) -> str | None:
        return self.cursors.get(name)

    def wait_for(self, count: int, seconds: float = 30) -> list[Event]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.events) >= count, seconds), f"only {len(self.events)} events"
            return list(self.events)

    def wait_for_cursor(self, name: str, seconds: float = 30) -> str:
        with self._changed:
            assert self._changed.wait_for(lambda: name in self.cursors, seconds), f"no cursor {name}"
            return self.cursors[name]

    @property
    def subjects(self) -> list[str]:
        return [e.payload.message.subject for e in self.events if isinstance(e.payload, EmailReceived)]


@dataclass
class RememberingStatus:
    """What was told, in order: (cause, cure) or None for «well»."""

    told: list[tuple[str, str] | None] = field(default_factory=list)

    def trouble(self, name: str, cause: str, cure: str) -> None:
        self.told.append((cause, cure))

    def well(self, name: str) -> None:
        self.told.append(None)

    @property
    def troubles(self) -> list[tuple[str, str]]:
        return [each for each in self.told if each]


def eventually(happens: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)


@dataclass
class Watched:
    intake: RememberingIntake
    status: RememberingStatus
    thread: threading.Thread
    stop: threading.Event


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


@pytest.fixture
def channel(server):
    def build(pace: Pace = HASTY, **values: object) -> ImapChannel:
        known = {"host": server.host, "port": server.imap_port, "tls": False, "user": ADDRESS, "password": PASSWORD}
        return ImapChannel("mail", ImapSettings.model_validate(known | values), pace=pace)

    return build


@contextmanager
def watching(channel: ImapChannel, intake: RememberingIntake | None = None) -> Iterator[Watched]:
    """The channel in its thread; with a new intake it is past its first start when the body begins."""
    first = intake is None
    seen = Watched(intake or RememberingIntake(), RememberingStatus(), threading.Thread(), threading.Event())
    seen.thread = threading.Thread(target=channel.watch, args=(seen.stop, seen.intake, seen.status), daemon=True)
    seen.thread.start()
    try:
        if first:
            seen.intake.wait_for_cursor("imap:mail:INBOX")
        yield seen
    finally:
        seen.stop.set()
        seen.thread.join(30)
        assert not seen.thread.is_alive()


@pytest.fixture
def watch():
    return watching


@pytest.fixture
def wait_until():
    return eventually


@pytest.fixture
def new_intake():
    return RememberingIntake
