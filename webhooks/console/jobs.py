"""Work that takes longer than a page may: one piece at a time, in a thread of its own, watched by the page of whoever
has asked for it. What it makes is a private file that is kept for an hour, and never longer than this process lives."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import structlog
from flask import current_app

from provodka.journal.owners import is_dead, new_owner
from webhooks.console.access import parts

log = structlog.get_logger("console")

KEEP: Final = timedelta(hours=1)
_MOST: Final = 5  # files that are kept at the same time
_BREATH: Final = 1.0  # of the time that a step took, left to whoever sends webhooks and reads pages
_PREFIX: Final = "provodka."


class JobState(StrEnum):
    """How far it has come."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


class BusyError(Exception):
    """Another piece of work is under way."""

    def __init__(self, job: Job) -> None:
        super().__init__(job.id)
        self.job = job


class StoppedError(Exception):
    """Nobody wants it any more."""


@dataclass(eq=False)
class Job:
    """One piece of work, of `total` steps. It belongs to `login`; `about` is what its page wants to know of it."""

    login: str
    path: Path
    total: int
    about: Any
    id: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    state: JobState = JobState.RUNNING
    done: int = 0
    error: str = ""
    ended_at: datetime | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    _moved: float = field(default_factory=time.monotonic)

    def move(self, done: int) -> None:
        """Say how many steps are done, and let others work for a moment. Raises StoppedError when it is to end."""
        self.done = done
        if self.stop.wait(_BREATH * (time.monotonic() - self._moved)):
            raise StoppedError
        self._moved = time.monotonic()


class Jobs:
    """The pieces of work of this process, and their folder, which nobody else may read."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._jobs: list[Job] = []
        self._folder: Path | None = None

    def be_free(self) -> None:
        """Raises BusyError while something is under way."""
        with self._lock:
            self._refuse_if_busy()

    def start(self, login: str, name: str, work: Callable[[Job], None], total: int, about: object) -> Job:
        """Begin; `work` makes the file `job.path`, and calls `job.move`. Raises BusyError. What the same person has had
        made before is forgotten."""
        with self._lock:
            self._refuse_if_busy()
            for old in [one for one in self._jobs if one.login == login] + self._jobs[: -_MOST + 1]:
                self._drop(old)
            job = Job(login, self._home() / f"{secrets.token_hex(8)}-{name}", total, about)
            self._jobs.append(job)
        threading.Thread(target=self._run, args=(job, work), name="console-job", daemon=True).start()
        return job

    def of(self, id_: str, login: str) -> Job | None:
        """One of this person's."""
        return next((one for one in self.all_of(login) if one.id == id_), None)

    def all_of(self, login: str) -> list[Job]:
        """This person's, newest first."""
        with self._lock:
            self._forget()
            return [one for one in reversed(self._jobs) if one.login == login]

    def end(self, job: Job) -> None:
        """Stop it, or throw its file away."""
        job.stop.set()
        with self._lock:
            if job.state is not JobState.RUNNING:
                self._drop(job)

    def _run(self, job: Job, work: Callable[[Job], None]) -> None:
        try:
            work(job)
            state = JobState.DONE
        except StoppedError:
            state = JobState.STOPPED
        except Exception as error:  # whatever it is, the page has to tell that it is over
            log.exception("console.job_failed", error=str(error))
            job.error = error.strerror or str(error) if isinstance(error, OSError) else type(error).__name__
            state = JobState.FAILED
        with self._lock:
            job.ended_at = self._now()
            job.state = state
            if state is not JobState.DONE:
                job.path.unlink(missing_ok=True)
        forget = threading.Timer(KEEP.total_seconds(), _time_out, (weakref.ref(self), job))
        forget.daemon = True
        forget.start()

    def drop(self, job: Job) -> None:
        """Forget it, with its file."""
        with self._lock:
            self._drop(job)

    def _refuse_if_busy(self) -> None:
        self._forget()
        if running := next((one for one in self._jobs if one.state is JobState.RUNNING), None):
            raise BusyError(running)

    def _forget(self) -> None:
        for job in [one for one in self._jobs if one.ended_at and one.ended_at + KEEP <= self._now()]:
            self._drop(job)

    def _drop(self, job: Job) -> None:
        if job in self._jobs:
            self._jobs.remove(job)
        job.path.unlink(missing_ok=True)

    def _home(self) -> Path:
        if self._folder is None:
            _sweep()
            self._folder = Path(tempfile.gettempdir()) / f"{_PREFIX}{new_owner()}"
            self._folder.mkdir(mode=0o700)
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)  # also when the process ends
        return self._folder


def _time_out(those: weakref.ref[Jobs], job: Job) -> None:
    if made := those():
        made.drop(job)


def _sweep() -> None:
    """Throw away what processes of ours have left that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*|*"):
        ours = not folder.is_symlink() and folder.stat().st_uid == os.getuid()
        if ours and is_dead(folder.name.removeprefix(_PREFIX)):
            shutil.rmtree(folder, ignore_errors=True)


def jobs() -> Jobs:
    """Those of this application."""
    made = current_app.extensions.get("jobs")
    if made is None:
        made = current_app.extensions.setdefault("jobs", Jobs(parts().now))
    found: Jobs = made
    return found
