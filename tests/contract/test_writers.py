"""What everything must keep to that we have a service do: each fault has its one meaning, nothing is done twice, no
secret shows. A new service adds `WRITERS` to its module in `tests/contract/services`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import collect_calls
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, OutcomeUnknownError, RateLimited, Rejected, Retryable
from provodka.operation import Done, Outcome, Repeat
from sandbox.base import Emulator
from sandbox.faults import Fault
from tests.connectors.memory_store import MemoryStore
from tests.contract.case import Writer
from tests.contract.test_receivers import MODULES

WRITERS: list[Writer] = [writer for module in MODULES for writer in getattr(module, "WRITERS", ())]
NOWHERE = "http://127.0.0.1:9"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test for every writer; that of too many calls for those whose service has a known word for it."""
    all_of_them = metafunc.function is not test_too_many_calls_hold_the_account_and_not_the_thread
    writers = [one for one in WRITERS if all_of_them or one.limited is not None]
    metafunc.parametrize("running", writers, ids=lambda writer: writer.name, indirect=True, scope="module")


@dataclass
class Running:
    """A writer beside its emulator."""

    writer: Writer
    emulator: Emulator
    opened: list[Any]

    def connect(self, key: str = "", url: str = "", store: MemoryStore | None = None) -> Any:
        connector = self.writer.connect(url or self.emulator.url, key or self.writer.right_key, store or MemoryStore())
        self.opened.append(connector)
        return connector

    def write(self, connector: Any = None, since: datetime | None = None) -> Outcome:
        return self.writer.write(connector or self.connect(), since)

    def after(self, fault: Fault, since: datetime | None = None) -> Outcome:
        """The outcome of a write whose call meets this fault."""
        connector = self.connect()
        self.writer.check(connector)  # tokens are fetched, so that the fault meets the write
        self.emulator.faults.arm(fault)
        return self.write(connector, since)

    @property
    def done(self) -> int:
        return self.writer.done(self.emulator)


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    writer: Writer = request.param
    with writer.start() as emulator:
        yield Running(writer, emulator, [])


@pytest.fixture(autouse=True)
def fresh(running: Running) -> Iterator[None]:
    running.emulator.reset()
    running.emulator.faults.clear()
    yield
    for one in running.opened:
        if hasattr(one, "close"):
            one.close()
    running.opened.clear()


def test_it_is_done_once_and_traced_without_people_and_secrets(running: Running) -> None:
    connector = running.connect()
    with collect_calls() as calls:
        outcome = running.write(connector)
    assert isinstance(outcome, Done), outcome
    assert running.done == 1
    assert calls[-1].status is not None
    text = repr(calls)
    assert not any(one in text for one in ("9160001122", "maria@example.ru", running.writer.right_key))


def test_its_own_refusals_have_each_one_meaning(running: Running) -> None:
    for fault, kind in running.writer.faults:
        running.emulator.faults.clear()
        outcome = running.after(fault)
        assert type(outcome) is kind, (fault, outcome)
        assert outcome.reason
        if kind in (Rejected, AuthFailed):
            assert outcome.hint, f"{outcome.reason} has no cure"


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ({"status": 500}, (Ambiguous,)),
        ({"status": 502, "body": "<html>"}, (Ambiguous,)),
        ({"status": 200, "body": "<html>"}, (Ambiguous, Retryable)),
        ({"status": 429, "body": "slow down"}, (RateLimited,)),
        ({"kind": "cut_before"}, (Ambiguous,)),
        ({"kind": "cut_after"}, (Ambiguous,)),
    ],
)
def test_each_common_fault_of_a_write_has_one_meaning(
    running: Running, fault: dict[str, Any], kinds: tuple[type[ConnectorError], ...]
) -> None:
    outcome = running.after(Fault(path=running.writer.path, **fault))
    assert isinstance(outcome, kinds), outcome


def test_where_nobody_answers_nothing_was_sent(running: Running) -> None:
    assert type(running.write(running.connect(url=NOWHERE))) is Retryable


def test_an_unsure_write_is_repeated_as_it_is_declared(running: Running) -> None:
    assert isinstance(running.after(Fault(path=running.writer.path, kind="cut_after")), ConnectorError)
    again = running.write(since=datetime.now(UTC) - timedelta(seconds=30))
    if running.writer.repeat is Repeat.PERSON:
        assert isinstance(again, OutcomeUnknownError)
    else:
        assert isinstance(again, Done), again
    assert running.done == (2 if running.writer.repeat is Repeat.SAFE else 1)


def test_check_passes_and_names_a_wrong_key_with_its_cure(running: Running) -> None:
    assert list(running.writer.check(running.connect())) == []
    said = running.writer.check(running.connect(key="9:wrong-key"))
    assert said
    assert not any("wrong-key" in sentence for sentence in said)


def test_a_wrong_key_is_told_and_shows_nowhere(running: Running) -> None:
    connector = running.connect(key="9:very-secret")
    outcome = running.write(connector)
    assert isinstance(outcome, AuthFailed | Rejected), outcome
    assert "very-secret" not in f"{outcome!r} {outcome.reason} {outcome.hint} {connector!r} {vars(connector)!r}"
    assert running.done == 0


def test_too_many_calls_hold_the_account_and_not_the_thread(running: Running) -> None:
    store = MemoryStore()
    connector = running.connect(store=store)
    running.writer.check(connector)
    running.emulator.faults.arm(running.writer.limited)
    outcome = running.write(connector)
    assert isinstance(outcome, RateLimited)
    with collect_calls() as calls:
        held = running.write(connector)
    assert isinstance(held, RateLimited) or outcome.wait < 5
    assert not calls or outcome.wait < 5
