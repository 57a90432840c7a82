"""Any service on the net, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from provodka.errors import ConnectorError
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import Attachment
from provodka.web import Download, WebCall


class FakeWeb:
    """Keeps what it was to send; a download gives a file of the wanted name."""

    name = "http"

    def __init__(self) -> None:
        self.sent: list[tuple[str, WebCall]] = []
        self.asked: list[Download] = []
        self.refusal: ConnectorError | None = None

    def _all(self, way: str, requests: Sequence[Request[WebCall]]) -> list[Outcome]:
        self.sent.extend((way, request.params) for request in requests)
        return [self.refusal or Done(values={"status": "200"}) for _ in requests]

    @operation(repeat=Repeat.KEY, batch=50)
    def call_with_key(self, requests: Sequence[Request[WebCall]]) -> list[Outcome]:
        return self._all("key", requests)

    @operation(repeat=Repeat.SAFE, batch=50)
    def call_again(self, requests: Sequence[Request[WebCall]]) -> list[Outcome]:
        return self._all("safe", requests)

    @operation(repeat=Repeat.PERSON, batch=50)
    def call_once(self, requests: Sequence[Request[WebCall]]) -> list[Outcome]:
        return self._all("person", requests)

    def download(self, wanted: Download) -> Attachment:
        self.asked.append(wanted)
        if self.refusal is not None:
            raise self.refusal
        return Attachment(wanted.name or "file.pdf", "application/pdf", 3, "abc")
