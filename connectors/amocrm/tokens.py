"""What a token says of itself: amoCRM's are JWTs, whose middle anybody may read."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.amocrm.oauth import REAUTHORIZE, REISSUE
from connectors.amocrm.room import Room
from provodka.readiness import Remark, Weight, days

SCOPE: Final = "crm"
SOON: Final = timedelta(days=14)
REFRESH_LIFE: Final = timedelta(days=90)
ACCESS_LIFE: Final = timedelta(days=1)
NO_SCOPE: Final = "В настройках интеграции amoCRM отметьте «Доступ к данным аккаунта» и выдайте токен заново."
RENEW: Final = "До этого срока создайте новый: в настройках интеграции, вкладка «Ключи и доступы»."
KEPT_ALIVE: Final = "Пока работает provodka run, токен обновляется сам; без него доступ через этот срок пропадёт."


def remarks(room: Room) -> Iterator[Remark]:
    """Rights of the token and how long it lives; a token that is not a JWT says nothing."""
    settings, now = room.settings, room.now()
    if settings.token is not None:
        said = claims(settings.token.get_secret_value())
        scopes = said.get("scopes")
        if isinstance(scopes, list) and SCOPE not in scopes:
            granted = ", ".join(map(str, scopes)) or "none"
            yield Remark(("token",), f"the token lacks the right «{SCOPE}», it has: {granted}", NO_SCOPE)
        if (ends := ends_at(said)) is not None:
            left = ends - now
            yield _life(("token",), "the token", left, RENEW if left > timedelta(0) else REISSUE)
        return
    pair = room.store.load_tokens(f"amocrm:{settings.url}")
    if pair is not None:
        left = pair.expires_at - ACCESS_LIFE + REFRESH_LIFE - now
        yield _life(("oauth",), "the refresh token", left, REAUTHORIZE if left < SOON else KEPT_ALIVE)


def ends_at(said: dict[str, Any]) -> datetime | None:
    """When a token with these claims ends, if they tell."""
    return datetime.fromtimestamp(ends, UTC) if isinstance(ends := said.get("exp"), int | float) else None


def claims(token: str) -> dict[str, Any]:
    """The claims of a JWT, not verified; none where it is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        said = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return said if isinstance(said, dict) else {}


def _life(path: tuple[str, ...], what: str, left: timedelta, cure: str) -> Remark:
    if left < timedelta(0):
        return Remark(path, f"{what} expired {days(-left.total_seconds())} ago", cure)
    weight = Weight.ACCOUNT if left < SOON else Weight.NOTE
    return Remark(path, f"{what} expires in {days(left.total_seconds())}", cure, weight)
