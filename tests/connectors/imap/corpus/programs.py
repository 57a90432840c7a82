"""How mail programs set off the letter that is answered or passed on: each as text and as HTML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

DAYS = ("Понедельник", "Вторник", "Среда", "Четверг", "Пятница", "Суббота", "Воскресенье")
SHORT_DAYS = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")
MONTHS = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()
SHORT = "янв. февр. мар. апр. мая июн. июл. авг. сент. окт. нояб. дек.".split()
ENGLISH = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

Lines = Sequence[str]


@dataclass(frozen=True)
class Old:
    """The letter that is answered or passed on. `nested` is one that was passed on within it."""

    name: str
    email: str
    to: str
    subject: str
    at: datetime
    lines: tuple[str, ...]

    @property
    def who(self) -> str:
        return f"{self.name} <{self.email}>"


@dataclass(frozen=True)
class Written:
    text: str
    html: str


def text(lines: Lines) -> str:
    return "\n".join(lines)


def marked(lines: Lines, mark: str = "> ") -> str:
    return "\n".join(f"{mark}{line}".rstrip() for line in lines)


def divs(lines: Lines, tag: str = "div") -> str:
    return "".join(f"<{tag}>{escape(line) or '<br>'}</{tag}>" for line in lines)


def _clock(at: datetime) -> str:
    return f"{at:%H:%M}"


@dataclass(frozen=True)
class Program:
    """`head` is the line above a quoted letter, `block` the lines above a forwarded one."""

    name: str
    head: Callable[[Old], str]
    quoted: Callable[[str, Old], str]  # the HTML of the heading and of what is quoted
    forward_head: Callable[[Old], list[str]]
    forwarded: Callable[[list[str], Lines], str]
    forward_mark: str = ""
    mark: str = "> "
    tag: str = "div"
    inline: bool = True
    below: bool = True  # whether people answer below the quote in it
    head_is_marked: bool = False

    def reply(self, own: Lines, old: Old) -> Written:
        body = marked(old.lines, self.mark) if self.mark else text(old.lines)
        head = marked([self.head(old), ""]) if self.head_is_marked else f"{self.head(old)}\n"
        return Written(f"{text(own)}\n\n{head}\n{body}\n", divs(own, self.tag) + self.quoted(self.head(old), old))

    def answer_below(self, own: Lines, old: Old) -> Written:
        head = marked([self.head(old), ""]) if self.head_is_marked else f"{self.head(old)}\n"
        return Written(
            f"{head}\n{marked(old.lines, self.mark)}\n\n{text(own)}\n",
            self.quoted(self.head(old), old) + divs(own, self.tag),
        )

    def within(self, own: Lines, old: Old) -> Written:
        """Each line of the answer below one of the quoted; those that are left stand at the end."""
        pairs = list(zip(old.lines, own, strict=False))
        plain = "".join(f"{marked([quoted], self.mark)}\n\n{answer}\n\n" for quoted, answer in pairs)
        rest = own[len(pairs) :]
        html = "".join(
            f"<blockquote>{escape(quoted)}</blockquote><div>{escape(answer)}</div>" for quoted, answer in pairs
        )
        return Written(
            f"{self.head(old)}\n\n{plain}{text(rest)}\n",
            f"<div>{escape(self.head(old))}</div>{html}{divs(rest, self.tag)}",
        )

    def forward(self, own: Lines, old: Old) -> Written:
        lines = [*self.forward_head(old), "", *old.lines]
        plain = marked(lines, self.forward_mark) if self.forward_mark else text(lines)
        return Written(
            f"{text(own)}\n\n{plain}\n", divs(own, self.tag) + self.forwarded(self.forward_head(old), old.lines)
        )


def _gmail_head(old: Old) -> str:
    day = f"{SHORT_DAYS[old.at.weekday()]}, {old.at.day} {SHORT[old.at.month - 1]} {old.at.year} г."
    line = f"{day} в {_clock(old.at)}, {old.who}:"
    return line if len(line) < 76 else line.replace(" <", "\n<")


def _gmail_english(old: Old) -> str:
    return (
        f"On {old.at:%a}, {ENGLISH[old.at.month - 1]} {old.at.day}, {old.at.year} at {old.at:%I:%M %p} {old.who} wrote:"
    )


def _gmail_quoted(head: str, old: Old) -> str:
    return (
        '<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">'
        f'{escape(head)}<br></div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{divs(old.lines)}</blockquote></div>'
    )


def _gmail_forward(old: Old) -> list[str]:
    day = f"{SHORT_DAYS[old.at.weekday()]}, {old.at.day} {SHORT[old.at.month - 1]} {old.at.year} г. в {_clock(old.at)}"
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
    day = f"{old.at.day} {MONTHS[old.at.month - 1]} {old.at.year} г. {_clock(old.at)}"
    return [f"От: {old.who}", f"Отправлено: {day}", f"Кому: {old.to}", f"Тема: {old.subject}"]


def _outlook_english(old: Old) -> list[str]:
    return [
        f"From: {old.who}",
        f"Sent: {old.at:%A, %B} {old.at.day}, {old.at.year} {old.at:%I:%M %p}",
        f"To: {old.to}",
        f"Subject: {old.subject}",
    ]


def _outlook_html(head: list[str], lines: Lines) -> str:
    fields = "<br>".join(f"<b>{escape(line.partition(':')[0])}:</b>{escape(line.partition(':')[2])}" for line in head)
    return (
        "<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>"
        f"<p class=MsoNormal>{fields}<o:p></o:p></p></div></div><p class=MsoNormal><o:p>&nbsp;</o:p></p>"
        + "".join(f"<p class=MsoNormal>{escape(line)}<o:p></o:p></p>" for line in lines)
    )


def _owa_html(head: list[str], lines: Lines) -> str:
    fields = "<br>".join(f"<b>{escape(line.partition(':')[0])}:</b>{escape(line.partition(':')[2])}" for line in head)
    return (
        '<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1">'
        f'<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri">{fields}</font><div>&nbsp;</div></div>{divs(lines)}'
    )


def _yandex_head(old: Old) -> str:
    return f'{old.at:%d.%m.%Y}, {_clock(old.at)}, "{old.name}" <{old.email}>:'


def _yandex_forwarded(head: list[str], lines: Lines) -> str:
    return f"{divs(head)}<div>&nbsp;</div>{divs(lines)}<div>-------- Завершение пересылаемого сообщения --------</div>"


def _mailru_head(old: Old) -> str:
    day = f"{DAYS[old.at.weekday()]}, {old.at.day} {MONTHS[old.at.month - 1]} {old.at.year}"
    return f"{day}, {_clock(old.at)} +03:00 от {old.who}:"


def _mailru_quoted(head: str, old: Old) -> str:
    return (
        '<div>&nbsp;</div><blockquote style="border-left:1px solid #0857A6;margin:10px;padding:0 0 0 10px">'
        f'{escape(head)}<br>&nbsp;<div id=""><div class="js-helper js-readmsg-msg">{divs(old.lines)}</div></div></blockquote>'
    )


def _mailru_forward(old: Old) -> list[str]:
    day = f"{DAYS[old.at.weekday()]}, {old.at.day} {MONTHS[old.at.month - 1]} {old.at.year}, {_clock(old.at)} +03:00"
    return [
        "-------- Пересылаемое сообщение --------",
        f"От: {old.who}",
        f"Кому: {old.to}",
        f"Дата: {day}",
        f"Тема: {old.subject}",
    ]


def _apple_head(old: Old) -> str:
    return f"{old.at.day} {SHORT[old.at.month - 1]} {old.at.year} г., в {_clock(old.at)}, {old.who} написал(а):"


def _apple_quoted(head: str, old: Old) -> str:
    return f'<div><br><blockquote type="cite"><div>{escape(head)}</div><br>{divs(old.lines)}</blockquote></div>'


def _apple_forward(old: Old) -> list[str]:
    day = f"{old.at.day} {MONTHS[old.at.month - 1]} {old.at.year} г. в {old.at:%H:%M:%S} GMT+3"
    top = ["Начало переадресованного сообщения:", ""]
    return [*top, f"От: {old.who}", f"Тема: {old.subject}", f"Дата: {day}", f"Кому: {old.to}"]


def _apple_forwarded(head: list[str], lines: Lines) -> str:
    return f'<br><div><blockquote type="cite">{divs(head)}<br>{divs(lines)}</blockquote></div>'


def _bird_head(old: Old) -> str:
    return f"{old.at:%d.%m.%Y} {_clock(old.at)}, {old.name} пишет:"


def _bird_quoted(head: str, old: Old) -> str:
    return (
        f'<div class="moz-cite-prefix">{escape(head)}<br></div><blockquote type="cite">{divs(old.lines)}</blockquote>'
    )


def _bird_forward(old: Old) -> list[str]:
    day = f"{old.at:%a}, {old.at.day} {ENGLISH[old.at.month - 1]} {old.at.year} {old.at:%H:%M:%S} +0300"
    top = "-------- Перенаправленное сообщение --------"
    return [top, f"Тема: \t{old.subject}", f"Дата: \t{day}", f"От: \t{old.who}", f"Кому: \t{old.to}"]


def _bird_forwarded(head: list[str], lines: Lines) -> str:
    rows = "".join(
        f"<tr><th align='RIGHT'>{escape(line.partition(':')[0])}: </th><td>{escape(line.partition(':')[2].strip())}</td></tr>"
        for line in head[1:]
    )
    return (
        f'<div class="moz-forward-container"><br><br>{escape(head[0])}<table class="moz-email-headers-table"><tbody>{rows}'
        f"</tbody></table><br><br>{divs(lines)}</div>"
    )


def _outlook(name: str, block: Callable[[Old], list[str]], html: Callable[[list[str], Lines], str]) -> Program:
    """Nothing tells a quoted line from the writer's own: nobody can answer between them, or below."""
    return Program(
        name,
        lambda old: text(block(old)),
        lambda head, old: html(block(old), old.lines),
        block,
        html,
        mark="",
        tag="p",
        inline=False,
        below=False,
    )


PROGRAMS = (
    Program("Gmail", _gmail_head, _gmail_quoted, _gmail_forward, _gmail_forwarded),
    Program("Gmail in English", _gmail_english, _gmail_quoted, _gmail_forward, _gmail_forwarded),
    _outlook("Outlook", _outlook_block, _outlook_html),
    _outlook("Outlook in English", _outlook_english, _outlook_html),
    _outlook("Outlook on the web", _outlook_block, _owa_html),
    Program(
        "Yandex",
        _yandex_head,
        lambda head, old: f"<div>&nbsp;</div><div>{escape(head)}</div><blockquote>{divs(old.lines)}</blockquote>",
        lambda old: ["-------- Пересылаемое сообщение --------", _yandex_head(old)],
        _yandex_forwarded,
    ),
    Program("Mail.ru", _mailru_head, _mailru_quoted, _mailru_forward, _yandex_forwarded, mark=">", below=False),
    Program(
        "Apple Mail",
        _apple_head,
        _apple_quoted,
        _apple_forward,
        _apple_forwarded,
        forward_mark="> ",
        head_is_marked=True,
    ),
    Program("Thunderbird", _bird_head, _bird_quoted, _bird_forward, _bird_forwarded),
)
