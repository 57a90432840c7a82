"""A road to the service of the reference."""

from __future__ import annotations

import pytest
import responses

from tests.connectors.onec.soap.reference import Reference


@pytest.fixture
def wire():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def reference(wire):
    one = Reference(wire)
    yield one
    one.account.close()
