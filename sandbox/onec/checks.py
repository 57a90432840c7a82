"""What the exchange service checks before it writes, in sentences for an accountant."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from sandbox.onec.drafts import CounterpartyDraft, InvoiceDraft, LineDraft, Refused

KOPECK = Decimal("0.01")
_LEGAL = (2, 4, 10, 3, 5, 9, 4, 6, 8)
_PERSON = ((7, 2, 4, 10, 3, 5, 9, 4, 6, 8), (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8))
_KPP = re.compile(r"^\d{4}[0-9A-Z]{2}\d{3}$")


def check_counterparty(draft: CounterpartyDraft, field: str = "") -> None:
    """ИНН by its check digits and by the kind of person, КПП by its form; Refused names the field below `field`."""
    if not draft.name.strip():
        raise Refused("validation", "Не заполнено наименование контрагента", f"{field}name")
    if draft.kind == "legal" and not draft.inn:
        raise Refused("validation", f"Не заполнен ИНН контрагента {draft.name}", f"{field}inn")
    if draft.inn:
        _check_inn(draft, f"{field}inn")
    if draft.kpp and draft.kind != "legal":
        raise Refused("validation", "КПП бывает только у юридических лиц", f"{field}kpp")
    if draft.kpp and not _KPP.match(draft.kpp):
        raise Refused("validation", f"КПП {draft.kpp} записан неверно", f"{field}kpp")


def check_invoice(draft: InvoiceDraft) -> Decimal:
    """Each line's sum and VAT to the kopeck, and the total; gives the document's sum."""
    if not draft.lines:
        raise Refused("validation", "В счёте нет строк", "lines")
    for number, line in enumerate(draft.lines):
        _check_line(line, number, included=draft.price_includes_vat)
    total = sum((line.sum for line in draft.lines), Decimal(0))
    if not draft.price_includes_vat:
        total += sum((line.vat_sum for line in draft.lines), Decimal(0))
    if draft.total is not None and draft.total != total:
        raise Refused("validation", f"Сумма строк {total:.2f} не равна сумме счёта {draft.total:.2f}", "total")
    return total


def vat_percent(rate: str) -> Decimal | None:
    """Per cent as a number; None without VAT. ValueError for anything else."""
    text = rate.strip().removesuffix("%").strip().lower()
    if text in {"", "none", "без ндс"}:
        return None
    if not text.isdecimal():
        raise ValueError(rate)
    return Decimal(text)


def _check_line(line: LineDraft, number: int, *, included: bool) -> None:
    place = f"lines.{number}"
    if line.quantity <= 0:
        raise Refused("validation", f"Строка {number + 1}: количество должно быть больше нуля", f"{place}.quantity")
    product = line.price * line.quantity - line.discount
    if abs(line.sum - product) > KOPECK / 2 * max(line.quantity, Decimal(1)):
        text = f"Строка {number + 1}: сумма {line.sum:.2f} не равна цене на количество без скидки {product:.2f}"
        raise Refused("validation", text, f"{place}.sum")
    try:
        rate = vat_percent(line.vat_rate) or Decimal(0)
    except ValueError:
        text = f"Строка {number + 1}: ставка НДС «{line.vat_rate}» не распознана"
        raise Refused("validation", text, f"{place}.vat_rate") from None
    vat = line.sum * rate / ((100 + rate) if included else 100)
    if abs(line.vat_sum - vat.quantize(KOPECK, ROUND_HALF_UP)) > KOPECK:
        text = f"Строка {number + 1}: НДС {line.vat_sum:.2f} не соответствует ставке {line.vat_rate}"
        raise Refused("validation", text, f"{place}.vat_sum")


def _check_inn(draft: CounterpartyDraft, field: str) -> None:
    length = 10 if draft.kind == "legal" else 12
    if len(draft.inn) != length or not draft.inn.isdecimal():
        raise Refused("validation", f"ИНН должен состоять из {length} цифр", field)
    if not _right_inn(draft.inn):
        raise Refused("validation", "ИНН содержит ошибку в контрольном разряде", field)


def _right_inn(inn: str) -> bool:
    digits = [int(sign) for sign in inn]
    if not any(digits):
        return False
    weights = (_LEGAL,) if len(digits) == 10 else _PERSON
    return all(_control(digits, row) == digits[len(row)] for row in weights)


def _control(digits: list[int], weights: tuple[int, ...]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False)) % 11 % 10
