"""What a base lacks for our work: what is not published or called otherwise, in words for its administrator."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from connectors.onec.odata.base import Base
from connectors.onec.odata.client import Client
from connectors.onec.odata.contacts import contact_kind
from connectors.onec.odata.metadata import Schema, read_edmx
from connectors.onec.odata.naming import Choice
from connectors.onec.odata.needs import Need, Place, needs
from connectors.onec.odata.profile import Profile
from connectors.onec.odata.profiles import NAMES, read_profile
from connectors.onec.odata.rates import Rates
from provodka.accounting import DocumentKind
from provodka.errors import Rejected
from provodka.readiness import Remark, Weight
from provodka.settings import did_you_mean
from provodka.wording import nearest
from provodka.yaml_marks import written

EMPTY: Final = (
    "OData опубликован, но состав пуст. Администратору 1С: «Настройка стандартного интерфейса OData» → «Состав»: "
    "отметьте объекты из этого списка и нажмите «Сохранить»."
)
PUBLISH: Final = "администратору 1С отметить его в «Настройка стандартного интерфейса OData» → «Состав»."
_PREFIXES: Final = {
    "Catalog": "Справочник",
    "Document": "Документ",
    "InformationRegister": "Регистр сведений",
    "ChartOfCharacteristicTypes": "План видов характеристик",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One name that will not do. `place` is where the profile writes it; `light`: the work goes on without it."""

    name: str
    text: str
    cure: str
    place: Place = ()
    light: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """What a look at the metadata has found of a profile. `fits` is the share of each one's names that are there,
    `best` the one that fits best; of equal ones the one with more names."""

    profile: str
    fits: dict[str, float]
    best: str
    troubles: tuple[Trouble, ...]
    sets: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing that the work needs."""
        return all(one.light for one in self.troubles)


def look(client: Client, name: str = "", names: Profile | None = None) -> Findings:
    """Reads service document and metadata anew, half a minute of a large base. Raises ConnectorError.

    Looks for the names of this profile, without one for those of the profile that fits best.
    """
    published = client.service()
    profiles = {one: read_profile(one) for one in NAMES} | ({name: names} if names else {})
    if not published:
        wanted = sorted({need.set for need in needs(profiles[name or NAMES[0]]) if not need.optional})
        trouble = Trouble("", "the composition is empty", f"{EMPTY} {', '.join(wanted)}")
        return Findings(name, dict.fromkeys(profiles, 0.0), name, (trouble,), 0)
    body = client.metadata()
    union = {name for profile in profiles.values() for name in profile.sets()}
    enums = {name for profile in profiles.values() for name in profile.enums()}
    whole = read_edmx(body, union, enums)
    fits = {one: _share(whole, profile) for one, profile in profiles.items()}
    best = max(fits, key=lambda one: (fits[one], sum(1 for _ in needs(profiles[one]))))
    name = name or best
    troubles = [*_missing(whole, profiles[name], published), *_values(whole, profiles[name])]
    return Findings(name, fits, best, tuple(dict.fromkeys(troubles)), len(published))


def remarks(base: Base) -> list[Remark]:
    """What stands between this base and our work: its names, then what has to be in it. Raises ConnectorError."""
    found = look(base.client, base.settings.profile, base.names)
    told = [
        Remark(("profile",), one.text, one.cure, Weight.NOTE if one.light else Weight.ACCOUNT) for one in found.troubles
    ]
    if found.fits[found.best] > found.fits[found.profile]:
        text = f"the profile {found.best} fits this base better than {found.profile}"
        told.append(Remark(("profile",), text, f"Поставьте accounting.profile: {found.best}", Weight.WARNING))
    if not found.is_whole:
        return told
    base.refresh()
    return [*told, *contents(base)]


def contents(base: Base) -> Iterator[Remark]:
    """Whether what every document needs is in the base. Raises ConnectorError."""
    names = base.names
    rates = Rates(base)
    looks: list[tuple[str, Callable[[], object]]] = [
        ("organization", lambda: base.organization),
        ("currency", lambda: base.currency(base.settings.currency)),
        ("vat", lambda: rates.written(base.settings.vat)),
    ]
    for kind in (DocumentKind.INVOICE, DocumentKind.ORDER):
        for paper in names.papers(kind):
            picks = [pick for name, pick in paper.picks.items() if base.schema.has(paper.set, name)]
            looks += [("overrides", partial(base.picked, pick)) for pick in picks]
    for where, work in looks:
        try:
            work()
        except Rejected as error:
            yield Remark((where,), error.reason, error.hint)
    if names.paper(DocumentKind.INVOICE).account and not base.own_account[0]:
        cure = "Администратору 1С: укажите у организации основной банковский счёт, иначе в счёте не будет реквизитов."
        yield Remark(("organization",), "our firm has no bank account in 1C", cure, Weight.WARNING)
    if contacts := names.counterparty.contacts:
        for kind_ in (contacts.phone, contacts.email, contacts.address):
            if not contact_kind(base, contacts, kind_):
                cure = f"Вида контактной информации «{kind_.names[0]}» нет: {kind_.type} контрагента не будет записан."
                yield Remark(("overrides",), f"no kind of contact data {kind_.names[0]}", cure, Weight.WARNING)


def _share(schema: Schema, names: Profile) -> float:
    spare = {paper.set for paper in names.documents.values() if paper.optional and not schema.has(paper.set)}
    every = [
        need
        for need in needs(names)
        if not need.optional and not need.attribute.endswith("?") and need.set not in spare
    ]
    there = sum(schema.has(need.set, need.attribute, need.rows) for need in every)
    return there / len(every)


def _missing(schema: Schema, names: Profile, published: Sequence[str]) -> Iterator[Trouble]:
    """Each name that is missing once, wherever the profile uses it."""
    found: dict[_Missing, list[Need]] = {}
    for need in needs(names):
        if (lacking := _lacking(schema, need)) is not None:
            found.setdefault(lacking, []).append(need)
    used = {(need.set, need.rows, need.attribute.removesuffix("?")) for need in needs(names)}
    for (name, rows, attribute), some in found.items():
        named = [need for need in some if (need.rows, need.attribute) == (rows, attribute)] or some
        places, light = [need.place for need in named], all(need.optional for need in named)
        if attribute:
            yield _no_attribute(schema, named[0], used, places, light=light)
        elif rows:
            text = f"no tabular section {rows} in {name}"
            cure = f"В {name} нет табличной части «{rows}». {_instead(places, rows, schema.sets[name].rows)}"
            yield Trouble(f"{name}.{rows}", text, cure, places[0], light)
        else:
            yield _no_set(name, [one for one in published if (one, "", "") not in used], places, light=light)


_Missing = tuple[str, str, str]
"""A set, or its tabular section, or an attribute."""


def _lacking(schema: Schema, need: Need) -> _Missing | None:
    if not schema.has(need.set):
        return need.set, "", ""
    if need.rows and not schema.has(need.set, rows=need.rows):
        return need.set, need.rows, ""
    optional = need.attribute.endswith("?")
    return (
        None if optional or schema.has(need.set, need.attribute, need.rows) else (need.set, need.rows, need.attribute)
    )


def _no_set(name: str, free: Sequence[str], places: Sequence[Place], *, light: bool) -> Trouble:
    prefix, _, bare = name.partition("_")
    cure = f"{_PREFIXES.get(prefix, prefix)} «{bare}»: {PUBLISH}"
    if near := _near(bare, [one.partition("_")[2] for one in free if one.startswith(f"{prefix}_")]):
        near = f"{prefix}_{near}"
        cure = f"{cure} Похоже называется опубликованный {near}: если это он, впишите {_override(places, near)}"
    return Trouble(name, f"not published: {name}", cure, places[0], light)


def _no_attribute(
    schema: Schema, need: Need, used: Collection[_Missing], places: Sequence[Place], *, light: bool
) -> Trouble:
    found = schema.sets[need.set]
    properties = found.rows[need.rows] if need.rows else found.properties
    every = dict.fromkeys(one.removesuffix("_Key").removesuffix("_Type") for one in properties)
    known = [one for one in every if (need.set, need.rows, one) not in used]
    where = f"{need.set}.{need.rows}" if need.rows else need.set
    cure = f"В {where} нет реквизита «{need.attribute}». {_instead(places, need.attribute, known)}"
    return Trouble(f"{where}.{need.attribute}", f"no attribute {need.attribute} in {where}", cure, places[0], light)


def _values(schema: Schema, names: Profile) -> Iterator[Trouble]:
    """Values of enumerations that are in the metadata."""
    partner = names.counterparty.partner
    choices: list[tuple[Place, Choice]] = [(("counterparty", "kind"), names.counterparty.kind)]
    if partner and partner.kind:
        choices.append((("counterparty", "partner", "kind"), partner.kind))
    named = [(place, one.enum, [(key.value, text) for key, text in one.values.items()]) for place, one in choices]
    named.append((("vat",), names.vat.enum, [(key.value, text) for key, text in names.vat.values.items()]))
    for place, enum, values in named:
        known = schema.enums.get(enum, ())
        for key, value in values:
            if known and value not in known:
                cure = f"В перечислении {enum} нет значения «{value}». "
                cure += _instead([(*place, "values", key)], value, known)
                yield Trouble(f"{enum}.{value}", f"no value {value} in {enum}", cure, (*place, "values", key))


def _instead(places: Sequence[Place], name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = _near(name.removesuffix("?"), names)
    if near:
        return f"Ближайшее имя: {near}. Если это оно, впишите {_override(places, near)}"
    hint = did_you_mean(name, names, "есть")
    return f"Впишите верное имя в accounting.overrides ({', '.join(map(written, places))}); {hint}"


def _near(name: str, known: Sequence[str]) -> str | None:
    """The nearest name; people lengthen names more often than they misspell them."""
    longer = sorted((one for one in known if name in one or one in name), key=len)
    return nearest(name, known) or next(iter(longer), None)


def _override(places: Sequence[Place], name: str) -> str:
    """What to write where; a list is replaced as a whole, so all of it is to be written."""
    return f"accounting.overrides: {'; '.join(f'{written(place)}: {name}' for place in places)}"
