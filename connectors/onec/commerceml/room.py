"""Opens an account whose 1C calls us."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connectors.onec.account import NAME, OneC, key_of
from connectors.onec.book import Book
from connectors.onec.commerceml.road import CommerceMLRoad
from connectors.onec.commerceml.settings import CommerceMLSettings
from provodka.event import utc_now
from provodka.stores import ConnectorStore


def open_account(settings: CommerceMLSettings, store: ConnectorStore, now: Callable[[], datetime] = utc_now) -> OneC:
    """The account over the mirror alone: nothing is connected to."""
    book = Book(NAME, store, now, settings.settle_seconds)
    return OneC(settings, store, CommerceMLRoad(settings, store, book, key_of, now), now)
