"""The receiver of a page: notices of leads, and what people write on Instagram."""

from __future__ import annotations

import json
from collections.abc import Iterator

from connectors.bodies import plain_body
from connectors.graph import Change, changes, opened
from connectors.meta.instagram import Told
from connectors.meta.leads import key_of
from connectors.meta.settings import MetaSettings
from connectors.talks.reading import word
from connectors.talks.telling import Telling
from provodka.channel import Around, Delivery, Part, PartsReader, Received, Reply
from provodka.event import Event


class MetaChannel:
    """A notice of a lead holds only ids: it is kept as a part, and the watcher fetches the answers."""

    def __init__(self, name: str, settings: MetaSettings) -> None:
        self.name = name
        self._settings = settings

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """What the settings do not ask for is answered and leaves nothing."""
        del parts
        envelope = opened(delivery, self._settings)
        if isinstance(envelope, Reply):
            return Received(reply=envelope)
        telling = Telling(self.name, delivery.received_at, plain_body(delivery))
        is_instagram = envelope.get("object") == "instagram"
        found = [one for change in changes(envelope) for one in self._told(change, telling, is_instagram=is_instagram)]
        return Received.of(found)

    def _told(self, change: Change, telling: Telling, *, is_instagram: bool) -> Iterator[Event | Part]:
        if is_instagram and self._settings.instagram:
            yield from Told(change, telling, self._settings.app_id).events()
        elif change.field == "leadgen" and self._settings.lead_forms:
            if lead := word(change.value.get("leadgen_id")):
                yield Part(key_of(lead), "notice", json.dumps(change.value))
            else:
                yield telling.unreadable(change.value, "a notice of a lead without its id")


def receiver(name: str, settings: MetaSettings, around: Around) -> MetaChannel:
    """The receiver of the channel `name`."""
    del around
    return MetaChannel(name, settings)
