"""The receiver of the exchange's notices."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import tzinfo
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from connectors.bodies import form_pairs, plain_body
from connectors.calls.book import CallBook
from connectors.calls.notice import CallNotice, Told, stored_notice
from connectors.calls.orders import Orders
from connectors.secrecy import same_secret
from connectors.zadarma.notice import Fields, is_extension, read_notice
from connectors.zadarma.settings import ZadarmaSettings
from connectors.zadarma.signature import SIGNED, signature
from provodka import identity
from provodka.calls import Callers
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError, Reply, UnreadableError

_JSON: Final = "application/json; charset=utf-8"


class ZadarmaChannel:
    """A GET with `zd_echo` proves the address and wants its value back. Everything else is a signed form that wants
    200; the answer to the first notice of an incoming call may name the caller and tell where to put them through.

    Kinds of notices that are not about calls (or not known here) are answered and forgotten: what their signatures
    cover is not known either.
    """

    def __init__(self, name: str, settings: ZadarmaSettings, zone: tzinfo, callers: Callers, orders: Orders) -> None:
        self.name = name
        self._settings = settings
        self._zone = zone
        self._callers = callers
        self._orders = orders
        self._book = CallBook(name, settings)

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """At most one event."""
        if delivery.method == "GET":
            return Received(reply=Reply(body=delivery.query.get("zd_echo", "").encode()))
        fields = self._authentic_fields(delivery)
        if fields.event not in SIGNED:
            return Received()
        notice = read_notice(fields, delivery.received_at, self._zone)
        known = cache(parts)
        [notice] = self._orders.marked([_as_leg(notice, known)])
        reply = self._answer(fields) if fields.event == "NOTIFY_START" else Reply()
        return self._book.received([notice], known, delivery.received_at, raw=plain_body(delivery), reply=reply)

    def _authentic_fields(self, delivery: Delivery) -> Fields:
        try:
            exact = dict(form_pairs(plain_body(delivery)))
        except UnreadableError as error:
            raise RefusedError("the body holds no form") from error
        given = delivery.headers.get("signature", "")
        fields = Fields({name.decode(errors="replace"): text.decode(errors="replace") for name, text in exact.items()})
        if fields.event not in SIGNED:
            if not (given and fields.event.startswith("NOTIFY_")):
                raise RefusedError("no notice of the exchange")
            return fields
        signed = b"".join(exact.get(name.encode(), b"") for name in SIGNED[fields.event])
        if not same_secret(given, signature(signed, self._settings.secret.get_secret_value())):
            raise RefusedError("Signature is wrong or absent")
        return fields

    def _answer(self, fields: Fields) -> Reply:
        caller = self._callers.who_calls(identity.phone(fields.text("caller_id")))
        if caller is None:
            return Reply()
        told: dict[str, Any] = {"caller_name": caller.name} if caller.name else {}
        if self._settings.route and (extension := next(filter(is_extension, caller.extensions), "")):
            told |= {"redirect": extension, "return_timeout": self._settings.return_timeout}
        return Reply(body=json.dumps(told, ensure_ascii=False).encode(), content_type=_JSON) if told else Reply()


def _as_leg(notice: CallNotice, parts: PartsReader) -> CallNotice:
    """In a group ring the phones of the others stop when one has answered: the end of such a leg ends no call."""
    if notice.told is not Told.ENDED or notice.talk_seconds or not notice.employee:
        return notice
    known = (stored_notice(part) for part in parts(notice.key))
    answered = {one.employee for one in known if one.told is Told.ANSWERED}
    is_other = bool(answered) and notice.employee not in answered
    return replace(notice, told=Told.LEFT, outcome=None, reason="") if is_other else notice


def zone_of(settings: ZadarmaSettings, around: Around) -> tzinfo:
    """The zone in which the account tells and takes its times."""
    return ZoneInfo(settings.timezone) if settings.timezone else around.zone


def receiver(name: str, settings: ZadarmaSettings, around: Around) -> ZadarmaChannel:
    """The receiver of the channel `name`."""
    orders = Orders(name, around.store, around.now)
    return ZadarmaChannel(name, settings, zone_of(settings, around), around.callers, orders)
