"""The bases of 1C that a company may have, each entered by one of the four roads, as its accountant uses them."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import Any, ClassVar

import requests

from sandbox.server import Sandbox

Json = dict[str, Any]

_COMMON = """
  organization:
    inn: "7801999002"
    kpp: "780101001"
    name: "ООО «Продавец»"
    account: {number: "40702810400000012345", bic: "044599991", bank: "АО «Банк»"}
  own_form: {director: Иванов И. И.}
  poll_seconds: 0.3
  settle_seconds: 1
  products: {create: true}
"""


class Ledger(ABC):
    """One base of the sandbox and the road to it. `configuration` is the base's."""

    name: ClassVar[str]
    configuration: ClassVar[str] = "unf"
    kind: ClassVar[str]
    section: ClassVar[str]
    calls_us: ClassVar[bool] = False

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.control("configuration", {"name": self.configuration})

    @property
    def environ(self) -> Mapping[str, str]:
        return {"ONEC": self.sandbox.onec.url}

    @property
    def config(self) -> str:
        """The section `accounting`."""
        return f"\naccounting:\n  type: {self.kind}\n{self.section}{_COMMON}"

    def tick(self, product: str) -> None:
        """What 1C does by itself meanwhile, where it is the one who calls."""
        if self.calls_us:
            body = {"url": f"{product}/exchange/1c", "user": "exchange", "password": "sandbox", "version": "2.09"}
            self.control("exchange", body)

    def act(self, act: str, **details: object) -> Json:
        """The accountant does something."""
        return self.control("acts", {"act": act, **details})

    def invoice(self) -> str:
        """The ref of the only invoice, in 1C's own words."""
        (found,) = self.documents("invoice")
        ref: str = found["ref"]
        return ref

    def documents(self, kind: str = "") -> list[Json]:
        """The documents that are not marked for deletion, the oldest first."""
        found = self.control("documents", method="GET")
        rows = found["documents"] if isinstance(found, dict) else found
        return [row for row in rows if not row["deleted"] and kind in ("", row["kind"])]

    def counterparties(self) -> list[Json]:
        found = self.control("counterparties", method="GET")
        rows: list[Json] = found["counterparties"] if isinstance(found, dict) else found
        return rows

    def doubles(self) -> Json:
        found: Json = self.control("stats", method="GET")["doubles"]
        return found

    def control(self, path: str, body: Json | None = None, method: str = "POST") -> Any:
        """`/_sandbox/<path>` of the emulator."""
        answer = requests.request(method, f"{self.sandbox.onec.url}/_sandbox/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json() if answer.content else {}


class OData(Ledger):
    name = "odata"
    kind = "odata"
    section = """
  url: "${ONEC}/base"
  user: sandbox
  password: sandbox
  profile: unf
"""


class ODataTrade(OData):
    """УТ: the order comes first."""

    name = "odata-ut"
    configuration = "ut"
    section = OData.section.replace("unf", "ut")


class Http(Ledger):
    name = "http"
    kind = "http"
    section = """
  url: "${ONEC}/base/hs/crm/v1"
  user: sandbox
  password: sandbox
"""


class Soap(Ledger):
    name = "soap"
    kind = "soap"
    section = """
  wsdl: "${ONEC}/base/ws/CRMExchange.1cws?wsdl"
  user: sandbox
  password: sandbox
"""


class CommerceML(Ledger):
    name = "commerceml"
    configuration = "ut"
    kind = "commerceml"
    calls_us = True
    section = """
  user: exchange
  password: sandbox
"""


LEDGERS: dict[str, type[Ledger]] = {kind.name: kind for kind in (OData, ODataTrade, Http, Soap, CommerceML)}
