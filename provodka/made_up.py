"""Puts made-up people in the place of real ones, in any text: the same ones for the same person, in one journal.

A phone keeps its country, its operator and the way it is written, a messenger id its service and length. Names are
found where they are known (of the event's person, of the CRM's contact), and where a usual first name or a patronymic
stands among capitalised words. A surname alone that nobody has told of is not found.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote, unquote

from provodka import identity
from provodka.made_up_names import another, is_name, stem
from provodka.payloads import Person
from provodka.personal import replace_emails, replace_phones
from provodka.secret_names import MASK, hide_named, is_secret_name

_WORD: Final = re.compile(r"[^\W\d_]+")
_NAMES: Final = re.compile(r"[А-ЯЁ][а-яё]+(?:[ -][А-ЯЁ][а-яё]+){0,3}")
_CODES: Final = re.compile(r"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\(0\)")
_CODED: Final = re.compile(r"(?:%[0-9A-Fa-f]{2}){4,}")  # letters outside ASCII within an address
_SIGNATURE: Final = re.compile(
    r"(?<=-)[a-z2-7]{26}(?![a-z0-9])"
)  # of `provodka.own_pages`: who has it may open the page
_REPLACED: Final = 7  # the last digits of a phone: the number within its operator's range
_MADE: Final = "example.test"


class MadeUp:
    """Replaces. `key` is the journal's own; the phones, emails and words of `kept` (the config) are nobody's.

    `secrets` are hidden.
    """

    def __init__(self, key: bytes, kept: str, secrets: Iterable[str] = ()) -> None:
        self._key = key
        self._kept = kept.casefold()
        self._kept_words = {stem(word) for word in _WORD.findall(kept)}
        self._secrets = sorted((secret for secret in secrets if len(secret) > 3), key=len, reverse=True)
        self._stems: dict[str, str] = {}
        self._literal: dict[str, str] = {}

    def know(self, *names: str) -> None:
        """Names of people, to be found in every text."""
        for word in (word for name in names for word in _WORD.findall(name)):
            if len(word) > 2 and (is_name(word) or stem(word) not in self._kept_words):
                self._stems.setdefault(stem(word), self._name(word))

    def person(self, person: Person) -> Person:
        """Another person, as recognisable as this one."""
        self.know(person.name)
        for messenger in person.messengers:
            service, _, id_ = messenger.partition(":")
            self._literal[id_] = "".join(str(self._number(f"{messenger}{at}") % 9 + 1) for at in range(len(id_)))
            self._literal[messenger] = f"{service}:{self._literal[id_]}"
        return Person(
            name=self.text(person.name),
            phones=tuple(self._phone(phone, phone) for phone in person.phones),
            emails=tuple(self._email(email) for email in person.emails),
            messengers=tuple(self._literal[messenger] for messenger in person.messengers),
        )

    def text(self, text: str) -> str:
        """The text with made-up phones, emails, ids and names; without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        for real, made in self._literal.items():
            text = re.sub(rf"(?<!\w){re.escape(real)}(?!\w)", made, text)
        text = _SIGNATURE.sub("a" * 26, text)
        text = _CODED.sub(self._coded, text)
        text = replace_emails(hide_named(text), self._email)
        text = replace_phones(text, self._phone)
        text = _NAMES.sub(lambda found: self._among(found[0]), text)
        return _WORD.sub(lambda found: self._known(found[0]), text) if self._stems else text

    def value(self, value: Any) -> Any:  # noqa: ANN401 -- JSON
        """JSON with every text in it replaced; keys stay, and what is called a secret is hidden."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {
                k: MASK if is_secret_name(k) and v and isinstance(v, str) else self.value(v) for k, v in value.items()
            }
        return value

    def _named(self, name: str, value: Any) -> Any:  # noqa: ANN401 -- JSON
        return MASK if value and isinstance(value, str) and is_secret_name(name) else self.value(value)

    def _number(self, real: str) -> int:
        return int.from_bytes(hmac.new(self._key, real.encode(), hashlib.sha256).digest()[:6])

    def _name(self, word: str) -> str:
        made = another(word, self._number(f"name:{stem(word)}"))
        if made.casefold() == word.casefold():
            made = another(word, self._number(f"name:{stem(word)}") + 1)
        return made.upper() if word.isupper() else made

    def _known(self, word: str) -> str:
        """A known name, also in another case."""
        made = self._stems.get(stem(word))
        return word if made is None else made.upper() if word.isupper() else made if word[0].isupper() else made.lower()

    def _coded(self, found: re.Match[str]) -> str:
        """A piece of an address, with the names in it."""
        plain = unquote(found[0])
        made = self.text(plain)
        return found[0] if made == plain else quote(made, safe="")

    def _among(self, words: str) -> str:
        """Capitalised words: if one of them is a name, those beside it are too, unless the config uses them."""
        found = _WORD.findall(words)
        if any(is_name(word) for word in found):
            self.know(*(word for word in found if is_name(word) or stem(word) not in self._kept_words))
        return words

    def _email(self, address: str) -> str:
        if address.casefold() in self._kept or address.endswith(f"@{_MADE}"):
            return address
        return f"client{self._number(f'email:{address.casefold()}') % 10_000:04}@{_MADE}"

    def _phone(self, written: str, phone: str) -> str:
        if written.casefold() in self._kept or phone in self._kept:
            return written
        whole = identity.phone(phone) or phone
        digits = iter(reversed(f"000{self._number(f'phone:{whole}') % 10_000:04}"))
        coded = {at for found in _CODES.finditer(written) for at in range(*found.span())}
        signs = list(written)
        places = [at for at, sign in enumerate(signs) if sign.isdecimal() and at not in coded]
        for at, digit in zip(reversed(places[-_REPLACED:]), digits, strict=False):
            signs[at] = digit
        return "".join(signs)
