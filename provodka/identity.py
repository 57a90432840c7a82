"""Phones and emails in one form: E.164 and lower case, so that the same person is the same everywhere."""

from __future__ import annotations

import re

import phonenumbers

_NOT_A_PHONE = re.compile(r"sip:|anonymous|unknown|restricted|private|скрыт|аноним", re.IGNORECASE)
# bounded, and begun only where a word begins: else a long run of letters costs its square
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
# a number in Russia or Kazakhstan as people write it: 7 or 8, then ten digits that do not begin with 0-2
_RUSSIAN = re.compile(r"\s*(?:\+?7|8)[\s().-]*[3-9](?:[\s().-]*\d){9}\s*")


def phone(text: str, region: str = "RU") -> str:
    """E.164 of what a person or a telephone exchange wrote («8 (916) 000-11-22»), or an empty string.

    Internal numbers, SIP addresses and hidden callers are not phones. Ten digits beginning with 9 are a Russian
    mobile number without its prefix.
    """
    if not text or _NOT_A_PHONE.search(text):
        return ""
    digits = re.sub(r"\D", "", text)
    if len(digits) < 7:
        return ""
    if region == "RU" and _RUSSIAN.fullmatch(text):
        return f"+7{digits[-10:]}"  # nearly all are; the library takes twenty times as long
    if region == "RU" and not text.strip().startswith("+"):
        if len(digits) == 11 and digits[0] in "78":
            text = "+7" + digits[1:]
        elif len(digits) == 10:
            text = "+7" + digits
        elif len(digits) > 11:
            text = "+" + digits
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email(text: str) -> str:
    """The first address in the text in lower case, or an empty string."""
    found = _EMAIL.search(text)
    return found.group().lower().rstrip(".") if found else ""


def phones_in(text: str, region: str = "RU") -> tuple[str, ...]:
    """Every phone that stands in a running text, once each, in order."""
    found: dict[str, None] = {}
    for match in phonenumbers.PhoneNumberMatcher(text, region):
        found[phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)] = None
    return tuple(found)


def emails_in(text: str) -> tuple[str, ...]:
    """Every email address that stands in a running text, once each, in order."""
    return tuple(dict.fromkeys(m.group().lower().rstrip(".") for m in _EMAIL.finditer(text)))
