"""The receiver of YooKassa's notices, which nobody signs: each is only a hint, and the watcher asks for the truth."""

from __future__ import annotations

import json
import re
from ipaddress import ip_address
from typing import Final

from connectors.bodies import json_fields, plain_body
from connectors.payments.book import PaymentBook
from connectors.payments.orders import Orders
from connectors.payments.watching import PaymentWatcher
from connectors.secrecy import secret_in_url
from connectors.yookassa.api import YooKassa
from connectors.yookassa.cashier import YooKassaCashier
from connectors.yookassa.fetching import Fetching
from connectors.yookassa.settings import YooKassaSettings
from provodka.channel import (
    Around,
    Delivery,
    Part,
    PartsReader,
    Received,
    RefusedError,
    Reply,
    UnreadableError,
)

_FOREIGN: Final = (
    "Если это адрес вашего прокси, пусть он передаёт X-Forwarded-For; если адреса ЮKassa иные, впишите их в senders"
)
_OK: Final = Reply(body=b"")
_ID: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
_KEYS: Final = {
    "payment.succeeded": "paid",
    "payment.waiting_for_capture": "held",
    "payment.canceled": "failed",
    "refund.succeeded": "refund",
}
"""By event, how the key begins of the event that it hints at."""


class YooKassaChannel:
    """Hints, as parts under the keys of the events that may come of them. Other kinds of notices (payouts, deals) are
    answered and leave nothing."""

    def __init__(self, name: str, settings: YooKassaSettings) -> None:
        self.name = name
        self._settings = settings

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """Never an event: what a notice says is not believed."""
        del parts
        settings = self._settings
        if settings.secret is not None and not secret_in_url(delivery, settings.secret.get_secret_value()):
            raise RefusedError("the secret in the address is wrong or absent")
        if settings.networks and not self._is_known(delivery.sender):
            raise RefusedError(
                f"it comes from {delivery.sender or 'nowhere'}, which is no address of YooKassa's", _FOREIGN
            )
        if delivery.method == "GET" and not delivery.body:
            return Received(reply=_OK)
        fields = json_fields(plain_body(delivery))
        event, thing = fields.get("event"), fields.get("object")
        if not isinstance(event, str) or not isinstance(thing, dict):
            raise UnreadableError("no notice of YooKassa: it has neither event nor object", _OK)
        if event not in _KEYS:
            return Received(reply=_OK)
        id_ = thing.get("id")
        if not isinstance(id_, str) or not _ID.fullmatch(id_):
            raise UnreadableError("the object of the notice has no id", _OK)
        payment = thing.get("payment_id")
        body = {"event": event, "id": id_, "payment": payment if isinstance(payment, str) else ""}
        part = Part(f"{_KEYS[event]}:{id_}", "hint", json.dumps({**body, "at": delivery.received_at.isoformat()}))
        return Received(parts=(part,), reply=_OK)

    def _is_known(self, sender: str) -> bool:
        try:
            address = ip_address(sender)
        except ValueError:
            return False
        return any(address in network for network in self._settings.networks)


def _orders(settings: YooKassaSettings, around: Around) -> Orders:
    return Orders(f"yookassa:{settings.shop_id}", around.store, around.now, settings.first_order)


def receiver(name: str, settings: YooKassaSettings, around: Around) -> YooKassaChannel:
    """The receiver of the channel `name`."""
    del around
    return YooKassaChannel(name, settings)


def watcher(name: str, settings: YooKassaSettings, around: Around) -> PaymentWatcher:
    """The watcher of the channel `name`."""
    book = PaymentBook(name, _orders(settings, around), settings.test)
    fetching = Fetching(book, YooKassa(settings, around.store))
    return PaymentWatcher(
        book,
        settings,
        fetching.ask,
        fetch=fetching.fetch,
        sweep=fetching.sweep,
        test=fetching.check,
        close=fetching.close,
    )


def cashier(name: str, settings: YooKassaSettings, around: Around) -> YooKassaCashier:
    """The cashier of the channel `name`."""
    return YooKassaCashier(name, settings, _orders(settings, around), around.store)
