"""How leads end, and how they come back to work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.bitrix24 import fields as custom
from connectors.bitrix24.directory import LEADS, first_open
from connectors.bitrix24.lead_changes import LeadChanges
from connectors.bitrix24.query import Json
from connectors.bitrix24.room import Room
from provodka.crm import LeadClosing, LeadReopening, LeadState, Pipeline, Stage
from provodka.errors import Rejected
from provodka.operation import Outcome, Request

NO_STAGE: Final = "В воронке «{name}» нет этапа, который закрывает карточку: добавьте его в Битрикс24."
CLOSED_STAGE: Final = "«{stage}» — закрывающий этап: чтобы вернуть карточку в работу, укажите рабочий."
CONVERTED: Final = "Лид уже превращён в сделку: верните в работу её, а не лид."


class Closing:
    """`close_leads` and `reopen_leads` of one portal."""

    def __init__(self, room: Room, changes: LeadChanges) -> None:
        self._room = room
        self._changes = changes

    def close(self, requests: Sequence[Request[LeadClosing]]) -> list[Outcome]:
        return self._changes.carry_out(requests, self._closed)

    def reopen(self, requests: Sequence[Request[LeadReopening]]) -> list[Outcome]:
        return self._changes.carry_out(requests, self._reopened)

    def _closed(self, closing: LeadClosing, item: Json) -> Json:
        pipeline = self._changes.pipeline_of(item)
        if closing.won:
            return self._changes.place(pipeline, _closing_stages(pipeline, LeadState.WON)[0])
        lost, reason = _closing_stages(pipeline, LeadState.LOST), closing.loss_reason.strip()
        directory = self._room.directory
        if name := self._room.settings.loss_field:
            field = directory.field(name)
            why = {str(field.id): custom.encode(field, reason, directory.portal().zone)} if reason else {}
            return {**self._changes.place(pipeline, lost[0]), **why}
        stage = (
            directory.named("loss reason", "причины отказа", reason, lost, lambda s: (s.name,)) if reason else lost[0]
        )
        return self._changes.place(pipeline, stage)

    def _reopened(self, reopening: LeadReopening, item: Json) -> Json:
        pipeline, directory = self._changes.pipeline_of(item), self._room.directory
        stage = directory.stage(pipeline, reopening.stage) if reopening.stage else first_open(pipeline)
        if stage.state is not LeadState.OPEN:
            raise Rejected(f"«{stage.name}» is no stage to work in", hint=CLOSED_STAGE.format(stage=stage.name))
        stands = directory.place_of(pipeline.id, str(item.get("stageId") or ""))[2]
        if stands is LeadState.OPEN:
            return {}
        if stands is LeadState.WON and self._room.kind is LEADS:
            raise Rejected(f"lead {reopening.lead_id} has become a deal", hint=CONVERTED)
        return self._changes.place(pipeline, stage)


def _closing_stages(pipeline: Pipeline, state: LeadState) -> list[Stage]:
    found = [stage for stage in pipeline.stages if stage.state is state]
    if not found:
        raise Rejected(
            f"«{pipeline.name}» has no stage that is {state.value}", hint=NO_STAGE.format(name=pipeline.name)
        )
    return found
