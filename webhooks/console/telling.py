"""What a rule asked, what an action was given and why it waits, as sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from provodka.payloads import Payload, PaymentEvent
from provodka.units import moment_in
from rules.plan import ConditionTrace
from support.replaying import Change, Refusal
from support.story import ShownCondition
from support.waiting import Wait, WaitsFor
from webhooks.console.access import parts
from webhooks.console.names import action_title
from webhooks.console.titles import title
from webhooks.console.words import _, gettext, moment, span


class Clock(Protocol):
    """Says a moment on the client's clocks."""

    def __call__(self, at: datetime | None) -> str: ...


_WANTED: Final[Mapping[str, str]] = {
    "is": _("нужно: %s"),
    "in": _("нужно одно из: %s"),
    "not": _("нужно не: %s"),
    "contains": _("должно содержать: %s"),
    "starts_with": _("должно начинаться с: %s"),
    "matches": _("должно подходить под образец: %s"),
    "above": _("должно быть больше: %s"),
    "below": _("должно быть меньше: %s"),
    "between": _("должно быть между: %s"),
    "within": _("должно быть не дальше чем: %s"),
    "in_last": _("должно быть за последние: %s"),
    "in_next": _("должно быть в ближайшие: %s"),
    "older_than": _("должно быть старше чем: %s"),
    "filled": _("должны быть заполнены: %s"),
}
_SWITCHES: Final[Mapping[tuple[str, bool], str]] = {
    ("empty", True): _("должно быть пусто"),
    ("empty", False): _("должно быть заполнено"),
    ("known", True): _("должно быть известно"),
    ("known", False): _("должно быть неизвестно"),
}
_GROUPS: Final[Mapping[str, str]] = {
    "all": _("Все условия сразу:"),
    "any": _("Хотя бы одно из условий:"),
    "not": _("Ничего из этого:"),
}


def condition(shown: ShownCondition | ConditionTrace) -> str:
    """`utm.source: нужно: yandex, здесь: google`."""
    if shown.op in _GROUPS and shown.parts:
        return gettext(_GROUPS[shown.op])
    if shown.op == "expression":
        return shown.path
    if isinstance(shown.expected, bool) and (shown.op, shown.expected) in _SWITCHES:
        wanted = gettext(_SWITCHES[shown.op, shown.expected])
    else:
        wanted = gettext(_WANTED[shown.op]) % value(shown.expected) if shown.op in _WANTED else value(shown.expected)
    if shown.matched is None:
        return gettext("%(path)s: %(wanted)s; не понадобилось смотреть") % {"path": shown.path, "wanted": wanted}
    told = {"path": shown.path, "wanted": wanted, "actual": value(shown.actual)}
    return gettext("%(path)s: %(wanted)s; здесь: %(actual)s") % told


def value(one: Any) -> str:  # noqa: ANN401 -- JSON
    """Plain data in a line."""
    match one:
        case None | "":
            return gettext("пусто")
        case bool():
            return gettext("да") if one else gettext("нет")
        case list() | tuple():
            return ", ".join(map(value, one)) or gettext("пусто")
        case Mapping():
            return "; ".join(f"{called(str(name))}: {value(inner)}" for name, inner in one.items()) or gettext("пусто")
    if isinstance(one, str) and (at := moment_in(one)):
        return moment(at, parts().zone, parts().now())
    return str(one)


_CHOICES: Final[Mapping[tuple[str, str], str]] = {
    ("reuse", "any"): _("любой"),
    ("reuse", "never"): _("никогда"),
    ("reuse", "pipeline"): _("той же воронки"),
    ("responsible", "keep"): _("как в карточке"),
}
_NAMES: Final[Mapping[str, str]] = {
    "name": _("Имя"), "title": _("Название"), "phone": _("Телефон"), "email": _("Почта"), "text": _("Текст"),
    "pipeline": _("Воронка"), "stage": _("Этап"), "responsible": _("Ответственный"), "tags": _("Теги"),
    "fields": _("Поля"), "lead": _("Лид"), "contact": _("Контакт"), "company": _("Компания"), "person": _("Кто"),
    "deadline": _("Срок"), "due": _("Срок"), "price": _("Сумма"), "sum": _("Сумма"), "amount": _("Сумма"),
    "to": _("Кому"), "source": _("Источник"), "note": _("Примечание"), "contact_id": _("Контакт"),
    "lead_id": _("Лид"), "remote_id": _("Номер"), "reason": _("Почему"), "phones": _("Телефоны"), "emails": _("Почта"),
    "subject": _("Тема"), "channel": _("Канал"), "number": _("Номер"), "url": _("Ссылка"), "file": _("Файл"),
    "type": _("Вид"), "round_robin": _("По очереди"), "counter": _("Счётчик очереди"),
    "keep": _("Оставить прежнего ответственного"), "reuse": _("Брать имеющийся лид"),
    "unless_open": _("Только если нет открытой"), "weights": _("Доли"), "else": _("Иначе"), "by": _("Кто выполняет"),
}  # fmt: skip


def called(name: str) -> str:
    """Of a parameter or a result; one that is not known stays as it is."""
    return gettext(_NAMES[name]) if name in _NAMES else name


def pairs(values: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 -- JSON
    """What there is, with its name; what is empty is left out."""
    if not isinstance(values, Mapping):
        if values not in (None, ""):
            yield "", value(values)
        return
    for name, one in values.items():
        if one not in (None, "", [], {}):
            choice = _CHOICES.get((str(name), one)) if isinstance(one, str) else None
            yield called(str(name)), gettext(choice) if choice else value(one)


def says(payload: Payload) -> str:
    """The sums of a payment in a line; of any other event nothing: its causes and its rules tell it."""
    if not isinstance(payload, PaymentEvent):
        return ""
    paid = payload.payment
    parts = (
        gettext("заказ %s") % paid.order if paid.order else "",
        gettext("просили %s") % f"{paid.asked:f} {paid.currency}" if paid.asked else "",
        gettext("оплачено %s") % f"{paid.amount:f} {paid.currency}" if paid.amount else "",
        gettext("возвращено %s") % f"{paid.refunded:f} {paid.currency}" if paid.refunded else "",
        paid.reason,
    )
    return "; ".join(filter(None, parts))


_WAITS: Final[Mapping[WaitsFor, str]] = {
    WaitsFor.CARRIED_OUT: _("Выполняется прямо сейчас"),
    WaitsFor.TIMER: _("Ждёт по правилу до %(until)s, потом правило прочтут ещё раз"),
    WaitsFor.RETRY: _("Следующая попытка в %(until)s"),
    WaitsFor.LATER: _("Ждёт разрешённого часа, до %(until)s"),
    WaitsFor.RESULT: _("Ждёт результата действия %(action)s (%(kind)s)"),
    WaitsFor.LANE: _("Ждёт очереди за действием %(action)s о том же человеке"),
    WaitsFor.WORKER: _("Отправится, как только освободится исполнитель"),
    WaitsFor.DOUBT: _("Сначала проверит, не выполнена ли прежняя попытка"),
    WaitsFor.ACCOUNT: _("%(name)s не пускает запросы до %(until)s"),
    WaitsFor.BRAKE: _("Правило остановило само себя %(until)s"),
}


def wait(one: Wait, at: Clock) -> str:
    """Why an action is not over yet."""
    told = {
        "until": at(one.until), "action": one.action or "—", "name": title(one.name.partition(":")[0]),
        "kind": action_title(one.kind),
    }  # fmt: skip
    return gettext(_WAITS[one.what]) % told


_OUTCOMES: Final[Mapping[str, str]] = {
    "done": _("сделано"),
    "found": _("уже было сделано"),
    "postponed": _("отложено"),
    "running": _("идёт"),
    "lost": _("прервано"),
    "retryable": _("не вышло, будет повторено"),
    "rate_limited": _("слишком часто"),
    "auth_failed": _("ключ не принят"),
    "rejected": _("отказано"),
    "ambiguous": _("ответ потерян"),
}


def outcome(name: str) -> str:
    """How an attempt ended."""
    return gettext(_OUTCOMES[name]) if name in _OUTCOMES else name


_RULES: Final[Mapping[str, str]] = {
    "matched": _("сработало"),
    "not_matched": _("условия не сошлись"),
    "other_trigger": _("о другом канале"),
    "stopped": _("до него не дошло: раньше сработало правило, после которого остальные не читают"),
    "waiting": _("ждёт своего времени"),
    "dropped": _("снято: случилось то, что его отменяет"),
    "checked": _("карточки просмотрены"),
    "held_back": _("сработало, но недавно уже делало это"),
    "throttled": _("сработало, но слишком часто"),
    "error": _("ошибка в правиле"),
}


def rule(name: str) -> str:
    """What became of a rule."""
    return gettext(_RULES[name]) if name in _RULES else name


def took(milliseconds: float | None) -> str:
    """A length in seconds; empty while it goes on."""
    return "" if milliseconds is None else span(milliseconds / 1000)


def body(summary: object) -> str:
    """What was sent or answered, as it is kept."""
    return summary if isinstance(summary, str) else json.dumps(summary, ensure_ascii=False, indent=1)


_CHANGES: Final[Mapping[str, str]] = {
    Change.NEW: _("новое, будет сделано"),
    Change.SAME: _("уже есть, второй раз не делается"),
    Change.DIFFERS: _("уже есть с другими данными, не переделывается"),
    Change.REMADE: _("не вышло раньше, уйдёт снова с новыми данными"),
    Change.GONE: _("сделано раньше, теперь правила этого не делают; остаётся"),
}


def change(what: str) -> str:
    """What becomes of an action when its event is planned again."""
    return gettext(_CHANGES[what])


_REFUSALS: Final[Mapping[str, str]] = {
    Refusal.NOT_PLANNED_YET: _("Событие ещё не разобрано: его и так прочтут нынешние правила."),
    Refusal.REPLY_WAS_SENT: _(
        "Ответ клиенту второй раз не отправляют. Если он не ушёл, отправьте снова само действие."
    ),
    Refusal.HINT_WAS_FOLLOWED: _(
        "Это лишь знак об изменении, и он уже проверен. Разберите событие, которое по нему нашли."
    ),
    Refusal.RULES_FAILED: _("Правила споткнулись об это событие. Исправьте правило и повторите."),
    Refusal.SYSTEM_AWAY: _(
        "Правила спрашивают другую систему, а она не отвечает или отказала. Посмотрите «Состояние» и повторите."
    ),
}


def refusal(why: str) -> str:
    """Why an event is not planned again."""
    return gettext(_REFUSALS[why])
