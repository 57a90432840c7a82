"""Tags: CRM cards have none, so a user field of the config's choice holds them; it is made where it is missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from connectors.bitrix24.directory import TAGS_CODE
from connectors.bitrix24.query import Json
from connectors.bitrix24.room import Room
from connectors.crm.mirror import clean_tags
from connectors.crm.names import CustomField, plain
from connectors.oauth import not_carried_out
from provodka.crm import CardKind
from provodka.errors import AuthFailed, ConnectorError, Rejected

BY_HAND: Final = (
    "Не удалось создать в Битрикс24 поле для тегов. Создайте его сами (тип «строка», множественное, название «{name}») "
    "или дайте владельцу вебхука право менять настройки CRM."
)


class Tags:
    """The tags' field of one kind of card of a portal."""

    def __init__(self, room: Room, kind: CardKind = CardKind.LEAD) -> None:
        self._room = room
        self._kind = kind

    def ensure(self) -> CustomField:
        """The field; made by one process at a time. Whatever fails here, no card was written."""
        if field := self._room.directory.tags_field(self._kind):
            return field
        name = self._room.settings.tags_field
        try:
            return self._made(name)
        except Rejected as error:
            raise AuthFailed(
                f"cannot make the field for tags: {error.reason}", hint=BY_HAND.format(name=name)
            ) from error
        except ConnectorError as error:
            raise not_carried_out(error) from error

    def changed(self, item: Json, add: tuple[str, ...], remove: tuple[str, ...]) -> Json:
        """The field as it shall be in this card; nothing where it is so already."""
        added, removed = clean_tags(add), {plain(tag) for tag in remove}
        if not added and not removed:
            return {}
        field = self.ensure() if added else self._room.directory.tags_field(self._kind)
        old = tags_of(item, field)
        have = {plain(tag) for tag in old}
        new = [tag for tag in (*old, *(t for t in added if plain(t) not in have)) if plain(tag) not in removed]
        return {str(field.id): self.value(field, new)} if field and new != old else {}

    def value(self, field: CustomField, tags: Iterable[str]) -> list[str] | str:
        """What to write, so that the field holds just these."""
        clean = clean_tags(tuple(tags))
        return (clean or [""]) if field.multiple else ", ".join(clean)

    def _made(self, name: str) -> CustomField:
        room = self._room
        with room.store.lock(f"{room.name}:tags"):
            room.directory.refresh(0)
            if field := room.directory.tags_field(self._kind):
                return field
            labels = {key: {"ru": name} for key in ("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL")}
            code = TAGS_CODE.removeprefix("UF_CRM_")
            fields = {"FIELD_NAME": code, "USER_TYPE_ID": "string", "MULTIPLE": "Y", "LABEL": name, **labels}
            room.client.call(f"crm.{room.kind_of(self._kind).path}.userfield.add", {"fields": fields}, write=True)
            room.directory.refresh(0)
        field = room.directory.tags_field(self._kind)
        if field is None:
            raise Rejected(f"the portal does not show the field «{name}» that was made")
        return field


def tags_of(item: Json, field: CustomField | None) -> list[str]:
    """The tags of a card: a list, or in a single field a text with commas."""
    value = item.get(str(field.id)) if field else None
    rows = value if isinstance(value, list) else str(value).split(",") if isinstance(value, str) else []
    return list(dict.fromkeys(text for one in rows if (text := str(one or "").strip())))
