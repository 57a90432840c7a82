"""Settings of a terminal of T-Bank (`channels: pay: {type: tbank, …}`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from connectors.addresses import check_base_url
from connectors.payments.settings import PaymentSettings


class TBankSettings(PaymentSettings):
    """A terminal of internet acquiring. In its cabinet the address of HTTP notices is `…/hooks/<channel>`, unless
    `notify_url` names it for each payment.

    Our orders are `<order_prefix><number>` there, so that those of a site with the same terminal are told apart.
    `two_stage`: the money is only held. `partial_refund` says what a notice of a partial refund holds in `Amount`: what
    is `left` of the payment, or what was given back by it (`refund`).
    """

    type: Literal["tbank"] = "tbank"
    terminal: str = Field(min_length=1, max_length=20)
    password: SecretStr = Field(min_length=1)
    order_prefix: str = Field("prv-", pattern=r"[A-Za-z][A-Za-z0-9_-]{0,15}|")
    notify_url: str = Field("", pattern=r"(https?://\S+)?")
    success_url: str = Field("", pattern=r"(https?://\S+)?")
    fail_url: str = Field("", pattern=r"(https?://\S+)?")
    two_stage: bool = False
    partial_refund: Literal["left", "refund"] = "left"
    api_url: Annotated[str, AfterValidator(check_base_url)] = "https://securepay.tinkoff.ru/v2"

    @property
    def is_trial(self) -> bool:
        """Whether the terminal is one of those that T-Bank gives for tests: no money is moved there."""
        return self.terminal.upper().endswith("DEMO")
