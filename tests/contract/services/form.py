"""Forms of any site."""

from __future__ import annotations

import hmac
import json
from urllib.parse import urlencode

from connectors.form.channel import FormChannel
from connectors.form.settings import FormSettings
from provodka.channel import Delivery
from tests.contract.case import NOW, RIGHT, Case


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

CASES = [
    Case(
        "form with a secret in the path",
        FORM_IN_URL,
        lambda: FormChannel("канал", FORM_IN_URL),
        in_path,
        good=json.dumps(JSON_FORM).encode(),
        with_extra_fields=json.dumps({**JSON_FORM, "нечто": [{"новое": None}]}).encode(),
        unreadable=b"{",
        signs_body=False,
    ),
    Case(
        "form with a secret in the query",
        FORM_IN_URL,
        lambda: FormChannel("канал", FORM_IN_URL),
        in_query,
        good=urlencode(JSON_FORM).encode(),
        with_extra_fields=urlencode({**JSON_FORM, "нечто[a][]": "1"}).encode(),
        unreadable=b"hello",
        signs_body=False,
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
    Case(
        "form as XML",
        FORM_IN_URL,
        lambda: FormChannel("канал", FORM_IN_URL),
        in_path,
        good="<заявка><name>Мария</name><phone>+79161112233</phone></заявка>".encode(),
        with_extra_fields="<a><name>Мария</name><phone>+79161112233</phone><b c='1'><d/><d>2</d></b></a>".encode(),
        unreadable=b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        signs_body=False,
    ),
    Case(
        "Contact Form 7 by a plugin",
        FORM_IN_URL,
        lambda: FormChannel("канал", FORM_IN_URL),
        in_path,
        good=json.dumps({"your-name": "Мария", "your-tel": "+79161112233", "your-message": "Перезвоните"}).encode(),
        with_extra_fields=urlencode({"your-name": "Мария", "tel-456": "+79161112233", "file-1[]": "a.pdf"}).encode(),
        unreadable=b"--",
        signs_body=False,
    ),
    Case(
        "Elementor with Advanced Data",
        FORM_IN_URL,
        lambda: FormChannel("канал", FORM_IN_URL),
        in_path,
        good=urlencode(ELEMENTOR).encode(),
        with_extra_fields=urlencode(
            {**ELEMENTOR, "meta[page_url][title]": "P", "meta[page_url][value]": "/a"}
        ).encode(),
        unreadable=b"{}x",
        signs_body=False,
    ),
]
