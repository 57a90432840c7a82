"""The receiver of a Tilda site."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connectors.bodies import fields_of, hashed_id, plain_body
from connectors.secrecy import cutter, same_secret, secret_in_url, without_secret
from connectors.tilda.order import take_order
from connectors.tilda.settings import TildaSettings
from connectors.visit import form_submitted
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError, Reply, UnreadableError
from provodka.event import Event, new_event_id
from provodka.own_pages import NO_MARKS, LeadMarks
from provodka.payloads import EventType

_OK = Reply(body=b"ok")


class TildaChannel:
    """Makes `form.submitted` of Tilda's webhook.

    Tilda wants 200 within 5 seconds and tries twice more, a minute apart; the body `ok` is customary.
    """

    def __init__(self, name: str, settings: TildaSettings, marks: LeadMarks = NO_MARKS) -> None:
        self.name = name
        self._marks = marks
        self._settings = settings
        self._secret = settings.secret.get_secret_value()
        self._cut = cutter([self._secret, settings.api_key_value])

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """One event with `tranid` as its key; nothing for the `test=test` that comes when the address is saved."""
        fields = self._authentic_fields(delivery)
        if _is_probe(fields) or (not fields and delivery.method != "POST"):
            return Received(reply=_OK)
        if not fields:
            raise UnreadableError("the form is empty")
        order, rest = take_order(fields)
        form = form_submitted(rest, mapping={"id": "tranid"}, aliases=self._settings.aliases)
        external_id, kept = (form.id, None) if form.id else hashed_id(fields, delivery.received_at, parts)
        event = Event(
            id=new_event_id(delivery.received_at),
            type=EventType.FORM_SUBMITTED,
            channel=self.name,
            external_id=external_id,
            occurred_at=delivery.received_at,
            received_at=delivery.received_at,
            person=form.person,
            payload=replace(form.about(self._marks, delivery.received_at), order=order),
            raw=self._raw(delivery, fields),
        )
        return Received(events=(event,), parts=() if kept is None else (kept,), reply=_OK)

    def _authentic_fields(self, delivery: Delivery) -> dict[str, Any]:
        """The fields without the secrets. The API key may be one of them, so they are read before it is judged."""
        known = secret_in_url(delivery, self._secret) or self._is_api_key(delivery.headers)
        try:
            fields = fields_of(delivery)
        except UnreadableError:
            if known:
                raise
            fields = {}
        harmless = self._settings.api_key is not None and _is_probe(fields)  # whether the probe has the key is not told
        if not (known or harmless or self._is_api_key(fields)):
            raise RefusedError("neither the address nor the API key holds the secret")
        return without_secret(without_secret(fields, self._secret), self._settings.api_key_value)

    def _is_api_key(self, values: Mapping[str, Any]) -> bool:
        key = self._settings.api_key
        if key is None:
            return False
        given = [value for name, value in values.items() if name.lower() == key.name.lower() and isinstance(value, str)]
        return any(same_secret(value, self._settings.api_key_value) for value in given)

    def _raw(self, delivery: Delivery, fields: Mapping[str, Any]) -> bytes:
        """The body for support, without the secrets."""
        return self._cut(plain_body(delivery) or json.dumps(fields, ensure_ascii=False).encode())


def _is_probe(fields: Mapping[str, Any]) -> bool:
    return fields.get("test") == "test" and len(fields) <= 2  # the API key may stand beside it


def receiver(name: str, settings: TildaSettings, around: Around) -> TildaChannel:
    """The receiver of the channel `name`."""
    return TildaChannel(name, settings, LeadMarks(around.key))
