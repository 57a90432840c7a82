"""Names to put in place of those of real people, and how to tell that a word is a name."""

from __future__ import annotations

import re
from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


MEN: Final = _words(
    "Александр Алексей Анатолий Андрей Антон Аркадий Артём Борис Вадим Валентин Валерий Василий Виктор Виталий "
    "Владимир Владислав Вячеслав Геннадий Георгий Глеб Григорий Даниил Денис Дмитрий Евгений Егор Иван Игорь "
    "Илья Кирилл Константин Лев Леонид Максим Марк Матвей Михаил Никита Николай Олег Павел Пётр Роман Руслан "
    "Сергей Станислав Степан Тимофей Тимур Фёдор Филипп Эдуард Юрий Ярослав"
)
WOMEN: Final = _words(
    "Алина Алла Анастасия Ангелина Анна Валентина Валерия Вера Вероника Виктория Галина Дарья Диана Евгения "
    "Екатерина Елена Елизавета Жанна Зинаида Зоя Инна Ирина Карина Кристина Ксения Лариса Лидия Любовь Людмила "
    "Маргарита Марина Мария Надежда Наталия Наталья Нина Оксана Олеся Ольга Полина Раиса Регина Светлана София "
    "Таисия Тамара Татьяна Ульяна Фаина Эльвира Юлия Яна"
)
SURNAMES: Final = _words(
    "Берёзов Ветров Громов Дубов Ельников Жемчугов Зимин Ивушкин Каменев Ледов Морозкин Облаков Полянин Рощин "
    "Снегирёв Туманов Холмов Цветов Черёмухин Яблоков"
)
PATRONYMICS: Final = _words("Андреевич Борисович Викторович Игоревич Львович Олегович Павлович Романович")
FOREIGN: Final = _words("Alder Birch Cedar Elm Fern Hazel Ivy Linden Maple Rowan Sage Willow")
_PATRONYMIC: Final = re.compile(r"\w{2,}(?:(?:[оеё]вич|ьич)(?:[ауе]|ем)?|(?:[оеё]вн|ичн)[аеуы])", re.IGNORECASE)
_FEMALE_PATRONYMIC: Final = re.compile(r"\w{2,}(?:[оеё]вн|ичн)\w{0,2}", re.IGNORECASE)
_CASE: Final = re.compile(r"(?:ым|ом|ем)$")
_VOWELS: Final = "аяйьоеуыюи"
_CASES: Final = {
    "а": ("а", "ы", "и", "е", "у", "ой", "ою"),
    "я": ("я", "и", "е", "ю", "ей", "ею"),
    "й": ("й", "я", "ю", "ем", "е", "и"),
    "ь": ("ь", "я", "ю", "ем", "е", "и", "ью"),
}
_CONSONANT: Final = ("", "а", "у", "ом", "ем", "е")
_STEMS: Final = {"петр": "петр", "павел": "павл", "лев": "льв"}  # those that change within


def _folded(word: str) -> str:
    return word.casefold().replace("ё", "е")


def _forms(name: str) -> set[str]:
    """A first name in all its cases."""
    folded = _folded(name)
    stem = _STEMS.get(folded, folded if folded[-1] not in _CASES else folded[:-1])
    return {folded, *(stem + end for end in _CASES.get(folded[-1], _CONSONANT))}


_MEN: Final = {form: _folded(name) for name in MEN for form in _forms(name)}
_WOMEN: Final = {form: _folded(name) for name in WOMEN for form in _forms(name)}


def stem(word: str) -> str:
    """What the cases of a name share: «Мария», «Марии», «Марию»."""
    folded = _folded(word)
    short = _CASE.sub("", folded).rstrip(_VOWELS)
    return _WOMEN.get(folded) or _MEN.get(folded) or (short if len(short) >= 3 else folded)


def is_name(word: str) -> bool:
    """Whether a word is, in some case, a usual first name or a patronymic."""
    folded = _folded(word)
    return folded in _MEN or folded in _WOMEN or _PATRONYMIC.fullmatch(word) is not None


def another(word: str, number: int) -> str:
    """A made-up name of the same sort as a real one: first name, patronymic or surname, a man's or a woman's."""
    folded = _folded(word)
    if _PATRONYMIC.fullmatch(word):
        found = PATRONYMICS[number % len(PATRONYMICS)]
        return found.removesuffix("ич") + "на" if _FEMALE_PATRONYMIC.fullmatch(word) else found
    if folded in _WOMEN:
        return WOMEN[number % len(WOMEN)]
    if folded in _MEN:
        return MEN[number % len(MEN)]
    if not re.search("[а-я]", folded):
        return FOREIGN[number % len(FOREIGN)]
    surname = SURNAMES[number % len(SURNAMES)]
    return f"{surname}а" if re.search(r"(?:ов|ев|ин)(?:а|у|ой)$|(?:ая|ой|ую)$", folded) else surname
