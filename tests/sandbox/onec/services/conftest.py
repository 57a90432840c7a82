"""A published base of each configuration, fresh for each test."""

from __future__ import annotations

import pytest

from sandbox.onec.configuration import NAMES
from tests.sandbox.onec.services.publication import Publication


@pytest.fixture(scope="session")
def publications():
    running = {name: Publication(name) for name in NAMES}
    for one in running.values():
        one.start()
    yield running
    for one in running.values():
        one.session.close()
        one.stop()


@pytest.fixture
def bp(publications):
    publications["bp"].reset()
    return publications["bp"]


@pytest.fixture
def ut(publications):
    publications["ut"].reset()
    return publications["ut"]


@pytest.fixture(params=NAMES)
def onec(request, publications):
    publications[request.param].reset()
    return publications[request.param]
