"""Which card is a firm's: what is compared, in which order, and which of several cards is taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from connectors.crm.account import Account
from connectors.crm.names import plain
from provodka.crm import Company, CompanyQuery, FoundCompany, NewCompany
from provodka.stores import Snapshot

_FORM: Final = re.compile(
    r"\b(?:ооо|оао|зао|пао|нао|ао|ип|тоо|нко|ано|гуп|муп|фгуп|гбу|мбу|фгбу"
    r"|общество с ограниченной ответственностью|(?:публичное |закрытое |открытое )?акционерное общество"
    r"|индивидуальный предприниматель)\b"
)
_MARKS: Final = re.compile(r"[«»\"'“”„`,;]")
FIRM: Final = "firm"  # the mirror's kind: firms that we made ourselves, by what they are recognised by
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


def remember(account: Account, made: Mapping[str, NewCompany]) -> None:
    """Firms of our own making, by their ids: what the CRM's search shows only after some seconds is known at once."""
    now, marks = account.now(), {}
    for one, new in made.items():
        query = CompanyQuery(new.inn, new.phones, new.emails, new.name)
        marks.update({_mark(fit, text): one for fit, text in fits(query)})
    if marks:
        account.put(FIRM, [Snapshot(mark, one, now) for mark, one in marks.items()])


def with_own(
    account: Account,
    queries: Sequence[CompanyQuery],
    found: Sequence[FoundCompany | None],
    read: Callable[[Sequence[str]], Mapping[str, Company]],
) -> list[FoundCompany | None]:
    """What the CRM found; where it did not find the surest that was asked for, a firm of our own that has it.

    One call for all of those. By what is less sure nothing of our own is taken: it may be somebody else's.
    """
    surest = [next(fits(query), None) for query in queries]
    missed = {
        i: fit_text for i, fit_text in enumerate(surest) if fit_text is not None and not _is_by(found[i], fit_text[0])
    }
    known = account.mirrored(FIRM, [_mark(*fit_text) for fit_text in missed.values()])
    cards = read(list(dict.fromkeys(kept.body for kept in known.values()))) if known else {}
    answers = list(found)
    for i, (fit, text) in missed.items():
        kept = known.get(_mark(fit, text))
        card = cards.get(kept.body) if kept else None
        if card is not None and fit.holds(card, text):
            answers[i] = FoundCompany(card, reason=f"by {fit.value}: our own")
    return answers


def _is_by(found: FoundCompany | None, fit: Fit) -> bool:
    return found is not None and found.reason.startswith(f"by {fit.value}")


def _mark(fit: Fit, text: str) -> str:
    return f"{fit.name}:{plain(text)}"
