"""Lists of the classic methods: filter, order, select and pages of 50."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

from sandbox.bitrix24 import filters
from sandbox.bitrix24.call import PAGE, Call, Page
from sandbox.bitrix24.errors import Json
from sandbox.bitrix24.filters import Column, Comparer, Test
from sandbox.bitrix24.params import rows, text, whole
from sandbox.bitrix24.store import Store

Show = Callable[[Json, set[str] | None], Json]


def classic_list(call: Call, found: Iterable[Json], columns: dict[str, Column], show: Show) -> Page:
    """A classic list: unknown names in filter and order are dropped without a word, pages are whole."""
    comparer = Comparer(call.zone)
    tests = classic_tests(call.map("filter"), columns, comparer)
    order = classic_order(call.map("order"), columns)
    kept = filters.sort(
        needed(call, (row for row in found if all(test(row) for test in tests)), order), order, comparer
    )
    select = {text(one) for one in rows(call.any("select"))} or None
    page = call.paged(kept, by_page=True)
    return Page([show(row, select) for row in page.result], page.total, page.next)


def candidates(store: Store, table: str, wanted: Json, key: str = "ID") -> Iterable[Json]:
    """The rows that a filter by number may mean, without a look at all the others; else all."""
    for name in (key, f"={key}", f"@{key}"):
        if name in wanted:
            raw = wanted[name]
            numbers = sorted({whole(one) for one in (rows(raw) if isinstance(raw, dict | list) else [raw])})
            return [row for one in numbers if (row := store.get(table, one)) is not None]
    behind = whole(wanted.get(f">{key}"))
    return store.behind(table, behind) if behind else store.table(table).values()


def needed(call: Call, passed: Iterable[Json], order: list[tuple[Column, bool]]) -> list[Json]:
    """As many of the rows as the answer takes: one page where they come in order and nobody counts them."""
    in_order = len(order) == 1 and order[0][0].is_key and not order[0][1]
    return list(itertools.islice(passed, PAGE if in_order and call.start() < 0 else None))


def classic_tests(wanted: Json, columns: dict[str, Column], comparer: Comparer) -> list[Test]:
    """The conditions of a filter, all of which must hold."""
    found = []
    for key, raw in wanted.items():
        operator, name = filters.split(key)
        column = columns.get(name) or columns.get(name.upper())
        if column is not None:
            found.append(comparer.test(operator, column, raw))
    return found


def classic_order(wanted: Json, columns: dict[str, Column]) -> list[tuple[Column, bool]]:
    """The wanted order; by ID, going up, where none is named."""
    found = [(columns[key], text(way).upper() == "DESC") for key, way in wanted.items() if key in columns]
    return found or ([(columns["ID"], False)] if "ID" in columns else [])


def simple_columns(types: dict[str, str]) -> dict[str, Column]:
    """Columns of rows whose keys are the names of the fields."""

    def column(name: str, kind: str) -> Column:
        return Column(kind, lambda row: row.get(name), is_key=name in ("ID", "id"))

    return {name: column(name, kind) for name, kind in types.items()}


def picked(row: Json, select: set[str] | None) -> Json:
    """The wanted members of a shown row, its ID with them."""
    if select is None or "*" in select:
        return row
    return {key: value for key, value in row.items() if key in select or key == "ID"}
