"""What the console is given of the house: what it may ask and do, without knowing how the house is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from provodka.journal import Journal, PlanRecord, StoredEvent
from webhooks.console.settings import ConsoleSettings


def _no_card(_: str) -> str:
    return ""


@dataclass(frozen=True)
class Parts:
    """`evaluate` plans an event anew by today's rules and writes nothing. `lead_url` and `contact_url` give the address
    of a card in the CRM, empty where there is none. `channels` are the kinds of the config's channels by their names,
    `crm` and `accounting` what those systems are called (empty for none). `token_ends` are the ends of tokens that do
    not renew themselves, by what they open. `secure` where people come by https, `proxied` where they come through a
    proxy of ours, that tells whose request it was. `public_url` is where people find us, without `/console`; empty for
    nowhere."""

    journal: Journal
    settings: ConsoleSettings
    client: str
    zone: ZoneInfo
    now: Callable[[], datetime]
    evaluate: Callable[[StoredEvent], PlanRecord]
    lead_url: Callable[[str], str] = _no_card
    contact_url: Callable[[str], str] = _no_card
    channels: Mapping[str, str] = field(default_factory=dict)
    crm: str = ""
    accounting: str = ""
    token_ends: Mapping[str, datetime] = field(default_factory=dict)
    secure: bool = False
    proxied: bool = False
    public_url: str = ""
