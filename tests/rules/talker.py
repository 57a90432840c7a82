"""A messenger in memory that people write to, and the addresses that others could fetch our files at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provodka.errors import ConnectorError
from provodka.messages import ChatFacts, ClientMessage
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import Attachment
from provodka.talks import MessageFile


class FakeTalker:
    """Gives each file the bytes of its `ref`; `refuse` makes every file fail, `refuse_text` every message."""

    medium = "telegram"
    account = "1"

    def __init__(
        self, name: str = "bot", reaches: tuple[str, ...] = ("telegram",), *, carries_files: bool = True
    ) -> None:
        self.name = name
        self.reaches = reaches
        self.carries_files = carries_files
        self.sent: list[ClientMessage] = []
        self.refuse: ConnectorError | None = None
        self.refuse_text: ConnectorError | None = None

    @operation(repeat=Repeat.PERSON, batch=1)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        if self.refuse_text is not None:
            return [self.refuse_text] * len(requests)
        self.sent.extend(request.params for request in requests)
        return [Done(f"m{len(self.sent)}") for _ in requests]

    def fetch_file(self, file: MessageFile) -> Attachment:
        if self.refuse is not None:
            raise self.refuse
        return Attachment(file.name or f"{file.ref}.bin", file.content_type, file.size, f"hash-of-{file.ref}")


class Introducing(FakeTalker):
    """Knows who writes and about what only when it is asked; `unknown` makes it fail. `asked` counts."""

    def __init__(self, facts: ChatFacts) -> None:
        super().__init__()
        self.facts = facts
        self.unknown: ConnectorError | None = None
        self.asked: list[str] = []

    def who(self, chat: str) -> ChatFacts:
        self.asked.append(chat)
        if self.unknown is not None:
            raise self.unknown
        return self.facts


class Addresses:
    """Every file has one."""

    def url(self, sha256: str, name: str, content_type: str) -> str:
        del content_type
        return f"https://we/files/{sha256}/{name}"


def said(text: str = "Здравствуйте", *files: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A message as an event brings it."""
    return {"id": "5", "chat": "77", "service": "telegram", "text": text, "files": list(files), **more}


PHOTO = {"kind": "picture", "ref": "a", "name": "крыша.jpg", "content_type": "image/jpeg", "size": 9}
VOICE = {"kind": "voice", "ref": "b", "name": "голос.ogg", "content_type": "audio/ogg", "size": 7}
