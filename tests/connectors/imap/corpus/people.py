"""People who write letters: what is true of each, and how they put it down."""

from __future__ import annotations

import random
from dataclasses import dataclass

from stdnum.ru import inn

NAMES = ("Иван", "Пётр", "Мария", "Алексей", "Ольга", "Тимур", "Наталья", "Сергей", "Юлия", "Фёдор")
SURNAMES = ("Калинин", "Мороз", "Щукин", "Петренко", "Чайка", "Жук", "Шульц", "Галиев", "Ким", "Ярош")
FIRMS = ("Вектор", "Ромашка", "ТД Север", "Стройснаб-НН", "Альфа Плюс", "Окна Века", "Южный двор", "Меридиан")
SITES = ("vector", "romashka", "td-sever", "stroysnab", "alfa-plus", "okna", "dvor", "meridian")
CITIES = ("Казань", "Самара", "Нижний Новгород", "Ростов-на-Дону", "Санкт-Петербург", "Уфа")
FREE = ("mail.ru", "yandex.ru", "gmail.com", "bk.ru", "ya.ru")
POSTS = ("Менеджер по закупкам", "Начальник отдела снабжения", "Инженер ПТО", "Главный специалист")
WORDS = (
    "Добрый день!",
    "Нужен расчёт кровли на дом 10 на 12 метров.",
    "Сколько стоит доставка в область?",
    "Пришлите, пожалуйста, счёт на три окна.",
    "Суббота подходит, ждём замерщика после обеда.",
    "Согласен, высылайте договор.",
    "Ещё вопрос: есть ли гарантия на монтаж?",
    "Размеры такие: 1200 x 1400, 2 шт., цена до 15 000 руб.",
    "Смотрели у вас на сайте, цвет RAL 7024.",
    "1. Фальц 0,5 мм",
    "2. Снегозадержатели",
    "- доставка за наш счёт",
    "Письмо от 12.11.2025 получили, спасибо.",
    "Он написал, что от вас ответа не было.",
)
KINDS = ("ООО «{}»", "ООО «{}»", "АО «{}»", "ООО {}", "ИП {1} Пётр Сергеевич", "ИП {1} А. В.")
PHONES = ("+7 {} {}-{}-{}", "8 ({}) {}-{}-{}", "8-{}-{}-{}-{}", "8{}{}{}{}", "+7({}){}{}{}", "+7 {} {} {} {}")
QUOTES = (('"', '"'), ("«", "»"), ("“", "”"))


@dataclass(frozen=True)
class Writer:
    """What is true of somebody; the empty is not told."""

    name: str
    email: str
    phone: str = ""
    company: str = ""
    inn: str = ""
    city: str = ""
    link: str = ""
    signature: tuple[str, ...] = ()
    closing: str = ""  # `regards`, `dashes`, `program` or nothing

    @property
    def domain(self) -> str:
        domain = self.email.partition("@")[2]
        return "" if domain in FREE else domain


def writer(chance: random.Random, *, quotes: tuple[str, str], firm: bool = True) -> Writer:
    """`quotes` are those that the letter's charset has."""
    given, surname = chance.choice(NAMES), chance.choice(SURNAMES)
    name = f"{given} {surname}"
    number = chance.randrange(len(FIRMS))
    phone, written = _phone(chance)
    has_firm = firm and chance.random() < 0.7
    company = chance.choice(KINDS).format(FIRMS[number], surname) if has_firm else ""
    tax = _inn(chance) if has_firm and chance.random() < 0.6 else ""
    city = chance.choice(CITIES) if chance.random() < 0.4 else ""
    domain = f"{SITES[number]}.ru" if has_firm and chance.random() < 0.7 else chance.choice(FREE)
    link = f"www.{SITES[number]}.ru/about" if has_firm and chance.random() < 0.3 else ""
    closing = chance.choice(("regards", "regards", "dashes", "program", ""))
    lines = [
        *([chance.choice(POSTS)] if chance.random() < 0.2 else []),
        name,
        *([company.replace("«", quotes[0]).replace("»", quotes[1])] if company else []),
        *([f"г. {city}, ул. Ленина, 5"] if city else []),
        *(_requisites(chance, tax) if tax else []),
        f"{chance.choice(('тел. ', 'Тел.: ', 'моб. ', ''))}{written}",
        *([link] if link else []),
    ]
    heads = {"regards": ["С уважением,"], "dashes": ["-- "], "program": ["Отправлено с iPhone"], "": []}
    told = closing in ("regards", "dashes")
    return Writer(
        name,
        f"client{chance.randrange(10_000)}@{domain}",
        phone if told else "",
        company if told else "",
        tax if told else "",
        city if told else "",
        link if told else "",
        (*heads[closing], *(lines if told else [])),
        closing,
    )


def words(chance: random.Random, most: int = 5) -> list[str]:
    """Some lines of a letter, each once."""
    return chance.sample(WORDS, chance.randint(1, most))


def _phone(chance: random.Random) -> tuple[str, str]:
    pieces = (
        f"9{chance.randrange(100):02}",
        f"{chance.randrange(1000):03}",
        f"{chance.randrange(100):02}",
        f"{chance.randrange(100):02}",
    )
    return f"+7{''.join(pieces)}", chance.choice(PHONES).format(*pieces)


def _inn(chance: random.Random) -> str:
    nine = f"{chance.choice((16, 34, 52, 63, 77, 78, 97))}{chance.randrange(10**7):07}"
    return nine + str(inn.calc_company_check_digit(nine))


def _requisites(chance: random.Random, tax: str) -> list[str]:
    kpp = f"{tax[:4]}01001"
    return chance.choice(
        [
            [f"ИНН {tax}"],
            [f"ИНН: {tax}, КПП: {kpp}"],
            [f"ИНН/КПП {tax}/{kpp}", "ОГРН 1027700132195", "р/с 40702810900000005555", "БИК 044525225"],
        ]
    )
