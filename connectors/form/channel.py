"""The receiver of forms from any site."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any

from connectors.bodies import fields_of, hashed_id, plain_body
from connectors.form.settings import FormSettings, SignatureSettings
from connectors.form.shapes import plain_fields
from connectors.secrecy import cutter, same_secret, secret_in_url, without_secret
from connectors.visit import form_submitted
from provodka.channel import Around, Delivery, Part, PartsReader, Received, RefusedError, Reply, UnreadableError
from provodka.event import Event, new_event_id
from provodka.own_pages import NO_MARKS, LeadMarks
from provodka.payloads import EventType

_OK = Reply(body=b"ok")


class FormChannel:
    """Makes `form.submitted` of a JSON, form-encoded or multipart body; also of Elementor's and Contact Form 7's."""

    def __init__(self, name: str, settings: FormSettings, marks: LeadMarks = NO_MARKS) -> None:
        self.name = name
        self._marks = marks
        self._settings = settings
        self._cut = cutter([settings.secret.get_secret_value()] if settings.secret else [])

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """One event; its key is the mapped `id`, else the body's hash within a window.

        A GET without any field, as a browser or a monitor makes it, is answered and leaves nothing behind.
        """
        self._authenticate(delivery)
        fields = self._fields(delivery)
        if not fields and delivery.method != "POST":
            return Received(reply=_OK)
        if not fields:
            raise UnreadableError("the form is empty")
        event, kept = self._event(delivery, fields, parts)
        return Received(events=(event,), parts=kept, reply=_OK)

    def _authenticate(self, delivery: Delivery) -> None:
        secret, signature = self._settings.secret, self._settings.hmac
        if secret is not None and not secret_in_url(delivery, secret.get_secret_value()):
            raise RefusedError("the secret in the address is wrong or absent")
        if signature is not None and not _is_signed(delivery, signature):
            raise RefusedError(f"the signature in {signature.header} is wrong or absent")

    def _fields(self, delivery: Delivery) -> dict[str, Any]:
        fields = fields_of(delivery)
        secret = self._settings.secret
        return fields if secret is None else without_secret(fields, secret.get_secret_value())

    def _event(
        self, delivery: Delivery, fields: Mapping[str, Any], parts: PartsReader
    ) -> tuple[Event, tuple[Part, ...]]:
        form = form_submitted(plain_fields(fields), mapping=self._settings.map, defaults=self._settings.defaults)
        external_id, kept = (form.id, None) if form.id else hashed_id(fields, delivery.received_at, parts)
        event = Event(
            id=new_event_id(delivery.received_at),
            type=EventType.FORM_SUBMITTED,
            channel=self.name,
            external_id=external_id,
            occurred_at=delivery.received_at,
            received_at=delivery.received_at,
            person=form.person,
            payload=form.about(self._marks, delivery.received_at),
            raw=self._cut(plain_body(delivery) or json.dumps(fields, ensure_ascii=False).encode()),
        )
        return event, () if kept is None else (kept,)


def _is_signed(delivery: Delivery, signature: SignatureSettings) -> bool:
    """Whether the header holds the HMAC of the body as it was sent. An empty body proves nothing about the query."""
    key = signature.key.get_secret_value().encode()
    digest = hmac.new(key, delivery.body, signature.algorithm).digest()
    given = delivery.headers.get(signature.header.lower(), "").strip()
    if signature.encoding == "hex":
        right = same_secret(given.lower(), f"{signature.prefix}{digest.hex()}".lower())
    else:
        right = same_secret(given, f"{signature.prefix}{base64.b64encode(digest).decode()}")
    return right and bool(delivery.body)


def receiver(name: str, settings: FormSettings, around: Around) -> FormChannel:
    """The receiver of the channel `name`."""
    return FormChannel(name, settings, LeadMarks(around.key))
