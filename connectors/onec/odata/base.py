"""One base as the parts of this room share it: its client, its names, and what it is asked for again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from connectors.onec.odata import query
from connectors.onec.odata.client import Client
from connectors.onec.odata.kept import FRESH, Kept
from connectors.onec.odata.metadata import Schema, read_edmx, reference
from connectors.onec.odata.problems import EXISTS
from connectors.onec.odata.profile import Pick, Profile
from connectors.onec.odata.query import Row, every, guid, text
from connectors.onec.odata.settings import ODataSettings
from provodka.errors import Rejected
from provodka.stores import ConnectorStore, Snapshot

SYSTEM: Final = "1c"
KIND: Final = "odata"
_SCHEMA: Final = TypeAdapter(Schema)
OURS: Final = "ours"
ALIVE: Final = "DeletionMark eq false"
NUMERIC: Final = {
    "RUB": "643", "USD": "840", "EUR": "978", "CNY": "156", "KZT": "398", "BYN": "933", "TRY": "949", "AED": "784",
    "GBP": "826", "CHF": "756", "JPY": "392", "AMD": "051", "GEL": "981", "KGS": "417", "UZS": "860", "UAH": "980",
}  # fmt: skip

NO_ORGANIZATION: Final = (
    "В 1С нет организации с ИНН {inn}{kpp}: проверьте accounting.organization. Администратору 1С: добавьте в состав "
    "OData {set} и дайте пользователю обмена доступ к этой организации."
)
NO_CURRENCY: Final = "В 1С нет валюты {code}. Администратору 1С: загрузите её в справочник «Валюты» из классификатора."
NO_PICK: Final = "В 1С не найдено: {set} «{name}». Назовите существующее в accounting.overrides (picks)."
MANY_PICKS: Final = "В 1С несколько {set}: {names}. Назовите нужное в accounting.overrides (picks → name)."
MARKED: Final = "{what} «{name}» есть в 1С с пометкой на удаление: снимите пометку в 1С и повторите действие."


class Base(Kept):
    """Threads may share it. `now` is our clock; 1C's own is a wall clock in `settings.timezone`."""

    def __init__(
        self, settings: ODataSettings, store: ConnectorStore, client: Client, now: Callable[[], datetime]
    ) -> None:
        self.settings = settings
        self.names: Profile = settings.names
        self.client = client
        super().__init__(now)
        self._store = store
        self._zone = ZoneInfo(settings.timezone)
        self._schema: Schema | None = None
        self._fetched_at = datetime.min.replace(tzinfo=UTC)
        self._reading = threading.Lock()

    # names

    @property
    def schema(self) -> Schema:
        """The metadata of the profile's sets; out of the mirror where it is there."""
        with self._reading:
            if self._schema is None:
                found = self._store.snapshots(SYSTEM, KIND, [self._place]).get(self._place)
                schema = _SCHEMA.validate_json(found.body) if found else None
                wanted = self.names.sets()
                self._schema = schema if schema and set(schema.asked) >= wanted else self._fetched()
            return self._schema

    def refresh(self) -> Schema:
        """Read the metadata anew: the composition or the configuration has changed."""
        with self._reading:
            self._schema = self._fetched()
            self.forget()
            return self._schema

    def doubt(self) -> None:
        """The base does not know a name that its metadata had: read them again, though not again and again."""
        with self._reading:
            if self._schema is not None and self.now() - self._fetched_at > FRESH:
                self._schema = None
                self._store.forget_snapshots(SYSTEM, KIND, [self._place])

    @property
    def _place(self) -> str:
        return f"schema:{self.settings.url}"

    def _fetched(self) -> Schema:
        self._fetched_at = self.now()
        schema = read_edmx(self.client.metadata(), self.names.sets(), self.names.enums())
        body = _SCHEMA.dump_json(schema).decode()
        self._store.put_snapshots(SYSTEM, KIND, [Snapshot(self._place, body, self.now())])
        return schema

    # making

    @property
    def takes_our_keys(self) -> bool:
        """Whether objects are surely made under the keys that we choose; not before the first was, or where they were
        not: then whatever we make has to be looked for first."""
        found = self._store.snapshots(SYSTEM, KIND, [self._keys])
        return any(one.body == OURS for one in found.values())

    def create(self, name: str, body: Row) -> Row:
        """The object as it was made; what its key tells of the base is kept."""
        made = self.client.create(name, body)
        took = str(made.get("Ref_Key")) == body["Ref_Key"]
        if took is not self.takes_our_keys:
            self._store.put_snapshots(SYSTEM, KIND, [Snapshot(self._keys, OURS if took else "its own", self.now())])
        return made

    @property
    def _keys(self) -> str:
        return f"keys:{self.settings.url}"

    # times

    def wall(self, moment: datetime) -> datetime:
        """What the clock of the 1C server shows."""
        return moment.astimezone(self._zone).replace(tzinfo=None, microsecond=0)

    def moment(self, written: object) -> datetime | None:
        """A date of 1C as an aware time; None for its empty date."""
        try:
            found = datetime.fromisoformat(str(written))
        except ValueError:
            return None
        return None if found.year <= 1 else found.replace(tzinfo=self._zone)

    # what every document needs

    @property
    def organization(self) -> Row:
        """Our own firm in the base."""
        found: Row = self.kept("organization", self._organization)
        return found

    def _organization(self) -> Row:
        names, wanted = self.names.organization, self.settings.organization
        rows = self.client.rows(names.set, where=every(f"{names.inn} eq {text(wanted.inn)}", ALIVE))
        fitting = [row for row in rows if not wanted.kpp or str(row.get(names.kpp, "")).strip() == wanted.kpp]
        if len(fitting) != 1:
            kpp = f" и КПП {wanted.kpp}" if wanted.kpp else ""
            hint = NO_ORGANIZATION.format(inn=wanted.inn, kpp=kpp, set=names.set)
            if fitting:
                hint = f"В 1С {len(fitting)} организации с ИНН {wanted.inn}: укажите accounting.organization.kpp"
            raise Rejected(f"{len(fitting)} organizations fit", hint=hint)
        return fitting[0]

    @property
    def own_account(self) -> tuple[str, str]:
        """Our bank account that stands on invoices, and its set; an empty ref where there is none."""
        names = self.names.accounts
        if names is None:
            return "", ""
        where = names.own or names.set
        main = reference(self.organization, self.names.organization.main_account)
        if main:
            return main, where
        owner = str(self.organization["Ref_Key"])
        rows = self.kept("own account", lambda: self.owned(where, names.owner, self.names.organization.set, owner))
        return (str(rows[0]["Ref_Key"]) if rows else ""), where

    @property
    def currencies(self) -> dict[str, str]:
        """Refs of currencies by their letters (`RUB`)."""
        found: dict[str, str] = self.kept("currencies", self._currencies)
        return found

    def _currencies(self) -> dict[str, str]:
        rows = self.client.rows(self.names.currencies, select="Ref_Key,Code,Description")
        by_code = {str(row.get("Code", "")).strip(): str(row["Ref_Key"]) for row in rows}
        by_name = {str(row.get("Description", "")).strip().upper(): str(row["Ref_Key"]) for row in rows}
        by_number = {letters: by_code[code] for letters, code in NUMERIC.items() if code in by_code}
        return {**by_name, **by_number}

    def currency(self, letters: str) -> str:
        """The ref of a currency. Raises Rejected where the base has none."""
        if letters not in self.currencies:
            raise Rejected(f"no currency {letters}", hint=NO_CURRENCY.format(code=letters))
        return self.currencies[letters]

    def letters(self, ref: str) -> str:
        """The letters of a currency; the usual one where a document names none."""
        by_ref = {key: one for one, key in self.currencies.items() if one in NUMERIC}
        return by_ref.get(ref, self.settings.currency)

    def picked(self, pick: Pick) -> str:
        """The element that 1C's form would fill in."""

        def read() -> str:
            where = every(ALIVE, self._no_folder(pick.set), f"Description eq {text(pick.name)}" if pick.name else "")
            rows = self.client.rows(pick.set, where=where, select="Ref_Key,Description", top=6)
            if len(rows) == 1:
                return str(rows[0]["Ref_Key"])
            names = ", ".join(f"«{row.get('Description')}»" for row in rows)
            template = MANY_PICKS if rows else NO_PICK
            hint = template.format(set=pick.set, name=pick.name, names=names)
            raise Rejected(f"{len(rows)} of {pick.set} fit", hint=hint)

        found: str = self.kept(("pick", pick.set, pick.name), read)
        return found

    # searches

    def owned(self, name: str, attribute: str, of: str, ref: str, more: str = "", select: str = "") -> list[Row]:
        """The living elements that refer to this object by an attribute, which may be of several types.

        Where a base does not take the documented `cast`, its elements are read and compared here.
        """
        found = self.schema.property(name, attribute)
        if not found:
            return []
        alive = every(ALIVE, more)
        if not self.schema.composite(name, attribute):
            return self.client.rows(name, where=every(f"{found} eq {guid(ref)}", alive), select=select)
        try:
            return self.client.rows(name, where=every(f"{found} eq cast({guid(ref)},{text(of)})", alive), select=select)
        except Rejected:
            pages = self.client.pages(name, where=alive)
            return [row for page in pages for row in page if reference(row, attribute) == ref]

    def ensure(self, name: str, body: Row, what: str) -> Row:
        """The object made under the key that it brings, or what an earlier attempt has made. Raises Rejected."""
        try:
            return self.create(name, body)
        except Rejected as error:
            row = self.client.one(name, str(body["Ref_Key"])) if error.code == EXISTS else None
            if row is None:
                raise
            if row.get("DeletionMark") is True:
                hint = MARKED.format(what=what, name=row.get("Description") or row.get("Number"))
                raise Rejected("it is marked for deletion", hint=hint) from error
            return row

    def by_keys(self, name: str, refs: Sequence[str], select: str = "") -> list[Row]:
        """These objects, twenty in a call; those that are not there are absent."""
        found: list[Row] = []
        for some in query.parts(list(dict.fromkeys(refs))):
            where = query.either(f"Ref_Key eq {guid(ref)}" for ref in some)
            found += self.client.rows(name, where=where, select=select)
        return found

    def living(self, name: str, condition: str, select: str = "", top: int = 0) -> list[Row]:
        """Elements of a catalog that are neither folders nor marked for deletion."""
        return self.client.rows(name, where=every(condition, ALIVE, self._no_folder(name)), select=select, top=top)

    def _no_folder(self, name: str) -> str:
        return "IsFolder eq false" if self.schema.has(name, "IsFolder") else ""
