"""Where the addresses of rules lead: the host is the config's own word, and an internal one is allowed by it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from rules.actions.base import Place
from rules.beside import Beside

_FIXED: Final = re.compile(r"https?://[^/?#{}\\@\s]+(?:[/?#].*)?", re.DOTALL | re.IGNORECASE)
CHOSEN: Final = "write out the host: what comes with an event must not choose it (or allow_any_host: true)"


def has_fixed_host(url: str) -> bool:
    """Whether the template of an address writes its host out."""
    return _FIXED.fullmatch(url.strip()) is not None


def host_problems(_action: object, params: Any, beside: Beside) -> Iterator[tuple[Place, str, str]]:  # noqa: ANN401
    """`Action.beside` of actions with a `url`: what can be known of its host before anything is asked."""
    if not params.url or not has_fixed_host(params.url):
        return
    parts = urlsplit(params.url.strip().partition("{")[0])
    host = (parts.hostname or "").casefold()
    if host in beside.allowed_hosts:
        return
    hint = f"if it is meant so, allow it: http: {{allow: [{host}]}}"
    if _is_inside(host):
        yield ("url",), f"{host} is an internal address", hint
    elif parts.scheme.casefold() == "http":
        yield ("url",), f"{host} would be asked without https", f"write https, or {hint}"


def _is_inside(host: str) -> bool:
    """Whether the config itself names an address that no outsider reaches; of other names the connection decides."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
