"""A running account of the sandbox, and our connector at its door."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import requests

from connectors.amocrm.crm import AmoCrm
from connectors.amocrm.settings import AmocrmSettings
from provodka.event import Event
from provodka.payloads import CrmHint, EventType, Person
from sandbox.amocrm import AmoCrm as Account
from sandbox.amocrm import Limit


class Desk:
    """The sandbox seen from outside: its control routes, and its API as a foreign integration would use it."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.session = requests.Session()
        self.session.headers["Authorization"] = "Bearer sandbox"

    def api(self, method, path, body=None, **params):
        answer = self.session.request(method, f"{self.account.url}/api/v4{path}", json=body, params=params, timeout=30)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def control(self, path, body=None, method="POST"):
        answer = self.session.request(method, f"{self.account.url}/_sandbox/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def fault(self, path, kind="status", method="POST", **more):
        self.control("faults", {"path": f"/api/v4{path}", "kind": kind, "method": method, **more})

    def stats(self):
        return self.control("stats", method="GET")

    def calls(self, route):
        return self.stats()["calls"].get(route, 0)

    def leads(self):
        return self.control("dump", method="GET")["leads"]

    def add(self, path, *items):
        data = self.api("POST", path, list(items))
        rows = data if isinstance(data, list) else next(iter(data["_embedded"].values()))
        return [str(row["id"]) for row in rows]

    def contact(self, name, *phones, email=""):
        values = [{"field_code": "PHONE", "values": [{"value": one, "enum_code": "MOB"} for one in phones]}]
        values += [{"field_code": "EMAIL", "values": [{"value": email}]}] if email else []
        return self.add("/contacts", {"name": name, "custom_fields_values": values})[0]


@pytest.fixture(scope="session")
def running_account():
    with Account(limit=Limit(per_second=None), hook_scale=0.0002) as account:
        yield account


@pytest.fixture
def desk(running_account):
    desk = Desk(running_account)
    desk.control("reset")
    yield desk
    desk.session.close()


@pytest.fixture
def make_crm(desk, store):
    made = []

    def make(**more):
        given = {"type": "amocrm", "url": desk.account.url, "token": "sandbox", "per_second": 1000, **more}
        if "oauth" in more:
            del given["token"]
        settings = AmocrmSettings.model_validate({"settle_seconds": 0, **given})
        crm = AmoCrm(settings, store, name="crm")
        made.append(crm)
        return crm

    yield make
    for crm in made:
        crm.close()


@pytest.fixture
def crm(make_crm):
    return make_crm()


@pytest.fixture
def hinted(crm, store):
    """What a hint about a lead comes to, as the planner handles it: the types of its events."""

    def follow(lead_id):
        now = datetime.now(UTC)
        hint = CrmHint((f"lead:{lead_id}",))
        event = Event("0", EventType.CRM_HINT, "crm", str(now.timestamp()), now, now, Person(), hint)
        events, snapshots = crm.derive(hint, event)
        for kind, rows in snapshots.items():
            store.put_snapshots("crm", kind, rows)
        return [one.type.value for one in events]

    return follow
