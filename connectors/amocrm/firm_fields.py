"""ИНН and КПП of a company: in fields of their own, or together in one of the type `legal_entity`."""

from __future__ import annotations

from typing import Final

from connectors.amocrm import fields as custom
from connectors.amocrm.client import Json
from connectors.amocrm.room import Room
from connectors.crm.names import CustomField, plain
from provodka.errors import Rejected

ENTITY: Final = "companies"
LEGAL: Final = "legal_entity"
NO_FIELD: Final = "У компаний в amoCRM нет поля «{name}»: создайте его (тип «текст») или укажите своё в crm.{setting}."


class FirmFields:
    """The taxpayer's numbers of one account's companies; `inn_field` and `kpp_field` are names in the settings."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def read(self, item: Json) -> tuple[str, str]:
        """ИНН and КПП of a card, empty where it has none."""
        legal = self._legal_value(item)
        inn = self._text(item, self._room.settings.inn_field) or str(legal.get("vat_id") or "")
        return inn, self._text(item, self._room.settings.kpp_field) or str(legal.get("kpp") or "")

    def takes_inn(self) -> bool:
        """Whether the account has a place for an ИНН."""
        return self._field(self._room.settings.inn_field) is not None or self._legal() is not None

    def encode(self, inn: str, kpp: str, name: str, old: Json) -> list[Json]:
        """Items of `custom_fields_values`; `old` is the card as it is, so that its other details stay.

        Rejected where the account has no place for the number.
        """
        settings = self._room.settings
        wanted = [(settings.inn_field, "inn_field", "vat_id", inn), (settings.kpp_field, "kpp_field", "kpp", kpp)]
        items, legal = [], {}
        for field_name, setting, key, text in wanted:
            if not text:
                continue
            own = self._field(field_name)
            if own is not None:
                items.append(custom.encode(own, text, self._room.directory.account().zone))
            elif self._legal() is not None:
                legal[key] = text
            else:
                hint = NO_FIELD.format(name=field_name, setting=setting)
                raise Rejected(f"companies have no field «{field_name}»", hint=hint)
        place = self._legal()
        if legal and place is not None:
            value = {"name": name, **self._legal_value(old), **legal}
            items.append({"field_id": place.id, "values": [{"value": value}]})
        return items

    def _field(self, name: str) -> CustomField | None:
        fields = self._room.directory.fields(ENTITY)
        return next((one for one in fields if plain(name) in (plain(one.name), plain(one.code))), None)

    def _legal(self) -> CustomField | None:
        return next((one for one in self._room.directory.fields(ENTITY) if one.type == LEGAL), None)

    def _text(self, item: Json, name: str) -> str:
        for row in item.get("custom_fields_values") or ():
            if plain(name) in (plain(str(row.get("field_name"))), plain(str(row.get("field_code") or ""))):
                return custom.decode(row, self._room.directory.account().zone).strip()
        return ""

    def _legal_value(self, item: Json) -> Json:
        for row in item.get("custom_fields_values") or ():
            value = (row.get("values") or [{}])[0].get("value") if row.get("field_type") == LEGAL else None
            if isinstance(value, dict):
                return value
        return {}
