"""Forms of any site."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from urllib.parse import urlencode

from connectors.form.channel import FormChannel
from connectors.form.settings import FormSettings
from provodka.channel import Delivery
from tests.contract.case import NOW, RIGHT, Case

Deliver = Callable[[bytes, str | None], Delivery]


def in_path(body: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", secret or "", {}, {}, body, NOW)


def in_query(body: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", "", {}, {"token": secret} if secret else {}, body, NOW)


def in_signature_header(body: bytes, secret: str | None) -> Delivery:
    headers = {"x-signature": hmac.new(secret.encode(), body, "sha256").hexdigest()} if secret else {}
    return Delivery("POST", "", headers, {}, body, NOW)


FORM_IN_URL = FormSettings.model_validate({"secret": RIGHT})
FORM_SIGNED = FormSettings.model_validate({"hmac": {"key": RIGHT}, "map": {"id": "id"}})
JSON_FORM = {"id": "f-1", "name": "Мария", "phone": "+79161112233"}
ELEMENTOR = {
    "form[id]": "a1",
    "form[name]": "Звонок",
    "fields[name][type]": "text",
    "fields[name][title]": "Имя",
    "fields[name][value]": "Мария",
    "fields[field_1][type]": "tel",
    "fields[field_1][title]": "Номер",
    "fields[field_1][value]": "+79161112233",
}


def unsigned(name: str, good: bytes, more: bytes, unreadable: bytes, deliver: Deliver = in_path) -> Case:
    """A form whose sender has only the secret in our address."""
    return Case(
        name,
        FORM_IN_URL,
        lambda: FormChannel("канал", FORM_IN_URL),
        deliver,
        good=good,
        with_extra_fields=more,
        unreadable=unreadable,
        signs_body=False,
    )


CASES = [
    unsigned(
        "form with a secret in the path",
        json.dumps(JSON_FORM).encode(),
        json.dumps({**JSON_FORM, "нечто": [{"новое": None}]}).encode(),
        b"{",
    ),
    unsigned(
        "form with a secret in the query",
        urlencode(JSON_FORM).encode(),
        urlencode({**JSON_FORM, "нечто[a][]": "1"}).encode(),
        b"hello",
        in_query,
    ),
    Case(
        "form with a signature",
        FORM_SIGNED,
        lambda: FormChannel("канал", FORM_SIGNED),
        in_signature_header,
        good=urlencode(JSON_FORM).encode(),
        with_extra_fields=urlencode({**JSON_FORM, "нечто": "1"}).encode(),
        unreadable=b"<xml/>",
        signs_body=True,
    ),
    unsigned(
        "form as XML",
        "<заявка><name>Мария</name><phone>+79161112233</phone></заявка>".encode(),
        "<a><name>Мария</name><phone>+79161112233</phone><b c='1'><d/><d>2</d></b></a>".encode(),
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    ),
    unsigned(
        "Contact Form 7 by a plugin",
        json.dumps({"your-name": "Мария", "your-tel": "+79161112233", "your-message": "Перезвоните"}).encode(),
        urlencode({"your-name": "Мария", "tel-456": "+79161112233", "file-1[]": "a.pdf"}).encode(),
        b"--",
    ),
    unsigned(
        "Elementor with Advanced Data",
        urlencode(ELEMENTOR).encode(),
        urlencode({**ELEMENTOR, "meta[page_url][title]": "P", "meta[page_url][value]": "/a"}).encode(),
        b"{}x",
    ),
]
