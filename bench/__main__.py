"""`python -m bench [name …]` prints a table of figures; see README.md.

Names: webhooks, latency, throughput, backlog, index, undo, timers, start, rules, whatif, onec,
callers, talks, tables, import, mail, feed, pages.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import requests
from rich.console import Console
from rich.table import Table

from bench import load, parts, timers
from bench.callers import callers
from bench.feed import feed
from bench.imports import imports
from bench.mail import mail
from bench.onec import onec
from bench.pages import pages
from bench.receivers import receivers
from bench.rules import rules, whatif
from bench.tables import tables
from bench.talks import talks

Row = tuple[str, str, str]
_UNLIMITED: Final = 100_000.0
_BACKLOG: Final = 2_000
_CONTACTS: Final = 100_000


def webhooks(folder: Path) -> Iterator[Row]:
    """Acknowledged webhooks a second beside an empty route on the same server; alternately, best of three each."""
    port = parts.free_port()
    with (
        parts.crm() as crm,
        parts.process(["-m", "bench.floor", str(port)], f"http://127.0.0.1:{port}/x"),
        parts.product(parts.environment(folder, crm, _UNLIMITED), "web") as (url, _),
    ):
        floors, ours = [], []
        for _ in range(3):
            floors.append(load.run(f"http://127.0.0.1:{port}/{parts.HOOK}", seconds=4, connections=16))
            ours.append(load.run(f"{url}/{parts.HOOK}", seconds=4, connections=16))
        steady = load.run(f"{url}/{parts.HOOK}", seconds=5, connections=8, rate=200)
    floor = max(r.per_second for r in floors)
    our = max(r.per_second for r in ours)
    yield "empty route, requests a second (floor)", "", f"{floor:.0f}"
    yield "webhooks acknowledged after commit a second", "≥ 60 % of the floor", f"{our:.0f} ({our / floor:.0%})"
    yield "their p99 at 200 a second, ms", "< 50", f"{steady.p99} (p50 {steady.p50}, wrong answers {steady.wrong})"


def latency(folder: Path) -> Iterator[Row]:
    """From webhook to lead, responsible and task, five a second."""
    for delay, target in ((0.03, "p50 < 120, p99 < 500"), (0.0, "p50 < 30")):
        room = folder / f"latency{delay}"
        room.mkdir()
        with parts.crm(latency=delay) as crm, parts.product(parts.environment(room, crm, _UNLIMITED)) as (url, _):
            load.run(f"{url}/{parts.HOOK}", seconds=2, connections=1, rate=5)  # the directory is read, threads are warm
            time.sleep(2)
            known = len(parts.dump(crm))
            load.run(f"{url}/{parts.HOOK}", seconds=20, connections=1, rate=5)
            time.sleep(2)
            took = sorted(_journal_times(room)[known:])
        p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
        yield (
            f"webhook to task in the CRM, CRM answers in {delay * 1000:.0f} ms, ms",
            target,
            f"p50 {p50:.0f}, p99 {p99:.0f}",
        )


def _journal_times(room: Path, channel: str = "site") -> list[float]:
    """Milliseconds from the receipt of each event to the end of its last action."""
    from sqlalchemy import func, select

    from provodka.journal import Journal
    from provodka.journal.schema import actions, events

    journal = Journal(f"sqlite:///{room}/journal.sqlite")
    query = (
        select(events.c.received_at, func.max(actions.c.finished_at), events.c.seq)
        .join(actions, actions.c.event_seq == events.c.seq)
        .where(actions.c.kind == "task", actions.c.state == "done", events.c.channel == channel)
        .group_by(events.c.seq, events.c.received_at)
        .order_by(events.c.seq)
    )
    rows = journal.read(lambda c: c.execute(query).all())
    journal.close()
    return [(row[1] - row[0]).total_seconds() * 1000 for row in rows]


def throughput(folder: Path) -> Iterator[Row]:
    """A backlog of events end to end, no limit at the CRM: from the first webhook to the last task done."""
    for processes, target in ((1, "≥ 400"), (2, "≥ 850")):
        room = folder / f"throughput{processes}"
        room.mkdir()
        roles: tuple[str, ...] = () if processes == 1 else ("web", "scheduler")
        environ = parts.environment(room, "", _UNLIMITED)
        with parts.crm() as crm:
            environ["BENCH_CRM"] = crm
            with parts.product(environ, *roles) as (url, _):
                if processes == 1:
                    done, seconds = _drain(url, crm)
                else:
                    arguments = ["-m", "cli", "run", "--config", environ["BENCH_CONFIG"], "--role", "worker"]
                    with parts.process(arguments, f"{url}/healthz", **environ):
                        done, seconds = _drain(url, crm)
        what = "one process" if processes == 1 else "a web and a worker process"
        yield f"events end to end a second, {what}", target, f"{done / seconds:.0f} ({done} in {seconds:.1f} s)"


def _drain(url: str, crm: str) -> tuple[int, float]:
    load.run(f"{url}/{parts.HOOK}", seconds=0.5, connections=1, rate=5)
    time.sleep(1.5)
    before = _tasks(crm)
    began = time.monotonic()
    sent = load.run(f"{url}/{parts.HOOK}", seconds=5, connections=8)
    while _tasks(crm) - before < sent.requests and time.monotonic() - began < 120:
        time.sleep(0.1)
    return _tasks(crm) - before, time.monotonic() - began


def _tasks(crm: str) -> int:
    counted: int = requests.get(f"{crm}/_sandbox/stats", timeout=30).json()["objects"]["tasks"]
    return counted


def backlog(folder: Path) -> Iterator[Row]:
    """New leads that wait, each with contact, responsible, tag and task, into a CRM that limits the calls.

    In the middle of it comes one that a rule calls urgent.
    """
    for name, limit, pace, burst, target in (("amocrm", 7, 6.0, 7, 50), ("bitrix24", 2, 2.0, 40, 20)):
        room = folder / name
        room.mkdir()
        with parts.crm(per_second=limit, name=name) as crm:
            environ = parts.environment(room, crm, pace, burst=burst, name=name)
            with parts.product(environ, "web") as (url, _):
                sent = 0
                while sent < _BACKLOG:
                    sent += load.run(f"{url}/{parts.HOOK}", seconds=1, connections=8).requests
            began = time.monotonic()
            with parts.product(environ) as (url, _):
                _wait_for(crm, sent // 4)
                requests.post(f"{url}/{parts.URGENT}", data=load.tilda(99_999_999), timeout=5).raise_for_status()
                _wait_for(crm, sent + 1)
                took = time.monotonic() - began
            found = requests.get(f"{crm}/_sandbox/stats", timeout=30).json()
        done, calls = found["objects"]["tasks"], sum(found["calls"].values())
        refused = sum(found["refused"].values())
        told = f"{done / took:.0f} ({done} of {sent + 1} in {took:.1f} s, {calls} calls, {refused} refused)"
        yield f"backlog of new leads a second, {name} at {limit} requests a second", f"≥ {target}, none refused", told
        (urgent,) = _journal_times(room, channel="vip")
        yield f"an urgent one in the middle of it, {name}, s", "< 2", f"{urgent / 1000:.1f}"


def _wait_for(crm: str, tasks: int) -> None:
    end = time.monotonic() + 180
    while _tasks(crm) < tasks and time.monotonic() < end:
        time.sleep(0.2)


def index(folder: Path) -> Iterator[Row]:
    """The index of people filled for the first time, at the CRM's limit."""
    for name, per_second in (("amocrm", 7), ("bitrix24", 2)):
        with parts.crm(per_second=per_second, name=name, contacts=_CONTACTS) as crm:
            journal = f"sqlite:///{folder}/{name}.sqlite"
            arguments = [sys.executable, "-m", "bench.index", name, crm, journal]
            told = json.loads(subprocess.run(arguments, capture_output=True, check=True, text=True).stdout)
            found = requests.get(f"{crm}/_sandbox/stats", timeout=120).json()
        calls = sum(count for route, count in found["calls"].items() if "_sandbox" not in route)
        refused = sum(found["refused"].values())
        took = f"{told['seconds']:.0f} ({told['found']} people found by phone, {calls} calls, {refused} refused)"
        yield f"index of {_CONTACTS} contacts filled, {name} at {per_second} requests a second, s", "< 120", took
        yield f"memory that this takes, {name}, MB", "< 100", f"{told['memory']:.0f}"


def undo(folder: Path) -> Iterator[Row]:
    """Cards that a rule has changed put back, at the CRM's limit; some were changed by hand since."""
    for name, limit, pace, burst, cards in (("amocrm", 7, 6.0, 7, 10_000), ("bitrix24", 2, 2.0, 40, 2_000)):
        room = folder / name
        room.mkdir()
        with parts.crm(per_second=limit, name=name, leads=cards) as crm:
            environ = parts.environment(room, crm, pace, burst=burst, name=name)
            arguments = [sys.executable, "-m", "bench.undo", environ["BENCH_CONFIG"], crm]
            child = subprocess.run(arguments, capture_output=True, check=True, text=True, env={**os.environ, **environ})
            told = json.loads(child.stdout)
            refused = sum(requests.get(f"{crm}/_sandbox/stats", timeout=120).json()["refused"].values())
        changed = f"changed {told['changed']} in {told['changing']:.0f} s; {told['back']} put back"
        rest = f"{told['exceptions']} exceptions, {told['same']} as they were, {refused} refused"
        took = f"{told['undoing']:.0f} ({changed}, {rest})"
        yield f"{cards} changed cards undone, {name} at {limit} requests a second, s", "", took


def start(folder: Path) -> Iterator[Row]:
    """Start-up on an existing journal, and memory idle and under load."""
    with parts.crm() as crm:
        environ = parts.environment(folder, crm, _UNLIMITED)
        with parts.product(environ):
            pass
        times = []
        for _ in range(3):
            began = time.monotonic()
            with parts.product(environ) as (url, child):
                answer = requests.post(f"{url}/{parts.HOOK}", data=load.tilda(time.time_ns() % 10**9), timeout=5)
                answer.raise_for_status()
                times.append(time.monotonic() - began)
                time.sleep(5)
                idle = parts.rss(child.pid)  # of the last one: nothing is left to deliver by then
        with parts.product(environ) as (url, child):
            load.run(f"{url}/{parts.HOOK}", seconds=10, connections=8, rate=200)
            busy = parts.rss(child.pid)
    yield "importing flask, sqlalchemy, pydantic, requests, jinja2, s (floor)", "", f"{_imports():.2f}"
    yield "start to first webhook accepted, s", "< 1.5", f"{min(times):.2f}"
    yield "memory idle, MB", "< 110", f"{idle:.0f}"
    yield "memory under 200 webhooks a second, MB", "< 200", f"{busy:.0f}"


def _imports() -> float:
    """The libraries alone, as fast as they load here."""
    code = "import flask, sqlalchemy, pydantic, requests, jinja2"
    times = []
    for _ in range(3):
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append(time.monotonic() - began)
    return min(times)


PARTS: Final[dict[str, Callable[[Path], Iterator[Row]]]] = {
    "webhooks": webhooks,
    "latency": latency,
    "throughput": throughput,
    "backlog": backlog,
    "index": index,
    "timers": timers.measure,
    "undo": undo,
    "start": start,
    "rules": rules,
    "whatif": whatif,
    "onec": onec,
    "receivers": receivers,
    "callers": callers,
    "talks": talks,
    "import": imports,
    "tables": tables,
    "mail": mail,
    "feed": feed,
    "pages": pages,
}


def main() -> None:
    """Run the named benchmarks, or all: each row is printed as it comes, and the whole table at the end."""
    table = Table("what", "promised", "measured")
    for name in sys.argv[1:] or PARTS:
        with tempfile.TemporaryDirectory(prefix="provodka-bench-") as folder:
            for row in PARTS[name](Path(folder)):
                table.add_row(*row)
                print(": ".join(filter(None, row)), file=sys.stderr, flush=True)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
