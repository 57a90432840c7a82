"""The receiver of a MANGO OFFICE exchange."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Final

from connectors.bodies import json_fields
from connectors.calls.book import CallBook
from connectors.mango.notice import Fields, read_call
from connectors.mango.reasons import is_success, reason
from connectors.mango.settings import MangoSettings
from connectors.mango.signature import shown, signed_json
from connectors.mango.sms import fate
from connectors.talks.telling import Telling, Writer
from provodka.channel import Around, Delivery, Part, PartsReader, Received
from provodka.event import utc_now

log = logging.getLogger(__name__)

CALLBACK_RESULT: Final = "result/callback"
NOBODY: Final = Writer("")


class MangoChannel:
    """MANGO appends its own paths to the channel's address (`/events/call`, `/events/summary`, …) and looks only at the
    status of the answer. Notices go out in parallel, so they may overtake each other and repeat.

    What is about no call and no SMS is kept as a part, for support.
    """

    def __init__(self, name: str, settings: MangoSettings, now: Callable[[], datetime] = utc_now) -> None:
        self.name = name
        self._settings = settings
        self._book = book_of(name, settings, now)

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """The part, and at most one event."""
        text = signed_json(delivery, self._settings)
        fields, path = Fields(json_fields(text)), delivery.path.strip("/")
        notice = read_call(path, fields, text)
        if notice is not None:
            return self._book.received([notice], parts, delivery.received_at, raw=text)
        telling = Telling(self.name, delivery.received_at, text)
        sent = fate(path, fields, self.name)
        events = () if sent is None else (telling.state(sent, NOBODY, fields.moment("timestamp")),)
        if path == CALLBACK_RESULT and not is_success(code := fields.text("result")):
            log.warning("a call that was ordered was not made: channel=%s: %s", self.name, reason(code))
        return Received(events=events, parts=(_other(path, fields, text),))


def _other(path: str, fields: Fields, text: bytes) -> Part:
    key = fields.text("entry_id") or fields.text("command_id") or path
    return Part(key, f"other:{path}:{sha256(text).hexdigest()[:16]}", text.decode("utf-8-sig"))


def book_of(name: str, settings: MangoSettings, now: Callable[[], datetime]) -> CallBook:
    """What makes the events of the channel, whoever tells of its calls."""
    return CallBook(name, settings, shown(settings, now))


def receiver(name: str, settings: MangoSettings, around: Around) -> MangoChannel:
    """The receiver of the channel `name`."""
    return MangoChannel(name, settings, around.now)
