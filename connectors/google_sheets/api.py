"""The Sheets API v4 with a service account, each refusal named."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

from connectors.addresses import check_base_url
from connectors.answers import parse
from connectors.google_sheets.settings import GoogleSheetsSettings
from connectors.http import Http, Limit, Params, Reply, Timeouts
from connectors.talks.reading import Fields, part, parts_of, word
from provodka.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Retryable
from provodka.stores import Pace

QUOTA_WAIT: Final = 30.0  # seconds; the quota is of a minute
EARLY: Final = 300.0  # seconds before its end that a token is not used any more
SCOPES: Final = "https://www.googleapis.com/auth/spreadsheets"
NEEDED: Final = ("client_email", "private_key", "token_uri")
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"

SHARE: Final = "Откройте таблицу, «Настройки доступа», и дайте доступ адресу {email}: {role}"
SWITCH_ON: Final = "Включите Google Sheets API в проекте ключа: console.cloud.google.com → API и сервисы → Библиотека"
NEW_KEY: Final = (
    "Google не принял ключ сервисного аккаунта: проверьте часы на этой машине; если ключ удалён, создайте новый (JSON) "
    "и замените файл"
)
NO_KEY: Final = "В account — содержимое файла JSON с ключом сервисного аккаунта целиком: account: file:/путь/ключ.json"
NO_SHEET: Final = "В таблице есть листы {there}. Исправьте sheets в настройках или название листа"
SHEETS: Final = "Проверьте названия листов (sheets) и столбца отметки (mark)"
QUOTA: Final = "Исчерпана квота Google Sheets (60 чтений в минуту): увеличьте poll или возьмите для таблиц разные ключи"


@dataclass(frozen=True, slots=True)
class Book:
    """A spreadsheet: its title, and the titles of its sheets as they are shown."""

    title: str
    sheets: tuple[str, ...]


class SheetsApi:
    """One spreadsheet, by the JSON key of a service account. Raises only children of `ConnectorError`, AuthFailed at
    once for a key that is none."""

    def __init__(self, settings: GoogleSheetsSettings, account: str, pace: Pace) -> None:
        key = _key_of(account)
        self._email: str = key["client_email"]
        self._writes = bool(settings.mark)
        account = f"google:{sha256(self._email.encode()).hexdigest()[:12]}"
        limit = Limit(account, settings.per_minute / 60, max(1, settings.per_minute // 6))
        timeouts = Timeouts(settings.connect_timeout, settings.read_timeout)
        self._tokens = _Tokens(key, limit, pace, timeouts, writes=self._writes)
        self._path = f"/v4/spreadsheets/{settings.id}"
        self._http = Http(settings.api_url, limit, pace, timeouts=timeouts, classify=self._refusal)

    def book(self) -> Book:
        """What the spreadsheet is called, and its sheets; those that are hidden come last."""
        fields = "properties.title,sheets.properties(title,hidden,sheetType)"
        answer = self._ask("GET", "", [("fields", fields)])
        sheets = [part(one, "properties") for one in parts_of(answer.get("sheets"))]
        shown = sorted(
            (one for one in sheets if one.get("sheetType", "GRID") == "GRID"), key=lambda one: bool(one.get("hidden"))
        )
        return Book(word(part(answer, "properties").get("title")), tuple(word(one.get("title")) for one in shown))

    def values(self, sheets: Sequence[str]) -> list[list[list[Any]]]:
        """All cells of these sheets, by one request: numbers as they are, dates as they are shown. Rows without a
        value at their end are shorter, empty ones are empty."""
        params = [("ranges", _quoted(sheet)) for sheet in sheets]
        how = [("valueRenderOption", "UNFORMATTED_VALUE"), ("dateTimeRenderOption", "FORMATTED_STRING")]
        answer = self._ask("GET", "/values:batchGet", [*params, *how, ("majorDimension", "ROWS")])
        found = [one.get("values", []) for one in parts_of(answer.get("valueRanges"))]
        if len(found) != len(sheets):
            raise Retryable("Google has answered with other sheets than it was asked for")
        return found

    def write(self, cells: Mapping[tuple[str, str], str]) -> None:
        """Write texts into cells, each named by its sheet and its place («D7»)."""
        data = [{"range": f"{_quoted(sheet)}!{place}", "values": [[text]]} for (sheet, place), text in cells.items()]
        self._ask("POST", "/values:batchUpdate", [], {"valueInputOption": "RAW", "data": data})

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        self._http.close()
        self._tokens.close()

    def _ask(self, method: str, path: str, params: Params, body: object = None) -> Fields:
        token = self._tokens.get()
        try:
            reply = self._call(method, path, params, body, token)
        except AuthFailed:
            reply = self._call(method, path, params, body, self._tokens.get(instead_of=token))
        return part(reply.data)

    def _call(self, method: str, path: str, params: Params, body: object, token: str) -> Reply:
        headers = {"Authorization": f"Bearer {token}"}
        # writing the same text into the same cell twice is harmless
        return self._http.call(method, self._path + path, params=params, json=body, headers=headers, write=False)

    def _refusal(self, reply: Reply) -> ConnectorError | None:
        if reply.status < 400:
            return None
        error = part(reply.data, "error")
        words = f"HTTP {reply.status}: {word(error.get('message')) or 'no reason'}"[:300]
        reasons = {word(one.get("reason")) for one in parts_of(error.get("details"))}
        if reply.status == 429:
            return RateLimited(words, hint=QUOTA, status=429, wait=_asked(reply))
        if "SERVICE_DISABLED" in reasons:
            return Rejected(words, hint=SWITCH_ON, status=reply.status)
        if reply.status in (403, 404):
            role = "«Редактор»" if self._writes else "«Читатель»"
            return Rejected(words, hint=SHARE.format(email=self._email, role=role), status=reply.status)
        if reply.status == 401:
            return AuthFailed(words, hint=NEW_KEY, status=401)
        return Rejected(words, hint=SHEETS, status=reply.status) if reply.status < 500 else None


class _Tokens:
    """Access tokens of a service account: each lives an hour, and a process asks for its own."""

    def __init__(self, key: Mapping[str, str], limit: Limit, pace: Pace, timeouts: Timeouts, *, writes: bool) -> None:
        self._key = key
        self._scope = SCOPES if writes else f"{SCOPES}.readonly"
        self._http = Http(key["token_uri"], limit, pace, timeouts=timeouts, classify=_token_refusal)
        self._lock = threading.Lock()
        self._token, self._ends = "", 0.0

    def get(self, instead_of: str = "") -> str:
        """A token to be used now, and not the one that was refused."""
        with self._lock:
            if self._token in ("", instead_of) or time.monotonic() > self._ends - EARLY:
                form = urlencode({"grant_type": GRANT, "assertion": self._signed()}).encode()
                headers = {"Content-Type": "application/x-www-form-urlencoded"}
                reply = self._http.call("POST", "", content=form, headers=headers, write=False, private=True)
                self._token = word(part(reply.data).get("access_token"))
                if not self._token:
                    raise Retryable("Google has answered without a token")
                self._ends = time.monotonic() + float(part(reply.data).get("expires_in") or 3600)
            return self._token

    def close(self) -> None:
        self._http.close()

    def _signed(self) -> str:
        import jwt  # with the cryptography behind it, it takes 15 MB, which only who looks at such a table pays

        now = int(time.time())
        email, audience = self._key["client_email"], self._key["token_uri"]
        claims = {"iss": email, "scope": self._scope, "aud": audience, "iat": now, "exp": now + 3600}
        headers = {"kid": self._key.get("private_key_id", "")}
        try:
            return jwt.encode(claims, self._key["private_key"], algorithm="RS256", headers=headers)
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise AuthFailed("the private key of the service account cannot be read", hint=NEW_KEY) from error


def _key_of(account: str) -> dict[str, str]:
    key = parse(account.encode())
    if not isinstance(key, dict) or not all(isinstance(key.get(name), str) for name in NEEDED):
        raise AuthFailed("account is not the JSON key of a service account", hint=NO_KEY)
    try:
        check_base_url(key["token_uri"])
    except ValueError as error:
        raise AuthFailed(f"token_uri of the key: {error}", hint=NO_KEY) from error
    return key


def _token_refusal(reply: Reply) -> ConnectorError | None:
    if reply.status in (400, 401, 403):
        return AuthFailed(reply.words, hint=NEW_KEY, status=reply.status)
    return None


def _asked(reply: Reply) -> float:
    try:
        return max(1.0, float(reply.headers.get("retry-after", "")))
    except ValueError:
        return QUOTA_WAIT


def _quoted(sheet: str) -> str:
    return "'{}'".format(sheet.replace("'", "''"))
