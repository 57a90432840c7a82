"""The part of the demo that is played through 1C: `provodka demo --onec odata|http|soap|commerceml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

from sandbox.senders import tilda_lead
from sandbox.server import Sandbox

RULES: Final = Path(__file__).with_name("demo_onec.yaml")
ANNA: Final = "+79160005566"
WON: Final = "Успешно реализовано"
_SOURCES: Final[Mapping[str, str]] = {
    "odata": 'url: "{url}/base", user: sandbox, password: sandbox, profile: unf',
    "http": 'url: "{url}/base/hs/crm/v1", user: sandbox, password: sandbox',
    "soap": 'wsdl: "{url}/base/ws/CRMExchange.1cws?wsdl", user: sandbox, password: sandbox',
    "commerceml": "user: exchange, password: sandbox",
}
ROADS: Final = tuple(_SOURCES)
_SELLER: Final = (
    'organization: {inn: "7801999002", kpp: "780101001", name: ООО «Кровля Плюс», '
    'account: {number: "40702810400000012345", bic: "044599991", bank: АО «Банк»}}, own_form: {}, '
    "products: {create: true}, poll_seconds: 2, settle_seconds: 5"
)


def configuration(road: str) -> str:
    """The configuration of the base that a road is shown with: «Обмен с сайтом» is УТ's."""
    return "ut" if road == "commerceml" else "unf"


def config(demo: str, road: str, sandbox: Sandbox) -> str:
    """The demo's config with an accounting and the rules of a sale."""
    section = f"accounting: {{type: {road}, {_SOURCES[road].format(url=sandbox.onec.url)}, {_SELLER}}}\n"
    rules, tests = demo.split("\ntests:")
    return f"{rules.rstrip()}\n\n{RULES.read_text('utf-8')}\n{section}\ntests:{tests}"


def prepare(sandbox: Sandbox) -> None:
    """Make the fields that amoCRM keeps a firm's numbers in; a new account has none. A SOAP service cannot be asked to
    make products: this one does."""
    _post(sandbox, "services", {"create_products": True})
    url, door = f"{sandbox.amocrm.url}/api/v4/companies/custom_fields", {"Authorization": "Bearer sandbox"}
    there = requests.get(url, headers=door, timeout=10)
    known = {one["name"] for one in there.json()["_embedded"]["custom_fields"]} if there.text else set()
    if missing := [{"name": name, "type": "text"} for name in ("ИНН", "КПП") if name not in known]:
        requests.post(url, json=missing, headers=door, timeout=10).raise_for_status()


@dataclass(slots=True)
class Sale:
    """The scenes; each needs what the one before it has left in CRM and 1C."""

    product: str
    sandbox: Sandbox
    road: str

    @property
    def tells_sums(self) -> bool:
        """CommerceML carries no sums of payments: a part cannot be told from the whole."""
        return self.road != "commerceml"

    def form(self) -> None:
        """A firm asks for an invoice."""
        tilda_lead(
            f"{self.product}/hooks/site/sandbox",
            name="Анна",
            phone=ANNA,
            email="",
            comments="Выставите счёт на ООО «Ромашка-Трейд», ИНН 7701999111",
            tranid="467251:8442977",
        ).raise_for_status()

    def stage(self) -> None:
        """The seller drags the card to the stage on which invoices are made."""
        if self._is_over():
            return
        store = self.sandbox.amocrm.store
        pipeline = next(one for one in store.pipelines.values() if one.name == "Кровля")
        status = next(one for one in pipeline.statuses.values() if one.name == "Переговоры")
        url = f"{self.sandbox.amocrm.url}/board/leads/{self._lead()['id']}/move"
        requests.post(url, json={"status_id": status.id}, timeout=10).raise_for_status()

    def pay_part(self) -> None:
        """Half of it comes by the bank."""
        self.act("pay", amount="40000.00")

    def pay(self) -> None:
        """The rest comes."""
        self.act("pay")

    def ship(self) -> None:
        """The warehouse ships all of it."""
        self.act("ship")

    def act(self, act: str, **details: str) -> None:
        """The accountant does something with the invoice; where there is none `differences` tells."""
        for invoice in self._documents("invoice")[:1]:
            if not self._is_over():
                _post(self.sandbox, "acts", {"act": act, "document": invoice["ref"], **details})

    def exchange(self) -> None:
        """1C calls the site, where that is its road: usually by a schedule of its own."""
        if self.road == "commerceml":
            body = {"url": f"{self.product}/exchange/1c", "user": "exchange", "password": "sandbox", "version": "2.09"}
            _post(self.sandbox, "exchange", {**body, "every": 2})

    def differences(self) -> Iterator[str]:
        """What is not as the scenes should have left it."""
        for kind in ("invoice", "order", "shipment"):
            if len(self._documents(kind)) != 1:
                yield f"1C: {len(self._documents(kind))} documents {kind} instead of one"
        lead = self._lead()
        if lead["status"] != WON:
            yield f"Анна: the lead stands on {lead['status']}"
        notes = " ".join(note.get("text") or "" for note in lead["notes"])
        yield from (f"Анна: no note «{word}»" for word in ("Счёт", "оплачен", "Отгружено") if word not in notes)

    def _is_over(self) -> bool:
        """Whether an earlier run in this folder has sold all of it already: nobody pays or ships twice."""
        won: bool = self._lead()["status"] == WON
        return won

    def _lead(self) -> dict[str, Any]:
        answer = requests.get(f"{self.sandbox.amocrm.url}/_sandbox/dump", timeout=10)
        answer.raise_for_status()
        leads: list[dict[str, Any]] = answer.json()["leads"]
        return next(
            one for one in leads if any(ANNA[1:] in str(phone) for c in one["contacts"] for phone in c["phones"])
        )

    def _documents(self, kind: str) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.sandbox.onec.url}/_sandbox/documents", params={"kind": kind}, timeout=10)
        answer.raise_for_status()
        return [one for one in answer.json() if not one["deleted"]]


def _post(sandbox: Sandbox, path: str, body: dict[str, Any]) -> None:
    requests.post(f"{sandbox.onec.url}/_sandbox/{path}", json=body, timeout=30).raise_for_status()
