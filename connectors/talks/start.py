"""What a deep link carries into a talk: `t.me/bot?start=PAYLOAD`, the `payload` of MAX, the `ref` of others."""

from __future__ import annotations

import base64
import re
from typing import Final

from connectors.marks import utm_from_fields, utm_from_url
from provodka.visits import Utm

_SHORT: Final = {"src": "source", "med": "medium", "cmp": "campaign", "cnt": "content", "trm": "term"}
_PAIR: Final = re.compile(r"([a-z]{3})-(.+)")
_NAMES: Final = re.compile(r"utm_([^_]+)(?:_(.+))?")
_BASE64: Final = re.compile(r"[A-Za-z0-9_-]{8,}={0,2}")
UNREAD: Final = "start"


def utm_of_start(payload: str) -> Utm:
    """The marks in a payload, which may hold only letters, digits, `_` and `-`, in Telegram 64 of them.

    Three ways of writing them: `src-yandex_cmp-brand` (also `med`, `cnt`, `trm`), a query in base64url
    (`utm_source=яндекс&yclid=…`), and `utm_vk_spring` (source, campaign). Of anything else nothing is guessed: the
    payload itself stands under the click id `start`.
    """
    payload = payload.strip()
    if not payload:
        return Utm()
    for found in (_pairs(payload), _query(payload), _names(payload)):
        if found is not None:
            return found
    return Utm(clicks={UNREAD: payload})


def _pairs(payload: str) -> Utm | None:
    marks: dict[str, str] = {}
    for pair in payload.split("_"):
        found = _PAIR.fullmatch(pair)
        if found is None or found[1] not in _SHORT:
            return None
        marks.setdefault(f"utm_{_SHORT[found[1]]}", found[2])
    return utm_from_fields(marks)


def _query(payload: str) -> Utm | None:
    if not _BASE64.fullmatch(payload):
        return None
    bare = payload.rstrip("=")
    try:
        text = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4)).decode()
    except ValueError:
        return None
    utm = utm_from_url(f"?{text}")
    return utm if utm != Utm() else None


def _names(payload: str) -> Utm | None:
    found = _NAMES.fullmatch(payload)
    return Utm(source=found[1], campaign=found[2] or "") if found else None
