"""Bitrix24's REST as the rest of the room speaks it: calls, batches, and lists that are walked by ascending id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from connectors.bitrix24.operating import Operating
from connectors.bitrix24.problems import EXPIRED, METHOD_BLOCKED, NO_ENTRY, NO_RIGHT, SCOPE_LACKING, refusal
from connectors.bitrix24.query import Command, Json, Ref
from connectors.http import Http
from connectors.oauth import Auth
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable

PAGE: Final = 50  # of every list, and the most commands of a batch
CHAIN: Final = 10  # pages in a request of a long reading: five hundred cards, well within the vendor's minute
OPTIONAL: Final = {
    "bizproc.": "bizproc",
    "im.": "im",
    "imconnector.": "imopenlines",
    "imopenlines.": "imopenlines",
    "timeman.": "timeman",
}
"""Families of methods that only some configs need, and the right that opens each."""
UNCOUNTED: Final = -1  # as `start`: counting all rows costs more than reading fifty


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of each command. With `halt`, those behind the first error are in neither: they were not run."""

    results: Json
    errors: dict[str, ConnectorError] = field(default_factory=dict)

    def get(self, key: str) -> Any:  # noqa: ANN401  # any JSON
        """The result of a command; raises its error."""
        if key in self.errors:
            raise self.errors[key]
        if key not in self.results:
            raise Retryable(f"the answer does not mention the command {key}")
        return self.results[key]


class Webhook:
    """The way in by an inbound webhook: its secret is in the address, and nothing can be renewed."""

    def token(self) -> str:
        return ""

    def renew(self, used: str) -> str:
        del used
        raise AuthFailed("the webhook is not accepted", hint=NO_ENTRY, status=401)

    def keep_alive(self) -> None:
        """A webhook does not die of disuse."""


class Client:
    """Calls with the token of the moment; one that has expired is renewed once."""

    def __init__(self, http: Http, auth: Auth, operating: Operating) -> None:
        self._http = http
        self._auth = auth
        self._operating = operating
        self._offset: tzinfo = UTC

    def call(self, method: str, params: Mapping[str, Any] | None = None, *, write: bool = False) -> Any:  # noqa: ANN401
        """The `result` of one method."""
        self._operating.pass_through({method})
        try:
            data = self._sent(method, dict(params or {}), write=write)
        except (RateLimited, AuthFailed) as error:
            raise self._known(error, method) from error
        self._operating.learn(method, data.get("time"))
        return data.get("result")

    def batch(self, commands: Mapping[str, Command], *, halt: bool = False, write: bool = False) -> Batch:
        """Up to fifty commands in one request, in their order; each answers for itself."""
        if not commands:
            return Batch({})
        self._operating.pass_through({command.method for command in commands.values()})
        body = {"halt": int(halt), "cmd": {key: command.text() for key, command in commands.items()}}
        inner = mapping(self._sent("batch", body, write=write).get("result"))
        for key, time in mapping(inner.get("result_time")).items():
            if key in commands:
                self._operating.learn(commands[key].method, time)
        errors = {
            key: self._known(refusal(mapping(told), None, write=write), commands[key].method)
            for key, told in mapping(inner.get("result_error")).items()
            if key in commands
        }
        return Batch(mapping(inner.get("result")), errors)

    def ask(self, commands: Sequence[Command]) -> list[Any]:
        """The results of any number of reading commands, fifty in a request; raises the first error."""
        results: list[Any] = []
        for start in range(0, len(commands), PAGE):
            part = {f"q{n}": command for n, command in enumerate(commands[start : start + PAGE])}
            answer = self.batch(part)
            results += [answer.get(key) for key in part]
        return results

    def walk(
        self, method: str, params: Mapping[str, Any], *, key: str = "ID", after: str = "0", chain: int = 1
    ) -> Iterator[list[Json]]:
        """The rows of a list by ascending id, from the one behind `after` on; `key` is the id's spelling in filters.

        `chain` pages go in one request, each reading on from the last row of the one before; where none of them is the
        last one, the next request takes four times as many. Behind a short page the reference leads nowhere, and what
        such a command answers is not looked at.
        """
        last: str | Ref = after
        while True:
            commands: dict[str, Command] = {}
            for n in range(chain):
                asked = {
                    **params,
                    "order": {key: "ASC"},
                    "filter": {**params.get("filter", {}), f">{key}": last},
                    "start": UNCOUNTED,
                }
                commands[f"p{n}"] = Command(method, asked)
                last = Ref(f"p{n}", (*_WRAPPERS.get(method, ()), str(PAGE - 1), _ROW_KEYS.get(method, "ID")))
            answer = self.batch(commands)
            for name in commands:
                rows = rows_of(answer.get(name))
                if rows:
                    yield rows
                    last = id_of(rows[-1])
                if len(rows) < PAGE:
                    return
            chain = max(chain, min(4 * chain, CHAIN))

    def written(self, moment: datetime) -> str:
        """A moment for a filter, in the portal's own offset: portals have been seen to overlook the offset."""
        return moment.astimezone(self._offset).isoformat(timespec="seconds")

    def close(self) -> None:
        self._http.close()

    def _sent(self, method: str, body: Json, *, write: bool) -> Json:
        token = self._auth.token()
        try:
            return self._send(token, method, body, write=write)
        except AuthFailed as error:
            if error.code not in EXPIRED or not token:
                raise
        return self._send(self._auth.renew(token), method, body, write=write)

    def _send(self, token: str, method: str, body: Json, *, write: bool) -> Json:
        """Always POST with JSON: a body of a GET is not read."""
        reply = self._http.call("POST", f"/{method}", json={**body, "auth": token} if token else body, write=write)
        if not isinstance(reply.data, dict) or "result" not in reply.data:
            unclear = Ambiguous if write else Retryable
            raise unclear("the answer holds no result", status=reply.status)
        self._offset = _offset(reply.data.get("time")) or self._offset
        return reply.data

    def _known(self, error: ConnectorError, method: str) -> ConnectorError:
        """A blocked method waits for its own time, and one whose right is lacking fails; the rest goes on."""
        right = next((right for family, right in OPTIONAL.items() if method.startswith(family)), "")
        if error.code == SCOPE_LACKING and right:
            hint = NO_RIGHT.format(right=right)
            return Rejected(error.reason, hint=hint, status=error.status, code=error.code)
        if error.code != METHOD_BLOCKED:
            return error
        return RateLimited(error.reason, status=error.status, code=error.code, wait=self._operating.blocked(method))


_WRAPPERS: Final[dict[str, tuple[str, ...]]] = {"crm.item.list": ("items",), "tasks.task.list": ("tasks",)}
_ROW_KEYS: Final = {"crm.item.list": "id", "tasks.task.list": "id"}


def mapping(value: object) -> Json:
    """A map as PHP shows it: an empty one is a list, and so is one whose keys are 0, 1, 2…"""
    if isinstance(value, list):
        return {str(n): one for n, one in enumerate(value)}
    return value if isinstance(value, dict) else {}


def rows_of(result: object) -> list[Json]:
    """The rows of a list, bare or in its wrapper (`items`, `tasks`, `categories`)."""
    if isinstance(result, dict):
        result = next((inner for inner in result.values() if isinstance(inner, list)), [])
    return [row for row in result if isinstance(row, dict)] if isinstance(result, list) else []


def id_of(row: Json) -> str:
    """Lists spell the id as their family does."""
    return str(row.get("id", row.get("ID", "")))


def moment(text: object) -> datetime:
    """An aware time of Bitrix24's ISO texts; the epoch for what is empty (`null`, `""`, `{}`)."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _offset(time: object) -> tzinfo | None:
    started = time.get("date_start") if isinstance(time, dict) else None
    try:
        return datetime.fromisoformat(str(started)).tzinfo
    except ValueError:
        return None
