"""A local application's tokens. They come from the vendor's own server, not from the portal."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from connectors.answers import Reply
from connectors.bitrix24.settings import OAuthSettings
from connectors.http import Http
from connectors.oauth import Desk, Grant
from provodka.errors import AuthFailed, ConnectorError

TOKEN_PATH: Final = "/oauth/token/"  # noqa: S105  # an address
IDLE: Final = timedelta(days=20)  # refresh tokens die after 180 days, by older documents after 28
REAUTHORIZE: Final = (
    "Доступ к Битрикс24 нужно выдать заново: переустановите локальное приложение (его адрес установки — "
    "https://ВАШ-АДРЕС/hooks/crm/СЕКРЕТ) или поставьте новый crm.oauth.refresh_token. "
    "Частая причина: теми же ключами пользуется вторая установка."
)


def token_desk(settings: OAuthSettings, http: Http) -> Desk:
    """The vendor asks not to refresh by the clock, so an access token (one hour) is renewed when it is over."""

    def ask(grant: Grant) -> Reply:
        params = {"client_id": settings.client_id, "client_secret": settings.client_secret.get_secret_value(), **grant}
        return http.call("GET", TOKEN_PATH, params=params, headers={}, write=True, private=True)

    return Desk(ask, ahead=timedelta(0), idle=IDLE, cure=REAUTHORIZE)


def classify_token(reply: Reply) -> ConnectorError | None:
    """The token server says some refusals with 200; each of them is final."""
    if isinstance(reply.data, dict) and reply.data.get("error"):
        return AuthFailed(reply.words, hint=REAUTHORIZE, status=reply.status, code=str(reply.data["error"]))
    return None
