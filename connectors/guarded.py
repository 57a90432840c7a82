"""Connections to addresses that somebody else may have chosen: to public ones only, and to those that are allowed.

requests-hardened resolves the name, looks at the address, and connects to that very address: a name that answers
otherwise the second time gains nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Collection

import requests
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from connectors.answers import explain
from connectors.http import new_session, surroundings
from provodka.errors import ConnectorError, Rejected, Retryable
from provodka.web import HIDDEN

INSIDE = "Адрес «{host}» внутренний. Если так и задумано, добавьте его в настройки: http: {{allow: [{host}]}}"
NO_ADDRESS = "Адрес начинается с https:// и не содержит пароля"
PLAIN = "Адрес без https: данные увидят по дороге. Напишите https или добавьте «{host}» в http: {{allow: […]}}"


class Connecting:
    """Opens sessions; `allowed` are hosts as they stand in an address."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = frozenset(allowed)

    def session(self, url: str) -> requests.Session:
        """A session for this address alone; Rejected where it may not be asked without https, or is none."""
        place = located(url)
        if place.host in self._allowed:
            return new_session(HTTPAdapter(max_retries=0), surroundings(url))
        if place.scheme != "https":
            raise Rejected(f"{place.host} would be asked without https", hint=PLAIN.format(host=place.host))
        return new_session(IPFilterAdapter(is_https_proto=True), surroundings(url))

    def explain(self, fault: requests.RequestException, url: str, *, write: bool) -> ConnectorError:
        """What it means that no answer came."""
        if isinstance(fault, InvalidIPAddress):
            host = located(url).host
            return Rejected(f"{host} is an internal address", hint=INSIDE.format(host=host), code=HIDDEN)
        if isinstance(fault.__cause__, socket.gaierror):
            return Retryable("the name of the host is not known to anybody")
        return explain(fault, write=write)


def located(url: str) -> Url:
    """The parts of an address as the connection itself reads them; Rejected for what is none."""
    try:
        place = parse_url(url)
    except LocationParseError as error:
        raise Rejected("the address cannot be read", hint=NO_ADDRESS) from error
    if place.scheme not in ("http", "https") or not place.host or place.auth:
        raise Rejected("not an address of http or https", hint=NO_ADDRESS)
    return place._replace(host=place.host.casefold().strip("[]"))
