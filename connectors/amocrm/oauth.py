"""The two ways into an amoCRM account: a long-lived token, or OAuth with a refresh token that rotates on every use."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from pydantic import SecretStr

from connectors.amocrm.settings import OAuthSettings
from connectors.http import Http, Reply
from connectors.oauth import Desk, Grant
from provodka.errors import AuthFailed

AHEAD: Final = timedelta(minutes=10)
TOKEN_PATH: Final = "/oauth2/access_token"  # noqa: S105  # an address
REISSUE: Final = (
    "Долгосрочный токен amoCRM не принят: он истёк или отозван. Создайте новый в настройках интеграции "
    "(вкладка «Ключи и доступы») и поставьте его вместо старого."
)
REAUTHORIZE: Final = (
    "Доступ к amoCRM нужно выдать заново: скопируйте новый код авторизации из настроек интеграции "
    "(живёт 20 минут) в crm.oauth.code и перезапустите. Частая причина: тем же ключом пользуется вторая установка."
)


class LongLived:
    """A token that lives for years and cannot be refreshed."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def token(self) -> str:
        return self._token.get_secret_value()

    def renew(self, used: str) -> str:
        del used
        raise AuthFailed("the long-lived token is not accepted", hint=REISSUE, status=401)

    def keep_alive(self) -> None:
        """Nothing of it dies of disuse."""


def token_desk(settings: OAuthSettings, http: Http) -> Desk:
    """amoCRM's token endpoint: an access token lives 24 hours, a refresh token dies after three months of disuse."""

    def ask(grant: Grant) -> Reply:
        body = {
            "client_id": settings.client_id,
            "client_secret": settings.client_secret.get_secret_value(),
            "redirect_uri": settings.redirect_uri,
            **grant,
        }
        return http.call("POST", TOKEN_PATH, json=body, headers={}, private=True)

    return Desk(ask, ahead=AHEAD, idle=-AHEAD, cure=REAUTHORIZE)
