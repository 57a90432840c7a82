"""Workflows and triggers of a portal, started on leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.bitrix24.automata import DOCUMENTS
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.room import Room, gone, named
from connectors.crm.batching import build, with_fresh_names
from provodka.crm import BotStart
from provodka.operation import Done, Outcome, Request


class Bots:
    """`start_bots` of one portal."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def start(self, requests: Sequence[Request[BotStart]]) -> list[Outcome]:
        def attempt(part: Sequence[Request[BotStart]]) -> list[Outcome]:
            there = self._room.by_ids(self._room.kind, [request.params.lead_id for request in part])
            commands, outcomes = build(part, lambda request: self._command(request.params, there))
            sent = self._room.deliver(commands, lambda _: Done())
            outcomes.update({i: named(one, part[i].params.lead_id) for i, one in sent.items()})
            return [outcomes[i] for i in range(len(part))]

        return with_fresh_names(self._room.directory, requests, attempt)

    def _command(self, start: BotStart, there: Mapping[str, Json]) -> Command:
        room = self._room
        if start.lead_id not in there:
            raise gone("lead", start.lead_id)
        known = room.directory.automata()
        found = room.directory.named("bot", "бизнес-процесса или триггера", start.bot, known, lambda one: (one.name,))
        if found.trigger:
            owner = {"OWNER_TYPE_ID": room.kind.type_id, "OWNER_ID": start.lead_id}
            return Command("crm.automation.trigger.execute", {"CODE": found.trigger, **owner})
        document = ["crm", DOCUMENTS[room.kind.path], f"{room.kind.path.upper()}_{start.lead_id}"]
        return Command("bizproc.workflow.start", {"TEMPLATE_ID": found.template, "DOCUMENT_ID": document})
