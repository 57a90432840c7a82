"""What one notice of Green-API tells, as events: the same whether it was sent to us or asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from connectors.greenapi.content import content_of
from connectors.talks.reading import Fields, moment, part, phones_of, word
from connectors.talks.states import state_told
from connectors.talks.telling import Telling, Writer
from provodka.channel import Part, PartsReader
from provodka.event import Event
from provodka.talks import DeliveryState, Sent, TalkMessage

SERVICE: Final = "whatsapp"
STATES: Final = {
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    **dict.fromkeys(("fail", "failed", "noAccount", "notInGroup", "yellowCard"), DeliveryState.FAILED),
}
WHY: Final = {
    "noAccount": "У этого номера нет WhatsApp: напишите клиенту другим каналом.",
    "notInGroup": "Нашего номера нет в этой группе WhatsApp.",
    "yellowCard": "WhatsApp предупредил номер о рассылке: остановите массовые сообщения, иначе его заблокируют.",
}
FAILED: Final = "WhatsApp не доставил сообщение."
MISSED: Final = "Пропущенный звонок (whatsapp)"
STATE_CHANGED: Final = "stateInstanceChanged"
NO_ID: Final = "a message without an id or a chat"


@dataclass(frozen=True, slots=True)
class Told:
    """One notice, with what is known beside it."""

    notice: Fields
    telling: Telling
    parts: PartsReader

    @property
    def kind(self) -> str:
        return word(self.notice.get("typeWebhook"))

    def events(self) -> Iterator[Event | Part]:
        """What it tells; of unknown kinds, and of what we sent ourselves, nothing."""
        match self.kind:
            case "incomingMessageReceived":
                yield from self._message(is_ours=False)
            case "outgoingMessageReceived":
                yield from self._message(is_ours=True)
            case "outgoingMessageStatus":
                yield from self._status()
            case "incomingCall" if word(self.notice.get("status")) == "missed":
                yield from self._missed_call()

    @property
    def account(self) -> str:
        return word(part(self.notice, "instanceData").get("idInstance"))

    def _message(self, *, is_ours: bool) -> Iterator[Event]:
        number = word(self.notice.get("idMessage"))
        sides = part(self.notice, "senderData")
        chat = word(sides.get("chatId")) or word(sides.get("sender"))
        if not number or not chat:
            yield self.telling.unreadable(self.notice, NO_ID)
            return
        content, at = content_of(part(self.notice, "messageData")), moment(self.notice.get("timestamp"))
        message = TalkMessage(
            id=content.changed or number,
            chat=bare(chat),
            service=SERVICE,
            account=self.account,
            text=content.text,
            files=content.files,
            button=content.button,
            answers=content.answers,
            group=is_group(chat),
        )
        if is_ours:
            if not content.changed:
                name = "" if message.group else word(sides.get("chatName"))
                yield self.telling.sent(message, client(chat, name), at)
            return
        writer = client(word(sides.get("sender")) or chat, _name(sides))
        if content.changed:
            yield self.telling.edited(message, writer, None)
        elif content.text or word(part(self.notice, "messageData").get("typeMessage")) != "reactionMessage":
            yield self.telling.received(message, writer, at, None, content.own)

    def _missed_call(self) -> Iterator[Event]:
        caller, number = word(self.notice.get("from")), word(self.notice.get("idMessage"))
        if caller and number:
            message = TalkMessage(number, bare(caller), SERVICE, self.account, MISSED)
            yield self.telling.received(message, client(caller), moment(self.notice.get("timestamp")), None, "")

    def _status(self) -> Iterator[Event | Part]:
        number, status, chat = (word(self.notice.get(name)) for name in ("idMessage", "status", "chatId"))

        def event(state: DeliveryState) -> Event:
            why = WHY.get(status, FAILED) if state is DeliveryState.FAILED else ""
            sent = Sent(number, state, bare(chat), SERVICE, self.account, why)
            return self.telling.state(sent, client(chat), moment(self.notice.get("timestamp")))

        yield from state_told(self.notice, number, status, STATES, self.telling, self.parts, event)


def is_group(chat: str) -> bool:
    return chat.endswith("@g.us")


def bare(chat: str) -> str:
    """The number of a person, as other ways into WhatsApp name them; a group by its whole id."""
    return chat.removesuffix("@c.us")


def client(chat: str, name: str = "") -> Writer:
    """A person by their number; a group is nobody."""
    number = "" if is_group(chat) else bare(chat)
    return Writer(number, name, phones_of(number))


def _name(sides: Fields) -> str:
    """As the client calls themselves: how our address book calls them may be a remark of ours."""
    return word(sides.get("senderName")) or word(sides.get("senderContactName"))
