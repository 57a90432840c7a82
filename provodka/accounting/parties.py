"""Who buys: a counterparty (Контрагент) as accounting knows it, and as it is to be made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PartyKind(StrEnum):
    """`legal` is a firm (ИНН of 10 digits), `sole` an ИП (12 digits, no КПП), `person` a private person."""

    LEGAL = "legal"
    SOLE = "sole"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class BankAccount:
    """A settlement account; all digits are texts. `number` has 20 digits, `bic` 9."""

    number: str
    bic: str
    bank: str = ""
    correspondent: str = ""


@dataclass(frozen=True, slots=True)
class NewCounterparty:
    """Whose counterparty must be there. It is recognised by ИНН and КПП (an ИП by ИНН alone), a private person, or a
    foreigner, by `mark` (`amocrm:company:47`) and then by the whole name.

    `name` is how people call it, `full_name` stands on documents.
    """

    mark: str
    kind: PartyKind
    name: str
    full_name: str = ""
    inn: str = ""
    kpp: str = ""
    ogrn: str = ""
    address: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    account: BankAccount | None = None


@dataclass(frozen=True, slots=True)
class Counterparty:
    """One that accounting has; `ref` is its id there. Folders and those marked for deletion are none."""

    ref: str
    name: str
    full_name: str = ""
    inn: str = ""
    kpp: str = ""
