"""What went otherwise than expected and what helps: a finding in the words of the client's people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask import current_app

from provodka.journal import DeadReason
from support.diagnosis import Finding, What
from webhooks.console.names import event_title
from webhooks.console.refusals import meaning
from webhooks.console.telling import condition
from webhooks.console.titles import called
from webhooks.console.words import _, gettext


@dataclass(frozen=True, slots=True)
class Cause:
    """What happened and the cure, each a sentence or two; `said` are the other side's own words; `event` another event
    to look at."""

    what: str
    cure: str
    said: str = ""
    event: str = ""


_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    What.LATER: (
        _("Отложено до %(until)s: раньше правило не велит."),
        _("Ничего не делайте: уйдёт само."),
    ),
    What.HELD: (
        _("Правило «%(rule)s» остановило само себя: оно затронуло бы слишком много карточек за короткое время."),
        _("Проверьте, того ли хотели от правила. Того — отпустите его, не того — отмените придержанное."),
    ),
    What.REUSED: (
        _("Нового лида нет, потому что у человека уже открыт лид № %(lead)s: обращения записываются в него."),
        _("Откройте этот лид: всё в нём."),
    ),
    What.DOUBLES: (
        _("Человек заведён в CRM не один раз: контакты %(contacts)s."),
        _("Объедините эти контакты в CRM, иначе история расходится по нескольким карточкам."),
    ),
    What.BROKE: (
        _("Правило «%(rule)s» споткнулось: в его тексте или условии ошибка."),
        _("Исправьте правило, перезапустите Provodka и нажмите «Разобрать заново» на странице события."),
    ),
    What.HELD_BACK: (
        _("Правило «%(rule)s» подошло, но недавно уже сработало для этого человека или лида и второй раз молчит."),
        _("Так велит once_within этого правила. Если повтор нужен, уменьшите срок, перезапустите и разберите заново."),
    ),
    What.THROTTLED: (
        _("Правило «%(rule)s» подошло, но сработало уже столько раз, сколько ему разрешено за это время."),
        _("Так велит throttle этого правила. Если мало, увеличьте, перезапустите и разберите событие заново."),
    ),
    What.WAITS: (
        _("Правило «%(rule)s» ждёт своего часа, %(until)s, и тогда прочтёт условия заново."),
        _("Ничего не делайте. Если ждать нельзя, сделайте дело руками."),
    ),
    What.DROPPED: (
        _("Правило «%(rule)s» ждало, но случилось то, что его отменяет."),
        _("Так велит unless этого правила: что случилось, видно на странице события."),
    ),
    What.NOT_MATCHED: (
        _("Правило «%(rule)s» не сработало, потому что %(condition)s."),
        _("Если должно было, исправьте его условие, перезапустите Provodka и разберите событие заново."),
    ),
    What.TAKEN: (
        _("До правила «%(rule)s» не дошло: раньше сработало правило, после которого остальные не читают."),
        _("Если так не задумано, уберите из того правила stop или поменяйте правила местами."),
    ),
    What.FAILED: (
        _("Событие не удалось разобрать по правилам."),
        _("Исправьте правило или настройки, перезапустите Provodka и нажмите «Разобрать заново». Событие сохранено."),
    ),
    What.UNREADABLE: (
        _("Канал «%(channel)s» прислал то, чего не прочесть: кто это и чего хочет, неизвестно."),
        _(
            "Откройте событие, нажмите «Показать личные данные» и прочтите тело. Проверьте настройку отправки в "
            "сервисе, а заявку, если она видна, занесите руками."
        ),
    ),
    What.ROBOT: (
        _("Заявка похожа на присланную роботом, поэтому лида нет."),
        _("Если это человек, занесите заявку руками и ослабьте spam канала «%(channel)s»."),
    ),
    What.REPEAT: (
        _("Это повтор: та же заявка или тот же звонок пришли раньше, и по ним уже всё сделано."),
        _("Смотрите первое событие."),
    ),
    "payment.differs": (
        _("Оплачено не столько, сколько просили: пришло %(paid)s, ждали %(asked)s."),
        _("Сверьте сумму с клиентом: доплата — новой ссылкой, лишнее — возвратом. Сделку подвиньте руками."),
    ),
    "payment.unmatched": (
        _("Пришла оплата %(paid)s, но она не по нашей ссылке: какой это сделки, неизвестно (заказ %(order)s)."),
        _("Найдите сделку по сумме и времени, отметьте оплату руками. Впредь давайте ссылку из правила."),
    ),
    What.NO_RULE: (
        _("Правил о событии «%(type)s» нет."),
        _("Если что-то должно делаться, добавьте правило, перезапустите Provodka и разберите событие заново."),
    ),
}
_PLAIN: Final = frozenset({What.LATER, What.NOT_MATCHED, What.HELD_BACK, What.THROTTLED, What.WAITS})
"""Of these our sentence says all that the trace does."""
_GOES_ON: Final = _("Следующая попытка в %(until)s.")


def cause_of(found: Finding) -> Cause:
    """A finding in two sentences."""
    told = _told(found)
    if found.what in (What.DEAD, What.STUCK):
        known = meaning(found)
        cure = [_said(known.cure, found, told)]
        if found.reason == DeadReason.EXHAUSTED and found.hint:
            cure.insert(0, found.hint)
        if found.what is What.STUCK and found.until is not None:
            cure.append(gettext(_GOES_ON) % told)
        return Cause(_said(known.what, found, told), " ".join(cure), found.error)
    what, cure_text = _TEXTS[found.code if found.what is What.MONEY else found.what]
    said = "" if found.what in _PLAIN else found.error
    return Cause(gettext(what) % told, gettext(cure_text) % told, said, found.told.get("event", ""))


def _said(text: str, found: Finding, told: Mapping[str, str]) -> str:
    """A text of ours with its values; the hint of an error as it is."""
    return text if text == found.hint else gettext(text) % told


def _told(found: Finding) -> dict[str, str]:
    moment = current_app.jinja_env.filters["moment"]
    asked = condition(found.condition) if found.condition is not None else gettext("условия не сошлись")
    told = {"lead": "", "contacts": "", "channel": "", "order": "", "asked": "", "paid": "", **found.told}
    return {
        **told,
        "type": event_title(found.told.get("type", "")),
        "rule": found.rule,
        "system": called(found.system, found.kind),
        "until": moment(found.until),
        "condition": asked,
    }
