"""`log_message`: show a message of a messenger in the card, as a chat or as a note, once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

from pydantic import Field

from provodka.crm import CardKind, CardRef, ChatMedia, ChatMessage, NewFile, NewNote
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Outcome
from provodka.payloads import EventType, MessageEvent
from provodka.settings import Strict
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Place
from rules.actions.desk import Desk, pack, submit, submit_all
from rules.actions.introductions import introduced
from rules.actions.message_files import Fetched, fetch
from rules.actions.shown import all_of, hang_files, shown_before, with_words
from rules.actions.targets import Target, find_targets
from rules.beside import Beside

CHAT: Final = "chat"
NOTE: Final = "note"
SERVICES: Final = {
    "telegram": "Telegram",
    "whatsapp": "WhatsApp",
    "viber": "Viber",
    "vk": "ВКонтакте",
    "avito": "Авито",
    "max": "MAX",
    "instagram": "Instagram",
}
"""How people call the networks."""
NO_CHAT: Final = (
    "В CRM нет канала переписки: добавьте crm.chats (amoCRM) или crm.talks (Битрикс24), или напишите as: note"
)
WORDLESS: Final = "[сообщение без текста]"


class LogMessageParams(Strict):
    """`as`: `chat` shows it among the talks of the CRM, `note` in the feed; without it a chat where the CRM has a
    channel for talks (a talk of several people is noted all the same), else a note."""

    way: Literal["chat", "note"] | None = Field(default=None, alias="as")


class LogMessage(Action[LogMessageParams]):
    """A message that the client wrote, changed, or got from one of ours outside of the CRM.

    Values of its result: as, lead_id, contact_id, logged (the event), reason (what became of its files). Two of a
    message of several files are several messages of a chat, which has room for one in each.
    """

    name = "log_message"
    params = LogMessageParams
    lead = LeadUse.NEEDS
    reads = frozenset({"message"})

    def doubles(self, earlier: LogMessageParams, later: LogMessageParams) -> bool:  # noqa: ARG002 -- any two
        return True

    def beside(self, params: LogMessageParams, beside: Beside) -> Iterator[tuple[Place, str, str]]:
        if params.way == CHAT and not beside.talks:
            yield ("as",), "the CRM has no channel for talks", "add crm.chats (amoCRM) or crm.talks (Bitrix24)"

    def doubts(self, params: LogMessageParams, beside: Beside) -> Iterator[tuple[Place, str, str]]:
        if params.way != NOTE and beside.talks and not beside.public:
            text = (
                "files of messages will not show in the chat, but hang on the card: the CRM cannot fetch them from us"
            )
            yield (), text, "name server.public_url: the address at which the CRM reaches us"

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        marks = {item.key: item.event.id for item in items if isinstance(item.event.payload, MessageEvent)}
        decisions = shown_before(items, marks, "message", outside)
        rest = [item for item in items if item.key not in decisions]
        targets = find_targets(rest, desk) if rest else {}
        for item in rest:
            decisions[item.key] = _decision(item, targets[item.key], desk)
        return [decisions[item.key] for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        """The files of the card before the lines of a chat, which cannot be looked for everywhere."""
        crm = Desk(outside).crm
        hung, left = hang_files(ready, crm)
        lines = submit_all(crm.post_messages, ChatMessage, "lines", left)
        shown = {d.item.key: all_of(lines[d.item.key]) for d in left}
        shown |= submit(crm.add_notes, NewNote, "note", left)
        return [with_words(d, hung[d.item.key], shown.get(d.item.key)) for d in ready]


def _decision(item: Delivery, target: Target | ConnectorError, desk: Desk) -> Decision:
    if isinstance(target, ConnectorError):
        return target
    outside, way = desk.outside, item.params["as"]
    if way == CHAT and not desk.crm.shows_talks():
        return Rejected("the CRM has no channel for talks", hint=NO_CHAT)
    staff = outside.team.login(target.responsible) if item.event.type is EventType.MESSAGE_SENT else ""
    as_chat = desk.crm.shows_talks() and not _group(item) if way is None else way == CHAT
    if item.event.type is EventType.MESSAGE_SENT and not staff:
        as_chat = False  # a chat shows who of the staff wrote, and there is nobody
    try:
        item = introduced(item, outside)
        files = fetch(item, outside)
        return _chat(item, target, staff, files, outside) if as_chat else _note(item, target, files)
    except ConnectorError as error:
        return error


def _group(item: Delivery) -> bool:
    """Whether several people talk there: such a chat can be no single card's."""
    return isinstance(item.event.payload, MessageEvent) and item.event.payload.message.group


def _chat(item: Delivery, target: Target, staff: str, files: Sequence[Fetched], outside: Outside) -> dict[str, Any]:
    """The words with the first file, then each other file by itself. What cannot be shown hangs on the card."""
    shown, hung = _media(files, outside)
    text = "\n".join(filter(None, (_words(item, named=bool(staff)), *(_missing(one) for one in files), *_marks(hung))))
    payload = item.event.payload
    assert isinstance(payload, MessageEvent)  # noqa: S101 -- `decide` has made sure of it
    person, message = item.event.person, payload.message
    id_ = f"{item.event.channel}:{message.id}"
    if item.event.type is EventType.MESSAGE_EDITED:
        id_ = f"{id_}:{item.event.id}"
    media: list[ChatMedia | None] = [*shown] or [None]
    lines = [
        ChatMessage(
            id=id_ if n == 0 else f"{id_}:{n}",
            chat_id=message.chat,
            person_id=next(iter(person.messengers), f"{message.service}:{message.chat}"),
            person_name=person.name or person.phone or SERVICES.get(message.service, message.service),
            sent_at=item.event.occurred_at,
            text=(text or ("" if one else WORDLESS)) if n == 0 else "",
            media=one,
            phone=person.phone,
            email=person.email,
            staff=staff,
            source=item.event.channel,
            lead_id="" if message.group else target.lead_id,
            contact_id="" if message.group else target.contact_id,
        )
        for n, one in enumerate(media)
    ]
    return {"lines": [pack(line) for line in lines], **_rest(item, target, CHAT, hung, files)}


def _media(files: Sequence[Fetched], outside: Outside) -> tuple[list[ChatMedia], list[Fetched]]:
    """What the CRM can fetch from us, and what it cannot."""
    there = [one for one in files if one.attachment is not None]
    if outside.files is None:
        return [], there
    shown = []
    for one in there:
        attachment = one.attachment
        assert attachment is not None  # noqa: S101 -- chosen so
        url = outside.files.url(attachment.sha256, one.name, attachment.content_type)
        shown.append(ChatMedia(one.file.kind, url, one.name, attachment.size))
    return shown, []


def _note(item: Delivery, target: Target, files: Sequence[Fetched]) -> dict[str, Any]:
    payload = item.event.payload
    assert isinstance(payload, MessageEvent)  # noqa: S101 -- `decide` has made sure of it
    person, message = item.event.person, payload.message
    service = SERVICES.get(message.service, message.service)
    who = (payload.staff or "сотрудник") if item.event.type is EventType.MESSAGE_SENT else person.name or person.phone
    hung = [one for one in files if one.attachment is not None]
    words = "\n".join(filter(None, (_words(item, named=False), *_marks(hung), *(_missing(one) for one in files))))
    text = f"{', '.join(filter(None, (service, who)))}: {words or WORDLESS}"
    if message.about:
        text += f"\nО чём: {' '.join(filter(None, (message.about, message.about_url)))}"
    lead_id, contact_id = target.lead_id, "" if target.lead_id else target.contact_id
    return {"note": pack(NewNote(text, lead_id, contact_id)), **_rest(item, target, NOTE, hung, files)}


def _words(item: Delivery, *, named: bool) -> str:
    """The text; a button that was pressed without one is told by its data."""
    payload = item.event.payload
    assert isinstance(payload, MessageEvent)  # noqa: S101 -- `decide` has made sure of it
    message = payload.message
    text = message.text.strip() or (f"[кнопка: {message.button}]" if message.button else "")
    if named and payload.staff and text:
        text = f"{payload.staff}: {text}"
    return f"Исправлено: {text}" if text and item.event.type is EventType.MESSAGE_EDITED else text


def _marks(files: Sequence[Fetched]) -> list[str]:
    return [f"[файл {one.name}: приложен к карточке]" for one in files]


def _missing(one: Fetched) -> str:
    return "" if one.attachment is not None else f"[файл {one.name}: {one.told}]"


def _rest(
    item: Delivery, target: Target, way: str, hung: Sequence[Fetched], files: Sequence[Fetched]
) -> dict[str, Any]:
    kind, id_ = (CardKind.LEAD, target.lead_id) if target.lead_id else (CardKind.CONTACT, target.contact_id)
    card = CardRef(kind, id_)
    values = {"as": way, "lead_id": target.lead_id, "contact_id": target.contact_id, "logged": item.event.id}
    missing = "; ".join(f"file «{one.name}»: {one.why}" for one in files if one.why)
    return {
        "files": [pack(NewFile(one.attachment, card)) for one in hung if one.attachment is not None],
        "told": {**values, **({"reason": missing} if missing else {})},
    }
