"""`bot`: start a bot or a process of the CRM on the lead."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from provodka.crm import BotStart, Crm, Need, Write
from provodka.settings import Strict
from rules.actions.base import Delivery, Place
from rules.actions.desk import Desk
from rules.actions.lead import LeadAction
from rules.actions.targets import Target


class BotParams(Strict):
    """`name` is what people see in the CRM; where the CRM does not list its bots, the bot's number."""

    name: str = Field(min_length=1)


class Bot(LeadAction[BotParams, BotStart]):
    """A bot may write to the client, so that a start whose answer was lost is left to a person."""

    name = "bot"
    params = BotParams
    request = BotStart

    def doubles(self, earlier: BotParams, later: BotParams) -> bool:
        return earlier == later

    def needs(self, params: BotParams) -> Iterator[tuple[Place, Need]]:
        yield ("name",), Need("bot", params.name)

    def build(self, item: Delivery, target: Target, desk: Desk) -> BotStart:  # noqa: ARG002 -- the shape of all actions
        return BotStart(item.params["name"], target.lead_id)

    def write(self, crm: Crm) -> Write[BotStart]:
        return crm.start_bots
