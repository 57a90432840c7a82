"""Calltouch."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from connectors.calltouch.channel import receiver
from connectors.calltouch.settings import CalltouchSettings
from provodka.channel import Delivery
from tests.contract.case import ASCII, NOW, Case, Probe, around


def posted(body: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", secret or "", {}, {}, body, NOW)


def in_query(body: bytes, secret: str | None) -> Delivery:
    fields = dict(parse_qsl(body.decode())) if b"=" in body else {}
    posted_body = b"" if fields else body  # what is no query can only come in a body
    return Delivery("GET", "", {}, {**fields, **({"token": secret} if secret else {})}, posted_body, NOW)


def notice(**more: str) -> bytes:
    fields = {
        "callId": "55",
        "leadtype": "callend",
        "callerphone": "79161112233",
        "phonenumber": "74950003344",
        "timestamp": "1772442000",
        "duration": "95",
        "utmSource": "yandex",
    }
    return urlencode({**fields, **more}).encode()


CALLTOUCH = CalltouchSettings.model_validate({"secret": ASCII})

CASES = [
    Case(
        name,
        CALLTOUCH,
        lambda: receiver("канал", CALLTOUCH, around()),
        deliver,
        good=notice(),
        with_extra_fields=notice(нечто="1"),
        unreadable=b"hello",
        signs_body=False,
        secret=ASCII,
        secrets=(ASCII,),
        probes=(Probe(Delivery("GET", ASCII, {}, {}, b"", NOW), body=b"ok"),),
        scene=(deliver(notice(leadtype="callstart", duration=""), ASCII), deliver(notice(), ASCII)),
        keys=frozenset({("call.finished", "call:55")}),
    )
    for name, deliver in (("calltouch by POST", posted), ("calltouch by GET", in_query))
]
