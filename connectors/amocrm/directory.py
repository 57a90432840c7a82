"""Names of the account and their ids: pipelines, stages, users, fields, task types. People write names, amoCRM ids."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.amocrm.client import Client, Json, embedded
from connectors.crm.mirror import CONTACT
from connectors.crm.names import CustomField, Id, Names
from provodka.crm import CardKind, LeadState, Pipeline, Stage, User
from provodka.errors import Rejected

FIELD_PAGE: Final = 50
WON, LOST = 142, 143  # the same ids in every pipeline
FOLLOW_UP: Final = "1"
WITH: Final = "task_types,datetime_settings,is_api_filter_enabled,drive_url,amojo_id"
NO_DRIVE: Final = "В этом аккаунте amoCRM нет хранилища файлов, или интеграции не дан доступ к файлам."
ENTITIES: Final = {CardKind.LEAD: "leads", CardKind.CONTACT: "contacts", CardKind.COMPANY: "companies"}
_STATES: Final[dict[Id, LeadState]] = {WON: LeadState.WON, LOST: LeadState.LOST}


@dataclass(frozen=True, slots=True)
class Account:
    """What `GET /account` tells: whether filters work, the time zone for dates, the task types by id.

    `drive_url` is where the files service is, `amojo_id` the account's id in the chat service; empty where unknown.
    """

    api_filter: bool
    zone: ZoneInfo
    task_types: dict[str, str]
    drive_url: str = ""
    amojo_id: str = ""


class Directory(Names):
    """What one account of amoCRM calls its things."""

    crm = "amoCRM"

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._client = client

    def account(self) -> Account:
        return self.keep("account", self._read_account)

    def pipelines(self) -> tuple[Pipeline, ...]:
        """All but archived ones, the main one first."""
        return self.keep("pipelines", self._read_pipelines)

    def users(self) -> tuple[User, ...]:
        return self.keep("users", self._read_users)

    def fields(self, entity: str = "leads") -> tuple[CustomField, ...]:
        """The custom fields of `leads`, `contacts`, `companies` or `catalogs/{id}`."""
        return self.keep(f"{entity} fields", lambda: self._read_fields(entity))

    def labels(self, kind: str) -> dict[str, str]:
        return {str(one.id): one.name for one in self.fields("contacts" if kind == CONTACT else "companies")}

    def card_fields(self, kind: CardKind) -> tuple[CustomField, ...]:
        return self.fields(ENTITIES[kind])

    def field_of(self, entity: str, name: str) -> CustomField:
        """A field of this kind of card, by name or code."""
        return self.named("field", "поля", name, self.fields(entity), lambda f: (f.name, f.code))

    def drive_url(self) -> str:
        """Where the files service is; Rejected where the account has none."""
        url = self.account().drive_url
        if not url:
            raise Rejected("the account names no files service", hint=NO_DRIVE)
        return url

    def task_types(self) -> tuple[str, ...]:
        return tuple(self.account().task_types.values())

    def task_type(self, name: str) -> int:
        """The id of a task type; without a name the follow-up that every account has."""
        if not name:
            return int(FOLLOW_UP)
        types = list(self.account().task_types.items())
        return int(self.named("task type", "типа задачи", name, types, lambda t: (t[1],))[0])

    def loss_reasons(self) -> tuple[str, ...]:
        return tuple(name for _, name in self._loss_reasons())

    def loss_reason(self, name: str) -> int:
        """The id of a reason why leads are lost."""
        return self.named("loss reason", "причины отказа", name, self._loss_reasons(), lambda row: (row[1],))[0]

    def chat_id_of(self, user: User) -> str:
        """The id of a user in the chat service, or an empty string."""

        def read() -> dict[str, str]:
            rows = [row for _, page in self._client.pages("/users", "users", [("with", "amojo_id")]) for row in page]
            return {str(row["id"]): str(row.get("amojo_id") or "") for row in rows}

        return self.keep("chat ids", read).get(user.id, "")

    def catalogs(self) -> dict[str, int]:
        """The first list of each type: `products`, `invoices`, …"""

        def read() -> dict[str, int]:
            rows = [row for _, page in self._client.pages("/catalogs", "catalogs") for row in page]
            return {str(row.get("type")): int(row["id"]) for row in reversed(rows)}

        return self.keep("catalogs", read)

    def bots(self) -> tuple[str, ...]:
        return tuple(name for _, name in self._bots())

    def bot(self, name: str) -> int:
        """The id of a bot; where the account does not list its bots the id itself must be given."""
        bots = self._bots()
        if name.isdigit() and not bots:
            return int(name)
        return self.named("bot", "бота", name, bots, lambda row: (row[1],))[0]

    def _bots(self) -> tuple[tuple[int, str], ...]:
        def read() -> tuple[tuple[int, str], ...]:
            if self._client.find("/bots", [("limit", "1")]) is None:
                return ()
            pages = self._client.pages("/bots", "items")
            return tuple((int(row["id"]), str(row.get("name") or "")) for _, page in pages for row in page)

        return self.keep("bots", read)

    def _loss_reasons(self) -> tuple[tuple[int, str], ...]:
        def read() -> tuple[tuple[int, str], ...]:
            pages = self._client.pages("/leads/loss_reasons", "loss_reasons")
            return tuple((int(row["id"]), str(row["name"])) for _, page in pages for row in page)

        return self.keep("loss reasons", read)

    def place_of(self, pipeline_id: Id | None, stage_id: Id | None) -> tuple[str, str, LeadState]:
        """The closing stages are known by their ids, also in a pipeline that was put into the archive."""
        pipeline, stage, _ = super().place_of(pipeline_id, stage_id)
        return pipeline, stage, _STATES.get(stage_id or 0, LeadState.OPEN)

    def _read_account(self) -> Account:
        data = self._client.get("/account", [("with", WITH)]) or {}
        settings = data.get("_embedded", {}).get("datetime_settings") or {}
        try:
            zone = ZoneInfo(str(settings.get("timezone") or "Europe/Moscow"))
        except (ZoneInfoNotFoundError, ValueError):
            zone = ZoneInfo("Europe/Moscow")
        types = {str(row["id"]): str(row["name"]) for row in embedded(data, "task_types")}
        drive_url = str(data.get("drive_url") or "").rstrip("/")
        amojo_id = str(data.get("amojo_id") or "")
        return Account(bool(data.get("is_api_filter_enabled")), zone, types, drive_url, amojo_id)

    def _read_pipelines(self) -> tuple[Pipeline, ...]:
        rows = embedded(self._client.get("/leads/pipelines"), "pipelines")
        rows = [row for row in rows if not row.get("is_archive")]
        rows.sort(key=lambda row: (not row.get("is_main"), row.get("sort", 0)))
        return tuple(
            Pipeline(
                id=str(row["id"]),
                name=str(row["name"]),
                stages=tuple(
                    _stage(status) for status in sorted(embedded(row, "statuses"), key=lambda one: one.get("sort", 0))
                ),
            )
            for row in rows
        )

    def _read_users(self) -> tuple[User, ...]:
        pages = self._client.pages("/users", "users")
        return tuple(
            User(
                id=str(row["id"]),
                login=str(row.get("email") or "").lower(),
                name=str(row.get("name") or ""),
                active=bool((row.get("rights") or {}).get("is_active", True)),
            )
            for _, page in pages
            for row in page
        )

    def _read_fields(self, entity: str) -> tuple[CustomField, ...]:
        pages = self._client.pages(f"/{entity}/custom_fields", "custom_fields", limit=FIELD_PAGE)
        return tuple(_field(row) for _, page in pages for row in page)


def _stage(row: Json) -> Stage:
    state = _STATES.get(int(row["id"]), LeadState.OPEN)
    return Stage(id=str(row["id"]), name=str(row["name"]), state=state, incoming=row.get("type") == 1)


def _field(row: Json) -> CustomField:
    options: dict[str, Id] = {str(option["value"]): int(option["id"]) for option in row.get("enums") or ()}
    return CustomField(
        int(row["id"]), str(row["name"]), str(row.get("type") or ""), str(row.get("code") or ""), options
    )
