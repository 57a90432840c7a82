"""Tells VK where the notices of a community go."""

from __future__ import annotations

from typing import Final

from connectors.talks.reading import Fields, parts_of, word
from connectors.vk.api import VkApi
from connectors.vk.notice import TOLD
from connectors.vk.settings import VkSettings
from provodka.channel import Around
from provodka.errors import ConnectorError, Rejected

TITLE: Final = "Provodka"  # at most 14 signs
_SWITCHED_OFF: Final = (
    "VK отключил адрес вебхука после ошибок. Проверьте, что Provodka открыта снаружи, и включите сервер снова: "
    "Управление → Работа с API → Callback API → «Подтвердить»."
)
_NOT_OURS: Final = (
    "Среди серверов Callback API сообщества нет сервера с ключом secret из настроек: добавьте его "
    "(Управление → Работа с API → Callback API) или исправьте secret."
)
_NOT_CONFIRMED: Final = (
    "VK не получил от адреса строку подтверждения: Provodka должна работать и быть открыта снаружи, а confirmation — "
    "быть строкой из настроек Callback API."
)


class Setup:
    """A server of the Callback API with our address and secret, and the kinds of notices that we read switched on."""

    def __init__(self, settings: VkSettings, api: VkApi) -> None:
        self._settings = settings
        self._api = api

    def subscribe(self, address: str) -> bool:
        """Add the server, or correct it; whether anything had to be changed. VK calls the address meanwhile."""
        group, secret = self._settings.account, self._secret
        found = next((one for one in self._servers() if word(one.get("url")) == address), None)
        if found is not None and found.get("secret_key") == secret and found.get("status") == "ok":
            return self._switch_on(word(found.get("id")))
        server = {"group_id": group, "url": address, "title": TITLE, "secret_key": secret}
        if found is None:
            number = word(self._api.ask("groups.addCallbackServer", **server).get("server_id"))
        else:
            number = word(found.get("id"))
            self._api.call("groups.editCallbackServer", {**server, "server_id": number})
        self._switch_on(number)
        states = [word(one.get("status")) for one in self._servers() if word(one.get("id")) == number]
        if states == ["failed"]:
            raise Rejected("VK has not confirmed the address", hint=_NOT_CONFIRMED)
        return True

    def look(self) -> None:
        """Raises Rejected with the cure where VK does not send to us."""
        ours = [one for one in self._servers() if one.get("secret_key") == self._secret]
        if not ours:
            raise Rejected("no callback server of the community has our secret", hint=_NOT_OURS)
        states = {word(one.get("status")) for one in ours}
        if not states & {"ok", "wait"}:
            raise Rejected(f"VK says of the callback server: {', '.join(sorted(states))}", hint=_SWITCHED_OFF)

    def check(self) -> list[str]:
        """Whether VK sends to us."""
        try:
            self.look()
        except ConnectorError as error:
            return [error.sentence("VK")]
        return []

    @property
    def _secret(self) -> str:
        return self._settings.secret.get_secret_value() if self._settings.secret else ""

    def _servers(self) -> list[Fields]:
        return parts_of(self._api.ask("groups.getCallbackServers", group_id=self._settings.account).get("items"))

    def _switch_on(self, server: str) -> bool:
        """The kinds that we read, beside those that are on already; whether any was missing."""
        version = self._settings.api_version
        about = {"group_id": self._settings.account, "server_id": server}
        now = self._api.ask("groups.getCallbackSettings", **about)
        events = now.get("events")
        on = events if isinstance(events, dict) else {}
        if (
            all(word(on.get(kind)) == "1" for kind in TOLD)
            and word(now.get("api_version")) == self._settings.api_version
        ):
            return False
        wanted = {**on, **dict.fromkeys(TOLD, 1)}
        self._api.call("groups.setCallbackSettings", {**about, "api_version": version, **wanted})
        return True

    def close(self) -> None:
        self._api.close()


def subscriber(name: str, settings: VkSettings, around: Around) -> Setup | None:
    """What tells VK of the channel `name`; None without a key, and where VK is asked instead."""
    del name
    return (
        Setup(settings, VkApi(settings, around.store))
        if settings.token is not None and settings.receive == "webhook"
        else None
    )
