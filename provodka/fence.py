"""A fence around work on what comes from outside: a process of its own with limits, that never outlives ours.

`Fence.said` starts it and yields the lines that it writes. There `main` of a module is called, which calls
`Steps.begin` at each step; the step that takes too long, or more memory than there is, ends with an exception, so that
it can still be said where that was. What listens to no exception (one call that lasts for minutes inside a library) is
ended by the system. Started anew, and not forked: ours has threads.
"""

from __future__ import annotations

import ctypes
import importlib
import math
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Final, cast

from provodka.errors import ProvodkaError

_ROOT: Final = Path(__file__).parents[1]
_LOOK: Final = 0.1  # seconds of silence
LINE: Final = 16 * 1024 * 1024  # bytes of one line at most
_LAST_WORDS: Final = 4_000  # bytes
_GRACE: Final = 5  # seconds of the processor for saying where it was
_PR_SET_PDEATHSIG: Final = 1  # of linux/prctl.h
_BEGIN: Final = f"from {__name__} import begin; begin()"  # with -m there would be two of this module


class Bound(StrEnum):
    """What has run out: the processor's time, for all of it or for one `step`; the memory; the `clock` on the wall."""

    TIME = "time"
    STEP = "step"
    MEMORY = "memory"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Limits:
    """`time` and `step` are seconds of the processor, `memory` bytes of address space; `nice` is how far the process
    stands behind ours in the queue for a processor."""

    time: float
    memory: int
    step: float = 10.0
    nice: int = 10

    def of(self, bound: Bound) -> float:
        """Seconds or bytes. The clock is patient with a machine that has other work."""
        of = {Bound.TIME: self.time, Bound.STEP: self.step, Bound.MEMORY: self.memory, Bound.CLOCK: 10 * self.time}
        return of[bound]


class BoundError(ProvodkaError):
    """The process was ended at a limit."""

    def __init__(self, bound: Bound) -> None:
        super().__init__(bound.value)
        self.bound = bound


class BrokenError(ProvodkaError):
    """The process has failed, with its last words."""


class ClosedError(ProvodkaError):
    """The fence was closed, and the process ended with it."""


class OutOfTimeError(BaseException):
    """Raised within the process at whatever it does, after `most` seconds; no handler of the work's own errors shall
    catch it."""

    def __init__(self, bound: Bound, most: float) -> None:
        super().__init__(bound.value)
        self.bound = bound
        self.most = most


class Fence:
    """Starts processes with these limits; `close` ends those that run, and lets no other begin."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """May be called from any thread."""
        with self._lock:
            self._closed = True
            for process in self._running:
                process.kill()

    def said(self, module: str, asked: bytes) -> Generator[bytes, None, None]:
        """Call `main(steps)` of a module, which is `asked` something, in a process of its own, and yield the lines that
        it says, and an empty one whenever it was silent for a tenth of a second. Close the generator to end the
        process; the thread that began must see the end, too. Raises BoundError, BrokenError and ClosedError."""
        with tempfile.TemporaryFile() as words:
            process = self._start(module, words)
            try:
                _give(cast("IO[bytes]", process.stdin), asked)
                yield from self._lines(cast("IO[bytes]", process.stdout))
                code = process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                raise BrokenError("it said all and did not end") from None
            finally:
                self._end(process)
            if code:
                raise self._why(code, words)

    def _start(self, module: str, words: IO[bytes]) -> subprocess.Popen[bytes]:
        limits = self.limits
        given = [str(one) for one in (os.getpid(), limits.time, limits.memory, limits.step, limits.nice)]
        with self._lock:
            if self._closed:
                raise ClosedError
            process = subprocess.Popen(  # noqa: S603 -- our own interpreter and module
                [sys.executable, "-c", _BEGIN, module, *given],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=words,
                cwd=_ROOT,
                process_group=0,  # a Ctrl-C is for us, and we tell it; a session of its own would undo its low priority
            )
            self._running.add(process)
        return process

    def _lines(self, output: IO[bytes]) -> Iterator[bytes]:
        until = time.monotonic() + self.limits.of(Bound.CLOCK)
        half = bytearray()
        with selectors.DefaultSelector() as heard:
            heard.register(output, selectors.EVENT_READ)
            while True:
                if time.monotonic() > until:
                    raise BoundError(Bound.CLOCK)
                if not heard.select(_LOOK):
                    yield b""
                    continue
                piece = os.read(output.fileno(), 65_536)
                if not piece:
                    return
                half += piece
                if len(half) > LINE:
                    raise BoundError(Bound.MEMORY)
                if b"\n" in piece:
                    *lines, rest = bytes(half).split(b"\n")
                    half = bytearray(rest)
                    yield from lines

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
        with self._lock:
            self._running.discard(process)

    def _why(self, code: int, words: IO[bytes]) -> ProvodkaError:
        if self._closed:
            return ClosedError()
        words.seek(max(0, words.seek(0, os.SEEK_END) - _LAST_WORDS))
        last = words.read().decode(errors="replace").strip()
        if code == -signal.SIGXCPU:
            return BoundError(Bound.TIME)
        if code == -signal.SIGKILL or "MemoryError" in last:  # the system kills whoever takes what it has not
            return BoundError(Bound.MEMORY)
        return BrokenError(last or f"ended with {code}")


def _give(pipe: IO[bytes], asked: bytes) -> None:
    with suppress(BrokenPipeError), pipe:  # whoever has ended already says why by its code
        pipe.write(asked)


class Steps:
    """Within the process: what was `asked`, one step after another, each with its time, and what is said of it."""

    def __init__(self, limits: Limits, asked: bytes, output: IO[str]) -> None:
        self.limits = limits
        self.asked = asked
        self._output = output
        self._end = time.process_time() + limits.time
        self._next = OutOfTimeError(Bound.TIME, limits.time)
        signal.signal(signal.SIGPROF, self._over)

    def begin(self, steps: int = 1) -> None:
        """What was done before is over, and something begins that may take as long as so many steps. Raises
        OutOfTimeError, later too, wherever the process is then."""
        left, most = self._end - time.process_time(), steps * self.limits.step
        self._next = OutOfTimeError(Bound.TIME, self.limits.time) if left < most else OutOfTimeError(Bound.STEP, most)
        if left <= 0:
            raise self._next
        signal.setitimer(signal.ITIMER_PROF, min(most, left), 1.0)  # again, where somebody has swallowed it

    def say(self, line: str) -> None:
        """A line of its answer."""
        self._output.write(f"{line}\n")
        self._output.flush()

    def end(self) -> None:
        """No step is under way any more."""
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _over(self, *_: Any) -> None:  # noqa: ANN401 -- as `signal` has it
        raise self._next


def begin() -> None:
    """Where the process begins: it has its limits, gives way to all others, ends when the one does that started it, and
    only then imports what it is to do."""
    module, parent, seconds, memory, step, nice = sys.argv[1:]
    limits = Limits(float(seconds), int(memory), float(step), int(nice))
    _end_with(int(parent))
    os.nice(limits.nice)
    _confine(limits)
    asked = sys.stdin.buffer.read()
    output, sys.stdout = sys.stdout, sys.stderr  # whatever else prints or logs does not speak for us
    importlib.import_module(module).main(Steps(limits, asked, output))


def _confine(limits: Limits) -> None:
    import resource  # not on every system, and needed here alone

    for what, most, killed in (
        (resource.RLIMIT_AS, limits.memory, limits.memory),
        (resource.RLIMIT_CPU, seconds := math.ceil(limits.time) + _GRACE, seconds + 1),  # first a word, then the end
        (resource.RLIMIT_CORE, 0, 0),  # a picture of the memory has personal data in it
    ):
        highest = resource.getrlimit(what)[1]
        most, killed = (one if highest == resource.RLIM_INFINITY else min(one, highest) for one in (most, killed))
        resource.setrlimit(what, (most, killed))


def _end_with(parent: int) -> None:
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before it could be asked for
        os._exit(1)
