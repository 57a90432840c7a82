"""Who buys: the counterparty of a lead, out of its company or contact and what the rule says besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from provodka import taxpayer
from provodka.accounting import BankAccount, NewCounterparty, PartyKind
from provodka.crm import PLACE_FOR, Company, Contact, Need
from provodka.errors import Rejected, Retryable
from provodka.operation import Outcome, Request
from provodka.settings import Strict
from rules.actions.base import Decided, Outside
from rules.actions.books import of_accounting
from rules.actions.desk import Desk
from rules.actions.targets import Target

_PLAIN_COMPANY: Final = "company without КПП: only its ИНН tells it from others"


class BankDetails(Strict):
    """A settlement account: `number` of 20 digits, `bic` of 9."""

    number: str = ""
    bic: str = ""
    bank: str = ""
    correspondent: str = ""


class Buyer(Strict):
    """Whom the lead's `company` or `contact` becomes (`auto`: the company, else the contact, a private person). The
    rest fills what the card lacks. Only a `foreign` company may have no ИНН."""

    of: Literal["auto", "company", "contact"] = "auto"
    inn: str = ""
    kpp: str = ""
    name: str = ""
    full_name: str = ""
    address: str = ""
    ogrn: str = ""
    account: BankDetails = BankDetails()
    foreign: bool = False


def place_of_inn(buyer: Buyer) -> Iterator[Need]:
    """Companies must have a place for their ИНН, where no rule says it."""
    if buyer.of != "contact" and not buyer.inn and not buyer.foreign:
        yield Need(PLACE_FOR, "ИНН")


@dataclass(frozen=True, slots=True)
class Party:
    """A counterparty to be, and what should be looked at."""

    who: NewCounterparty
    warning: str = ""


class Cards:
    """The companies and contacts of a batch of leads, read once."""

    def __init__(self, targets: Sequence[Target], desk: Desk) -> None:
        crm = desk.crm
        self._system = crm.name
        contacts = dict.fromkeys(target.contact_id for target in targets if target.contact_id)
        self._contacts = crm.contacts(list(contacts)) if contacts else {}
        companies = dict.fromkeys(one for target in targets if (one := self._company_id(target)))
        self._companies = crm.companies(list(companies)) if companies else {}

    def party(self, given: Mapping[str, Any], target: Target) -> Party:
        """The counterparty by the rendered parameters of `Buyer`; raises Rejected where there can be none."""
        if given["of"] != "contact" and target.lead is None:
            raise Retryable(f"lead {target.lead_id or 'of this person'} cannot be read yet, nor whose it is")
        company = self._companies.get(self._company_id(target)) if given["of"] != "contact" else None
        if company is not None:
            return _company(given, company, f"{self._system}:company:{company.id}")
        if given["of"] == "company":
            raise Rejected(f"lead {target.lead_id} has no company", hint="У сделки нет компании: привяжите её к сделке")
        contact = self._contacts.get(target.contact_id)
        if contact is None:
            hint = "У сделки нет ни компании, ни контакта: кому выставлять счёт?"
            raise Rejected(f"lead {target.lead_id} has neither company nor contact", hint=hint)
        return _person(given, contact, f"{self._system}:contact:{contact.id}")

    def _company_id(self, target: Target) -> str:
        contact = self._contacts.get(target.contact_id)
        own = target.lead.company if target.lead is not None else ""
        return own or (contact.company_id if contact is not None else "")


def ensure(buyers: Sequence[tuple[Decided, NewCounterparty]], outside: Outside) -> dict[str, Outcome]:
    """Find or make the counterparties, by action key. One firm is never looked for twice at once: two cards of it, in
    two lanes, would both find nobody."""
    accounting = Desk(outside).accounting
    groups: dict[str, list[Request[NewCounterparty]]] = {}
    for decided, who in buyers:
        request = Request(f"{decided.item.key}:counterparty", who, decided.unsure_since)
        groups.setdefault(who.inn or who.mark, []).append(request)
    found: dict[str, Outcome] = {}
    for name, some in groups.items():
        with outside.alone(f"counterparty {name}"):
            outcomes = accounting.create_counterparties(some)
        found |= {r.key: of_accounting(one, accounting.name) for r, one in zip(some, outcomes, strict=True)}
    return {decided.item.key: found[f"{decided.item.key}:counterparty"] for decided, _ in buyers}


def _company(given: Mapping[str, Any], card: Company, mark: str) -> Party:
    name = card.name.strip() or given.get("name", "")
    inn = _inn(card.inn or given.get("inn", ""), name)
    if not inn and not given["foreign"]:
        hint = f"У компании «{name}» нет ИНН: заполните его в карточке. Для иностранной укажите в правиле foreign: true"
        raise Rejected(f"company {card.id} has no ИНН", hint=hint)
    kind = PartyKind.SOLE if len(inn) == 12 else PartyKind.LEGAL
    kpp = _kpp(card.kpp or given.get("kpp", ""), name) if kind is PartyKind.LEGAL else ""
    who = _new(given, mark, kind, name, inn, kpp, card)
    return Party(who, _PLAIN_COMPANY if inn and kind is PartyKind.LEGAL and not kpp else "")


def _person(given: Mapping[str, Any], card: Contact, mark: str) -> Party:
    """A private person; with an ИНН of the rule an ИП, or a firm of which the CRM has no card."""
    inn = _inn(given.get("inn", ""), given.get("name", "") or card.name)
    if not inn:
        return Party(_new(given, mark, PartyKind.PERSON, card.name.strip() or given.get("name", ""), "", "", card))
    name = given.get("name", "") or card.name.strip()
    if len(inn) == 12:
        return Party(_new(given, mark, PartyKind.SOLE, name, inn, "", card))
    kpp = _kpp(given.get("kpp", ""), name)
    return Party(_new(given, mark, PartyKind.LEGAL, name, inn, kpp, card), "" if kpp else _PLAIN_COMPANY)


def _new(
    given: Mapping[str, Any], mark: str, kind: PartyKind, name: str, inn: str, kpp: str, card: Company | Contact
) -> NewCounterparty:
    if not name:
        raise Rejected(f"{mark} has no name", hint="У карточки покупателя нет названия: заполните его")
    return NewCounterparty(
        mark=mark,
        kind=kind,
        name=name,
        full_name=" ".join(given.get("full_name", "").split()),
        inn=inn,
        kpp=kpp,
        ogrn=_ogrn(given.get("ogrn", ""), name),
        address=" ".join(given.get("address", "").split()),
        phones=card.phones,
        emails=card.emails,
        account=_account(given.get("account", {}), name),
    )


def _inn(text: str, name: str) -> str:
    found = taxpayer.inn(text)
    if text.strip() and not found:
        hint = f"«{name}»: ИНН {text.strip()} неверен ({_wrong(text)}). Исправьте его в карточке"
        raise Rejected(f"«{name}»: {text.strip()} is no ИНН: {taxpayer.wrong_inn(text)}", hint=hint)
    return found


def _wrong(text: str) -> str:
    digits = "".join(text.split())
    return "не сходятся контрольные цифры" if digits.isdecimal() and len(digits) in (10, 12) else "нужно 10 или 12 цифр"


def _kpp(text: str, name: str) -> str:
    found = taxpayer.kpp(text)
    if text.strip() and not found:
        hint = f"«{name}»: КПП {text.strip()} неверен, в нём девять знаков. Исправьте его в карточке"
        raise Rejected(f"«{name}»: {text.strip()} is no КПП", hint=hint)
    return found


def _ogrn(text: str, name: str) -> str:
    found = taxpayer.ogrn(text)
    if text.strip() and not found:
        hint = f"«{name}»: ОГРН {text.strip()} неверен. Исправьте его в карточке"
        raise Rejected(f"«{name}»: {text.strip()} is no ОГРН", hint=hint)
    return found


def _account(given: Mapping[str, str], name: str) -> BankAccount | None:
    """None where the card has none of it yet."""
    digits = {part: "".join(given.get(part, "").split()) for part in ("number", "bic", "correspondent")}
    if not digits["number"] and not digits["bic"]:
        return None
    for part, title, length in _ACCOUNT:
        text = digits[part]
        if (text or part != "correspondent") and not (text.isdecimal() and len(text) == length):
            hint = f"«{name}»: {title} «{text}» неверен, в нём {length} цифр. Исправьте его в карточке"
            raise Rejected(f"«{name}»: «{text}» is no {part} of a bank account", hint=hint)
    return BankAccount(digits["number"], digits["bic"], given.get("bank", ""), digits["correspondent"])


_ACCOUNT: Final = (
    ("number", "расчётный счёт", 20),
    ("bic", "БИК", 9),
    ("correspondent", "корреспондентский счёт", 20),
)
