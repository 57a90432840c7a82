"""Bots of the account (Salesbot), started on leads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.amocrm.client import Client, Json
from connectors.amocrm.lead_changes import GONE
from connectors.amocrm.patching import number
from connectors.amocrm.problems import refusal
from connectors.amocrm.room import Room
from connectors.crm.batching import with_fresh_names
from provodka.crm import BotStart
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome, Request

LEAD: Final = 2  # entity_type of version 2


class Bots:
    """`start_bots` of one account. Starting is said in version 2 of the API, the only one that is documented."""

    def __init__(self, room: Room, version_2: Client) -> None:
        self._room = room
        self._version_2 = version_2

    def start(self, requests: Sequence[Request[BotStart]]) -> list[Outcome]:
        """One by one: of a refused list nobody knows what was started."""

        def attempt(part: Sequence[Request[BotStart]]) -> list[Outcome]:
            outcomes: list[Outcome] = []
            for request in part:
                try:
                    outcomes.append(self._start(request.params))
                except ConnectorError as error:  # it is this lead's own, and costs the others nothing
                    outcomes.append(error)
            return outcomes

        return with_fresh_names(self._room.directory, requests, attempt)

    def _start(self, start: BotStart) -> Done:
        lead_id = number(start.lead_id)
        if start.lead_id not in self._room.by_ids("leads", [start.lead_id], ""):
            raise Rejected(f"lead {start.lead_id} is not in the account", hint=GONE)
        bot = self._room.directory.bot(start.bot)
        item: Json = {"bot_id": bot, "entity_id": lead_id, "entity_type": LEAD}
        reply = self._version_2.write("POST", "/salesbot/run", [item], accept=(400, 404))
        if reply.status >= 400:
            raise refusal(reply, GONE)
        return Done(start.lead_id)
