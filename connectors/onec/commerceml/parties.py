"""A counterparty as 1C takes it: which elements are there decides what 1C makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from connectors.onec.commerceml.tree import ID, NAME, Tree, cut, tree
from provodka.accounting import BankAccount, NewCounterparty, PartyKind

_ACCOUNT: Final = re.compile(r"[0-9]{5}[0-9ABCEHKMPTX][0-9]{14}")
_BIC: Final = re.compile(r"\d{9}")
_NAMES: Final = ("Фамилия", "Имя", "Отчество")


def party_node(buyer: NewCounterparty) -> Tree:
    """A firm and an ИП have an official name (an ИП has the ИНН of twelve digits and no КПП), a person the full one."""
    details = _person(buyer) if buyer.kind is PartyKind.PERSON else _firm(buyer)
    contacts = [("Почта", one) for one in buyer.emails] + [("Телефон рабочий", one) for one in buyer.phones]
    return tree(
        "Контрагент",
        tree("Ид", cut(buyer.mark.replace(":", "-"), ID)),
        tree("Наименование", cut(buyer.name or buyer.full_name, NAME)),
        *details,
        *([tree("Контакты", *(_contact(*one) for one in contacts))] if contacts else []),
        tree("Роль", "Покупатель"),
    )


def _firm(buyer: NewCounterparty) -> Iterator[Tree]:
    yield tree("ОфициальноеНаименование", cut(buyer.full_name or buyer.name, NAME))
    if buyer.address:
        yield _address("ЮридическийАдрес", buyer.address)
    if buyer.inn:
        yield tree("ИНН", buyer.inn)
    if buyer.kpp and buyer.kind is PartyKind.LEGAL:
        yield tree("КПП", buyer.kpp)
    if buyer.account is not None and _ACCOUNT.fullmatch(buyer.account.number) and _BIC.fullmatch(buyer.account.bic):
        yield tree("РасчетныеСчета", _account(buyer.account))


def _person(buyer: NewCounterparty) -> Iterator[Tree]:
    name = cut(buyer.full_name or buyer.name, NAME)
    yield tree("ПолноеНаименование", name)
    words = name.split()
    if 2 <= len(words) <= len(_NAMES):
        yield from (tree(what, word) for what, word in zip(_NAMES, words, strict=False))
    if buyer.inn:
        yield tree("ИНН", buyer.inn)
    if buyer.address:
        yield _address("АдресРегистрации", buyer.address)


def _address(name: str, text: str) -> Tree:
    return tree(name, tree("Представление", cut(text, NAME)))


def _account(account: BankAccount) -> Tree:
    correspondent = account.correspondent
    return tree(
        "РасчетныйСчет",
        tree("НомерСчета", account.number),
        tree(
            "Банк",
            *([tree("СчетКорреспондентский", correspondent)] if _ACCOUNT.fullmatch(correspondent) else []),
            *([tree("Наименование", cut(account.bank, NAME))] if account.bank else []),
            tree("БИК", account.bic),
        ),
    )


def _contact(kind: str, value: str) -> Tree:
    return tree("Контакт", tree("Тип", kind), tree("Значение", cut(value, NAME)))
