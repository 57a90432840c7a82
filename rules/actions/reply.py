"""`reply`: bring to the client what one of the staff has written in the card.

No rule can do it: the planner has it done for every answer, by the channel that the talk belongs to.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

from provodka.crm import StaffReply
from provodka.errors import ConnectorError, Rejected
from provodka.messages import ClientMessage, ClientMessenger, Talker
from provodka.operation import Done, Outcome, Request
from provodka.payloads import Attachment, ReplyWritten
from provodka.settings import Strict
from provodka.web import Download
from rules.actions.base import Action, Decided, Decision, Delivery, Outside
from rules.actions.desk import pack, told, unpack
from rules.actions.ways import Way, by_ways
from rules.plan import Priority

NO_CHANNEL: Final = "Канал этой переписки убрали из настроек: верните его или ответьте клиенту другим каналом."
NO_PHONE: Final = "Ни один канал не умеет писать первым по номеру телефона: ответьте в чате, который начал клиент."
EMPTY: Final = "В ответе нет ни текста, ни файла."


class ReplyParams(Strict):
    """Takes none: everything is in the event."""


class Reply(Action[ReplyParams]):
    """Values of its result: by (the channel), to, answer (what news of it are known by), reason.

    A file of the CRM is fetched before anything is frozen."""

    name = "reply"
    params = ReplyParams
    priority = Priority.NEW_LEAD

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        return [_decision(item, outside) for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        def by(channel: str, some: list[tuple[Decided, Way]]) -> dict[str, Outcome]:
            messenger = outside.correspondents.get(channel)
            if messenger is None:
                raise Rejected(f"there is no channel {channel} any more", hint=NO_CHANNEL)
            requests = [Request(d.item.key, unpack(ClientMessage, way["request"]), d.unsure_since) for d, way in some]
            return dict(zip((r.key for r in requests), messenger.write(requests), strict=True))

        outcomes = by_ways(ready, by, {})
        return [_told(outcomes[d.item.key], d) for d in ready]


def _decision(item: Delivery, outside: Outside) -> Decision:
    payload = item.event.payload
    if not isinstance(payload, ReplyWritten):
        return Rejected(f"an event {item.event.type} holds no answer of the staff")
    try:
        channels = _channels(payload.reply, outside)
        file = _file(payload.reply, outside)
        ways = [_way(channel, payload.reply, file, outside) for channel in channels]
    except ConnectorError as error:
        return error
    first = {"by": ways[0]["by"], "to": ways[0]["request"]["to"]}  # for a person who settles it as sent
    return {"ways": ways, "told": first}


def _channels(reply: StaffReply, outside: Outside) -> list[ClientMessenger]:
    """The one that the talk belongs to; for a talk that was begun in the CRM all that write to telephone numbers."""
    channels = outside.correspondents
    if reply.chat_id:
        talkers = [one for one in channels.values() if isinstance(one, Talker)]
        own = channels.get(reply.source) if reply.source else talkers[0] if len(talkers) == 1 else None
        if own is None:
            raise Rejected(f"no channel «{reply.source}» to answer by", hint=NO_CHANNEL)
        return [own]
    by_phone = [one for one in channels.values() if _address(one, reply)]
    if not by_phone:
        raise Rejected("no channel writes to this person first", hint=NO_PHONE)
    chatting = [one for one in by_phone if isinstance(one, Talker)]  # nobody begins a chat to have it sent as an SMS
    return sorted(chatting or by_phone, key=lambda one: one.name != reply.source)


def _address(channel: ClientMessenger, reply: StaffReply) -> str:
    """The chat; without one the number, as the channel writes numbers: a network's own id of it has no plus."""
    if reply.chat_id:
        return reply.chat_id
    if not reply.phone:
        return ""
    if "phone" in channel.reaches:
        return reply.phone
    return reply.phone.removeprefix("+") if "whatsapp" in channel.reaches else ""


def _way(channel: ClientMessenger, reply: StaffReply, file: Attachment | None, outside: Outside) -> Way:
    """A channel that carries no files gets the address of the file among the words."""
    text, files = reply.text, (file,) if file is not None else ()
    if file is not None and not channel.carries_files:
        if outside.files is None:
            raise Rejected(
                f"the channel {channel.name} carries no files", hint="Этот канал не передаёт файлы: пришлите ссылку."
            )
        text = "\n".join(filter(None, (text, outside.files.url(file.sha256, file.name, file.content_type))))
        files = ()
    if not text and not files:
        raise Rejected("the answer is empty", hint=EMPTY)
    return {"by": channel.name, "request": pack(ClientMessage(_address(channel, reply), text, files=files))}


def _file(reply: StaffReply, outside: Outside) -> Attachment | None:
    """Out of the CRM into the journal; the address is the CRM's word, and none of it is a name of the config's."""
    if reply.media is None or not reply.media.url:
        return None
    return outside.web.download(Download(reply.media.url.replace("$", "$$"), reply.media.name))


def _told(outcome: Outcome, d: Decided) -> Outcome:
    if not isinstance(outcome, Done):
        return outcome
    way: Any = next(way for way in d.frozen["ways"] if way["by"] == outcome.values["by"])
    mark = answer_mark(way["by"], outcome.remote_id) if outcome.remote_id else ""
    return told(outcome, {"by": way["by"], "to": way["request"]["to"], "answer": mark})


def answer_mark(channel: str, sent_id: str) -> str:
    """What an answer is known by when news of it come: two channels may use the same id, and some ids are long."""
    return sha256(f"{channel}/{sent_id}".encode()).hexdigest()[:40]
