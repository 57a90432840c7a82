"""The receiver of a Beeline exchange."""

from __future__ import annotations

import logging
from dataclasses import replace

from connectors.beeline.legs import last_word, legs_of, seen
from connectors.beeline.settings import BeelineSettings
from connectors.beeline.xsi import read_event, read_notice
from connectors.bodies import plain_body
from connectors.calls.book import CallBook
from connectors.calls.orders import Orders
from connectors.secrecy import secret_in_url
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError

log = logging.getLogger(__name__)


class BeelineChannel:
    """Beeline signs nothing and wants 200. Each event is about one employee's leg; legs with one tracking id are a
    call, which is over when the last of them is released."""

    def __init__(self, name: str, settings: BeelineSettings, orders: Orders) -> None:
        self.name = name
        self._secret = settings.secret.get_secret_value()
        self._orders = orders
        self._book = CallBook(name, settings)

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """The parts, and at most two events: a call may end with the release that tells of it."""
        if not secret_in_url(delivery, self._secret):
            raise RefusedError("the secret in the address is wrong or absent")
        body = plain_body(delivery)
        event = read_event(body)
        if event is None:
            return Received()
        leg = read_notice(event, delivery.received_at)
        end = last_word(leg, event.released_by, legs_of(leg, parts))
        new = self._orders.marked([leg] if end is None else [leg, end])
        received = self._book.received(new, parts, delivery.received_at, raw=body)
        return replace(received, parts=(*received.parts, *seen(leg)))


def receiver(name: str, settings: BeelineSettings, around: Around) -> BeelineChannel:
    """The receiver of the channel `name`."""
    return BeelineChannel(name, settings, Orders(name, around.store, around.now))
