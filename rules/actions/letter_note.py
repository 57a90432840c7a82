"""A letter as the feed of a card shows it: who wrote to whom, the words, and what became of the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from provodka.event import Event
from provodka.mail import Mail, MailKind
from provodka.payloads import Attachment, EventType

_MOST_ADDRESSES: Final = 10
_WORDLESS: Final = "[письмо без текста]"
_TITLES: Final = {
    MailKind.LETTER: "Письмо",
    MailKind.AUTOREPLY: "Автоответ",
    MailKind.RECEIPT: "Отчёт о доставке",
    MailKind.DELAYED: "Письмо задерживается",
    MailKind.BOUNCE: "Письмо не доставлено",
    MailKind.BULK: "Рассылка",
    MailKind.SPAM: "Спам",
}
_UNITS: Final = ((1024 * 1024, "МБ"), (1024, "КБ"), (1, "байт"))


def fitting(mail: Mail, params: Mapping[str, Any]) -> tuple[list[Attachment], list[tuple[Attachment, str]]]:
    """The files that go into the card, and those that do not with the reason in Russian."""
    if not params["files"]:
        return [], []
    taken: list[Attachment] = []
    left_out: list[tuple[Attachment, str]] = []
    for file in mail.attachments:
        if why := _unfit(file, taken, params):
            left_out.append((file, why))
        else:
            taken.append(file)
    return taken, left_out


def _unfit(file: Attachment, taken: Sequence[Attachment], params: Mapping[str, Any]) -> str:
    if file.size > params["most"]:
        return f"больше {size(params['most'])}"
    if not file.sha256:
        return "почта не отдала его вместе с письмом: откройте письмо в ящике"
    if len(taken) >= params["count"]:
        return f"в карточку кладётся не больше {params['count']} файлов письма"
    if sum(one.size for one in taken) + file.size > params["total"]:
        return f"файлы письма вместе больше {size(params['total'])}"
    return ""


def note_of(
    event: Event,
    mail: Mail,
    params: Mapping[str, Any],
    files: Sequence[Attachment],
    left_out: Sequence[tuple[Attachment, str]],
    new: Sequence[str],
) -> str:
    """The words of the note."""
    names = {one.email: one.name for one in mail.participants if one.name}
    names |= dict.fromkeys(event.person.emails, event.person.name) if event.person.name else {}
    way = "отправлено сотрудником" if event.type is EventType.EMAIL_SENT else "от клиента"
    title = _TITLES[mail.kind] + (f" {way}" if mail.kind is MailKind.LETTER else "")
    head = [
        title,
        f"От: {_named(mail.from_, names)}" if mail.from_ else "",
        _list("Кому", mail.to, names),
        _list("Копия", mail.cc, names),
        f"Тема: {mail.subject}" if mail.subject else "",
        f"Не получил: {', '.join(mail.failed)}" if mail.failed else "",
        f"Ответ сервера: {mail.reason}" if mail.reason else "",
    ]
    tail = [
        f"Файлы в карточке: {', '.join(file.name for file in files)}" if files else "",
        *(f"Не приложен «{file.name}» ({size(file.size)}): {why}" for file, why in left_out),
        _list("Нет в карточке, можно добавить", new, names),
        "В письме слишком много адресов, чтобы считать их участниками" if params["too_many"] else "",
    ]
    parts = ("\n".join(filter(None, head)), _cut(mail.text.strip(), params["limit"]), "\n".join(filter(None, tail)))
    return "\n\n".join(filter(None, parts))


def size(number: int) -> str:
    """A size as people say it."""
    unit, word = next((unit, word) for unit, word in _UNITS if number >= unit or unit == 1)
    return f"{number / unit:.1f}".removesuffix(".0").replace(".", ",") + f" {word}"


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text or _WORDLESS
    return f"{text[:limit].rstrip()}…\n[показано {limit} знаков из {len(text)}]"


def _list(title: str, addresses: Sequence[str], names: Mapping[str, str]) -> str:
    shown = [_named(one, names) for one in addresses[:_MOST_ADDRESSES]]
    more = f" и ещё {len(addresses) - _MOST_ADDRESSES}" if len(addresses) > _MOST_ADDRESSES else ""
    return f"{title}: {', '.join(shown)}{more}" if shown else ""


def _named(address: str, names: Mapping[str, str]) -> str:
    return f"{names[address]} <{address}>" if names.get(address) else address
