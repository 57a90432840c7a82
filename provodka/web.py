"""Any service on the net: what rules may ask of it, and what answers them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from provodka.crm.protocols import Write
from provodka.payloads import Attachment

HIDDEN = "internal_address"
"""The code of the refusal of an address that only insiders may reach."""


@dataclass(frozen=True, slots=True)
class WebCall:
    """One request. Its texts are hidden (`provodka.veil`): what the config took from outside stands there by name.

    One of `json` (any JSON), `form` and `body` is sent. `expect` are the statuses of success, none for any 2xx;
    `key_header` is the header that takes our idempotency key; `timeout` in seconds for the whole of it; of the answer
    at most `most` bytes are read.
    """

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    json: Any = None
    form: dict[str, str] = field(default_factory=dict)
    body: str = ""
    expect: tuple[int, ...] = ()
    timeout: float = 20.0
    most: int = 1024 * 1024
    key_header: str = ""


@dataclass(frozen=True, slots=True)
class Download:
    """A file to be fetched. `name` is what it is to be called, empty for its own; `types` are endings of names that
    are taken, none for any; larger than `most` bytes it is refused."""

    url: str
    name: str = ""
    types: tuple[str, ...] = ()
    most: int = 20 * 1024 * 1024
    timeout: float = 60.0


class Web(Protocol):
    """Speaks to any public address, and to those inside that the config allows.

    The three calls differ in what becomes of one whose answer was lost: sent again with the same key, sent again, or
    left to a person. `Done.values`: `status`.
    """

    name: str

    @property
    def call_with_key(self) -> Write[WebCall]: ...

    @property
    def call_again(self) -> Write[WebCall]: ...

    @property
    def call_once(self) -> Write[WebCall]: ...

    def download(self, wanted: Download) -> Attachment:
        """Fetch a file; its bytes are in the journal then. Raises ConnectorError."""
