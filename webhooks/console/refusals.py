"""What the refusals of outside systems mean, and what helps: by the code, the HTTP status, the way an attempt ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from provodka.journal import DeadReason
from support.diagnosis import Finding
from webhooks.console.words import _


@dataclass(frozen=True, slots=True)
class Known:
    """Texts with `%(system)s` and `%(rule)s` in them. An empty one is what the hint of the error says."""

    what: str = ""
    cure: str = ""


UNKNOWN: Final = Known(
    _("Ответ потерялся: запрос ушёл, но неизвестно, выполнен ли он (%(system)s)."),
    _(
        "Посмотрите в CRM или у клиента, сделано ли это, и отметьте на странице события: сделано или нет. "
        "Вслепую не повторяйте: могло бы выйти дважды."
    ),
)
_AGAIN: Final = _("Исправьте это и нажмите «Отправить снова».")
_RENAMED: Final = Known(
    "",
    _(
        "Верните прежнее имя (%(system)s) и нажмите «Отправить снова». Или исправьте имя в правиле «%(rule)s», "
        "перезапустите Provodka и нажмите «Разобрать заново»."
    ),
)
_GONE: Final = Known(
    _("Карточки, о которой речь, нет (%(system)s): её удалили, объединили с другой, или номер неверен."),
    _(
        "Удалили по ошибке — восстановите её и нажмите «Отправить снова». Неверен номер — исправьте правило "
        "«%(rule)s», перезапустите Provodka и нажмите «Разобрать заново»."
    ),
)
_NO_CHAT: Final = Known(_("Человек заблокировал бота или ещё не писал ему, а первым бот писать не может."), "")
_BY_CODE: Final[Mapping[str, Known]] = {
    "unknown_name": _RENAMED,
    "inactive_user": Known(
        _("Сотрудника, которого назначает правило, в CRM нет, или он отключён (%(system)s)."),
        _(
            "Включите сотрудника (%(system)s) и нажмите «Отправить снова». Или поставьте в правило «%(rule)s» другого, "
            "перезапустите Provodka и нажмите «Разобрать заново»."
        ),
    ),
    "gone": _GONE,
    "not_found": _GONE,
    "contact_gone": _GONE,
    "blocked": _NO_CHAT,
    "never_wrote": _NO_CHAT,
    "deactivated": _NO_CHAT,
}
_BANNED: Final = Known(_("%(system)s закрывает приём запросов с нашего адреса: превышен предел."), "")
_NO_ENTRY: Final = Known(
    _("%(system)s не принимает ключ доступа: он истёк или отозван."),
    _("Выдайте доступ заново: новый ключ в .env и перезапуск или команда provodka connect. Заявки сохранены."),
)
_SHUT: Final = Known(
    _("%(system)s не пускает: адрес или ключ доступа больше не годится."),
    _("Проверьте адрес и ключ доступа в настройках и перезапустите Provodka. Заявки сохранены."),
)
_UNPAID: Final = Known(
    _("Тариф (%(system)s) не оплачен или не даёт этой возможности."),
    _("Попросите клиента оплатить или сменить тариф. Заявки сохранены и после оплаты уйдут сами."),
)
_TOO_FAST: Final = Known(
    _("%(system)s просит подождать: запросов больше, чем разрешено."),
    _("Ничего не делайте: очередь пойдёт сама. Если это каждый день, разнесите рассылки или смените тариф."),
)
_NOT_TAKEN: Final = Known(
    _("%(system)s не принимает данные запроса."),
    _("Ответ называет поле: исправьте его в правиле «%(rule)s» или в карточке и отправьте снова."),
)
_NO_RIGHTS: Final = Known(
    _("У ключа доступа нет прав на это (%(system)s)."),
    _("Дайте права пользователю или приложению, от имени которого идут запросы, и нажмите «Отправить снова»."),
)
_BY_STATUS: Final[Mapping[int, Known]] = {
    400: _NOT_TAKEN, 401: _NO_ENTRY, 402: _UNPAID, 403: _NO_RIGHTS, 404: _GONE, 422: _NOT_TAKEN, 429: _TOO_FAST,
}  # fmt: skip
_CLOSED: Final = Known(
    _("%(system)s сейчас не пускает запросы."), _("Подождите: Provodka повторяет сама, заявки сохранены.")
)
_NO_ANSWER: Final = Known(
    _("Нет связи: %(system)s не отвечает."),
    _("Проверьте, включён ли сервер и открыт ли к нему доступ из сети. Заявки сохранены и уйдут сами."),
)
_BROKEN: Final = Known(
    _("%(system)s отвечает ошибкой своего сервера."),
    _("Подождите, пока он заработает: заявки сохранены. Если долго, спросите поддержку этой системы."),
)
_CUT: Final = Known(
    _("Связь оборвалась на полуслове: неизвестно, выполнен ли запрос (%(system)s)."),
    _("Ничего не делайте: перед повтором Provodka проверит, не сделано ли это уже."),
)
_BY_OUTCOME: Final[Mapping[str, Known]] = {
    "auth_failed": _NO_ENTRY, "rate_limited": _CLOSED, "retryable": _NO_ANSWER, "ambiguous": _CUT,
}  # fmt: skip
_REFUSED: Final = Known(
    _("%(system)s отказывает: повторять без исправления бесполезно."),
    _("Прочтите ответ, исправьте названное и нажмите «Отправить снова»."),
)
_EXHAUSTED: Final = Known(
    _("Попытки кончились, а дело не сделано (%(system)s)."),
    _("Посмотрите ответ последней попытки, устраните причину и нажмите «Отправить снова»."),
)
_OF_A_KEY: Final = frozenset({401, 402, 403})
NOT_FOUND: Final = 404
TOO_MANY: Final = 429
SERVER: Final = 500


def meaning(found: Finding) -> Known:
    """What it means that an action failed so. What our own error says in Russian goes before what a status can tell."""
    if found.reason == DeadReason.OUTCOME_UNKNOWN:
        return UNKNOWN
    if found.code in _BY_CODE and found.outcome != "rate_limited":
        known = _BY_CODE[found.code]
        return Known(known.what or found.hint, known.cure or found.hint or _AGAIN)
    if found.reason == DeadReason.REJECTED and found.hint:
        return Known(found.hint, _AGAIN)
    known = _known(found)
    if found.reason == DeadReason.EXHAUSTED:  # nothing goes by itself any more
        return Known(known.what, _EXHAUSTED.cure)
    return Known(known.what, found.hint or known.cure or _CLOSED.cure)


def meaning_of_status(status: int | None) -> str:
    """What it means that a system answers everything with this status, with `%(system)s` in it; empty where that says
    nothing."""
    if status is not None and status >= SERVER:
        return _BROKEN.what
    return {401: _NO_ENTRY, 402: _UNPAID, 403: _CLOSED, 429: _TOO_FAST}.get(status or 0, Known()).what


def _known(found: Finding) -> Known:
    if found.outcome == "rate_limited" and found.status != TOO_MANY:
        return _BANNED if found.code == "blocked" else _CLOSED
    if found.outcome == "auth_failed" and found.status and found.status not in _OF_A_KEY:
        return _SHUT  # such as 404 for a token that Telegram does not know: nothing of it is about a card
    by_status = _BY_STATUS.get(found.status or 0)
    if by_status is not None and not (found.kind == "http" and found.status == NOT_FOUND):
        return by_status
    if found.outcome == "retryable" and (found.status or 0) >= SERVER:
        return _BROKEN
    if found.outcome in _BY_OUTCOME:
        return _BY_OUTCOME[found.outcome]
    if found.status is not None and found.status >= SERVER and found.reason != DeadReason.REJECTED:
        return _BROKEN
    return _REFUSED if found.reason == DeadReason.REJECTED else _EXHAUSTED
