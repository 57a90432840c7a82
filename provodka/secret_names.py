"""Names that speak of secrets (`Authorization`, `api_key`, `accessToken`), and values beside such names in text."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache
from typing import Final

MASK: Final = "***"

_WORD: Final = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[А-ЯЁ]?[а-яё]+|[A-ZА-ЯЁ]+")
_SECRET: Final = re.compile(
    "(?:token|secret|password|cookie|credential)s?|passwd|pwd|pass|passphrase|authorization|auth|salt|signature|sign"
    "|apikey|otp|jwt|пароль"
)
_KEYS: Final = frozenset({"api", "private", "secret", "access", "shared", "signing"})
_HARMLESS_END: Final = frozenset({"at", "count", "type", "kind", "file", "failed"})
_PHONE: Final = re.compile("phones?|tel|telephone|mobile|msisdn|caller|callee|whatsapp|телефоны?|тел")

# The longest value that is masked whole; bounds the work for every match.
_LONG: Final = 8192
_QUOTED: Final = rf"""(?P<quote>\\{{0,3}}["'])(?!(?P=quote))[^\r\n]{{1,{_LONG}}}?(?P=quote)"""
_BARE: Final = rf"""\\{{0,3}}["']?[^\s"'&,;{{}}<>\\\]]{{1,{_LONG}}}"""
_LOUD: Final = (
    r"token|secret|passw(?:or)?d|passphrase|signature|credentials?|пароль|(?:api|private|access|shared|signing)[_-]?key"
)
_QUIET: Final = r"(?<![a-z])(?:pwd|pass|auth|salt|sign|otp|jwt)"
_SEPARATOR: Final = r"""(?:\]|%5D)?\\{0,3}["']?\s{0,3}(?:=>|[:=]|%3D)\s{0,3}"""
_NAMED: Final = re.compile(
    rf"(?P<name>(?:{_LOUD}|{_QUIET})s?(?![a-z])[\w-]{{0,24}}{_SEPARATOR})(?P<value>{_QUOTED}|{_BARE})", re.IGNORECASE
)
_HEADER: Final = re.compile(
    rf"""(?P<name>(?:authorization|cookie){_SEPARATOR}\\{{0,3}}["']?)[^"'\r\n]{{1,{_LONG}}}""", re.IGNORECASE
)
_SCHEME: Final = re.compile(
    rf"\b(?P<name>bearer\s{{1,3}}|basic\s{{1,3}}(?=[a-z+/]{{0,64}}(?-i:[A-Z0-9=])))[\w.~+/=:-]{{8,{_LONG}}}",
    re.IGNORECASE,
)
_JWT: Final = re.compile(rf"\beyJ[\w-]{{8,{_LONG}}}\.[\w-]{{2,{_LONG}}}(?:\.[\w-]{{0,{_LONG}}})?")
_USERINFO: Final = re.compile(r"(?P<name>://[^\s/:@\"'<>]{0,256}:)[^\s/@\"'<>]{1,256}@")


# What to look for, and the quick words without which (in the lower-cased text) it cannot be there.
_PATTERNS: Final = (
    (("authorization", "cookie"), _HEADER, rf"\g<name>{MASK}"),
    (("bearer", "basic"), _SCHEME, rf"\g<name>{MASK}"),
    (("eyj",), _JWT, MASK),
    (("://",), _USERINFO, rf"\g<name>{MASK}@"),
    (
        ("token", "secret", "pass", "sign", "key", "auth", "salt", "credential", "pwd", "otp", "jwt", "пароль"),
        _NAMED,
        rf"\g<name>\g<quote>{MASK}\g<quote>",
    ),
)


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, lower-case: `X-Api-Key` and `xApiKey` are (x, api, key)."""
    return tuple(word.lower() for word in _WORD.findall(name[:200]))


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether what this name stands for is to be masked whole. `design` is not `sign`, `token_expires_at` no token."""
    words = words_of(name)
    if not words or words[-1] in _HARMLESS_END:
        return False
    pairs = itertools.pairwise(words)
    return any(_SECRET.fullmatch(word) for word in words) or any(a in _KEYS and b == "key" for a, b in pairs)


@lru_cache(maxsize=4096)
def is_phone_name(name: str) -> bool:
    """Whether what this name stands for is a phone, however it is written."""
    return any(_PHONE.fullmatch(word) for word in words_of(name))


def hide_named(text: str) -> str:
    """The text without the values that stand beside a secret's name, after an auth scheme or inside a URL."""
    lowered = text.lower()
    for hints, pattern, instead in _PATTERNS:
        for hint in hints:
            if hint in lowered:
                text = pattern.sub(instead, text)
                break
    return text
