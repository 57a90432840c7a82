"""The parts of MTS Exolve: SMS, calls by rules, and the history of calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.calls.book import CallBook
from connectors.calls.mapped import Mapped, merged
from connectors.calls.net import Net
from connectors.calls.notice import CALL, CallNotice, Told, stored_notice
from connectors.exolve.api import Exolve, digits
from connectors.exolve.settings import USUAL, ExolveSettings, HistorySettings
from provodka import identity
from provodka.calls import CallOrder
from provodka.channel import Around, Intake, UnreadableError
from provodka.errors import ConnectorError, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Done, Outcome, Repeat, Request, operation

LONGEST: Final = 1000
PAGE: Final = 100
MOST_PAGES: Final = 100
OVERLAP: Final = timedelta(minutes=15)
_NO_PHONE: Final = "У клиента нет номера телефона, на который можно написать."
_TOO_LONG: Final = "SMS длиннее {most} знаков ({length}): сократите текст"
_NO_CALLBACK: Final = "Укажите callback_id: id ресурса обратного звонка из кабинета Exolve."
_NO_EXTENSION: Final = "Впишите сотруднику extension: номер телефона, на который Exolve ему позвонит."
_UNREADABLE: Final = "Проверьте history.map: где в ответе Exolve ключ звонка и номера"


class ExolveSms:
    """Whether an SMS went out whose answer was lost cannot be told, so that a person decides."""

    medium = "sms"
    reaches = ("phone",)
    carries_files = False

    def __init__(self, name: str, settings: ExolveSettings, api: Exolve, now: Callable[[], datetime]) -> None:
        self.name = name
        self._settings = settings
        self._api = api
        self._now = now

    @operation(repeat=Repeat.PERSON)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        """One SMS each."""
        return [self._written(request.params) for request in requests]

    def check(self) -> list[str]:
        """Try the key by a look into the history of a minute."""
        return checked(self._api, self._settings.history or HistorySettings(), self._now())

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        self._api.close()

    def _written(self, message: ClientMessage) -> Outcome:
        phone = identity.phone(message.to)
        if not phone:
            return Rejected("there is no phone to write to", hint=_NO_PHONE)
        if len(message.text) > LONGEST:
            hint = _TOO_LONG.format(most=LONGEST, length=len(message.text))
            return Rejected(f"an SMS has at most {LONGEST} characters, this one {len(message.text)}", hint=hint)
        body = {"number": digits(self._settings.number), "destination": digits(phone), "text": message.text}
        try:
            return Done(self._api.made("/messaging/v1/SendSMS", body, "message_id"))
        except ConnectorError as error:
            return error


class ExolveDialler:
    """A text is read to the client (MakeVoiceMessage); else the employee is rung, then the client (MakeCallback)."""

    reads_texts = True

    def __init__(self, name: str, settings: ExolveSettings, api: Exolve) -> None:
        self.name = name
        self._settings = settings
        self._api = api

    @operation(repeat=Repeat.PERSON)
    def dial(self, requests: Sequence[Request[CallOrder]]) -> list[Outcome]:
        """One call each."""
        return [self._dialled(request.params, request.key) for request in requests]

    def check(self) -> list[str]:
        """The messenger of the channel tries the key."""
        return []

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        self._api.close()

    def _dialled(self, order: CallOrder, key: str) -> Outcome:
        ours, client = digits(order.line or self._settings.number), digits(order.phone)
        if order.text:
            tts = {"text": order.text, "voice": self._settings.voice, "lang": "ru-RU"}
            return self._made("MakeVoiceMessage", {"source": ours, "destination": client, "tts": tts})
        if self._settings.callback_id is None:
            return Rejected("there is no callback resource", hint=_NO_CALLBACK)
        employee = next(filter(None, map(identity.phone, (order.extension, *order.others))), "")
        if not employee:
            return Rejected("the employee has no telephone number", hint=_NO_EXTENSION)
        lines = {
            f"line_{place}": {"destinations": [{"number": number, "timeout": 30}], "display_number": ours}
            for place, number in ((1, digits(employee)), (2, client))
        }
        body = {"number_code": ours, "callback_resource_id": self._settings.callback_id, "request_description": key}
        return self._made("MakeCallback", {**body, **lines})

    def _made(self, method: str, body: Mapping[str, Any]) -> Outcome:
        try:
            return Done(self._api.made(f"/call/v1/{method}", body, "call_id"))
        except ConnectorError as error:
            return error


class History:
    """Reads the calls that are over, by pages; the cursor is the moment up to which they were read."""

    def __init__(self, book: CallBook, api: Exolve, settings: HistorySettings, around: Around) -> None:
        self._book, self._api, self._settings, self._now = book, api, settings, around.now
        own = [(target, getattr(settings.map, target)) for target in settings.map.model_fields_set]
        self._reader = Mapped(merged(USUAL, own), settings.words, around.zone)
        self._cursor = f"exolve:{book.name}:history"

    def look(self, intake: Intake) -> None:
        """What is new since the last time. At the very first start the past is left alone."""
        now, cursor = self._now(), intake.cursor(self._cursor)
        since = datetime.fromisoformat(cursor) - OVERLAP if cursor else now
        news = [one for one in self._since(since, now) if not self._is_ended(one, intake)] if cursor else []
        self._book.accept(news, intake, now, {self._cursor: now.isoformat()})

    def _since(self, since: datetime, now: datetime) -> Iterator[CallNotice]:
        for page in range(MOST_PAGES):
            rows = self._page(since, now, page * PAGE)
            for row in rows:
                yield self._read(row, now)
            if len(rows) < PAGE:
                return

    def _page(self, since: datetime, until: datetime, offset: int) -> list[Any]:
        answer = self._api.ask(self._settings.path, asked(since, until, PAGE, offset), write=False)
        rows = next((answer[name] for name in self._settings.list if isinstance(answer.get(name), list)), None)
        if rows is None and answer:
            words = f"the history has no list of calls: it has {', '.join(sorted(answer))[:100]}"
            raise Rejected(words, hint="Назовите этот список в history.list настроек канала")
        return rows or []

    def _read(self, row: object, now: datetime) -> CallNotice:
        """A row of the history is the last word on its call."""
        try:
            notice = self._reader.read(row if isinstance(row, dict) else {}, now)
        except UnreadableError as error:
            raise Rejected(f"a call of the history cannot be read: {error}", hint=_UNREADABLE) from error
        length = timedelta(seconds=notice.talk_seconds or 0)
        ended = notice.ended_at or (notice.started_at + length if notice.started_at else now)
        return replace(notice, told=Told.ENDED, at=ended, ended_at=ended, talk_seconds=notice.talk_seconds or 0)

    def _is_ended(self, notice: CallNotice, intake: Intake) -> bool:
        parts = intake.parts(self._book.name, f"{CALL}{notice.call}")
        return any(stored_notice(part).told is Told.ENDED for part in parts)


def asked(since: datetime, until: datetime, limit: int, offset: int) -> dict[str, Any]:
    """A question for the history; times as RFC 3339."""
    span = {"date_from": since.isoformat(timespec="seconds"), "date_to": until.isoformat(timespec="seconds")}
    return {**span, "limit": limit, "offset": offset}


def checked(api: Exolve, history: HistorySettings, now: datetime) -> list[str]:
    """What is wrong with the key, in one sentence; nothing when all is well."""
    try:
        api.ask(history.path, asked(now - timedelta(minutes=1), now, 1, 0), write=False)
    except ConnectorError as error:
        return [error.sentence("МТС Exolve")]
    return []


def messenger(name: str, settings: ExolveSettings, around: Around) -> ExolveSms:
    """What sends SMS."""
    return ExolveSms(name, settings, Exolve(settings, around.store), around.now)


def dialler(name: str, settings: ExolveSettings, around: Around) -> ExolveDialler:
    """What makes calls."""
    return ExolveDialler(name, settings, Exolve(settings, around.store))


def watcher(name: str, settings: ExolveSettings, around: Around) -> Net | None:
    """What reads the history; None where the settings do not ask for it."""
    history = settings.history
    if history is None:
        return None
    api, book = Exolve(settings, around.store), CallBook(name, settings)
    look = History(book, api, history, around).look
    return Net(
        book,
        around.now,
        look=look,
        every=history.poll,
        test=lambda: checked(api, history, around.now()),
        close=api.close,
    )
