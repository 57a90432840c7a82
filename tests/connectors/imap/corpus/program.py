"""What a mail program is, as far as letters show it: how it sets off the one that is answered or passed on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

DAYS = ("Понедельник", "Вторник", "Среда", "Четверг", "Пятница", "Суббота", "Воскресенье")
SHORT_DAYS = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")
MONTHS = (
    *("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа"),
    *("сентября", "октября", "ноября", "декабря"),
)
SHORT = ("янв.", "февр.", "мар.", "апр.", "мая", "июн.", "июл.", "авг.", "сент.", "окт.", "нояб.", "дек.")
ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Lines = Sequence[str]


@dataclass(frozen=True)
class Old:
    """The letter that is answered or passed on."""

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


def clock(at: datetime) -> str:
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
    flowed: bool = False  # RFC 3676: a line that goes on in the next one ends in a blank

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
            f"{divs(self.head(old).split(chr(10)))}{html}{divs(rest, self.tag)}",
        )

    def forward(self, own: Lines, old: Old) -> Written:
        lines = [*self.forward_head(old), "", *old.lines]
        plain = marked(lines, self.forward_mark) if self.forward_mark else text(lines)
        return Written(
            f"{text(own)}\n\n{plain}\n", divs(own, self.tag) + self.forwarded(self.forward_head(old), old.lines)
        )
