"""The receiver of the exchange's commands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from connectors.bodies import fields_of
from connectors.calls.book import CallBook
from connectors.calls.notice import CALL, CallNotice, Told, stored_notice
from connectors.calls.orders import Orders
from connectors.megafon.notice import Fields, login_of, pushed, unnamed
from connectors.megafon.settings import MegafonSettings
from connectors.secrecy import same_secret, without_secret
from provodka import identity
from provodka.calls import Callers
from provodka.channel import Around, Delivery, Part, PartsReader, Received, RefusedError, Reply, UnreadableError

JOINED: Final = "joined:"
"""How the keys of parts begin that say of which call another one is the second half."""

_JSON: Final = "application/json; charset=utf-8"


class MegafonChannel:
    """Every command comes to one address, as a form or as JSON, with `crm_token`, and wants 200.

    `history` is the last word on a call; the events before it only tell whose phones rang. `contact` comes while the
    phone rings and is answered with the caller's name, for whom nobody knows with an empty object (an empty list would
    be a mistake there).
    """

    def __init__(self, name: str, settings: MegafonSettings, callers: Callers, orders: Orders) -> None:
        self.name = name
        self._settings = settings
        self._callers = callers
        self._orders = orders
        self._book = CallBook(name, settings)

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """At most one event; the parts of a call that was passed on become parts of the first."""
        fields = self._authentic_fields(delivery)
        if fields.text("cmd").lower() == "contact":
            return Received(reply=self._contact(fields))
        notice = pushed(fields, delivery.received_at)
        if notice is None:
            return Received()
        known = cache(parts)
        joined = Joining(notice, fields.text("second_callid"), known)
        new = self._orders.marked(joined.notices)
        raw = json.dumps(fields.values, ensure_ascii=False).encode()
        received = self._book.received(new, known, delivery.received_at, raw=raw)
        return replace(received, parts=(*received.parts, *joined.parts))

    def _authentic_fields(self, delivery: Delivery) -> Fields:
        try:
            values = fields_of(delivery)
        except UnreadableError as error:
            raise RefusedError("the body holds no crm_token") from error
        token = self._settings.crm_token.get_secret_value()
        given = values.get("crm_token")
        if not isinstance(given, str) or not same_secret(given, token):
            raise RefusedError("crm_token is wrong or absent")
        return Fields(without_secret(values, token))

    def _contact(self, fields: Fields) -> Reply:
        caller = self._callers.who_calls(identity.phone(fields.text("phone")))
        answer: dict[str, str] = {}
        if caller is not None:
            responsible = login_of(caller.extensions) if self._settings.route else ""
            answer = {"contact_name": caller.name, "responsible": responsible}
        told = {name: text for name, text in answer.items() if text}
        return Reply(body=json.dumps(told, ensure_ascii=False).encode(), content_type=_JSON)


class Joining:
    """A call that is passed on goes on under a second id: both are one call, known by the id of the first.

    `second` is the id that the notice of a transfer tells.
    """

    def __init__(self, notice: CallNotice, second: str, known: PartsReader) -> None:
        told = known(f"{JOINED}{notice.call}")
        self._notice = notice
        self._known = known
        self._first = told[0].body if told else notice.call
        self._half = second if notice.transfer and second != self._first else ""

    @property
    def notices(self) -> Sequence[CallNotice]:
        """The notice as one of the whole call, with those of the second half that came before we knew."""
        notice, first = self._notice, self._first
        if first != notice.call:  # the last word on the second half is not that on the whole
            told = (Told.RECORDED if notice.recording else Told.LEFT) if notice.told is Told.ENDED else notice.told
            return [replace(notice, call=first, id=f"{notice.call}:{notice.id}", told=told)]
        if notice.told is Told.ENDED and any(one.transfer for one in self._legs(notice.call)):
            notice = unnamed(notice)
        moved = [replace(one, call=first, id=f"{self._half}:{one.id}") for one in self._legs(self._half)]
        return [*moved, notice]

    @property
    def parts(self) -> Sequence[Part]:
        """What remembers that they are one, and that nothing more is to be waited for of the second half."""
        half = self._half
        over = CallNotice(half, JOINED, Told.ENDED)
        return [Part(f"{JOINED}{half}", JOINED, self._first), over.part] if half else []

    def _legs(self, call: str) -> list[CallNotice]:
        return [stored_notice(part) for part in self._known(f"{CALL}{call}")] if call else []


def receiver(name: str, settings: MegafonSettings, around: Around) -> MegafonChannel:
    """The receiver of the channel `name`."""
    return MegafonChannel(name, settings, around.callers, Orders(name, around.store, around.now))
