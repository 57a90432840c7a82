"""The way into this room: an account by its settings."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from connectors.onec.account import OneC
from connectors.onec.odata.base import Base
from connectors.onec.odata.client import Client
from connectors.onec.odata.odata_road import ODataRoad
from connectors.onec.odata.settings import ODataSettings
from provodka.event import utc_now
from provodka.stores import ConnectorStore


def open_base(
    settings: ODataSettings,
    store: ConnectorStore,
    *,
    now: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], None] = time.sleep,
) -> Base:
    """A base to be looked at; nothing is asked of it yet. Close its client at the end."""
    client = Client(settings, store, sleep=sleep)
    return Base(settings, store, client, now)


def open_account(
    settings: ODataSettings,
    store: ConnectorStore,
    *,
    now: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], None] = time.sleep,
) -> OneC:
    """An account of 1C over OData; nothing is asked of it yet. Close it at the end."""
    return OneC(settings, store, ODataRoad(open_base(settings, store, now=now, sleep=sleep)), now)
