"""The whole house in this process, against emulators of its own for every test."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.server import Sandbox
from tests.end_to_end.company import Company
from tests.end_to_end.crms import Amocrm, Office


@pytest.fixture(scope="module")
def emulators() -> Iterator[Sandbox]:
    sandbox = started()
    yield sandbox
    sandbox.stop()


def started() -> Sandbox:
    """On named ports below those that the system hands out: one that was handed out cannot be opened again at once."""
    for _ in range(50):
        sandbox = Sandbox(base_port=random.randrange(20000, 32000, 10))
        try:
            return sandbox.start()
        except OSError:
            continue
    raise AssertionError("no free ports")


@pytest.fixture
def sandbox(emulators: Sandbox) -> Sandbox:
    """Emulators as on the first day, but without the CRM's limit: the waiting would be the longest part of a test."""
    for part in (emulators.amocrm, emulators.bitrix24, emulators.telegram):
        part.app.test_client().post("/_sandbox/reset")
    emulators.mail.reset()
    return emulators


@pytest.fixture
def office() -> type[Office]:
    """The CRM that the company has; tests of `every_crm` get each of them."""
    return Amocrm


@pytest.fixture
def closed(tmp_path: Path, sandbox: Sandbox, office: type[Office]) -> Iterator[Company]:
    """A company whose house is still to be opened."""
    company = Company(tmp_path, sandbox, office)
    company.office.unlimited()
    yield company
    company.close()


@pytest.fixture
def company(closed: Company) -> Company:
    """A company whose house is open."""
    closed.open()
    return closed
