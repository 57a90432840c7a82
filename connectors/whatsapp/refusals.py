"""What the codes of WhatsApp mean for the one who wrote the message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.graph import error_words
from connectors.talks.reading import word

WINDOW: Final = 131047
WINDOW_CURE: Final = (
    "Прошло больше 24 часов с последнего сообщения клиента: WhatsApp пропустит только утверждённый шаблон. "
    "Укажите в правиле template и values или напишите другим каналом."
)
TEMPLATE_CURE: Final = (
    "WhatsApp не принял шаблон: проверьте его имя, язык, число значений и что он утверждён в WhatsApp Manager."
)
CURES: Final[Mapping[int, str]] = {
    WINDOW: WINDOW_CURE,
    131026: "Сообщение не доставить: у номера нет WhatsApp, приложение устарело, или клиент не принял новые условия.",
    131021: "Получатель и отправитель — один и тот же номер.",
    131030: "Приложение в режиме разработки: добавьте номер в список получателей или опубликуйте приложение.",
    131045: "Номер не зарегистрирован в Cloud API: зарегистрируйте его в WhatsApp Manager.",
    131048: "WhatsApp ограничил номер из-за жалоб клиентов: посмотрите качество номера в WhatsApp Manager.",
    131049: "WhatsApp не доставил рекламное сообщение: клиент недавно получил их слишком много. Повторите позже.",
    131050: "Клиент отказался от рекламных сообщений этого номера.",
    131051: "WhatsApp не передаёт сообщения такого вида.",
    131052: "WhatsApp не смог отдать файл клиента: попросите прислать его снова.",
    131053: "WhatsApp не принял файл: проверьте его вид и размер.",
    131042: "Оплата WhatsApp Business не настроена: проверьте способ оплаты в WhatsApp Manager.",
    130472: "WhatsApp не доставляет этому клиенту рекламные шаблоны (эксперимент Meta): напишите другим каналом.",
    **dict.fromkeys((132000, 132001, 132005, 132007, 132012, 132015, 132016, 132068, 132069), TEMPLATE_CURE),
}
OTHER: Final = "WhatsApp не доставил сообщение: {words}"


def cure_of(code: int, _subcode: int = 0) -> str:
    """The Russian cure of a refusal of this service; nothing for codes that the Graph API has in common."""
    if 132000 <= code < 133000:
        return TEMPLATE_CURE
    return CURES.get(code, "")


def told(error: Mapping[str, Any]) -> str:
    """Why a message failed, to the staff."""
    code = word(error.get("code"))
    cure = cure_of(int(code)) if code.isdecimal() else ""
    return f"{cure} (код {code})" if cure else OTHER.format(words=error_words(error))
