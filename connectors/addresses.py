"""Where a connector may be sent: an address must not show its secrets to anybody on the way."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

_NEAR: Final = (".local", ".lan", ".internal", ".home.arpa")


def check_base_url(url: str) -> str:
    """The address without its last slash; ValueError unless it is https, or http to this very machine."""
    return _checked(url, is_loopback, "plain http would show the token to everybody on the way")


def check_near_url(url: str) -> str:
    """The same for what stands in the client's own network, as 1C does: plain http may lead to a private address, or to
    a name that only that network knows."""
    return _checked(url, is_near, "plain http over the internet would show the password to everybody on the way")


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine, so that nobody is on the way."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def own_host(url: str) -> tuple[str, ...]:
    """The host of an API that stands on this very machine, which may be asked though it is internal; nothing for any
    other."""
    host = urlsplit(url).hostname or ""
    return (host,) if is_loopback(host) else ()


def is_near(host: str) -> bool:
    """Whether a host is of the own network: a private address, or a name without a domain of the internet."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.casefold().endswith(_NEAR)


def _checked(url: str, is_safe: Callable[[str], bool], why: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError(f"not the address of an account: {url}")
    if parts.scheme == "http" and not is_safe(parts.hostname):
        raise ValueError(f"{why}: use https://{parts.netloc}")
    return url.rstrip("/")
