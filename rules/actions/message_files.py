"""The files of a message, brought out of the messenger into the journal when an action needs them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from provodka.errors import ConnectorError, Rejected
from provodka.messages import Talker
from provodka.payloads import Attachment, MessageEvent
from provodka.talks import MessageFile, TalkMessage
from rules.actions.base import Delivery, Outside

PATIENCE: Final = timedelta(minutes=10)
"""How long a message waits for a file that the messenger does not give: those behind it wait, too."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file with its bytes, or why there is none: in English for the journal, in Russian for the card."""

    file: MessageFile
    attachment: Attachment | None = None
    why: str = ""
    told: str = ""

    @property
    def name(self) -> str:
        """What people may call it."""
        own = self.attachment.name if self.attachment is not None else ""
        return own or self.file.name or self.file.kind.value


def message_of(item: Delivery) -> TalkMessage | None:
    """The message that the event is about."""
    return item.event.payload.message if isinstance(item.event.payload, MessageEvent) else None


def fetch(item: Delivery, outside: Outside, *, patience: timedelta = PATIENCE) -> list[Fetched]:
    """Every file of the message. Raises what may still heal (a ConnectorError) while the message is young enough."""
    message = message_of(item)
    talker = outside.correspondents.get(item.event.channel)
    young = outside.now - item.event.received_at < patience
    return [_fetch(file, talker, young=young) for file in message.files] if message is not None else []


def _fetch(file: MessageFile, talker: object, *, young: bool) -> Fetched:
    if not isinstance(talker, Talker):
        return Fetched(file, why="the channel cannot fetch files", told="канал не отдаёт файлы")
    try:
        return Fetched(file, talker.fetch_file(file))
    except Rejected as refused:
        return Fetched(file, why=refused.reason, told=refused.hint or "мессенджер не отдал файл")
    except ConnectorError as error:
        if young:
            raise
        return Fetched(file, why=error.reason, told="мессенджер так и не отдал файл")
