"""Writes that wait at the same moment."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import TimeoutError as NoneFreeError

from provodka.errors import JournalUnavailableError
from provodka.journal.writer import Writer

MANY = 5


@dataclass
class NoneFree:
    """Engines whose connections are all in use; the first who asks learns of it when all the others wait."""

    asked: int = 0
    writer: Writer = field(init=False)

    @property
    def writing(self) -> NoneFree:
        return self

    def begin(self) -> AbstractContextManager[Connection]:
        self.asked += 1
        patience = time.monotonic() + 30
        while self.asked == 1 and len(self.writer._waiting) < MANY - 1 and time.monotonic() < patience:
            time.sleep(0.001)
        raise NoneFreeError("QueuePool limit reached")


def test_who_waits_together_where_no_connection_is_free_is_told_so_together() -> None:
    database = NoneFree()
    database.writer = writer = Writer(database)  # type: ignore[arg-type]
    with ThreadPoolExecutor(MANY) as pool:
        told = [pool.submit(writer.run, lambda _: None) for _ in range(MANY)]
    for one in told:
        with pytest.raises(JournalUnavailableError, match="in use"):
            one.result()
    assert database.asked == 2, "the first, and then all the others at once"
