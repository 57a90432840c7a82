"""A counterparty as 1C takes it: which elements are there decides what 1C makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from connectors.onec.commerceml.tree import ID, NAME, Tree, cut, filled, tree
from provodka.accounting import BankAccount, NewCounterparty, PartyKind

_ACCOUNT: Final = re.compile(r"[0-9]{5}[0-9ABCEHKMPTX][0-9]{14}")
_BIC: Final = re.compile(r"\d{9}")
_NAMES: Final = ("Фамилия", "Имя", "Отчество")


def party_node(buyer: NewCounterparty) -> Tree:
    """A firm and an ИП have an official name (an ИП has the ИНН of twelve digits and no КПП), a person the full one."""
    details = _person(buyer) if buyer.kind is PartyKind.PERSON else _firm(buyer)
    contacts = [*_contacts("Почта", buyer.emails), *_contacts("Телефон рабочий", buyer.phones)]
    return tree(
        "Контрагент",
        *filled("Ид", buyer.mark.replace(":", "-"), ID),
        *filled("Наименование", buyer.name or buyer.full_name, NAME),
        *details,
        *([tree("Контакты", *contacts)] if contacts else []),
        tree("Роль", "Покупатель"),
    )


def _firm(buyer: NewCounterparty) -> Iterator[Tree]:
    yield tree("ОфициальноеНаименование", _full_name(buyer))
    yield from _address("ЮридическийАдрес", buyer.address)
    if buyer.inn:
        yield tree("ИНН", buyer.inn)
    if buyer.kpp and buyer.kind is PartyKind.LEGAL:
        yield tree("КПП", buyer.kpp)
    if buyer.account is not None and _ACCOUNT.fullmatch(buyer.account.number) and _BIC.fullmatch(buyer.account.bic):
        yield tree("РасчетныеСчета", _account(buyer.account))


def _person(buyer: NewCounterparty) -> Iterator[Tree]:
    name = _full_name(buyer)
    yield tree("ПолноеНаименование", name)
    words = name.split()
    if 2 <= len(words) <= len(_NAMES):
        yield from (tree(what, word) for what, word in zip(_NAMES, words, strict=False))
    if buyer.inn:
        yield tree("ИНН", buyer.inn)
    yield from _address("АдресРегистрации", buyer.address)


def _contacts(kind: str, values: Iterable[str]) -> Iterator[Tree]:
    for one in values:
        if value := filled("Значение", one, NAME):
            yield tree("Контакт", tree("Тип", kind), *value)


def _full_name(buyer: NewCounterparty) -> str:
    return cut(buyer.full_name, NAME) or cut(buyer.name, NAME) or "Без названия"


def _address(name: str, text: str) -> Iterator[Tree]:
    if line := filled("Представление", text, NAME):
        yield tree(name, *line)


def _account(account: BankAccount) -> Tree:
    correspondent = account.correspondent
    return tree(
        "РасчетныйСчет",
        tree("НомерСчета", account.number),
        tree(
            "Банк",
            *([tree("СчетКорреспондентский", correspondent)] if _ACCOUNT.fullmatch(correspondent) else []),
            *filled("Наименование", account.bank, NAME),
            tree("БИК", account.bic),
        ),
    )
