"""Telling sound from what services give in its place: a page, an error in JSON, an empty file."""

from __future__ import annotations

import re
from typing import Final

OGG: Final = "audio/ogg"
MP3: Final = "audio/mpeg"
WAV: Final = "audio/wav"

ENDINGS: Final = {
    MP3: ".mp3",
    WAV: ".wav",
    OGG: ".ogg",
    "audio/flac": ".flac",
    "audio/mp4": ".m4a",
    "audio/amr": ".amr",
    "audio/basic": ".au",
    "audio/aac": ".aac",
    "audio/webm": ".webm",
    "audio/x-ms-wma": ".wma",
    "audio/gsm": ".gsm",
    "audio/opus": ".opus",
}

_BEGINNINGS: Final = (
    (re.compile(rb"ID3|\xff[\xe2\xe3\xf2-\xf5\xfa-\xfd]"), MP3),
    (re.compile(rb"\xff[\xf0\xf1\xf8\xf9]"), "audio/aac"),
    (re.compile(rb"RI(?:FF|FX)....WAVE|RF64....WAVE", re.DOTALL), WAV),
    (re.compile(rb"OggS"), OGG),
    (re.compile(rb"fLaC"), "audio/flac"),
    (re.compile(rb"....ftyp", re.DOTALL), "audio/mp4"),
    (re.compile(rb"#!AMR"), "audio/amr"),
    (re.compile(rb"\.snd"), "audio/basic"),
    (re.compile(rb"\x1a\x45\xdf\xa3"), "audio/webm"),
    (re.compile(rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11"), "audio/x-ms-wma"),
)
_OTHERS: Final = re.compile(rb"%PDF|PK\x03\x04|\x1f\x8b|\x89PNG|GIF8|\xff\xd8\xff|MZ|\x7fELF|Rar!|7z\xbc\xaf")
_READABLE: Final = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f]*")
_LOOKED_AT: Final = 512


def sound_type(body: bytes, declared: str = "") -> str:
    """The type of a sound; empty for what is none.

    The first bytes decide, and not the declared type, which services get wrong both ways. What begins like no format
    known here (telephone sound without a head, such as GSM) is taken at its word, unless it can be read as a text.
    """
    for beginning, kind in _BEGINNINGS:
        if beginning.match(body):
            return kind
    declared = declared.partition(";")[0].strip().casefold()
    if not declared.startswith("audio/") or _OTHERS.match(body) or _is_text(body[:_LOOKED_AT]):
        return ""
    return declared


def _is_text(beginning: bytes) -> bool:
    for charset in ("utf-8", "cp1251"):
        try:
            text = beginning.decode(charset)
        except UnicodeDecodeError as error:
            if charset == "utf-8" and error.start >= len(beginning) - 3 > 0:
                text = beginning[: error.start].decode()  # cut within a character
            else:
                continue
        return bool(_READABLE.fullmatch(text))
    return False
