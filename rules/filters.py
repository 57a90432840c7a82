"""The filters of texts: values as people in Russia write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import phonenumbers
from jinja2 import Undefined

from provodka.russian import NBSP, day_and_month, grouped, noun
from provodka.wording import did_you_mean
from rules.dictionaries import Dictionary
from rules.figures import percent as share
from rules.moments import Span, span
from rules.text import fold, missing, number

LOOKUP: Final = "lookup"
MENTIONED: Final = "mentioned"
_WEEKDAYS: Final = ("понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье")


def phone(value: object) -> str:
    """`+79160001122` as people write it, `+7 916 000-11-22`; anything else stays as it is."""
    parsed = _number(value)
    if parsed is None:
        return str(value)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def country(value: object) -> str:
    """The country of a phone, as Russians call it («Казахстан»); empty for what is no phone or of no one country."""
    parsed = _number(value)
    if parsed is None:
        return ""
    from phonenumbers import geocoder  # not above: its tables take 60 MB, which only who asks pays

    return geocoder.country_name_for_number(parsed, "ru")


def region(value: object) -> str:
    """Where a fixed phone is («Свердловская обл»); empty where its number does not tell, as of all mobile ones."""
    parsed = _number(value)
    if parsed is None:
        return ""
    from phonenumbers import geocoder

    found = geocoder.description_for_number(parsed, "ru")
    return "" if found == geocoder.country_name_for_number(parsed, "ru") else found


def timezone(value: object) -> str:
    """The time zone of a phone (`Asia/Yekaterinburg`); empty where its number fits several, as Russian mobile ones."""
    parsed = _number(value)
    if parsed is None:
        return ""
    from phonenumbers import timezone as zones

    found = [zone for zone in zones.time_zones_for_number(parsed) if zone != zones.UNKNOWN_TIMEZONE]
    return found[0] if len(found) == 1 else ""


def money(value: object, currency: str = "₽", kopecks: bool | None = None) -> str:
    """`12500` as `12 500 ₽`, with unbreakable blanks; kopecks where there are any, or as `kopecks` says."""
    amount = _amount(value, "a sum")
    if kopecks is None:
        kopecks = amount != amount.to_integral_value()
    return f"{grouped(amount, 2 if kopecks else 0)} {currency}".strip().replace(" ", NBSP)


def plural(value: object, one: str, few: str, many: str) -> str:
    """A number with its noun: `3 | plural('заявка', 'заявки', 'заявок')` is «3 заявки»; a fraction takes `few`."""
    amount = _amount(value, "a number")
    if amount != amount.to_integral_value():
        return f"{grouped(amount, None)}{NBSP}{few}"
    return f"{grouped(amount, 0)}{NBSP}{noun(int(amount), one, few, many)}"


def truncate(value: object, length: int = 100, end: str = "…") -> str:
    """At most `length` characters with `end`, cut between words; a single longer word is cut inside."""
    text = str(value)
    if len(text) <= length:
        return text
    room = max(length - len(end), 0)
    cut = text[:room]
    if not text[room].isspace() and len(cut.split()) > 1:
        cut = cut.rsplit(maxsplit=1)[0]
    return f"{cut.rstrip()}{end}"


def default(value: object, other: object = "", boolean: bool = False) -> object:
    """`other` for what is absent or empty; zero and «no» are values. With `boolean`, for these too."""
    if isinstance(value, Undefined) or value is None or (isinstance(value, str) and not value.strip()):
        return other
    if isinstance(value, list | tuple | dict) and not value:
        return other
    return other if boolean and not value else value


def lacking(fields: object, names: str | list[str]) -> list[str]:
    """Which of these fields have no value: `lead.fields | missing(['Площадь', 'Срок'])`."""
    if not isinstance(fields, Mapping):
        raise TypeError("«missing» asks fields, for example lead.fields")
    return missing(fields, [names] if isinstance(names, str) else names)


def by_stage(items: Iterable[Any], stages: str | list[str]) -> list[Any]:
    """Leads, or tasks of leads, in the order in which they are to be worked on: `by_stage(['КП ГОТОВО', 'ГОРЯЧИЕ'])`.

    Those on the stages named come first, in the order of the stages; on the same stage the greater price first.
    """
    order = [fold(stage) for stage in ([stages] if isinstance(stages, str) else stages)]

    def place(item: Any) -> tuple[int, Decimal]:  # noqa: ANN401 -- a lead, or a task with a lead
        lead = getattr(item, "lead", item)
        stage = fold(lead.stage)
        return order.index(stage) if stage in order else len(order), -lead.price

    return sorted(items, key=place)


def percent(value: object, whole: object) -> int:
    """How many percent of the whole it is, a whole number: `figures.month.revenue | percent(plans.выручка)`."""
    return share(_amount(value, "a number"), _amount(whole, "a number"))


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "phone": phone,
    "country": country,
    "region": region,
    "timezone": timezone,
    "money": money,
    "plural": plural,
    "truncate": truncate,
    "default": default,
    "d": default,
    "fold": fold,
    "missing": lacking,
    "by_stage": by_stage,
    "percent": percent,
}


def lookup_filter(dictionaries: Mapping[str, Dictionary]) -> Mapping[str, Callable[..., str]]:
    """The filters that ask a dictionary of the config; which one is checked before the start."""

    def asked(dictionary: str) -> Dictionary:
        found = dictionaries.get(dictionary)
        if found is None:
            raise ValueError(unknown_dictionary(dictionary, dictionaries))
        return found

    def lookup(value: object, dictionary: str) -> str:
        """What the dictionary says of a value: `'мск' | lookup('Города')` is «Москва»."""
        return asked(dictionary).look_up(value)

    def mentioned(value: object, dictionary: str) -> str:
        """What the words of a text mean: `'Нужны подшипники' | mentioned('Товары')`."""
        return asked(dictionary).mentioned_in(value)

    return {LOOKUP: lookup, MENTIONED: mentioned}


def unknown_dictionary(name: str, known: Mapping[str, Dictionary]) -> str:
    """What to say of a dictionary that the config does not have."""
    return f"there is no dictionary «{name}» ({did_you_mean(name, known) or 'write it under dictionaries:'})"


def date_filters(zone: ZoneInfo) -> Mapping[str, Callable[..., str]]:
    """The filters that show a moment on the clocks of `zone`; a text that spells a date will do as well."""

    def date(value: object, form: str = "") -> str:
        """«05.12.2026 14:30», or by the form of `strftime`; a date alone is shown without hours."""
        found = _span(value, zone)
        usual = "%d.%m.%Y %H:%M" if found.begin == found.end else "%d.%m.%Y"
        return found.begin.astimezone(zone).strftime(form or usual)

    def day(value: object, year: bool = False) -> str:
        """«5 декабря», with `year` «5 декабря 2026»."""
        moment = _moment(value, zone)
        shown = day_and_month(moment)
        return f"{shown} {moment.year}" if year else shown

    def time(value: object) -> str:
        """«14:30»."""
        return _moment(value, zone).strftime("%H:%M")

    def weekday(value: object) -> str:
        """«суббота»."""
        return _WEEKDAYS[_moment(value, zone).weekday()]

    return {"date": date, "day": day, "time": time, "weekday": weekday}


def _number(value: object) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(str(value), None)
    except phonenumbers.NumberParseException:
        return None


def _moment(value: object, zone: ZoneInfo) -> datetime:
    return _span(value, zone).begin.astimezone(zone)


def _span(value: object, zone: ZoneInfo) -> Span:
    found = span(value, zone)
    if found is None:
        raise ValueError(f"«{value}» is not a date")
    return found


def _amount(value: object, what: str) -> Decimal:
    amount = number(value)
    if amount is None:
        raise ValueError(f"«{value}» is not {what}")
    return amount
