"""Whether the account is as we need it: the key, the time zone, and that it sends us its notices."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from connectors.zadarma.api import ZadarmaApi
from provodka.errors import ConnectorError

NOTICES: Final = (
    "notify_start",
    "notify_internal",
    "notify_answer",
    "notify_end",
    "notify_out_start",
    "notify_out_end",
    "notify_record",
)
NO_ADDRESS: Final = (
    "Zadarma не знает, куда слать уведомления: впишите адрес в «Интеграции и API» → «Уведомления» или задайте "
    "server.public_url и запустите provodka check --online --channel с именем канала"
)
_CALLINFO: Final = "/v1/pbx/callinfo/"


class ZadarmaSubscriber:
    """Tells the exchange where its notices go, and switches on those that are needed."""

    def __init__(self, api: ZadarmaApi) -> None:
        self._api = api

    def subscribe(self, address: str) -> bool:
        """The exchange tries the address at once, so it must answer already. Raises ConnectorError."""
        told = self._api.ask(_CALLINFO)
        changed = False
        if str(told.get("url") or "") != address:
            self._api.post(f"{_CALLINFO}url/", {"url": address}, hint=f"Откройте доступ к адресу {address} снаружи")
            changed = True
        if _lacking(told):
            self._api.post(f"{_CALLINFO}notifications/", dict.fromkeys(NOTICES, "true"))
            changed = True
        return changed

    def check(self) -> list[str]:
        """Which notices the exchange does not send."""
        try:
            told = self._api.ask(_CALLINFO)
        except ConnectorError as error:
            return [error.sentence("Zadarma")]
        if not told.get("url"):
            return [NO_ADDRESS]
        lacking = ", ".join(one.upper() for one in _lacking(told))
        return [f"Zadarma не шлёт {lacking}: включите их в «Интеграции и API» → «Уведомления»"] if lacking else []

    def close(self) -> None:
        self._api.close()


def check(api: ZadarmaApi, zone: tzinfo | None = None, now: datetime | None = None) -> list[str]:
    """Whether the key opens the account, and whether it tells its times in this zone; a sentence of what is wrong."""
    try:
        told = api.ask("/v1/info/timezone/")
    except ConnectorError as error:
        return [error.sentence("Zadarma")]
    return [] if zone is None or now is None else _other_zone(told, zone, now)


def _other_zone(told: Any, zone: tzinfo, now: datetime) -> list[str]:  # noqa: ANN401  # any JSON
    try:
        theirs = datetime.strptime(str(told.get("datetime")), "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone)
    except ValueError:
        return []
    if abs(theirs - now) < timedelta(minutes=20):
        return []
    ours, clock = now.astimezone(zone).strftime("%H:%M"), theirs.strftime("%H:%M")
    return [f"В кабинете Zadarma сейчас {clock}, а по настройкам {ours}: впишите её часовой пояс в timezone канала"]


def _lacking(told: Any) -> list[str]:  # noqa: ANN401  # any JSON
    sent = told.get("notifications")
    known = sent if isinstance(sent, dict) else {}
    return [one for one in NOTICES if str(known.get(one, "false")).lower() not in ("true", "1")]
