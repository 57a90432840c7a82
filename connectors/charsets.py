"""Bytes to text where the charset is a lie, or nobody says it: in letters and in tables."""

from __future__ import annotations

import codecs
import math
import re
from typing import Final

_ALIASES: Final = {"win1251": "cp1251", "windows1251": "cp1251", "ansi": "cp1251", "koi8": "koi8-r", "koi8r": "koi8-r"}
_NOT_CHARSETS: Final = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"}
_SINGLE_BYTE: Final = {"cp1251": 0.0, "koi8-r": -1.0, "cp866": -2.0, "iso8859-5": -3.0}  # by how often mail uses them

# Per mille of each letter in Russian running text (a commonly published table).
_FREQUENCY: Final = dict(
    zip(
        "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
        (
            110,
            85,
            80,
            74,
            67,
            63,
            55,
            47,
            45,
            44,
            35,
            32,
            30,
            28,
            26,
            20,
            19,
            17,
            17,
            17,
            16,
            14,
            12,
            10,
            9,
            7,
            6,
            5,
            4,
            3,
            3,
            1,
            1,
        ),
        strict=True,
    )
)
_WEIGHT: Final = {letter: math.log(share / 1000) for letter, share in _FREQUENCY.items()}
_VOWELS: Final = frozenset("аеёиоуыэюя")
_PUNCTUATION: Final = frozenset("№«»—–…“”„•\xa0")
_SAMPLE: Final = 4000

_BLANKS: Final = re.compile("[\t\xa0\u2000-\u200a\u202f\u205f\u3000]")
_INVISIBLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u200c\u2060\ufeff\ud800-\udfff]")


def decode(data: bytes, declared: str = "", hint: str = "") -> str:
    """The text of `data`: by the declared charset if it fits, else UTF-8, else `hint`, else the likeliest Cyrillic one.

    Never fails. One broken byte does not make UTF-8 something else.
    """
    for charset in (declared, "utf-8", hint):
        text = _strictly(data, charset)
        if text is not None:
            return text
    return _damaged_utf8(data) or _likeliest(data)


def clean(text: str) -> str:
    """One kind of line break and of blank; without zero-width and control signs, which databases and people refuse."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\x85", "\n")
    return _INVISIBLE.sub("", _BLANKS.sub(" ", text))


def _strictly(data: bytes, charset: str) -> str | None:
    name = re.sub(r"[\s\"']", "", charset).lower().removeprefix("x-")  # x-mac-cyrillic
    name = _ALIASES.get(re.sub(r"[-_]", "", name), name)
    try:
        if not name or codecs.lookup(name).name.replace("-", "_") in _NOT_CHARSETS:
            return None
        return data.decode(name)
    except (LookupError, ValueError):  # unknown, not a text encoding, or it does not fit
        return None


def _damaged_utf8(data: bytes) -> str | None:
    text = data.decode("utf-8", "replace")
    good = sum(1 for sign in text if sign > "\x7f" and sign != "\ufffd")
    return text if good >= 10 * text.count("\ufffd") else None


def likeliest(sample: bytes) -> str:
    """The single-byte charset in which the bytes look most like Russian."""
    return max(
        _SINGLE_BYTE, key=lambda charset: _SINGLE_BYTE[charset] + _russianness(sample.decode(charset, "replace"))
    )


def _likeliest(data: bytes) -> str:
    return data.decode(likeliest(data[:_SAMPLE]), "replace")


def _russianness(text: str) -> float:
    """How much a text looks Russian: common letters, syllables, no capital after a small letter."""
    score, before, capitals = 0.0, " ", 0
    for sign in text:
        if sign > "\x7f":
            small = sign.lower()
            capitals += small != sign
            score += _WEIGHT.get(small, -7.0 if sign in _PUNCTUATION else -12.0)
            if small != sign and before.isalpha() and before == before.lower():
                score -= 6.0
            if before > "\x7f" and (small in _VOWELS) != (before.lower() in _VOWELS):
                score += 1.5
        before = sign
    return score - (4.0 if text.isupper() else 1.0 * capitals)
