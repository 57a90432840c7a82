"""The account a fresh emulator starts with: «Кровля Плюс», a small roofing company."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sandbox.amocrm.model import LOST, WON, Field, Json, LossReason, Pipeline, Status, TaskType, User
from sandbox.amocrm.records import Record
from sandbox.amocrm.seed_lists import catalog_fields, catalogs

PHONE_KINDS = ("WORK", "WORKDD", "MOB", "FAX", "HOME", "OTHER")
EMAIL_KINDS = ("WORK", "PRIV", "OTHER")
BORN = 1767225600
INCOMING, WON_NAME, LOST_NAME = "Неразобранное", "Успешно реализовано", "Закрыто и не реализовано"
STAGE_COLORS = ("#99ccff", "#ffff99", "#ffcc66", "#ffc8c8", "#ccff99")


def enums(first_id: int, *values: str) -> list[Json]:
    """Options of a list field, numbered from `first_id`."""
    return [
        {"id": first_id + index, "value": value, "sort": 10 * (index + 1), "code": None}
        for index, value in enumerate(values)
    ]


def pipeline(
    pipeline_id: int,
    name: str,
    stages: tuple[str, ...],
    *,
    first_status: int,
    is_main: bool,
    system: tuple[str, str, str] = (INCOMING, WON_NAME, LOST_NAME),
) -> Pipeline:
    """A pipeline with its three system stages, which an account may rename: incoming (type 1), 142 won, 143 lost."""
    incoming, won, lost = system
    rows = [Status(first_status, incoming, 10, "#c1c1c1", pipeline_id, type=1, is_editable=False)]
    for index, stage in enumerate(stages):
        color = STAGE_COLORS[index % len(STAGE_COLORS)]
        rows.append(Status(first_status + 1 + index, stage, 20 + 10 * index, color, pipeline_id))
    rows.append(Status(WON, won, 10000, "#CCFF66", pipeline_id, is_editable=False))
    rows.append(Status(LOST, lost, 11000, "#D5D8DB", pipeline_id, is_editable=False))
    return Pipeline(pipeline_id, name, pipeline_id % 100, is_main, {row.id: row for row in rows})


def _users() -> list[User]:
    return [
        User(7000001, "Анна Смирнова", "anna@krovlya.ru", phone="+74951000101"),
        User(7000002, "Иван Петров", "ivan@krovlya.ru", phone="+74951000102"),
        User(7000003, "Ольга Ропова", "rop@krovlya.ru", is_admin=True),
        User(7000004, "Старый Менеджер", "old@krovlya.ru", is_active=False),
    ]


def _pipelines() -> list[Pipeline]:
    stages = ("Новый лид", "Переговоры", "Счёт выставлен")
    return [
        pipeline(5000001, "Кровля", stages, first_status=50000001, is_main=True),
        pipeline(5000002, "Сервис", ("Обращение", "В работе"), first_status=50000011, is_main=False),
    ]


def _fields() -> list[Field]:
    rows: list[Field] = []
    for entity in ("contacts", "companies"):
        rows += [
            Field(
                300001, entity, "Телефон", "multitext", "PHONE", is_predefined=True, enums=enums(310101, *PHONE_KINDS)
            ),
            Field(300003, entity, "Email", "multitext", "EMAIL", is_predefined=True, enums=enums(310201, *EMAIL_KINDS)),
        ]
    rows += [
        Field(300005, "contacts", "Должность", "text", "POSITION", is_predefined=True),
        Field(300007, "companies", "Web", "url", "WEB", is_predefined=True),
        Field(300009, "companies", "Адрес", "textarea", "ADDRESS", is_predefined=True),
        Field(300101, "leads", "Источник", "select", enums=enums(310001, "Сайт", "Звонок", "Почта", "Рекомендация")),
        Field(300102, "leads", "Комментарий", "text"),
        Field(300103, "leads", "Дата доставки", "date"),
    ]
    return rows + catalog_fields()


def _task_types() -> list[TaskType]:
    return [
        TaskType(1, "Связаться", "FOLLOW_UP"),
        TaskType(2, "Встреча", "MEETING"),
        TaskType(2000001, "Звонок", color="FF8F92", icon_id=1),
    ]


def _loss_reasons() -> list[LossReason]:
    names = ("Дорого", "Спам", "Выбрали другую компанию")
    return [LossReason(600001 + index, name, 10000 + index) for index, name in enumerate(names)]


def record(record_id: int, **values: object) -> Record:
    """A row of one of the account's plain lists."""
    return Record(record_id, values, 0, BORN, BORN)


def _customer_statuses() -> list[Record]:
    names = ("Отложенные", "Перезвонить", "Купит")
    return [
        record(4051380 + index, name=name, sort=10 * index, color=STAGE_COLORS[index], type=0, is_default=not index)
        for index, name in enumerate(names)
    ]


def bots(names: Sequence[str] = ("Приветствие", "Опрос о качестве")) -> list[Record]:
    """Salesbots that are switched on."""
    common = {"type_functionality": "regular", "is_visual_editor": True, "settings": {"active": True}}
    return [record(91001 + index, name=name, **common, is_favorite=False, runs=[]) for index, name in enumerate(names)]


def _widgets() -> list[Record]:
    common = {"version": "1.0.0", "rating": "0,0", "settings_template": [{"key": "login", "name": "Логин"}]}
    return [record(1001, code="provodka_sandbox", **common, is_lead_source=False, is_installed=False, settings={})]


@dataclass(slots=True)
class Seed:
    """What an account holds before the first call. A reset returns to it."""

    name: str = "Кровля Плюс"
    subdomain: str = "krovlya"
    account_id: int = 31000001
    timezone: str = "Europe/Moscow"
    token_user: str = "rop@krovlya.ru"  # noqa: S105  # an e-mail: the administrator whose rights the tokens carry
    client_id: str = "0f0e0d0c-1111-4222-8333-444455556666"
    client_secret: str = "sandbox-client-secret"  # noqa: S105  # opens nothing but this emulator
    redirect_uri: str = "http://127.0.0.1:8080/oauth/amocrm"
    users: list[User] = field(default_factory=_users)
    pipelines: list[Pipeline] = field(default_factory=_pipelines)
    fields: list[Field] = field(default_factory=_fields)
    task_types: list[TaskType] = field(default_factory=_task_types)
    loss_reasons: list[LossReason] = field(default_factory=_loss_reasons)
    roles: list[Record] = field(default_factory=list)
    catalogs: list[Record] = field(default_factory=catalogs)
    customer_statuses: list[Record] = field(default_factory=_customer_statuses)
    bots: list[Record] = field(default_factory=bots)
    widgets: list[Record] = field(default_factory=_widgets)
    groups: dict[int, str] = field(default_factory=lambda: {0: "Отдел продаж", 410001: "Сервис"})
    amojo_id: str = "a1b2c3d4-0000-4000-8000-000000000001"
    channel_id: str = "11111111-2222-4333-8444-555555555555"
    channel_secret: str = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105  # signs nothing but this emulator's chats
    channel_origin: str = "sandbox"
