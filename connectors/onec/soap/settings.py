"""Settings of a SOAP service of 1C (`accounting: {type: soap, …}`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from connectors.addresses import check_near_url
from connectors.onec.published import Published


def _wsdl(url: str) -> str:
    return check_near_url(url.strip().removesuffix("?wsdl"))


class SoapSettings(Published):
    """`wsdl` is the address of the service (`https://1c.example.ru/buh/ws/CRMExchange.1cws?wsdl`); calls go to the same
    address, whatever the WSDL itself says, or to `endpoint`. Without `service` and `port` the first ones are taken.

    `page` is how many changes are asked for at once; `print_form` the name of the printed form.
    """

    type: Literal["soap"]
    wsdl: Annotated[str, AfterValidator(_wsdl)]
    endpoint: Annotated[str, AfterValidator(check_near_url)] | None = None
    service: str = ""
    port: str = ""
    page: int = Field(default=500, ge=1, le=1000)
    print_form: str = "СчетНаОплату"
