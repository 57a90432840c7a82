"""What a base publishes on a web server, HTTP and SOAP services: who logs in there, and how fast we may ask."""

from __future__ import annotations

import base64
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from connectors.addresses import check_near_url
from connectors.http import Http, Limit, Timeouts
from connectors.onec.refusals import judged
from connectors.onec.settings import BooksSettings
from provodka.settings import Finding, Mistakes
from provodka.stores import Pace


def _user(name: str) -> str:
    if ":" in name or not name:
        raise Mistakes(Finding((), f"«{name}» is no user of 1C for the web", "a name without a colon"))
    return name


User = Annotated[str, AfterValidator(_user)]


class Published(BooksSettings):
    """`user` is a user of 1C for us alone, Cyrillic or not. 1C starts slowly and posts slowly: hence the long waits.

    Not more than `per_second` calls go: each takes a session of 1C, and sessions take licences.
    """

    user: User
    password: SecretStr
    connect_timeout: float = Field(default=10.0, gt=0)
    read_timeout: float = Field(default=120.0, gt=0)
    per_second: float = Field(default=20.0, gt=0)


def basic(user: str, password: str) -> dict[str, str]:
    """The header of Basic authorization in UTF-8, as 1C wants it (the usual latin-1 has no Cyrillic)."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def open_http(settings: Published, base_url: str, pace: Pace) -> Http:
    """The client for an address of the publication; its errors have 1C's words and our hints."""
    entry = basic(settings.user, settings.password.get_secret_value())
    return Http(
        base_url,
        Limit.of_second(f"1c:{base_url}", settings.per_second),
        pace,
        auth=lambda: entry,
        timeouts=Timeouts(settings.connect_timeout, settings.read_timeout),
        classify=judged,
        check=check_near_url,
    )
