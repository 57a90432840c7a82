"""What the house gives to the console."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from cli.beside import tests_file
from connectors.registry import ACCOUNTINGS, CRMS
from provodka.event import utc_now
from provodka.journal import StoredEvent
from provodka.secret_names import MASK, hide_named
from provodka.settings import Strict

if TYPE_CHECKING:
    from cli.config import Config
    from cli.house import House
    from support.saving import Saved
    from webhooks.console.parts import Parts, WrittenRule

_SHORTEST: Final = 4  # what is shorter would be found everywhere, and hides nothing


def console_parts(house: House) -> Parts:
    """Made when somebody first opens the console."""
    from cli.trial import fenced
    from rules.assignment.distributions import distributions
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
        rules=tuple(written_rules(config)),
        try_config=lambda trial, tell: fenced(config, house.fence, trial, tell),
        save_test=lambda stored: _saved(house, stored),
        tests_file=tests_file(config.path).name,
        team=config.team,
        calendar=config.calendar,
        distributions=distributions(config.rules),
        public_url=public_url,
    )


def written_rules(config: Config) -> Iterator[WrittenRule]:
    """The rules as they stand in the config. References to the environment stay, whatever else is secret goes."""
    from webhooks.console.parts import WrittenRule

    secrets = sorted((one for one in config.secrets if len(one) >= _SHORTEST), key=len, reverse=True)
    for at, rule in enumerate(config.rules):
        path = ("rules", at)
        line, _ = config.document.place(path)
        text = "\n".join(_without(secrets, one) for one in config.document.text_of(path).splitlines())
        triggers = tuple(one.value for one in rule.triggers)
        yield WrittenRule(rule.name, text, config.path.name, line, triggers, rule.channel)


def _without(secrets: Iterable[str], line: str) -> str:
    for secret in secrets:
        line = line.replace(secret, MASK)
    return line if "${" in line else hide_named(line)


def _saved(house: House, stored: StoredEvent) -> Saved:
    from provodka.made_up import MadeUp
    from support.saving import save_as_test

    config = house.config
    made = MadeUp(house.journal.key, config.document.source, config.secrets)
    return save_as_test(house.journal, stored, house.engine, made)


def _token_ends(crm: Strict) -> dict[str, datetime]:
    """amoCRM's long-lived token says itself when it ends, and does not renew itself."""
    from connectors.amocrm.settings import AmocrmSettings
    from connectors.amocrm.tokens import claims, ends_at

    if not isinstance(crm, AmocrmSettings) or crm.token is None:
        return {}
    ends = ends_at(claims(crm.token.get_secret_value()))
    return {} if ends is None else {crm.url: ends}
