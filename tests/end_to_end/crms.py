"""The CRMs a company may have, as its people and the tests use them: in the same words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import requests

from cli.house import House
from connectors.bitrix24.hooks import EVENTS
from sandbox.base import Emulator
from sandbox.bitrix24.tasks import DONE
from sandbox.server import Sandbox

SECRET = "sandbox"
CHIEF = 7  # of sales, on the portal

Json = dict[str, Any]


class Office(ABC):
    """One CRM of the sandbox. `section` is the config's, and `renamed` what a rule must call otherwise there."""

    name: ClassVar[str]
    section: ClassVar[str]
    renamed: ClassVar[Mapping[str, str]] = {}

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    @property
    @abstractmethod
    def emulator(self) -> Emulator: ...

    @property
    def environ(self) -> Mapping[str, str]:
        """What the section takes from the environment."""
        return {}

    @abstractmethod
    def unlimited(self) -> None:
        """Without the vendor's limit: the waiting would be the longest part of a test."""

    @abstractmethod
    def announce(self, house: House, address: str) -> None:
        """Have the CRM tell of changes to this address."""

    @abstractmethod
    def leads(self) -> list[Json]:
        """All leads with everything on them, oldest first."""

    @abstractmethod
    def move(self, lead: Json, stage: str) -> None:
        """A person drags the card on the CRM's board."""

    @abstractmethod
    def write(self, lead: Json, text: str) -> None:
        """A person types this into the card."""

    @abstractmethod
    def complete(self, lead: Json, task: str) -> None:
        """A person completes the task of this text."""

    @abstractmethod
    def open_tasks(self, lead: Json) -> list[str]:
        """The texts of the lead's open tasks, oldest first."""

    def due(self, lead: Json, task: str) -> int:
        """When the task of this text is due, in unix seconds."""
        found: int = next(row[self.due_name] for row in lead["tasks"] if row["text"] == task)
        return found

    due_name: ClassVar[str]

    @abstractmethod
    def notices(self, lead: Json) -> list[str]:
        """What the staff were told inside the CRM about the lead."""

    @abstractmethod
    def told(self) -> int:
        """How many of its hints were taken."""

    def with_firms(self) -> None:  # noqa: B027 -- a portal has requisites of its own
        """Have a place for a firm's numbers."""

    def lose(self, lead: Json) -> None:
        """A person closes the lead as lost."""
        self.move(lead, self.lost)

    lost: ClassVar[str]

    def control(self, path: str, body: Json | None = None, method: str = "POST") -> Json:
        """`/_sandbox/<path>` of the emulator."""
        answer = requests.request(method, f"{self.emulator.url}/_sandbox/{path}", json=body, timeout=120)
        answer.raise_for_status()
        found: Json = answer.json() if answer.content else {}
        return found

    def doubles(self) -> Json:
        """Leads and people that are there twice."""
        found: Json = self.control("stats", method="GET")["doubles"]
        return {
            "open_leads": found["open_leads"] + found.get("open_deals", 0),
            "extra_leads": found["extra_leads"] + found.get("extra_deals", 0),
            "contacts_by_phone": found["contacts_by_phone"],
        }

    def there(self, text: str) -> str:
        """A config or a name as this CRM has it."""
        for ours, theirs in self.renamed.items():
            text = text.replace(ours, theirs)
        return text

    def here(self, name: str | None) -> str | None:
        """A name of this CRM as the tests have it."""
        return next((ours for ours, theirs in self.renamed.items() if theirs == name), name)


class Amocrm(Office):
    name = "amocrm"
    section = """
crm:
  type: amocrm
  url: "${AMOCRM}"
  token: "${SECRET}"
  hook_secret: "${SECRET}"
  per_second: 1000
  burst: "${BURST}"
  settle_seconds: 0.2
"""
    lost = "Закрыто и не реализовано"

    @property
    def emulator(self) -> Emulator:
        return self.sandbox.amocrm

    @property
    def environ(self) -> Mapping[str, str]:
        return {"AMOCRM": self.emulator.url}

    def unlimited(self) -> None:
        self.control("limit", {"per_second": None})
        self.sandbox.amocrm.sender.scale = 0.002  # a webhook that was refused comes again after half a second

    def announce(self, house: House, address: str) -> None:
        assert house.crm is not None
        house.crm.subscribe(address)

    def with_firms(self) -> None:
        url, headers = f"{self.emulator.url}/api/v4/companies/custom_fields", {"Authorization": f"Bearer {SECRET}"}
        body = [{"name": "ИНН", "type": "text"}, {"name": "КПП", "type": "text"}]
        requests.post(url, json=body, headers=headers, timeout=30).raise_for_status()

    def leads(self) -> list[Json]:
        found: list[Json] = self.control("dump", method="GET")["leads"]
        return sorted(found, key=lambda lead: int(lead["id"]))

    def move(self, lead: Json, stage: str) -> None:
        pipeline = next(p for p in self.sandbox.amocrm.store.pipelines.values() if p.name == lead["pipeline"])
        status = next(s for s in pipeline.statuses.values() if s.name == stage)
        url = f"{self.emulator.url}/board/leads/{lead['id']}/move"
        requests.post(url, json={"status_id": status.id}, timeout=30).raise_for_status()

    def complete(self, lead: Json, task: str) -> None:
        one = next(row["id"] for row in lead["tasks"] if row["text"] == task)
        url, headers = f"{self.emulator.url}/api/v4/tasks/{one}", {"Authorization": f"Bearer {SECRET}"}
        requests.patch(url, json={"is_completed": True}, headers=headers, timeout=30).raise_for_status()

    def write(self, lead: Json, text: str) -> None:
        url, headers = f"{self.emulator.url}/api/v4/leads/{lead['id']}/notes", {"Authorization": f"Bearer {SECRET}"}
        note = [{"note_type": "common", "params": {"text": text}}]
        requests.post(url, json=note, headers=headers, timeout=30).raise_for_status()

    due_name = "complete_till"

    def open_tasks(self, lead: Json) -> list[str]:
        return [row["text"] for row in lead["tasks"] if not row["is_completed"]]

    def notices(self, lead: Json) -> list[str]:
        """As notes that begin with a name."""
        return [note["text"].partition(": ")[2] for note in lead["notes"] if note["text"].startswith("Иван Петров: ")]

    def told(self) -> int:
        return self.sandbox.amocrm.sender.counts["delivered"]


class Bitrix(Office):
    """A portal that works with leads; we enter by an inbound webhook, and it tells us by an outbound one."""

    name = "bitrix24"
    section = """
crm:
  type: bitrix24
  url: "${PORTAL}/rest/1/${SECRET}/"
  hook_secret: "${SECRET}"
  application_token: "${SECRET}"
  per_second: 1000
  burst: "${BURST}"
  settle_seconds: 0.2
"""
    renamed: ClassVar[Mapping[str, str]] = {"pipeline: Кровля": "pipeline: Лиды", "Переговоры": "В работе"}
    table: ClassVar[str] = "leads"
    type_id: ClassVar[int] = 1
    lost = "Некачественный лид"

    @property
    def emulator(self) -> Emulator:
        return self.sandbox.bitrix24

    @property
    def environ(self) -> Mapping[str, str]:
        return {"PORTAL": self.emulator.url}

    def unlimited(self) -> None:
        self.control("limit", {"per_second": None, "operating": None})

    def announce(self, house: House, address: str) -> None:
        by_hand = [event for event in EVENTS if event != "ONCRMDEALMOVETOCATEGORY"]  # it takes an application
        self.control("outbound", {"handler": address, "events": by_hand, "application_token": SECRET})

    def leads(self) -> list[Json]:
        found: list[Json] = self.control("dump", method="GET")[self.table]
        return [self._lead(row) for row in sorted(found, key=lambda row: int(row["id"]))]

    def move(self, lead: Json, stage: str) -> None:
        entity = "STATUS" if self.type_id == 1 else "DEAL_STAGE"
        rows = self._act("crm.status.list", {"filter": {"ENTITY_ID": entity}})
        one = next(row["STATUS_ID"] for row in rows if row["NAME"] == self.there(stage))
        self._act("crm.item.update", {"entityTypeId": self.type_id, "id": lead["id"], "fields": {"stageId": one}})

    def complete(self, lead: Json, task: str) -> None:
        one = next(row["id"] for row in lead["tasks"] if row["text"] == task)
        self._act("tasks.task.complete", {"taskId": one})

    def write(self, lead: Json, text: str) -> None:
        card = {"ENTITY_ID": lead["id"], "ENTITY_TYPE": self.table.removesuffix("s"), "COMMENT": text}
        self._act("crm.timeline.comment.add", {"fields": card})

    due_name = "deadline"

    def open_tasks(self, lead: Json) -> list[str]:
        return [row["text"] for row in lead["tasks"] if row["status"] != DONE]

    def notices(self, lead: Json) -> list[str]:
        return [row["text"] for row in self.sandbox.bitrix24.store.table("notifications").values()]

    def told(self) -> int:
        return self.sandbox.bitrix24.sender.counts["delivered"]

    def _act(self, method: str, params: Json) -> Any:
        """By a webhook of the chief's own: what a person clicks raises the same events."""
        door: str = self.control("inbound", {"user_id": CHIEF, "secret": "chief"})["url"]
        answer = requests.post(f"{door}{method}", json=params, timeout=30)
        answer.raise_for_status()
        return answer.json()["result"]

    def _lead(self, row: Json) -> Json:
        store = self.sandbox.bitrix24.store
        calls = [store.table("activities")[one["id"]] for one in row["calls"]]
        types = {one["id"]: store.table("tasks")[one["id"]]["TAGS"] for one in row["tasks"]}
        return {
            **row,
            "name": row["title"],
            "pipeline": self.here(f"pipeline: {row['pipeline'] or 'Лиды'}").removeprefix("pipeline: "),  # type: ignore[union-attr]
            "status": self.here(row["stage"]),
            "notes": row["comments"],
            "tasks": [{**one, "text": one["title"], "type": ", ".join(types[one["id"]])} for one in row["tasks"]],
            "calls": [{"duration": one["END_TIME"] - one["START_TIME"]} for one in calls],
        }


class BitrixDeals(Bitrix):
    """A portal without leads; we enter as an application, which binds its events itself and may use telephony."""

    name = "bitrix24-deals"
    section = """
crm:
  type: bitrix24
  url: "${PORTAL}"
  oauth: {client_id: "${CLIENT}", client_secret: "${CLIENT_SECRET}", refresh_token: "${REFRESH}", server: "${PORTAL}"}
  hook_secret: "${SECRET}"
  per_second: 1000
  burst: "${BURST}"
  settle_seconds: 0.2
"""
    renamed: ClassVar[Mapping[str, str]] = {}
    table = "deals"
    type_id = 2
    lost = "Закрыто и не реализовано"

    @property
    def environ(self) -> Mapping[str, str]:
        offer = self.control("oauth", method="GET")
        own = {"CLIENT": "client_id", "CLIENT_SECRET": "client_secret", "REFRESH": "refresh_token"}
        return {**super().environ, **{name: offer[key] for name, key in own.items()}}

    def unlimited(self) -> None:
        super().unlimited()
        self.control("settings", {"crm_mode": 2})

    def announce(self, house: House, address: str) -> None:
        assert house.crm is not None
        house.crm.subscribe(address)


OFFICES: dict[str, type[Office]] = {kind.name: kind for kind in (Amocrm, Bitrix, BitrixDeals)}
