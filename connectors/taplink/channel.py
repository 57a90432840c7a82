"""The receiver of forms and payments of a Taplink page."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from connectors.bodies import json_fields
from connectors.secrecy import same_secret
from connectors.shapes import plain_fields
from connectors.submissions import OK, Submissions
from connectors.taplink.order import order_of, payment_of
from connectors.taplink.settings import TaplinkSettings
from connectors.visit import Submitted, Target, form_submitted
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError, UnreadableError
from provodka.own_pages import NO_MARKS, LeadMarks
from provodka.payloads import EventType, PaymentEvent

_LEAD, _PAYMENT = "leads.created", "payments.created"
_ALIASES: Final[Mapping[Target, tuple[str, ...]]] = {
    "page": ("page_link",),
    "name": ("fullname",),
    "form": ("page_title",),
}
_MEANING: Final = {"1": "phone", "2": "email", "3": "name"}
"""The `type` of a form's field, as public receivers have seen it; its title decides where it is another."""
_OWN: Final = frozenset(
    {
        "profile_id", "username", "status_id", "contact_id", "block_id", "order_id", "order_number",
        "order_status_id", "tms_modify", "lead_id", "tms_created", "currency_title", "discounts",
    }
)  # fmt: skip  # numbers of Taplink's own, which tell the staff nothing


class TaplinkChannel:
    """Makes `form.submitted` of `leads.created`, `payment.unmatched` of a paid `payments.created`: the link for it was
    Taplink's. Other actions are answered and leave nothing behind."""

    def __init__(self, name: str, settings: TaplinkSettings, marks: LeadMarks = NO_MARKS) -> None:
        self.name = name
        self._secret = settings.secret.get_secret_value()
        self._make = Submissions(name, settings, [self._secret], marks)

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """One event. The header `taplink-signature` is the HMAC-SHA1 of the body as it was sent (as JSON: of the older
        form data Taplink signs another text than it sends)."""
        digest = hmac.new(self._secret.encode(), delivery.body, "sha1").hexdigest()
        given = delivery.headers.get("taplink-signature", "").strip().lower()
        if not same_secret(given, digest) or not delivery.body:
            raise RefusedError("the signature in taplink-signature is wrong or absent")
        fields = json_fields(delivery.body)
        action, data = str(fields.get("action") or _LEAD), fields.get("data", fields)
        if not isinstance(data, dict) or not data:
            raise UnreadableError("the notice holds no data")
        if action == _LEAD:
            return self._make.received(delivery, fields, _understood(data), parts, order=order_of(data))
        payment = payment_of(data) if action == _PAYMENT else None
        if payment is None:
            return Received(reply=OK)
        person, told = _understood(data).person, PaymentEvent(payment)
        kind, key = EventType.PAYMENT_UNMATCHED, f"order:{payment.id}:{payment.state}"
        return Received(events=(self._make.event(delivery, fields, kind, key, person, told),), reply=OK)


def _understood(data: Mapping[str, Any]) -> Submitted:
    lead = str(data.get("lead_id") or "")
    told = {name: value for name, value in data.items() if name not in (*_OWN, "records", "offers", "budget")}
    records = plain_fields({"answers": list(_records(data.get("records")))})["answers"]
    form = form_submitted({**told, "answers": records or {}}, aliases=_ALIASES)
    answers = {name.removeprefix("answers."): text for name, text in form.payload.form.fields.items() if text}
    filled = replace(form.payload.form, id=str(data.get("block_id") or ""), fields=answers)
    return Submitted(form.person, replace(form.payload, form=filled), f"lead:{lead}" if lead else "")


def _records(records: object) -> Iterator[dict[str, Any]]:
    """The fields of the form: a phone, an email and a name by their types, the others by their titles."""
    for record in records if isinstance(records, list) else []:
        if isinstance(record, Mapping):
            title = _MEANING.get(str(record.get("type")), str(record.get("title") or ""))
            yield {"title": title, "value": record.get("value")}


def receiver(name: str, settings: TaplinkSettings, around: Around) -> TaplinkChannel:
    """The receiver of the channel `name`."""
    return TaplinkChannel(name, settings, LeadMarks(around.key))
