"""The receiver of calls of any exchange."""

from __future__ import annotations

from connectors.anycalls.settings import AnyCallsSettings
from connectors.calls.mapped import Mapped
from connectors.calls.receiving import SecretReceiver
from connectors.calls.tracking import tracking_book
from provodka.channel import Around


def receiver(name: str, settings: AnyCallsSettings, around: Around) -> SecretReceiver:
    """The receiver of the channel `name`."""
    reader = Mapped(settings.map, settings.words, around.zone)
    book = tracking_book(name, settings)
    return SecretReceiver(book, settings.secret.get_secret_value(), reader.read, settings.senders)
