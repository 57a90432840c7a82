"""What happens by the clock: rules that come due, watchers of mailboxes, alerts, the index of people, tokens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from provodka.channel import Intake, Status, Watcher
from provodka.crm import Messenger, StaffMessage
from provodka.errors import ConnectorError, JournalUnavailableError
from provodka.journal import Journal, Trouble, firings, inbox, queries, troubles, turns
from provodka.operation import Done, Request
from rules.ticks import CHANNEL, Due, Ticks

log = structlog.get_logger("scheduler")

_LEASE_SECONDS: Final = 20.0
_RENEW_SECONDS: Final = 5.0
_GRACE_SECONDS: Final = 10.0
_LOOK_UP_SECONDS: Final = 20.0
_PARTS_KEPT: Final = timedelta(days=30)
_DEAD: Final = "dead letters of «"
_DEAD_CURE: Final = "Посмотрите provodka status: там названы причина и команда"


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every so many seconds, and once at the start, or `first` seconds after it.

    `work` is given a question to ask where it takes long: whether it is to stop now.
    """

    name: str
    seconds: float
    work: Callable[[Callable[[], bool]], object]
    first: float = 0.0


@dataclass(frozen=True, slots=True)
class Alerts:
    """Who is told of troubles: the messenger and the ids of the people in it."""

    messenger: Messenger | None = None
    to: tuple[str, ...] = field(default=())

    def tell(self, journal: Journal) -> None:
        """One message per new trouble and person. A message that cannot be sent is logged; `status` shows it anyway."""
        for trouble in journal.write(troubles.take_unalerted):
            log.warning("trouble", name=trouble.name, cause=trouble.cause, cure=trouble.cure)
            if self.messenger is not None:
                self._send(self.messenger, trouble)

    def _send(self, messenger: Messenger, trouble: Trouble) -> None:
        text = f"⚠️ Provodka: {trouble.name}\n{trouble.cause}\nЧто делать: {trouble.cure}"
        key = f"alert:{trouble.name}:{trouble.since.isoformat()}"
        outcomes = messenger.notify([Request(f"{key}:{to}", StaffMessage(to, text)) for to in self.to])
        for to, outcome in zip(self.to, outcomes, strict=True):
            if not isinstance(outcome, Done):
                log.warning("alert.not_sent", to=to, reason=outcome.reason)


def tell_dead_letters(journal: Journal) -> None:
    """Dead letters of a rule are one trouble, told once and ended when none is left: nobody looks at `status` daily."""
    opened = {t.name: t.cause for t in journal.read(lambda c: troubles.all_troubles(c, opened=True))}
    found = {
        f"{_DEAD}{rule}»": (f"{count} dead, the newest is {newest.kind} {newest.id}: {newest.error}", newest.hint)
        for rule, count, newest in journal.read(queries.dead_by_rule)
    }
    for name, (cause, hint) in found.items():
        if opened.get(name) != cause:
            journal.trouble(name, cause, hint or _DEAD_CURE)
    for name in opened:
        if name.startswith(_DEAD) and name not in found:
            journal.well(name)


def forget_turns(journal: Journal) -> None:
    """Turns of actions that were done long ago: nobody will ask for them again."""
    before = journal.now() - turns.KEPT
    log.info("turns.forgotten", count=journal.write(lambda c: turns.clean(c, before)))


def forget_parts(journal: Journal) -> None:
    """Pieces of what has long been joined: legs of calls, files of 1C. The events made of them stay."""
    before = journal.now() - _PARTS_KEPT
    log.info("parts.forgotten", count=journal.write(lambda c: inbox.forget_parts(c, before)))


def forget_firings(journal: Journal) -> None:
    """How often rules acted, where no limit asks for it any more."""
    now = journal.now()
    log.info("firings.forgotten", count=journal.write(lambda c: firings.clean(c, now)))


class Clock:
    """A watcher that puts the ticks of rules into the inbox, each at its moment and once in the life of the journal."""

    name = CHANNEL

    def __init__(self, ticks: Ticks, now: Callable[[], datetime]) -> None:
        self._ticks = ticks
        self._now = now

    def watch(self, stop: threading.Event, intake: Intake, status: Status) -> None:  # noqa: ARG002
        """Sleep until the next tick; look up now and then, for somebody may have set the machine's clock."""
        self._accept(self._ticks.begin(self._now(), intake.cursor), intake)
        while not stop.is_set():
            self._accept(self._ticks.due(self._now()), intake)
            coming = self._ticks.next()
            left = (coming - self._now()).total_seconds() if coming is not None else _LOOK_UP_SECONDS
            stop.wait(min(max(left, 0.0), _LOOK_UP_SECONDS))

    def check(self) -> list[str]:
        """Nothing outside is needed."""
        return []

    def _accept(self, due: Due, intake: Intake) -> None:
        if due.events or due.cursors:
            intake.accept(due.events, channel=self.name, cursors=due.cursors)


class Scheduler:
    """Runs the jobs and watchers of one process, while it is the only scheduler of its journal.

    Others stand by: the lock is a lease, so the next one takes over within half a minute of the first one's death.
    """

    def __init__(self, journal: Journal, watchers: Sequence[Watcher], jobs: Sequence[Job]) -> None:
        self._journal = journal
        self._watchers = watchers
        self._jobs = jobs
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._lead, name="scheduler")

    def start(self) -> None:
        """Stand for the lock in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop jobs and watchers, give the lock back."""
        self._stop.set()
        self._thread.join()

    def _lead(self) -> None:
        while not self._stop.is_set():
            if self._keeps_lock():
                self._run()
            self._stop.wait(_RENEW_SECONDS)

    def _keeps_lock(self) -> bool:
        try:
            return self._journal.store.keep_lock("scheduler", self._journal.owner, _LEASE_SECONDS)
        except JournalUnavailableError as error:
            log.warning("journal.unavailable", error=str(error))
            return False

    def _run(self) -> None:
        """Work until told to stop or the lock is lost."""
        halt = threading.Event()
        threads = [threading.Thread(target=self._watch, args=(w, halt), name=f"watch-{w.name}") for w in self._watchers]
        clock = BackgroundScheduler(executors={"default": ThreadPoolExecutor(4)}, timezone="UTC")
        for job in self._jobs:
            options = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
            first = datetime.now(clock.timezone) + timedelta(seconds=job.first)
            clock.add_job(
                _guarded(job, halt.is_set), "interval", seconds=job.seconds, id=job.name, next_run_time=first, **options
            )
        clock.start()
        for thread in threads:
            thread.start()
        while not self._stop.wait(_RENEW_SECONDS) and self._keeps_lock():
            pass
        halt.set()
        clock.shutdown(wait=True)
        for thread in threads:
            thread.join(_GRACE_SECONDS)
        if self._stop.is_set():
            self._release()

    def _release(self) -> None:
        try:
            self._journal.store.drop_lock("scheduler", self._journal.owner)
        except JournalUnavailableError as error:
            log.warning("journal.unavailable", error=str(error))

    def _watch(self, watcher: Watcher, halt: threading.Event) -> None:
        """A watcher survives every outside fault by itself; one that breaks is started anew."""
        while not halt.is_set():
            try:
                watcher.watch(halt, self._journal, self._journal)
            except Exception:
                log.exception("watcher.broke", channel=watcher.name)
                halt.wait(_GRACE_SECONDS)


def _guarded(job: Job, stop: Callable[[], bool]) -> Callable[[], None]:
    """A job that fails is logged and comes again at its time."""

    def run() -> None:
        try:
            job.work(stop)
        except ConnectorError as error:
            log.warning("job.failed", job=job.name, error=error.reason)
        except JournalUnavailableError as error:
            log.warning("journal.unavailable", job=job.name, error=str(error))

    return run
