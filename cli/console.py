"""What the house gives to the console."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connectors.registry import ACCOUNTINGS, CRMS
from provodka.event import utc_now

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
        engine=lambda: house.engine,
        evaluate=lambda stored: house.planner.again(stored),
        channels={name: one.type for name, one in config.channels.items()},
        crm=CRMS[config.crm.type].title if config.crm else "",
        accounting=ACCOUNTINGS[config.accounting.type].title if config.accounting else "",
        secure=public_url.startswith("https:"),
        proxied=bool(public_url),
    )
