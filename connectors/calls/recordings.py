"""Recordings of calls as files of the journal: of the right size, certainly a sound, and not asked for for ever."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Final
from urllib.parse import urlsplit

from connectors.answers import by_status
from connectors.calls.settings import CallSettings
from connectors.calls.sounds import ENDINGS, sound_type
from connectors.exchange import Exchanges, Sending
from connectors.guarded import Connecting
from provodka.channel import Around
from provodka.errors import ConnectorError, Rejected, Retryable
from provodka.file_names import safe_name
from provodka.payloads import Attachment, Call
from provodka.stores import Blobs

PATIENCE: Final = timedelta(minutes=30)
"""So long after the end of a call its recording may still be on its way."""

NOT_YET: Final = frozenset({202, 204, 404, 409, 410, 423, 425})
"""Statuses by which services say that there is no file: not yet, or not any more."""

_SECONDS: Final = 120.0
_TOO_LARGE: Final = "Запись больше {most} МБ: увеличьте recording_limit в настройках канала или послушайте её на АТС"
_NO_SOUND: Final = "Вместо записи АТС отдала не звук: проверьте в её кабинете, что записи хранятся и доступны"
_NONE: Final = "Записи на АТС нет: запись разговоров выключена, не оплачена или файл уже удалён"
_NO_ADDRESS: Final = "У этого звонка нет записи"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Puts recordings into the journal. `most` bytes at most; `allow` are hosts that may be internal or do without
    https: the exchange's own, where it stands in the client's network."""

    store: Blobs
    most: int
    zone: tzinfo
    now: Callable[[], datetime]
    allow: Collection[str] = ()
    _exchanges: Exchanges = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_exchanges", Exchanges(Connecting(self.allow), _only_host))

    @classmethod
    def of(cls, settings: CallSettings, around: Around, allow: Collection[str] = ()) -> Shelf:
        return cls(around.store, settings.recording_limit, around.zone, around.now, allow)

    def fetch(self, url: str, call: Call, headers: Mapping[str, str] | None = None, *, form: bytes = b"") -> Attachment:
        """By a GET whose redirects are followed (to another place without the headers), to public addresses only; by a
        POST where there is a `form` to be sent.

        Raises Retryable while the file is not ready, and Rejected where there is none, or it is too large or no sound.
        The address itself, which often opens the file to anybody, is told nowhere.
        """
        sent = {name: text.encode() for name, text in (headers or {}).items()}
        method = "POST" if form else "GET"
        answer = self._exchanges.answer(Sending(method, url, _only_host(url), _SECONDS, self.most, sent, form))
        status = answer.reply.status
        if status in NOT_YET:
            raise self.missing(call, f"HTTP {status}")
        if not answer.whole:
            raise self._too_large()
        if not 200 <= status < 300:
            raise by_status(answer.reply) or Rejected(f"HTTP {status}", status=status)
        return self.keep(answer.reply.body, call, answer.reply.headers.get("content-type", ""))

    def keep(self, body: bytes, call: Call, declared: str = "") -> Attachment:
        """The same for bytes that are here already; `declared` is their type by the service's word."""
        if not body:
            raise self.missing(call, "the file is empty")
        if len(body) > self.most:
            raise self._too_large()
        kind = sound_type(body, declared)
        if not kind:
            what = declared.partition(";")[0].strip() or "of no known type"
            raise Rejected(f"the recording is no sound ({len(body)} bytes, {what})", hint=_NO_SOUND)
        return Attachment(self._name(call, kind), kind, len(body), self.store.keep_blob(body))

    def missing(self, call: Call, words: str, pause: float = 60.0) -> ConnectorError:
        """What it means that the service has no file now: it comes some minutes after the call, or never. It is asked
        for again after so many seconds."""
        if call.ended_at is None or self.now() - call.ended_at < PATIENCE:
            return Retryable(f"the recording is not ready: {words}", wait=pause)
        return Rejected(f"there is no recording: {words}", hint=_NONE)

    def _too_large(self) -> Rejected:
        hint = _TOO_LARGE.format(most=max(1, self.most // 1024**2))
        return Rejected(f"the recording is larger than {self.most} bytes", hint=hint)

    def _name(self, call: Call, kind: str) -> str:
        """«Звонок 2026-03-02 12-04 +79161112233.mp3»: what tells it from the others beside it in a card."""
        began = call.started_at or call.ended_at
        moment = began.astimezone(self.zone).strftime("%Y-%m-%d %H-%M") if began else ""
        words = " ".join(filter(None, ("Звонок", moment, call.phone)))
        return safe_name(words + ENDINGS.get(kind, ".bin"))


@dataclass(frozen=True, slots=True)
class LinkedRecordings:
    """`provodka.calls.Recordings` of an exchange that tells the address of each recording."""

    name: str
    shelf: Shelf
    headers: Callable[[], Mapping[str, str]] = dict

    def fetch_recording(self, call: Call) -> Attachment:
        """Fetch the file at `call.recording`."""
        if not call.recording.startswith(("https://", "http://")):
            raise Rejected("the call has no address of a recording", hint=_NO_ADDRESS)
        return self.shelf.fetch(call.recording, call, self.headers())

    def check(self) -> list[str]:
        """There is nothing to try before there is a recording."""
        return []

    def close(self) -> None:
        """Nothing stays open."""


def _only_host(text: str) -> str:
    """An address without its path and query; anything else as it is."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "…"
    return f"{parts.scheme}://{parts.hostname}/…" if parts.scheme in ("https", "http") and parts.hostname else text
