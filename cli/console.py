"""What the house gives to the console."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connectors.registry import ACCOUNTINGS, CRMS
from provodka.event import utc_now
from provodka.settings import Strict

if TYPE_CHECKING:
    from cli.house import House
    from webhooks.console.parts import Parts


def console_parts(house: House) -> Parts:
    """Made when somebody first opens the console."""
    from webhooks.console.parts import Parts

    config = house.config
    public_url = config.server.public_url or ""
    return Parts(
        journal=house.journal,
        settings=config.console,
        client=config.client,
        zone=ZoneInfo(config.timezone),
        now=utc_now,
        evaluate=lambda stored: house.planner.again(stored),
        channels={name: one.type for name, one in config.channels.items()},
        lead_url=lambda one: config.crm.card_url("lead", one) if config.crm else "",
        contact_url=lambda one: config.crm.card_url("contact", one) if config.crm else "",
        crm=CRMS[config.crm.type].title if config.crm else "",
        accounting=ACCOUNTINGS[config.accounting.type].title if config.accounting else "",
        token_ends=_token_ends(config.crm) if config.crm else {},
        secure=public_url.startswith("https:"),
        proxied=bool(public_url),
        public_url=public_url,
    )


def _token_ends(crm: Strict) -> dict[str, datetime]:
    """amoCRM's long-lived token says itself when it ends, and does not renew itself."""
    from connectors.amocrm.settings import AmocrmSettings
    from connectors.amocrm.tokens import claims, ends_at

    if not isinstance(crm, AmocrmSettings) or crm.token is None:
        return {}
    ends = ends_at(claims(crm.token.get_secret_value()))
    return {} if ends is None else {crm.url: ends}
