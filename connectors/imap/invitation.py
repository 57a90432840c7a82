"""An invitation to a meeting (iCalendar, RFC 5545), told in words."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from connectors.charsets import clean
from connectors.imap.headers import RawMessage, param
from connectors.imap.parts import leaves, text

SEARCHED: Final = 50_000
LONGEST: Final = 300

_FOLD = re.compile(r"\r?\n[ \t]")
_EVENT = re.compile(r"^BEGIN:VEVENT\s*$(.*?)(?:^END:VEVENT|\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE)
_LINE = re.compile(r"^(SUMMARY|DTSTART|LOCATION)((?:;[^:\n]{0,200})?):([^\n]*)$", re.MULTILINE | re.IGNORECASE)
_ESCAPED = re.compile(r"\\([\\;,nN])")
_MOMENT = re.compile(r"(\d{8})(?:T(\d{4})\d{0,2}(Z?))?")
_KINDS: Final = {"CANCEL": "Встреча отменена", "REPLY": "Ответ на приглашение", "COUNTER": "Предложено другое время"}


def invitation_in(message: RawMessage) -> str:
    """«Приглашение: Замер, 05.12.2025 14:00 (Europe/Moscow), офис»; empty where the letter invites to nothing."""
    part = next((each for each in leaves(message) if each.get_content_type() == "text/calendar"), None)
    event = _EVENT.search(_FOLD.sub("", text(part)[:SEARCHED])) if part is not None else None
    if part is None or event is None:
        return ""
    said = {name.upper(): (parameters, value) for name, parameters, value in reversed(_LINE.findall(event.group(1)))}
    told = [_plain(said, "SUMMARY"), _when(*said.get("DTSTART", ("", ""))), _plain(said, "LOCATION")]
    kind = _KINDS.get(param(part, "method").upper(), "Приглашение")
    return f"{kind}: {', '.join(each for each in told if each) or 'без темы'}"


def _plain(said: dict[str, tuple[str, str]], name: str) -> str:
    value = _ESCAPED.sub(lambda sign: " " if sign[1] in "nN" else sign[1], said.get(name, ("", ""))[1])
    return " ".join(clean(value).split())[:LONGEST]


def _when(parameters: str, value: str) -> str:
    found = _MOMENT.match(value.strip())
    if found is None:
        return ""
    day, clock, is_utc = found.groups()
    try:
        moment = datetime.strptime(day + (clock or "0000"), "%Y%m%d%H%M")  # noqa: DTZ007  # its zone is told beside it
    except ValueError:
        return ""
    if not clock:
        return f"{moment:%d.%m.%Y}"
    named = re.search(r"TZID=\"?([^\";:]{1,60})", parameters, re.IGNORECASE)
    zone = "UTC" if is_utc else named.group(1) if named else ""
    return f"{moment:%d.%m.%Y %H:%M}" + (f" ({clean(zone)})" if zone else "")
