"""A client's house in this process, with what its people and the tests do to it."""

from __future__ import annotations

import email
import email.policy
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

import requests

from cli.config import Config, read
from cli.hooks import CRM_CHANNEL
from cli.house import House
from cli.run import Running, RunRole
from provodka.journal import Journal, StoredAction, StoredEvent, Trouble, queries, troubles
from sandbox.senders import MangoSender, letter, send_letter, tilda_lead, tilda_order
from sandbox.server import Sandbox
from tests.end_to_end.books import Ledger
from tests.end_to_end.crms import SECRET, Amocrm, Json, Office

CONFIG = Path(__file__).with_name("client.yaml")
PATIENCE = 40.0
OUR_LINE = "74950003344"

T = TypeVar("T")


def until(look: Callable[[], T], what: str, patience: float = PATIENCE) -> T:
    """Look again and again until there is something; its absence is a failure that says what was awaited."""
    end = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < end, f"in vain for {patience:.0f} s: {what}"
        time.sleep(0.02)
    return found


class Company:
    """«Кровля Плюс»: its config in `folder`, its systems in the sandbox, its house when it is open."""

    def __init__(self, folder: Path, sandbox: Sandbox, office: type[Office] = Amocrm) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.office = office(sandbox)
        self.journal_url = f"sqlite:///{folder}/journal.sqlite"
        self.mail_password = SECRET
        self.extra_rules = ""
        self.ledger: Ledger | None = None
        self.rewritten: Callable[[str], str] = lambda text: text
        self.burst = 1000
        self.furnish: Callable[[House], None] = lambda _: None
        self.house: House
        self._running: Running | None = None

    # the house

    @property
    def environ(self) -> Mapping[str, str]:
        """What the config takes from the environment."""
        return {
            "PORT": "8080",
            "JOURNAL": self.journal_url,
            "BURST": str(self.burst),
            **self.office.environ,
            **(self.ledger.environ if self.ledger else {}),
            "SECRET": SECRET,
            "MAIL_PASSWORD": self.mail_password,
            "IMAP": str(self.sandbox.mail.imap_port),
            "SMTP": str(self.sandbox.mail.smtp_port),
            "TELEGRAM": self.sandbox.telegram.url,
            "SENDERS": self.sandbox.senders.url,
        }

    def write_config(self) -> Path:
        """The client's YAML file."""
        path = self.folder / "client.yaml"
        sections = self.office.section + (self.ledger.config if self.ledger else "")
        path.write_text(sections + self.office.there(self.rewritten(CONFIG.read_text()) + self.extra_rules))
        return path

    def config(self) -> Config:
        return read(self.write_config(), self.environ)

    def open(self, roles: Collection[RunRole] = tuple(RunRole), *, hooks: bool = True, port: int = 0) -> None:
        """Start the house; with `hooks` the CRM tells it of changes. A restart is `close` and `open`."""
        self.house = House(self.config())
        self.furnish(self.house)
        self._running = Running(self.house, roles, None, port)
        if hooks:
            self.office.announce(self.house, f"{self.url}/hooks/{CRM_CHANNEL}/{SECRET}")

    def close(self) -> None:
        """Stop gracefully; harmless when not open."""
        if self._running is not None:
            self._running.stop()
            self._running = None

    @property
    def url(self) -> str:
        assert self._running is not None
        return f"http://127.0.0.1:{self._running.port}"

    @property
    def journal(self) -> Journal:
        return self.house.journal

    # what people do

    def form(self, phone: str, *, name: str = "Мария", tranid: str | None = None, **more: Any) -> requests.Response:
        """Somebody fills in the form of the site."""
        url = f"{self.url}/hooks/site/{SECRET}"
        return tilda_lead(url, name=name, phone=phone, email=more.pop("email", ""), tranid=tranid, **more)

    def order(self, phone: str, **more: Any) -> requests.Response:
        """Somebody orders from the site's cart."""
        return tilda_order(f"{self.url}/hooks/site/{SECRET}", phone=phone, **more)

    def letter(self, from_: str, subject: str, text: str, **more: Any) -> None:
        """Somebody writes to the company's mailbox."""
        address = from_.rpartition("<")[2].rstrip(">")
        raw = letter(from_=from_, subject=subject, text=text, sent_at=datetime.now(UTC), **more)
        send_letter(self.sandbox.mail.host, self.sandbox.mail.smtp_port, raw, from_=address)

    @property
    def mango(self) -> MangoSender:
        """The telephone exchange."""
        return MangoSender(f"{self.url}/hooks/phone", SECRET, SECRET)

    def move(self, lead: Json, stage: str) -> None:
        """A person drags the card on the CRM's board."""
        self.office.move(lead, stage)

    def crm_control(self, path: str, body: Json | None = None, method: str = "POST") -> Json:
        """`/_sandbox/<path>` of the CRM's emulator."""
        return self.office.control(path, body, method)

    # what can be seen

    def leads(self) -> list[Json]:
        """All leads of the CRM with everything on them, oldest first."""
        return self.office.leads()

    def lead(self) -> Json:
        """The only lead that there is."""
        (found,) = self.leads()
        return found

    def doubles(self) -> Json:
        return self.office.doubles()

    def events(self, kind: str = "") -> list[StoredEvent]:
        """What the journal accepted, oldest first."""
        lines = self.journal.read(lambda c: queries.list_events(c, kind=kind, limit=1000))
        return [line.event for line in reversed(lines)]

    def actions(self) -> list[StoredAction]:
        """All actions, in their order."""
        numbers = [event.seq for event in self.events()]
        found = self.journal.read(lambda c: queries.actions_of(c, numbers))
        return sorted((action for actions in found.values() for action in actions), key=lambda action: action.id)

    def troubles(self, *, opened: bool = True) -> list[Trouble]:
        return list(self.journal.read(lambda c: troubles.all_troubles(c, opened=opened)))

    def told(self) -> list[str]:
        """What the staff were told by Telegram."""
        return [message["text"] for message in self.sandbox.telegram.messages()]

    def sent_letters(self) -> list[EmailMessage]:
        """What we sent by email, oldest first."""
        letters = (email.message_from_bytes(raw, policy=email.policy.default) for raw in self.sandbox.mail.letters())
        return [letter for letter in letters if letter["Auto-Submitted"]]  # type: ignore[misc]

    def rest(self, kind: str, times: int = 1) -> list[StoredEvent]:
        """Wait until so many events of a kind came and nothing is left to do; gives these events."""

        def rested() -> bool:
            return len(self.events(kind)) >= times and not self.journal.read(queries.unfinished)

        until(rested, f"{times} × {kind}, and rest")
        return self.events(kind)
