"""A running portal of the sandbox, and our connector at its door."""

from __future__ import annotations

import pytest
import requests

from connectors.bitrix24.crm import Bitrix24
from connectors.bitrix24.settings import BitrixSettings
from sandbox.bitrix24 import Bitrix24 as Portal
from sandbox.bitrix24 import Limit

FREE = {"per_second": None, "operating": None}


class Desk:
    """The portal seen from outside: its control routes, and its REST as the chief of sales would use it."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.session = requests.Session()

    def control(self, path, body=None, method="POST"):
        answer = self.session.request(method, f"{self.portal.url}/_sandbox/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def rest(self, method, **params):
        answer = self.session.post(f"{self.portal.url}/rest/7/chief/{method}", json=params, timeout=30)
        assert answer.ok, answer.text
        return answer.json()["result"]

    def fault(self, kind="status", path="/rest", **more):
        self.control("faults", {"path": path, "kind": kind, "method": "POST", **more})

    def stats(self):
        return self.control("stats", method="GET")

    def called(self, method):
        return self.stats()["methods"].get(method, 0)

    def requests(self):
        return sum(count for route, count in self.stats()["calls"].items() if not route.endswith("_sandbox"))

    def cards(self, table="leads"):
        return sorted(self.control("dump", method="GET")[table], key=lambda row: row["id"])

    def card(self, table="leads"):
        (found,) = self.cards(table)
        return found

    def lead(self, type_id=1, **fields):
        item = self.rest("crm.item.add", entityTypeId=type_id, fields={"title": "Сайт", **fields})["item"]
        return str(item["id"])

    def change(self, lead, type_id=1, **fields):
        self.rest("crm.item.update", entityTypeId=type_id, id=lead, fields=fields)

    def contact(self, name, *phones, email=""):
        fields = {"NAME": name, "PHONE": [{"VALUE": one, "VALUE_TYPE": "WORK"} for one in phones]}
        if email:
            fields["EMAIL"] = [{"VALUE": email, "VALUE_TYPE": "WORK"}]
        return str(self.rest("crm.contact.add", fields=fields))


@pytest.fixture(scope="session")
def running_portal():
    with Portal(limit=Limit(**FREE)) as portal:
        yield portal


@pytest.fixture
def desk(running_portal):
    desk = Desk(running_portal)
    desk.control("reset")
    desk.control("inbound", {"user_id": 7, "secret": "chief"})
    running_portal.faults.clear()
    yield desk
    desk.session.close()


@pytest.fixture
def make_crm(desk, store):
    made = []

    def make(**more):
        given = {"type": "bitrix24", "url": f"{desk.portal.url}/rest/1/sandbox/", "per_second": 1000, "burst": 1000}
        sleep = more.pop("sleep", lambda _: None)
        settings = BitrixSettings.model_validate({**given, "settle_seconds": 0, **more})
        crm = Bitrix24(settings, store, name="crm", sleep=sleep)
        made.append(crm)
        return crm

    yield make
    for crm in made:
        crm.close()


@pytest.fixture
def crm(make_crm):
    return make_crm()


@pytest.fixture
def deals(make_crm):
    """A portal whose deals are the leads of the rules."""
    return make_crm(entity="deal")
