"""Tells Meta where the notices of a page go."""

from __future__ import annotations

from connectors.graph import Graph, app_token
from connectors.http import Limit
from connectors.meta.settings import MetaSettings
from connectors.talks.reading import parts_of, word
from provodka.channel import Around


class MetaSubscriber:
    """The address belongs to the app, the page to the app's list; both are looked at before they are changed."""

    def __init__(self, name: str, settings: MetaSettings, around: Around) -> None:
        self.name = name
        self._settings = settings
        limit = Limit(f"meta:{settings.page_id}:setup", settings.per_second, 5)
        self._page = Graph(settings, limit, around.store)
        self._app = Graph(settings, limit, around.store, token=app_token(settings.app_id, settings))

    def subscribe(self, address: str) -> bool:
        """Meta looks at the address at once, by the check of the receiver. Raises ConnectorError."""
        return any([self._app_sends(address), self._page_tells()])

    def close(self) -> None:
        """Close the connections."""
        self._app.close()
        self._page.close()

    def _app_sends(self, address: str) -> bool:
        place = f"{self._settings.app_id}/subscriptions"
        known = parts_of(self._app.get(place).get("data"))
        token, changed = self._settings.verify_token.get_secret_value(), False
        for what, fields in self._wanted().items():
            if any(word(one.get("object")) == what and word(one.get("callback_url")) == address for one in known):
                continue
            told = {"object": what, "callback_url": address, "fields": ",".join(fields), "verify_token": token}
            self._app.post(place, told)
            changed = True
        return changed

    def _page_tells(self) -> bool:
        place, wanted = f"{self._settings.page_id}/subscribed_apps", self._wanted().get("page", ("messages",))
        apps = parts_of(self._page.get(place).get("data"))
        known = {word(field) for app in apps for field in app.get("subscribed_fields") or ()}
        if known >= set(wanted):
            return False
        self._page.post(place, {"subscribed_fields": ",".join(sorted({*known, *wanted}))})
        return True

    def _wanted(self) -> dict[str, tuple[str, ...]]:
        wanted: dict[str, tuple[str, ...]] = {}
        if self._settings.lead_forms:
            wanted["page"] = ("leadgen",)
        if self._settings.instagram:
            wanted["instagram"] = ("messages", "messaging_postbacks", "messaging_seen", "comments")
        return wanted


def subscriber(name: str, settings: MetaSettings, around: Around) -> MetaSubscriber | None:
    """The subscriber of the channel `name`, where the settings name the app."""
    return MetaSubscriber(name, settings, around) if settings.app_id else None
