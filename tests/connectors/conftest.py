"""What the connectors' tests share."""

import pytest

from tests.connectors.memory_store import MemoryStore


@pytest.fixture
def store():
    return MemoryStore()
