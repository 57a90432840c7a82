"""Names of the account and their ids: pipelines, stages, users, fields, task types. People write names, amoCRM ids."""

from __future__ import annotations

import difflib
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.amocrm.client import Client, Json, embedded
from provodka.crm import LeadState, Pipeline, Stage, User
from provodka.errors import Rejected

T = TypeVar("T")

MAX_AGE: Final = 600.0  # seconds
LEAST_AGE: Final = 30.0  # seconds before a missing name makes it read again
FIELD_PAGE: Final = 50
WON, LOST = 142, 143  # the same ids in every pipeline
FOLLOW_UP: Final = "1"
UNKNOWN_NAME: Final = "unknown_name"
INACTIVE: Final = "inactive_user"


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field; `options` are the texts of a list field and their ids."""

    id: int
    name: str
    type: str
    code: str
    options: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """What `GET /account` tells: whether filters work, the time zone for dates, the task types by id."""

    api_filter: bool
    zone: ZoneInfo
    task_types: dict[str, str]


class Directory:
    """The account's names, read when first asked for and again after ten minutes. Shared by threads."""

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._lock = threading.RLock()
        self._kept: dict[str, tuple[float, Any]] = {}

    def refresh(self, least_age: float = LEAST_AGE) -> bool:
        """Forget what is older than so many seconds; whether anything was. The next question reads it anew."""
        with self._lock:
            now = self._clock()
            old = [name for name, (read_at, _) in self._kept.items() if now - read_at >= least_age]
            for name in old:
                del self._kept[name]
            return bool(old)

    def account(self) -> Account:
        return self._keep("account", self._read_account)

    def pipelines(self) -> tuple[Pipeline, ...]:
        """All but archived ones, the main one first."""
        return self._keep("pipelines", self._read_pipelines)

    def users(self) -> tuple[User, ...]:
        return self._keep("users", self._read_users)

    def fields(self, entity: str = "leads") -> tuple[CustomField, ...]:
        """The custom fields of `leads` or `contacts`."""
        return self._keep(f"{entity} fields", lambda: self._read_fields(entity))

    def pipeline(self, name: str) -> Pipeline:
        """By name; without a name the main pipeline."""
        pipelines = self.pipelines()
        if pipelines and not name:
            return pipelines[0]
        return self._named("pipeline", "воронки", name, pipelines, lambda p: (p.name,))

    def stage(self, pipeline: Pipeline, name: str) -> Stage:
        return self._named("stage", f"в воронке «{pipeline.name}» этапа", name, pipeline.stages, lambda s: (s.name,))

    def user(self, login: str) -> User:
        """An active user by login (email) or by name."""
        user = self._named("user", "сотрудника", login, self.users(), lambda u: (u.login, u.name))
        if not user.active:
            hint = f"Сотрудник {user.name} ({user.login}) отключён в amoCRM: замените его в staff или включите."
            raise Rejected(f"the user {user.login} is switched off", hint=hint, code=INACTIVE)
        return user

    def field(self, name: str, entity: str = "leads") -> CustomField:
        return self._named("field", "поля", name, self.fields(entity), lambda f: (f.name, f.code))

    def task_type(self, name: str) -> int:
        """The id of a task type; without a name the follow-up that every account has."""
        if not name:
            return int(FOLLOW_UP)
        types = list(self.account().task_types.items())
        return int(self._named("task type", "типа задачи", name, types, lambda t: (t[1],))[0])

    def login_of(self, user_id: int | None) -> str:
        """The login of a user, or an empty string."""
        wanted = str(user_id)
        return next((user.login for user in self.users() if user.id == wanted), "")

    def place_of(self, pipeline_id: int | None, status_id: int | None) -> tuple[str, str, LeadState]:
        """Names of a pipeline and its stage, and whether the stage closes."""
        state = {WON: LeadState.WON, LOST: LeadState.LOST}.get(status_id or 0, LeadState.OPEN)
        pipeline = next((p for p in self.pipelines() if p.id == str(pipeline_id)), None)
        stages = pipeline.stages if pipeline else ()
        stage = next((s.name for s in stages if s.id == str(status_id)), "")
        return (pipeline.name if pipeline else "", stage, state)

    def _named(self, kind: str, kind_ru: str, name: str, rows: Sequence[T], names: Callable[[T], tuple[str, ...]]) -> T:
        wanted = plain(name)
        for row in rows:
            if any(wanted == plain(known) for known in names(row) if known):
                return row
        known = [names(row)[0] for row in rows]
        near = nearest(name, known)
        hint = f"В amoCRM нет {kind_ru} «{name}». Похожие: {', '.join(f'«{n}»' for n in near) or 'нет'}."
        raise Rejected(f"no {kind} «{name}» in the account", hint=hint, code=UNKNOWN_NAME)

    def _keep(self, name: str, read: Callable[[], T]) -> T:
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or self._clock() - kept[0] > MAX_AGE:
                kept = self._kept[name] = (self._clock(), read())
            value: T = kept[1]
            return value

    def _read_account(self) -> Account:
        data = self._client.get("/account", [("with", "task_types,datetime_settings,is_api_filter_enabled")]) or {}
        settings = data.get("_embedded", {}).get("datetime_settings") or {}
        try:
            zone = ZoneInfo(str(settings.get("timezone") or "Europe/Moscow"))
        except (ZoneInfoNotFoundError, ValueError):
            zone = ZoneInfo("Europe/Moscow")
        types = {str(row["id"]): str(row["name"]) for row in embedded(data, "task_types")}
        return Account(bool(data.get("is_api_filter_enabled")), zone, types)

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


def plain(name: str) -> str:
    """A name as people compare it: case, ё and spare spaces make no difference."""
    return " ".join(name.split()).casefold().replace("ё", "е")


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Up to three known names that look most like this one."""
    by_plain = {plain(one): one for one in known}
    return [by_plain[one] for one in difflib.get_close_matches(plain(name), by_plain, n=3, cutoff=0.5)]


def _stage(row: Json) -> Stage:
    state = {WON: LeadState.WON, LOST: LeadState.LOST}.get(int(row["id"]), LeadState.OPEN)
    return Stage(id=str(row["id"]), name=str(row["name"]), state=state, incoming=row.get("type") == 1)


def _field(row: Json) -> CustomField:
    options = {str(option["value"]): int(option["id"]) for option in row.get("enums") or ()}
    return CustomField(
        int(row["id"]), str(row["name"]), str(row.get("type") or ""), str(row.get("code") or ""), options
    )
