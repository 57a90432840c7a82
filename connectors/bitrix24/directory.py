"""What a portal calls its things: funnels, stages, staff, fields. Read in a few batches and kept for ten minutes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.bitrix24.automata import Automaton, read_automata
from connectors.bitrix24.client import PAGE, Client, mapping, rows_of
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.settings import BitrixSettings, Entity
from connectors.crm.mirror import CONTACT
from connectors.crm.names import CustomField, Id, Names, plain
from provodka.crm import CardKind, LeadState, Pipeline, Stage, User
from provodka.errors import AuthFailed, Rejected

CONTACT_TYPE, COMPANY_TYPE = 3, 4
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
    """A kind of card in the spellings of the several families of methods.

    `path` stands in addresses, in the timeline and in the names of methods; `letter` in what a task hangs on and in
    what owns product rows.
    """

    path: str
    type_id: int
    letter: str


LEADS: Final = Kind(Entity.LEAD.value, 1, "L")
DEALS: Final = Kind(Entity.DEAL.value, 2, "D")
CONTACTS: Final = Kind("contact", 3, "C")
COMPANIES: Final = Kind("company", 4, "CO")
INVOICES: Final = Kind("smart_invoice", 31, "SI")
_OF_CARDS: Final = {
    CardKind.CONTACT: (CONTACTS, STANDARD | {"post", "typeId"}),
    CardKind.COMPANY: (COMPANIES, STANDARD | {"industry", "companyType", "employees"}),
}


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
        return self.keep("deal pipelines", lambda: self._read_funnels(DEALS, "DEAL_STAGE"))

    def invoice_pipelines(self) -> tuple[Pipeline, ...]:
        """The funnels of invoices; the stage that wins is the paid one."""
        return self.keep("invoice pipelines", lambda: self._read_funnels(INVOICES, "SMART_INVOICE_STAGE"))

    def automata(self) -> tuple[Automaton, ...]:
        """What can be started on a lead: workflows, and an application's own triggers."""
        triggers = self._settings.oauth is not None
        return self.keep("automata", lambda: read_automata(self._client, self.kind.path, triggers=triggers))

    def bots(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.automata())

    def users(self) -> tuple[User, ...]:
        return self.keep("users", self._read_users)

    def fields(self) -> tuple[CustomField, ...]:
        return self.keep("fields", lambda: self._read_fields(self.kind, STANDARD))

    def card_fields(self, kind: CardKind) -> tuple[CustomField, ...]:
        if kind is CardKind.LEAD:
            return self.fields()
        return self.keep(f"{kind.value} fields", lambda: self._read_fields(*_OF_CARDS[kind]))

    def card_field(self, kind: CardKind, name: str) -> CustomField:
        """A field of this kind of card; Rejected with the nearest names where none bears the name."""
        return self.named("field", "поля", name, self.card_fields(kind), lambda f: (f.name, f.code))

    def own_fields(self, type_id: int) -> tuple[CustomField, ...]:
        """The user fields of contacts or companies, by the codes of the classic family."""
        return self.keep(f"fields of {type_id}", lambda: self._read_own(type_id))

    def labels(self, kind: str) -> dict[str, str]:
        return {str(one.id): one.name for one in self.own_fields(CONTACT_TYPE if kind == CONTACT else COMPANY_TYPE)}

    def task_types(self) -> None:
        """Tasks have no types: what a rule calls its type becomes a tag of the task."""
        return

    def loss_reasons(self) -> tuple[str, ...]:
        """The options of the field that the config names for them, else the names of the lost stages."""
        if name := self._settings.loss_field:
            return tuple(self.field(name).options)
        stages = (stage for pipeline in self.pipelines() for stage in pipeline.stages)
        return tuple(dict.fromkeys(stage.name for stage in stages if stage.state is LeadState.LOST))

    def tags_field(self, kind: CardKind = CardKind.LEAD) -> CustomField | None:
        """The user field that holds the tags; None while there is none."""
        names = (self._settings.tags_field, TAGS_CODE)  # portals have been seen to show the code in a new name's place
        found = (
            one for name in names for one in self.card_fields(kind) if plain(name) in (plain(one.name), plain(one.code))
        )
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

    def _read_funnels(self, kind: Kind, entity: str) -> tuple[Pipeline, ...]:
        rows = rows_of(self._client.call("crm.category.list", {"entityTypeId": kind.type_id}))
        rows.sort(key=lambda row: (row.get("isDefault") != "Y", int(row.get("sort") or 0)))
        ids = [int(row.get("id") or 0) for row in rows]
        stages = self._client.ask([_statuses(f"{entity}_{one}" if one else entity) for one in ids])
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

    def _read_own(self, type_id: int) -> tuple[CustomField, ...]:
        rows = {key: row for key, row in self._fields_of(type_id, frozenset()).items() if row.get("isDynamic")}
        return tuple(replace(one, id=one.code) for one in (_field(key, row, {}) for key, row in rows.items()))

    def _fields_of(self, type_id: int, standard: frozenset[str]) -> dict[str, Json]:
        answer = mapping(self._client.call("crm.item.fields", {"entityTypeId": type_id}))
        return {key: row for key, row in mapping(answer.get("fields")).items() if _matters(key, row, standard)}

    def _read_fields(self, kind: Kind, standard: frozenset[str]) -> tuple[CustomField, ...]:
        rows = self._fields_of(kind.type_id, standard)
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


def _matters(key: str, row: Json, standard: frozenset[str]) -> bool:
    fits = not row.get("isReadOnly") and row.get("type") in WRITABLE
    return fits and (bool(row.get("isDynamic")) or key in standard)


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
