"""Robokassa. Its signature covers values and not bytes; its links ask nothing of it, so that it is no writer."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from connectors.robokassa.channel import RobokassaChannel, receiver
from connectors.robokassa.settings import RobokassaSettings
from connectors.robokassa.signature import signed
from provodka.channel import Delivery
from tests.connectors.payments.bench import PAYER, placed
from tests.contract.case import NOW, RIGHT, Case, Probe, around

PASSWORD1 = "первый-пароль"
SETTINGS = RobokassaSettings.model_validate(
    {"login": "romashka", "password1": PASSWORD1, "password2": RIGHT, "algorithm": "sha256"}
)
FORM = {"content-type": "application/x-www-form-urlencoded"}


def build() -> RobokassaChannel:
    surroundings = around()
    placed(surroundings, "robokassa:romashka", "2233.00")
    return receiver("канал", SETTINGS, surroundings)


def with_signature(raw: bytes, secret: str | None) -> str:
    fields = dict(parse_qsl(raw.decode()))
    shp = [(name, value) for name, value in fields.items() if name.startswith("Shp_")]
    signature = signed("sha256", fields.get("OutSum", ""), fields.get("InvId", ""), secret or "", shp=shp)
    return raw.decode() + (f"&SignatureValue={signature.upper()}" if secret is not None else "")


def by_post(raw: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", "", FORM, {}, with_signature(raw, secret).encode(), NOW)


def by_get(raw: bytes, secret: str | None) -> Delivery:
    return Delivery("GET", "", {}, dict(parse_qsl(with_signature(raw, secret))), b"", NOW)


GOOD = urlencode({"OutSum": "2233.000000", "InvId": "1047", "EMail": PAYER.email, "Shp_b": "я", "Shp_a": "1"}).encode()

CASES = [
    Case(
        f"robokassa by {name}",
        SETTINGS,
        build,
        deliver,
        good=GOOD,
        with_extra_fields=GOOD + b"&Fee=&Unknown=1",
        unreadable=b"OutSum=1e3&InvId=1047",
        signs_body=False,
        secrets=(RIGHT, PASSWORD1),
        identity=f"email:{PAYER.email}",
        probes=(Probe(Delivery("GET", "", {}, {}, b"", NOW), body=b"ok"),),
        scene=(deliver(GOOD, RIGHT), deliver(GOOD + b"&Fee=1", RIGHT)),
        keys=frozenset({("payment.succeeded", "paid:robokassa-1047")}),
    )
    for name, deliver in (("post", by_post), ("get", by_get))
]
