"""What a letter tells of its writer: firm, numbers, town, links. Absent rather than wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from connectors.imap.signature import searched, signature_of
from provodka import taxpayer
from provodka.mail import Said

MOST_LINKS: Final = 20
LONGEST_POST: Final = 60

_FREE: Final = """
mail.ru bk.ru list.ru inbox.ru internet.ru xmail.ru vk.com ya.ru narod.ru rambler.ru lenta.ru autorambler.ru
myrambler.ru ro.ru rambler.ua qip.ru pochta.ru mail.ua ukr.net i.ua tut.by sibmail.com gmail.com googlemail.com
outlook.com hotmail.com hotmail.ru live.com live.ru msn.com icloud.com me.com mac.com aol.com proton.me pm.me
protonmail.com mail.com gmx.com gmx.de gmx.net tutanota.com zoho.com yahoo.com ymail.com rocketmail.com
"""
FREE: Final = frozenset(_FREE.split())
"""Domains that anybody can have an address in; those of Yandex and Yahoo in other countries besides."""
_FREE_NAMES: Final = ("yandex", "yahoo")

_FORM: Final = r"(?:ООО|ОАО|ЗАО|ПАО|НАО|АО|ГК|ТД|НПО|НПП|НПФ|ПКФ|ТПК|АНО|НКО|ТСЖ|СНТ|ФГУП|ГУП|МУП|ГБУ|МБУ|ФГБУ|КФХ|СПК)"
_OPEN: Final = "«\"“„'"
_CLOSE: Final = "»\"”“'"
_QUOTED_FIRM = re.compile(
    rf"\b(?P<form>{_FORM})\s?[{_OPEN}]\s?(?P<name>[^\n{_OPEN}{_CLOSE}]{{1,80}}"
    rf"(?:[{_OPEN}][^\n{_OPEN}{_CLOSE}]{{1,60}}[{_CLOSE}]?)?[^\n{_OPEN}{_CLOSE}]{{0,40}})\s?[{_CLOSE}]{{1,2}}"
)
_BARE_NAME: Final = r"[А-ЯЁA-Z][\w-]*(?:(?: [А-ЯЁA-Z0-9][\w-]*){2,3}| [\w-]+)?"
_BARE_FIRM = re.compile(rf"(?P<form>{_FORM}) (?P<name>{_BARE_NAME})")
_PATRONYMIC: Final = r"(?:[А-ЯЁ]\. ?[А-ЯЁ]\.|[А-ЯЁ][а-яё]+ [А-ЯЁ][а-яё]+(?:вич|вна|ич|кызы|оглы))"
_ENTREPRENEUR = re.compile(rf"\bИП (?P<name>[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)? {_PATRONYMIC})(?!\w)")
_LABEL: Final = (
    r"[ \t>*•-]*(?:наша )?(?:компания|организация|фирма|юр(?:идическое)?\.? ?лицо|плательщик|company|заказчик)"
)
_LABELLED = re.compile(rf"^{_LABEL}[ \t*]*[:|=-][ \t*]*(?P<value>[^\n]{{2,120}})$", re.MULTILINE | re.IGNORECASE)
_SPEAKS = re.compile(
    r"(?:\bмы(?:\s?[,—–-]|\s+из|\s+представляем|\s+компания|\s)|\bя\s+(?:из|представляю|работаю\s+в)|\bнаш(?:а|ей|у|е)?\s+"
    r"(?:компани\w|организаци\w|фирм\w|предприяти\w)\w?|\b(?:пишу|пишем)\s+(?:вам\s+)?(?:из|от)|\b(?:от\s+(?:имени|лица))"
    r"|\bсч[её]т\s+(?:на|для)|\bреквизиты)[\s:—–-]*(?:компани[ияюей]{1,2}\s+|организаци[ияюей]{1,2}\s+|фирм[аыуе]\s+)?$",
    re.IGNORECASE,
)
_INN = re.compile(r"\bИНН(?:\s?/\s?КПП)?[\s:№.*|=-]{0,5}(\d{12}|\d{10})(?!\d)", re.IGNORECASE)
_KPP = re.compile(r"\bКПП[\s:№.*|=-]{0,5}(\d{9})(?!\d)|\bИНН\s?/\s?КПП[\s:№.*|=-]{0,5}\d{10}\s?/\s?(\d{9})(?!\d)", re.I)
_CITY = re.compile(
    r"(?:^|[,:;(|]|\d{6})[ \t]*(?:г\.[ \t]?|город[ \t]+)(?P<city>[А-ЯЁ][а-яё]+(?:[- ](?:на-)?[А-ЯЁ][а-яё]+)?)"
    r"(?=[ \t]*(?:[,.;)|]|$|(?:ул|пр|пер|наб|шоссе|д)\b))",
    re.MULTILINE,
)
_LINK = re.compile(r"\b(?:https?://|www\.)[^\s<>\"'«»|]{3,1000}", re.IGNORECASE)


def read_said(text: str, email: str) -> Said:
    """What the words of a letter and the address of its writer tell."""
    text = searched(text)
    return Said(
        company=_company(text),
        inn=_only(found for each in _INN.findall(text) if (found := taxpayer.inn(each))),
        kpp=_only(found for pair in _KPP.findall(text) if (found := taxpayer.kpp("".join(pair)))),
        city=_only(each["city"] for each in _CITY.finditer(text)),
        domain=_domain(email),
        links=tuple(dict.fromkeys(_links(text)))[:MOST_LINKS],
    )


def _only(found: Iterable[str]) -> str:
    """What is said, where only one thing is: of two numbers nobody can tell which is the writer's."""
    different = list(dict.fromkeys(found))
    return different[0] if len(different) == 1 else ""


def _company(text: str) -> str:
    """Of what the writer calls so, else of the signature, else of «мы — ООО «Ромашка»»; never a firm that is only
    spoken of, or to."""
    labelled = [
        firm for line in _LABELLED.finditer(text) if (firm := _firm_of_line(line["value"]) or _quoted(line["value"]))
    ]
    signed = [firm for line in _last_lines(text) if (firm := _firm_of_line(line))]
    spoken = [
        _written(each)
        for each in _QUOTED_FIRM.finditer(text)
        if _SPEAKS.search(text[max(0, each.start() - 60) : each.start()])
    ]
    return _only(labelled) or _only(signed) or _only(spoken)


def _last_lines(text: str) -> list[str]:
    """The signature; without one the last lines, but not the first of all: there stands who is written to."""
    if signature := signature_of(text):
        return signature.split("\n")
    return [line for line in text.split("\n") if line.strip()][1:][-8:]


def _firm_of_line(line: str) -> str:
    """The firm of a line that holds nothing else, but for a post before it («директор ООО «Вектор»»)."""
    line = line.strip(" \t>*•,;")
    if entrepreneur := _ENTREPRENEUR.search(line):
        return f"ИП {entrepreneur['name']}" if _fills(entrepreneur, line) else ""
    if quoted := _QUOTED_FIRM.search(line):
        return _written(quoted) if _fills(quoted, line) else ""
    bare = _BARE_FIRM.fullmatch(line.rstrip("."))
    return f"{bare['form']} {bare['name']}" if bare else ""


def _fills(found: re.Match[str], line: str) -> bool:
    return not line[found.end() :].strip(" .,;") and found.start() < LONGEST_POST


def _quoted(value: str) -> str:
    found = _QUOTED_FIRM.search(value)
    return _written(found) if found else ""


def _written(found: re.Match[str]) -> str:
    """One way to write it, whatever the quotes were: ООО «Ромашка»."""
    name = re.sub(rf"[{_OPEN}]([^{_OPEN}{_CLOSE}]+)[{_CLOSE}]?", r"«\1»", found["name"].strip())
    return f"{found['form']} «{name}»"


def _domain(email: str) -> str:
    domain = email.rpartition("@")[2]
    free = domain in FREE or any(domain.startswith(f"{name}.") for name in _FREE_NAMES)
    return "" if free else domain


def _links(text: str) -> Iterator[str]:
    for found in _LINK.finditer(text):
        link = found.group().rstrip(".,;:!?)]}*_")
        yield link if "(" not in link or found.group()[len(link) : len(link) + 1] != ")" else f"{link})"
