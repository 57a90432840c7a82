"""Gmail, Outlook, Apple Mail and the iPhone, Thunderbird."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from tests.connectors.imap.corpus.program import (
    ENGLISH,
    MONTHS,
    SHORT,
    SHORT_DAYS,
    Lines,
    Old,
    Program,
    clock,
    divs,
    text,
)


def _gmail_head(old: Old) -> str:
    day = f"{SHORT_DAYS[old.at.weekday()]}, {old.at.day} {SHORT[old.at.month - 1]} {old.at.year} г."
    line = f"{day} в {clock(old.at)}, {old.who}:"
    return line if len(line) < 76 else line.replace(" <", "\n<")


def _gmail_english(old: Old) -> str:
    return (
        f"On {old.at:%a}, {ENGLISH[old.at.month - 1]} {old.at.day}, {old.at.year} at {old.at:%I:%M %p} {old.who} wrote:"
    )


def _gmail_quoted(head: str, old: Old) -> str:
    return (
        '<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">'
        f'{escape(head)}<br></div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex">'
        f"{divs(old.lines)}</blockquote></div>"
    )


def _gmail_forward(old: Old) -> list[str]:
    day = f"{SHORT_DAYS[old.at.weekday()]}, {old.at.day} {SHORT[old.at.month - 1]} {old.at.year} г. в {clock(old.at)}"
    return [
        "---------- Forwarded message ---------",
        f"От: {old.who}",
        f"Date: {day}",
        f"Subject: {old.subject}",
        f"To: <{old.to}>",
    ]


def _gmail_forwarded(head: list[str], lines: Lines) -> str:
    top = "<br>".join(map(escape, head))
    return f'<div class="gmail_quote"><div dir="ltr" class="gmail_attr">{top}<br></div><br>{divs(lines)}</div>'


def _outlook_block(old: Old) -> list[str]:
    day = f"{old.at.day} {MONTHS[old.at.month - 1]} {old.at.year} г. {clock(old.at)}"
    return [f"От: {old.who}", f"Отправлено: {day}", f"Кому: {old.to}", f"Тема: {old.subject}"]


def _outlook_2010(old: Old) -> list[str]:
    return [f"From: {old.name} [mailto:{old.email}]", *_outlook_english(old)[1:]]


def _outlook_lined(old: Old) -> list[str]:
    return ["________________________________", *_outlook_block(old)]


def _outlook_english(old: Old) -> list[str]:
    return [
        f"From: {old.who}",
        f"Sent: {old.at:%A, %B} {old.at.day}, {old.at.year} {old.at:%I:%M %p}",
        f"To: {old.to}",
        f"Subject: {old.subject}",
    ]


def _outlook_html(head: list[str], lines: Lines) -> str:
    named = [line.partition(":") for line in head]
    fields = "<br>".join(f"<b>{escape(name)}:</b>{escape(value)}" for name, _, value in named)
    return (
        "<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>"
        f"<p class=MsoNormal>{fields}<o:p></o:p></p></div></div><p class=MsoNormal><o:p>&nbsp;</o:p></p>"
        + "".join(f"<p class=MsoNormal>{escape(line)}<o:p></o:p></p>" for line in lines)
    )


def _owa_html(head: list[str], lines: Lines) -> str:
    named = [line.partition(":") for line in head[1:]]
    fields = "<br>".join(f"<b>{escape(name)}:</b>{escape(value)}" for name, _, value in named)
    return (
        '<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1">'
        f'<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri">{fields}</font><div>&nbsp;</div></div>{divs(lines)}'
    )


def _apple_head(old: Old) -> str:
    return f"{old.at.day} {SHORT[old.at.month - 1]} {old.at.year} г., в {clock(old.at)}, {old.who} написал(а):"


def _apple_quoted(head: str, old: Old) -> str:
    return f'<div><br><blockquote type="cite"><div>{escape(head)}</div><br>{divs(old.lines)}</blockquote></div>'


def _apple_forward(old: Old) -> list[str]:
    day = f"{old.at.day} {MONTHS[old.at.month - 1]} {old.at.year} г. в {old.at:%H:%M:%S} GMT+3"
    top = ["Начало переадресованного сообщения:", ""]
    return [*top, f"От: {old.who}", f"Тема: {old.subject}", f"Дата: {day}", f"Кому: {old.to}"]


def _apple_forwarded(head: list[str], lines: Lines) -> str:
    return f'<br><div><blockquote type="cite">{divs(head)}<br>{divs(lines)}</blockquote></div>'


def _bird_head(old: Old) -> str:
    return f"{old.at:%d.%m.%Y} {clock(old.at)}, {old.name} пишет:"


def _bird_quoted(head: str, old: Old) -> str:
    return (
        f'<div class="moz-cite-prefix">{escape(head)}<br></div><blockquote type="cite">{divs(old.lines)}</blockquote>'
    )


def _bird_forward(old: Old) -> list[str]:
    day = f"{old.at:%a}, {old.at.day} {ENGLISH[old.at.month - 1]} {old.at.year} {old.at:%H:%M:%S} +0300"
    top = "-------- Перенаправленное сообщение --------"
    return [top, f"Тема: \t{old.subject}", f"Дата: \t{day}", f"От: \t{old.who}", f"Кому: \t{old.to}"]


def _bird_forwarded(head: list[str], lines: Lines) -> str:
    named = [line.partition(":") for line in head[1:]]
    rows = "".join(
        f"<tr><th align='RIGHT'>{escape(name)}: </th><td>{escape(value.strip())}</td></tr>" for name, _, value in named
    )
    return (
        f'<div class="moz-forward-container"><br><br>{escape(head[0])}'
        f'<table class="moz-email-headers-table"><tbody>{rows}</tbody></table><br><br>{divs(lines)}</div>'
    )


def _outlook(name: str, block: Callable[[Old], list[str]], html: Callable[[list[str], Lines], str]) -> Program:
    """Nothing tells a quoted line from the writer's own: nobody can answer between them, or below."""
    return Program(
        name,
        lambda old: text(block(old)),
        lambda _, old: html(block(old), old.lines),
        block,
        html,
        mark="",
        tag="p",
        inline=False,
        below=False,
    )


WESTERN = (
    Program("Gmail", _gmail_head, _gmail_quoted, _gmail_forward, _gmail_forwarded),
    Program("Gmail in English", _gmail_english, _gmail_quoted, _gmail_forward, _gmail_forwarded),
    _outlook("Outlook", _outlook_block, _outlook_html),
    _outlook("Outlook in English", _outlook_english, _outlook_html),
    _outlook("Outlook 2010", _outlook_2010, _outlook_html),
    _outlook("Outlook on the web", _outlook_lined, _owa_html),
    Program("Apple Mail", _apple_head, _apple_quoted, _apple_forward, _apple_forwarded, "> ", head_is_marked=True),
    Program("Thunderbird", _bird_head, _bird_quoted, _bird_forward, _bird_forwarded, flowed=True),
)
