"""Emulated bases with their services, one of each configuration for the whole run, fresh for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.onec.app import OneC
from tests.connectors.onec.service.opening import Books


@pytest.fixture(scope="session")
def bases() -> Iterator[Callable[[str], OneC]]:
    running: dict[str, OneC] = {}

    def base(configuration: str) -> OneC:
        if configuration not in running:
            running[configuration] = OneC(configuration)
            running[configuration].start()
        onec = running[configuration]
        onec.reset()
        onec.faults.clear()
        onec.counts.calls.clear()
        return onec

    yield base
    for one in running.values():
        one.stop()


@pytest.fixture
def opened(bases) -> Iterator[Callable[..., Books]]:
    """Open an account by `http` or `soap`; closed after the test."""
    open_ones: list[Books] = []

    def make(kind: str, configuration: str = "bp", **changed: Any) -> Books:
        open_ones.append(Books(kind, bases(configuration), changed))
        return open_ones[-1]

    yield make
    for books in open_ones:
        books.account.close()


@pytest.fixture(params=["http", "soap"])
def books(request, opened) -> Books:
    return opened(request.param)


@pytest.fixture(params=["http", "soap"])
def trade(request, opened) -> Books:
    """Управление торговлей, where an order comes before its invoice."""
    return opened(request.param, "ut")
