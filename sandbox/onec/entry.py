"""How one document fills another («ввод на основании»): the common header, rows of goods, rows of a payment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.onec.configuration import DocumentRole, LineRole
from sandbox.onec.errors import BadActError
from sandbox.onec.papers import Line, Paper
from sandbox.onec.schema import NAMESPACE, Properties
from sandbox.onec.values import money

if TYPE_CHECKING:
    from sandbox.onec.base import Base

NEVER_COPIED = frozenset(
    ("Ref_Key", "DataVersion", "DeletionMark", "Number", "Date", "Posted", "Комментарий", "LineNumber")
)


def reference(properties: Properties, name: str, kind: str, ref: str) -> dict[str, str]:
    """What to write so that a property points to an object of the set `kind`; with its type where that varies."""
    return {name: ref, f"{name}_Type": f"{NAMESPACE}.{kind}"} if properties[name].composite else {name: ref}


def based_on(base: Base, role: DocumentRole, source: Paper) -> dict[str, Any]:
    """The header of a document made from another: whatever both have, the buyer, and the link back."""
    properties = base.about(role.set).properties
    known = base.configuration.documents[source.set]
    skipped = NEVER_COPIED | {known.sum, known.counterparty, f"{known.counterparty}_Type"}
    skipped |= {known.base, f"{known.base}_Type", known.purpose, "ВидОперации", "ХозяйственнаяОперация", "Статус"}
    values = {name: value for name, value in source.record.items() if name in properties and name not in skipped}
    counterparty = base.configuration.roles.counterparty
    values |= reference(properties, role.counterparty, counterparty, source.counterparty.ref)
    if role.base:
        values |= reference(properties, role.base, source.set, source.ref)
    return values


def rows_from(base: Base, role: DocumentRole, source: Paper, lines: Iterable[Line]) -> dict[str, Any]:
    """The rows of goods, services apart where the document keeps them apart."""
    line_role = _line_role(role)
    sections: dict[str, list[dict[str, Any]]] = {section: [] for section in role.lines}
    for line in lines:
        product = base.get(base.configuration.roles.product, line.product)
        service = base.configuration.roles.service
        apart = len(role.lines) > 1 and product is not None and bool(service) and product[service]
        section = role.lines[1 if apart else 0]
        properties = base.about(role.set).rows[section]
        row = {name: value for name, value in line.row.items() if name in properties and name not in NEVER_COPIED}
        row |= _amounts(line_role, line)
        row |= reference(properties, line_role.product, base.configuration.roles.product, line.product)
        row[line_role.vat_rate] = line.row[_line_role(base.configuration.documents[source.set]).vat_rate]
        if line_role.text:
            row[line_role.text] = line.name
        if line_role.base:
            row |= reference(properties, line_role.base, source.set, source.ref)
        sections[section].append(row)
    return dict(sections)


def goods_left(source: Paper, shipped: Sequence[Paper], wanted: Mapping[int, Decimal] | None) -> list[Line]:
    """The lines that were not shipped yet, or the wanted quantities of them; sums add up to the source's exactly."""
    gone: dict[str, list[Decimal]] = {}
    for line in (line for paper in shipped for line in paper.lines):
        pool = gone.setdefault(line.product, [Decimal(0)] * 3)
        gone[line.product] = [pool[0] + line.quantity, pool[1] + line.sum, pool[2] + line.vat]
    left: list[Line] = []
    for line in source.lines:
        rest = _without(line, gone)
        quantity = rest.quantity if wanted is None else wanted.get(line.number, Decimal(0))
        if quantity > rest.quantity or quantity < 0:
            raise BadActError(f"По строке {line.number} осталось {rest.quantity}, отгрузить {quantity} нельзя")
        if quantity:
            left.append(rest if quantity == rest.quantity else _share(line, quantity))
    if not left:
        raise BadActError(f"По документу {source.number} отгружать нечего")
    return left


def edited_rows(base: Base, paper: Paper, changes: Mapping[int, Mapping[str, Decimal] | None]) -> dict[str, Any]:
    """The sections of rows and the document's sum after an edit."""
    if unknown := set(changes) - {line.number for line in paper.lines}:
        raise BadActError(f"В документе {paper.number} нет строки {min(unknown)}")
    role = base.configuration.documents[paper.set]
    line_role = _line_role(role)
    number, total, values = 0, Decimal(0), {}
    for section in role.lines:
        rows: list[dict[str, Any]] = []
        for row in paper.record[section]:
            line = paper.lines[number]
            number += 1
            change = changes.get(line.number, {})
            if change is None:
                continue
            edited = _repriced(line, change) if change else line
            rows.append({**row, **_amounts(line_role, edited)})
            total += edited.total
        values[section] = rows
    return {**values, role.sum: total}


def parts_of(
    base: Base, role: DocumentRole, amounts: Sequence[tuple[Paper, Decimal]], *, linked: bool
) -> list[dict[str, Any]]:
    """The rows of a payment, one for each invoice."""
    part = role.part
    if part is None:
        raise BadActError(f"{role.set} не умеет платить по счетам")
    properties = base.about(role.set).rows[role.parts]
    rows: list[dict[str, Any]] = []
    for invoice, amount in amounts:
        row = {name: value for name, value in invoice.record.items() if name in properties and name not in NEVER_COPIED}
        row |= {**part.fill, part.sum: amount}
        goods = base.papers.goods(invoice)
        if part.settled:
            row[part.settled] = amount
        if part.vat and goods.lines:
            row[part.vat] = money(amount * goods.vat / invoice.sum) if invoice.sum else Decimal(0)
            row[part.vat_rate] = goods.lines[0].row[_line_role(base.configuration.documents[goods.set]).vat_rate]
        if linked:
            row |= reference(properties, part.base, invoice.set, invoice.ref)
            if part.order and goods.kind == "order":
                row |= reference(properties, part.order, goods.set, goods.ref)
                row |= _settlement(base, properties, goods)
        rows.append(row)
    return rows


def _settlement(base: Base, properties: Properties, order: Paper) -> dict[str, Any]:
    """The settlement object that ERP puts between a payment and its order, made with the first payment."""
    catalog = base.configuration.roles.settlement
    holder = next((name for name, known in properties.items() if catalog and catalog in known.refers), "")
    if not holder:
        return {}
    known = base.find(catalog, Объект=order.ref)
    if not known:
        named = {"Description": f"Заказ клиента {order.number}", "Контрагент_Key": order.counterparty.ref}
        named |= reference(base.about(catalog).properties, "Объект", order.set, order.ref)
        known = [base.write(catalog, named)]
    return {holder: known[0]["Ref_Key"]}


def purpose_of(kind: str, amounts: Sequence[tuple[Paper, Decimal]]) -> str:
    """What the payer's bank wrote."""
    named = ", ".join(f"№ {invoice.printed} от {invoice.date:%d.%m.%Y}" for invoice, _ in amounts)
    word = "Возврат" if kind == "refund" else "Оплата"
    return f"{word} по счету {named}" if len(amounts) == 1 else f"{word} по счетам {named}"


def _line_role(role: DocumentRole) -> LineRole:
    if role.line is None:
        raise BadActError(f"У документа {role.set} нет строк с товарами")
    return role.line


def _amounts(role: LineRole, line: Line) -> dict[str, Any]:
    values = {role.quantity: line.quantity, role.price: line.price, role.sum: line.sum, role.vat: line.vat}
    if role.total:
        values[role.total] = line.total
    return values


def _without(line: Line, gone: dict[str, list[Decimal]]) -> Line:
    pool = gone.get(line.product)
    if pool is None:
        return line
    taken = min(pool[0], line.quantity)
    part = [taken, *(pool[1:] if taken == pool[0] else (money(one * taken / pool[0]) for one in pool[1:]))]
    gone[line.product] = [have - took for have, took in zip(pool, part, strict=True)]
    if not gone[line.product][0]:
        del gone[line.product]
    return replace(line, quantity=line.quantity - taken, sum=line.sum - part[1], vat=line.vat - part[2])


def _share(line: Line, quantity: Decimal) -> Line:
    ratio = quantity / line.quantity
    return replace(line, quantity=quantity, sum=money(line.sum * ratio), vat=money(line.vat * ratio))


def _repriced(line: Line, change: Mapping[str, Decimal]) -> Line:
    quantity, price = change.get("quantity", line.quantity), change.get("price", line.price)
    total, rate = money(quantity * price), Decimal(line.vat_rate or 0)
    vat = money(total * rate / (100 if line.on_top else 100 + rate))
    return replace(line, quantity=quantity, price=price, sum=total, vat=vat)
