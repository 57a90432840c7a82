"""Who calls, out of a mirror with a hundred thousand contacts: the look-up alone, and the exchange's whole request."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import requests
import structlog

from connectors.crm.callers import MirrorCallers, keep_directory
from connectors.crm.mirror import CONTACT, LEAD, KnownContact, KnownLead, snapshot
from connectors.megafon.channel import receiver
from connectors.megafon.settings import MegafonSettings
from provodka.channel import Around
from provodka.crm import LeadState, Pipeline, Stage, User
from provodka.event import utc_now
from provodka.journal import Journal
from webhooks.app import create_app
from webhooks.metrics import Metrics
from webhooks.receive import Door
from webhooks.server import WebServer

CONTACTS: Final = 100_000
ASKED: Final = 2_000
_CHUNK: Final = 2_000
_SYSTEM, _TOKEN = "amocrm", "bench-crm-token"
_NOW: Final = datetime(2026, 3, 2, tzinfo=UTC)


class _Names:
    """A small company."""

    def users(self) -> tuple[User, ...]:
        return tuple(User(str(one), f"user{one}@krovlya.ru", f"Сотрудник {one}") for one in range(20))

    def pipelines(self) -> tuple[Pipeline, ...]:
        return (Pipeline("1", "Кровля", (Stage("10", "Новый"), Stage("142", "Успех", LeadState.WON))),)


class _Account:
    """What `keep_directory` needs of a CRM's account."""

    def __init__(self, journal: Journal) -> None:
        self.name, self.store, self.now = _SYSTEM, journal.store, utc_now

    def mirrored(self, kind: str, ids: list[str]) -> dict[str, object]:
        return dict(self.store.snapshots(self.name, kind, ids))

    def put(self, kind: str, rows: list[object]) -> None:
        self.store.put_snapshots(self.name, kind, rows)  # type: ignore[arg-type]


def callers(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Half of the contacts have an open lead, each has a closed one."""
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    journal = Journal(f"sqlite:///{folder}/journal.sqlite")
    _fill(journal)
    asked = random.Random(1).sample(range(CONTACTS), ASKED)
    mirror = MirrorCallers(_SYSTEM, journal.store, lambda login: (login.partition("@")[0], "101"))
    known = _times(lambda number: mirror.who_calls(f"+7916{number:07}"), asked)
    unknown = _times(lambda number: mirror.who_calls(f"+7999{number:07}"), asked)
    settings = MegafonSettings.model_validate({"crm_token": _TOKEN, "route": True})
    channel = receiver("phone", settings, Around(journal.store, UTC, mirror))
    server = WebServer(
        create_app(Door({"phone": channel}, journal, utc_now, 2**20, Metrics()), journal), "127.0.0.1", 0, 8
    )
    server.start()
    with requests.Session() as session:
        session.trust_env = False

        def ring(number: int) -> None:
            body = f"cmd=contact&phone=7916{number:07}&callid={number}&crm_token={_TOKEN}"
            answer = session.post(f"http://127.0.0.1:{server.port}/hooks/phone", body, timeout=5)
            assert json.loads(answer.content)["responsible"], answer.text

        ring(asked[0])
        whole = _times(ring, asked)
    server.stop()
    journal.close()
    yield f"who calls, of {CONTACTS} contacts with {CONTACTS * 3 // 2} leads, ms", "< 300", known
    yield "the same of a number that nobody has, ms", "", unknown
    yield "MegaFon's request answered with name and responsible, HTTP and all, ms", "< 300", whole


def _fill(journal: Journal) -> None:
    store = journal.store
    for start in range(0, CONTACTS, _CHUNK):
        numbers = range(start, start + _CHUNK)
        contacts = [
            KnownContact(str(n), f"Гость {n}", (f"+7916{n:07}",), (f"guest{n}@example.ru",), n % 20, updated_at=n)
            for n in numbers
        ]
        closed = [KnownLead(str(n), "Крыша", 1, 142, n % 20, contacts=(str(n),)) for n in numbers]
        opened = [KnownLead(str(CONTACTS + n), "Крыша", 1, 10, n % 7, contacts=(str(n),)) for n in numbers if n % 2]
        store.put_snapshots(_SYSTEM, CONTACT, [snapshot(one, _NOW) for one in contacts])
        store.put_snapshots(_SYSTEM, LEAD, [snapshot(one, _NOW) for one in [*closed, *opened]])
    store.put_snapshots(_SYSTEM, LEAD, [], cursors={f"{_SYSTEM}:{one}:filled": "1" for one in ("contacts", "leads")})
    keep_directory(_Account(journal), _Names())  # type: ignore[arg-type]


def _times(work: Callable[[int], object], numbers: list[int]) -> str:
    took = []
    for number in numbers:
        began = time.perf_counter()
        work(number)
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return f"p50 {took[len(took) // 2]:.1f}, p99 {took[len(took) * 99 // 100]:.1f}, longest {took[-1]:.0f}"
