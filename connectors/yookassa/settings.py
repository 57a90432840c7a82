"""Settings of a shop of YooKassa (`channels: pay: {type: yookassa, …}`)."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, SecretStr

from connectors.addresses import check_base_url
from connectors.payments.settings import PaymentSettings

ADDRESSES: Final = (
    "185.71.76.0/27",
    "185.71.77.0/27",
    "77.75.153.0/25",
    "77.75.154.128/25",
    "77.75.156.11/32",
    "77.75.156.35/32",
    "2a02:5180:0:1509::/64",
    "2a02:5180:0:1533::/64",
    "2a02:5180:0:2655::/64",
    "2a02:5180:0:2669::/64",
)
"""From which YooKassa sends its notices, by its documentation."""


class YooKassaSettings(PaymentSettings):
    """A shop. In its cabinet the address of HTTP notices is `…/hooks/<channel>`.

    Notices are not signed: each is only a hint, and the payment is asked of YooKassa. `senders` limits besides where
    they may come from (`vendor`: the published addresses, which needs a reverse proxy that tells the sender's address);
    `secret`, if there is one, has to stand at the end of our address. `return_url` is where people are led after they
    have paid. With `capture: false` the money is only held.
    """

    type: Literal["yookassa"] = "yookassa"
    shop_id: str = Field(min_length=1, pattern=r"\d+")
    key: SecretStr = Field(min_length=1)
    secret: SecretStr | None = Field(None, min_length=1)
    senders: Literal["vendor"] | tuple[IPv4Network | IPv6Network, ...] = ()
    return_url: str = Field("https://yookassa.ru/", pattern=r"https?://\S+")
    capture: bool = True
    api_url: Annotated[str, AfterValidator(check_base_url)] = "https://api.yookassa.ru"

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """From where notices may come; empty for anywhere."""
        if self.senders != "vendor":
            return self.senders
        return tuple(IPv6Network(one) if ":" in one else IPv4Network(one) for one in ADDRESSES)
