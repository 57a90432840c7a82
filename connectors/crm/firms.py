"""Which card is a firm's: what is compared, in which order, and which of several cards is taken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from connectors.crm.names import plain
from provodka.crm import Company, CompanyQuery, FoundCompany

_FORM: Final = re.compile(
    r"\b(?:ооо|оао|зао|пао|нао|ао|ип|тоо|нко|ано|гуп|муп|фгуп|гбу|мбу|фгбу"
    r"|общество с ограниченной ответственностью|(?:публичное |закрытое |открытое )?акционерное общество"
    r"|индивидуальный предприниматель)\b"
)
_MARKS: Final = re.compile(r"[«»\"'“”„`,;]")
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class Fit(StrEnum):
    """By what a card was found."""

    INN = "ИНН"
    PHONE = "phone"
    EMAIL = "email"
    NAME = "name"

    def holds(self, company: Company, text: str) -> bool:
        """Whether the card really has this value."""
        match self:
            case Fit.INN:
                return company.inn == text
            case Fit.PHONE:
                return text in company.phones
            case Fit.EMAIL:
                return text in company.emails
            case Fit.NAME:
                return bare_name(company.name) == text


def fits(query: CompanyQuery) -> Iterator[tuple[Fit, str]]:
    """What to look for, the surest first."""
    texts = [(Fit.INN, query.inn.strip())]
    texts += [(Fit.PHONE, phone) for phone in query.phones]
    texts += [(Fit.EMAIL, email) for email in query.emails]
    texts.append((Fit.NAME, bare_name(query.name)))
    yield from ((fit, text) for fit, text in texts if text)


def choose_firm(companies: Sequence[Company], fit: Fit) -> FoundCompany | None:
    """The card changed last; the order is the same every time."""
    different = {company.id: company for company in companies}
    ranked = sorted(different.values(), key=lambda one: int(one.id))
    ranked.sort(key=lambda one: one.updated_at or _LONG_AGO, reverse=True)
    if not ranked:
        return None
    others = tuple(one.id for one in ranked[1:])
    which = f": of {len(ranked)} cards the one changed last" if others else ""
    return FoundCompany(ranked[0], others, f"by {fit.value}{which}")


def bare_name(name: str) -> str:
    """A firm's name as it compares: no case, no quotes, no legal form."""
    return " ".join(_FORM.sub(" ", _MARKS.sub(" ", plain(name))).split())


def search_word(name: str) -> str:
    """The longest word of a firm's own name as it was written: quotes inside a name would hide it from a search."""
    own = set(re.findall(r"[\w-]+", bare_name(name)))
    words = [word for word in re.findall(r"[\w-]+", name) if plain(word) in own]
    return max(words, key=len, default=name.strip())
