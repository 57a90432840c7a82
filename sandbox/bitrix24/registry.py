"""The table of REST methods: who may call each, and what answers it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from sandbox.bitrix24.call import Call

Handler = Callable[["Call"], Any]
AppRule = Literal["", "context", "type", "both"]
"""How a method for apps refuses a webhook: not at all, with ACCESS_DENIED, with WRONG_AUTH_TYPE, with both texts."""


NARROWER = {"user": ("user_basic", "user_brief")}
"""Scopes that open the same methods as a wider one, and show less."""


@dataclass(frozen=True, slots=True)
class Method:
    """One method; `scope` is empty where none is asked. `batch` tells whether a batch may contain it."""

    name: str
    scope: str
    run: Handler
    app: AppRule = ""
    batch: bool = True

    def is_open_to(self, scopes: Collection[str]) -> bool:
        """Whether scopes reach the method."""
        return not self.scope or self.scope in scopes or any(one in scopes for one in NARROWER.get(self.scope, ()))


@dataclass(slots=True)
class Methods:
    """The methods of one module, which share a scope."""

    scope: str
    rows: list[Method] = field(default_factory=list)

    def add(self, name: str, run: Handler, *, app: AppRule = "", scope: str | None = None, batch: bool = True) -> None:
        self.rows.append(Method(name, self.scope if scope is None else scope, run, app, batch))

    def __call__(
        self, *names: str, app: AppRule = "", scope: str | None = None, batch: bool = True
    ) -> Callable[[Handler], Handler]:
        """Decorator: the function answers these methods."""

        def register(run: Handler) -> Handler:
            for name in names:
                self.add(name, run, app=app, scope=scope, batch=batch)
            return run

        return register
