"""Why an action was given up, and what helps: in the words of the client's people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from provodka.journal import ActionState, DeadReason
from support.story import ShownAction
from webhooks.console.words import _, gettext

_LIMITED: Final = 429
_SERVER: Final = 500


@dataclass(frozen=True, slots=True)
class Cause:
    """What happened and the cure, each a sentence or two; `said` are the other side's own words."""

    what: str
    cure: str
    said: str = ""


def cause_of(action: ShownAction) -> Cause | None:
    """Of a dead action; None for any other."""
    if action.state != ActionState.DEAD:
        return None
    what, cure = _known(action)
    return Cause(gettext(what), action.hint or gettext(cure), action.error)


_UNKNOWN: Final = (
    _("Ответ потерялся: запрос ушёл, но неизвестно, выполнен ли он."),
    _(
        "Найдите в CRM, сделано ли это. Сделано — запишите это ниже с номером карточки; "
        "не сделано — скажите и это, тогда действие отправится ещё раз."
    ),
)
_BY_STATUS: Final[Mapping[int, tuple[str, str]]] = {
    400: (
        _("Другая сторона не приняла данные запроса."),
        _("Посмотрите её ответ: он называет поле. Поправьте правило или карточку и отправьте снова."),
    ),
    401: (
        _("Ключ доступа истёк или отозван."),
        _("Подключите систему заново командой provodka connect и отправьте снова."),
    ),
    402: (
        _("Тариф другой стороны не оплачен или не даёт этой возможности."),
        _("Попросите клиента оплатить или сменить тариф и отправьте снова."),
    ),
    403: (
        _("У ключа доступа нет прав на это."),
        _("Дайте права пользователю или приложению, от имени которого идут запросы, и отправьте снова."),
    ),
    404: (
        _("Того, о чём запрос, там больше нет: удалено или перенесено."),
        _("Найдите карточку в CRM. Если её удалили, повторите событие: правила найдут или создадут другую."),
    ),
    422: (
        _("Другая сторона не приняла данные запроса."),
        _("Посмотрите её ответ: он называет поле. Поправьте правило или карточку и отправьте снова."),
    ),
    _LIMITED: (
        _("Другая сторона ограничила число запросов."),
        _("Подождите: предел скоро кончится. Потом отправьте снова."),
    ),
}
_BY_KIND: Final[Mapping[str, tuple[str, str]]] = {
    "auth_failed": _BY_STATUS[401],
    "rate_limited": _BY_STATUS[_LIMITED],
}
_NO_ANSWER: Final = (
    _("Нет связи: другая сторона не ответила."),
    _("Проверьте, открывается ли её сайт и не закрыт ли доступ в сети. Когда откроется, отправьте снова."),
)
_BROKEN: Final = (
    _("Сервер другой стороны сломался и отвечал ошибкой."),
    _("Подождите, пока он заработает, и отправьте снова. Если долго, спросите поддержку этой системы."),
)
_REFUSED: Final = (
    _("Другая сторона отказала: повторять без исправления бесполезно."),
    _("Прочтите её слова, исправьте названное и отправьте снова."),
)
_EXHAUSTED: Final = (
    _("Попытки кончились, а дело не сделано."),
    _("Посмотрите ответ последней попытки, устраните причину и отправьте снова."),
)


def _known(action: ShownAction) -> tuple[str, str]:
    if action.reason == DeadReason.OUTCOME_UNKNOWN:
        return _UNKNOWN
    call = _last_bad_call(action)
    if call is not None:
        status = call.get("status")
        if found := _BY_STATUS.get(status or 0) or _BY_KIND.get(str(call.get("error_kind", ""))):
            return found
        if status is None:
            return _NO_ANSWER
        if status >= _SERVER:
            return _BROKEN
    elif action.attempts and (found := _BY_KIND.get(action.attempts[-1].outcome)):
        return found
    return _REFUSED if action.reason == DeadReason.REJECTED else _EXHAUSTED


def _last_bad_call(action: ShownAction) -> Mapping[str, Any] | None:
    """Of the last attempt that made calls."""
    for attempt in reversed(action.attempts):
        if attempt.calls:
            return next((call for call in reversed(attempt.calls) if call.get("error_kind")), None)
    return None
