"""A SOAP service that is exactly that of the reference, by its WSDL and bodies."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import responses
from lxml import etree
from responses import matchers

from connectors.onec.soap.room import open_account
from tests.connectors.memory_store import MemoryStore
from tests.connectors.onec.service.opening import WS, soap_settings

BODIES = Path(__file__).parents[3] / "sandbox/onec/bodies/soap"
HOST = "https://1c.example.test"
URL = HOST + WS
NOON = datetime(2026, 7, 15, 9, tzinfo=UTC)
INVOICE = "7c9e1a40-6a32-11f0-9a01-00155d0a0b01"
PAYMENT = "9d10b250-6b40-11f0-9a01-00155d0a0b01"
BUYER_REF = "5b2f7c10-6a31-11f0-9a01-00155d0a0b01"


def body(name: str) -> bytes:
    return (BODIES / name).read_bytes()


class Reference:
    """A road to a service that is exactly that of the reference."""

    def __init__(self, wire: responses.RequestsMock, **changed) -> None:
        self.wire = wire
        self.store = MemoryStore()
        self.clock = NOON
        self.account = open_account(soap_settings(HOST, **changed), self.store, lambda: self.clock)
        self.road = self.account._road

    def publish(self, wsdl: bytes = b"", **how):
        asked = matchers.query_string_matcher("wsdl")
        return self.wire.get(URL, body=wsdl or body("CRMExchange.wsdl"), match=[asked], **how)

    def answers(self, operation: str, content: bytes, status: int = 200):
        action = f'"http://crm.example.test/CRMExchange#CRMExchange:{operation}"'
        return self.wire.post(URL, body=content, status=status, match=[matchers.header_matcher({"SOAPAction": action})])

    def sent(self):
        """The last call inside its envelope."""
        return etree.fromstring(self.wire.calls[-1].request.body)[0][0]
