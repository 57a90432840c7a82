"""A killed process leaves leases and locks behind; the next one must not wait for their end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable

from provodka.event import Event
from provodka.journal import Journal, NewAction, PlanRecord
from provodka.journal.owners import is_dead, new_owner

CHILD = """
import os, sys
from provodka.journal import Journal
journal = Journal(sys.argv[1])
assert journal.store.keep_lock("scheduler", journal.owner, 3600)
print(len(journal.claim_actions(10)), len(journal.claim_events(10)), flush=True)
os.kill(os.getpid(), 9)
"""


def test_what_a_killed_process_held_is_free_at_once(url: str, form: Callable[..., Event]) -> None:
    journal = Journal(url)
    try:
        journal.accept([form("1", phone="+79160000001")])
        (event,) = journal.claim_events(1)
        action = NewAction("lead", "r", "intake", "{}")
        journal.write_plans([PlanRecord(event.seq, event.lane or 0, "event", "{}", (action,))])
        journal.accept([form("2", phone="+79160000002")])
        child = subprocess.run([sys.executable, "-c", CHILD, url], capture_output=True, text=True, check=False)
        assert (child.stdout.split(), child.returncode) == (["1", "1"], -9), child.stderr
        assert journal.recover() == 1
        assert [a.key for a in journal.claim_actions(10)] == ["lead"]
        assert [e.event.external_id for e in journal.claim_events(10)] == ["2"]
        assert journal.store.keep_lock("scheduler", journal.owner, 20)
    finally:
        journal.close()


def test_two_journals_of_one_process_do_not_take_each_other_for_dead(
    open_journal: Callable[[], Journal], form: Callable[..., Event]
) -> None:
    one, other = open_journal(), open_journal()
    one.accept([form("1")])
    assert len(one.claim_events(1)) == 1
    other.recover()
    assert other.claim_events(1) == []


def test_an_earlier_life_under_the_same_number_is_dead() -> None:
    assert is_dead(f"{socket.gethostname()}|{os.getpid()}|an earlier life|1")
    assert not is_dead(new_owner())


def test_of_another_machine_nothing_is_known() -> None:
    assert not is_dead(f"elsewhere|{os.getpid()}|a life|1")
    assert not is_dead("no name of ours")
