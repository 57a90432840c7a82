"""What a counterparty needs before it can be sold to: a contract, and the bank account that we were told of."""

from __future__ import annotations

from connectors.onec.account import key_of
from connectors.onec.odata.base import Base
from connectors.onec.odata.metadata import reference
from connectors.onec.odata.query import text
from provodka.accounting import BankAccount


class Furnishing:
    """Contracts and bank accounts of counterparties."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def contract(self, counterparty: str, currency: str) -> str:
        """The contract by which we sell to this counterparty: the one there is, else a new one. Empty where the
        configuration does without.

        Of several the first that was made with this currency is taken, else the first.
        """
        names = self._base.names.contract
        if names is None:
            return ""
        found: str = self._base.kept(
            ("contract", counterparty, currency), lambda: self._contract(counterparty, currency)
        )
        return found

    def account(self, counterparty: str, account: BankAccount) -> None:
        """Its bank account, with the bank; what is there already stays."""
        self._base.kept(("account", counterparty, account.number), lambda: self._account(counterparty, account))

    def _account(self, counterparty: str, account: BankAccount) -> bool:
        base, names = self._base, self._base.names.accounts
        if names is None or not base.schema.has(names.set):
            return True
        party = base.names.counterparty
        number = f"{names.number} eq {text(account.number)}"
        if base.owned(names.set, names.owner, party.set, counterparty, number):
            return True
        body: dict[str, object] = {
            "Ref_Key": key_of(f"account:{counterparty}:{account.number}"),
            "Description": f"{account.number}{f' в {account.bank}' if account.bank else ''}",
        }
        body |= base.schema.set_to(names.set, names.owner, counterparty, of=party.set)
        body |= base.schema.set_to(names.set, names.number, account.number)
        body |= base.schema.set_to(names.set, names.bank, self._bank(account), of=names.banks)
        body |= base.schema.set_to(
            names.set, names.currency, base.currency(base.settings.currency), of=base.names.currencies
        )
        ref = str(base.ensure(names.set, body, "Банковский счёт")["Ref_Key"])
        if main := base.schema.property(party.set, party.main_account):
            base.client.change(party.set, counterparty, {main: ref})
        return True

    def _contract(self, counterparty: str, currency: str) -> str:
        base, names = self._base, self._base.names.contract
        assert names is not None  # noqa: S101 -- asked for only where the profile has one
        party, organization = base.names.counterparty, str(base.organization["Ref_Key"])
        fitting = [
            row
            for row in base.owned(names.set, names.owner, party.set, counterparty)
            if reference(row, names.organization) in ("", organization)
            and str(row.get(names.kind.removesuffix("?")) or names.kind_value) == names.kind_value
        ]
        ours = base.currency(currency)
        best = [row for row in fitting if reference(row, names.currency) in ("", ours)]
        if best:
            return str(min(best, key=lambda row: str(row.get("Code") or ""))["Ref_Key"])
        body: dict[str, object] = {
            "Ref_Key": key_of(f"contract:{counterparty}:{organization}:{currency}"),
            "Description": names.name,
        }
        body |= base.schema.set_to(names.set, names.owner, counterparty, of=party.set)
        body |= base.schema.set_to(names.set, names.organization, organization, of=base.names.organization.set)
        body |= base.schema.set_to(names.set, names.kind, names.kind_value)
        body |= base.schema.set_to(names.set, names.currency, ours, of=base.names.currencies)
        for attribute, value in names.fixed.items():
            body |= base.schema.set_to(names.set, attribute, value)
        return str(base.ensure(names.set, body, "Договор")["Ref_Key"])

    def _bank(self, account: BankAccount) -> str:
        """By its БИК; one that the classifier of the base has not yet is made."""
        base, names = self._base, self._base.names.accounts
        assert names is not None  # noqa: S101 -- asked for only where the profile has one
        rows = base.living(names.banks, f"Code eq {text(account.bic)}", top=1)
        if rows:
            return str(rows[0]["Ref_Key"])
        body: dict[str, object] = {
            "Ref_Key": key_of(f"bank:{account.bic}"),
            "Code": account.bic,
            "Description": account.bank or f"БИК {account.bic}",
        }
        if account.correspondent:
            body |= base.schema.set_to(names.banks, names.correspondent, account.correspondent)
        return str(base.ensure(names.banks, body, "Банк")["Ref_Key"])
