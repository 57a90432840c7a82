"""Troubles in the words of the client's people: what does not work, why, what to do, and where. The code names them in
English; a new sort of trouble gets its words in `KINDS` (a test walks through whoever tells of one)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from flask import url_for

from provodka.errors import taken_apart
from provodka.journal import Trouble
from webhooks.console.access import parts
from webhooks.console.names import action_title
from webhooks.console.refusals import TOO_MANY, meaning_of_status
from webhooks.console.titles import channel_kind, system_title
from webhooks.console.words import _, counted, gettext, span

_SIZES: Final = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}


@dataclass(frozen=True, slots=True)
class Words:
    """A trouble as the page tells it. `said` are the other side's own words, `href` is where it is mended; both may be
    empty."""

    what: str
    why: str
    said: str
    cure: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of trouble: how its names look, and what makes its words of the name's inner part and the trouble."""

    name: re.Pattern[str]
    words: Callable[[str, Trouble], Words]


def words_of(trouble: Trouble) -> Words:
    """Whatever its sort."""
    found = kind_of(trouble.name)
    if found is None:
        return Words(trouble.name, "", trouble.cause, trouble.cure)
    kind, inner = found
    return kind.words(inner, trouble)


def nearness(trouble: Trouble) -> int:
    """How near it is to what does not come in: doors first, then channels, then all the rest."""
    if trouble.name.startswith("door of "):
        return 0
    return 1 if trouble.name in parts().channels else 2


def kind_of(name: str) -> tuple[Kind, str] | None:
    """Its sort, and what the name is about; None where nobody has words for it."""
    for kind in KINDS:
        if match := kind.name.fullmatch(name):
            return kind, match[1]
    if name in parts().channels:
        return _CHANNEL, name
    return (_SYSTEM, name) if system_title(name) else None


def _door(channel: str, trouble: Trouble) -> Words:
    said = trouble.cause.removeprefix("deliveries are refused: ")
    known = next((text for pattern, text in _REFUSED if pattern.fullmatch(said)), "")
    lost = gettext("Присланное так не записано.")
    return Words(
        gettext("Канал «%s»: присланное не принято") % channel,
        f"{gettext(known)} {lost}" if known else lost,
        "" if known else said,
        trouble.cure,
    )


def _dead(rule: str, trouble: Trouble) -> Words:
    match = re.fullmatch(r"(\d+) dead, the newest is (\S+) \d+: (.*)", trouble.cause, re.DOTALL)
    count, kind, said = (int(match[1]), match[2], match[3]) if match else (0, "", trouble.cause)
    why = gettext("Не сделано: %(count)s. Последнее — «%(kind)s».") % {
        "count": counted("%(num)s действие", "%(num)s действий", count),
        "kind": action_title(kind),
    }
    has_none = not trouble.cure or trouble.cure.startswith("Посмотрите provodka status")
    cure = gettext("Устраните причину и отправьте ещё раз.") if has_none else trouble.cure
    return Words(gettext("Правило «%s»: не всё сделано") % rule, why if match else "", said, cure, _needs())


def _stopped(rule: str, trouble: Trouble) -> Words:
    match = re.fullmatch(r"it would touch more than (\d+) cards within (\d+) (\w+)", trouble.cause)
    why = ""
    if match and match[3] in _SIZES:
        why = gettext("Оно затронуло бы больше чем %(cards)s за %(time)s.") % {
            "cards": counted("%(num)s карточку", "%(num)s карточек", int(match[1])),
            "time": span(timedelta(seconds=int(match[2]) * _SIZES[match[3]])),
        }
    return Words(
        gettext("Правило «%s» остановило себя") % rule,
        why,
        "" if match else trouble.cause,
        gettext("Проверьте, того ли вы хотели от правила. Если да, отпустите придержанное; если нет, отмените."),
        _needs(),
    )


def _date(rule: str, trouble: Trouble) -> Words:
    match = re.fullmatch(r"(.+) is no date in \S+ (.+): the rule passes them by", trouble.cause)
    why = gettext("В поле «%(field)s» не дата, карточки: %(cards)s. Правило их пропускает.")
    return Words(
        gettext("Правило «%s»: в карточках неверная дата") % rule,
        why % {"field": match[1], "cards": match[2]} if match else "",
        "" if match else trouble.cause,
        trouble.cure,
    )


def _import(_job: str, trouble: Trouble) -> Words:
    match = re.fullmatch(r"«(.+)» cannot be read: (.*)", trouble.cause, re.DOTALL)
    name, said = (match[1], match[2]) if match else ("", trouble.cause)
    what = gettext("Загрузка списка «%s» остановлена: файл не читается") % name
    return Words(what if name else gettext("Загрузка списка остановлена"), "", said, trouble.cure)


def _talks(_: str, trouble: Trouble) -> Words:
    crm = parts().crm or gettext("CRM")
    return Words(gettext("%s не принимает переписку в карточки") % crm, "", trouble.cause, trouble.cure)


def _channel(name: str, trouble: Trouble) -> Words:
    named = {"name": name, "kind": channel_kind(name, parts().channels)}
    what = gettext("Канал «%(name)s» (%(kind)s) не работает") % named
    return Words(what, _refused(trouble, gettext("Сервис")), taken_apart(trouble.cause).reason, trouble.cure)


def _system(name: str, trouble: Trouble) -> Words:
    system = system_title(name)
    what = gettext("Сбой связи: %s") % system
    why = f"{_refused(trouble, system)} {gettext('Что должно туда уйти, ждёт и не потеряно.')}".strip()
    return Words(what, why, taken_apart(trouble.cause).reason, trouble.cure)


def _refused(trouble: Trouble, system: str) -> str:
    """What the other side's refusal means, by its code or status; empty where neither is known."""
    apart = taken_apart(trouble.cause)
    found = _BY_CODE.get(apart.code) or meaning_of_status(apart.status)
    return gettext(found) % {"system": system} if found else ""


def _needs() -> str:
    return url_for("needs.page")


_REFUSED: Final[Sequence[tuple[re.Pattern[str], str]]] = (
    (
        re.compile("the secret in the address is wrong or absent|(neither )?the address (does|nor) .+ the secret"),
        _("В адресе нет секрета, или он не тот."),
    ),
    (
        re.compile(
            "(the )?(.*secret|.*token|.*_key|(webhook )?(token|crmKey) in Authorization) is wrong or absent",
            re.IGNORECASE,
        ),
        _("Секрета нет, или он не тот."),
    ),
    (
        re.compile("(the )?(sign|.*signature.*) is (wrong or absent|not that of .+)", re.IGNORECASE),
        _("Подписи нет, или она не та."),
    ),
    (re.compile("the (link|key) is no partner's of ours"), _("Ссылка или ключ не наших партнёров.")),
    (
        re.compile("the body (is|holds) (no|not an|no signed) (JSON|form|object).*"),
        _("Прислано не то, что шлёт этот сервис."),
    ),
)
_BY_CODE: Final[Mapping[str, str]] = {
    "auth_failed": _("Не пускает: пароль или ключ не тот."),
    "rate_limited": meaning_of_status(TOO_MANY),
}
_ANY: Final = re.compile("(.*)")
_CHANNEL: Final = Kind(_ANY, _channel)
_SYSTEM: Final = Kind(_ANY, _system)
KINDS: Final[Sequence[Kind]] = (
    Kind(re.compile(r"door of «(.*)»"), _door),
    Kind(re.compile(r"dead letters of «(.*)»"), _dead),
    Kind(re.compile(r"rule «(.*)» stopped itself"), _stopped),
    Kind(re.compile(r"date of rule «(.*)»"), _date),
    Kind(re.compile(r"import (.*)"), _import),
    Kind(re.compile(r"(talks)"), _talks),
)
