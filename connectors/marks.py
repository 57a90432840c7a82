"""Where a visit came from: the five classic marks and the click ids, in a form's fields, an address or cookies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, unquote

from provodka.payloads import Utm

MARKS: Final = ("source", "medium", "campaign", "content", "term")
CLICK_IDS: Final = ("yclid", "gclid", "fbclid", "vkclid", "_ym_uid", "_ga", "roistat_visit")

_MARK: Final = re.compile(rf"(?:.*\.)?utm[._ -]?({'|'.join(MARKS)})", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_MAX_PAIRS: Final = 500


@lru_cache(maxsize=4096)  # a site sends the same names every day
def mark_name(field: str) -> str:
    """`utm_source` (or a click id) for a field that holds one (`UTM-Source`, `extra.utm.source`), else nothing."""
    name = field.strip().removeprefix("amp;")  # an "&" escaped as in HTML leaves it behind
    if name.lower().endswith("utm.name"):  # Marquiz
        return "utm_campaign"
    found = _MARK.fullmatch(name)
    if found:
        return f"utm_{found.group(1).lower()}"
    last = name.rpartition(".")[2].lower()
    return last if last in CLICK_IDS else ""


def utm_from_url(url: str) -> Utm:
    """The marks in the query of a page's address; a text that is no address gives an empty Utm."""
    return _utm(_marks(_query(url)))


def utm_from_fields(fields: Mapping[str, str], page: str = "", cookies: str = "") -> Utm:
    """The marks of a form: its own fields win, then the query of `page`, then the cookies (`COOKIES` of Tilda).

    A later source completes an earlier one, but not where the two contradict each other: those are two visits,
    and a campaign of the one must not stand beside the source of the other.
    """
    if not (page or cookies or any(fields.values())):
        return Utm()  # nearly all rows of tables
    known: dict[str, str] = {}
    for found in (_marks(fields.items()), _marks(_query(page)), _marks(_cookie_pairs(cookies))):
        classic = {name: value for name, value in found.items() if name.startswith("utm_")}
        if all(known.get(name, value) == value for name, value in classic.items()):
            known.update(classic)
        for name in found.keys() - classic.keys():
            known.setdefault(name, found[name])
    return _utm(known)


def _utm(marks: Mapping[str, str]) -> Utm:
    clicks = {name: marks[name] for name in CLICK_IDS if name in marks}
    return Utm(**{name: marks.get(f"utm_{name}", "") for name in MARKS}, clicks=clicks)


def _marks(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Non-empty marks and click ids among the pairs; the first of a name wins."""
    found: dict[str, str] = {}
    for field, value in pairs:
        name = mark_name(field)
        if name and value.strip():
            found.setdefault(name, value.strip())
    return found


def _query(url: str) -> list[tuple[str, str]]:
    query = url.partition("?")[2].partition("#")[0]
    try:
        return parse_qsl(query, max_num_fields=_MAX_PAIRS)
    except ValueError:  # more fields than any honest page has
        return []


def _cookie_pairs(cookies: str) -> list[tuple[str, str]]:
    """Cookies by name; TILDAUTM, `utm_source=a|||utm_medium=b|||` in URL encoding, is taken apart."""
    pairs: list[tuple[str, str]] = []
    for cookie in cookies.split(";", _MAX_PAIRS):
        name, _, value = cookie.strip().partition("=")
        value = unquote(value)
        if name.removeprefix("amp;").upper() == "TILDAUTM":
            pairs += _tilda_marks(value)
        else:
            pairs.append((name, value))
    return pairs


def _tilda_marks(value: str) -> list[tuple[str, str]]:
    pairs = []
    for mark in value.split("|||"):
        name, _, text = mark.partition("=")
        pairs.append((name, unquote(text) if _ESCAPED.search(text) else text))
    return pairs
