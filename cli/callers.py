"""Who calls, for channels that are asked: what answers is loaded by the first question, not by every web process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from provodka.calls import Caller, Callers
from provodka.stores import Mirror


class LateCallers:
    """`Callers` of the CRM `system`; `extensions` are those of a member of the staff by login or name."""

    def __init__(self, system: str, store: Mirror, extensions: Callable[[str], tuple[str, ...]]) -> None:
        self._system, self._store, self._extensions = system, store, extensions

    def who_calls(self, phone: str) -> Caller | None:
        """See `MirrorCallers`."""
        return self._callers.who_calls(phone)

    def knows(self, identities: Sequence[str]) -> bool | None:
        """See `MirrorCallers`."""
        return self._callers.knows(identities)

    @cached_property
    def _callers(self) -> Callers:
        from connectors.crm.callers import MirrorCallers

        return MirrorCallers(self._system, self._store, self._extensions)
