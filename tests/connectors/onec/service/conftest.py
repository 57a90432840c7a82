"""A road to the HTTP service of the reference."""

from __future__ import annotations

import pytest

from connectors.onec.service.room import open_account
from tests.connectors.memory_store import MemoryStore
from tests.connectors.onec.service.opening import http_settings
from tests.connectors.onec.service.reference import HOST, NOON, OURS


@pytest.fixture
def road():
    account = open_account(http_settings(HOST, organization=OURS), MemoryStore(), lambda: NOON)
    yield account._road
    account.close()
