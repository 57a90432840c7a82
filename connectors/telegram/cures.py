"""The refusals of Telegram by name, each with its cure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Code(StrEnum):
    """What Telegram refuses, as the journal names it."""

    BLOCKED = "blocked"
    DEACTIVATED = "deactivated"
    NEVER_WROTE = "never_wrote"
    NOT_LET_IN = "not_let_in"
    MOVED = "moved"  # `moved:<new chat>`
    NO_BUSINESS = "no_business"
    FILE_TOO_BIG = "file_too_big"
    BAD_PICTURE = "bad_picture"
    BAD_WEBHOOK = "bad_webhook"
    WEBHOOK_SET = "webhook_set"
    RIVAL = "rival"
    REFUSED = "refused"


WRONG_TOKEN: Final = "Telegram не принял токен бота: возьмите действующий у @BotFather."  # noqa: S105  # a sentence
TOO_LARGE: Final = "Telegram отдаёт ботам файлы до 20 МБ: попросите клиента прислать ссылку или письмо."
_FILE: Final = "Telegram берёт от бота файлы до 50 МБ, а отдаёт до 20 МБ: пошлите ссылку или другим каналом."
_REFUSED: Final = "Telegram отказал: прочтите его слова и исправьте текст, файл или права бота."
_NOT_LET_IN: Final = "Бота нет в этой группе, или ему нельзя там писать: верните его и дайте право писать."
_BUSINESS: Final = "Бот отключён от бизнес-аккаунта: Telegram для бизнеса → Чат-боты, с правом отвечать."

CURES: Final[dict[Code, tuple[str, str]]] = {
    Code.BLOCKED: (
        "Сотрудник заблокировал бота или ещё не нажал «Запустить»: пусть откроет бота и нажмёт её.",
        "Клиент заблокировал бота: напишите ему другим каналом.",
    ),
    Code.DEACTIVATED: (
        "Учётная запись сотрудника в Telegram удалена: исправьте его номер в staff.",
        "Учётная запись клиента в Telegram удалена: напишите ему другим каналом.",
    ),
    Code.NEVER_WROTE: (
        "Telegram не знает такого чата: проверьте номер в staff; человек должен один раз написать боту.",
        "Клиент ещё не писал этому боту: бот не может начать первым, напишите другим каналом.",
    ),
    Code.NOT_LET_IN: (_NOT_LET_IN, _NOT_LET_IN),
    Code.MOVED: (
        "Группа стала супергруппой с новым номером {chat}: поставьте его в staff.",
        "Группа стала супергруппой с новым номером: дождитесь сообщения из неё.",
    ),
    Code.NO_BUSINESS: (_BUSINESS, _BUSINESS),
    Code.FILE_TOO_BIG: (_FILE, _FILE),
    Code.BAD_PICTURE: (_REFUSED, _REFUSED),
    Code.BAD_WEBHOOK: (
        "Telegram зовёт только адрес https с портом 443, 80, 88 или 8443 и сертификатом, которому доверяет: поправьте "
        "server.public_url или обратный прокси.",
        "",
    ),
    Code.WEBHOOK_SET: (
        "У бота включён вебхук, и опросу Telegram отвечает отказом. Поставьте receive: webhook или снимите вебхук: "
        "https://api.telegram.org/bot<токен>/deleteWebhook.",
        "",
    ),
    Code.RIVAL: (
        "Этого бота опрашивает ещё одна программа (забытый сервер, тестовая машина с тем же токеном): остановите её "
        "или смените токен у @BotFather. Provodka уступила и посмотрит снова через пять минут.",
        "",
    ),
    Code.REFUSED: (_REFUSED, _REFUSED),
}
"""By name: what the staff are told where it is about one of them or about the bot, and where it is about a client."""


def client_cure(code: str) -> str:
    """The cure where a client was written to; empty for a code that is none of these."""
    name = code.partition(":")[0]
    return CURES[Code(name)][1] if name in set(Code) else ""
