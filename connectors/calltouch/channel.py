"""The receiver of Calltouch."""

from __future__ import annotations

from connectors.calls.mapped import Mapped, merged
from connectors.calls.receiving import SecretReceiver
from connectors.calls.tracking import tracking_book
from connectors.calltouch.settings import USUAL, WORDS, CalltouchSettings
from provodka.channel import Around


def receiver(name: str, settings: CalltouchSettings, around: Around) -> SecretReceiver:
    """The receiver of the channel `name`."""
    own = [(target, getattr(settings.map, target)) for target in settings.map.model_fields_set]
    reader = Mapped(merged(USUAL, own), WORDS, around.zone, visit_name="calltouch_session")
    book = tracking_book(name, settings)
    return SecretReceiver(book, settings.secret.get_secret_value(), reader.read, settings.senders)
