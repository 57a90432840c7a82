"""The receiver of a VK community (Callback API)."""

from __future__ import annotations

import json
from typing import Any, Final

from connectors.bodies import json_fields, plain_body
from connectors.secrecy import cutter, same_secret
from connectors.talks.reading import word
from connectors.talks.sent import SentBook
from connectors.talks.telling import Telling
from connectors.vk.notice import Notices
from connectors.vk.settings import VkSettings
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError, Reply, UnreadableError

_OK: Final = Reply(body=b"ok")
"""VK takes any other answer for a failure, repeats, and in the end switches the address off."""


class VkChannel:
    """Events of a community's notices. `confirmation` is answered with the string of the settings, all else with `ok`:
    VK sends what a community has switched on, and an unknown kind is no fault of its."""

    def __init__(self, name: str, settings: VkSettings, book: SentBook) -> None:
        self.name = name
        self._settings = settings
        self._secret = settings.secret.get_secret_value() if settings.secret else ""
        self._cut = cutter([self._secret])
        self._notices = Notices(settings.account, book)

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """At most one event: a notice holds one thing."""
        del parts
        try:
            body = plain_body(delivery)
        except UnreadableError as error:
            raise RefusedError("the body cannot be unpacked, so it has no secret") from error
        if self._kind(body) == "confirmation":
            return Received(reply=Reply(body=self._settings.confirmation.encode()))
        telling = Telling(self.name, delivery.received_at, self._cut(body))
        return Received(tuple(self._notices.events(json_fields(body), telling)), reply=_OK)

    def _kind(self, body: bytes) -> str:
        """What the notice is. Raises RefusedError unless it is of our community and has its secret; a confirmation may
        come without one."""
        notice = _top(body)
        kind, given = word(notice.get("type")), notice.get("secret")
        proved = isinstance(given, str) and same_secret(given, self._secret)
        if not proved and not (kind == "confirmation" and "secret" not in notice):
            raise RefusedError("secret is wrong or absent")
        if (group := word(notice.get("group_id"))) != self._settings.account:
            raise RefusedError(f"a notice of the community {group or 'unknown'}, not of {self._settings.account}")
        return kind


def _top(body: bytes) -> dict[str, Any]:
    """The outermost fields, only to judge by them: however deep the rest is nested, VK is to be answered `ok`."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError("the body is no JSON, so it has no secret") from error
    if not isinstance(found, dict):
        raise RefusedError("the body is not an object, so it has no secret")
    return found


def receiver(name: str, settings: VkSettings, around: Around) -> VkChannel | None:
    """The receiver of the channel `name`; None where it asks by itself."""
    if settings.receive == "polling":
        return None
    return VkChannel(name, settings, book_of(settings, around))


def book_of(settings: VkSettings, around: Around) -> SentBook:
    """What we have sent to people of this community."""
    return SentBook(around.store, f"vk:{settings.account}", around.now)
