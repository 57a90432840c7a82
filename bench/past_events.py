"""What a large client's past consists of: its people, what they sent, and what the rules said of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from provodka.invoices import InvoiceRef
from provodka.payloads import (
    Call,
    CallEvent,
    Direction,
    EmailReceived,
    EventType,
    Form,
    FormSubmitted,
    InvoiceEvent,
    LeadEvent,
    LeadRef,
    Mail,
    Order,
    Payload,
    Payment,
    PaymentEvent,
    PaymentState,
    Unreadable,
    Utm,
)
from rules.plan import ConditionTrace, PlanTrace, RuleOutcome, RuleTrace, action_key, dump_trace, rule_slug

_WORDS: Final = (
    "Мария Анна Ольга Елена Ирина Наталья Иван Пётр Сергей Алексей Дмитрий Андрей Семён Фёдор Юлия",
    "Иван Петр Сидор Кузнец Попов Волк Зайц Медведь Орл Сокол Морозов Белов Чернов Громов Лаврент",
    "ов ев ин ский енко ых ко ович янц адзе",
)
_FIRST, _ROOTS, _ENDS = (words.split() for words in _WORDS)
RULES: Final = tuple(f"Правило {number}" for number in range(12))


@dataclass(frozen=True)
class Kind:
    """Events of a channel: their type, how many of a hundred, and the kinds of both actions that follow."""

    channel: str
    type: EventType
    share: int
    actions: tuple[str, str]


KINDS: Final = (
    Kind("site", EventType.FORM_SUBMITTED, 33, ("intake", "task")),
    Kind("mail", EventType.EMAIL_RECEIVED, 16, ("intake", "note")),
    Kind("phone", EventType.CALL_FINISHED, 25, ("log_call", "task")),
    Kind("crm", EventType.LEAD_STAGE_CHANGED, 17, ("notify", "update")),
    Kind("onec", EventType.INVOICE_ISSUED, 4, ("note", "move")),
    Kind("pay", EventType.PAYMENT_SUCCEEDED, 4, ("move", "note")),
    Kind("old_site", EventType.UNREADABLE, 1, ("notify", "notify")),
)


def phone(number: int) -> str:
    """Of this person."""
    return f"+79{number:09}"


def email(number: int) -> str:
    """Of this person."""
    return f"client{number}@example.test"


def name(number: int) -> str:
    """Of this person; only the first has this one."""
    if number == 0:
        return "Фёкла Заозёрная"
    root, end = _ROOTS[number // 15 % 15], _ENDS[number // 225 % 10]
    return f"{_FIRST[number % 15]} {root}{end}"


def lead(number: int) -> str:
    """The CRM's number of this person's lead."""
    return str(11_000_000 + number)


def invoice(number: int) -> str:
    """The number of the invoice that the event of this number told of."""
    return f"КР00-{number:07}"


def payload_of(kind: EventType, seq: int, who: int) -> Payload:
    match kind:
        case EventType.FORM_SUBMITTED:
            order = Order(str(100_000 + seq), Decimal(seq % 900 + 100)) if seq % 3 == 0 else None
            form = Form("Замер", "f17", "https://krovlya.ru/zamer", "Перезвоните после обеда", {"Город": "Тверь"})
            return FormSubmitted(form, Utm(source="yandex", campaign=f"c{seq % 40}"), order)
        case EventType.EMAIL_RECEIVED:
            text = f"Добрый день! Пришлите расчёт по заявке {seq}. " * 8
            return EmailReceived(Mail(f"Расчёт {seq}", text, text, from_=email(who), to=("info@krovlya.ru",)))
        case EventType.CALL_FINISHED:
            return CallEvent(
                Call(f"call-{seq}", Direction.IN, phone(who), "+74950000000", "101", talk_seconds=seq % 300)
            )
        case EventType.LEAD_STAGE_CHANGED:
            return LeadEvent(
                LeadRef(lead(who), f"Крыша {who}", pipeline="Кровля", stage="В работе", price=Decimal(seq))
            )
        case EventType.INVOICE_ISSUED:
            told = InvoiceRef(f"{lead(who)}:1", lead(who), f"ref-{seq}", number=invoice(seq), amount=Decimal(seq))
            return InvoiceEvent(told, LeadRef(lead(who), f"Крыша {who}"))
        case EventType.PAYMENT_SUCCEEDED:
            paid = Payment(str(3_000_000_000 + seq), f"prv-{seq}", PaymentState.SUCCEEDED, Decimal(seq % 900 + 100))
            return PaymentEvent(paid, lead(who), f"{lead(who)}:1")
    return Unreadable("no JSON: line 1, column 1")


def trace_of(kind: Kind) -> str:
    """Twelve rules of which one has matched; the event's id stands in it as `@ID@`."""
    condition = ConditionTrace("form.page", "contains", "zamer", "https://krovlya.ru/zamer", True)
    others = ConditionTrace("utm.source", "equals", "google", "yandex", False)
    mine = RULES[KINDS.index(kind)]
    keys = tuple(action_key("@ID@", rule_slug(mine), index) for index in (0, 1))
    rules = [
        RuleTrace(rule, RuleOutcome.MATCHED, (condition,), keys)
        if rule == mine
        else RuleTrace(rule, RuleOutcome.NOT_MATCHED, (others,))
        if at < 4
        else RuleTrace(rule)
        for at, rule in enumerate(RULES)
    ]
    facts = {"person": {"known": True, "name": "Мария"}, "lead": {"stage": "Новый лид", "responsible": "anna"}}
    return dump_trace(PlanTrace(datetime(2026, 3, 2, tzinfo=UTC), tuple(rules), facts)).decode()
