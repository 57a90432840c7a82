"""The troubles of the house in the words of the client's people: by what is in trouble and by the kind of the error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provodka.errors import taken_apart
from provodka.journal import Trouble
from support.masking import Mask
from webhooks.console import systems
from webhooks.console.access import parts
from webhooks.console.causes import Cause
from webhooks.console.words import counted, gettext


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


_DOOR: Final = _("Канал «%(name)s»: доставки отклонены, потому что секрет, ключ или подпись не те.")
_BRAKE: Final = _("Правило остановило само себя: оно затронуло бы слишком много карточек за короткое время.")
_IMPORT: Final = _("Загрузка списка остановилась: её файл не прочесть.")
_TALKS: Final = _("CRM не принимает канал переписки.")
_DEAD: Final = _("Есть несделанные действия: другая сторона отказала или попытки кончились.")
_BY_KIND: Final[Mapping[str, str]] = {
    "auth_failed": _("%(name)s не пускает: пароль или ключ не тот."),
    "rate_limited": _("%(name)s просит подождать: запросов больше, чем разрешено."),
}
_BY_STATUS: Final[Mapping[int, str]] = {
    401: _("%(name)s не принимает ключ доступа: он истёк или отозван."),
    402: _("Тариф (%(name)s) не оплачен или не даёт этой возможности."),
    403: _("%(name)s не пускает запросы."),
    429: _BY_KIND["rate_limited"],
}
_ELSE: Final = _("%(name)s не отвечает или отказывает.")


def told(trouble: Trouble, mask: Mask) -> Cause:
    """What is wrong and what helps. The cure stands in the trouble itself."""
    what = gettext(_what(trouble)) % {"name": place(trouble)}
    if trouble.times > 1:
        what += " " + counted("Было %(num)s раз.", "Было %(num)s раз.", trouble.times)
    return Cause(what, mask.text(trouble.cure), mask.text(trouble.cause))


def is_door(trouble: Trouble) -> bool:
    """Whether deliveries were refused."""
    return trouble.name.startswith("door of ")


def nearness(trouble: Trouble) -> int:
    """How near it is to what does not come in: doors first, then channels, then all the rest."""
    return 0 if is_door(trouble) else 1 if trouble.name in parts().channels else 2


def place(trouble: Trouble) -> str:
    """What is in trouble, as people call it."""
    name = trouble.name.partition("«")[2].partition("»")[0] or trouble.name
    if name in parts().channels:
        return name if is_door(trouble) else gettext("Канал «%s»") % name
    return systems.title(name)


def _what(trouble: Trouble) -> str:
    apart = taken_apart(trouble.cause)
    if is_door(trouble):
        return _DOOR
    if trouble.name.startswith("rule «"):
        return _BRAKE
    if trouble.name.startswith("import "):
        return _IMPORT
    if trouble.name == "talks":
        return _TALKS
    if trouble.name.startswith("dead letters"):
        return _DEAD
    return _BY_KIND.get(apart.code) or _BY_STATUS.get(apart.status or 0) or _ELSE
