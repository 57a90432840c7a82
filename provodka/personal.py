"""Finds phones and emails in running text and masks them.

What is a phone. With a plus, or grouped as people group phones: whatever can be one. Bare digits: 11 that begin with
7 or 8, 10 that begin with 9, 8, 4 or 3 (8 not where an id is announced: `telegram:8123456789`), 12 that begin with the
code of a neighbour country, and 810 with what follows.
A number that stands alone as a JSON number is taken for a phone only where it is a whole Russian number or a mobile
one without its prefix (10 digits that begin with 9). So Unix seconds and milliseconds, the CRM's ids, Telegram's
ids, UUIDs, long hexadecimal ids, dates and network addresses stay readable. In doubt it is masked: a taxpayer's
number that begins with 97 is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias
from urllib.parse import unquote

Tag: TypeAlias = Callable[[str], str]

_DOTS: Final = "•••"

# Everything below is bounded, so the work is linear in the text. Separators as they stand in plain text, and those
# of texts that are URL-encoded, JSON or HTML.
_SIGNS: Final = r"[\s\-().+/*_·\u00a0\u2000-\u2015\u202f\u2060\u2212]"
_PLAIN: Final = _SIGNS + "{0,5}+"
_URL_SIGNS: Final = r"%20|%28|%29|%2[BbDdEeFf]|%[Cc]2%(?:[Aa]0|[Bb]7)|%[Ee]2%80%[89][0-9A-Fa-f]|%[Ee]2%88%92"
_JSON_SIGNS: Final = r"\\u00(?:a0|b7)|\\u20[01][0-9a-fA-F]|\\u202f|\\u2212|\\[nrt]|\\/"
_ENCODED: Final = rf"(?:{_SIGNS}|{_URL_SIGNS}|{_JSON_SIGNS}|&nbsp;){{0,5}}+"
_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_LONG_HEX: Final = r"(?<![0-9A-Za-z])(?=\d{0,64}[a-fA-F])[0-9a-fA-F]{16,128}(?![0-9A-Za-z])"
_UUID: Final = r"(?<![0-9A-Za-z])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![0-9A-Za-z])"
_OUR_MASK: Final = r"•••(?:\d{2,4}|\.[\w-]{1,24})#[0-9a-f]{8}"
_NOT_A_PHONE: Final = "|".join(
    (
        _OUR_MASK,
        _UUID,
        _LONG_HEX,
        r"(?<!\d)(?:19|20)\d\d(?P<iso>[-./])[01]?\d(?P=iso)[0-3]?\d(?!\d)",
        r"(?<!\d)[0-3]?\d(?P<our>[-./])[01]?\d(?P=our)(?:19|20)\d\d(?!\d)",
        rf"(?<![\d.])(?:{_OCTET}\.){{3}}{_OCTET}(?!\d|\.\d)",
    )
)
_START: Final = r"(?:(?<!\d)|(?<=%[0-9A-Fa-f]\d)|(?<=\\u[0-9A-Fa-f]{3}\d))"


def _phones(separator: str) -> re.Pattern[str]:
    def digits(least: int, most: int | None = None) -> str:
        return rf"(?:{separator}\d){{{least}{'' if most is None else f',{most}'}}}"

    forms = (
        rf"(?:\+|%2[Bb]){separator}7{digits(10)}(?!\d)",
        rf"(?:\+|%2[Bb]){separator}(?:375|380|99[2-68]){digits(9)}(?!\d)",
        rf"(?:\+|%2[Bb]){separator}[1-9]{digits(6, 14)}",
        rf"{_START}00[1-9]{digits(8, 13)}(?!\d)",
        rf"{_START}8{separator}10{digits(9, 12)}(?!\d)",
        rf"{_START}[78]{separator}[3-9]{digits(9)}(?!\d)",
        rf"{_START}(?:375|380|99[2-68]){digits(9)}(?!\d)",
        rf"{_START}\(?[34789]\d\d{digits(7)}(?!\d)",
        r"(?<![\d-])\d{3}-\d\d-\d\d(?![\d-])",
    )
    # What can begin here is looked at first: most of a text is letters, and they are passed over quickly.
    other_hex = rf"(?<![0-9A-Za-z])(?=[a-fA-F][0-9a-fA-F]{{7}})(?:{_UUID}|{_LONG_HEX})"
    return re.compile(rf"(?=[\d+%(•])(?:{_NOT_A_PHONE}|(?P<phone>{'|'.join(forms)}))|{other_hex}")


_IN_PLAIN: Final = _phones(_PLAIN)
_IN_ENCODED: Final = _phones(_ENCODED)
_CODES: Final = re.compile(r"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\(0\)")
_RUN: Final = re.compile(r"\+?\d(?:[\s\-().]{0,3}+\d){6,19}")
_SAYS_ID: Final = re.compile(r"""(?:id|telegram)\\?["']?\s?[:=]\s?\\?["']?$""", re.IGNORECASE)
_JSON_BEFORE: Final = frozenset(":[,")
_JSON_AFTER: Final = frozenset(",]}")
_DOMAIN: Final = re.compile(r"(?:@|%40)([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")
_LOCAL: Final = re.compile(r"[\w.+%-]{1,256}")


def hide_phones(text: str, tag: Tag) -> str:
    """The text with every phone as its mask and tag."""
    pattern = _IN_ENCODED if any(sign in text for sign in "%\\&") else _IN_PLAIN
    return pattern.sub(lambda found: _judged(found, tag), text)


def hide_number(number: int, tag: Tag) -> str | int:
    """A JSON number: itself, or the mask of the phone that it surely is."""
    digits = str(number)
    whole = len(digits) == 11 and digits[0] in "78" and digits[1] in "3456789"
    mobile = len(digits) == 10 and digits[0] == "9"
    return _mask(_e164(digits), tag) if whole or mobile else number


def hide_digits(text: str, tag: Tag) -> str:
    """A text known to be a phone: every run of seven or more digits is masked, whatever it looks like."""
    return _RUN.sub(lambda found: _mask(_e164(found[0]), tag), text)


def hide_emails(text: str, tag: Tag) -> str:
    """The text with every email as its mask and tag."""

    def mask(address: str) -> str:
        domain = address.partition("@")[2]
        return f"{address[0]}{_DOTS}@{domain[0]}{_DOTS}.{domain.rpartition('.')[2]}{tag(f'email:{address}')}"

    return replace_emails(text, mask)


def replace_phones(text: str, make: Callable[[str, str], str]) -> str:
    """The text with every phone as what is made of it: as it is written, and in E.164."""

    def replaced(found: re.Match[str]) -> str:
        phone: str | None = found["phone"]
        return found[0] if phone is None or _is_messenger_id(found) else make(phone, _e164(phone))

    pattern = _IN_ENCODED if any(sign in text for sign in "%\\&") else _IN_PLAIN
    return pattern.sub(replaced, text)


def replace_emails(text: str, make: Callable[[str], str]) -> str:
    """The text with every email as what is made of it, in lower case."""
    if "@" not in text and "%40" not in text:
        return text
    parts, end = [], 0
    for found in _DOMAIN.finditer(text):
        before = text[max(end, found.start() - 256) : found.start()][::-1]
        local = _LOCAL.match(before)
        if local:
            address = unquote(f"{local[0][::-1]}@{found[1]}").lower()
            parts += [text[end : found.start() - len(local[0])], make(address)]
            end = found.end()
    return "".join((*parts, text[end:]))


def _judged(found: re.Match[str], tag: Tag) -> str:
    phone = found["phone"]
    if phone is None or _is_messenger_id(found):
        return found[0]
    if not _is_json_number(found):
        return _mask(_e164(phone), tag)
    surely = hide_number(int(phone), tag)
    return found[0] if isinstance(surely, int) else f'"{surely}"'


def _is_messenger_id(found: re.Match[str]) -> bool:
    """Ten bare digits that begin with 7 or 8 may be Telegram's: with a 7 always, with an 8 where it says so."""
    written = found[0]
    if len(written) != 10 or not written.isdecimal() or written[0] not in "78":
        return False
    return written[0] == "7" or bool(_SAYS_ID.search(found.string[max(0, found.start() - 16) : found.start()]))


def _is_json_number(found: re.Match[str]) -> bool:
    """Bare digits between the signs of JSON, without quotes."""
    if not found[0].isdecimal():
        return False
    text, start, end = found.string, found.start(), found.end()
    before, after = text[max(0, start - 3) : start].rstrip()[-1:], text[end : end + 3].lstrip()[:1]
    return before in _JSON_BEFORE and after in _JSON_AFTER


def _e164(written: str) -> str:
    """E.164 as the journal keeps it, without asking whether such a number can exist; bare digits if it is local."""
    encoded = written.replace("%2B", "+").replace("%2b", "+")
    digits = re.sub(r"\D", "", _CODES.sub(" ", encoded))
    if encoded.startswith("+"):
        return "+" + digits
    if len(digits) == 11 and digits[0] in "78":
        return "+7" + digits[1:]
    if len(digits) == 10:
        return "+7" + digits
    if len(digits) > 10:
        return "+" + digits.removeprefix("810").removeprefix("00")
    return digits


def _mask(phone: str, tag: Tag) -> str:
    if not phone.startswith("+"):
        return f"{_DOTS}{phone[-2:]}{tag(f'phone:{phone}')}"
    shown = (phone[:5], phone[-4:]) if len(phone) >= 12 else (phone[:3], phone[-2:])
    return f"{shown[0]}{_DOTS}{shown[1]}{tag(f'phone:{phone}')}"
