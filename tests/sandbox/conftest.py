"""A running amoCRM for the sandbox's own tests, fresh for each of them."""

from __future__ import annotations

import pytest
import requests

from sandbox.amocrm import AmoCrm, Limit
from sandbox.bitrix24 import Bitrix24
from sandbox.bitrix24 import Limit as Bitrix24Limit
from tests.browsing import browser, opened  # noqa: F401 -- fixtures
from tests.sandbox.amocrm_client import Api, Receiver
from tests.sandbox.bitrix24_client import Rest


@pytest.fixture(scope="session")
def running_crm():
    with AmoCrm(limit=Limit(per_second=None), hook_scale=0.0002) as crm:
        yield crm


@pytest.fixture
def crm(running_crm):
    requests.post(f"{running_crm.url}/_sandbox/reset", timeout=30).raise_for_status()
    return running_crm


@pytest.fixture
def api(crm):
    api = Api(crm)
    yield api
    api.session.close()


@pytest.fixture(scope="session")
def running_receiver():
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def receiver(running_receiver):
    running_receiver.forms.clear()
    running_receiver.queries.clear()
    running_receiver.statuses.clear()
    return running_receiver


@pytest.fixture(scope="session")
def running_portal():
    with Bitrix24(limit=Bitrix24Limit(per_second=None)) as portal:
        yield portal


@pytest.fixture
def b24(running_portal):
    requests.post(f"{running_portal.url}/_sandbox/reset", timeout=30).raise_for_status()
    rest = Rest(running_portal)
    yield rest
    rest.session.close()
