"""The fence: what happens behind it stays behind it, and ends with whoever began it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from provodka.fence import Bound, BoundError, BrokenError, ClosedError, Fence, Limits
from tests.provodka import fenced

ROOT = Path(__file__).parents[2]
MODULE = fenced.__name__
USUAL = Limits(60, 256 * 1024 * 1024)


def said(word: str, limits: Limits = USUAL) -> list[str]:
    return [line.decode() for line in Fence(limits).said(MODULE, word.encode()) if line]


def bound(word: str, limits: Limits = USUAL) -> Bound:
    with pytest.raises(BoundError) as raised:
        said(word, limits)
    return raised.value.bound


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_the_process_has_its_limits_and_gives_way_to_all_others() -> None:
    memory, seconds, core, nice = map(int, said("limits")[0].split())
    assert (memory, seconds, core) == (256 * 1024 * 1024, 65, 0)
    assert nice >= min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)


def test_a_step_that_takes_too_long_is_ended_where_it_can_still_say_so() -> None:
    assert said("backtrack", Limits(60, USUAL.memory, step=0.1)) == ["step"] * 3 + [Bound.STEP]
    assert said("backtrack", Limits(1, USUAL.memory, nice=0)) == ["step"] * 3 + [Bound.TIME]


def test_more_memory_than_there_is_ends_it_and_so_does_an_endless_line() -> None:
    assert bound("grow") is Bound.MEMORY
    assert bound("chatter") is Bound.MEMORY


def test_what_the_system_had_to_end_is_told_by_the_signal() -> None:
    assert bound("SIGXCPU") is Bound.TIME
    assert bound("SIGKILL") is Bound.MEMORY
    with pytest.raises(BrokenError, match="-11"):
        said("SIGSEGV")
    with pytest.raises(BrokenError, match="the reason"):
        said("break")


def test_the_clock_on_the_wall_ends_what_takes_no_time_of_the_processor() -> None:
    assert bound("sleep", Limits(0.05, USUAL.memory)) is Bound.CLOCK


def test_whoever_listens_no_more_ends_it() -> None:
    with closing(Fence(USUAL).said(MODULE, b"sleep")) as lines:
        pid = int(next(filter(None, lines)))
        assert next(lines) == b"", "it is silent, and whoever listens may go"
    assert is_gone(pid)


def test_a_fence_that_is_closed_ends_what_runs_and_lets_nothing_begin() -> None:
    fence = Fence(USUAL)
    lines = fence.said(MODULE, b"sleep")
    pid = int(next(filter(None, lines)))
    threading.Thread(target=fence.close).start()
    with pytest.raises(ClosedError):
        list(lines)
    assert is_gone(pid)
    with pytest.raises(ClosedError):
        next(fence.said(MODULE, b"sleep"))


def test_it_does_not_outlive_a_process_that_was_killed() -> None:
    words = f"from provodka.fence import *\nfor a in Fence({USUAL!r}).said({MODULE!r}, b'sleep'): print(a, flush=True)"
    with subprocess.Popen([sys.executable, "-c", words], stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout is not None
        pid = int(next(line for line in parent.stdout if line != "b''\n").strip("b'\n"))
        assert not is_gone(pid)
        parent.send_signal(signal.SIGKILL)
    end = time.monotonic() + 30
    while not is_gone(pid):
        assert time.monotonic() < end
        time.sleep(0.01)
