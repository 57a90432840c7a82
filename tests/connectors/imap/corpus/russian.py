"""Yandex, Mail.ru, The Bat, the program of Samsung's telephones."""

from __future__ import annotations

from html import escape

from tests.connectors.imap.corpus.program import DAYS, MONTHS, Lines, Old, Program, clock, divs, text


def _yandex_head(old: Old) -> str:
    return f'{old.at:%d.%m.%Y}, {clock(old.at)}, "{old.name}" <{old.email}>:'


def _yandex_forward(old: Old) -> list[str]:
    return ["-------- Пересылаемое сообщение --------", _yandex_head(old)]


def _yandex_forwarded(head: list[str], lines: Lines) -> str:
    return f"{divs(head)}<div>&nbsp;</div>{divs(lines)}<div>-------- Завершение пересылаемого сообщения --------</div>"


def _mailru_head(old: Old) -> str:
    day = f"{DAYS[old.at.weekday()]}, {old.at.day} {MONTHS[old.at.month - 1]} {old.at.year}"
    return f"{day}, {clock(old.at)} +03:00 от {old.who}:"


def _mailru_quoted(head: str, old: Old) -> str:
    return (
        '<div>&nbsp;</div><blockquote style="border-left:1px solid #0857A6;margin:10px;padding:0 0 0 10px">'
        f'{escape(head)}<br>&nbsp;<div id=""><div class="js-helper js-readmsg-msg">{divs(old.lines)}</div></div>'
        "</blockquote>"
    )


def _mailru_forward(old: Old) -> list[str]:
    day = f"{DAYS[old.at.weekday()]}, {old.at.day} {MONTHS[old.at.month - 1]} {old.at.year}, {clock(old.at)} +03:00"
    return [
        "-------- Пересылаемое сообщение --------",
        f"От: {old.who}",
        f"Кому: {old.to}",
        f"Дата: {day}",
        f"Тема: {old.subject}",
    ]


def _yandex_quoted(head: str, old: Old) -> str:
    return f"<div>&nbsp;</div><div>{escape(head)}</div><blockquote>{divs(old.lines)}</blockquote>"


def _new_yandex_head(old: Old) -> str:
    return f"----------------\nКому: {old.email};\nТема: {old.subject};\n{_yandex_head(old)}"


def _new_yandex_quoted(head: str, old: Old) -> str:
    return f"<div>&nbsp;</div>{divs(head.split(chr(10)))}<blockquote>{divs(old.lines)}</blockquote>"


def _bat_head(old: Old) -> str:
    return f"Вы писали {old.at.day} {MONTHS[old.at.month - 1]} {old.at.year} г., {old.at:%H:%M:%S}:"


def _bat_forward(old: Old) -> list[str]:
    return [
        "===8<==============Исходный текст сообщения===============",
        f"От: {old.who}",
        f"Кому: {old.to}",
        f"Дата: {old.at.day} {MONTHS[old.at.month - 1]} {old.at.year} г., {old.at:%H:%M:%S}",
        f"Тема: {old.subject}",
    ]


def _samsung_block(old: Old) -> list[str]:
    return [
        "-------- Исходное сообщение --------",
        f"От: {old.who}",
        f"Дата: {old.at:%d.%m.%Y %H:%M} (GMT+03:00)",
        f"Кому: {old.to}",
        f"Тема: {old.subject}",
    ]


def _samsung_html(head: list[str], lines: Lines) -> str:
    return f'<div><br></div><div align="left" dir="auto">{divs(head)}</div><div><br></div>{divs(lines)}'


RUSSIAN = (
    Program("Yandex", _yandex_head, _yandex_quoted, _yandex_forward, _yandex_forwarded),
    Program("Yandex since 2023", _new_yandex_head, _new_yandex_quoted, _yandex_forward, _yandex_forwarded),
    Program("Mail.ru", _mailru_head, _mailru_quoted, _mailru_forward, _yandex_forwarded, mark=">", below=False),
    Program("The Bat", _bat_head, _yandex_quoted, _bat_forward, _yandex_forwarded, mark="КП> "),
    Program(
        "Samsung",
        lambda old: text(_samsung_block(old)),
        lambda _, old: _samsung_html(_samsung_block(old), old.lines),
        _samsung_block,
        _samsung_html,
        mark="",
        inline=False,
        below=False,
    ),
)
