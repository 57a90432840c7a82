"""`attach`: hang files on the lead: those of a letter or a message, a recording, or one from an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from provodka.crm import CardKind, CardRef, NewFile
from provodka.errors import ConnectorError, Rejected
from provodka.mail_thread import mail_of
from provodka.operation import Done, Outcome, Request
from provodka.payloads import Attachment, CallEvent
from provodka.settings import Size, Strict
from provodka.web import Download
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Planning
from rules.actions.desk import Desk, pack, told, unpack
from rules.actions.hosts import CHOSEN, has_fixed_host, host_problems
from rules.actions.message_files import fetch
from rules.actions.shown import all_of
from rules.actions.targets import Target, find_targets

NOTHING: Final = "there is no file to attach"
NO_RECORDINGS: Final = "Эта АТС не отдаёт записи файлами: ссылка на запись стоит в карточке звонка."
_PARTS: Final = {"letter": "message.attachments", "message": "message.files", "recording": "call.recording"}
"""By source, what the event must have for it."""
_FOR_A_FILE: Final = timedelta(days=1)  # nobody waits behind it in the card


def _endings(value: object) -> object:
    return [value] if isinstance(value, str) else value


class AttachParams(Strict):
    """Either what the event brings (`from`): the files of a `letter` or of a messenger's `message`, the `recording` of
    a call; or the file of an address, whose host is written out as for `http`.

    `types` are endings of names (`pdf`), none for any; larger than `most` a file is left out. `name` is for the `url`.
    """

    source: Literal["letter", "message", "recording"] | None = Field(default=None, alias="from")
    url: str = ""
    name: str = ""
    types: Annotated[tuple[str, ...], BeforeValidator(_endings, json_schema_input_type=str | list[str])] = ()
    most: Size = 20 * 1024 * 1024
    allow_any_host: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.source) == bool(self.url):
            raise ValueError("write either from (letter, message, recording) or url: https://…")
        if self.url and not self.allow_any_host and not has_fixed_host(self.url):
            raise ValueError(CHOSEN)
        return self


class Attach(Action[AttachParams]):
    """Each file once, however often it is attempted. Values of the result: lead_id, files (their names)."""

    name = "attach"
    params = AttachParams
    templates = frozenset({"url", "name"})
    lead = LeadUse.NEEDS

    def plan(self, planning: Planning[AttachParams]) -> dict[str, Any]:
        given, params = planning.rendered, planning.params
        return {
            **given,
            "url": planning.veil.hide(given["url"].strip()),
            "most": params.most,
            "types": list(params.types),
        }

    def parts(self, params: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """An address that came out empty names no file."""
        return {"": params} if params["from"] or params["url"] else {}

    def reading(self, params: AttachParams) -> frozenset[str]:
        return frozenset({_PARTS[params.source]} if params.source else ())

    def doubles(self, earlier: AttachParams, later: AttachParams) -> bool:
        return earlier == later

    beside = host_problems

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        targets = find_targets(items, desk)
        return [_decision(item, targets[item.key], outside) for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        requests = [
            (d.item.key, Request(f"{d.item.key}:{n}", unpack(NewFile, frozen), d.unsure_since))
            for d in ready
            for n, frozen in enumerate(d.frozen["files"])
        ]
        outcomes: dict[str, list[Outcome]] = {d.item.key: [] for d in ready}
        sent = Desk(outside).crm.attach_files([request for _, request in requests]) if requests else []
        for (key, _), outcome in zip(requests, sent, strict=True):
            outcomes[key].append(outcome)
        return [told(all_of(outcomes[d.item.key]), d.frozen["told"]) for d in ready]


def _decision(item: Delivery, target: Target | ConnectorError, outside: Outside) -> Decision:
    if isinstance(target, ConnectorError):
        return target
    try:
        files, left_out = _files(item, outside)
    except ConnectorError as error:
        return error
    reason = f"left out: {', '.join(left_out)}" if left_out else ""
    if not files:
        return Done(values={"reason": reason or NOTHING}, found=True)
    kind, id_ = (CardKind.LEAD, target.lead_id) if target.lead_id else (CardKind.CONTACT, target.contact_id)
    values = {"lead_id": target.lead_id, "contact_id": target.contact_id, "reason": reason}
    return {
        "files": [pack(NewFile(file, CardRef(kind, id_))) for file in files],
        "told": {**values, "files": ", ".join(file.name for file in files)},
    }


def _files(item: Delivery, outside: Outside) -> tuple[list[Attachment], list[str]]:
    """The files, and what was left out with the reason. Raises ConnectorError where an address gives none."""
    params = item.params
    if params["url"]:
        return [
            outside.web.download(Download(params["url"], params["name"], tuple(params["types"]), params["most"]))
        ], []
    brought, left_out = _brought(item, outside)
    files = []
    for file in brought:
        if why := _unfit(file, params):
            left_out.append(f"«{file.name}» {why}")
        else:
            files.append(file)
    return files, left_out


def _brought(item: Delivery, outside: Outside) -> tuple[list[Attachment], list[str]]:
    """What the event brings, fetched where it still lies with the sender, and what could not be had."""
    source, payload = item.params["from"], item.event.payload
    if source == "letter":
        return list(mail.attachments) if (mail := mail_of(payload)) is not None else [], []
    if source == "message":
        fetched = fetch(item, outside, patience=_FOR_A_FILE)
        there = [one.attachment for one in fetched if one.attachment is not None]
        return there, [f"«{one.name}»: {one.why}" for one in fetched if one.attachment is None]
    if source == "recording" and isinstance(payload, CallEvent) and payload.call.recording:
        recordings = outside.recordings.get(item.event.channel)
        if recordings is None:
            raise Rejected(f"the channel {item.event.channel} gives no recordings", hint=NO_RECORDINGS)
        return [recordings.fetch_recording(payload.call)], []
    return [], []


def _unfit(file: Attachment, params: Mapping[str, Any]) -> str:
    wanted = {one.casefold().lstrip(".") for one in params["types"]}
    if wanted and PurePosixPath(file.name).suffix.casefold().lstrip(".") not in wanted:
        return "is of no wanted type"
    return "is too large" if not file.sha256 or file.size > params["most"] else ""
