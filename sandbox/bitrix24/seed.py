"""The portal a fresh emulator starts with: «Кровля Плюс», the same company as in the amoCRM emulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sandbox.bitrix24.errors import Json
from sandbox.bitrix24.schema import BY_WORD, COMPANY, DEAL, INVOICE, TYPES
from sandbox.bitrix24.store import Store

SCOPES = (
    *("crm", "task", "tasks", "user", "department", "im", "imbot", "imopenlines", "imconnector", "telephony", "disk"),
    *("bizproc", "catalog", "documentgenerator", "calendar", "timeman", "messageservice", "placement", "sale"),
    *("salescenter", "userfieldconfig"),
)
WORK, SUCCESS, FAILURE = "", "S", "F"
WON, LOST = "Успешно реализовано", "Закрыто и не реализовано"
LOST_CODES = ("LOSE", "APOLOGY")
LOST_LEAD_CODES = ("JUNK",)
COLORS = {WORK: "#39A8EF", SUCCESS: "#7BD500", FAILURE: "#FF5752"}
MEANINGS = {WORK: "process", SUCCESS: "success", FAILURE: "failure"}
STAGE_CODES = ("NEW", "PREPARATION", "PREPAYMENT_INVOICE", "EXECUTING", "FINAL_INVOICE")
LEAD_CODES = ("NEW", "IN_PROCESS", "PROCESSED")
INVOICE_FUNNEL = 3
OWN_COMPANY = 1
FOUNDED = 1735700400

DICTIONARIES: dict[str, tuple[tuple[str, str], ...]] = {
    "SOURCE": (
        *(("CALL", "Звонок"), ("EMAIL", "Электронная почта"), ("WEB", "Веб-сайт"), ("ADVERTISING", "Реклама")),
        *(("PARTNER", "Существующий клиент"), ("RECOMMENDATION", "По рекомендации"), ("TRADE_SHOW", "Выставка")),
        *(("WEBFORM", "CRM-форма"), ("CALLBACK", "Обратный звонок"), ("RC_GENERATOR", "Генератор продаж")),
        *(("STORE", "Интернет-магазин"), ("OTHER", "Другое")),
    ),
    "DEAL_TYPE": (("SALE", "Продажа"), ("COMPLEX", "Комплексная продажа"), ("SERVICES", "Услуги")),
    "CONTACT_TYPE": (("CLIENT", "Клиенты"), ("SUPPLIER", "Поставщики"), ("PARTNER", "Партнёры"), ("OTHER", "Другое")),
    "COMPANY_TYPE": (
        *(("CUSTOMER", "Клиент"), ("SUPPLIER", "Поставщик"), ("COMPETITOR", "Конкурент")),
        *(("PARTNER", "Партнёр"), ("OTHER", "Другое")),
    ),
    "INDUSTRY": (("IT", "Информационные технологии"), ("CONSTRUCTION", "Строительство"), ("OTHER", "Другое")),
    "EMPLOYEES": (("EMPLOYEES_1", "менее 50"), ("EMPLOYEES_2", "50-250"), ("EMPLOYEES_3", "250-500")),
    "HONORIFIC": (("HNR_RU_1", "г-н"), ("HNR_RU_2", "г-жа")),
    "CALL_LIST": (("IN_WORK", "В работе"), ("SUCCESS", "Успешно"), ("WRONG_NUMBER", "Неверный номер")),
}


@dataclass(slots=True)
class Funnel:
    """A deal funnel; number 0 is the portal's first one. `stages` are the names of those still in work.

    A portal may rename the closing ones, and have several for what is lost.
    """

    id: int
    name: str
    stages: list[str]
    won: str = WON
    lost: tuple[str, ...] = (LOST,)


@dataclass(slots=True)
class UserField:
    entity: str
    name: str
    type: str
    title: str
    options: list[str] = field(default_factory=list)
    multiple: bool = False


def user(number: int, name: str, last_name: str, email: str, **more: object) -> Json:
    """A person; `access` is what CRM cards of others they see: all or own."""
    known = {"admin": False, "active": True, "inner": "", "mobile": "", "position": "Менеджер", "access": "all"}
    return {"id": number, "name": name, "last_name": last_name, "email": email, **known, **more}


def _users() -> list[Json]:
    return [
        user(1, "Интеграция", "Сервис", "integration@krovlya.ru", admin=True, position="Служебный пользователь"),
        user(5, "Анна", "Смирнова", "anna@krovlya.ru", inner="101", mobile="+74951000101"),
        user(6, "Иван", "Петров", "ivan@krovlya.ru", inner="102", mobile="+74951000102"),
        user(7, "Ольга", "Ропова", "rop@krovlya.ru", admin=True, inner="103", position="Руководитель отдела продаж"),
        user(8, "Старый", "Менеджер", "old@krovlya.ru", active=False),
    ]


def _funnels() -> list[Funnel]:
    return [
        Funnel(0, "Кровля", ["Новый лид", "Переговоры", "Счёт выставлен"]),
        Funnel(1, "Сервис", ["Обращение", "В работе"]),
    ]


def _fields() -> list[UserField]:
    rows = [UserField(entity, "UF_CRM_TAGS", "string", "Теги", multiple=True) for entity in ("lead", "deal", "contact")]
    for entity in ("lead", "deal"):
        rows += [
            UserField(entity, "UF_CRM_SOURCE", "enumeration", "Источник", ["Сайт", "Звонок", "Почта", "Рекомендация"]),
            UserField(entity, "UF_CRM_COMMENT", "string", "Комментарий"),
            UserField(entity, "UF_CRM_DELIVERY", "date", "Дата доставки"),
        ]
    return rows


def _webhooks() -> list[Json]:
    return [{"user_id": 1, "secret": "sandbox", "scopes": list(SCOPES)}]


@dataclass(slots=True)
class Seed:
    """What a portal holds before the first call. A reset returns to it. `crm_mode` 1 has leads, 2 has none."""

    name: str = "Кровля Плюс"
    domain: str = "krovlya.bitrix24.ru"
    member_id: str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    timezone: str = "Europe/Moscow"
    currency: str = "RUB"
    crm_mode: int = 1
    client_id: str = "local.000000000000.00000000"
    client_secret: str = "sandbox-client-secret"  # noqa: S105  # opens nothing but this emulator
    redirect_uri: str = "http://127.0.0.1:8080/oauth/bitrix24"
    application_token: str = "11112222333344445555666677778888"  # noqa: S105
    app_user: int = 1
    app_scopes: tuple[str, ...] = SCOPES
    board_user: int = 7
    users: list[Json] = field(default_factory=_users)
    funnels: list[Funnel] = field(default_factory=_funnels)
    lead_stages: list[str] = field(default_factory=lambda: ["Новый лид", "В работе", "Обработан"])
    fields: list[UserField] = field(default_factory=_fields)
    lead_won: str = "Качественный лид"
    lead_lost: tuple[str, ...] = ("Некачественный лид",)
    sources: tuple[tuple[str, str], ...] = DICTIONARIES["SOURCE"]
    webhooks: list[Json] = field(default_factory=_webhooks)

    def fill(self, store: Store) -> None:
        """Write the seed into an empty store."""
        for row in self.users:
            store.put("users", row["id"], dict(row))
        for row in self.webhooks:
            store.put("webhooks", f"{row['user_id']}/{row['secret']}", dict(row))
        store.put("departments", 1, {"ID": 1, "NAME": self.name, "SORT": 500})
        store.put(
            "departments", 3, {"ID": 3, "NAME": "Отдел продаж", "SORT": 500, "PARENT": 1, "UF_HEAD": self.board_user}
        )
        self._fill_stages(store)
        for entity_id, pairs in {**DICTIONARIES, "SOURCE": self.sources}.items():
            for place, (code, name) in enumerate(pairs):
                put_status(store, entity_id, code, name, 10 * (place + 1), system=place == 0, color=None)
        for uf in self.fields:
            put_user_field(store, uf)
        store.put(TYPES[COMPANY].table, OWN_COMPANY, self._own_company())
        store.put("options", "crm_mode", {"value": self.crm_mode})

    def _own_company(self) -> Json:
        """The portal's own firm, which invoices are made out by."""
        people = {"ASSIGNED_BY_ID": self.app_user, "CREATED_BY_ID": self.app_user, "MODIFY_BY_ID": self.app_user}
        times = dict.fromkeys(("DATE_CREATE", "DATE_MODIFY", "LAST_ACTIVITY_TIME"), FOUNDED)
        row = {"ID": OWN_COMPANY, "TITLE": f"ООО «{self.name}»", "IS_MY_COMPANY": "Y", "OPENED": "Y", "FM": []}
        return {**row, **people, **times, "COMPANY_TYPE": "CUSTOMER", "CURRENCY_ID": self.currency, "REVENUE": 0.0}

    def _fill_stages(self, store: Store) -> None:
        stages = [(code, name, WORK) for code, name in _coded(LEAD_CODES, self.lead_stages)]
        stages.append(("CONVERTED", self.lead_won, SUCCESS))
        stages += [(code, name, FAILURE) for code, name in _coded(LOST_LEAD_CODES, self.lead_lost, "UC_SF")]
        put_stages(store, "STATUS", stages)
        for funnel in self.funnels:
            add_funnel(store, DEAL, funnel.id, funnel.name, funnel.stages, funnel.won, funnel.lost)
        add_funnel(store, INVOICE, INVOICE_FUNNEL, "Счета", ["Новый", "Отправлен"])


def _coded(known: tuple[str, ...], names: Sequence[str], made: str = "UC_SB") -> list[tuple[str, str]]:
    """Stage names with the portal's codes, made-up ones behind those it knows."""
    return [(known[place] if place < len(known) else f"{made}{place:04d}", name) for place, name in enumerate(names)]


def put_status(
    store: Store,
    entity_id: str,
    status_id: str,
    name: str,
    sort: int,
    *,
    system: bool = False,
    color: str | None = None,
    semantics: str = WORK,
    category_id: int | None = None,
) -> int:
    """One row of a dictionary (`crm.status`); gives its number."""
    number = store.new_id("statuses")
    row = {
        "ID": number,
        "ENTITY_ID": entity_id,
        "STATUS_ID": status_id,
        "NAME": name,
        "NAME_INIT": name if system else "",
        "SORT": sort,
        "SYSTEM": "Y" if system else "N",
        "CATEGORY_ID": category_id,
        "COLOR": color,
        "SEMANTICS": semantics or None,
    }
    store.put("statuses", number, row)
    return number


def put_stages(
    store: Store, entity_id: str, stages: list[tuple[str, str, str]], category_id: int | None = None
) -> None:
    """A ladder of stages; the first and the closing ones belong to the system."""
    for place, (code, name, semantics) in enumerate(stages):
        put_status(
            store,
            entity_id,
            code,
            name,
            10 * (place + 1),
            system=place == 0 or bool(semantics),
            color=COLORS[semantics],
            semantics=semantics,
            category_id=category_id,
        )


def stage_entity(entity_type_id: int, category_id: int) -> str:
    """The dictionary of a funnel's stages: `DEAL_STAGE`, `DEAL_STAGE_1`, `SMART_INVOICE_STAGE_3`."""
    base = TYPES[entity_type_id].stage_entity
    if entity_type_id == DEAL and category_id == 0:
        return base
    return base if not TYPES[entity_type_id].has_funnels else f"{base}_{category_id}"


def add_funnel(
    store: Store,
    entity_type_id: int,
    number: int,
    name: str,
    stages: list[str],
    won: str = WON,
    lost: Sequence[str] = (LOST,),
) -> None:
    """A funnel with the closing stages behind the given ones."""
    row = {
        "id": number,
        "name": name,
        "sort": 100 * (number + 1),
        "entityTypeId": entity_type_id,
        "isDefault": "Y" if number in (0, INVOICE_FUNNEL) else "N",
        "originId": "",
        "originatorId": "",
    }
    store.put("categories", f"{entity_type_id}:{number}", row)
    if entity_type_id == INVOICE:
        prefix = f"DT31_{number}:"
        ladder = [(prefix + code, text, WORK) for code, text in zip(("N", "S"), stages, strict=True)]
        ladder += [(f"{prefix}P", "Оплачен", SUCCESS), (f"{prefix}D", "Не оплачен", FAILURE)]
    else:
        prefix = f"C{number}:" if number else ""
        ladder = [(prefix + code, text, WORK) for code, text in _coded(STAGE_CODES, stages)]
        ladder.append((f"{prefix}WON", won, SUCCESS))
        ladder += [(prefix + code, text, FAILURE) for code, text in _coded(LOST_CODES, lost, "UC_SF")]
    put_stages(store, stage_entity(entity_type_id, number), ladder, number if number else None)


def put_user_field(store: Store, uf: UserField) -> int:
    """A user field with its list options; gives its number."""
    number = store.new_id("userfields")
    options = [
        {"ID": store.new_id("enums"), "SORT": 10 * (place + 1), "VALUE": value, "DEF": "N", "XML_ID": f"o{place + 1}"}
        for place, value in enumerate(uf.options)
    ]
    row = {
        "ID": number,
        "ENTITY_ID": BY_WORD[uf.entity].uf_entity,
        "FIELD_NAME": uf.name,
        "USER_TYPE_ID": uf.type,
        "XML_ID": None,
        "SORT": 100,
        "MULTIPLE": "Y" if uf.multiple else "N",
        "MANDATORY": "N",
        "TITLE": uf.title,
        "LIST": options,
        "SETTINGS": {},
    }
    store.put("userfields", number, row)
    return number
