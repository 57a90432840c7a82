"""What the crash tests share: the CRM, a sender that never gives up, and what must be true in the end."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import requests
from sqlalchemy import Connection, func, select

from provodka.event import utc_now
from provodka.journal import inbox, outbox, queries
from provodka.journal.database import Database
from provodka.journal.schema import actions, cursors, events
from tests.crash.offices import CrashAmocrm, CrashBitrix
from tests.end_to_end.product import free_port

CLIENT = Path(__file__).with_name("client.yaml")
NO_DOUBLES = {"open_leads": 0, "extra_leads": 0, "contacts_by_phone": 0}

Json = dict[str, Any]

_WAKE_SECONDS = 10.0


def until(look: Callable[[], object], what: str, patience: float = 60.0) -> None:
    """Look again and again until it is so; what stays away is a failure that says what was awaited."""
    end = time.monotonic() + patience
    while not look():
        assert time.monotonic() < end, f"in vain for {patience:.0f} s: {what}"
        time.sleep(0.05)


class World:
    """Outside of the product: its folder, its CRM, and its senders."""

    def __init__(self, folder: Path, office: CrashAmocrm | CrashBitrix, client: Path = CLIENT) -> None:
        self.folder = folder
        self.office = office
        self.config = folder / "client.yaml"
        self.config.write_text(office.there(client.read_text("utf-8")) + office.section, "utf-8")
        self.port = free_port()
        self.journal = folder / "journal.sqlite"
        self._readers: list[Database] = []
        self._woken = float("-inf")

    @property
    def environ(self) -> dict[str, str]:
        own = {"JOURNAL": f"sqlite:///{self.journal}", "SECRET": "sandbox", "BURST": "1000"}
        return {**own, **self.office.environ}

    @property
    def hook(self) -> str:
        """Where forms are sent to."""
        return f"http://127.0.0.1:{self.port}/hooks/site/sandbox"

    def reset(self) -> None:
        """An empty CRM without a limit, which tells of its changes and tells again soon; and no journal."""
        self.close()
        for path in self.folder.glob("journal.sqlite*"):
            path.unlink()
        self.office.control("reset")
        self.office.unlimited()
        self.office.announce(None, f"http://127.0.0.1:{self.port}/hooks/crm/sandbox")  # type: ignore[arg-type]

    def close(self) -> None:
        for reader in self._readers:
            reader.close()
        self._readers.clear()

    def sender(self, number: str, phone: str, comment: str) -> Sender:
        return Sender(self.hook, {"number": number, "phone": phone, "comment": comment})

    def read(self, look: Callable[[Connection], Any]) -> Any:
        """Look into the journal, beside the product."""
        if not self._readers:
            self._readers.append(Database(self.environ["JOURNAL"]))
        with self._readers[0].reading.connect() as connection:
            return look(connection)

    def serves(self) -> bool:
        """Whether somebody listens at the product's address."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def comes_to_rest(self, people: int) -> bool:
        """See `at_rest`; meanwhile pauses end, those too that began when the last fault was being answered."""
        if self.at_rest(people):
            return True
        if time.monotonic() - self._woken > _WAKE_SECONDS:
            self.end_pauses()
        return False

    def end_pauses(self) -> None:
        """As the end of an outage does: nobody waits here for the longest of the pauses."""
        self._woken = time.monotonic()
        database = Database(self.environ["JOURNAL"])
        with database.writing.begin() as connection:
            outbox.wake(connection, utc_now())
            inbox.wake(connection, utc_now())
        database.close()

    def knows_the_crm(self) -> bool:
        """Whether the first reading of contacts and leads is over, and so is the first reconciling."""
        names = set(self.read(lambda c: c.execute(select(cursors.c.name)).scalars().all()))
        crm = self.office.name
        wanted = ("contacts:filled", "leads:filled", "companies:filled", "tasks:filled", "deleted:compared")
        return names >= {f"{crm}:{name}" for name in wanted}

    def at_rest(self, people: int) -> bool:
        """Whether all leads were announced to the rules and nothing is left to do."""

        def look(connection: Connection) -> bool:
            announced = select(func.count()).select_from(events).where(events.c.type == "lead.created")
            if connection.execute(announced).scalar_one() < people:
                return False
            waiting = select(func.count()).select_from(actions).where(actions.c.state == "waiting")
            return not queries.unfinished(connection) and not connection.execute(waiting).scalar_one()

        return bool(self.read(look))

    def wrongs(self, forms: Sequence[tuple[str, str]]) -> list[str]:
        """Everything that is not as it should be after these forms, as (phone, comment)."""
        return [*_lead_wrongs(self.office.leads(), forms), *self.general_wrongs()]

    def general_wrongs(self) -> list[str]:
        """What is never as it should be: doubles, dead letters, events that cannot be planned."""
        found = []
        doubles = self.office.doubles()
        if doubles != NO_DOUBLES:
            found.append(f"doubles: {doubles}")
        dead = self.read(queries.dead_actions)
        found += [f"dead: {a.kind} of event {a.event_seq}: {a.reason}: {a.error}" for a in dead]
        failed = self.read(lambda c: c.execute(select(events.c.seq, events.c.error).where(events.c.state == "failed")))
        return found + [f"event {row.seq} failed: {row.error}" for row in failed]


def _lead_wrongs(leads: Sequence[Json], forms: Sequence[tuple[str, str]]) -> Iterable[str]:
    of_person: dict[str, list[str]] = {}
    for phone, comment in forms:
        of_person.setdefault(phone, []).append(comment)
    by_phone: dict[str, list[Json]] = {phone: [] for phone in of_person}
    for lead in leads:
        for phone in {p for contact in lead["contacts"] for p in contact["phones"]} or {"nobody"}:
            by_phone.setdefault(phone, []).append(lead)
    for phone, own in by_phone.items():
        if len(own) != 1:
            yield f"{phone}: {len(own)} leads"
        comments = of_person.get(phone, [])
        for lead in own:
            yield from _differences(
                phone,
                ("notes", [n["text"] for n in lead["notes"]], ["Новый лид", *(f"Заявка {c}" for c in comments)]),
                (
                    "tasks",
                    [t["text"] for t in lead["tasks"]],
                    [f"{text}: {c}" for c in comments for text in ("Позвонить", "Новая заявка")],
                ),
            )


def _differences(phone: str, *pairs: tuple[str, list[str], list[str]]) -> Iterable[str]:
    for what, there, wanted in pairs:
        lost, extra = Counter(wanted) - Counter(there), Counter(there) - Counter(wanted)
        if lost or extra:
            yield f"{phone}: {what}: lost {dict(lost)}, extra {dict(extra)}"


class Sender:
    """Sends one form until it is acknowledged."""

    def __init__(self, url: str, form: Json) -> None:
        self.done = False
        self._url = url
        self._form = form
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def _send(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while not self._stop.is_set() and not self.done:
                with contextlib.suppress(requests.RequestException):
                    self.done = session.post(self._url, json=self._form, timeout=30).ok
                self._stop.wait(0 if self.done else 0.02)
