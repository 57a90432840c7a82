"""The receiver of notices whose only proof is the secret in their address."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Final

from connectors.bodies import fields_of, plain_body
from connectors.calls.book import CallBook
from connectors.calls.notice import CallNotice
from connectors.secrecy import cutter, secret_in_url, without_secret
from provodka.channel import Delivery, PartsReader, Received, RefusedError, Reply, UnreadableError

Read = Callable[[Mapping[str, Any], datetime], CallNotice]

_OK: Final = Reply(body=b"ok")


class SecretReceiver:
    """JSON, a form or a query to `/hooks/<channel>/<secret>`, read by `read`; `senders` limits where it may come from.

    A GET without any field, as a browser or the service's own probe makes it, is answered and leaves nothing.
    """

    def __init__(
        self,
        book: CallBook,
        secret: str,
        read: Read,
        senders: Sequence[IPv4Network | IPv6Network] = (),
    ) -> None:
        self.name = book.name
        self._book = book
        self._secret = secret
        self._cut = cutter([secret])
        self._read = read
        self._senders = senders

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """What the notice comes to, beside what is known of its call."""
        if not secret_in_url(delivery, self._secret):
            raise RefusedError("the secret in the address is wrong or absent")
        if self._senders and not self._is_known(delivery.sender):
            raise RefusedError(
                f"it comes from {delivery.sender or 'nowhere'}, which is none of the service's addresses"
            )
        fields = without_secret(fields_of(delivery), self._secret)
        if not fields and delivery.method == "GET":
            return Received(reply=_OK)
        if not fields:
            raise UnreadableError("the notice is empty")
        notice = self._read(fields, delivery.received_at)
        raw = self._cut(plain_body(delivery).strip()) or json.dumps(fields, ensure_ascii=False).encode()
        return self._book.received([notice], parts, delivery.received_at, raw=raw, reply=_OK)

    def _is_known(self, sender: str) -> bool:
        try:
            address = ip_address(sender)
        except ValueError:
            return False
        return any(address in network for network in self._senders)
