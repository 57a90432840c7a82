"""What WhatsApp tells in one change of a delivery, as events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from connectors.marks import utm_from_url
from connectors.talks.reading import Fields, moment, part, parts_of, phones_of, word
from connectors.talks.states import state_told
from connectors.talks.telling import Telling, Writer
from connectors.whatsapp.content import content_of
from connectors.whatsapp.refusals import told
from provodka.channel import Part, PartsReader
from provodka.event import Event
from provodka.talks import ChatState, DeliveryState, Sent, TalkMessage
from provodka.visits import Utm

SERVICE: Final = "whatsapp"
STATES: Final = {
    "failed": DeliveryState.FAILED,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "played": DeliveryState.READ,
}
NO_ID: Final = "a message without an id or a sender"


@dataclass(frozen=True, slots=True)
class Told:
    """One value of a change, with what is known beside it. `number` is the id of the number by which we write."""

    value: Fields
    telling: Telling
    parts: PartsReader
    number: str

    @property
    def account(self) -> str:
        return word(part(self.value, "metadata").get("phone_number_id"))

    def chat(self, who: str) -> str:
        """Where an answer goes. Other numbers of the app come to the same address: their talks name them."""
        return f"{self.account}/{who}" if who and self.account not in ("", self.number) else who

    def events(self) -> Iterator[Event | Part]:
        """All that it tells."""
        return self.telling.each(
            self.value, {"messages": self._message, "statuses": self._status, "message_echoes": self._echo}
        )

    def _message(self, piece: Fields) -> Iterator[Event]:
        writer, at = self._writer(piece), moment(piece.get("timestamp"))
        if word(piece.get("type")) == "system":
            yield from self._system(piece, writer)
            return
        if not word(piece.get("id")) or not writer.id:
            yield self.telling.unreadable(piece, NO_ID)
            return
        content = content_of(piece)
        if word(piece.get("type")) == "reaction" and not content.text:
            return  # it was taken back
        advert = part(piece, "referral")
        message = self._talk(piece, writer.id)
        yield self.telling.received(message, writer, at, _utm(advert), content.own)

    def _echo(self, piece: Fields) -> Iterator[Event]:
        """One of ours has written from the phone."""
        to = word(piece.get("to")) or word(piece.get("to_user_id"))
        if not word(piece.get("id")) or not to:
            yield self.telling.unreadable(piece, NO_ID)
            return
        client = Writer(to, phones=phones_of(to))
        yield self.telling.sent(self._talk(piece, to), client, moment(piece.get("timestamp")))

    def _talk(self, piece: Fields, chat: str) -> TalkMessage:
        content, advert = content_of(piece), part(piece, "referral")
        group = word(piece.get("group_id"))
        return TalkMessage(
            id=word(piece.get("id")),
            chat=self.chat(group or chat),
            service=SERVICE,
            account=self.account,
            text=content.text,
            files=content.files,
            about=word(advert.get("headline")) or word(advert.get("body")),
            about_url=word(advert.get("source_url")),
            button=content.button,
            answers=content.answers or word(part(piece, "context").get("id")),
            group=bool(group),
        )

    def _writer(self, piece: Fields) -> Writer:
        """By the number where it shows, else by the id that the person has with our business."""
        digits, user = word(piece.get("from")), word(piece.get("from_user_id"))
        profiles = parts_of(self.value.get("contacts"))
        own = next(
            (one for one in profiles if {digits, user} & {word(one.get("wa_id")), word(one.get("user_id"))} - {""}),
            None,
        )
        if own is None:
            own = profiles[0] if len(profiles) == 1 and not (digits or user) else {}
        digits = digits or word(own.get("wa_id"))
        user = user or word(own.get("user_id"))
        profile = part(own, "profile")
        name = word(profile.get("name")) or word(profile.get("username"))
        return Writer(digits or user, name, phones_of(digits), others=(user,) if digits else ())

    def _system(self, piece: Fields, writer: Writer) -> Iterator[Event]:
        """A person has another number: from now on the old one and the new one are one person."""
        change = part(piece, "system")
        number = word(change.get("wa_id")) or word(change.get("new_wa_id"))
        if not number or not writer.id:
            return
        now = Writer(number, writer.name, (*phones_of(number), *writer.phones), (writer.id, *writer.others))
        state = ChatState(self.chat(number), SERVICE, self.account)
        yield self.telling.started(
            state, now, moment(piece.get("timestamp")), f"number:{word(piece.get('id')) or number}"
        )

    def _status(self, piece: Fields) -> Iterator[Event | Part]:
        number, who, user = (word(piece.get(name)) for name in ("id", "recipient_id", "recipient_user_id"))
        errors = parts_of(piece.get("errors"))

        def event(state: DeliveryState) -> Event:
            error = told(errors[0]) if errors else ""
            sent = Sent(number, state, self.chat(who or user), SERVICE, self.account, error)
            client = Writer(who or user, phones=phones_of(who), others=(user,) if who else ())
            return self.telling.state(sent, client, moment(piece.get("timestamp")))

        status = word(piece.get("status"))
        yield from state_told(piece, number, status, STATES, self.telling, self.parts, event)


def _utm(advert: Fields) -> Utm:
    """The advert that opened the chat: its own marks where its address has some, else what Meta tells of it."""
    if not advert:
        return Utm()
    found = utm_from_url(word(advert.get("source_url")))
    clicks = dict(found.clicks)
    if click := word(advert.get("ctwa_clid")):
        clicks["ctwa_clid"] = click
    return Utm(
        source=found.source or "meta",
        medium=found.medium or word(advert.get("source_type")),
        campaign=found.campaign,
        content=found.content or word(advert.get("source_id")),
        term=found.term,
        clicks=clicks,
    )
