"""The HTTP service of one base, opened by its settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connectors.onec.account import OneC
from connectors.onec.published import open_http
from connectors.onec.service.http_service import HttpService
from connectors.onec.service.road import ServiceRoad
from connectors.onec.service.settings import ServiceSettings
from provodka.event import utc_now
from provodka.stores import ConnectorStore


def open_account(settings: ServiceSettings, store: ConnectorStore, now: Callable[[], datetime] = utc_now) -> OneC:
    """Nothing is asked of 1C yet. Close it at the end."""
    service = HttpService(settings, open_http(settings, settings.url, store))
    return OneC(settings, store, ServiceRoad(settings, service, now), now)
