"""What CommerceML 2.05 to 2.10 allows in an order of a site: the elements, their order, lengths and types."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

SUM = r"-?\d{1,16}\.\d{2}"
DATE, TIME = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d:\d\d"
FLAG, DIGITS = "true|false", r"\d+"
ACCOUNT = r"\d{5}[\dABCEHKMPTX]\d{14}"
CONTACTS = "Почта|Телефон рабочий|Телефон мобильный|Прочее"


@dataclass(frozen=True)
class One:
    """An element: its text as a pattern and its greatest length, or its children in their order."""

    name: str
    pattern: str = ".*"
    longest: int = 255
    children: tuple = ()
    needed: bool = True
    many: bool = False
    attributes: tuple = ()


def opt(one, *more, **how):
    return One(one, *more, needed=False, **how)


def many(name, *children, needed=False, **how):
    """A group with any number of the same inside."""
    inner = One(name[1], children=children, many=True, **how)
    return One(name[0], children=(inner,), needed=needed)


NAME = One("Наименование")
TAX = (NAME, opt("УчтеноВСумме", FLAG), One("Сумма", SUM), opt("Ставка"))
REQUISITES = many(("ЗначенияРеквизитов", "ЗначениеРеквизита"), NAME, One("Значение", longest=1000))
ADDRESS = (One("Представление"),)
BANK = One("Банк", children=(opt("СчетКорреспондентский", ACCOUNT), opt("Наименование"), One("БИК", r"\d{9}")))
FIRM = (
    One("ОфициальноеНаименование"),
    opt("ЮридическийАдрес", children=ADDRESS),
    opt("ИНН", r"\d{10}|\d{12}"),
    opt("КПП", r"[\dA-Z]{9}"),
    many(("РасчетныеСчета", "РасчетныйСчет"), One("НомерСчета", ACCOUNT), BANK),
)
PERSON = (
    One("ПолноеНаименование"),
    *(opt(one) for one in ("Фамилия", "Имя", "Отчество")),
    opt("ИНН", r"\d{12}"),
    opt("АдресРегистрации", children=ADDRESS),
)
GOODS = (
    opt("Ид", longest=80),
    opt("Артикул"),
    NAME,
    One("БазоваяЕдиница", attributes=("Код", "НаименованиеПолное", "МеждународноеСокращение")),
    many(("СтавкиНалогов", "СтавкаНалога"), NAME, One("Ставка")),
    REQUISITES,
    opt("ЦенаЗаЕдиницу", SUM),
    opt("Количество", r"\d+(\.\d+)?"),
    opt("Сумма", SUM),
    many(("Налоги", "Налог"), *TAX),
    many(("Скидки", "Скидка"), NAME, One("Сумма", SUM), opt("УчтеноВСумме", FLAG)),
)


def document(party):
    contact = many(("Контакты", "Контакт"), One("Тип", CONTACTS), One("Значение"))
    buyer = (opt("Ид", longest=40), opt("Наименование"), *party, contact, One("Роль", "Покупатель"))
    return (
        One("Ид", longest=40),
        One("Номер"),
        One("Дата", DATE),
        One("ХозОперация", "Заказ товара|Счет на оплату"),
        One("Роль", "Продавец"),
        One("Валюта", "[A-Z]{3}"),
        One("Курс"),
        One("Сумма", SUM),
        many(("Контрагенты", "Контрагент"), *buyer, needed=True),
        opt("Время", TIME),
        opt("Комментарий", longest=3000),
        many(("Налоги", "Налог"), *TAX),
        many(("Товары", "Товар"), *GOODS),
        REQUISITES,
    )


def faults(body):
    """What the structure does not allow; empty for a file that is valid."""
    root = etree.fromstring(body)
    found = [] if root.tag == "КоммерческаяИнформация" else [f"root {root.tag}"]
    if root.get("ВерсияСхемы") not in {"2.05", "2.06", "2.07", "2.08", "2.09", "2.10"}:
        found.append(f"version {root.get('ВерсияСхемы')}")
    if not re.fullmatch(f"{DATE}T{TIME}", root.get("ДатаФормирования", "")):
        found.append("ДатаФормирования")
    for one in root:
        party = PERSON if one.find("Контрагенты/Контрагент/ПолноеНаименование") is not None else FIRM
        found += _faults(one, One("Документ", children=document(party)), "")
    return found


def _faults(element, rule, way):
    path = f"{way}/{rule.name}"
    if element.tag != rule.name:
        return [f"{path}: here stands {element.tag}"]
    found = [f"{path}@{one}" for one in element.attrib if one not in rule.attributes]
    if not rule.children:
        text = element.text or ""
        wrong = not text or len(text) > rule.longest or not re.fullmatch(rule.pattern, text, re.DOTALL)
        return [*found, *([f"{path}: «{text[:40]}»"] if wrong else []), *(f"{path}/{one.tag}" for one in element)]
    rest = list(element)
    for child in rule.children:
        mine = 0
        while rest and rest[0].tag == child.name and (child.many or not mine):
            found += _faults(rest.pop(0), child, path)
            mine += 1
        if child.needed and not mine:
            found.append(f"{path}: no {child.name}")
    return [*found, *(f"{path}: {one.tag} stands where it must not" for one in rest)]
