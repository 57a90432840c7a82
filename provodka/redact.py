"""Masks secrets, phones and emails in any text or structure, so that logs and pages can be shown to anybody.

A phone becomes `+7916•••1122#a1b2c3d4`: the tag is a keyed hash of the identity, the same wherever this phone is
met in this journal, so that its story can be found without showing it. An email becomes `a•••@k•••.ru#0f9e8d7c`,
a secret `***`. What counts as a phone is said in `personal.py`, what as a secret's name in `secret_names.py`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time
from enum import Enum
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import quote, quote_plus, unquote

from pydantic import BaseModel, SecretBytes, SecretStr

from provodka import personal
from provodka.secret_names import MASK, hide_named, is_phone_name, is_secret_name

Shown: TypeAlias = "str | int | float | bool | list[Shown] | dict[str, Shown] | None"

_MAX_DEPTH: Final = 20
_SHORT: Final = 4
_PLAIN_WORD: Final = re.compile(r"[^\d\s@=:.]{0,40}")  # most values of a log line: nothing personal fits into one
_URL_PASSWORD: Final = re.compile(r"\w://[^\s/:@]*:([^\s/@]+)@")
_LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")


class Redactor:
    """Masks. `key` is the journal's own, so that a tag tells nothing outside of it; `secrets` as `secrets_of` finds.

    Safe to share between threads.
    """

    def __init__(self, key: bytes, secrets: Iterable[str] = ()) -> None:
        self._key = key
        forms = {form for secret in secrets for form in written_forms(secret) if form}
        self._secrets = sorted((f for f in forms if len(f) >= _SHORT), key=len, reverse=True)
        short = sorted((re.escape(f) for f in forms if len(f) < _SHORT), key=len, reverse=True)
        self._short = re.compile(rf"(?<!\w)(?:{'|'.join(short)})(?!\w)") if short else None
        self._tag = lru_cache(maxsize=10_000)(self._hash)
        self._key_text = lru_cache(maxsize=2_000)(self.text)

    def tag(self, identity: str) -> str:
        """`#ahbicjdk` for an identity as events carry it: `phone:+79160001122`, `email:anna@example.test`."""
        return self._tag(identity)

    def _hash(self, identity: str) -> str:
        """Letters only: a run of digits would be taken for a phone where a masked text is masked again."""
        return "#" + hmac.new(self._key, identity.encode(), hashlib.sha256).hexdigest()[:8].translate(_LETTERS)

    def text(self, text: str) -> str:
        """The text with everything masked. Linear in its length; masking twice changes nothing more."""
        if not text:
            return text
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        if self._short:
            text = self._short.sub(MASK, text)
        if _PLAIN_WORD.fullmatch(text):
            return text
        text = hide_named(text)
        text = personal.hide_emails(text, self.tag)
        return personal.hide_phones(text, self.tag)

    def value(self, value: object) -> Shown:
        """Plain data (as JSON has it) of any object, masked in every depth, keys too.

        What stands under a key that names a secret is masked whole; under a key that names a phone every run of
        seven or more digits is. Objects of unknown classes become their masked `repr`.
        """
        return self._value(value, 0)

    def _value(self, value: object, depth: int) -> Shown:
        if isinstance(value, str):
            return self.text(str(value.value) if isinstance(value, Enum) else str(value))
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return personal.hide_number(int(value), self.tag)
        if isinstance(value, float):
            masked = personal.hide_number(int(value), self.tag) if value.is_integer() else 0
            return masked if isinstance(masked, str) else value
        if depth > _MAX_DEPTH:
            return "…"
        return self._structure(value, depth + 1)

    def _structure(self, value: object, depth: int) -> Shown:
        if isinstance(value, SecretStr | SecretBytes):
            return MASK
        if isinstance(value, bytes | bytearray | memoryview):
            return self.text(bytes(value).decode("utf-8", "replace"))
        if isinstance(value, date | time):
            return value.isoformat()
        if isinstance(value, Enum):
            return self._value(value.value, depth)
        if (fields := _fields(value)) is not None:
            return {self._key_text(str(name)): self._named(str(name), item, depth) for name, item in fields}
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
            return [self.text(value[0]), self._named(value[0], value[1], depth)]
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(item, depth) for item in value]
        return self.text(f"{type(value).__name__}: {value}" if isinstance(value, BaseException) else repr(value))

    def _named(self, name: str, value: object, depth: int) -> Shown:
        if is_secret_name(name) and value not in (None, "") and not isinstance(value, bool):
            return MASK
        if is_phone_name(name) and isinstance(value, str | int) and not isinstance(value, bool):
            return personal.hide_digits(self.text(str(value)), self.tag)
        if is_phone_name(name) and isinstance(value, list | tuple):
            return [self._named(name, item, depth) for item in value]
        return self._value(value, depth)


def secrets_of(settings: object) -> set[str]:
    """Every secret in parsed settings: the values of `SecretStr` in any depth, and the passwords inside URLs."""
    return set(_secrets(settings))


def _secrets(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
        yield from _url_passwords(value.get_secret_value())
    elif isinstance(value, SecretBytes):
        yield value.get_secret_value().decode("utf-8", "replace")
    elif isinstance(value, str):
        yield from _url_passwords(value)
    elif (fields := _fields(value)) is not None:
        for _, item in fields:
            yield from _secrets(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _secrets(item)


def _url_passwords(text: str) -> Iterator[str]:
    for found in _URL_PASSWORD.finditer(text):
        yield found[1]
        yield unquote(found[1])


def _fields(value: object) -> list[tuple[object, object]] | None:
    """The named parts of a mapping, a model or a dataclass; None for anything else."""
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, BaseModel):
        return list(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    return None


def written_forms(secret: str) -> set[str]:
    """A secret as it may stand in a URL, in JSON, in HTML or in a repr."""
    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        repr(secret)[1:-1],
    }
