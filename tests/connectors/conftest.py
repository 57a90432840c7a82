"""What the connectors' tests share."""

import pytest

from provodka.operation import Request
from tests.connectors.memory_store import MemoryStore


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def ask():
    """Requests with keys of their own."""

    def make(*params, since=None, prefix="key"):
        return [Request(f"{prefix}-{number}", one, since) for number, one in enumerate(params)]

    return make
