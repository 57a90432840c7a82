"""An HTTP service at the address of the reference, with its bodies."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

BODIES = Path(__file__).parents[3] / "sandbox/onec/bodies/http"
HOST = "https://1c.example.test"
ROOT = HOST + "/base/hs/crm/v1"
NOON = datetime(2026, 7, 15, 9, tzinfo=UTC)
INVOICE = "7c9e1a40-6a32-11f0-9a01-00155d0a0b01"
PAYMENT = "9d10b250-6b40-11f0-9a01-00155d0a0b01"
SHIPMENT = "9d10b260-6c01-11f0-9a01-00155d0a0b01"
OURS = {"inn": "7801999002", "kpp": "780101001"}


def body(name: str) -> dict:
    return json.loads((BODIES / name).read_text())


def nothing_known(kind, refs):
    return {}
