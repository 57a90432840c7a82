"""What a portal calls its things: funnels, stages, staff, fields. Read in a few batches and kept for ten minutes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.bitrix24.client import PAGE, Client, mapping, rows_of
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.settings import BitrixSettings, Entity
from connectors.crm.names import CustomField, Id, Names, plain
from provodka.crm import LeadState, Pipeline, Stage, User
from provodka.errors import AuthFailed, Rejected

SIMPLE: Final = 2  # the CRM mode without leads: each would become a deal at once
LEADS_NAME: Final = "Лиды"  # leads have a single funnel, and it bears no name of its own
NEEDED_SCOPES: Final = (("crm",), ("task",), ("user", "user_basic"))
TAGS_CODE: Final = "UF_CRM_PROVODKA_TAGS"  # of the field that we make
STANDARD: Final = frozenset(
    {"comments", "sourceId", "sourceDescription", "utmSource", "utmMedium", "utmCampaign", "utmContent", "utmTerm"}
)
WRITABLE: Final = frozenset(
    {"string", "text", "url", "address", "integer", "double", "money", "boolean", "date", "datetime"}
    | {"enumeration", "crm_status"}
)
_STATES: Final = {"S": LeadState.WON, "F": LeadState.LOST}


@dataclass(frozen=True, slots=True)
class Kind:
    """What the portal's leads are: its leads or its deals, in the spellings of the several families of methods."""

    entity: Entity
    type_id: int
    letter: str  # of what a task hangs on

    @property
    def path(self) -> str:
        """In addresses, in the timeline and in the names of methods."""
        return self.entity.value


LEADS: Final = Kind(Entity.LEAD, 1, "L")
DEALS: Final = Kind(Entity.DEAL, 2, "D")


@dataclass(frozen=True, slots=True)
class Portal:
    """Who we are there, the time zone, and what the leads are."""

    user_id: str
    zone: ZoneInfo
    kind: Kind


class Directory(Names):
    """The names of one portal."""

    crm = "Битрикс24"

    def __init__(self, client: Client, settings: BitrixSettings, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._client = client
        self._settings = settings

    def portal(self) -> Portal:
        return self.keep("portal", self._read_portal)

    @property
    def kind(self) -> Kind:
        return self.portal().kind

    def pipelines(self) -> tuple[Pipeline, ...]:
        """The funnels of deals, the main one first; or the single one of leads."""
        return (self.lead_pipeline(),) if self.kind is LEADS else self.deal_pipelines()

    def lead_pipeline(self) -> Pipeline:
        """The single funnel of leads, also where rules work with deals."""
        return self.keep("lead pipeline", self._read_leads)

    def deal_pipelines(self) -> tuple[Pipeline, ...]:
        """The funnels of deals, also where rules work with leads: a lead that is won becomes a deal."""
        return self.keep("deal pipelines", self._read_deals)

    def users(self) -> tuple[User, ...]:
        return self.keep("users", self._read_users)

    def fields(self) -> tuple[CustomField, ...]:
        return self.keep("fields", self._read_fields)

    def task_types(self) -> None:
        """Tasks have no types: what a rule calls its type becomes a tag of the task."""
        return

    def tags_field(self) -> CustomField | None:
        """The user field that holds the tags; None while there is none."""
        names = (self._settings.tags_field, TAGS_CODE)  # portals have been seen to show the code in a new name's place
        found = (one for name in names for one in self.fields() if plain(name) in (plain(one.name), plain(one.code)))
        return next(found, None)

    def missing_scopes(self) -> list[str]:
        """The rights that the webhook or the application lacks."""
        given = self._client.call("scope")
        granted = {str(one) for one in given} if isinstance(given, list) else set()
        return [" или ".join(some) for some in NEEDED_SCOPES if not granted & set(some)]

    def _read_portal(self) -> Portal:
        answer = self._client.batch({"me": Command("profile"), "mode": Command("crm.settings.mode.get")})
        me = mapping(answer.get("me"))
        mode = answer.errors.get("mode")
        if isinstance(mode, AuthFailed):
            raise mode
        simple = str(answer.results.get("mode")) == str(SIMPLE)
        wanted = self._settings.entity or Entity.LEAD
        kind = DEALS if simple or wanted is Entity.DEAL else LEADS
        return Portal(str(me.get("ID") or ""), _zone(me.get("TIME_ZONE")), kind)

    def _read_leads(self) -> Pipeline:
        (rows,) = self._client.ask([_statuses("STATUS")])
        return Pipeline("0", LEADS_NAME, _stages(rows))

    def _read_deals(self) -> tuple[Pipeline, ...]:
        rows = rows_of(self._client.call("crm.category.list", {"entityTypeId": DEALS.type_id}))
        rows.sort(key=lambda row: (row.get("isDefault") != "Y", int(row.get("sort") or 0)))
        ids = [int(row.get("id") or 0) for row in rows]
        stages = self._client.ask([_statuses(f"DEAL_STAGE_{one}" if one else "DEAL_STAGE") for one in ids])
        return tuple(
            Pipeline(str(one), str(row.get("name") or ""), _stages(found))
            for one, row, found in zip(ids, rows, stages, strict=True)
        )

    def _read_users(self) -> tuple[User, ...]:
        found: list[User] = []
        start = 0
        while True:
            rows = rows_of(self._client.call("user.get", {"sort": "ID", "order": "ASC", "start": start}))
            found += map(_user, rows)
            if len(rows) < PAGE:
                return tuple(found)
            start += PAGE

    def _read_fields(self) -> tuple[CustomField, ...]:
        answer = mapping(self._client.call("crm.item.fields", {"entityTypeId": self.kind.type_id}))
        rows = {key: row for key, row in mapping(answer.get("fields")).items() if _matters(key, row)}
        types = sorted({str(row["statusType"]) for row in rows.values() if row.get("statusType")})
        lists = dict(zip(types, self._client.ask([_statuses(one) for one in types]), strict=True))
        own_first = sorted(rows.items(), key=lambda pair: not pair[1].get("isDynamic"))  # where two bear one name
        return tuple(_field(key, row, lists) for key, row in own_first)


def _statuses(entity: str) -> Command:
    return Command("crm.status.list", {"filter": {"ENTITY_ID": entity}, "order": {"SORT": "ASC"}})


def _stages(result: object) -> tuple[Stage, ...]:
    return tuple(
        Stage(str(row["STATUS_ID"]), str(row.get("NAME") or ""), _STATES.get(_semantics(row), LeadState.OPEN))
        for row in rows_of(result)
    )


def _semantics(row: Json) -> str:
    """`S` or `F`; older portals tell it only in words, and an apology is a failure too."""
    if row.get("SEMANTICS"):
        return str(row["SEMANTICS"])
    words = str(mapping(row.get("EXTRA")).get("SEMANTICS") or "")
    return {"success": "S", "failure": "F", "apology": "F"}.get(words, "")


def _user(row: Json) -> User:
    names = (str(row.get(key) or "").strip() for key in ("NAME", "LAST_NAME"))
    active = row.get("ACTIVE", True) in (True, "Y", "1", "true")
    return User(str(row.get("ID")), str(row.get("EMAIL") or "").lower(), " ".join(filter(None, names)), active)


def _matters(key: str, row: Json) -> bool:
    fits = not row.get("isReadOnly") and row.get("type") in WRITABLE
    return fits and (bool(row.get("isDynamic")) or key in STANDARD)


def _field(key: str, row: Json, lists: dict[str, Sequence[Json]]) -> CustomField:
    options: dict[str, Id] = {str(item.get("VALUE")): str(item.get("ID")) for item in rows_of(row.get("items"))}
    if listed := lists.get(str(row.get("statusType"))):
        options = {str(one.get("NAME")): str(one.get("STATUS_ID")) for one in rows_of(listed)}
    return CustomField(
        id=key,
        name=str(row.get("formLabel") or row.get("title") or key),
        type=str(row.get("type")),
        code=str(row.get("upperName") or key),
        options=options,
        multiple=bool(row.get("isMultiple")),
    )


def _zone(name: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(name or "Europe/Moscow"))
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("Europe/Moscow")


def place_in(pipelines: Sequence[Pipeline], stage_id: str) -> Stage | None:
    """The stage of this id, in whichever funnel."""
    return next((stage for one in pipelines for stage in one.stages if stage.id == stage_id), None)


def first_open(pipeline: Pipeline) -> Stage:
    """Where a card of this funnel begins."""
    found = next((stage for stage in pipeline.stages if stage.state is LeadState.OPEN), None)
    if found is None:
        raise Rejected(f"the pipeline «{pipeline.name}» has no open stage")
    return found
