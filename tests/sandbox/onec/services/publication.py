"""A base on a port with what it publishes, and the bodies of the reference."""

from __future__ import annotations

import json
from pathlib import Path

import requests

from sandbox.onec import LOGIN, PASSWORD, OneC

BODIES = Path(__file__).parent.parent / "bodies"
HS = "/base/hs/crm/v1"


def body(name):
    return (BODIES / name).read_bytes()


def body_json(name):
    return json.loads(body(name))


class Publication(OneC):
    """A base on a port; `call` speaks to the HTTP services."""

    def __init__(self, configuration):
        super().__init__(configuration)
        self.session = requests.Session()
        self.session.auth = (LOGIN, PASSWORD)

    def call(self, method, path, **how):
        return self.session.request(method, f"{self.url}{HS}{path}", timeout=30, **how)

    def switch(self, **switches):
        requests.post(f"{self.url}/_sandbox/services", json=switches, timeout=30).raise_for_status()

    def invoice(self, external_id="b24:deal:90210", **changed):
        """PUT the reference's invoice, with some members changed."""
        content = {**body_json("http/invoice_put_request.json"), "external_id": external_id, **changed}
        return self.call("PUT", f"/invoices/{external_id}", json=content)
