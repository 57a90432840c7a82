"""A rule test made of a stored event, with made-up people and no secrets; it is written nowhere here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import yaml

from provodka.journal import Journal, StoredEvent
from provodka.journal.planned_before import history_of
from provodka.made_up import MadeUp
from rules.engine import Engine
from rules.faults import RuleError
from rules.names import NEVER_SEEN
from rules.saved_test import Planned, UnsettledError, saved_test
from rules.testing import RuleTestResult
from support.whatif import past_of

_WIDTH: Final = 110


class Unfit(StrEnum):
    """Why no test can be made of an event: rules never see its kind; it was not planned; `rule` waits still; the
    rules of today do something else than what was done then; or `error` says it."""

    HINT = "hint"
    NOT_PLANNED = "not_planned"
    WAITS = "waits"
    OTHERWISE = "otherwise"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Saved:
    """The test, and as YAML the list that it is the only item of; or why there is none. `result` is there once it was
    run."""

    test: dict[str, Any] | None = None
    unfit: Unfit | None = None
    rule: str = ""
    error: str = ""
    result: RuleTestResult | None = None

    @property
    def yaml(self) -> str:
        """The test as an item of the list `tests`."""
        return as_yaml(self.test) if self.test is not None else ""


def name_of(event: StoredEvent) -> str:
    """What a test of this event is called where nobody says so."""
    return f"{event.event.type.value} {event.event.id}"


def as_yaml(test: dict[str, Any]) -> str:
    """A list with this test, as a file of tests has it below `tests`."""
    return yaml.safe_dump([test], allow_unicode=True, sort_keys=False, width=_WIDTH)


def save_as_test(journal: Journal, event: StoredEvent, engine: Engine, made: MadeUp, name: str = "") -> Saved:
    """Make the test and run it against these rules; it is given only where it passes. `made` must be a new one."""
    if event.event.type in NEVER_SEEN:
        return Saved(unfit=Unfit.HINT)
    history = journal.read(lambda c: history_of(c, event))
    planned = [Planned(a.key, a.rule, a.kind, json.loads(a.params)) for a in history.actions]
    try:
        test, result = saved_test(past_of(history), planned, name or name_of(event), engine, made)
    except UnsettledError as error:
        return Saved(unfit=Unfit.WAITS if error.rule else Unfit.NOT_PLANNED, rule=error.rule, error=str(error))
    except RuleError as error:
        return Saved(unfit=Unfit.FAILED, error=str(error))
    if not result.passed:
        return Saved(unfit=Unfit.OTHERWISE, result=result)
    return Saved(test, result=result)
