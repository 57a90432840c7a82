"""What the settings of every payment service have in common."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from connectors.payments.orders import MOST_NUMBER
from connectors.settings import ApiSettings
from provodka.accounting import Vat, VatText
from provodka.settings import Duration, Strict

Taxation = Literal["osn", "usn_income", "usn_income_outcome", "esn", "patent", "npd"]
Method = Literal[
    "full_prepayment", "prepayment", "advance", "full_payment", "partial_payment", "credit", "credit_payment"
]
Subject = Literal["commodity", "service", "job", "excise", "payment", "agent_commission", "composite", "another"]


class ReceiptSettings(Strict):
    """What every fiscal receipt (54-ФЗ) says where a rule does not: the taxation of the firm, the rate of VAT, how the
    money is meant (`full_prepayment`) and what is sold (`service`)."""

    taxation: Taxation | None = None
    vat: VatText = Vat.NONE
    method: Method = "full_prepayment"
    subject: Subject = "service"


class PaymentSettings(ApiSettings):
    """`test`: the shop is a trial one, so that payments without money count. Without it such a payment is
    `payment.differs`. `first_order` is the first number of our orders, which have to be unique in the shop; without it
    they go on from a number by the clock. Every `poll` the service is asked for what no notice told, orders are looked
    after for `keep_open`, and paid ones for `refund_days` more. `receipt` is needed where the service prints receipts.
    """

    test: bool = False
    first_order: int = Field(0, ge=0, le=MOST_NUMBER)
    poll: Duration = Field(timedelta(minutes=5), ge=timedelta(seconds=1))
    keep_open: Duration = Field(timedelta(days=30), ge=timedelta(hours=1))
    refund_days: int = Field(60, ge=0, le=3650)
    receipt: ReceiptSettings | None = None
    per_second: float = Field(5.0, gt=0)
