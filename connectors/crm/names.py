"""Names of an account and their ids. People write names, CRMs want ids; a name that is wrong is told its nearest."""

from __future__ import annotations

import difflib
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, TypeVar

from provodka.crm import CardKind, LeadState, Pipeline, Stage, User
from provodka.errors import INACTIVE_USER, Rejected

T = TypeVar("T")
Id = int | str

MAX_AGE: Final = 600.0  # seconds
LEAST_AGE: Final = 2.0  # seconds before a missing name makes it read again: who has just made it sends again at once
_TOLD: Final = 7  # names of an account that are told where none is like the wanted one
UNKNOWN_NAME: Final = "unknown_name"
INACTIVE: Final = INACTIVE_USER


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field; `options` are the texts of a list field and their ids."""

    id: Id
    name: str
    type: str
    code: str
    options: dict[str, Id] = field(default_factory=dict)
    multiple: bool = False


class Names(ABC):
    """The account's names, read when first asked for and again after ten minutes. Shared by threads."""

    crm: ClassVar[str]  # as people call it

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._kept: dict[str, tuple[float, Any]] = {}

    def refresh(self, least_age: float = LEAST_AGE) -> bool:
        """Forget what is older than so many seconds; whether anything was. The next question reads it anew."""
        with self._lock:
            now = self._clock()
            old = [name for name, (read_at, _) in self._kept.items() if now - read_at >= least_age]
            for name in old:
                del self._kept[name]
            return bool(old)

    @abstractmethod
    def pipelines(self) -> tuple[Pipeline, ...]:
        """Those in use, the main one first."""

    @abstractmethod
    def users(self) -> tuple[User, ...]: ...

    @abstractmethod
    def fields(self) -> tuple[CustomField, ...]:
        """The fields of leads that a config may name."""

    @abstractmethod
    def task_types(self) -> tuple[str, ...] | None:
        """The names of the task types; None where tasks have none, so that every name will do."""

    def loss_reasons(self) -> tuple[str, ...]:
        """The names of the reasons why leads are lost; none where the CRM keeps none."""
        return ()

    def bots(self) -> tuple[str, ...]:
        """The names of the bots that can be started; none where the CRM has none."""
        return ()

    def card_fields(self, kind: CardKind) -> tuple[CustomField, ...]:
        """The fields of a kind of card that a config may name."""
        return self.fields() if kind is CardKind.LEAD else ()

    def deal_pipelines(self) -> tuple[Pipeline, ...]:
        """Where converted leads go: elsewhere than leads only where leads and deals differ."""
        return self.pipelines()

    def pipeline(self, name: str) -> Pipeline:
        """By name; without a name the main pipeline."""
        pipelines = self.pipelines()
        if pipelines and not name:
            return pipelines[0]
        return self.named("pipeline", "воронки", name, pipelines, lambda p: (p.name,))

    def stage(self, pipeline: Pipeline, name: str) -> Stage:
        return self.named("stage", f"в воронке «{pipeline.name}» этапа", name, pipeline.stages, lambda s: (s.name,))

    def user(self, login: str) -> User:
        """An active user by login (email) or by name."""
        user = self.named("user", "сотрудника", login, self.users(), lambda u: (u.login, u.name))
        if not user.active:
            hint = f"Сотрудник {user.name} ({user.login}) отключён в {self.crm}: замените его в staff или включите."
            raise Rejected(f"the user {user.login} is switched off", hint=hint, code=INACTIVE)
        return user

    def field(self, name: str) -> CustomField:
        return self.named("field", "поля", name, self.fields(), lambda f: (f.name, f.code))

    def field_name(self, field_id: str) -> str:
        """The name of a field, or its id where it is gone."""
        return next((one.name for one in self.fields() if str(one.id) == field_id), field_id)

    @abstractmethod
    def labels(self, kind: str) -> Mapping[str, str]:
        """The names of the custom fields of `contact` or `company`, by the ids that the mirror keeps."""

    def id_of(self, login: str) -> str | None:
        """The id of a user by login or name; None where nobody is called so."""
        wanted = plain(login)
        found = (user.id for user in self.users() if wanted in (plain(user.login), plain(user.name)))
        return next(found, None) if wanted else None

    def login_of(self, user_id: Id | None) -> str:
        """The login of a user, or an empty string."""
        wanted = str(user_id)
        return next((user.login for user in self.users() if user.id == wanted), "")

    def place_of(self, pipeline_id: Id | None, stage_id: Id | None) -> tuple[str, str, LeadState]:
        """Names of a pipeline and its stage, and whether the stage closes."""
        pipeline = next((p for p in self.pipelines() if p.id == str(pipeline_id)), None)
        stage = next((s for s in pipeline.stages if s.id == str(stage_id)), None) if pipeline else None
        return (
            pipeline.name if pipeline else "",
            stage.name if stage else "",
            stage.state if stage else LeadState.OPEN,
        )

    def named(self, kind: str, kind_ru: str, name: str, rows: Sequence[T], names: Callable[[T], tuple[str, ...]]) -> T:
        """The row that bears this name; Rejected with the nearest names where none does."""
        wanted = plain(name)
        for row in rows:
            if any(wanted == plain(known) for known in names(row) if known):
                return row
        known = [names(row)[0] for row in rows]
        near = nearest(name, known)
        told = ", ".join(f"«{one}»" for one in near or known[:_TOLD]) + (", …" if not near and known[_TOLD:] else "")
        hint = f"В {self.crm} нет {kind_ru} «{name}». {'Похожие' if near else 'Есть'}: {told or 'ничего'}."
        raise Rejected(f"no {kind} «{name}» in the account", hint=hint, code=UNKNOWN_NAME)

    def keep(self, name: str, read: Callable[[], T]) -> T:
        """What was read under this name, if it is young enough, else read it now."""
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or self._clock() - kept[0] > MAX_AGE:
                kept = self._kept[name] = (self._clock(), read())
            value: T = kept[1]
            return value


def plain(name: str) -> str:
    """A name as people compare it: case, ё and spare spaces make no difference."""
    return " ".join(name.split()).casefold().replace("ё", "е")


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Up to three known names that look most like this one."""
    by_plain = {plain(one): one for one in known}
    return [by_plain[one] for one in difflib.get_close_matches(plain(name), by_plain, n=3, cutoff=0.5)]
