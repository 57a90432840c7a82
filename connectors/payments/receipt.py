"""The lines of a fiscal receipt (54-ФЗ), checked before a service is asked: wrong ones are found by the taxman."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from connectors.payments.money import KOPECK
from connectors.payments.settings import ReceiptSettings
from provodka.cashier import PaymentRequest, ReceiptLine
from provodka.errors import Rejected

MOST_LINES: Final = 100
LONGEST_NAME: Final = 128
TOO_MANY: Final = "В чеке не больше 100 позиций: объедините позиции сделки или передайте одну строку."
OTHER_TOTAL: Final = (
    "Позиции чека вместе стоят {lines}, а ссылка на {amount}: для части оплаты передайте одной строкой "
    "(receipt: {{lines: [...]}}) или уберите receipt, чтобы чек был из одной строки с назначением платежа."
)
NOBODY: Final = "Для чека нужен телефон или почта клиента: заполните их в карточке."
NO_SUM: Final = "В позиции чека «{name}» цена или количество не больше нуля: исправьте товар в сделке."
UNKNOWN_VAT: Final = "Ставку НДС «{vat}» этот сервис не знает: исправьте receipt.vat."


@dataclass(frozen=True, slots=True)
class Item:
    """A line as services take it; what the rule left out is of the settings."""

    name: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    vat: str
    method: str
    subject: str


def receipt_items(asked: PaymentRequest, settings: ReceiptSettings | None) -> list[Item]:
    """The lines of the receipt; without lines of the rule one, by the purpose. Nothing where the settings want none.

    Raises Rejected where there are too many, or their sums do not add up to the payment's.
    """
    if settings is None:
        return []
    lines = asked.lines or (ReceiptLine(asked.purpose, Decimal(1), asked.amount, asked.amount),)
    if len(lines) > MOST_LINES:
        raise Rejected(f"a receipt of {len(lines)} lines", hint=TOO_MANY)
    for one in lines:
        if one.quantity <= 0 or one.amount <= 0:
            raise Rejected(f"a line of the receipt is of nothing: {one.name}", hint=NO_SUM.format(name=one.name))
    total = sum((one.amount for one in lines), Decimal(0))
    if total != asked.amount:
        hint = OTHER_TOTAL.format(lines=total, amount=asked.amount)
        raise Rejected(f"the lines of the receipt are {total} together, the payment is {asked.amount}", hint=hint)
    if not (asked.phone or asked.email):
        raise Rejected("nobody to send the receipt to", hint=NOBODY)
    return [_item(one, settings) for one in lines]


def of_table(vat: str, table: Mapping[str, object]) -> object:
    """The service's own code of a rate. Raises Rejected for one that it does not know."""
    if vat not in table:
        raise Rejected(f"no code for the VAT rate {vat}", hint=UNKNOWN_VAT.format(vat=vat))
    return table[vat]


def _item(line: ReceiptLine, settings: ReceiptSettings) -> Item:
    name = " ".join(line.name.split())[:LONGEST_NAME] or "Оплата"
    price = line.price if (line.price * line.quantity).quantize(KOPECK) == line.amount else line.amount / line.quantity
    exact = price.quantize(KOPECK)
    whole = exact * line.quantity == line.amount
    return Item(
        name=name,
        quantity=line.quantity if whole else Decimal(1),
        price=exact if whole else line.amount,
        amount=line.amount,
        vat=line.vat or settings.vat.value,
        method=line.method or settings.method,
        subject=line.subject or settings.subject,
    )
