"""What the contract of CRMs is asked with."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from provodka.crm import (
    CardKind,
    CardRef,
    ProductLine,
)
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Request
from provodka.payloads import Attachment

PHONE, GONE = "+79160001122", "999999"
ANNA, IVAN = "anna@krovlya.ru", "ivan@krovlya.ru"
DUE = datetime(2096, 12, 1, 9, 0, tzinfo=UTC)
BYTES = b"%PDF-1.4 words"
FILE = Attachment("Смета.pdf", "application/pdf", len(BYTES), hashlib.sha256(BYTES).hexdigest())
TILE = ProductLine("Черепица", Decimal(10), Decimal(500), "A-17")
RUSSIAN = re.compile("[а-яё]{3}", re.IGNORECASE)


def ask(*params: Any) -> list[Request[Any]]:
    return [Request(f"contract-{n}-{id(one)}", one) for n, one in enumerate(params)]


def one(outcomes: list[Outcome]) -> str:
    [done] = outcomes
    assert isinstance(done, Done), done
    return done.remote_id


def refused(outcome: Outcome) -> Rejected:
    assert isinstance(outcome, Rejected), outcome
    assert RUSSIAN.search(outcome.hint), f"{outcome.reason} has no hint for people"
    return outcome


def card(card_id: str, kind: CardKind = CardKind.LEAD) -> CardRef:
    return CardRef(kind, card_id)
