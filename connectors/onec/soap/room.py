"""The SOAP service of one base, opened by its settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connectors.onec.account import OneC
from connectors.onec.published import basic, open_http
from connectors.onec.service.road import ServiceRoad
from connectors.onec.soap.client import Client
from connectors.onec.soap.settings import SoapSettings
from connectors.onec.soap.soap_service import SoapService
from provodka.event import utc_now
from provodka.stores import ConnectorStore


def open_account(settings: SoapSettings, store: ConnectorStore, now: Callable[[], datetime] = utc_now) -> OneC:
    """Nothing is asked of 1C yet. Close it at the end."""
    client = Client(
        wsdl=open_http(settings, settings.wsdl, store),
        endpoint=open_http(settings, settings.endpoint or settings.wsdl, store),
        entry=basic(settings.user, settings.password.get_secret_value()),
        store=store,
        now=now,
        names=(settings.service, settings.port),
    )
    return OneC(settings, store, ServiceRoad(settings, SoapService(settings, client), now), now)
