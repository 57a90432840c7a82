"""One account of each CRM, and a lead with its contact in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.amocrm.crm import AmoCrm
from connectors.amocrm.settings import AmocrmSettings
from connectors.bitrix24.crm import Bitrix24
from connectors.bitrix24.settings import BitrixSettings
from provodka.crm import (
    CrmAccount,
    Need,
    NewContact,
    NewLead,
)
from sandbox.amocrm import AmoCrm as Account
from sandbox.amocrm import Limit
from sandbox.bitrix24 import Bitrix24 as Portal
from sandbox.bitrix24 import Limit as PortalLimit
from tests.connectors.memory_store import MemoryStore
from tests.contract.crms import ANNA, BYTES, FILE, PHONE, ask, one


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with Account(limit=Limit(per_second=None)) as running:
        yield running


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal(limit=PortalLimit(per_second=None, operating=None)) as running:
        yield running


@pytest.fixture(params=["amocrm", "bitrix24"])
def crm(request: pytest.FixtureRequest, account: Account, portal: Portal) -> Iterator[CrmAccount]:
    store = MemoryStore()
    store.blobs[FILE.sha256] = BYTES
    pace = {"per_second": 1000, "burst": 1000, "settle_seconds": 0}
    made: CrmAccount
    if request.param == "amocrm":
        account.reset()
        given = {"type": "amocrm", "url": account.url, "token": "sandbox", **pace}
        made = AmoCrm(AmocrmSettings.model_validate(given), store)
    else:
        portal.reset()
        given = {"type": "bitrix24", "url": f"{portal.url}/rest/1/sandbox/", "entity": "deal", **pace}
        made = Bitrix24(BitrixSettings.model_validate(given), store)
    assert made.check([Need("pipeline", "Кровля")], create=True) == []
    yield made
    made.close()


@pytest.fixture
def lead(crm: CrmAccount) -> str:
    contact = NewContact("Мария", (PHONE,), ("m@example.ru",))
    return one(crm.create_leads(ask(NewLead("Сайт", "Кровля", "Новый лид", ANNA, contact=contact))))


@pytest.fixture
def contact(crm: CrmAccount, lead: str) -> str:
    return crm.leads([lead])[lead].contacts[0]
