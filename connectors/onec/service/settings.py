"""Settings of an HTTP service of 1C (`accounting: {type: http, …}`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from connectors.addresses import check_near_url
from connectors.onec.published import Published


class ServiceSettings(Published):
    """`url` is the root of the service (`https://1c.example.ru/buh/hs/crm/v1`).

    `page` is how many changes are asked for at once.
    """

    type: Literal["http"]
    url: Annotated[str, AfterValidator(check_near_url)]
    page: int = Field(default=500, ge=1, le=1000)
