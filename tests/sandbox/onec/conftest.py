"""A running 1C for the emulator's own tests, reset before each of them."""

from __future__ import annotations

import pytest
import requests

from sandbox.onec import OneC
from tests.sandbox.onec.onec_client import Api


@pytest.fixture(scope="session")
def running_onec():
    with OneC() as onec:
        yield onec


@pytest.fixture
def onec(running_onec):
    requests.post(f"{running_onec.url}/_sandbox/reset", timeout=30).raise_for_status()
    return running_onec


@pytest.fixture
def api(onec):
    api = Api(onec)
    yield api
    api.session.close()
