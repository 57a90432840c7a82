"""What events, actions and their states are called on the pages, as the client's people call them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provodka.journal import ActionState, DeadReason, EventState
from provodka.journal.records import WAIT
from provodka.payloads import EventType
from webhooks.console.words import _, gettext


def event_title(type_: str) -> str:
    """Of a type of event: «Заявка с сайта»; a type that is not known stays as it is."""
    return gettext(_EVENTS[type_]) if type_ in _EVENTS else type_


def action_title(kind: str) -> str:
    """Of what a rule does: «Лид»; a kind that is not known stays as it is."""
    return gettext(_ACTIONS[kind]) if kind in _ACTIONS else kind


def state_words(state: str) -> str:
    """Of a state of an event or an action: «сделано»."""
    return gettext(_STATES[state][0]) if state in _STATES else state


def state_tone(state: str) -> str:
    """Of a state, the class that colours it: `good`, `wait`, `bad`, or none."""
    return _STATES[state][1] if state in _STATES else ""


def reason_words(reason: str) -> str:
    """Why an action is dead."""
    return gettext(_REASONS[reason]) if reason in _REASONS else reason


def all_kinds() -> dict[str, str]:
    """Every type of event and kind of action that has a name, with it."""
    return {name: gettext(words) for name, words in (*_EVENTS.items(), *_ACTIONS.items())}


def all_states() -> dict[str, str]:
    """Every state of events and actions, as it is called."""
    return {name: gettext(words) for name, (words, _) in _STATES.items()}


def period_title(period: str) -> str:
    """Of one of `rules.periods.PERIODS`: «Прошлая неделя»."""
    return gettext(_PERIODS[period]) if period in _PERIODS else period


_EVENTS: Final[Mapping[str, str]] = {
    EventType.FORM_SUBMITTED: _("Заявка с сайта"),
    EventType.FORM_SPAM: _("Заявка от робота"),
    EventType.EMAIL_RECEIVED: _("Письмо от клиента"),
    EventType.EMAIL_SENT: _("Письмо клиенту"),
    EventType.CALL_STARTED: _("Звонок начался"),
    EventType.CALL_FINISHED: _("Разговор по телефону"),
    EventType.CALL_MISSED: _("Пропущенный звонок"),
    EventType.CALL_RECORDED: _("Запись разговора"),
    EventType.CALL_TRACKED: _("Источник звонка"),
    EventType.MESSAGE_RECEIVED: _("Сообщение от клиента"),
    EventType.MESSAGE_EDITED: _("Сообщение исправлено"),
    EventType.MESSAGE_SENT: _("Сообщение клиенту"),
    EventType.MESSAGE_STATE: _("Доставка сообщения"),
    EventType.CHAT_STARTED: _("Чат открыт"),
    EventType.CHAT_STOPPED: _("Чат закрыт клиентом"),
    EventType.LEAD_CREATED: _("Лид создан в CRM"),
    EventType.LEAD_UPDATED: _("Лид изменён в CRM"),
    EventType.LEAD_STAGE_CHANGED: _("Лид перешёл на другой этап"),
    EventType.LEAD_ASSIGNED: _("У лида другой ответственный"),
    EventType.LEAD_WON: _("Сделка выиграна"),
    EventType.LEAD_LOST: _("Сделка проиграна"),
    EventType.CONTACT_CREATED: _("Контакт создан в CRM"),
    EventType.CONTACT_UPDATED: _("Контакт изменён в CRM"),
    EventType.COMPANY_CREATED: _("Компания создана в CRM"),
    EventType.COMPANY_UPDATED: _("Компания изменена в CRM"),
    EventType.TASK_CREATED: _("Задача поставлена в CRM"),
    EventType.TASK_COMPLETED: _("Задача выполнена"),
    EventType.TASK_OVERDUE: _("Задача просрочена"),
    EventType.COUNTERPARTY_READY: _("Контрагент готов в 1С"),
    EventType.INVOICE_REQUESTED: _("Счёт запрошен"),
    EventType.INVOICE_ISSUED: _("Счёт выставлен"),
    EventType.INVOICE_CHANGED: _("Счёт изменён"),
    EventType.INVOICE_PARTLY_PAID: _("Счёт оплачен частично"),
    EventType.INVOICE_PAID: _("Счёт оплачен"),
    EventType.INVOICE_UNPAID: _("Оплата счёта отменена"),
    EventType.INVOICE_WITHDRAWN: _("Счёт распроведён"),
    EventType.INVOICE_CANCELLED: _("Счёт отменён"),
    EventType.INVOICE_DIFFERS: _("Счёт расходится с CRM"),
    EventType.ORDER_CREATED: _("Заказ создан"),
    EventType.ORDER_CANCELLED: _("Заказ отменён"),
    EventType.ORDER_PARTLY_SHIPPED: _("Заказ отгружен частично"),
    EventType.ORDER_SHIPPED: _("Заказ отгружен"),
    EventType.ORDER_UNSHIPPED: _("Отгрузка отменена"),
    EventType.CLOCK_TICK: _("Проверка по часам"),
    EventType.LEAD_CHECKED: _("Проверка лида по часам"),
    EventType.CONTACT_CHECKED: _("Проверка контакта по часам"),
    EventType.COMPANY_CHECKED: _("Проверка компании по часам"),
    EventType.TASK_CHECKED: _("Проверка задачи по часам"),
    EventType.STAFF_CHECKED: _("Проверка сотрудника по часам"),
    EventType.TABLE_ROW_ADDED: _("Строка таблицы"),
    EventType.PAYMENT_REQUESTED: _("Ссылка на оплату выдана"),
    EventType.PAYMENT_AUTHORIZED: _("Оплата подтверждена банком"),
    EventType.PAYMENT_SUCCEEDED: _("Оплата получена"),
    EventType.PAYMENT_DIFFERS: _("Оплата на другую сумму"),
    EventType.PAYMENT_UNMATCHED: _("Оплата без заказа"),
    EventType.PAYMENT_REFUNDED: _("Оплата возвращена"),
    EventType.PAYMENT_FAILED: _("Оплата не прошла"),
    EventType.UNREADABLE: _("Непонятное сообщение канала"),
    EventType.ACCOUNTING_HINT: _("Изменение в 1С"),
    EventType.REPLY_WRITTEN: _("Ответ из карточки CRM"),
    EventType.CRM_HINT: _("Изменение в CRM"),
}

_ACTIONS: Final[Mapping[str, str]] = {
    WAIT: _("Ожидание по правилу"),
    "intake": _("Лид"),
    "task": _("Задача"),
    "note": _("Примечание"),
    "tag": _("Теги"),
    "assign": _("Ответственный"),
    "move": _("Смена этапа"),
    "log_call": _("Звонок в карточке"),
    "log_message": _("Сообщение в карточке"),
    "log_letter": _("Письмо в карточке"),
    "notify": _("Уведомление сотруднику"),
    "message": _("Сообщение клиенту"),
    "call": _("Обратный звонок"),
    "hand_over": _("Передача дела"),
    "complete_tasks": _("Закрытие задач"),
    "move_tasks": _("Перенос задач"),
    "reopen_task": _("Возврат задачи"),
    "find": _("Поиск лида"),
    "create": _("Новый лид"),
    "update": _("Поля карточки"),
    "close": _("Закрытие лида"),
    "reopen": _("Возврат лида в работу"),
    "convert": _("Превращение лида в сделку"),
    "put_back": _("Возврат как было"),
    "company": _("Компания"),
    "participant": _("Участник сделки"),
    "products": _("Товары"),
    "invoice": _("Счёт в CRM"),
    "pay_invoice": _("Отметка об оплате"),
    "payment_link": _("Ссылка на оплату"),
    "counterparty": _("Контрагент в 1С"),
    "issue_invoice": _("Счёт в 1С"),
    "place_order": _("Заказ в 1С"),
    "cancel_invoice": _("Отмена счёта в 1С"),
    "print": _("Печатная форма"),
    "customer": _("Покупатель"),
    "bot": _("Запуск робота CRM"),
    "http": _("Запрос к внешней системе"),
    "attach": _("Файлы в карточке"),
    "undo": _("Отмена сделанного"),
    "reply": _("Ответ клиенту"),
    "report": _("Отчёт"),
}

_STATES: Final[Mapping[str, tuple[str, str]]] = {
    EventState.RECEIVED: (_("принято, ждёт разбора"), "wait"),
    EventState.PLANNING: (_("разбирается"), "wait"),
    EventState.PLANNED: (_("разобрано"), "good"),
    EventState.FAILED: (_("правила споткнулись"), "bad"),
    ActionState.READY: (_("в очереди"), "wait"),
    ActionState.RUNNING: (_("выполняется"), "wait"),
    ActionState.WAITING: (_("ждёт"), "wait"),
    ActionState.DONE: (_("сделано"), "good"),
    ActionState.DEAD: (_("не сделано"), "bad"),
    ActionState.CANCELLED: (_("отменено"), ""),
    ActionState.HELD: (_("придержано"), "wait"),
}

_REASONS: Final[Mapping[str, str]] = {
    DeadReason.REJECTED: _("другая сторона отказала"),
    DeadReason.EXHAUSTED: _("попытки кончились"),
    DeadReason.OUTCOME_UNKNOWN: _("неизвестно, выполнено ли"),
}

_PERIODS: Final[Mapping[str, str]] = {
    "today": _("Сегодня"),
    "yesterday": _("Вчера"),
    "week": _("Эта неделя"),
    "last_week": _("Прошлая неделя"),
    "month": _("Этот месяц"),
    "last_month": _("Прошлый месяц"),
}
