"""The service field that carries our origin stamp, the action's key: by it an earlier attempt is recognised."""

from __future__ import annotations

from typing import Final

from connectors.amocrm.client import Json
from connectors.amocrm.room import Room
from connectors.oauth import not_carried_out
from provodka.errors import AuthFailed, ConnectorError, Rejected

BY_HAND: Final = (
    "Не удалось создать в amoCRM служебное поле {of}. Создайте его сами (тип «текст», код {code}) "
    "или дайте владельцу токена права администратора."
)
OF: Final = {"leads": "сделки", "contacts": "контакта", "companies": "компании"}


class Stamp:
    """The field of one kind of card (`leads`, `contacts`, `companies`), made at its first use by one process only."""

    def __init__(self, room: Room, entity: str = "leads") -> None:
        self._room = room
        self._entity = entity
        self._ready = False

    def ensure(self) -> None:
        """Make the field if the account lacks it. Whatever fails here, no card was sent."""
        if self._ready:
            return
        try:
            if not self.exists():
                self._create()
        except Rejected as error:
            hint = BY_HAND.format(of=OF[self._entity], code=self._room.settings.stamp_code)
            raise AuthFailed(f"cannot make the service field: {error.reason}", hint=hint) from error
        except ConnectorError as error:
            raise not_carried_out(error) from error
        self._ready = True

    def doubt(self) -> None:
        """Somebody may have deleted the field: look again before the next card."""
        self._ready = False

    def exists(self) -> bool:
        code = self._room.settings.stamp_code
        return any(field.code == code for field in self._room.directory.fields(self._entity))

    def value(self, key: str) -> Json:
        """The field in a card that is to be written."""
        return {"field_code": self._room.settings.stamp_code, "values": [{"value": key}]}

    def read(self, item: Json) -> str:
        """The stamp that a card carries, or an empty string."""
        code = self._room.settings.stamp_code
        for row in item.get("custom_fields_values") or ():
            if row.get("field_code") == code:
                return str((row.get("values") or [{}])[0].get("value") or "")
        return ""

    def _create(self) -> None:
        room, settings = self._room, self._room.settings
        with room.store.lock(f"{room.name}:stamp:{self._entity}"):
            room.directory.refresh(0)
            if self.exists():
                return
            body = {"name": settings.stamp_field, "type": "text", "code": settings.stamp_code, "is_api_only": True}
            room.client.write("POST", f"/{self._entity}/custom_fields", [body])
            room.directory.refresh(0)
