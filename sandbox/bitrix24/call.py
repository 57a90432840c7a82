"""One method call as the handlers see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.bitrix24 import moments
from sandbox.bitrix24.errors import Json, missing_argument, plain
from sandbox.bitrix24.params import text, whole

if TYPE_CHECKING:
    from sandbox.bitrix24.events import Publisher
    from sandbox.bitrix24.settings import Settings
    from sandbox.bitrix24.store import Store

PAGE = 50
PREFIX = "ar"


@dataclass(frozen=True, slots=True)
class Auth:
    """Who calls: `kind` webhook, app or robot; `key` names the webhook or the app in the operating limits."""

    kind: str
    key: str
    user: Json
    scopes: frozenset[str]
    hops: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A list answer: `total` and `next` travel beside the result."""

    result: Any
    total: int | None = None
    next: int | None = None


@dataclass(frozen=True, slots=True)
class AsData:
    """An error that a handler gave back as data: HTTP 200, no time block."""

    body: Json


class Call:
    """A method with its parameters, made under the store's lock. `base` is the portal's origin."""

    def __init__(
        self,
        params: Json,
        auth: Auth,
        *,
        store: Store,
        events: Publisher,
        settings: Settings,
        now: float,
        base: str,
    ) -> None:
        self.params = params
        self.auth = auth
        self.store = store
        self.events = events
        self.settings = settings
        self.now = int(now)
        self.base = base
        self.zone = events.zone
        self._folded = {_fold(key): value for key, value in params.items()}

    @property
    def user_id(self) -> int:
        return int(self.auth.user["id"])

    @property
    def is_admin(self) -> bool:
        return bool(self.auth.user["admin"])

    def any(self, name: str) -> Any:  # noqa: ANN401  # any JSON
        """A parameter in whatever case it came: FILTER, filter, Filter, arFilter."""
        return self._folded.get(_fold(name))

    def set(self, name: str, value: object) -> None:
        """Put a parameter in place of what came."""
        self._folded[_fold(name)] = value

    def text(self, name: str) -> str:
        return text(self.any(name))

    def whole(self, name: str) -> int:
        return whole(self.any(name))

    def map(self, name: str) -> Json:
        """A map; anything else counts as an empty one."""
        found = self.any(name)
        if isinstance(found, list):
            return {str(place): value for place, value in enumerate(found)}
        return found if isinstance(found, dict) else {}

    def fields(self, name: str = "fields") -> Json:
        """The map of a write, refused as classic CRM methods do."""
        found = self.any(name)
        if not isinstance(found, dict | list):
            raise plain(f"Parameter '{name}' must be array.")
        return self.map(name)

    def id(self, name: str = "id") -> int:
        """The number of an object, refused as classic CRM methods do."""
        found = self.whole(name)
        if found <= 0:
            raise plain("ID is not defined or invalid.")
        return found

    def exact(self, name: str) -> Any:  # noqa: ANN401  # any JSON
        """An argument of a controller, which knows the exact name only."""
        if name not in self.params:
            raise missing_argument(name)
        return self.params[name]

    def start(self) -> int:
        """Offset of a list; -1 asks for the first rows without a count."""
        return self.whole("start")

    def shown(self, stamp: float | None) -> str | None:
        return None if stamp is None else moments.shown(stamp, self.zone)

    def paged(self, rows: list[Any], *, by_page: bool = False, wrap: str = "") -> Page:
        """The wanted 50 of all rows; `by_page` cuts as classic lists do, in whole pages."""
        start = self.start()
        if start < 0:
            return Page(_wrapped(rows[:PAGE], wrap), 0)
        if by_page:
            start = start // PAGE * PAGE
        after = start + PAGE
        following = after if after < len(rows) else None
        return Page(_wrapped(rows[start:after], wrap), len(rows), following)


def _wrapped(rows: list[Any], wrap: str) -> Any:  # noqa: ANN401  # a list or a map with one
    return {wrap: rows} if wrap else rows


def _fold(name: str) -> str:
    bare = name[len(PREFIX) :] if name.startswith(PREFIX) and name[len(PREFIX) : len(PREFIX) + 1].isupper() else name
    return bare.replace("_", "").lower()
