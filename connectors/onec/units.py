"""Units of measure with their codes of ОКЕИ, by the short names that people write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Unit:
    """`code` is that of ОКЕИ, empty for a unit that we do not know; `mark` the international letters."""

    short: str
    code: str = ""
    full: str = ""
    mark: str = ""

    @property
    def of_service(self) -> bool:
        """What is counted in it is a service: hours, days, months, conventional units."""
        return self.code in _OF_SERVICES


_KNOWN: Final = (
    (("шт",), Unit("шт", "796", "Штука", "PCE")),
    (("м", "метр"), Unit("м", "006", "Метр", "MTR")),
    (("см",), Unit("см", "004", "Сантиметр", "CMT")),
    (("км",), Unit("км", "008", "Километр", "KMT")),
    (("пог м", "пм", "мп"), Unit("пог. м", "018", "Погонный метр")),
    (("м2", "м²", "кв м"), Unit("м2", "055", "Квадратный метр", "MTK")),
    (("м3", "м³", "куб м"), Unit("м3", "113", "Кубический метр", "MTQ")),
    (("л", "литр"), Unit("л", "112", "Литр", "LTR")),
    (("г", "гр"), Unit("г", "163", "Грамм", "GRM")),
    (("кг",), Unit("кг", "166", "Килограмм", "KGM")),
    (("т", "тн"), Unit("т", "168", "Тонна", "TNE")),
    (("ч", "час"), Unit("ч", "356", "Час", "HUR")),
    (("сут", "дн", "день"), Unit("сут", "359", "Сутки", "DAY")),
    (("мес", "месяц"), Unit("мес", "362", "Месяц", "MON")),
    (("лист", "л/ст"), Unit("лист", "625", "Лист")),
    (("пар", "пара"), Unit("пар", "715", "Пара", "NPR")),
    (("рул", "рулон"), Unit("рул", "736", "Рулон", "NPL")),
    (("упак", "уп"), Unit("упак", "778", "Упаковка", "NMP")),
    (("компл", "комплект", "кт"), Unit("компл", "839", "Комплект")),
    (("усл ед", "усл", "услуга"), Unit("усл. ед", "876", "Условная единица")),
)
_OF_SERVICES: Final = frozenset({"356", "359", "362", "876"})
_BY_NAME: Final = {name: unit for names, unit in _KNOWN for name in names}


def unit_of(written: str) -> Unit:
    """The unit that people call so; pieces where nothing is written."""
    bare = " ".join(written.lower().replace(".", " ").split())
    return _BY_NAME.get(bare or "шт") or Unit(written.strip())
