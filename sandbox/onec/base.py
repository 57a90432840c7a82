"""One information base: its objects by key, their versions and numbers, and the register of what changed.

Records are read-only mappings by OData's own names (`Контрагент_Key`, `Номенклатура_Type`); every write replaces one.
Whatever may not be raises an OnecError with the words of 1C, and nothing is changed then.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.onec.accountant import Accountant
from sandbox.onec.archive import Archive
from sandbox.onec.configuration import Configuration, load
from sandbox.onec.errors import KeyExistsError, NotFoundError, OnecError
from sandbox.onec.filling import filled, fitted, turned
from sandbox.onec.papers import Paper
from sandbox.onec.schema import EMPTY_REF, EntitySet
from sandbox.onec.state import BEFORE_WRITE, Change, Held, Key, State, check_period, check_unique, number
from sandbox.onec.values import Record, frozen, version, version_number

ZONE = ZoneInfo("Europe/Moscow")


def server_time() -> datetime:
    """The wall clock of the 1C server, without a zone and to the second."""
    return datetime.now(ZONE).replace(tzinfo=None, microsecond=0)


def _unheard(paper: Paper) -> None:
    """Nobody listens to postings."""
    del paper


class Base:
    """An information base of one configuration (`bp`, `ut`, `unf`, `erp`), safe to use from several threads.

    `accountant` acts in it as a person would, `papers` sees its documents neutrally, `bind` gives ids of others to
    objects as an extension's register does, `when_posted` is told of every document that is posted. `revision` grows
    with every change, `generation` when all became something else (a reset, a restored copy). `now` is the server's
    clock: naive, whole seconds.
    """

    def __init__(self, configuration: str = "bp", now: Callable[[], datetime] = server_time) -> None:
        self.now = now
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.is_left = False
        self.when_posted: Callable[[Paper], None] = _unheard
        self.revision = self.generation = 0
        self.accountant = Accountant(self)
        self.papers = Archive(self)
        self.use(configuration)

    def use(self, configuration: str) -> None:
        """Become a new base of that configuration."""
        self.configuration: Configuration = load(configuration)
        self.clear()

    def clear(self) -> None:
        """Back to the seed: own organisation, accounts, classifiers, a few products."""
        with self.lock:
            self.state = State(tables={name: {} for name in self.configuration.sets})
            self._held = Held()
            self.papers.forget()
            for name, records in self.configuration.seed.items():
                for record in records:
                    self.write(name, record)
            self.state.changes.clear()
            self.accountant.forget()
            self._stir(anew=True)

    def about(self, name: str) -> EntitySet:
        """The description of a set; NotFoundError if the configuration has none."""
        known = self.configuration.sets.get(name)
        if known is None:
            raise NotFoundError(f'Тип сущности "{name}" не найден!')
        return known

    def read(self, name: str, key: Key) -> Record:
        """One record; NotFoundError if there is none."""
        self.about(name)
        record = self.state.tables[name].get(key)
        if record is None:
            raise NotFoundError(f'Экземпляр сущности "{name}" не найден по переданному ключу.')
        return record

    def get(self, name: str, key: Key) -> Record | None:
        return self.state.tables.get(name, {}).get(key)

    def all(self, name: str) -> list[Record]:
        """Every record of a set in the order of creation."""
        self.about(name)
        with self.lock:
            return list(self.state.tables[name].values())

    def find(self, name: str, **wanted: object) -> list[Record]:
        """Those whose properties equal what is wanted, the ones marked for deletion left out."""
        return [
            record
            for record in self.all(name)
            if not record.get("DeletionMark") and all(record[key] == value for key, value in wanted.items())
        ]

    def write(self, name: str, values: Mapping[str, Any], *, load: bool = False) -> Record:
        """Create. Own `Ref_Key` is taken (KeyExistsError if used), `Number` or `Code` given where left out.

        Unknown names are ignored, as 1C does; nothing is posted by being written. `load` is the exchange mode: no
        checks of the application.
        """
        about = self.about(name)
        with self.lock:
            record = filled(about, {**about.defaults, **values})
            key = self._new_key(about, record)
            if not load:
                check_period(self.state, about, record)
                check_unique(self.state, about, record)
            number(self.state, about, record, self.configuration.prefix, self.now())
            if about.is_reference:
                record["DataVersion"] = version(0)
            if "Posted" in record:
                record["Posted"] = False
            return self._keep(about, key, record)

    def patch(self, name: str, key: Key, values: Mapping[str, Any], *, load: bool = False) -> Record:
        """Change what is given; a section of rows is replaced whole. Refuses the rows of a posted document."""
        about = self.about(name)
        with self.lock:
            old = self.read(name, key)
            if old.get("Posted") and any(section in values for section in about.rows) and not load:
                raise OnecError(f"{BEFORE_WRITE}Строки проведенного документа изменить нельзя: отмените проведение")
            given = fitted(about, values)
            for fixed in ("Ref_Key", "DataVersion", "Posted", *(about.key if not about.is_reference else ())):
                given.pop(fixed, None)
            return self._change(about, key, {**old, **given}, load=load)

    def replace(self, name: str, key: Key, values: Mapping[str, Any]) -> Record:
        """PUT: what is left out becomes empty, save the key, the version and the number."""
        about = self.about(name)
        with self.lock:
            old = self.read(name, key)
            kept = {one: old[one] for one in ("Ref_Key", "DataVersion", "Posted", "Number", "Code") if one in old}
            fresh = filled(about, {**values, **{one: kept[one] for one in kept if one not in ("Number", "Code")}})
            for one in ("Number", "Code"):
                if one in kept and not fresh[one]:
                    fresh[one] = kept[one]
            return self._change(about, key, fresh)

    def post(self, name: str, key: Key) -> Record:
        """Post a document, or post it anew; refuses one that is marked or where the configuration misses something."""
        about = self.about(name)
        with self.lock:
            old = self.read(name, key)
            if old["DeletionMark"]:
                raise OnecError("Помеченный на удаление документ не может быть проведен!")
            for needed, message in about.messages.items():
                if old[needed] == about.properties[needed].empty:
                    raise OnecError(f"{BEFORE_WRITE}{message}")
            record = self._change(about, key, {**old, "Posted": True})
            if name in self.configuration.documents:
                self.when_posted(self.papers.of(record["Ref_Key"]))
            return record

    def unpost(self, name: str, key: Key) -> Record:
        """Take the posting back."""
        with self.lock:
            return self._change(self.about(name), key, {**self.read(name, key), "Posted": False})

    def mark(self, name: str, key: Key, *, marked: bool = True) -> Record:
        """Mark for deletion, which takes a posting back too; or unmark."""
        with self.lock:
            old = self.read(name, key)
            posted = {"Posted": False} if marked and "Posted" in old else {}
            return self._change(self.about(name), key, {**old, **posted, "DeletionMark": marked})

    def remove(self, name: str, key: Key) -> None:
        """Delete physically and at once."""
        about = self.about(name)
        with self.lock:
            old = self.read(name, key)
            self._held.check(old.get("Ref_Key", ""))
            check_period(self.state, about, old)
            del self.state.tables[name][key]
            self._note(name, key)
            self.papers.replaced(name, old, None)

    def changes(self, after: int = 0, limit: int | None = None, sets: Iterable[str] | None = None) -> list[Change]:
        """What changed after a cursor, each object once, the oldest change first.

        The seed is not a change. After a restore the cursor goes back with the base.
        """
        with self.lock:
            return self.state.since(after, None if sets is None else set(sets))[:limit]

    @property
    def cursor(self) -> int:
        """The place of the last change."""
        return self.state.cursor

    def bind(self, external_id: str, name: str, ref: str) -> None:
        """Remember whose id stands for which object."""
        with self.lock:
            self.state.external[external_id] = (name, ref)
            self._stir()

    def bound(self, external_id: str) -> Record | None:
        """The object bound to another's id, if it is still there."""
        with self.lock:
            place = self.state.external.get(external_id)
            return self.get(*place) if place else None

    def close(self, until: date | None) -> None:
        """Forbid any change of documents dated up to that day; None opens all."""
        with self.lock:
            self.state.closed = until
            self._stir()

    def hold(self, ref: str, seconds: float) -> None:
        """Somebody opens the object and keeps it for that long: writes meet a lock conflict."""
        with self.lock:
            self._held.hold(ref, seconds)

    def redirect(self, old: str, new: str) -> None:
        """Whatever refers to one object refers to another from now on."""
        with self.lock:
            for name in self.configuration.sets:
                about = self.about(name)
                for key, record in list(self.state.tables[name].items()):
                    now = turned(record, old, new)
                    if now != record and about.is_reference:
                        self._change(about, key, now, load=True)

    def copy(self) -> State:
        with self.lock:
            return self.state.copy()

    def restore(self, state: State) -> None:
        """Become what the copy was: numbers, versions and the change register go back too."""
        with self.lock:
            self.state = state.copy()
            self._held = Held()
            self._stir(anew=True)
            self.papers.forget()
            for role in self.configuration.documents.values():
                for record in self.state.tables[role.set].values():
                    self.papers.learn(role, record)

    def wait_for_change(self, since: int, seconds: float) -> int:
        """Return the revision once it is another than `since`, after so many seconds, or when nobody is to wait."""
        with self.changed:
            self.changed.wait_for(lambda: self.revision != since or self.is_left, seconds)
            return self.revision

    def leave(self, *, left: bool = True) -> None:
        """Let everybody go who waits for a change."""
        with self.changed:
            self.is_left = left
            self.changed.notify_all()

    # What follows is the way of every write.

    def _stir(self, *, anew: bool = False) -> None:
        self.revision += 1
        self.generation += anew
        self.changed.notify_all()

    def _change(self, about: EntitySet, key: Key, record: dict[str, Any], *, load: bool = False) -> Record:
        old = self.read(about.name, key)
        self._held.check(old.get("Ref_Key", ""))
        if not load:
            check_period(self.state, about, old)
            check_period(self.state, about, record)
            if any(old[one] != record[one] for one in ("Number", "Date", about.unique) if one in old):
                check_unique(self.state, about, record)
        if about.is_reference:
            record["DataVersion"] = version(version_number(old["DataVersion"]) + 1)
        return self._keep(about, key, record)

    def _keep(self, about: EntitySet, key: Key, values: Mapping[str, Any]) -> Record:
        record = frozen(values)
        old = self.state.tables[about.name].get(key)
        self.state.tables[about.name][key] = record
        self._note(about.name, key)
        self.papers.replaced(about.name, old, record)
        return record

    def _note(self, name: str, key: Key) -> None:
        self.state.note((name, key))
        self._stir()

    def _new_key(self, about: EntitySet, record: dict[str, Any]) -> Key:
        if about.is_reference:
            if record["Ref_Key"] == EMPTY_REF:
                record["Ref_Key"] = str(uuid.uuid1())
            key: Key = record["Ref_Key"]
        else:
            key = tuple(record[name] for name in about.key)
        if key in self.state.tables[about.name]:
            if about.is_reference:
                raise KeyExistsError("Сущность с таким ключом уже существует")
            raise KeyExistsError("Запись с такими значениями ключевых полей уже существует")
        return key
