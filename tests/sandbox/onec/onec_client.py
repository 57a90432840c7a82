"""A client of the emulator for its own tests: plain requests to OData and to the controls."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import requests

BODIES = Path(__file__).parent / "bodies"
SAFE = "()',=/$:*"
COUNTERPARTY, CONTRACT, INVOICE = (
    "Catalog_Контрагенты",
    "Catalog_ДоговорыКонтрагентов",
    "Document_СчетНаОплатуПокупателю",
)
PAYMENT, SHIPMENT = "Document_ПоступлениеНаРасчетныйСчет", "Document_РеализацияТоваровУслуг"


def body(name):
    return json.loads((BODIES / name).read_text(encoding="utf-8"), parse_float=Decimal)


def at(entity, ref):
    return f"{entity}(guid'{ref}')"


class Api:
    """Calls one base; `session` may be given other credentials."""

    def __init__(self, onec):
        self.onec = onec
        self.root = f"{onec.url}/base/odata/standard.odata/"
        self.session = requests.Session()
        self.session.auth = ("sandbox", "sandbox")

    def address(self, path, **options):
        query = {f"${name}" if name[0].islower() else name: value for name, value in options.items()}
        pairs = "&".join(f"{name}={quote(str(value), safe=SAFE)}" for name, value in query.items())
        return f"{self.root}{quote(path, safe=SAFE)}{'?' if pairs else ''}{pairs}"

    def call(self, verb, path, content=None, headers=None, **options):
        address = self.address(path, **{"format": "json", **options})
        raw = (
            None
            if content is None
            else content
            if isinstance(content, bytes)
            else json.dumps(content, default=float).encode()
        )
        kinds = {"Content-Type": "application/json", **(headers or {})}
        return self.session.request(verb, address, data=raw, headers=kinds, timeout=30)

    def get(self, path, **options):
        answer = self.call("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json(parse_float=Decimal)

    def list(self, path, **options):
        return self.get(path, **options)["value"]

    def post(self, path, content=None, headers=None, **options):
        answer = self.call("POST", path, content, headers, **options)
        assert answer.status_code in (200, 201), answer.text
        return answer.json(parse_float=Decimal) if answer.content else {}

    def patch(self, path, content):
        answer = self.call("PATCH", path, content)
        assert answer.status_code == 200, answer.text
        return answer.json(parse_float=Decimal)

    def refusal(self, verb, path, content=None, headers=None, **options):
        """(status, code, text) of an error in the interface's own form."""
        answer = self.call(verb, path, content, headers, **options)
        error = answer.json()["odata.error"]
        return answer.status_code, error["code"], error["message"]["value"]

    def control(self, path, content=None, status=200):
        verb = "GET" if content is None else "POST"
        answer = self.session.request(verb, f"{self.onec.url}/_sandbox/{path}", json=content, timeout=30)
        assert answer.status_code == status, answer.text
        return answer.json()

    def act(self, name, status=200, **values):
        return self.control("acts", {"act": name, **values}, status)

    def turn(self, **switches):
        self.control("switches", switches)

    def configure(self, name):
        self.control("configuration", {"name": name})

    def counterparty(self, **changes):
        return self.post(COUNTERPARTY, body("bp_counterparty_post_request.json") | changes)

    def invoice(self, *, posted=True, **changes):
        """The invoice of the reference in Бухгалтерия, its buyer and contract made on the way."""
        for entity, name in (
            (COUNTERPARTY, "bp_counterparty_post_request.json"),
            (CONTRACT, "bp_contract_post_request.json"),
        ):
            if self.call("GET", at(entity, body(name)["Ref_Key"])).status_code == 404:
                self.post(entity, body(name))
        made = self.post(INVOICE, body("bp_invoice_post_request.json") | changes)
        if posted:
            self.post(f"{at(INVOICE, made['Ref_Key'])}/Post", PostingModeOperational="false")
        return made["Ref_Key"]
