"""The receiver of a Tilda site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.bodies import fields_of
from connectors.secrecy import same_secret, secret_in_url, without_secret
from connectors.submissions import OK, Submissions
from connectors.tilda.order import payment_of, take_order
from connectors.tilda.settings import TildaSettings
from connectors.visit import form_submitted
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError, UnreadableError
from provodka.own_pages import NO_MARKS, LeadMarks
from provodka.payloads import EventType, PaymentEvent


class TildaChannel:
    """Makes `form.submitted` of Tilda's webhook.

    Tilda wants 200 within 5 seconds and tries twice more, a minute apart; the body `ok` is customary.
    """

    def __init__(self, name: str, settings: TildaSettings, marks: LeadMarks = NO_MARKS) -> None:
        self.name = name
        self._settings = settings
        self._secret = settings.secret.get_secret_value()
        self._make = Submissions(name, settings, [self._secret, settings.api_key_value], marks)

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """A form with `tranid` as its key, and beside it a payment where its order is paid; nothing for the `test=test`
        that comes when the address is saved.

        A site may send an order twice with one `tranid`, at once and when it is paid: the form is known by then, the
        payment is news. It was asked for by Tilda and by no link of ours, which is what `payment.unmatched` says.
        """
        fields = self._authentic_fields(delivery)
        if _is_probe(fields) or (not fields and delivery.method != "POST"):
            return Received(reply=OK)
        if not fields:
            raise UnreadableError("the form is empty")
        order, rest = take_order(fields)
        form = form_submitted(rest, mapping={"id": "tranid"}, aliases=self._settings.aliases)
        received = self._make.received(delivery, fields, form, parts, order=order)
        payment = payment_of(fields, order)
        if payment is None or received.events[0].type is not EventType.FORM_SUBMITTED:
            return received
        told = PaymentEvent(payment)
        paid = self._make.event(delivery, fields, EventType.PAYMENT_UNMATCHED, f"paid:{payment.id}", form.person, told)
        return Received((*received.events, paid), received.parts, OK)

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


def _is_probe(fields: Mapping[str, Any]) -> bool:
    return fields.get("test") == "test" and len(fields) <= 2  # the API key may stand beside it


def receiver(name: str, settings: TildaSettings, around: Around) -> TildaChannel:
    """The receiver of the channel `name`."""
    return TildaChannel(name, settings, LeadMarks(around.key))
