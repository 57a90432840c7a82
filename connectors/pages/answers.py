"""What people typed into a form of ours: each answer with the mistake in it, if there is one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import urlencode

from connectors.marks import utm_from_url
from connectors.pages.fields import CONSENT, FieldSettings
from provodka import identity
from provodka.payloads import Form, Person, Utm

YES: Final = "да"
_LONGEST: Final = {"long": 5000}
_USUALLY: Final = 300
_MAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


@dataclass(frozen=True, slots=True)
class Answers:
    """`typed` is what stands in the fields, as it was typed; `values` what is meant by it; `errors` by field name;
    `stamp` is that of the page that was opened."""

    typed: dict[str, list[str]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    stamp: str = ""


def read(fields: Sequence[FieldSettings], posted: Mapping[str, Any], *, consent: bool) -> Answers:
    """The answers to these fields; what the form does not ask for is left out."""
    found = Answers()
    for one in fields:
        typed = [text for text in _texts(posted.get(one.key)) if text]
        found.typed[one.key] = typed
        value, error = _answer(one, typed)
        if error:
            found.errors[one.key] = error
        elif value:
            found.values[one.key] = value
    if consent:
        found.typed[CONSENT] = [text for text in _texts(posted.get(CONSENT)) if text]
        if not found.typed[CONSENT]:
            found.errors[CONSENT] = "Без согласия мы не можем принять ответы"
    if not found.values and not found.errors:
        found.errors[fields[0].key] = "Заполните хотя бы одно поле"
    return found


def person_of(fields: Sequence[FieldSettings], values: Mapping[str, str]) -> Person:
    """Who filled it in."""
    means = _by_meaning(fields, values)
    name = " ".join(dict.fromkeys((*means.get("name", ()), *means.get("surname", ()))))
    phones = (identity.phone(text) for text in means.get("phone", ()))
    emails = (identity.email(text) for text in means.get("email", ()))
    return Person(name, tuple(dict.fromkeys(filter(None, phones))), tuple(dict.fromkeys(filter(None, emails))))


def form_of(fields: Sequence[FieldSettings], values: Mapping[str, str], title: str, page: str) -> Form:
    """The rest of what was filled in."""
    plain = {one.key: values[one.key] for one in fields if one.key in values and one.meaning is None}
    comment = "\n".join(_by_meaning(fields, values).get("comment", ()))
    return Form(name=title, page=page, comment=comment, fields=plain)


def marks_of(query: Mapping[str, str]) -> Utm:
    """The marks and click ids of the page's address."""
    return utm_from_url(f"?{urlencode(query)}")


def _by_meaning(fields: Sequence[FieldSettings], values: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in fields:
        if one.meaning is not None and one.key in values:
            found.setdefault(one.meaning, []).append(values[one.key])
    return found


def _texts(value: object) -> list[str]:
    many = value if isinstance(value, list) else [value]
    return [str(one).strip() for one in many if isinstance(one, str | int | float) and not isinstance(one, bool)]


def _answer(one: FieldSettings, typed: Sequence[str]) -> tuple[str, str]:
    """What is meant, and what is wrong with it."""
    if not typed:
        return "", _missing(one) if one.required else ""
    if one.kind == "consent":
        return YES, ""
    if one.kind in ("choice", "several"):
        chosen = typed if one.kind == "several" else typed[:1]
        return (", ".join(chosen), "") if set(chosen) <= set(one.options) else ("", "Выберите из списка")
    text, longest = typed[0], _LONGEST.get(one.kind, _USUALLY)
    if len(text) > longest:
        return "", f"Слишком длинно: не больше {longest} знаков"
    match one.kind:
        case "phone":
            return (text, "") if identity.phone(text) else ("", "Это не похоже на номер: пример — +7 916 000‑11‑22")
        case "email":
            right = _MAIL.fullmatch(text) and identity.email(text)
            return (text, "") if right else ("", "Это не похоже на адрес: пример — name@example.ru")
        case "number":
            return _number(text)
        case "date":
            return _date(text)
    return text, ""


def _missing(one: FieldSettings) -> str:
    if one.kind == "consent":
        return "Без этого мы не можем принять ответы"
    return "Выберите ответ" if one.options else "Заполните это поле"


def _number(text: str) -> tuple[str, str]:
    plain = re.sub(r"\s", "", text).replace(",", ".")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return "", "Напишите число, например 12 или 3,5"
    return (plain, "") if number.is_finite() else ("", "Напишите число, например 12 или 3,5")


def _date(text: str) -> tuple[str, str]:
    """As `2026-03-10`, whichever way it was typed."""
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            found: date = datetime.strptime(text, form).date()  # noqa: DTZ007 -- a day has no time zone
        except ValueError:
            continue
        return found.isoformat(), ""
    return "", "Напишите дату, например 10.03.2026"
