"""Writes what the services are asked for: counterparties, products, invoices, in any configuration.

Names of all configurations are written at once where they mean the same: a base ignores those it does not have.
"""

from __future__ import annotations

from typing import Any

from sandbox.onec.base import Base
from sandbox.onec.checks import check_invoice, vat_percent
from sandbox.onec.configuration import DocumentRole, Kind
from sandbox.onec.drafts import DISCOUNTS, InvoiceDraft, LineDraft, Refused
from sandbox.onec.entry import reference
from sandbox.onec.papers import Paper
from sandbox.onec.parties import Parties
from sandbox.onec.values import Record

UNAGREED = "НеСогласован"
"""What an order is until somebody puts it to work."""

Values = dict[str, Any]


class Clerk:
    """Makes objects in one base out of drafts. The caller holds the base's lock and has checked the counterparty."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self.parties = Parties(base)

    def invoice(self, draft: InvoiceDraft, counterparty: Record) -> Paper:
        """The invoice, posted if the draft says so; where it has no rows of its own, first the order it stands on."""
        total = check_invoice(draft)
        header = self._header(draft, counterparty)
        role = self._role("invoice")
        if role.lines_of_base:
            order_role = self._role("order")
            waiting = {**header, **self._rows(order_role, draft), order_role.sum: total, "Статус": UNAGREED}
            order = self._written(order_role, waiting, draft)
            header |= reference(self._base.about(role.set).properties, role.base, order_role.set, order.ref)
            return self._written(role, {**header, role.sum: total}, draft)
        return self._written(role, {**header, **self._rows(role, draft), role.sum: total}, draft)

    def rewrite(self, paper: Paper, draft: InvoiceDraft) -> Paper:
        """Give a document and what was made from it the draft's rows and sum; posted ones are posted anew."""
        total = check_invoice(draft)
        goods = self._base.papers.goods(paper)
        others = self._base.papers.children(goods.ref, "invoice", "order")
        together = {each.ref: each for each in (goods, paper, *others)}.values()
        written = [(one, self._base.configuration.documents[one.set]) for one in together]
        changes = [(one, {**self._rows(role, draft), role.sum: total}) for one, role in written if role.lines]
        changes += [(one, {role.sum: total}) for one, role in written if not role.lines]
        for one, values in changes:
            if one.posted:
                self._base.unpost(one.set, one.ref)
            self._base.patch(one.set, one.ref, values)
            if one.posted:
                self._base.post(one.set, one.ref)
        return self._base.papers.of(paper.ref)

    def _header(self, draft: InvoiceDraft, counterparty: Record) -> Values:
        organization = self._organization(draft.organization_inn)
        currency = self._currency(draft.currency)
        contract = self.parties.contract(counterparty, organization["Ref_Key"], currency)
        account = self.parties.account_of(organization["Ref_Key"])
        warehouses = self._base.find(self._base.configuration.roles.warehouse)
        return {
            "Date": draft.date,
            "Организация_Key": organization["Ref_Key"],
            "СтруктурнаяЕдиница_Key": account,
            "БанковскийСчет_Key": account,
            "Партнер_Key": counterparty.get("Партнер_Key"),
            "Контрагент_Key": counterparty["Ref_Key"],
            "ДоговорКонтрагента_Key": contract,
            "Договор_Key": contract,
            "ВалютаДокумента_Key": currency,
            "Валюта_Key": currency,
            "Склад_Key": warehouses[0]["Ref_Key"] if warehouses else None,
            "Комментарий": draft.comment,
        }

    def _written(self, role: DocumentRole, values: Values, draft: InvoiceDraft) -> Paper:
        properties = self._base.about(role.set).properties
        named = {name: value for name, value in values.items() if value is not None}
        named |= reference(
            properties, role.counterparty, self._base.configuration.roles.counterparty, values["Контрагент_Key"]
        )
        if role.includes_vat:
            named[role.includes_vat] = draft.price_includes_vat
        record = self._base.write(role.set, {**role.fill, **named})
        if draft.post:
            self._base.post(role.set, record["Ref_Key"])
        return self._base.papers.of(record["Ref_Key"])

    def _rows(self, role: DocumentRole, draft: InvoiceDraft) -> Values:
        line_role = role.line
        if line_role is None:
            raise Refused("not_supported", f"В документе {role.set} нет строк", "lines")
        section = role.lines[0]
        properties = self._base.about(role.set).rows[section]
        catalog = self._base.configuration.roles.product
        rows = []
        for number, line in enumerate(draft.lines, 1):
            product = self._product(line, number - 1, create=bool(draft.create_products))
            row: Values = {
                **reference(properties, line_role.product, catalog, product["Ref_Key"]),
                line_role.quantity: line.quantity,
                line_role.price: line.price,
                line_role.sum: line.sum,
                line_role.vat_rate: self._vat(line, number - 1),
                line_role.vat: line.vat_sum,
                "ЕдиницаИзмерения": product.get("ЕдиницаИзмерения", ""),
                "ЕдиницаИзмерения_Type": product.get("ЕдиницаИзмерения_Type", ""),
                **dict.fromkeys(DISCOUNTS, line.discount),
                "КодСтроки": number,
                "КоличествоУпаковок": line.quantity,
            }
            if line_role.total:
                row[line_role.total] = line.sum + (0 if draft.price_includes_vat else line.vat_sum)
            if line_role.text:
                row[line_role.text] = line.name
            rows.append(row)
        return {section: rows, "МаксимальныйКодСтроки": len(rows)}

    def _product(self, line: LineDraft, place: int, *, create: bool) -> Record:
        name = self._base.configuration.roles.product
        known = self._base.get(name, line.ref) if line.ref else None
        if known and not known["DeletionMark"]:
            return known
        found = self._base.find(name, Артикул=line.sku) if line.sku else []
        found = found or self._base.find(name, Description=line.name)
        if found:
            return found[0]
        if not create:
            text = f"Номенклатура не найдена: {line.name}" + (f" (артикул {line.sku})" if line.sku else "")
            raise Refused("product_not_found", text, f"lines.{place}.{'sku' if line.sku else 'name'}")
        return self._new_product(name, line)

    def _new_product(self, name: str, line: LineDraft) -> Record:
        properties = self._base.about(name).properties
        roles = self._base.configuration.roles
        values: Values = {"Description": line.name, "НаименованиеПолное": line.name, "Артикул": line.sku}
        units = self._base.find(roles.unit, Code=line.okei) or self._base.find(roles.unit, Description=line.unit)
        for unit_name in ("ЕдиницаИзмерения", "ЕдиницаИзмерения_Key"):
            if units and unit_name in properties:
                values |= reference(properties, unit_name, roles.unit, units[0]["Ref_Key"])
        if roles.service:
            values[roles.service] = line.service
        return self._base.write(name, values)

    def _vat(self, line: LineDraft, place: int) -> str:
        percent = vat_percent(line.vat_rate)
        catalog = self._base.configuration.roles.vat_rate
        if catalog:
            for rate in self._base.find(catalog):
                if rate["БезНДС"] == (percent is None) and (percent is None or rate["Ставка"] == percent):
                    return str(rate["Ref_Key"])
        else:
            word = "БезНДС" if percent is None else f"НДС{percent}"
            if word in self._base.configuration.enums["СтавкиНДС"]:
                return word
        raise Refused("validation", f"Ставки НДС {line.vat_rate} в базе нет", f"lines.{place}.vat_rate")

    def _organization(self, inn: str) -> Record:
        found = self._base.find(self._base.configuration.roles.organization, ИНН=inn)
        if not found:
            raise Refused("validation", f"Организация с ИНН {inn} не найдена", "organization.inn")
        return found[0]

    def _currency(self, word: str) -> str:
        catalog = self._base.configuration.roles.currency
        found = self._base.find(catalog, Description=word) or self._base.find(catalog, Code=word)
        if not found:
            raise Refused("validation", f"Валюты {word} в базе нет", "currency")
        return str(found[0]["Ref_Key"])

    def _role(self, kind: Kind) -> DocumentRole:
        role = self._base.configuration.role(kind)
        if role is None:
            raise Refused("not_supported", f"В конфигурации «{self._base.configuration.title}» нет такого документа")
        return role
