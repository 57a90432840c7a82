"""ИНН and КПП of companies: in their requisites, or in user fields of the config's choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from connectors.bitrix24.client import PAGE, id_of, rows_of
from connectors.bitrix24.directory import COMPANIES
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.room import Room
from connectors.crm.names import CustomField
from provodka.crm import CardKind
from provodka.errors import Rejected

SELECT: Final = ("ID", "ENTITY_ID", "RQ_INN", "RQ_KPP", "ACTIVE")
OF_PERSON: Final = 12  # digits of the ИНН of a sole trader; a firm's has ten
NO_PRESET: Final = "В Битрикс24 нет ни одного шаблона реквизитов: создайте его (CRM → Настройки → Реквизиты)."
Numbers = tuple[str, str]


class Requisites:
    """The taxpayer's numbers of one portal's companies."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def prepare(self) -> None:
        """Read what `of_new` needs, so that nothing of it can fail once a company is made."""
        if not self._own("inn_field"):
            self._presets()

    def search(self, inn: str) -> Command:
        """The command that finds the companies with this ИНН; `hits` reads its answer."""
        if field := self._own("inn_field"):
            asked = {"entityTypeId": COMPANIES.type_id, "filter": {f"={field.id}": inn}, "select": ["id"]}
            return Command("crm.item.list", {**asked, "order": {"id": "ASC"}})
        wanted = {"RQ_INN": inn, "ENTITY_TYPE_ID": COMPANIES.type_id}
        return Command("crm.requisite.list", {"filter": wanted, "select": list(SELECT), "order": {"ID": "ASC"}})

    def hits(self, answer: object) -> list[str]:
        return [str(row.get("ENTITY_ID") or id_of(row)) for row in rows_of(answer)]

    def read(self, items: Mapping[str, Json]) -> dict[str, Numbers]:
        """ИНН and КПП of these companies, empty where they have none."""
        rows = self.rows(list(items))
        return {one: self._numbers(item, rows.get(one, {})) for one, item in items.items()}

    def of_card(self, company: str, fields: Mapping[str, str]) -> Numbers:
        """The same of one company whose user fields are known by name; one call, unless both numbers stand there."""
        inn_field, kpp_field = self._room.settings.inn_field, self._room.settings.kpp_field
        row = {} if inn_field and kpp_field else self.rows([company]).get(company, {})
        inn = fields.get(inn_field) if inn_field else row.get("RQ_INN")
        kpp = fields.get(kpp_field) if kpp_field else row.get("RQ_KPP")
        return str(inn or ""), str(kpp or "")

    def rows(self, ids: Sequence[str]) -> dict[str, Json]:
        """The requisites of each company that has any: of several the one that is in use and bears an ИНН."""
        found: dict[str, list[Json]] = {}
        for start in range(0, len(ids), PAGE):
            wanted = {"ENTITY_TYPE_ID": COMPANIES.type_id, "@ENTITY_ID": list(ids[start : start + PAGE])}
            for page in self._room.client.walk("crm.requisite.list", {"filter": wanted, "select": list(SELECT)}):
                for row in page:
                    found.setdefault(str(row.get("ENTITY_ID")), []).append(row)
        return {one: min(rows, key=_worse) for one, rows in found.items()}

    def fields(self, inn: str, kpp: str) -> Json:
        """The user fields that hold these numbers; nothing where they belong into requisites."""
        wanted = ((self._own("inn_field"), inn), (self._own("kpp_field"), kpp))
        return {str(field.id): text for field, text in wanted if field and text}

    def write(self, company: str, name: str, inn: str, kpp: str, old: Json | None, key: str) -> Command | None:
        """The command after which the company's requisites bear these numbers; None where nothing is to be done."""
        numbers = {
            code: text
            for code, setting, text in (("RQ_INN", "inn_field", inn), ("RQ_KPP", "kpp_field", kpp))
            if text and not self._own(setting)
        }
        if old is not None:
            differs = {code: text for code, text in numbers.items() if str(old.get(code) or "") != text}
            return Command("crm.requisite.update", {"id": id_of(old), "fields": differs}) if differs else None
        if not numbers:
            return None
        fields = {
            "ENTITY_TYPE_ID": COMPANIES.type_id,
            "ENTITY_ID": company,
            "PRESET_ID": self._preset(inn),
            "NAME": name,
            "RQ_COMPANY_NAME": name,
            "XML_ID": key,
            "ORIGINATOR_ID": self._room.settings.originator,
            **numbers,
        }
        return Command("crm.requisite.add", {"fields": fields})

    def _numbers(self, item: Json, row: Json) -> Numbers:
        inn, kpp = self._own("inn_field"), self._own("kpp_field")
        return (
            str((item.get(str(inn.id)) if inn else row.get("RQ_INN")) or ""),
            str((item.get(str(kpp.id)) if kpp else row.get("RQ_KPP")) or ""),
        )

    def _own(self, setting: str) -> CustomField | None:
        name = getattr(self._room.settings, setting)
        return self._room.directory.card_field(CardKind.COMPANY, name) if name else None

    def _presets(self) -> list[Json]:
        asked = {"select": ["ID", "NAME"], "order": {"ID": "ASC"}}

        def read() -> list[Json]:
            return rows_of(self._room.client.call("crm.requisite.preset.list", asked))

        return self._room.directory.keep("requisite presets", read)

    def _preset(self, inn: str) -> str:
        """The client's template for firms or for sole traders, which portals call as they like; else the first."""
        rows = self._presets()
        if not rows:
            raise Rejected("the portal has no template of requisites", hint=NO_PRESET)
        for row in rows:
            words = str(row.get("NAME") or "").casefold().split()
            is_person = "ип" in words or any(word.startswith("индивидуал") for word in words)
            if is_person is (len(inn) == OF_PERSON):
                return id_of(row)
        return id_of(rows[0])


def _worse(row: Json) -> tuple[bool, bool, int]:
    return row.get("ACTIVE") == "N", not row.get("RQ_INN"), int(id_of(row))
