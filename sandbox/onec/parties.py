"""Who buys and sells in a base: counterparties with their contracts and bank accounts, in any configuration."""

from __future__ import annotations

from typing import Any

from sandbox.onec.base import Base
from sandbox.onec.drafts import BankAccount, CounterpartyDraft
from sandbox.onec.entry import reference
from sandbox.onec.values import Record

CONTRACT = "Основной договор"
OWNERS = ("Owner_Key", "Owner", "Контрагент_Key")
BANKS = ("Catalog_Банки", "Catalog_КлассификаторБанков")
ACCOUNTS = "Catalog_БанковскиеСчета"
"""Of counterparties and of organisations at once, or with their name behind it two catalogs."""

Values = dict[str, Any]


class Parties:
    """Writes them into one base. The caller holds the base's lock."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def write(self, draft: CounterpartyDraft, ref: str = "") -> Record:
        """Create a counterparty, or change the one of that ref."""
        name = self._base.configuration.roles.counterparty
        legal = draft.kind == "legal"
        kinds = {
            "legal": "ЮридическоеЛицо",
            "entrepreneur": "ИндивидуальныйПредприниматель",
            "person": "ФизическоеЛицо",
        }
        values: Values = {
            "Description": draft.name,
            "НаименованиеПолное": draft.full_name or draft.name,
            "ИНН": draft.inn,
            "КПП": draft.kpp,
            "РегистрационныйНомер": draft.ogrn,
            "ЮридическоеФизическоеЛицо": "ЮридическоеЛицо" if legal else "ФизическоеЛицо",
            "ЮрФизЛицо": "ЮрЛицо" if legal else "ИндивидуальныйПредприниматель" if draft.inn else "ФизЛицо",
            "ВидКонтрагента": kinds[draft.kind],
            "Покупатель": True,
            "КонтактнаяИнформация": self._contacts(draft),
        }
        if ref:
            record = self._base.patch(name, ref, values)
            return self._with_account(record, draft.account) if draft.account else record
        if "Партнер_Key" in self._base.about(name).properties:
            values["Партнер_Key"] = self._base.write("Catalog_Партнеры", {"Description": draft.name})["Ref_Key"]
        record = self._base.write(name, values)
        return self._with_account(record, draft.account) if draft.account else record

    def contract(self, counterparty: Record, organization: str, currency: str) -> str:
        """The ref of the contract with a buyer: the one there is, or a new one."""
        name = self._base.configuration.roles.contract
        owner = self._owner(name, counterparty["Ref_Key"])
        found = self._base.find(name, **owner)
        if found:
            return str(found[0]["Ref_Key"])
        values = {
            **owner,
            "Description": CONTRACT,
            "Партнер_Key": counterparty.get("Партнер_Key"),
            "Организация_Key": organization,
            "ВидДоговора": "СПокупателем",
            "ТипДоговора": "СПокупателем",
            "ВалютаВзаиморасчетов_Key": currency,
            "ВалютаРасчетов_Key": currency,
        }
        return str(self._base.write(name, values)["Ref_Key"])

    def account_of(self, organization: str) -> str | None:
        """The seller's bank account, to be printed on the invoice."""
        accounts = self._base.all(self._known(f"{ACCOUNTS}Организаций", ACCOUNTS))
        own = [one["Ref_Key"] for one in accounts if organization in (one.get("Owner"), one.get("Owner_Key"))]
        return own[0] if own else None

    def _with_account(self, counterparty: Record, account: BankAccount) -> Record:
        """The counterparty with this account of its own, made unless it is there."""
        name, banks = self._known(f"{ACCOUNTS}Контрагентов", ACCOUNTS), self._known(*BANKS)
        owner = self._owner(name, counterparty["Ref_Key"])
        if self._base.find(name, НомерСчета=account.number, **owner):
            return counterparty
        found = self._base.find(banks, Code=account.bic)
        told = {"Code": account.bic, "Description": account.bank, "КоррСчет": account.correspondent}
        bank = found[0] if found else self._base.write(banks, told)
        values = {"Description": account.number, "НомерСчета": account.number, "Банк_Key": bank["Ref_Key"]}
        made = self._base.write(name, {**values, **owner})
        key = {"ОсновнойБанковскийСчет_Key": made["Ref_Key"]}
        return self._base.patch(self._base.configuration.roles.counterparty, counterparty["Ref_Key"], key)

    def _owner(self, name: str, counterparty: str) -> dict[str, str]:
        properties = self._base.about(name).properties
        owner = next(one for one in OWNERS if one in properties)
        return reference(properties, owner, self._base.configuration.roles.counterparty, counterparty)

    def _known(self, *names: str) -> str:
        """The first of these sets that the configuration has."""
        return next(name for name in names if name in self._base.configuration.sets)

    def _contacts(self, draft: CounterpartyDraft) -> list[Values]:
        kinds = {
            "АдресЭлектроннойПочты": draft.email,
            "Телефон": draft.phone,
            "Адрес": draft.address,
        }
        rows = []
        for kind, text in kinds.items():
            known = self._base.find("Catalog_ВидыКонтактнойИнформации", Тип=kind)
            if text and known:
                rows.append({"Тип": kind, "Вид_Key": known[0]["Ref_Key"], "Представление": text})
        return rows
