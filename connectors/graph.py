"""The Graph API of Meta, as WhatsApp, lead forms and Instagram share it: the check of an address, the signature, the
envelope of a delivery, and calls with what their refusals mean."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, SecretStr

from connectors.addresses import check_base_url
from connectors.base import mask
from connectors.bodies import json_fields, plain_body, same_secret
from connectors.http import Http, Limit, Reply, Timeouts
from connectors.talks.reading import Fields, count, part, parts_of, word
from provodka import channel
from provodka.channel import Delivery, RefusedError, UnreadableError
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable
from provodka.settings import Strict
from provodka.stores import Pace

NO_ENTRY: Final = (
    "Meta не принимает токен: он истёк или отозван. Выпустите бессрочный токен системного пользователя "
    "и впишите его в token."
)
NO_RIGHTS: Final = "У токена нет нужных прав: выдайте их приложению и системному пользователю в Meta Business Suite."
BLOCKED: Final = "Meta ограничила аккаунт: посмотрите «Качество аккаунта» в Meta Business Suite."
TOO_FAST: Final = "Слишком много запросов к Meta: Provodka подождёт и повторит сама."

TOKEN_CODES: Final = {0, 102, 190, 463, 467}
RIGHTS_CODES: Final = {3, 10, *range(200, 300)}
BLOCKED_CODES: Final = {131031, 368}
RATE_WAITS: Final = {4: 300.0, 17: 300.0, 32: 300.0, 613: 60.0, 80005: 600.0, 80007: 60.0, 130429: 5.0, 131057: 60.0}
"""Codes of too many calls, with the seconds to hold the account for."""
NOT_NOW_CODES: Final = {131056}
"""Too many messages to this one person: refused now, and nobody else is held back."""

LATER_CODES: Final = {1, 2, 131000, 131016, 133004}
"""Faults of Meta's own."""


class GraphSettings(Strict):
    """What every channel of Meta needs. `app_secret` signs what Meta sends; `verify_token` is a word of our own that it
    repeats when the address is saved; `token` lets us call it."""

    app_secret: SecretStr = Field(min_length=1)
    verify_token: SecretStr = Field(min_length=1)
    token: SecretStr = Field(min_length=1)
    api_url: Annotated[str, AfterValidator(check_base_url)] = "https://graph.facebook.com"
    version: str = Field("v23.0", pattern=r"v\d+\.\d+")
    connect_timeout: float = Field(5.0, gt=0)
    read_timeout: float = Field(20.0, gt=0)


def opened(delivery: Delivery, settings: GraphSettings) -> dict[str, Any] | channel.Reply:
    """The envelope of a signed delivery, or the reply to the check of our address.

    The signature covers the bytes as they were sent. Raises RefusedError or UnreadableError.
    """
    if delivery.method != "POST":
        return _checked(delivery.query, settings.verify_token.get_secret_value())
    given = delivery.headers.get("x-hub-signature-256", "")
    digest = hmac.new(settings.app_secret.get_secret_value().encode(), delivery.body, "sha256").hexdigest()
    if not same_secret(given, f"sha256={digest}"):
        raise RefusedError("X-Hub-Signature-256 is wrong or absent")
    return json_fields(plain_body(delivery))


def _checked(query: Mapping[str, str], token: str) -> channel.Reply:
    if query.get("hub.mode") != "subscribe" or not same_secret(query.get("hub.verify_token", ""), token):
        raise RefusedError("hub.verify_token is wrong or absent")
    return channel.Reply(body=query.get("hub.challenge", "").encode())


@dataclass(frozen=True, slots=True)
class Change:
    """One piece of an envelope: the account that it is about, its field (`messages`, `leadgen`, `comments`, and
    `messaging` for messages of Instagram), and what it says."""

    account: str
    field: str
    value: Fields


def changes(envelope: Mapping[str, Any]) -> Iterator[Change]:
    """All pieces of all entries; what has another shape is left out, for it tells nothing that we know."""
    if not isinstance(envelope.get("entry"), list):
        raise UnreadableError("the delivery has no entries")
    for entry in parts_of(envelope["entry"]):
        account = word(entry.get("id"))
        for change in parts_of(entry.get("changes")):
            if isinstance(change.get("value"), dict):
                yield Change(account, word(change.get("field")), change["value"])
        for piece in parts_of(entry.get("messaging")):
            yield Change(account, "messaging", piece)


class Graph:
    """Calls of one account. `cures` gives the Russian hint of a code and subcode, for refusals of one service: these
    come before all others. `token` stands in for that of the settings."""

    def __init__(
        self,
        settings: GraphSettings,
        limit: Limit,
        pace: Pace,
        cures: Callable[[int, int], str] = lambda _code, _subcode: "",
        token: SecretStr | None = None,
    ) -> None:
        self._settings = settings
        self._token = token or settings.token
        self._cures = cures
        self._http = Http(
            settings.api_url,
            limit,
            pace,
            auth=self.auth,
            timeouts=Timeouts(settings.connect_timeout, settings.read_timeout),
            classify=self._classify,
        )

    def auth(self) -> dict[str, str]:
        """The header that opens the door."""
        return {"Authorization": f"Bearer {self._token.get_secret_value()}"}

    def get(self, path: str, **params: str) -> dict[str, Any]:
        """A reading: the answer's object."""
        return _object(self._http.call("GET", f"/{self._settings.version}/{path}", params=params))

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A writing: the answer's object."""
        return _object(self._http.call("POST", f"/{self._settings.version}/{path}", json=dict(body)))

    def upload(self, path: str, body: bytes, content_type: str) -> dict[str, Any]:
        """A form with a file. Twice is harmless: nobody sees it before it is sent."""
        headers = {**self.auth(), "Content-Type": content_type}
        place = f"/{self._settings.version}/{path}"
        return _object(self._http.call("POST", place, content=body, headers=headers, write=False, private=True))

    def close(self) -> None:
        self._http.close()

    def _classify(self, reply: Reply) -> ConnectorError | None:
        """The code decides; a status without one is judged by itself."""
        error = part(reply.data, "error")
        code = error.get("code")
        if not isinstance(code, int):
            return AuthFailed(reply.words, hint=NO_ENTRY, status=401) if reply.status == 401 else None
        kind, hint, wait = self._meaning(code, error, reply)
        return kind(error_words(error), hint=hint, wait=wait, status=reply.status, code=str(code))

    def _meaning(self, code: int, error: Fields, reply: Reply) -> tuple[type[ConnectorError], str, float | None]:
        if cure := self._cures(code, count(error.get("error_subcode"))):
            return Rejected, cure, None
        if code in TOKEN_CODES:
            return AuthFailed, NO_ENTRY, None
        if code in RATE_WAITS or reply.status == 429:
            return RateLimited, TOO_FAST, RATE_WAITS.get(code, 60.0)
        if code in NOT_NOW_CODES:
            return Retryable, TOO_FAST, None
        if code in RIGHTS_CODES:
            return Rejected, NO_RIGHTS, None
        if code in BLOCKED_CODES:
            return AuthFailed, BLOCKED, None
        if code in LATER_CODES or reply.status >= 500:
            return (Ambiguous if reply.write else Retryable), "", None
        return Rejected, "", None


def app_token(app_id: str, settings: GraphSettings) -> SecretStr:
    """The token by which an app changes its own settings."""
    return SecretStr(f"{app_id}|{settings.app_secret.get_secret_value()}")


def error_words(error: Mapping[str, Any]) -> str:
    """What Meta says of an error, in one line, masked."""
    details = word(part(error, "error_data").get("details"))
    said = details or word(error.get("message")) or word(error.get("title")) or "no words"
    return mask(f"{word(error.get('code'))}: {said}")[:300]


def _object(reply: Reply) -> dict[str, Any]:
    if isinstance(reply.data, dict):
        return reply.data
    raise (Ambiguous if reply.write else Retryable)("the answer is no object", status=reply.status)
