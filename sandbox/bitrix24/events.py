"""What follows a change: events for the app's handlers and the outbound webhooks, and the offline queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sandbox.bitrix24.errors import Json
from sandbox.bitrix24.params import flatten

if TYPE_CHECKING:
    from sandbox.bitrix24.oauth import OAuth
    from sandbox.bitrix24.registry import Method
    from sandbox.bitrix24.seed import Seed
    from sandbox.bitrix24.settings import Settings
    from sandbox.bitrix24.store import Store

SIGNAL = "ONOFFLINEEVENT"
APP_ONLY = ("ONCRMDEALMOVETOCATEGORY",)
LASTING = ("ONAPPINSTALL", SIGNAL)
"""Events whose tokens come with a refresh token."""
NAMES = (
    *(f"ONCRM{word}{verb}" for word in ("LEAD", "DEAL", "CONTACT", "COMPANY") for verb in ("ADD", "UPDATE", "DELETE")),
    *(f"ONCRMDYNAMICITEM{verb}" for verb in ("ADD", "UPDATE", "DELETE")),
    *(
        f"ONCRM{word}{verb}"
        for word in ("ACTIVITY", "TIMELINECOMMENT", "REQUISITE")
        for verb in ("ADD", "UPDATE", "DELETE")
    ),
    *(f"ONTASK{verb}" for verb in ("ADD", "UPDATE", "DELETE", "COMMENTADD")),
    *("ONCRMDEALMOVETOCATEGORY", "ONEXTERNALCALLSTART", "ONEXTERNALCALLBACKSTART", "ONVOXIMPLANTCALLINIT"),
    *("ONVOXIMPLANTCALLSTART", "ONVOXIMPLANTCALLEND", "ONIMCONNECTORMESSAGEADD", "ONIMCONNECTORMESSAGEUPDATE"),
    *("ONIMCONNECTORMESSAGEDELETE", "ONIMCONNECTORDIALOGSTART", "ONIMCONNECTORDIALOGFINISH"),
    *("ONIMCONNECTORSTATUSDELETE", "ONIMCONNECTORLINEDELETE", "ONSESSIONSTART", "ONSESSIONFINISH"),
    *("ONAPPINSTALL", "ONAPPUNINSTALL", "ONAPPUPDATE", "ONAPPTEST", "ONAPPPAYMENT", "ONAPPMETHODCONFIRM", "ONUSERADD"),
    SIGNAL,
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who made a change; `user_id` None is automation, `hops` is what a token out of an event has left."""

    user_id: int | None
    hops: int | None = None
    connector: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One POST to one handler."""

    destination: str
    event: str
    body: str


class Publisher:
    """Turns changes into parcels. Callers hold the store's lock; `take` gives what is to be sent after the answer."""

    def __init__(
        self, store: Store, seed: Seed, oauth: OAuth, clock: Callable[[], float], settings: Callable[[], Settings]
    ) -> None:
        self.store = store
        self.seed = seed
        self.oauth = oauth
        self.clock = clock
        self.settings = settings
        self.zone = ZoneInfo(seed.timezone)
        self.methods: Mapping[str, Method] = {}
        self._parcels: list[Parcel] = []

    def take(self) -> list[Parcel]:
        parcels, self._parcels = self._parcels, []
        return parcels

    def publish(self, event: str, data: Json, actor: Actor, base: str) -> None:
        """Send an event to everybody who is bound to it."""
        hops = self.settings().hops if actor.hops is None else actor.hops - 1
        if hops < 0:
            return
        for row in list(self.store.table("bindings").values()):
            if row["event"] != event or (row["source"] == "app" and not self.settings().app_installed):
                continue
            if row["offline"]:
                if not row["connector"] or row["connector"] != actor.connector:
                    self._queue(row, event, data, actor, base)
            elif row["source"] == "app" or event not in APP_ONLY:
                self._parcels.append(self.parcel(row, event, data, actor, base, hops))

    def parcel(self, row: Json, event: str, data: Json, actor: Actor, base: str, hops: int | None = None) -> Parcel:
        """The form an event has on the wire; PHP drops empty data."""
        pairs = [("event", event)]
        pairs += [("event_handler_id", str(row["id"]))] if event != SIGNAL else []
        pairs += flatten("data", data)
        pairs += [("ts", str(int(self.clock())))]
        pairs += flatten("auth", self.auth(row, event, actor, base, hops))
        return Parcel(row["handler"], event, urlencode(pairs))

    def auth(self, row: Json, event: str, actor: Actor, base: str, hops: int | None = None) -> Json:
        """The auth block: tokens for an app where a person acted, never for an outbound webhook."""
        place = {
            "domain": self.seed.domain,
            "server_endpoint": f"{base}/rest/",
            "client_endpoint": f"{base}/rest/",
            "member_id": self.seed.member_id,
        }
        token = {"application_token": row["application_token"]}
        user_id = row["user_id"] or actor.user_id
        if row["source"] != "app" or user_id is None or event == "ONAPPUNINSTALL":
            return {**place, **token}
        pair = self.oauth.issue(user_id, hops=hops, lasting=event in LASTING)
        keys = ("access_token", "expires", "expires_in", "scope", "status", "user_id", "refresh_token")
        return {**{key: pair[key] for key in keys if key in pair}, **place, **token}

    def _queue(self, binding: Json, event: str, data: Json, actor: Actor, base: str) -> None:
        """One row for an object and event, however often it changes."""
        now = int(self.clock())
        for row in self.store.table("offline").values():
            if (row["event"], row["data"], row["connector"], row["process_id"]) == (
                event,
                data,
                binding["connector"],
                "",
            ):
                row["stamp"] = now
                self.store.put("offline", row["id"], row)
                return
        number = self.store.new_id("offline")
        row = {
            "id": number,
            "stamp": now,
            "event": event,
            "data": data,
            "user_id": actor.user_id,
            "message_id": f"m{number}",
            "process_id": "",
            "error": 0,
            "connector": binding["connector"],
        }
        self.store.put("offline", number, row)
        self._signal(actor, base)

    def _signal(self, actor: Actor, base: str) -> None:
        for row in list(self.store.table("bindings").values()):
            if row["event"] != SIGNAL or row["offline"]:
                continue
            due = row.get("signalled", 0) + max(1, row["min_timeout"])
            if self.clock() >= due:
                row["signalled"] = int(self.clock())
                self.store.put("bindings", row["id"], row)
                self._parcels.append(self.parcel(row, SIGNAL, {}, actor, base))


def crm_event(entity_type_id: int, verb: str, card_id: int, words: dict[int, str]) -> tuple[str, Json]:
    """Name and data of a card's event; invoices share one with smart processes."""
    word = words.get(entity_type_id)
    if word is None:
        return f"ONCRMDYNAMICITEM{verb}", {"FIELDS": {"ID": card_id, "ENTITY_TYPE_ID": entity_type_id}}
    return f"ONCRM{word}{verb}", {"FIELDS": {"ID": card_id}}
