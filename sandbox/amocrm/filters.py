"""`filter[...]` and `order[...]` of lists. Unknown filter names are ignored without a word, as the vendor does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, TypeVar

from sandbox.amocrm.brackets import values
from sandbox.amocrm.model import Json

Row = TypeVar("Row")
Test = Callable[[Any], bool]
Maker = Callable[[Any], Test | None]


def one_of(attribute: str) -> Maker:
    """`filter[x]=1` or `filter[x][]=1&filter[x][]=2`, compared as text."""
    get = attrgetter(attribute)

    def make(raw: object) -> Test | None:
        wanted = set(values(raw))
        return lambda row: str(get(row)) in wanted

    return make


def spaced(attribute: str) -> Maker:
    """`filter[x][from]=…&filter[x][to]=…`, both ends included, or an exact value."""
    get = attrgetter(attribute)

    def make(raw: object) -> Test | None:
        if not isinstance(raw, dict):
            return one_of(attribute)(raw)
        low, high = _number(raw.get("from")), _number(raw.get("to"))
        if low is None and high is None:
            return one_of(attribute)(raw)
        return lambda row: _between(get(row), low, high)

    return make


def flag(attribute: str) -> Maker:
    """`filter[is_completed]=0|1`."""
    get = attrgetter(attribute)
    return lambda raw: lambda row: bool(get(row)) == (str(raw) in ("1", "true"))


def in_statuses(raw: object) -> Test | None:
    """`filter[statuses][0][pipeline_id]=…&filter[statuses][0][status_id]=…`."""
    rows = raw.values() if isinstance(raw, dict) else ()
    wanted = {(str(one.get("pipeline_id")), str(one.get("status_id"))) for one in rows if isinstance(one, dict)}
    return lambda lead: (str(lead.pipeline_id), str(lead.status_id)) in wanted


def by_custom_fields(raw: object) -> Test | None:
    """`filter[custom_fields_values][{field_id}][]=v` or `[from]`/`[to]`; field codes do not work."""
    if not isinstance(raw, dict):
        return None
    tests = [_field_test(int(key), wanted) for key, wanted in raw.items() if key.isdigit()]
    return (lambda card: all(test(card) for test in tests)) if tests else None


def spaced_by(get: Callable[[Any], float | None]) -> Maker:
    """As `spaced`, for what is worked out from a row."""

    def make(raw: object) -> Test | None:
        if isinstance(raw, dict) and ("from" in raw or "to" in raw):
            low, high = _number(raw.get("from")), _number(raw.get("to"))
            return lambda row: _between(get(row), low, high)
        wanted = set(values(raw))
        return lambda row: str(get(row)) in wanted

    return make


def named(table: Mapping[int, Row], filters: Json) -> Iterable[Row]:
    """The rows that `filter[id]` may mean, in the order of the table, without a look at all the others; else all."""
    wanted = filters.get("id")
    if wanted is None:
        return table.values()
    ids = sorted(int(one) for one in set(values(wanted)) if one.isdecimal())
    return [table[one] for one in ids if one in table]


def apply(rows: Iterable[Row], filters: Json, makers: dict[str, Maker]) -> list[Row]:
    """The rows that pass every known filter."""
    tests = [test for name, raw in filters.items() if name in makers and (test := makers[name](raw)) is not None]
    if len(tests) == 1:
        return [row for row in rows if tests[0](row)]
    return [row for row in rows if all(test(row) for test in tests)]


def order(rows: list[Row], params: Json, keys: tuple[str, ...]) -> list[Row]:
    """Sorted as `order[key]=asc|desc` says; by id where it says nothing known."""
    wanted = params.get("order")
    for key, way in wanted.items() if isinstance(wanted, dict) else ():
        if key in keys:
            rows.sort(key=attrgetter(key, "id"), reverse=way == "desc")
            break
    return rows


def _field_test(field_id: int, wanted: object) -> Test:
    if isinstance(wanted, dict) and ("from" in wanted or "to" in wanted):
        low, high = _number(wanted.get("from")), _number(wanted.get("to"))
        return lambda card: any(_between(_number(one.get("value")), low, high) for one in card.fields.get(field_id, ()))
    texts = set(values(wanted))
    return lambda card: any(
        str(one.get("value")) in texts or str(one.get("enum_id")) in texts for one in card.fields.get(field_id, ())
    )


def _between(value: float | None, low: float | None, high: float | None) -> bool:
    return value is not None and (low is None or value >= low) and (high is None or value <= high)


def _number(raw: object) -> float | None:
    try:
        return float(str(raw))
    except ValueError:
        return None


CARDS: dict[str, Maker] = {
    "id": one_of("id"),
    "name": one_of("name"),
    "created_by": one_of("created_by"),
    "updated_by": one_of("updated_by"),
    "responsible_user_id": one_of("responsible_user_id"),
    "created_at": spaced("created_at"),
    "updated_at": spaced("updated_at"),
    "custom_fields_values": by_custom_fields,
}
CUSTOMERS: dict[str, Maker] = {
    **CARDS,
    "next_price": spaced("next_price"),
    "next_date": spaced("next_date"),
    "status_id": one_of("status_id"),
}
LEADS: dict[str, Maker] = {
    **CARDS,
    "price": spaced("price"),
    "statuses": in_statuses,
    "pipeline_id": one_of("pipeline_id"),
    "closed_at": spaced("closed_at"),
}
TASKS: dict[str, Maker] = {
    "id": one_of("id"),
    "responsible_user_id": one_of("responsible_user_id"),
    "created_by": one_of("created_by"),
    "created_at": spaced("created_at"),
    "is_completed": flag("is_completed"),
    "task_type": one_of("task_type_id"),
    "task_type_id": one_of("task_type_id"),
    "entity_type": one_of("entity_type"),
    "entity_id": one_of("entity_id"),
    "updated_at": spaced("updated_at"),
}
NOTES: dict[str, Maker] = {
    "id": one_of("id"),
    "entity_id": one_of("entity_id"),
    "note_type": one_of("note_type"),
    "updated_at": spaced("updated_at"),
}
